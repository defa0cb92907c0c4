"""What is known about one certificate's revocation, with the proof of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import assert_never

from certs.findings.catalogue import found
from certs.findings.finding import Finding

GRACE_SECONDS_MAX = 86_400  # what an operator may grant past nextUpdate during an outage


class Source(Enum):
    """Where a status comes from."""

    OCSP = "ocsp"
    CRL = "crl"


class Reason(Enum):
    """CRLReason (RFC 5280 5.3.1): the number in DER. 7 is not used."""

    UNSPECIFIED = 0
    KEY_COMPROMISE = 1
    CA_COMPROMISE = 2
    AFFILIATION_CHANGED = 3
    SUPERSEDED = 4
    CESSATION_OF_OPERATION = 5
    CERTIFICATE_HOLD = 6
    REMOVE_FROM_CRL = 8  # delta CRLs only; revokes nothing
    PRIVILEGE_WITHDRAWN = 9
    AA_COMPROMISE = 10

    @property
    def word(self) -> str:
        """The reason's name as RFC 5280 spells it."""
        return _WORDS[self]


_WORDS = {
    Reason.UNSPECIFIED: "unspecified",
    Reason.KEY_COMPROMISE: "keyCompromise",
    Reason.CA_COMPROMISE: "cACompromise",
    Reason.AFFILIATION_CHANGED: "affiliationChanged",
    Reason.SUPERSEDED: "superseded",
    Reason.CESSATION_OF_OPERATION: "cessationOfOperation",
    Reason.CERTIFICATE_HOLD: "certificateHold",
    Reason.REMOVE_FROM_CRL: "removeFromCRL",
    Reason.PRIVILEGE_WITHDRAWN: "privilegeWithdrawn",
    Reason.AA_COMPROMISE: "aACompromise",
}
REVOKING = frozenset(Reason) - {Reason.REMOVE_FROM_CRL}
"""The reasons for which a certificate stands on a complete CRL or is answered as revoked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The signed statement behind a status. Digests are SHA-256; moments are aware UTC."""

    source: Source
    this_update: datetime
    next_update: datetime
    produced_at: datetime | None  # OCSP only
    number: int | None  # CRL only, where it has one
    signer_fingerprint: bytes  # of the certificate whose key signed
    digest: bytes  # of the whole response or CRL


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """Its issuer says, believably, that the certificate is not revoked.

    ``stale``: past nextUpdate and within the grace that the policy grants.
    """

    proof: Proof
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """Its issuer says, believably, that the certificate is revoked (or on hold)."""

    revoked_at: datetime
    reason: Reason
    proof: Proof
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing believable says either; ``code`` is the catalogue's, ``detail`` is for people."""

    code: str
    detail: str = ""


RevocationStatus = Good | Revoked | Unknown


def findings(status: RevocationStatus, *, where: str = "") -> tuple[Finding, ...]:
    """What the catalogue says about a status; empty for a good and fresh one.

    ``where`` names the certificate's place: ``leaf``, ``sub_ca_2`` ...
    """
    match status:
        case Good():
            facts: tuple[Finding, ...] = ()
        case Revoked(revoked_at=moment, reason=reason):
            detail = f"{reason.word} since {moment.isoformat()}"
            facts = (found("revocation.revoked", where=where, detail=detail),)
        case Unknown(code=code, detail=detail):
            return (found(code, where=where, detail=detail),)
        case _:
            assert_never(status)
    if status.stale:
        detail = f"next update was due {status.proof.next_update.isoformat()}"
        facts = (*facts, found("revocation.stale_within_grace", where=where, detail=detail))
    return facts
