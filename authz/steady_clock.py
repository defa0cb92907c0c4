"""A clock that is not believed when it goes back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from authz.errors import Unavailable

# Time services step by seconds; beyond this the clock is wrong, and expired certificates would be
# valid again (X33).
STEP_BACK_MAX = timedelta(minutes=5)


class SteadyClock:
    """The present moment; Unavailable("clock") while it is far behind the latest one known.

    ``floor`` is the moment of the newest logged decision, so that a clock that went back while
    the service was closed is noticed too.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._latest = datetime.min.replace(tzinfo=UTC)

    def not_before(self, floor: datetime) -> None:
        """Takes note of a moment that certainly was."""
        self._latest = max(self._latest, floor)

    def moment(self) -> datetime:
        """Now."""
        moment = self._clock()
        if moment >= self._latest:
            self._latest = moment
        elif self._latest - moment > STEP_BACK_MAX:
            behind = self._latest - moment
            raise Unavailable("clock", f"{behind} behind what it showed before")
        return moment
