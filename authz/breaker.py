"""Whether a responder that keeps failing is asked again yet."""

from collections import deque
from collections.abc import Callable
from enum import Enum

FAILURES_MAX = 5  # within the window below: then it is left alone
WINDOW_SECONDS = 10.0
OPEN_SECONDS_FIRST = 2.0  # doubled with each try in vain
OPEN_SECONDS_MAX = 60.0
RETRIES_PER_REQUEST = 0.1  # a tenth more load at most, however much fails
RETRIES_SAVED_MAX = 10.0


class BreakerState(Enum):
    """What a breaker does with a question."""

    CLOSED = "closed"  # asks
    HALF_OPEN = "half_open"  # lets one question through, to see
    OPEN = "open"  # asks nobody


class Breaker:
    """One responder's record of late. Moments are seconds of a clock that only goes forward.

    Five failures within ten seconds open it. After a while, one question is let through: its
    success closes the breaker, its failure opens it for twice as long. The while is drawn between
    half of it and the whole, so that many who fell silent together do not come back together.
    """

    def __init__(self, *, random: Callable[[], float]) -> None:
        self._random = random
        self._failures: deque[float] = deque(maxlen=FAILURES_MAX)
        self._opened = 0  # how often since it was last closed
        self._open_until = 0.0
        self._trying = False

    def state(self, now: float) -> BreakerState:
        if not self._opened:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self._open_until else BreakerState.HALF_OPEN

    def admits(self, now: float) -> bool:
        """Whether to ask now. Who is admitted owes one of the three reports below."""
        match self.state(now):
            case BreakerState.CLOSED:
                return True
            case BreakerState.OPEN:
                return False
            case BreakerState.HALF_OPEN:
                free, self._trying = not self._trying, True
                return free

    def succeeded(self) -> None:
        """It answered."""
        self._failures.clear()
        self._opened = 0
        self._trying = False

    def failed(self, now: float) -> None:
        """It did not."""
        self._failures.append(now)
        tried, self._trying = self._trying, False
        crowded = len(self._failures) == FAILURES_MAX and (
            now - self._failures[0] <= WINDOW_SECONDS
        )
        if tried or (crowded and not self._opened):
            whole = min(OPEN_SECONDS_FIRST * 2**self._opened, OPEN_SECONDS_MAX)
            self._opened += 1
            self._open_until = now + whole * (0.5 + self._random() / 2)

    def abandoned(self) -> None:
        """Nobody waited for the answer, so nothing is learnt."""
        self._trying = False


class RetryBudget:
    """How much may be asked twice: what many requests save, few retries spend."""

    def __init__(self) -> None:
        self._saved = RETRIES_SAVED_MAX / 2

    def earn(self) -> None:
        """A request was made."""
        self._saved = min(self._saved + RETRIES_PER_REQUEST, RETRIES_SAVED_MAX)

    def spend(self) -> bool:
        """Whether one more may be made again."""
        if self._saved < 1:
            return False
        self._saved -= 1
        return True
