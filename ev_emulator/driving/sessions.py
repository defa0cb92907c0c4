"""Drives a session over a connection: octets, time and answers, until it is over."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from ev_emulator.asking import ask
from ev_emulator.clock import Clock
from ev_emulator.network.channel import Channel
from ev_emulator.ports import (
    Answer,
    Backend,
    CertificateQuestion,
    ContractQuestion,
    ExternalQuestion,
    Question,
    TariffQuestion,
)
from ev_emulator.session.evcc import EvccSession
from ev_emulator.session.events import Asked, Event
from ev_emulator.session.secc import SeccSession

Note = Callable[[Event], None]


class _Session(Protocol):
    """What both sides have in common."""

    over: bool

    @property
    def wakes_at(self) -> float | None: ...
    def receive(self, data: bytes) -> tuple[Event, ...]: ...
    def tick(self) -> tuple[Event, ...]: ...
    def connection_lost(self) -> tuple[Event, ...]: ...
    def outgoing(self) -> bytes: ...


async def drive_evcc(session: EvccSession, channel: Channel, *, clock: Clock, note: Note) -> None:
    """Run a vehicle's session to its end; every event is noted. The channel stays open."""
    _note(session.begin(), note)
    await _send(session, channel)
    while not session.over:
        _note(await _next(session, channel, clock), note)
        await _send(session, channel)


async def drive_secc(
    session: SeccSession, channel: Channel, backend: Backend, *, clock: Clock, note: Note
) -> None:
    """Run a charger's session to its end, asking its backend; the channel stays open.

    Questions still open at the end are dropped.
    """
    asking: dict[asyncio.Task[Answer], Question] = {}
    reading: asyncio.Task[bytes] | None = None

    def take(events: tuple[Event, ...]) -> None:
        _note(events, note)
        for event in events:
            if isinstance(event, Asked) and isinstance(event.question, _QUESTIONS):
                task = asyncio.create_task(ask(backend, event.question))
                asking[task] = event.question

    try:
        take(session.begin())
        while not session.over:
            if not asking and reading is None:
                take(await _next(session, channel, clock))
                await _send(session, channel)
                continue
            reading = reading or asyncio.create_task(channel.read())
            everything: set[asyncio.Task[Any]] = {reading, *asking}
            await asyncio.wait(
                everything, timeout=_left(session, clock), return_when="FIRST_COMPLETED"
            )
            for task in [each for each in asking if each.done()]:
                take(session.answer(asking.pop(task), task.result()))
            if reading.done():
                data, reading = reading.result(), None
                take(session.receive(data) if data else session.connection_lost())
            take(session.tick())
            await _send(session, channel)
    finally:
        left: list[asyncio.Task[Any]] = [*asking, *([reading] if reading else [])]
        for open_task in left:
            open_task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


_QUESTIONS = (ContractQuestion, ExternalQuestion, CertificateQuestion, TariffQuestion)


async def _next(session: _Session, channel: Channel, clock: Clock) -> tuple[Event, ...]:
    """What happens next: octets, the end of the connection, or the time."""
    try:
        async with asyncio.timeout(_left(session, clock)):
            data = await channel.read()
    except TimeoutError:
        return session.tick()
    return session.receive(data) if data else session.connection_lost()


def _left(session: _Session, clock: Clock) -> float | None:
    return None if session.wakes_at is None else max(0.0, session.wakes_at - clock.seconds())


async def _send(session: _Session, channel: Channel) -> None:
    data = session.outgoing()
    if data:
        await channel.write(data)


def _note(events: tuple[Event, ...], note: Note) -> None:
    for event in events:
        note(event)
