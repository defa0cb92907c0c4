"""``plugward ev charge``."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from ev_emulator.driving.plug_in import Vehicle, plug_in
from ev_emulator.framing.sdp import Security
from ev_emulator.trace import Recorder
from ev_emulator.vehicle.intentions import Installation, Intentions, Payment
from ev_emulator.vehicle.trust import Staple
from plugward import home as homes
from plugward import options, terminal
from plugward.clock import Running
from plugward.commands.ev.options import MODES, Loops, Mode, Modes, Pcap, Trace
from plugward.errors import Complaint
from plugward.ev import addresses, material, telling
from plugward.home import Home


def run(
    charger: Annotated[
        str | None, typer.Argument(metavar="HOST:PORT", help="a charger; else --interface")
    ] = None,
    *,
    interface: Annotated[
        str | None, typer.Option(metavar="NAME", help="discover the charger on this link (SDP)")
    ] = None,
    home: options.Home = None,
    contract: Annotated[
        str | None,
        typer.Option(metavar="STEM", help="pay with STEM.pem and STEM.key; else the home's first"),
    ] = None,
    without_contract: Annotated[
        bool, typer.Option("--without-contract", help="arrive with none, and install one")
    ] = False,
    install: Annotated[
        Installation, typer.Option(help="when to ask for a contract certificate")
    ] = Installation.WHEN_MISSING,
    store: Annotated[
        str | None, typer.Option(metavar="DIR", help="write an installed contract here")
    ] = None,
    pay: Annotated[Payment, typer.Option(help="how")] = Payment.CONTRACT,
    mode: Modes = Mode.AC,
    loops: Loops = 3,
    pause: Annotated[bool, typer.Option("--pause", help="end by pausing the session")] = False,
    resume: Annotated[
        str | None, typer.Option(metavar="SESSION", help="join the session paused before")
    ] = None,
    staple: Annotated[
        Staple, typer.Option(help="what to do about a charger without OCSP response")
    ] = Staple.REQUIRE,
    plain: Annotated[
        bool, typer.Option("--plain", help="without TLS; contracts are not shown then")
    ] = False,
    trace: Trace = False,
    pcap: Pcap = None,
    as_json: options.Json = False,
) -> int:
    """Plug a vehicle in at a charger: discovery, TLS, Plug & Charge, charging, and out again.

    Roots, provisioning certificate and contract come from a world's directory, as plugward init
    writes it. Exit status 0 where the visit ends in good order, 1 where either side refuses, 4
    where no charger is met.
    """
    place = Home(homes.directory(home))
    target = addresses.target(charger, interface=interface, plain=plain)
    stems: list[Path] = []
    if not without_contract and pay is Payment.CONTRACT:
        stems = [material.first_contract(place) if contract is None else Path(contract)]
    wallet = material.wallet(place, contracts=stems)
    clock = Running()
    recorder = Recorder(clock.now)
    vehicle = Vehicle(
        wallet=wallet,
        intentions=Intentions(
            payment=pay, installation=install, mode=MODES[mode], loops=loops, pause=pause
        ),
        staple=staple,
        security=Security.NONE if plain else Security.TLS,
        resume=_session(resume),
    )
    outcome = asyncio.run(plug_in(vehicle, target, clock=clock, note=recorder.vehicle))
    if trace:
        telling.show_trace(recorder.entries)
    telling.write_capture(pcap, recorder.entries)
    held = wallet.latest()
    if outcome.installed and store is not None and held is not None:
        stem = material.keep(Path(store), held)
        terminal.say(f"the contract is in {stem}.pem, its key in {stem}.key")
    if as_json:
        terminal.data_json(telling.facts(outcome))
    else:
        telling.show(outcome)
    return telling.exit_code(outcome)


def _session(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != 8:
        raise Complaint(f"{text} is no session identifier", hint="16 hexadecimal digits")
    return found
