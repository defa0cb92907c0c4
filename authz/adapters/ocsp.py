"""Asking an OCSP responder about certificates, several of one issuer at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from authz.adapters.guarded import Fetches
from authz.adapters.outbound import Ask, Declined
from authz.errors import Unavailable
from authz.outbound_rule import OutboundRule, Target
from authz.told import Told
from certs.certificate import Certificate
from certs.revocation.hash_data import HashAlgorithm
from certs.revocation.ocsp import OcspPolicy, judge_response
from certs.revocation.ocsp_request import (
    QUESTIONS_MAX,
    OcspQuestion,
    encode_request,
    question_for,
)
from certs.revocation.status import Unknown

POLICY = OcspPolicy()
SINGLY_SECONDS = 3_600.0  # a responder that answers one question at a time is taken at its word

# What a responder says that reads one question only, or refuses to read more.
_ONE_AT_A_TIME = frozenset(
    {
        "revocation.ocsp_other_certificate",
        "revocation.ocsp_not_successful",
        "revocation.ocsp_malformed",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """One question of a caller who waits, until a moment of the event loop's clock."""

    question: OcspQuestion
    issuer: Certificate
    now: datetime
    ends: float
    answer: asyncio.Future[Told]


_Place = tuple[Target, OutboundRule]
_Group = tuple[Target, bytes]  # one responder, one issuer's key


class OcspClient:
    """OCSP over HTTP POST (RFC 6960 A.1), judged before it is believed.

    Questions about one issuer's certificates that are asked in the same turn of the event loop go
    to a responder together, at most four in a request: one signer answers for one issuer, so more
    than one issuer's never fit. A responder that answers only one of them is asked singly.
    """

    def __init__(self, outbound: Fetches, *, hash_algorithm: HashAlgorithm) -> None:
        self._outbound = outbound
        self._hash_algorithm = hash_algorithm
        self._waiting: dict[_Group, list[_Waiting]] = {}
        self._singly_until: dict[Target, float] = {}  # as many as the operator's list has
        self._asking: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Stops asking."""
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)

    async def status(
        self,
        certificate: Certificate,
        issuer: Certificate,
        *,
        responder: _Place,
        now: datetime,
        deadline_seconds: float,
    ) -> Told:
        """What the responder establishes; Unknown where it is silent or not believed."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(
            question=question_for(certificate, issuer, hash_algorithm=self._hash_algorithm),
            issuer=issuer,
            now=now,
            ends=loop.time() + deadline_seconds,
            answer=loop.create_future(),
        )
        group = (responder[0], issuer.subject_public_key)
        queue = self._waiting.setdefault(group, [])
        queue.append(waiting)
        if len(queue) == 1:
            loop.call_soon(self._send, group, responder)
        return await waiting.answer

    def _send(self, group: _Group, responder: _Place) -> None:
        queue = self._waiting.pop(group)
        singly = self._singly_until.get(group[0], 0.0) > asyncio.get_running_loop().time()
        count = 1 if singly else QUESTIONS_MAX
        for at in range(0, len(queue), count):
            task = asyncio.create_task(self._ask(queue[at : at + count], responder))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _ask(self, together: Sequence[_Waiting], responder: _Place) -> None:
        try:
            told = await self._exchange(together, responder)
            if len(together) > 1:
                told = await self._singly(together, told, responder)
            for waiting, one in zip(together, told, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(one)
        finally:
            for waiting in together:  # the house closes, or a bug: nobody waits for ever
                waiting.answer.cancel()

    async def _singly(
        self, together: Sequence[_Waiting], told: list[Told], responder: _Place
    ) -> list[Told]:
        """Asks again, one by one, what a responder left out that was asked several at once."""
        again = [at for at, one in enumerate(told) if _left_out(one)]
        asked = [self._exchange([together[at]], responder) for at in again]
        better = dict(zip(again, await asyncio.gather(*asked), strict=True))
        if any(not _left_out(one) for (one,) in better.values()):
            until = asyncio.get_running_loop().time() + SINGLY_SECONDS
            self._singly_until[responder[0]] = until
        return [better[at][0] if at in better else one for at, one in enumerate(told)]

    async def _exchange(self, together: Sequence[_Waiting], responder: _Place) -> list[Told]:
        ask = Ask(
            target=responder[0],
            rule=responder[1],
            body=encode_request(*(waiting.question for waiting in together)),
            content_type="application/ocsp-request",
            accept="application/ocsp-response",
            bytes_max=POLICY.response_bytes_max,
        )
        left = min(one.ends for one in together) - asyncio.get_running_loop().time()
        try:
            response = await self._outbound.fetch(ask, deadline_seconds=max(left, 0.0))
        except Declined as declined:
            # a request of several may be what it declines
            several = len(together) > 1
            code = "revocation.ocsp_not_successful" if several else "revocation.source_unreachable"
            return [Told(status=Unknown(code, declined.detail))] * len(together)
        except Unavailable as silent:
            status = Unknown("revocation.source_unreachable", silent.detail)
            return [Told(status=status)] * len(together)
        return [
            Told(
                status=judge_response(
                    response,
                    question=one.question,
                    issuer=one.issuer,
                    now=one.now,
                    policy=POLICY,
                ),
                response=response,
                hash_algorithm=self._hash_algorithm,
            )
            for one in together
        ]


def _left_out(told: Told) -> bool:
    return isinstance(told.status, Unknown) and told.status.code in _ONE_AT_A_TIME
