"""The answer to a question, and OCPP's table of the pairs it may be given in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from types import MappingProxyType

import msgspec

from authz.evidence import Evidence
from certs.findings.finding import Finding


class CertificateStatus(Enum):
    """OCPP's AuthorizeCertificateStatusEnumType.

    SignatureError and NoCertificateAvailable exist too, but no requirement lets a backend send
    them, so they are not here.
    """

    ACCEPTED = "Accepted"
    CERTIFICATE_EXPIRED = "CertificateExpired"
    CERTIFICATE_REVOKED = "CertificateRevoked"
    CERT_CHAIN_ERROR = "CertChainError"
    CONTRACT_CANCELLED = "ContractCancelled"


class AuthorizationStatus(Enum):
    """OCPP's AuthorizationStatusEnumType."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    CONCURRENT_TX = "ConcurrentTx"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    NO_CREDIT = "NoCredit"
    NOT_ALLOWED_TYPE_EVSE = "NotAllowedTypeEVSE"
    NOT_AT_THIS_LOCATION = "NotAtThisLocation"
    NOT_AT_THIS_TIME = "NotAtThisTime"
    UNKNOWN = "Unknown"


class ChainResult(Enum):
    """What the certificates alone say."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    UNVERIFIABLE = "unverifiable"


Pair = tuple[CertificateStatus, AuthorizationStatus]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: a chain result with these contract results is answered so.

    ``id_token_status`` None answers with the contract's own status.
    """

    requirement: str
    chain: ChainResult
    contract: frozenset[AuthorizationStatus]
    certificate_status: CertificateStatus
    id_token_status: AuthorizationStatus | None


_CANCELLED = frozenset(
    {
        AuthorizationStatus.BLOCKED,
        AuthorizationStatus.EXPIRED,
        AuthorizationStatus.INVALID,
        AuthorizationStatus.UNKNOWN,
    }
)
_ANY = frozenset(AuthorizationStatus)

# OCPP 2.0.1 part 2, C07: the only pairs that an Authorize with certificates is answered in.
C07: tuple[Row, ...] = (
    Row(
        requirement="C07.FR.13",
        chain=ChainResult.VALID,
        contract=_CANCELLED,
        certificate_status=CertificateStatus.CONTRACT_CANCELLED,
        id_token_status=None,
    ),
    Row(
        requirement="C07.FR.14",
        chain=ChainResult.VALID,
        contract=_ANY - _CANCELLED,
        certificate_status=CertificateStatus.ACCEPTED,
        id_token_status=None,
    ),
    Row(
        requirement="C07.FR.15",
        chain=ChainResult.EXPIRED,
        contract=_ANY,
        certificate_status=CertificateStatus.CERTIFICATE_EXPIRED,
        id_token_status=AuthorizationStatus.EXPIRED,
    ),
    Row(
        requirement="C07.FR.16",
        chain=ChainResult.REVOKED,
        contract=_ANY,
        certificate_status=CertificateStatus.CERTIFICATE_REVOKED,
        id_token_status=AuthorizationStatus.INVALID,
    ),
    Row(
        requirement="C07.FR.17",
        chain=ChainResult.UNVERIFIABLE,
        contract=_ANY,
        certificate_status=CertificateStatus.CERT_CHAIN_ERROR,
        id_token_status=AuthorizationStatus.INVALID,
    ),
)

PAIRS: Mapping[tuple[ChainResult, AuthorizationStatus], Pair] = MappingProxyType(
    {
        (row.chain, contract): (row.certificate_status, row.id_token_status or contract)
        for row in C07
        for contract in row.contract
    }
)


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What the judge says.

    ``certificate_status`` is None where the question carried no certificates. ``reason`` is the
    code of the finding that decided, or "accepted". ``valid_until`` is set on an acceptance only:
    the moment its first piece of evidence ends.
    """

    certificate_status: CertificateStatus | None
    id_token_status: AuthorizationStatus
    reason: str
    findings: tuple[Finding, ...]
    valid_until: datetime | None = None

    @property
    def granted(self) -> bool:
        """Whether the vehicle may charge."""
        return self.id_token_status is AuthorizationStatus.ACCEPTED


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A judgement that has been given a name, with what it rests on."""

    decision_id: str
    tenant: str
    decided_at: datetime
    evidence: Evidence
    judgement: Judgement


def decision_id(*, now: datetime, random: bytes) -> str:
    """A UUID of version 7 (RFC 9562 5.7): ordered by time, so that the log's index stays dense.

    ``random`` is 10 octets of fresh randomness, of which 74 bits are used.
    """
    milliseconds = int(now.timestamp() * 1000)
    high = int.from_bytes(random[:2]) & 0x0FFF | 0x7000
    low = int.from_bytes(random[2:10]) & ((1 << 62) - 1) | (1 << 63)
    digits = f"{milliseconds & ((1 << 48) - 1):012x}{high:04x}{low:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


class LoggedDecision(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as the log keeps it. ``body`` is the JSON that the log shows again.

    ``seen`` is the contract and the EVSE that it was granted at, both canonical; None where it was
    refused, or where the question names none of them. It is kept beside the log, not in it.
    """

    decision_id: str
    tenant: str
    decided_at: datetime
    granted: bool
    body: bytes
    seen: tuple[str, str] | None = None
