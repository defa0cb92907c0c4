"""Asks all sources at once under one deadline; silence becomes a value."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime
from itertools import pairwise
from typing import TypeVar, assert_never

from authz.begun import begun
from authz.contract import Contract
from authz.errors import Unavailable
from authz.evidence import (
    CertificateEvidence,
    ChainProof,
    Evidence,
    HashProof,
    NoProof,
    NotKnown,
    NotTold,
    Proof,
    Source,
    Standing,
    UnknownHashes,
)
from authz.judgement import sound
from authz.ports import Contracts, Evses, Sightings
from authz.question import Question
from authz.relay import Sighting
from authz.restrictions import Evse
from authz.revocation_ports import RevocationMemory, RevocationSources
from authz.trust import Trust
from certs.certificate import Certificate
from certs.chain.checks import position
from certs.chain.roles import Use
from certs.chain.verification import ChainVerdict
from certs.chain.verifier import CHAIN_CHARACTERS_MAX
from certs.identifiers.evse_id import EVSEID
from certs.pem import PEM_CHARACTERS_MAX
from certs.revocation import hash_dialects
from certs.revocation.status import Good, RevocationStatus, Revoked, Unknown

ASKING_MAX = 1_024  # certificates asked about at once, of all callers; beyond it silence is assumed

T = TypeVar("T")

_Key = tuple[bytes, bytes, tuple[str, ...]]
_SOURCES = {"ocsp": Source.OCSP, "crl": Source.CRL}


class Gatherer:
    """Gathers what a judgement rests on. Decides nothing.

    Equal revocation questions that are open at the same time are asked once; one that outlives
    its caller's deadline goes on, so that its answer is there for the next caller.
    """

    def __init__(
        self,
        *,
        contracts: Contracts,
        evses: Evses,
        sightings: Sightings,
        sources: RevocationSources,
        memory: RevocationMemory,
        deadline_seconds: float,
    ) -> None:
        self._contracts = contracts
        self._evses = evses
        self._sightings = sightings
        self._sources = sources
        self._memory = memory
        self._deadline_seconds = deadline_seconds
        self._asking: dict[_Key, asyncio.Task[RevocationStatus]] = {}

    async def close(self) -> None:
        """Stops asking."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def gather(self, trust: Trust, question: Question, *, now: datetime) -> Evidence:
        """All evidence on a question, within the deadline.

        Raises Malformed for a chain that is none, and Unavailable where the registry cannot say
        which certificate is meant.
        """
        deadline = asyncio.get_running_loop().time() + self._deadline_seconds
        proof = await self._proof(trust, question, deadline, now)
        standing = await self._standing(trust.tenant, question, deadline)
        sightings = await self._seen(trust.tenant, question, standing, deadline)
        located = any(sighting.position is not None for sighting in sightings)
        bound = isinstance(standing, Contract) and bool(standing.restrictions.power_types)
        evse = None
        if (bound or located) and question.evse_id is not None:
            evse = await self._evse(trust.tenant, question.evse_id, deadline)
        return Evidence(
            question=question,
            proof=proof,
            standing=standing,
            gathered_at=now,
            evse=evse,
            sightings=sightings,
        )

    async def _proof(
        self, trust: Trust, question: Question, deadline: float, now: datetime
    ) -> Proof:
        if question.chain_pem is not None:
            # The chain wins where both came (OCPP 2.0.1 C07: "hashData not needed if certificate
            # is provided"; citrineos-core#892).
            verdict = trust.verifier.verify_pem(
                question.chain_pem,
                use=Use.CONTRACT,
                now=now,
                characters_max=CHAIN_CHARACTERS_MAX,
            )
            statuses = await self._statuses(trust, verdict, question, deadline, now)
            return ChainProof(verdict=verdict, statuses=statuses)
        if not question.hashes:
            return NoProof()
        known = await self._contracts.named_by(trust.tenant, question.hashes)
        if known is None:
            return UnknownHashes()
        verdict = trust.verifier.verify_pem(
            known.chain_pem, use=Use.CONTRACT, now=now, characters_max=PEM_CHARACTERS_MAX
        )
        statuses = await self._statuses(trust, verdict, question, deadline, now)
        return HashProof(verdict=verdict, registered_emaid=known.emaid, statuses=statuses)

    async def _standing(self, tenant: str, question: Question, deadline: float) -> Standing:
        if question.emaid is None:
            return NotKnown()
        held = self._contracts.recall(tenant, question.emaid)
        if held is not None:
            return held
        try:
            contract = await _until(deadline, self._contracts.find(tenant, question.emaid))
        except TimeoutError:
            return NotTold(reason="the registry did not answer in time")
        except Unavailable as silent:
            return NotTold(reason=silent.what)
        return NotKnown() if contract is None else contract

    async def _evse(self, tenant: str, evse_id: EVSEID, deadline: float) -> Evse | None:
        """What is told of an EVSE; silence is nothing."""
        try:
            return await _until(deadline, self._evses.find(tenant, evse_id))
        except (TimeoutError, Unavailable):
            return None

    async def _seen(
        self, tenant: str, question: Question, standing: Standing, deadline: float
    ) -> tuple[Sighting, ...]:
        """Where the contract was of late, for a question that says where it is; else nothing."""
        somewhere = question.evse_id is not None or question.station is not None
        if not somewhere or not isinstance(standing, Contract):
            return ()
        try:
            return await _until(
                deadline,
                self._sightings.elsewhere(
                    tenant, standing.emaid, evse_id=question.evse_id, station=question.station
                ),
            )
        except (TimeoutError, Unavailable):
            return ()

    async def _statuses(
        self,
        trust: Trust,
        verdict: ChainVerdict,
        question: Question,
        deadline: float,
        now: datetime,
    ) -> tuple[CertificateEvidence, ...]:
        """The status of every certificate of a path but its root; none where no path stands."""
        if not sound(verdict):
            return ()
        path = verdict.path
        at_hand = self._at_hand(path, now)
        if at_hand is not None:
            return at_hand
        told: dict[int, tuple[RevocationStatus, Source]] = {}
        tasks: dict[int, asyncio.Task[RevocationStatus]] = {}
        for at, (certificate, issuer) in enumerate(pairwise(path)):
            held = self._memory.recall(certificate, issuer, now=now)
            if held is not None:
                told[at] = (held, Source.CACHE)
                continue
            task = self._ask(certificate, issuer, _offered(question, certificate, issuer), now)
            if task is None:
                busy = Unknown("revocation.source_unreachable", "too many questions are open")
                told[at] = (busy, Source.NONE)
            else:
                tasks[at] = task
        if tasks:
            remaining = deadline - asyncio.get_running_loop().time()
            await asyncio.wait(tasks.values(), timeout=max(remaining, 0))
            told |= {at: _told(task) for at, task in tasks.items()}
        for at in range(1, len(path) - 1):
            if isinstance(told[at][0], Revoked):
                trust.verifier.forget(path[at].fingerprint)
        return tuple(
            CertificateEvidence(
                where=position(at, len(path)),
                certificate=path[at],
                status=told[at][0],
                source=told[at][1],
            )
            for at in range(len(path) - 1)
        )

    def _at_hand(
        self, path: tuple[Certificate, ...], now: datetime
    ) -> tuple[CertificateEvidence, ...] | None:
        """The statuses where all are good and at hand, which is the rule; None otherwise."""
        found = []
        for at, (certificate, issuer) in enumerate(pairwise(path)):
            status = self._memory.recall(certificate, issuer, now=now)
            if not isinstance(status, Good):
                return None
            found.append(
                CertificateEvidence(
                    where=position(at, len(path)),
                    certificate=certificate,
                    status=status,
                    source=Source.CACHE,
                )
            )
        return tuple(found)

    def _ask(
        self,
        certificate: Certificate,
        issuer: Certificate,
        offered: tuple[str, ...],
        now: datetime,
    ) -> asyncio.Task[RevocationStatus] | None:
        key = (certificate.fingerprint, issuer.subject_public_key, offered)
        task = self._asking.get(key)
        if task is None and len(self._asking) < ASKING_MAX:
            task = asyncio.create_task(self._learn(certificate, issuer, offered, now))
            self._asking[key] = task
            task.add_done_callback(lambda _: self._asking.pop(key))
        return task

    async def _learn(
        self,
        certificate: Certificate,
        issuer: Certificate,
        offered: tuple[str, ...],
        now: datetime,
    ) -> RevocationStatus:
        try:
            known = await self._memory.recall_kept(certificate, issuer, now=now)
            if known is not None:
                return known
            told = await self._sources.ask(certificate, issuer, offered=offered, now=now)
            return await self._memory.remember(certificate, issuer, told, now=now)
        except Unavailable as silent:
            return Unknown("revocation.unknown", silent.what)


async def _until(deadline: float, asked: Awaitable[T]) -> T:
    """What is asked, before the deadline; TimeoutError after it."""
    first = begun(asked)
    if first.finished:
        return first.result
    async with asyncio.timeout_at(deadline):
        return await first


def _told(task: asyncio.Task[RevocationStatus]) -> tuple[RevocationStatus, Source]:
    if not task.done() or task.cancelled():
        late = Unknown("revocation.source_unreachable", "no answer within the deadline")
        return late, Source.NONE
    status = task.result()
    match status:
        case Good() | Revoked():
            return status, _SOURCES[status.proof.source.value]
        case Unknown():
            return status, Source.NONE
        case _:
            assert_never(status)


def _offered(question: Question, certificate: Certificate, issuer: Certificate) -> tuple[str, ...]:
    """The responder URLs that the question names for this certificate."""
    return tuple(
        reading.hash_data.responder_url
        for readings in question.hashes
        for reading in readings
        if reading.hash_data.responder_url and hash_dialects.names(reading, certificate, issuer)
    )
