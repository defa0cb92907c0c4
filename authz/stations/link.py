"""One station's connection: its session's events turned into answers, calls and messages."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from traceback import format_exception
from typing import TYPE_CHECKING, Protocol, assert_never

import structlog

from authz.charging_station import ChargingStation
from authz.errors import Unavailable
from authz.ocpp.protocol import CallErrorCode, CallFailed, CallRefused, NotConnected, Station
from authz.ocpp.schemas import knows
from authz.ocpp.session import (
    Begin,
    Close,
    Deliver,
    Event,
    Failed,
    Noted,
    Refused,
    Say,
    Session,
    Told,
)
from authz.ports import Answering

if TYPE_CHECKING:
    from authz.ocpp.frames import Call, Send

GOING_AWAY = 1001  # RFC 6455 7.4.1
REPLACED = 1008

# One station's share: far more than it has to say, and too little to starve the others.
FRAMES_PER_SECOND = 250.0
FRAMES_AT_ONCE = 2_500.0

_log = structlog.get_logger("authz")


class Tally(Protocol):
    """What is counted of stations. No identity is a label."""

    def called(self, *, action: str, result: str) -> None:
        """A call was answered: ``result`` is "answered" or the error's code."""
        ...

    def odd(self, oddity: str) -> None:
        """A station did something beside the protocol."""
        ...


class Link:
    """The connection with one station. Lives on one event loop.

    ``registered`` is the registration under which the station was let in.
    ``say`` sends a text message and returns when the connection can take the next;
    ``close`` begins to end the connection.
    """

    __slots__ = (
        "_answering",
        "_close",
        "_credit",
        "_credit_at",
        "_ending",
        "_moment",
        "_say",
        "_session",
        "_tally",
        "_waiting",
        "registered",
        "station",
        "tasks",
    )

    def __init__(
        self,
        station: Station,
        session: Session,
        *,
        answering: Answering,
        say: Callable[[bytes], Awaitable[None]],
        close: Callable[[int, str], Coroutine[None, None, None]],
        moment: Callable[[], float],
        tally: Tally,
        registered: ChargingStation | None = None,
    ) -> None:
        self.station = station
        self.registered = registered
        self.tasks: set[asyncio.Task[None]] = set()
        self._session = session
        self._answering = answering
        self._say = say
        self._close = close
        self._moment = moment
        self._tally = tally
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._credit = FRAMES_AT_ONCE
        self._credit_at = moment()
        self._ending = False

    async def hear(self, octets: bytes) -> None:
        """Acts on a message. Waits where the station says more than its share."""
        now = self._moment()
        self._credit = min(
            FRAMES_AT_ONCE, self._credit + (now - self._credit_at) * FRAMES_PER_SECOND
        )
        self._credit_at = now
        if self._credit < 1.0:
            await asyncio.sleep((1.0 - self._credit) / FRAMES_PER_SECOND)
        self._credit -= 1.0
        await self._act(self._session.hear(octets, now=now))

    async def call(self, ticket: int, action: str, payload: bytes) -> bytes:
        """The station's answer. Raises CallRefused, CallFailed, NotConnected."""
        if self._ending:
            raise NotConnected
        events = self._session.ask(ticket, action, payload)
        waiting = asyncio.get_running_loop().create_future()
        self._waiting[ticket] = waiting
        try:
            await self._act(events)
            told: bytes = await waiting
            return told
        finally:
            del self._waiting[ticket]
            if waiting.cancelled() or not waiting.done():
                self._spawn(self._act(self._session.give_up(ticket)))

    def end(self, code: int, reason: str) -> None:
        """Begins to end the connection; ``ended`` follows. Nothing is said any more."""
        if not self._ending:
            self._ending = True
            self._spawn(self._goodbye(code, reason))

    async def _goodbye(self, code: int, reason: str) -> None:
        with suppress(OSError):  # the peer went first
            await self._close(code, reason)

    def ended(self) -> None:
        """The connection is gone: nobody waits any longer."""
        self._ending = True
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(NotConnected())

    async def _act(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case Say():
                    await self._send(event.octets)
                case Begin():
                    self._spawn(self._answer(event.call), answering=event.call)
                case Told():
                    self._resolve(event.ticket, event.payload)
                case Failed():
                    self._resolve(event.ticket, CallFailed(event.error_code, event.description))
                case Refused():
                    known = knows(self.station.version, event.action)
                    action = event.action if known else "unknown"
                    self._tally.called(action=action, result=event.error_code)
                case Noted():
                    self._tally.odd(event.oddity.value)
                case Deliver():
                    self._spawn(self._deliver(event.send))
                case Close():
                    self.end(event.code, event.reason)
                case _:
                    assert_never(event)

    async def _send(self, octets: bytes) -> None:
        with suppress(OSError):  # the peer is gone, which its connection will tell
            if not self._ending:
                await self._say(octets)

    async def _answer(self, call: "Call") -> None:
        """Answers a call; what cannot be answered is an InternalError, and grants nothing."""
        try:
            payload = await self._answering.answer(self.station, call.action, call.payload)
        except CallRefused as refused:
            await self._refuse(call, refused)
        except Unavailable as missing:
            _log.warning("station.unavailable", code=missing.code, action=call.action)
            internal = CallRefused(CallErrorCode.INTERNAL_ERROR, "no sound answer can be given now")
            await self._refuse(call, internal)
        else:
            self._tally.called(action=call.action, result="answered")
            await self._act(self._session.answer(call, payload, now=self._moment()))

    async def _refuse(self, call: "Call", refusal: CallRefused) -> None:
        self._tally.called(action=call.action, result=refusal.code.value)
        await self._act(self._session.refuse(call, refusal, now=self._moment()))

    async def _deliver(self, send: "Send") -> None:
        try:
            await self._answering.answer(self.station, send.action, send.payload)
        except (CallRefused, Unavailable):
            self._tally.called(action=send.action, result="lost")

    def _resolve(self, ticket: int, outcome: bytes | CallFailed) -> None:
        waiting = self._waiting.get(ticket)
        if waiting is None or waiting.done():
            return
        if isinstance(outcome, bytes):
            waiting.set_result(outcome)
        else:
            waiting.set_exception(outcome)

    def _spawn(self, work: Coroutine[None, None, None], answering: "Call | None" = None) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(partial(self._finished, answering))

    def _finished(self, answering: "Call | None", task: asyncio.Task[None]) -> None:
        """The boundary for our own bugs: logged once with its traceback, told without it."""
        self.tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        # As text: renderers of tracebacks may show local variables.
        _log.error("station.failed", traceback="".join(format_exception(error)))
        if answering is not None:
            internal = CallRefused(CallErrorCode.INTERNAL_ERROR)
            self._spawn(self._refuse(answering, internal))
