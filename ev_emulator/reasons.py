"""Why a session fails, and with which ResponseCode: one table, read by both sides and the docs.

Reasons that lie in a certificate or a contract are findings of certs, whose catalogue has their
words; these here are of the session itself. Sources: EVerest's EvseV2G, Josev, and the schemas'
lists of ResponseCodes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from certs.edition import Edition
from certs.findings.catalogue import ENTRIES
from certs.findings.finding import Finding, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A reason's line: what it means, and the words a SECC answers it with (empty: none)."""

    code: str
    title: str
    iso_2: str = ""
    iso_20: str = ""


_REASONS = (
    # the conversation
    Reason(
        code="session.unknown",
        title="The request names another session than this connection's",
        iso_2="FAILED_UnknownSession",
        iso_20="FAILED_UnknownSession",
    ),
    Reason(
        code="session.sequence",
        title="The request may not come in this state",
        iso_2="FAILED_SequenceError",
        iso_20="FAILED_SequenceError",
    ),
    Reason(code="session.response_unexpected", title="The response belongs to another request"),
    Reason(code="session.outcome_unexpected", title="The response says what it may not say here"),
    Reason(code="session.refused", title="The other side answered with a failure"),
    Reason(code="session.closed", title="The other side closed the connection in mid-session"),
    Reason(code="session.broken", title="An error on this side ended the session"),
    Reason(code="session.flooded", title="Requests came before earlier ones were answered"),
    Reason(code="message.malformed", title="A message could not be decoded"),
    Reason(code="frame.malformed", title="A V2GTP frame was malformed"),
    Reason(code="frame.payload_type", title="A V2GTP frame of a type that has no place here"),
    Reason(code="handshake.no_protocol", title="The two sides share no protocol"),
    Reason(code="handshake.unexpected", title="The handshake's answer is not one"),
    Reason(code="timeout.response", title="The response did not come in time"),
    Reason(code="timeout.sequence", title="The next request did not come in time"),
    Reason(code="timeout.dwell", title="The charger kept the vehicle waiting too long"),
    Reason(code="timeout.setup", title="The session was not set up in time"),
    # services and payment
    Reason(
        code="service.unknown",
        title="No service has this identifier",
        iso_2="FAILED_ServiceIDInvalid",
        iso_20="FAILED_ServiceIDInvalid",
    ),
    Reason(
        code="service.selection",
        title="A service or parameter set was chosen that was not offered",
        iso_2="FAILED_ServiceSelectionInvalid",
        iso_20="FAILED_ServiceSelectionInvalid",
    ),
    Reason(
        code="service.no_charging",
        title="The charging service was not chosen",
        iso_2="FAILED_NoChargeServiceSelected",
        iso_20="FAILED_NoEnergyTransferServiceSelected",
    ),
    Reason(
        code="payment.not_offered",
        title="This way of payment was not offered",
        iso_2="FAILED_PaymentSelectionInvalid",
        iso_20="WARNING_AuthorizationSelectionInvalid",
    ),
    Reason(code="payment.contract_not_offered", title="The charger does not offer Plug & Charge"),
    Reason(code="payment.no_contract", title="The vehicle has no contract to pay with"),
    Reason(code="payment.external_not_offered", title="The charger offers Plug & Charge only"),
    # proof
    Reason(
        code="contract.unreadable",
        title="The presented contract chain cannot be read",
        iso_2="FAILED_CertChainError",
        iso_20="WARNING_CertificateValidationError",
    ),
    Reason(
        code="challenge.mismatch",
        title="The challenge is not the one given, or was answered before",
        iso_2="FAILED_ChallengeInvalid",
        iso_20="WARNING_ChallengeInvalid",
    ),
    Reason(
        code="signature.invalid",
        title="The signature is missing or not the signer's",
        iso_2="FAILED_SignatureError",
        iso_20="FAILED_SignatureError",
    ),
    Reason(
        code="receipt.invalid",
        title="The metering receipt is not signed, or not of the reading sent",
        iso_2="FAILED_MeteringSignatureNotValid",
        iso_20="FAILED_MeteringSignatureNotValid",
    ),
    Reason(
        code="authorization.denied",
        title="The operator denies charging",
        iso_2="FAILED",
        iso_20="WARNING_GeneralPnCAuthorizationError",
    ),
    Reason(
        code="backend.unavailable",
        title="The operator could not be asked in time",
        iso_2="FAILED",
        iso_20="FAILED",
    ),
    Reason(
        code="installation.unavailable",
        title="No contract certificate could be had for this vehicle",
        iso_2="FAILED_NoCertificateAvailable",
        iso_20="WARNING_NoCertificateAvailable",
    ),
    Reason(code="installation.rejected", title="The vehicle does not believe the new contract"),
    Reason(code="installation.not_offered", title="The charger installs no contracts"),
    # charging
    Reason(
        code="charge.mode",
        title="This way of energy transfer was not offered",
        iso_2="FAILED_WrongEnergyTransferMode",
        iso_20="FAILED_WrongChargeParameter",
    ),
    Reason(
        code="charge.parameter",
        title="The charge parameters do not fit the energy transfer",
        iso_2="FAILED_WrongChargeParameter",
        iso_20="FAILED_WrongChargeParameter",
    ),
    Reason(
        code="charge.schedule",
        title="No schedule has this identifier",
        iso_2="FAILED_TariffSelectionInvalid",
        iso_20="FAILED_ScheduleSelectionInvalid",
    ),
    Reason(
        code="charge.profile",
        title="The charging profile exceeds the schedule",
        iso_2="FAILED_ChargingProfileInvalid",
        iso_20="FAILED_EVPowerProfileInvalid",
    ),
    # before the session
    Reason(code="link.no_charger", title="No charger answered the discovery"),
    Reason(code="link.not_secured", title="Plug & Charge was wanted and the link is not secured"),
    Reason(code="link.refused", title="The connection could not be made"),
    Reason(code="link.handshake", title="TLS could not be agreed"),
    Reason(code="link.charger_not_trusted", title="The charger's certificate is not believed"),
    Reason(code="link.staple_missing", title="The charger sent no OCSP response"),
)

REASONS: Mapping[str, Reason] = MappingProxyType({reason.code: reason for reason in _REASONS})

# Several findings, one word: the word that says most about what is wrong with the proof itself.
_ORDER = {
    Edition.ISO_2: (
        "FAILED_SignatureError",
        "FAILED_CertChainError",
        "FAILED_CertificateRevoked",
        "FAILED_CertificateExpired",
        "FAILED_NoCertificateAvailable",
        "FAILED_CertificateNotAllowedAtThisEVSE",
        "FAILED_ContractCanceled",
        "FAILED",
    ),
    Edition.ISO_20: (
        "FAILED_SignatureError",
        "WARNING_CertificateValidationError",
        "WARNING_CertificateRevoked",
        "WARNING_CertificateExpired",
        "WARNING_CertificateNotYetValid",
        "WARNING_NoCertificateAvailable",
        "WARNING_eMSPUnknown",
        "WARNING_GeneralPnCAuthorizationError",
        "FAILED",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a session failed: a reason or finding code, and the findings behind it, if any."""

    code: str
    detail: str = ""
    findings: tuple[Finding, ...] = ()


def of_findings(findings: Iterable[Finding], *, edition: Edition) -> Failure | None:
    """The failure that ERROR findings amount to, named by the weightiest; None if there is none."""
    errors = tuple(finding for finding in findings if finding.severity is Severity.ERROR)
    if not errors:
        return None
    order = _ORDER[edition]

    def weight(finding: Finding) -> int:
        word = response_word(finding.code, edition)
        return order.index(word) if word in order else len(order)

    heaviest = min(errors, key=weight)
    return Failure(code=heaviest.code, detail=heaviest.detail, findings=errors)


def response_word(code: str, edition: Edition) -> str:
    """The ResponseCode of a reason or finding; empty where it has none, KeyError for no code."""
    entry = REASONS.get(code) or ENTRIES[code]
    return entry.iso_2 if edition is Edition.ISO_2 else entry.iso_20


def title(code: str) -> str:
    """The sentence of a reason or finding, for people."""
    return (REASONS.get(code) or ENTRIES[code]).title
