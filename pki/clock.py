"""A clock that is not believed when it goes back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock

from pki.errors import ClockUnreliable

# Time services step by seconds; more than this is a wrong clock, and what is signed by it would
# be dated before what was signed already (X33).
STEP_BACK_MAX = timedelta(minutes=5)


class SteadyClock:
    """The present moment, or ClockUnreliable while it is far behind the latest one known.

    ``floor`` is the moment of the newest recorded act, so that a clock that went back while the
    house was closed is noticed too.
    """

    def __init__(self, clock: Callable[[], datetime], *, floor: datetime | None = None) -> None:
        self._clock = clock
        self._latest = floor or datetime.min.replace(tzinfo=UTC)
        self._lock = Lock()

    def now(self) -> datetime:
        moment = self._clock()
        with self._lock:
            self._latest = max(self._latest, moment)
            behind = self._latest - moment
        if behind > STEP_BACK_MAX:
            raise ClockUnreliable(f"the clock is {behind} behind what it showed before")
        return moment
