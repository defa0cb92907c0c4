"""The command line's clock."""

import time
from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """This moment, to the second: what commands print is what they used."""
    return datetime.now(UTC).replace(microsecond=0)


def now_exactly() -> datetime:
    """This moment, with fractions of a second: the clock that services are given."""
    return datetime.now(UTC)


class Onward:
    """A clock that begins at this moment and is never set back, nor on: for stories that are told
    at any moment.
    """

    def __init__(self) -> None:
        self._moment, self._began = now_exactly(), time.monotonic()

    def seconds(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def now(self) -> datetime:
        """The moment at which it began, and what passed since."""
        return self._moment + timedelta(seconds=time.monotonic() - self._began)


class Running:
    """The clock that sessions are given: monotonic seconds, and this moment."""

    def seconds(self) -> float:
        """Monotonic seconds, for timeouts."""
        return time.monotonic()

    def now(self) -> datetime:
        """This moment, with fractions of a second."""
        return now_exactly()
