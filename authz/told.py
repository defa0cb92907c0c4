"""What a source told about one certificate, its proof in octets, and when to ask again."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from certs.certificate import Certificate
from certs.revocation.hash_data import HashAlgorithm
from certs.revocation.status import RevocationStatus

FRACTION_FIRST, FRACTION_LAST = 0.5, 0.75  # of what is left of a status, drawn between the two
GAP = timedelta(minutes=1)  # between two questions about one certificate, whatever its life
RETRY_FIRST, RETRY_MAX = timedelta(seconds=30), timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A status as a source established it.

    ``response`` is the DER OCSP response behind it, asked for by a CertID of ``hash_algorithm``;
    empty where a list or nobody told.
    """

    status: RevocationStatus
    response: bytes = field(default=b"", repr=False)
    hash_algorithm: HashAlgorithm = HashAlgorithm.SHA1


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A certificate in use whose status is about to end, and how often it was asked for in vain."""

    certificate: Certificate
    issuer: Certificate
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefetchRule:
    """How much is asked for ahead: how often one looks, how many at once, for how long after."""

    seconds: float
    days: int
    at_once: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How far behind the watch is: how many are due, and since when the longest has been."""

    due: int
    since: datetime | None


def refresh_at(next_update: datetime, *, now: datetime, draw: float) -> datetime:
    """When to ask again for a status that ends at ``next_update``: well before, spread.

    ``draw`` is a random number from 0 to 1.
    """
    fraction = FRACTION_FIRST + (FRACTION_LAST - FRACTION_FIRST) * draw
    return now + max((next_update - now) * fraction, GAP)


def retry_at(failures: int, *, now: datetime, draw: float) -> datetime:
    """When to ask again after ``failures`` in vain: doubled each time, up to an hour, jittered."""
    doubled: int = 2 ** min(failures, 16)
    return now + min(RETRY_FIRST * doubled, RETRY_MAX) * (0.5 + draw / 2)
