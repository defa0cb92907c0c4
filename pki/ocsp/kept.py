"""OCSP answers kept in memory: given out while they are fresh, and renewed in time.

Only what one authority said of one certificate it issued is kept, and only under the request's
shortest form: whoever varies requests or asks for serials that do not exist fills no memory.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from pki.ocsp.responder import Answer

RENEWED_MAX = 2_000  # in one round, a quarter of a second's signing
# Whoever signs ahead does so at half an answer's life; a little later the new one is there.
_RENEWED_FROM = 5 / 8
_FRESH_UNTIL = 3 / 4  # the last quarter is for the caches that hold it further on


def fresh_until(answer: Answer) -> datetime:
    """Until when an answer is given, where a newer one can be had."""
    return _after(answer, _FRESH_UNTIL)


def _after(answer: Answer, share: float) -> datetime:
    assert answer.this_update is not None
    assert answer.next_update is not None
    return answer.this_update + (answer.next_update - answer.this_update) * share


@dataclass(slots=True)
class _Kept:
    """Not frozen: whether it was asked for changes with every hit."""

    answer: Answer
    issuer: str
    since: datetime
    renewed_from: datetime
    given_until: datetime
    last: datetime
    asked: bool = False


class KeptAnswers:
    """Answers by request octets.

    What is read from the database before a revocation must not be kept after it: whoever signs
    takes ``mark()`` before reading, and what was forgotten meanwhile makes that mark void.
    """

    def __init__(self, answers_max: int) -> None:
        """Where there are more than ``answers_max``, the oldest makes room."""
        self._answers: dict[bytes, _Kept] = {}
        self._answers_max = answers_max
        self._forgotten = 0
        self._signers: set[str | None] = set()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._answers)

    def find(self, request: bytes, *, now: datetime) -> Answer | None:
        """The answer to these octets that may still be given."""
        kept = self._answers.get(request)
        if kept is None:
            return None
        if not kept.since <= now < kept.given_until:
            return None
        kept.asked = True
        return kept.answer

    def mark(self) -> int:
        """To be taken before the database is read, and given to keep()."""
        return self._forgotten

    def last(self, request: bytes, *, now: datetime) -> Answer | None:
        """The answer to these octets, however old, as long as it is in time."""
        kept = self._answers.get(request)
        if kept is None or not kept.since <= now <= kept.last:
            return None
        return kept.answer

    def keep(
        self, request: bytes, answer: Answer, *, mark: int, until: datetime | None = None
    ) -> None:
        """Keeps an answer, unless it is not one for all or something was forgotten since.

        ``until`` is when it is no longer found: where it is not given, as long as it is fresh.
        """
        if answer.about is None or answer.this_update is None or answer.next_update is None:
            return
        kept = _Kept(
            answer=answer,
            issuer=answer.about,
            since=answer.this_update,
            renewed_from=_after(answer, _RENEWED_FROM) if until is None else answer.next_update,
            given_until=min(until or fresh_until(answer), answer.next_update),
            last=answer.next_update,
        )
        with self._lock:
            if mark != self._forgotten:
                return
            self._answers.pop(request, None)
            while len(self._answers) >= self._answers_max:
                del self._answers[next(iter(self._answers))]
            self._answers[request] = kept
            self._signers.add(answer.signer)

    def forget(self, issuer: str, requests: Iterable[bytes] | None = None) -> None:
        """Lets the answers to these requests go, or everything that was said for an authority."""
        with self._lock:
            self._forgotten += 1
            if requests is None:
                requests = [
                    request for request, kept in self._answers.items() if kept.issuer == issuer
                ]
            for request in requests:
                self._answers.pop(request, None)

    def stand(self, signers: Collection[str]) -> None:
        """Lets everything go that others than these signed."""
        if self._signers.issubset(signers):
            return
        with self._lock:
            self._forgotten += 1
            self._signers.intersection_update(signers)
            for request in [
                request
                for request, kept in self._answers.items()
                if kept.answer.signer not in signers
            ]:
                del self._answers[request]

    def due(self, *, now: datetime) -> tuple[bytes, ...]:
        """Requests asked for whose answers are 5/8 gone; others that old are let go."""
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
