"""What an operator's words mean to a charger: OCPP's pair of statuses as an answer of the port."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from certs.findings.catalogue import ENTRIES, found
from certs.findings.finding import Finding, Severity
from ev_emulator.ports import AuthorizationAnswer, Denied, Permitted

ACCEPTED = "Accepted"

# AuthorizeCertificateStatusEnum: the finding that says most nearly the same.
BY_CERTIFICATE_STATUS: Mapping[str, str] = MappingProxyType(
    {
        "SignatureError": "chain.signature_invalid",
        "CertificateExpired": "chain.expired",
        "CertificateRevoked": "revocation.revoked",
        "NoCertificateAvailable": "chain.anchor_unknown",
        "CertChainError": "contract.unverified",
    }
)

# AuthorizationStatusEnum, where the certificates are not what is wrong.
BY_TOKEN_STATUS: Mapping[str, str] = MappingProxyType(
    {
        "Blocked": "contract.blocked",
        "ConcurrentTx": "contract.concurrent_tx",
        "Expired": "contract.expired",
        "Invalid": "contract.unverified",
        "NoCredit": "contract.no_credit",
        "NotAllowedTypeEVSE": "contract.not_allowed_type_evse",
        "NotAtThisLocation": "contract.not_at_this_location",
        "NotAtThisTime": "contract.not_at_this_time",
        "Unknown": "contract.unknown",
    }
)


def of_pair(
    token_status: object,
    certificate_status: object,
    *,
    proof_sent: bool,
    valid_until: datetime | None = None,
    findings: Iterable[Finding] = (),
) -> AuthorizationAnswer:
    """The answer that ``idTokenInfo.status`` and ``certificateStatus`` amount to.

    Where certificates or their hashes were sent, an answer without certificateStatus judged none of
    them and refuses; so does every word that OCPP does not know. ``findings`` are the operator's
    own, where it tells them.
    """
    judged = certificate_status == ACCEPTED or (certificate_status is None and not proof_sent)
    if token_status == ACCEPTED and judged:
        return Permitted(valid_until=valid_until)
    told = tuple(finding for finding in findings if finding.severity is Severity.ERROR)
    if told:
        return Denied(findings=told)
    code = BY_CERTIFICATE_STATUS.get(str(certificate_status))
    if code is None:
        code = BY_TOKEN_STATUS.get(str(token_status), "contract.unverified")
    detail = f"certificateStatus {certificate_status}, idTokenInfo.status {token_status}"
    return Denied(findings=(found(code, detail=detail),))


def finding_of(told: object) -> Finding | None:
    """A finding as the authorization service writes it; None for a code certs does not list."""
    if not isinstance(told, Mapping):
        return None
    code = told.get("code")
    if not isinstance(code, str) or code not in ENTRIES:
        return None
    severity = told.get("severity")
    known = {each.value: each for each in Severity}
    return found(
        code,
        where=str(told.get("where") or ""),
        detail=str(told.get("detail") or ""),
        severity=known.get(severity) if isinstance(severity, str) else None,
    )


def moment_of(text: object) -> datetime | None:
    """A date-time of RFC 3339 in UTC; None where it is none, or has no offset."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the second for years before 1 and after 9999 in UTC
        return None
