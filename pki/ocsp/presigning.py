"""Signing status answers ahead of the questions, as one of several workers may."""

from collections.abc import Callable
from datetime import datetime, timedelta

from certs.keys import Signer
from pki.authority import failpoints
from pki.authority.answers import AnswerName, Claim, Presigned, Task
from pki.authority.directory import Directory
from pki.authority.entries import Issuer, Responder
from pki.clock import SteadyClock
from pki.errors import Unavailable
from pki.ocsp.request import cert_id_of
from pki.ocsp.responder import status_of
from pki.ocsp.response import SingleResponse, Unknown, encode, ending
from pki.ports import Failpoint, Keys, Presigning
from pki.signing.purposes import SignOcspResponse

BATCH_MAX = 200  # answers, signed and written in a fiftieth of a second
ENROLLED_MAX = 1_000  # certificates in one transaction
CLAIM = timedelta(seconds=20)  # a worker that dies, or a key that fails, holds others up so long
_TOKEN_OCTETS = 7  # a number that signed 64 bits hold
_LIFE_MIN = timedelta(seconds=1)


class Presigner:
    """Takes issued certificates in, and signs what is due about them.

    An answer is due at half its life. Both methods raise Unavailable where the database or the
    clock fail; keys that fail leave their answers to others, or to the next claim.
    """

    def __init__(
        self,
        *,
        answers: Presigning,
        directory: Callable[[], Directory],
        keys: Keys,
        clock: SteadyClock,
        lifetime: timedelta,
        hash_algorithms: tuple[str, ...],
        random: Callable[[int], bytes],
        failpoint: Failpoint = failpoints.carry_on,
    ) -> None:
        """``hash_algorithms`` are hashlib's names; without any, nothing is signed here."""
        self._answers = answers
        self._directory = directory
        self._keys = keys
        self._clock = clock
        self._lifetime = lifetime
        self._hash_algorithms = hash_algorithms
        self._random = random
        self._failpoint = failpoint

    def enrol(self) -> int:
        """Takes in certificates issued since the last time, ENROLLED_MAX an authority; how many."""
        now = self._clock.now()
        return sum(
            self._answers.enrol(issuer, algorithm, now=now, answers_max=ENROLLED_MAX)
            for issuer in self._able(now)
            for algorithm in self._hash_algorithms
        )

    def sign(self, answers_max: int = BATCH_MAX) -> int:
        """Signs those most overdue, one transaction for all; how many were claimed."""
        now = self._clock.now()
        able = self._able(now)
        if not able or not self._hash_algorithms:
            return 0
        claim = self._answers.claim(
            issuers=able,
            hash_algorithms=self._hash_algorithms,
            now=now,
            until=now + CLAIM,
            token=int.from_bytes(self._random(_TOKEN_OCTETS), "big"),
            answers_max=answers_max,
        )
        if claim.tasks:
            self._work(claim, able, now)
        return len(claim.tasks)

    def _able(self, now: datetime) -> dict[str, Responder]:
        """By authority, the responder that signs for it, where its key is here."""
        directory = self._directory()
        named = [(issuer, directory.responder(issuer, now=now)) for issuer in directory.by_key_id]
        return {
            issuer: responder
            for issuer, responder in named
            if responder is not None and self._keys.holds(responder.key_id)
        }

    def _work(self, claim: Claim, able: dict[str, Responder], now: datetime) -> None:
        issuers = self._directory().by_key_id
        signers: dict[str, Signer | None] = {}
        answers: list[Presigned] = []
        over: list[AnswerName] = []
        for task in claim.tasks:
            issuer, responder = issuers[task.name.issuer], able[task.name.issuer]
            if issuer.key_id not in signers:
                signers[issuer.key_id] = self._signer(responder)
            signer = signers[issuer.key_id]
            if task.not_after < now or isinstance(status_of(task.standing), Unknown):
                over.append(task.name)
            elif signer is not None:
                try:
                    answers.append(self._signed(task, issuer, responder, signer, now))
                except Unavailable:
                    signers[issuer.key_id] = None
        self._failpoint(failpoints.PRESIGN_SIGNED)
        self._answers.write(claim, answers, over)

    def _signer(self, responder: Responder) -> Signer | None:
        try:
            return self._keys.signer(responder.key_id, SignOcspResponse())
        except Unavailable:
            return None

    def _signed(
        self, task: Task, issuer: Issuer, responder: Responder, signer: Signer, now: datetime
    ) -> Presigned:
        this_update = now.replace(microsecond=0)
        next_update = max(
            min(this_update + self._lifetime, responder.certificate.not_after),
            this_update + _LIFE_MIN,
        )
        der = encode(
            [
                SingleResponse(
                    cert_id=cert_id_of(
                        task.name.serial, issuer.certificate, task.name.hash_algorithm
                    ),
                    status=status_of(task.standing),
                    this_update=this_update,
                    next_update=next_update,
                )
            ],
            produced_at=this_update,
            nonce=None,
            responder=responder.certificate,
            signer=signer,
        )
        return Presigned(
            name=task.name,
            head=der.removesuffix(ending(responder.certificate)),
            responder=responder.key_id,
            this_update=this_update,
            next_update=next_update,
            revision=task.revision,
        )
