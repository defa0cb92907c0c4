"""Asking the outside with patience that ends: a breaker for each responder, few retries."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from authz.adapters.outbound import Ask, Declined
from authz.breaker import Breaker, BreakerState, RetryBudget
from authz.errors import Unavailable

RETRY_SECONDS_MAX = 0.2  # a responder that was restarted is back, and the question is not late yet


class Fetches(Protocol):
    """Whoever fetches octets: the outside itself, or a guard before it."""

    async def fetch(self, ask: Ask, *, deadline_seconds: float) -> bytes:
        """The octets of a 200 answer; Unavailable("outbound") for everything else."""
        ...


class GuardedOutbound:
    """``Fetches`` that leaves a responder alone while it keeps failing.

    An answer of any kind is no failure: silence, a broken connection and the server's own errors
    (5xx) are. An open breaker is Unavailable like any other silence, so it is never a "good".
    """

    def __init__(self, outbound: Fetches, *, random: Callable[[], float]) -> None:
        self._outbound = outbound
        self._random = random
        self._breakers: dict[str, Breaker] = {}  # as many as the operator's list has hosts
        self._budget = RetryBudget()

    def states(self) -> Mapping[str, BreakerState]:
        """Every responder asked so far (``http://host:port``) and its breaker; on its loop."""
        now = asyncio.get_running_loop().time()
        return {name: breaker.state(now) for name, breaker in self._breakers.items()}

    async def fetch(self, ask: Ask, *, deadline_seconds: float) -> bytes:
        loop = asyncio.get_running_loop()
        ends = loop.time() + deadline_seconds
        self._budget.earn()
        try:
            return await self._once(ask, deadline_seconds)
        except Declined:
            raise
        except Unavailable:
            pause = self._random() * RETRY_SECONDS_MAX
            if ends - loop.time() <= 2 * pause or not self._budget.spend():
                raise
            await asyncio.sleep(pause)
        return await self._once(ask, ends - loop.time())

    async def _once(self, ask: Ask, deadline_seconds: float) -> bytes:
        loop = asyncio.get_running_loop()
        target = ask.target
        name = f"{target.scheme}://{target.host}:{target.port}"
        breaker = self._breakers.get(name)
        if breaker is None:
            breaker = self._breakers[name] = Breaker(random=self._random)
        if not breaker.admits(loop.time()):
            raise Declined("outbound", "its breaker is open: it failed again and again")
        reported = False
        try:
            octets = await self._outbound.fetch(ask, deadline_seconds=deadline_seconds)
            breaker.succeeded()
            reported = True
        except Declined:
            breaker.succeeded()
            reported = True
            raise
        except Unavailable:
            breaker.failed(loop.time())
            reported = True
            raise
        finally:
            if not reported:  # the house closes, or a bug: nothing is learnt about the responder
                breaker.abandoned()
        return octets
