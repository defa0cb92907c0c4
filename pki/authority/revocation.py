"""Revoking: for good, with a reason of RFC 5280, as often as asked and with one effect."""

from types import MappingProxyType

from certs.errors import Malformed
from pki.authority.entries import Act, Entry, Reason, Revocation
from pki.clock import SteadyClock
from pki.errors import NotFound
from pki.ports import Register, Revocations

# RFC 5280 5.3.1 CRLReason, spelled as there.
WORDS = MappingProxyType(
    {
        Reason.UNSPECIFIED: "unspecified",
        Reason.KEY_COMPROMISE: "keyCompromise",
        Reason.CA_COMPROMISE: "cACompromise",
        Reason.AFFILIATION_CHANGED: "affiliationChanged",
        Reason.SUPERSEDED: "superseded",
        Reason.CESSATION_OF_OPERATION: "cessationOfOperation",
        Reason.PRIVILEGE_WITHDRAWN: "privilegeWithdrawn",
        Reason.AA_COMPROMISE: "aACompromise",
    }
)
_REASONS = MappingProxyType({word: reason for reason, word in WORDS.items()})


class MalformedReason(Malformed):
    """A word that is no revocation reason given here."""

    code = "malformed.revocation_reason"


def parse_reason(word: str) -> Reason:
    """The reason of an RFC 5280 word; MalformedReason for all others, 7 and holds among them."""
    try:
        return _REASONS[word]
    except KeyError:
        raise MalformedReason(f"one of {', '.join(_REASONS)}") from None


def owned(register: Register, *, issuer: str, serial: int, tenant: str) -> Entry:
    """The tenant's entry; NotFound where it is absent or another tenant's, told alike (H02)."""
    entry = register.find(issuer, serial) if serial > 0 else None
    if entry is None or entry.tenant != tenant:
        raise NotFound("no certificate with this issuer and serial")
    return entry


def revoke(
    entry: Entry,
    reason: Reason,
    *,
    actor: str,
    revocations: Revocations,
    clock: SteadyClock,
) -> Revocation:
    """Revokes an entry, be it issued, intended or abandoned; returns the revocation that stands.

    The first one stays as it was: its moment and reason are what CRLs and answers said already.
    """
    if entry.revocation is not None:
        return entry.revocation
    now = clock.now()
    revocation = Revocation(
        issuer=entry.issuer,
        serial=entry.serial,
        reason=reason,
        revoked_at=now.replace(microsecond=0),
        not_after=entry.not_after,
    )
    act = Act(
        event="revocation",
        at=now,
        actor=actor,
        tenant=entry.tenant,
        issuer=entry.issuer,
        serial=entry.serial,
        detail=WORDS[reason],
    )
    return revocations.revoke(revocation, act)
