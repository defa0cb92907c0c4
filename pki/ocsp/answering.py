"""Which answer is given: one from memory, one signed ahead, one signed now, or the last one."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from pki.authority.answers import AnswerName
from pki.authority.directory import Directory
from pki.clock import SteadyClock
from pki.errors import Unavailable
from pki.ocsp.kept import KeptAnswers, fresh_until
from pki.ocsp.known import KnownStandings
from pki.ocsp.request import cert_id_of, forms
from pki.ocsp.responder import Answer, Question, refusal, respond, understand
from pki.ocsp.response import ResponseStatus, ending
from pki.ports import Keys, PresignedAnswers, Standings
from pki.signing.purposes import SignOcspResponse

# Where nothing newer can be had, an answer still in time is given this long before it is tried
# again: a key that fails slowly would otherwise be asked by every client.
RETRIED_AFTER = timedelta(seconds=1)
_FORGOTTEN_MAX = 1_000  # one by one; an authority that revoked more since is forgotten whole


class Answering:
    """What the OCSP door asks, and what is heard of revocations meanwhile.

    An answer is never given past its nextUpdate, nor once a revocation was heard that it does not
    tell: at once in the process that revokes, elsewhere with the next hear().
    """

    def __init__(
        self,
        *,
        directory: Callable[[], Directory],
        standings: Standings,
        presigned: PresignedAnswers,
        keys: Keys,
        clock: SteadyClock,
        lifetime: timedelta,
        answers_max: int,
    ) -> None:
        self.kept = KeptAnswers(answers_max)
        self.known = KnownStandings()
        self._directory = directory
        self._standings = standings
        self._presigned = presigned
        self._keys = keys
        self._clock = clock
        self._lifetime = lifetime
        self._revisions: dict[str, int] = {}

    def open_keys(self) -> None:
        """Lets the keys that answer now be opened before the first question waits for one."""
        now, directory = self._clock.now(), self._directory()
        for issuer in directory.by_key_id:
            responder = directory.responder(issuer, now=now)
            if responder is not None and self._keys.holds(responder.key_id):
                with suppress(Unavailable):  # told as tryLater to whoever asks
                    self._keys.signer(responder.key_id, SignOcspResponse())

    def answer(self, request: bytes) -> Answer:
        """The OCSP answer to these octets; never raises for what they hold."""
        try:
            now = self._clock.now()
        except Unavailable:
            return refusal(ResponseStatus.TRY_LATER)
        return self.kept.find(request, now=now) or self._prepare(request, now)

    def revoked(self, issuer: str, serial: int) -> None:
        """To be called when a revocation was committed by this process, the directory reloaded."""
        self._forget(issuer, frozenset({serial}))
        self.kept.stand(self._directory().responder_key_ids)

    def hear(self, reload: Callable[[], None]) -> int:
        """What was revoked since the last time is forgotten; how many certificates.

        ``reload`` is called where an authority or a responder may be among them, for the directory
        to be read anew. To be called every second: so long may another process's revocation stay
        unheard. Raises Unavailable.
        """
        begun = self._clock.now()
        present = self._standings.revisions()
        if not present.keys() <= self._revisions.keys():
            reload()
        count = 0
        for issuer, revision in present.items():
            before = self._revisions.get(issuer)
            if before is None:
                self._forget_all(issuer)
            elif before != revision:
                serials = self._standings.revoked_since(issuer, before)
                if not serials.isdisjoint(self._directory().serials):
                    reload()
                self._forget(issuer, serials)
                count += len(serials)
            self._revisions[issuer] = revision
        self.kept.stand(self._directory().responder_key_ids)
        self.known.heard(begun, present)
        return count

    def renew(self) -> int:
        """Answers in memory that were asked for and begin to be old are replaced; how many."""
        now = self._clock.now()
        due = self.kept.due(now=now)
        for request in due:
            self._prepare(request, now)
        return len(due)

    def _forget_all(self, issuer: str) -> None:
        self.known.forget(issuer)
        self.kept.forget(issuer)

    def _forget(self, issuer: str, serials: frozenset[int]) -> None:
        if len(serials) > _FORGOTTEN_MAX:
            self._forget_all(issuer)
            return
        self.known.forget(issuer, serials)
        holder = self._directory().by_key_id.get(issuer)
        if holder is not None:  # of others nothing is said
            certificate = holder.certificate
            self.kept.forget(
                issuer, [form for serial in serials for form in forms(serial, certificate)]
            )

    def _prepare(self, request: bytes, now: datetime) -> Answer:
        mark = self.kept.mark()
        directory = self._directory()
        question = understand(request, directory=directory)
        if isinstance(question, Answer):
            return question
        ahead = self._ahead(question, directory, now) if question.plain else None
        if ahead is not None and now < fresh_until(ahead):
            self.kept.keep(request, ahead, mark=mark)
            return ahead
        answer = respond(
            question,
            directory=directory,
            standings=self._standings,
            known=self.known,
            keys=self._keys,
            now=now,
            lifetime=self._lifetime,
        )
        if answer.status is not ResponseStatus.SUCCESSFUL:
            last = ahead or self.kept.last(request, now=now)
            if last is None:
                return answer
            self.kept.keep(request, last, mark=mark, until=now + RETRIED_AFTER)
            return last
        self.kept.keep(request, answer, mark=mark)
        return answer

    def _ahead(self, question: Question, directory: Directory, now: datetime) -> Answer | None:
        """The answer that was signed ahead, if it is in time and by a signer that stands."""
        asked = question.asked.cert_ids[0]
        if asked.serial < 1:
            return None
        usual = cert_id_of(asked.serial, question.issuer.certificate, asked.hash_algorithm)
        if asked.encoded != usual:
            return None  # O11: a CertID is echoed as it came
        name = AnswerName(
            issuer=question.issuer.key_id,
            serial=asked.serial,
            hash_algorithm=asked.hash_algorithm,
        )
        try:
            found = self._presigned.find(name)
        except Unavailable:
            return None
        if found is None or not found.this_update <= now <= found.next_update:
            return None
        for responder in directory.responders(name.issuer):
            if responder.key_id == found.responder:
                return Answer(
                    status=ResponseStatus.SUCCESSFUL,
                    der=found.head + ending(responder.certificate),
                    cacheable=True,
                    this_update=found.this_update,
                    next_update=found.next_update,
                    about=name.issuer,
                    signer=found.responder,
                )
        return None
