"""OCSP answers kept in memory: signed once, given out until they are half gone, then renewed.

Only what one authority said of one certificate it issued is kept, and only under the request's
shortest form: whoever varies requests or asks for serials that do not exist fills no memory.
"""

from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from pki.ocsp.responder import Answer

ANSWERS_MAX = 100_000  # about 1.5 kB each; the oldest makes room
RENEWED_MAX = 2_000  # in one round, a quarter of a second's signing


@dataclass(slots=True)
class _Kept:
    """Not frozen: whether it was asked for changes with every hit."""

    answer: Answer
    issuer: str
    renewed_from: datetime
    given_until: datetime
    asked: bool = False


class KeptAnswers:
    """Answers by request octets.

    What is read from the database before a revocation must not be kept after it: whoever signs
    takes ``mark()`` before reading, and what was forgotten meanwhile makes that mark void.
    """

    def __init__(self, answers_max: int = ANSWERS_MAX) -> None:
        self._answers: dict[bytes, _Kept] = {}
        self._answers_max = answers_max
        self._forgotten = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._answers)

    def find(self, request: bytes, *, now: datetime) -> Answer | None:
        """The answer to these octets that may still be given."""
        kept = self._answers.get(request)
        if kept is None:
            return None
        answer = kept.answer
        if answer.this_update is None or not answer.this_update <= now < kept.given_until:
            return None
        kept.asked = True
        return answer

    def mark(self) -> int:
        """To be taken before the database is read, and given to keep()."""
        return self._forgotten

    def keep(self, request: bytes, answer: Answer, *, mark: int) -> None:
        """Keeps an answer, unless it is not one for all or something was forgotten since."""
        if answer.about is None or answer.this_update is None or answer.next_update is None:
            return
        life = answer.next_update - answer.this_update
        kept = _Kept(
            answer=answer,
            issuer=answer.about,
            renewed_from=answer.this_update + life / 2,
            # The last quarter is for the caches that hold it further on.
            given_until=answer.this_update + life * 3 / 4,
        )
        with self._lock:
            if mark != self._forgotten:
                return
            self._answers.pop(request, None)
            while len(self._answers) >= self._answers_max:
                del self._answers[next(iter(self._answers))]
            self._answers[request] = kept

    def forget(self, issuer: str) -> None:
        """Lets everything go that was said for an authority."""
        with self._lock:
            self._forgotten += 1
            for request in [
                request for request, kept in self._answers.items() if kept.issuer == issuer
            ]:
                del self._answers[request]

    def due(self, *, now: datetime) -> tuple[bytes, ...]:
        """Requests asked for whose answers are half gone; others that old are let go."""
        with self._lock:
            old = [
                (request, kept)
                for request, kept in self._answers.items()
                if now >= kept.renewed_from
            ][:RENEWED_MAX]
            for request, kept in old:
                if not kept.asked:
                    del self._answers[request]
        return tuple(request for request, kept in old if kept.asked)
