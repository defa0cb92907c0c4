"""The command line's clock."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """This moment, to the second: what commands print is what they used."""
    return datetime.now(UTC).replace(microsecond=0)


def now_exactly() -> datetime:
    """This moment, with fractions of a second: the clock that services are given."""
    return datetime.now(UTC)


class Running:
    """The clock that sessions are given: monotonic seconds, and this moment."""

    def seconds(self) -> float:
        """Monotonic seconds, for timeouts."""
        return time.monotonic()

    def now(self) -> datetime:
        """This moment, with fractions of a second."""
        return now_exactly()
