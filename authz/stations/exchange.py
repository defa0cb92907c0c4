"""Stations that are with other workers: found, and called by handing the call on.

Workers meet in their database alone. Each tells there which stations are with it, and looks there
for calls that others hand to it; a call is taken up once, by the worker it was handed to, or
withdrawn and never made.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from operator import itemgetter
from traceback import format_exception
from typing import assert_never

import structlog

from authz.errors import Unavailable
from authz.ocpp.handing import Ending, HandedCall, Outcome, Presence
from authz.ocpp.protocol import CallErrorCode, CallFailed, CallRefused, NotConnected, Station
from authz.station_ports import HandedCalls, StationPresence
from authz.stations.hub import Hub

BEAT_SECONDS = 5.0
ALIVE = timedelta(seconds=20)  # a worker that has not shown itself for so long is none any more
LOOK_SECONDS = 0.1  # how often calls of others are looked for
ALONE_SECONDS = 1.0  # and where there were no others at the last beat
TAKEN_SECONDS_MAX = 5.0  # a worker that lives has taken a call up by then
ASK_SECONDS = 0.05  # how often an answer is looked for
LITTER = timedelta(minutes=1)  # beyond its time, what a caller that died has left
AT_ONCE = 64  # handed calls that are taken up together

_STILL = object()  # marks a station that did not come just now

_log = structlog.get_logger("authz")


class Exchange:
    """authz.station_ports.Fleet over this process's links and what workers tell each other.

    ``worker`` is this process's name, which no other one ever had.
    """

    def __init__(
        self,
        hub: Hub,
        presence: StationPresence,
        calls: HandedCalls,
        *,
        worker: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._hub = hub
        self._presence = presence
        self._calls = calls
        self._worker = worker
        self._clock = clock
        # Not told yet, each under a mark that says which time it was.
        self._changed: dict[tuple[str, str], object] = {}
        self._woken = asyncio.Event()
        self._alone = True
        self._beat_at = float("-inf")
        self._made: set[asyncio.Task[None]] = set()
        hub.changed = self._note

    async def find(self, tenant: str, identity: str) -> Station | None:
        elsewhere = await self._elsewhere(tenant, identity)
        return self._hub.find(tenant, identity) if elsewhere is None else elsewhere.station

    async def connected(self, tenant: str) -> tuple[Station, ...]:
        told = await self._presence.of_tenant(tenant, alive_since=self._clock() - ALIVE)
        found = {station.identity: station for station in self._hub.connected(tenant)}
        for one in told:
            station = one.station
            if one.worker != self._worker and (tenant, station.identity) not in self._changed:
                found[station.identity] = station
        return tuple(found[identity] for identity in sorted(found))

    async def call(
        self,
        tenant: str,
        identity: str,
        action: str,
        payload: bytes,
        *,
        timeout_seconds: float,
    ) -> bytes:
        elsewhere = await self._elsewhere(tenant, identity)
        if elsewhere is not None:
            call = HandedCall(
                tenant=tenant,
                identity=identity,
                action=action,
                payload=payload,
                timeout_seconds=timeout_seconds,
            )
            outcome = await self._handed(elsewhere.worker, call)
            if outcome.ending is not Ending.ABSENT:
                return _told(outcome)
        # Here; or it came here while the call was on its way, and nothing was sent to it there.
        return await self._hub.call(
            tenant, identity, action, payload, timeout_seconds=timeout_seconds
        )

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Tells and looks in the background for as long as the block lasts."""
        task = asyncio.create_task(self._work())
        task.add_done_callback(self._ended)
        try:
            yield
        finally:
            tasks = (task, *self._made)
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            try:
                await self._presence.leave(self._worker)
            except Unavailable as missing:  # then it is forgotten when it is not heard of
                _log.warning("exchange.unavailable", code=missing.code)

    async def work(self) -> None:
        """One round: tells who came and went, shows that it lives, takes up what was handed on."""
        moment = asyncio.get_running_loop().time()
        if moment - self._beat_at >= BEAT_SECONDS:
            now = self._clock()
            known, others = await self._presence.beat(
                self._worker, now=now, dead_before=now - ALIVE
            )
            self._beat_at, self._alone = moment, not others
            if not known:
                for station in self._hub.everybody():
                    self._changed.setdefault((station.tenant, station.identity), _STILL)
        await self._tell()
        for number, call in await self._calls.take(self._worker, limit=AT_ONCE):
            task = asyncio.create_task(self._make(number, call))
            self._made.add(task)
            task.add_done_callback(self._ended)

    async def _work(self) -> None:
        while True:
            try:
                await self.work()
            except Unavailable as missing:
                _log.warning("exchange.unavailable", code=missing.code)
                pause = BEAT_SECONDS
            except Exception as bug:  # noqa: BLE001 - the rounds outlive a bug of ours, which is told
                _failed(bug)
                pause = BEAT_SECONDS
            else:
                pause = ALONE_SECONDS if self._alone else LOOK_SECONDS
            try:
                await asyncio.wait_for(self._woken.wait(), pause)
            except TimeoutError:
                continue

    def _note(self, tenant: str, identity: str) -> None:
        """Somebody came or went; what holds is looked up when it is told."""
        self._changed[tenant, identity] = object()
        self._woken.set()

    async def _tell(self) -> None:
        self._woken.clear()
        telling = sorted(self._changed.items(), key=itemgetter(0))
        if not telling:
            return
        here: list[Station] = []
        still: list[Station] = []
        gone: list[tuple[str, str]] = []
        for key, mark in telling:
            station = self._hub.find(*key)
            if station is None:
                gone.append(key)
            else:
                (still if mark is _STILL else here).append(station)
        await self._presence.tell(self._worker, here=here, still=still, gone=gone)
        for key, mark in telling:
            if self._changed.get(key) is mark:  # else it changed once more meanwhile
                del self._changed[key]

    async def _elsewhere(self, tenant: str, identity: str) -> Presence | None:
        """Where a station is that is with another worker; the last one it came to counts."""
        if (tenant, identity) in self._changed:
            return None
        found = await self._presence.find(tenant, identity, alive_since=self._clock() - ALIVE)
        return None if found is None or found.worker == self._worker else found

    async def _handed(self, worker: str, call: HandedCall) -> Outcome:
        """What became of a call that another worker was to make; ABSENT where it was not made."""
        loop = asyncio.get_running_loop()
        now = self._clock()
        expires_at = now + timedelta(seconds=call.timeout_seconds) + LITTER
        begun = loop.time()
        number = await self._calls.put(worker, call, now=now, expires_at=expires_at)
        untaken = True
        try:
            while True:
                outcome = await self._calls.look(number)
                if outcome.ending not in {Ending.WAITING, Ending.TAKEN}:
                    return outcome
                passed = loop.time() - begun
                if passed >= call.timeout_seconds:
                    break
                if outcome.ending is Ending.WAITING and passed >= TAKEN_SECONDS_MAX:
                    break
                await asyncio.sleep(ASK_SECONDS)
        finally:
            untaken = await asyncio.shield(self._calls.withdraw(number))
        return Outcome(Ending.ABSENT if untaken else Ending.SILENT)

    async def _make(self, number: int, call: HandedCall) -> None:
        await self._calls.conclude(number, await self._made_here(call))

    async def _made_here(self, call: HandedCall) -> Outcome:
        if self._hub.find(call.tenant, call.identity) is None:
            return Outcome(Ending.ABSENT)
        try:
            payload = await self._hub.call(
                call.tenant,
                call.identity,
                call.action,
                call.payload,
                timeout_seconds=call.timeout_seconds,
            )
        except NotConnected:
            return Outcome(Ending.GONE)
        except CallFailed as failed:
            return Outcome(Ending.FAILED, code=failed.error_code, description=failed.description)
        except CallRefused as refused:
            return Outcome(Ending.REFUSED, code=refused.code.value, description=refused.description)
        except Unavailable:
            return Outcome(Ending.SILENT)
        return Outcome(Ending.ANSWERED, payload)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """The boundary for our own bugs: logged once; who waits does so until its time is over."""
        self._made.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Unavailable):
            _log.warning("exchange.unavailable", code=error.code)
        elif error is not None:
            _failed(error)


def _failed(bug: BaseException) -> None:
    # As text: renderers of tracebacks may show local variables.
    _log.error("exchange.failed", traceback="".join(format_exception(bug)))


def _told(outcome: Outcome) -> bytes:
    """What the station answered, or what was raised over there, raised here."""
    match outcome.ending:
        case Ending.ANSWERED:
            return outcome.payload
        case Ending.ABSENT | Ending.GONE:
            raise NotConnected
        case Ending.FAILED:
            raise CallFailed(outcome.code, outcome.description)
        case Ending.REFUSED:
            raise CallRefused(CallErrorCode(outcome.code), outcome.description)
        case Ending.SILENT | Ending.WAITING | Ending.TAKEN:
            raise Unavailable("station", "no answer in time")
        case _:
            assert_never(outcome.ending)
