"""A charger and vehicles over real connections on loopback, at the real time."""

import asyncio
import secrets
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from certs.chain.verifier import ChainVerifier
from certs.hierarchy import grow
from certs.profiles.rules import Role
from ev_emulator.charger.contract_check import ContractCheck
from ev_emulator.charger.meter import Meter
from ev_emulator.charger.offer import Offer
from ev_emulator.charger.paused import PausedSessions
from ev_emulator.driving.plug_in import Direct, Vehicle, plug_in
from ev_emulator.driving.station import Charger, Doors, Station
from ev_emulator.network.tls import TlsIdentity
from ev_emulator.session.iso_2.visit import Outlet
from ev_emulator.stand_in.backend import StandIn
from ev_emulator.vehicle.intentions import Intentions
from tests.ev_pair import EVSE, wallet


class SystemClock:
    """The real time."""

    def seconds(self):
        return time.monotonic()

    def now(self):
        return datetime.now(UTC)


CLOCK = SystemClock()
ONE_LOOP = Intentions(loops=1)


@cache
def world():
    """A world of today, the same for all tests of a process."""
    return grow(seed=None, now=CLOCK.now())


def backend(**options):
    return StandIn(world(), now=CLOCK.now, random_bytes=secrets.token_bytes, **options)


def outlets(offer=None):
    """Outlets that share what an outlet's sessions share."""
    check = ContractCheck(ChainVerifier(world().anchors()))
    paused = PausedSessions()

    def outlet():
        return Outlet(
            offer=offer or Offer(evse_id=EVSE),
            meter=Meter("METER-0001", clock=CLOCK, speed=1000),
            contract_check=check,
            paused=paused,
            clock=CLOCK,
            random_bytes=secrets.token_bytes,
        )

    return outlet


def charger(events=None, *, identity=None, ours=None, offer=None, **doors):
    """A good charger; ``events`` collects what it tells."""
    secc = identity or world()[Role.SECC]
    heard = [] if events is None else events
    return Charger(
        identity=TlsIdentity(chain=secc.chain, private_key=secc.private_key),
        backend=ours or backend(),
        clock=CLOCK,
        outlet_for=outlets(offer),
        doors=Doors(**doors),
        note=lambda _session, event: heard.append(event),
    )


def vehicle(**changes):
    """A good vehicle with the world's contract."""
    carried = wallet(world()[Role.CONTRACT], world=world())
    return replace(Vehicle(wallet=carried, intentions=ONE_LOOP), **changes)


def visit(who=None, *, where=None, events=None):
    """A vehicle visits a charger: the outcome. ``where`` is the Charger."""

    async def run():
        async with Station(where or charger()) as station:
            return await come(who or vehicle(), station, events=events)

    return asyncio.run(run())


async def come(who, station, *, events=None):
    """The outcome of one visit over TLS."""
    heard = [] if events is None else events
    target = Direct(host="127.0.0.1", port=station.tls_port)
    return await plug_in(who, target, clock=CLOCK, note=heard.append)
