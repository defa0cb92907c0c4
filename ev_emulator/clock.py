"""What time it is, as sessions ask for it."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Two clocks: one that never jumps, for timeouts, and one that tells the moment."""

    def seconds(self) -> float:
        """Monotonic seconds since no particular moment."""
        ...

    def now(self) -> datetime:
        """The moment, aware, in UTC."""
        ...
