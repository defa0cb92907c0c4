"""What several threads ask for at the same moment, done in one go.

A transaction waits for the disk, whatever it holds. Who comes while one is under way waits for the
next, together with everybody else who came, and the first of them does it for all. Nobody waits for
others to come, and nobody is answered before what was done for it is.
"""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

from pki.errors import Unavailable

TOGETHER_MAX = 64  # in one go; a house has eight threads that issue

Asked = TypeVar("Asked")
Done = TypeVar("Done")


class Together(Generic[Asked, Done]):
    """Does what it is asked for, whatever thread asks, as few times as it can."""

    def __init__(
        self,
        perform: Callable[[Sequence[Asked]], Sequence[Done | Exception]],
        *,
        clashes: tuple[type[Exception], ...],
    ) -> None:
        """``perform`` tells what came of each. Where it raises one of ``clashes`` it did nothing,
        for the sake of one of them.
        """
        self._perform = perform
        self._clashes = clashes
        self._lock = Lock()
        self._waiting: list[_Turn[Asked, Done]] = []
        self._led = False

    def do(self, asked: Asked) -> Done:
        """What came of it; raises what ``perform`` raises, or tells of it."""
        turn: _Turn[Asked, Done] = _Turn(asked)
        with self._lock:
            self._waiting.append(turn)
            leads, self._led = not self._led, True
        if not leads:
            turn.woken.acquire()
        if not turn.over:
            self._lead()
        if isinstance(turn.outcome, Exception):
            raise turn.outcome
        return turn.outcome

    def _lead(self) -> None:
        """Does it for everybody who waits, oneself the first, and wakes the next to lead."""
        with self._lock:
            group = self._waiting[:TOGETHER_MAX]
            del self._waiting[:TOGETHER_MAX]
        try:
            self._perform_all(group)
        finally:
            with self._lock:
                heirs = self._waiting[:1]
                self._led = bool(heirs)
            for turn in group:
                turn.over = True
            for turn in (*heirs, *group):
                turn.woken.release()

    def _perform_all(self, group: "Sequence[_Turn[Asked, Done]]") -> None:
        try:
            outcomes = self._perform([turn.asked for turn in group])
        except self._clashes as clash:
            if len(group) == 1:
                group[0].outcome = clash
            else:  # whose it is shows when each is done by itself
                for turn in group:
                    self._perform_all([turn])
        except Exception as bad:  # noqa: BLE001 - raised in the thread of each of them
            for turn in group:
                turn.outcome = bad
        else:
            for turn, outcome in zip(group, outcomes, strict=True):
                turn.outcome = outcome


class _Turn(Generic[Asked, Done]):
    """One who waits, and what came of it: nothing good until it is known to be done."""

    __slots__ = ("asked", "outcome", "over", "woken")

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.outcome: Done | Exception = Unavailable("the thread that did this for others ended")
        self.over = False
        self.woken = Lock()  # let go of once: to lead, or because it is over
        self.woken.acquire()
