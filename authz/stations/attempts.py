"""How often somebody may fail to say who they are."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

KEYS_MAX = 20_000  # beyond it the longest quiet are forgotten


@dataclass(slots=True)
class _Count:
    level: float
    at: float


class Attempts:
    """Failures by key, each forgotten after ``seconds / failures_max``.

    Only failures count, so whoever knows the password is never slowed by their own success.
    Moments are seconds of any clock that never goes back.
    """

    def __init__(self, *, failures_max: int, seconds: float) -> None:
        self._failures_max = failures_max
        self._each_seconds = seconds / failures_max
        self._counts: OrderedDict[Hashable, _Count] = OrderedDict()

    def wait_seconds(self, key: Hashable, *, now: float) -> float:
        """How long until another attempt is looked at; 0.0 where it is now."""
        count = self._counts.get(key)
        if count is None:
            return 0.0
        level = self._level(count, now)
        return max(0.0, (level + 1 - self._failures_max) * self._each_seconds)

    def failed(self, key: Hashable, *, now: float) -> None:
        """Takes note of a failure."""
        count = self._counts.pop(key, None) or _Count(0.0, now)
        self._counts[key] = _Count(self._level(count, now) + 1, now)
        if len(self._counts) > KEYS_MAX:
            self._counts.popitem(last=False)

    def _level(self, count: _Count, now: float) -> float:
        return max(0.0, count.level - (now - count.at) / self._each_seconds)
