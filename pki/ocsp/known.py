"""Which certificates are known to stand, between two times that revocations were heard of."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from threading import Lock

SERIALS_MAX = 500_000  # about 100 octets each; an authority's are let go where there are more
# After so long without hearing of revocations the database is asked for each certificate again.
HEARD_MAX = timedelta(seconds=5)


class KnownStandings:
    """The serials that were read as issued and not revoked, true as of the last hearing.

    Nothing else is kept: an intent may become a certificate at any moment. As with kept answers,
    whoever reads the database takes ``mark()`` before, and what was forgotten meanwhile makes that
    mark void. A house that hears nothing knows nothing.
    """

    def __init__(self, serials_max: int = SERIALS_MAX) -> None:
        self._serials: dict[str, set[int]] = {}
        self._serials_max = serials_max
        self._heard: datetime | None = None
        self._revisions: dict[str, int] = {}
        self._forgotten = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return sum(map(len, self._serials.values()))

    def heard(self, moment: datetime, revisions: Mapping[str, int]) -> None:
        """All revocations committed before this moment have been told to forget(): so many."""
        self._revisions = dict(revisions)
        self._heard = moment.replace(microsecond=0)  # as answers tell it

    def good_as_of(self, issuer: str, serial: int, *, now: datetime) -> datetime | None:
        """The moment at which this certificate was known to be good; None: ask the database."""
        heard = self._heard
        if heard is None or not heard <= now <= heard + HEARD_MAX:
            return None
        return heard if serial in self._serials.get(issuer, ()) else None

    def revision(self, issuer: str) -> int:
        """How many revocations an authority had at the last hearing."""
        return self._revisions.get(issuer, -1)

    def mark(self) -> int:
        """To be taken before the database is read, and given to keep()."""
        return self._forgotten

    def keep(self, issuer: str, serial: int, *, mark: int) -> None:
        """Keeps a serial that was read as issued and not revoked, unless that mark is void."""
        with self._lock:
            if mark != self._forgotten:
                return
            serials = self._serials.setdefault(issuer, set())
            if len(serials) >= self._serials_max:
                serials.clear()
            serials.add(serial)

    def forget(self, issuer: str, serials: Collection[int] | None = None) -> None:
        """Lets these serials of an authority go, or all of them."""
        with self._lock:
            self._forgotten += 1
            if serials is None:
                self._serials.pop(issuer, None)
            else:
                self._serials.get(issuer, set()).difference_update(serials)
