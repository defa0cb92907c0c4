"""A charger at work: it answers discovery, takes connections, serves one session on each."""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from types import TracebackType
from typing import Self

from OpenSSL import SSL

from certs.edition import Edition
from ev_emulator.charger.staples import StapleCache
from ev_emulator.clock import Clock
from ev_emulator.driving.bookkeeping import Books
from ev_emulator.driving.sessions import drive_secc
from ev_emulator.errors import Unavailable
from ev_emulator.framing import sdp
from ev_emulator.framing.sdp import Security
from ev_emulator.network import channel as tcp
from ev_emulator.network import tls, udp
from ev_emulator.network.channel import Channel, TcpChannel
from ev_emulator.network.tls import TlsIdentity
from ev_emulator.ports import Backend, TransactionReport
from ev_emulator.reasons import Failure
from ev_emulator.session.events import Event, SessionFailed
from ev_emulator.session.iso_2.secc import Iso2Secc
from ev_emulator.session.iso_2.visit import Outlet
from ev_emulator.session.secc import SeccSession

CONNECTIONS_MAX = 64  # beyond, connections are closed at once
REPORTS_WAITING_MAX = 1000  # reports that a slow backend has not taken; beyond, the oldest go
_EDITION = Edition.ISO_2


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Where a charger can be reached. A port of 0 is chosen by the system.

    ``interface`` names the link on which discovery is answered, None for no discovery.
    ``plain``: whether connections without TLS are taken (external payment only).
    """

    host: str = "127.0.0.1"
    tls_port: int = 0
    plain: bool = False
    plain_port: int = 0
    interface: str | None = None
    discovery_port: int = sdp.PORT
    connections_max: int = CONNECTIONS_MAX


def _quiet(_session: int, _event: Event) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charger:
    """What serves. ``outlet_for()`` gives each session its outlet (or the same one to all);
    ``note(session number, event)`` hears everything.
    """

    identity: TlsIdentity
    backend: Backend
    clock: Clock
    outlet_for: Callable[[], Outlet]
    doors: Doors = Doors()
    note: Callable[[int, Event], None] = field(default=_quiet)


class Station:
    """A charger between opening and closing: ``async with Station(charger) as station``.

    A session that goes wrong, in whatever way, ends alone.
    """

    def __init__(self, charger: Charger) -> None:
        self._charger = charger
        chain = charger.identity.chain
        self._staples = StapleCache(chain[0], chain[1], charger.backend) if len(chain) > 1 else None
        self._clock = charger.clock
        self._boot = secrets.token_hex(4)
        self._reports: asyncio.Queue[TransactionReport] = asyncio.Queue(REPORTS_WAITING_MAX)
        self._sessions = 0
        self._stack = contextlib.AsyncExitStack()
        self._open: set[asyncio.Task[None]] = set()
        self.tls_port = 0
        self.plain_port = 0

    async def __aenter__(self) -> Self:
        """Open the doors; OSError where one cannot be opened."""
        charger, doors = self._charger, self._charger.doors
        try:
            wait = await self._staples.refresh(self._clock.now()) if self._staples else 0.0
            self._background(self._keep_stapled(wait))
            self._background(self._keep_reporting())
            context = tls.server_context(charger.identity, edition=_EDITION, staple=self._staple)
            self.tls_port = await self._listen(doors.tls_port, lambda c: self._accept(c, context))
            if doors.plain:
                self.plain_port = await self._listen(
                    doors.plain_port, lambda c: self._accept(c, None)
                )
            if doors.interface is not None:
                await self._answer_discovery(doors.interface, doors.discovery_port)
        except OSError:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the doors and end what is going on."""
        await self._stack.aclose()
        await asyncio.sleep(0)  # one that was just accepted begins, so that it can close its link
        for session in tuple(self._open):
            session.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _listen(self, port: int, take: Callable[[TcpChannel], None]) -> int:
        server = await tcp.listen(self._charger.doors.host, port, take)
        self._stack.callback(server.close)
        return int(server.sockets[0].getsockname()[1])

    async def _answer_discovery(self, interface: str, port: int) -> None:
        address = udp.link_local_address(interface)
        transport = await udp.respond(
            interface, lambda request: self._where(request, address), port=port
        )
        self._stack.callback(transport.close)

    def _where(self, request: sdp.Request, address: IPv6Address) -> sdp.Response:
        """TLS for everybody, unless no TLS is asked for and plain connections are taken."""
        plain = request.security is Security.NONE and self._charger.doors.plain
        return sdp.Response(
            address=address,
            port=self.plain_port if plain else self.tls_port,
            security=Security.NONE if plain else Security.TLS,
        )

    def _staple(self) -> bytes:
        return self._staples.current(self._clock.now()) if self._staples else b""

    def _accept(self, link: TcpChannel, context: SSL.Context | None) -> None:
        """A task for each connection, as long as there are not too many."""
        full = len(self._open) >= self._charger.doors.connections_max
        self._sessions += not full
        work = link.close() if full else self._serve(link, context, self._sessions)
        task = asyncio.create_task(work)
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, link: TcpChannel, context: SSL.Context | None, number: int) -> None:
        channel: Channel = link
        books = Books(f"{self._boot}-{number}")

        def note(event: Event) -> None:
            self._charger.note(number, event)
            report = books.follow(event, moment=self._clock.now())
            if report is not None:
                self._enqueue(report)

        def fail(code: str, detail: str) -> None:
            failure = Failure(code=code, detail=detail)
            note(SessionFailed(failure=failure, response_code="", at="connection"))

        try:
            if context is not None:
                channel = await tls.secure(link, context, server=True)
            speaker = Iso2Secc(self._charger.outlet_for(), secured=context is not None)
            session = SeccSession(speakers=[speaker], clock=self._clock)
            await drive_secc(session, channel, self._charger.backend, clock=self._clock, note=note)
        except Unavailable as broken:
            fail("link.handshake", str(broken))
        except Exception as bug:  # noqa: BLE001 - the server's edge: a bug ends one session, not all
            fail("session.broken", type(bug).__name__)
        finally:
            await channel.close()

    def _enqueue(self, report: TransactionReport) -> None:
        """Reports wait for the backend; sessions do not."""
        if self._reports.full():
            self._reports.get_nowait()
        self._reports.put_nowait(report)

    async def _keep_reporting(self) -> None:
        while True:
            report = await self._reports.get()
            with contextlib.suppress(Unavailable):
                await self._charger.backend.report(report)

    async def _keep_stapled(self, wait_seconds: float) -> None:
        if self._staples is None:
            return
        while True:
            await asyncio.sleep(wait_seconds)
            wait_seconds = await self._staples.refresh(self._clock.now())

    def _background(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self._stack.push_async_callback(end)
