"""The authorizer: gather, judge, record, answer."""

from collections.abc import Callable
from contextlib import suppress

import msgspec

from authz.callers import Caller
from authz.decision import Decision, decision_id
from authz.errors import Unavailable
from authz.evidence import ChainProof
from authz.gathering import Gatherer
from authz.idempotency import Reservation
from authz.judgement import judge
from authz.ports import Contracts, DecisionLog, Trusts
from authz.question import Question
from authz.record import encode_answer, logged
from authz.steady_clock import SteadyClock

DRAWN_AT_ONCE = 64  # decisions' worth of randomness


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """A decision and the JSON it is answered with."""

    decision: Decision
    answer: bytes


class Authorizer:
    """Decides questions. Nothing is answered before it is on disk."""

    def __init__(
        self,
        *,
        gatherer: Gatherer,
        trusts: Trusts,
        contracts: Contracts,
        log: DecisionLog,
        clock: SteadyClock,
        random: Callable[[int], bytes],
    ) -> None:
        self._gatherer = gatherer
        self._trusts = trusts
        self._contracts = contracts
        self._log = log
        self._clock = clock
        self._random = random
        self._drawn = b""

    async def authorize(
        self, caller: Caller, question: Question, *, reservation: Reservation | None = None
    ) -> Decided:
        """The decision on a question, logged; with a reservation, also kept under its key.

        Raises Malformed for a chain that is none; Unavailable where no sound answer can be given
        or kept, and Conflict for a reservation that lapsed: both grant nothing.
        """
        now = self._clock.moment()
        trust = await self._trusts.trust(caller.tenant, generation=caller.generation)
        evidence = await self._gatherer.gather(trust, question, now=now)
        decision = Decision(
            decision_id=decision_id(now=now, random=self._ten_octets()),
            tenant=caller.tenant,
            decided_at=now,
            evidence=evidence,
            judgement=judge(evidence, trust.policy, now),
        )
        answer = encode_answer(decision)
        if reservation is None:
            await self._log.append(logged(decision, answer))
        else:
            await self._log.append_once(logged(decision, answer), reservation, answer)
        await self._teach(decision)
        return Decided(decision=decision, answer=answer)

    def _ten_octets(self) -> bytes:
        """Fresh randomness; drawn for many decisions at once, each octet given once."""
        if not self._drawn:
            self._drawn = self._random(10 * DRAWN_AT_ONCE)
        given, self._drawn = self._drawn[:10], self._drawn[10:]
        return given

    async def _teach(self, decision: Decision) -> None:
        """Lets the registry learn a certificate that was accepted with its contract.

        Only from a chain that was verified in full and accepted: the next question may then come
        with its hashes alone.
        """
        proof, emaid = decision.evidence.proof, decision.evidence.question.emaid
        if not decision.judgement.granted or not isinstance(proof, ChainProof) or emaid is None:
            return
        # The decision stands and is logged; what could not be learnt is learnt the next time.
        with suppress(Unavailable):
            await self._contracts.learn(
                decision.tenant, emaid, proof.verdict.path, now=decision.decided_at
            )
