"""``plugward ev serve-charger``."""

import asyncio
import secrets
import signal
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import typer

from certs.chain.verifier import ChainVerifier
from certs.hierarchy import grow
from certs.identifiers.evse_id import EVSEID
from certs.profiles.rules import Role
from ev_emulator import trace as captures
from ev_emulator.backend.http import Addresses
from ev_emulator.charger.contract_check import ContractCheck, UnknownRoot
from ev_emulator.charger.meter import Meter
from ev_emulator.charger.offer import Offer
from ev_emulator.charger.paused import PausedSessions
from ev_emulator.driving.station import Charger, Doors, Station
from ev_emulator.network.tls import TlsIdentity
from ev_emulator.ports import Backend
from ev_emulator.session.events import Event, SessionEnded, SessionFailed
from ev_emulator.session.iso_2.visit import Outlet
from ev_emulator.stand_in.backend import StandIn
from ev_emulator.trace import Recorder, Side
from plugward import home as homes
from plugward import inputs, options, terminal
from plugward.authority import API_KEY_VARIABLE
from plugward.clock import Running
from plugward.commands.ev.options import Trace
from plugward.errors import Complaint
from plugward.ev import addresses, material, operators
from plugward.ev.operators import Csms
from plugward.exit_codes import ExitCode
from plugward.home import Home

PASSWORD_VARIABLE = "PLUGWARD_CSMS_PASSWORD"  # noqa: S105 - a variable's name
_STAND_IN_EMAID = "DE8AA0STAND1N1"


def run(
    listen: Annotated[
        str, typer.Argument(metavar="HOST:PORT", help="where TLS connections are taken")
    ] = "127.0.0.1:15118",
    *,
    interface: Annotated[
        str | None, typer.Option(metavar="NAME", help="answer discovery on this link (SDP)")
    ] = None,
    plain_port: Annotated[
        int | None,
        typer.Option(min=1, max=65_535, help="take connections without TLS here, for EIM"),
    ] = None,
    home: options.Home = None,
    stand_in: Annotated[
        bool,
        typer.Option("--stand-in", help="grow a fresh world into --home, and be its operator too"),
    ] = False,
    authorize_url: Annotated[
        str | None, typer.Option(metavar="URL", help="ask this authorization service")
    ] = None,
    api_key_file: options.ApiKeyFile = None,
    ocsp_url: Annotated[
        str | None, typer.Option(metavar="URL", help="staple from here; else as certificates say")
    ] = None,
    provisioning_url: Annotated[
        str | None, typer.Option(metavar="URL", help="have contracts installed from here")
    ] = None,
    csms: Annotated[
        str | None, typer.Option(metavar="URL", help="ask this CSMS, over OCPP 2.0.1")
    ] = None,
    station: Annotated[str, typer.Option(help="the name at the CSMS")] = "plugward-1",
    password_file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help=f"the password there; else {PASSWORD_VARIABLE}"),
    ] = None,
    evse_id: Annotated[str, typer.Option(help="the outlet")] = "DE*ICE*E45B*78C",
    receipt_every: Annotated[
        int | None, typer.Option(min=1, help="ask for a signed receipt every so many rounds")
    ] = None,
    sessions: Annotated[
        int | None, typer.Option(min=1, help="stop after so many; else on SIGTERM")
    ] = None,
    trace: Trace = False,
) -> int:
    """Be a charger: take vehicles, ask an operator about them, until SIGTERM or SIGINT.

    One line a session goes to stdout: its number and how it ended. The operator is an authorization
    service, a CSMS, or with --stand-in this process itself.
    """
    place = Home(homes.directory(home))
    clock = Running()
    operator: Addresses | Csms | Backend | None = operators.of_options(
        authorize_url=authorize_url,
        api_key=inputs.secret(file=api_key_file, variable=API_KEY_VARIABLE)
        if authorize_url is not None
        else None,
        ocsp_url=ocsp_url,
        provisioning_url=provisioning_url,
        csms=csms,
        station=station,
        password=inputs.secret(file=password_file, variable=PASSWORD_VARIABLE)
        if csms is not None
        else None,
    )
    if stand_in:
        if operator is not None:
            raise Complaint("a charger has one operator", hint="--stand-in alone")
        operator = _stand_in(place, clock)
    if operator is None:
        raise Complaint("no operator", hint="--authorize-url URL, --csms URL, or --stand-in")
    host, port = addresses.split(listen, least=0)
    if interface is not None:
        addresses.known(interface)
    doors = Doors(
        host=host,
        tls_port=port,
        plain=plain_port is not None,
        plain_port=plain_port or 0,
        interface=interface,
    )
    offer = Offer(evse_id=EVSEID.parse(evse_id), receipt_every=receipt_every)
    notes = _Notes(clock, trace=trace, sessions_max=sessions)
    anchors, identity = material.anchors(place), material.charger_identity(place)
    verifier = ChainVerifier(anchors)
    asyncio.run(
        _serve(
            operator=operator,
            doors=doors,
            offer=offer,
            identity=identity,
            verifier=verifier,
            notes=notes,
            clock=clock,
        )
    )
    return ExitCode.YES


async def _serve(
    *,
    operator: Addresses | Csms | Backend,
    doors: Doors,
    offer: Offer,
    identity: TlsIdentity,
    verifier: ChainVerifier,
    notes: "_Notes",
    clock: Running,
) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, notes.stop.set)
    check = ContractCheck(verifier, unknown_root=UnknownRoot.ASK_BACKEND)
    paused = PausedSessions()
    meter = Meter("METER-0001", clock=clock)

    def outlet() -> Outlet:
        return Outlet(
            offer=offer,
            meter=meter,
            contract_check=check,
            paused=paused,
            clock=clock,
            random_bytes=secrets.token_bytes,
        )

    async with operators.reached(operator, clock) as backend:
        charger = Charger(
            identity=identity,
            backend=backend,
            clock=clock,
            outlet_for=outlet,
            doors=doors,
            note=notes.note,
        )
        try:
            async with Station(charger) as serving:
                terminal.say(f"a charger at {doors.host} port {serving.tls_port}")
                await notes.stop.wait()
        except OSError as bad:
            said = (bad.strerror or str(bad)).lower()
            raise Complaint(
                f"cannot listen on {doors.host} port {doors.tls_port}: {said}",
                hint="another address or port",
                exit_code=ExitCode.UNREACHABLE,
            ) from bad


class _Notes:
    """Tells each session's end, and its messages where they are wanted."""

    def __init__(self, clock: Running, *, trace: bool, sessions_max: int | None) -> None:
        self._recorders: defaultdict[int, Recorder] = defaultdict(
            lambda: Recorder(clock.now, messages_of=Side.SECC)
        )
        self._trace = trace
        self._left = sessions_max
        self.stop = asyncio.Event()

    def note(self, session: int, event: Event) -> None:
        if self._trace:
            self._recorders[session].charger(event)
        match event:
            case SessionEnded(session_id=session_id, paused=paused):
                self._end(session, f"{'paused' if paused else 'ended'} {session_id.hex().upper()}")
            case SessionFailed(failure=failure, response_code=word):
                self._end(session, " ".join(filter(None, ("failed", failure.code, word))))
            case _:
                pass

    def _end(self, session: int, how: str) -> None:
        if self._trace:
            for line in captures.lines(self._recorders.pop(session).entries):
                terminal.aside(line)
        terminal.data(f"session {session} {how}")
        terminal.flush()
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                self.stop.set()


def _stand_in(place: Home, clock: Running) -> StandIn:
    """A fresh world, written down for vehicles, and its operator in memory."""
    if Path(place.directory).exists():
        raise Complaint(f"{place.directory} is there already", hint="--home with a new directory")
    world = grow(seed=None, now=clock.now())
    material.write_world(place, world)
    backend = StandIn(world, now=clock.now, random_bytes=secrets.token_bytes, tariffs=True)
    backend.assign(world[Role.OEM_PROVISIONING].certificate.common_name or "", _STAND_IN_EMAID)
    terminal.say(f"a fresh world in {place.directory}; plugward ev charge --home {place.directory}")
    return backend
