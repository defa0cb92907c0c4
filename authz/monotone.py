"""What newer evidence may change about a certificate's status, and what it may not."""

from typing import assert_never

from certs.revocation.status import Good, Reason, RevocationStatus, Revoked, Unknown


def lasting(status: RevocationStatus) -> bool:
    """Whether a status holds for ever: a revocation other than a hold (RFC 5280 5.3.1)."""
    return isinstance(status, Revoked) and status.reason is not Reason.CERTIFICATE_HOLD


def merged(known: RevocationStatus | None, told: RevocationStatus) -> RevocationStatus:
    """The status that holds after ``told`` arrives where ``known`` was held before.

    A revocation is never undone by a later "good" (O10), because the answer may be an old one
    replayed; a hold is, by evidence made after it. Evidence older than what is held is a replay
    where both are of one kind: a response signed in advance may well be older than a list.
    """
    if known is None or isinstance(known, Unknown):
        return told
    if lasting(known):
        return known
    match told:
        case Unknown():
            return told
        case Revoked():
            return told
        case Good():
            held = isinstance(known, Revoked)
            alike = told.proof.source is known.proof.source
            older = told.proof.this_update < known.proof.this_update
            if (older and (alike or held)) or (
                held and told.proof.this_update == known.proof.this_update
            ):
                return Unknown("revocation.ocsp_replayed", told.proof.this_update.isoformat())
            return told
        case _:
            assert_never(told)
