"""Asks for the statuses of certificates in use before they end, so that a question finds them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from authz.errors import Unavailable
from authz.revocation_ports import RevocationMemory, RevocationSources, Watch
from authz.steady_clock import SteadyClock
from authz.told import PrefetchRule, Watched
from certs.revocation.status import Unknown

LEASE = timedelta(minutes=2)  # longer than a round may take: then another process may try
CATCH_UP_SECONDS = 2.0  # how late a revocation that another process learnt may be known here
OVERLAP = timedelta(minutes=5)  # clocks of processes differ, and commits come in another order
SWEEP_SECONDS = 600.0
ROUND_MAX = 512  # certificates asked about in one round
ROUNDS_MAX = 20  # one after the other, while there is more to do


class Prefetcher:
    """Keeps the memory fresh; one in every process, sharing the work through the watch.

    Silence puts a certificate off for longer each time, and changes nothing about what is known.
    """

    def __init__(
        self,
        *,
        watch: Watch,
        sources: RevocationSources,
        memory: RevocationMemory,
        clock: SteadyClock,
        random: Callable[[], float],
        rule: PrefetchRule,
        backlog: Callable[[int, float], None],
    ) -> None:
        self._watch = watch
        self._sources = sources
        self._memory = memory
        self._clock = clock
        self._random = random
        self._rule = rule
        self._backlog = backlog
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begins to look, on the running event loop."""
        for job, seconds in (
            (self.catch_up, CATCH_UP_SECONDS),
            (self.refresh, self._rule.seconds),
            (self.sweep, SWEEP_SECONDS),
        ):
            if seconds:
                self._tasks.append(asyncio.create_task(self._again_and_again(job, seconds)))

    async def close(self) -> None:
        """Stops."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _again_and_again(
        self, job: Callable[[datetime], Awaitable[int]], seconds: float
    ) -> None:
        while True:
            await asyncio.sleep(seconds * (0.75 + self._random() / 2))
            try:
                await job(self._clock.moment())
            except Unavailable:
                continue  # the database or the clock is away: /readyz says so, and it comes back

    async def catch_up(self, now: datetime) -> int:
        """Takes over what other processes learnt to be revoked; how many statuses changed."""
        return await self._memory.catch_up(since=now - OVERLAP)

    async def refresh(self, now: datetime) -> int:
        """Asks for everything whose time has come; how many sources told."""
        told = await self._sources.refresh_lists(now=now)
        for _ in range(ROUNDS_MAX):
            due = await self._watch.due(
                now=now,
                asked_since=now - timedelta(days=self._rule.days),
                until=now + LEASE,
                count_max=ROUND_MAX,
            )
            told += await self._round(due, now)
            if len(due) < ROUND_MAX:
                break
        behind = await self._watch.backlog(now=now)
        late = 0.0 if behind.since is None else (now - behind.since).total_seconds()
        self._backlog(behind.due, late)
        return told

    async def sweep(self, now: datetime) -> int:
        """Writes down what was asked for, and forgets what nobody needs; how much it forgot."""
        await self._memory.note_asked(now=now)
        return await self._watch.sweep(now=now, asked_since=now - timedelta(days=self._rule.days))

    async def _round(self, due: Sequence[Watched], now: datetime) -> int:
        """Asks about some, a few at once: one issuer's stand together, so that they go together."""
        ordered = sorted(due, key=lambda one: one.issuer.subject_public_key)
        in_vain: list[Watched] = []
        for at in range(0, len(ordered), self._rule.at_once):
            some = ordered[at : at + self._rule.at_once]
            answers = await asyncio.gather(*(self._ask(one, now) for one in some))
            in_vain += [one for one, told in zip(some, answers, strict=True) if not told]
        await self._watch.failed(in_vain, now=now, draw=self._random())
        return len(ordered) - len(in_vain)

    async def _ask(self, one: Watched, now: datetime) -> bool:
        told = await self._sources.ask(one.certificate, one.issuer, now=now)
        status = await self._memory.remember(
            one.certificate, one.issuer, told, now=now, wanted=False
        )
        return not isinstance(status, Unknown)
