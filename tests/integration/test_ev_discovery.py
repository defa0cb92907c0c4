"""Discovery by multicast on a real link: our vehicle finds our charger."""

import asyncio
import threading

import pytest

from ev_emulator.driving.plug_in import Discovered, plug_in
from ev_emulator.driving.station import Station
from ev_emulator.framing.sdp import Security
from ev_emulator.session.events import SessionOpened
from ev_emulator.vehicle.intentions import Intentions, Payment
from tests.ev_link import CLOCK, charger, vehicle
from tests.ev_pair import told
from tests.netns_link import Link

pytestmark = pytest.mark.needs("netns")


@pytest.fixture(scope="module")
def link():
    with Link() as made:
        yield made


def discover(link, who, **doors):
    """Serve at one end, visit at the other: the outcome, and what the charger heard."""
    heard, ready, done = [], threading.Event(), threading.Event()

    async def serve():
        where = charger(heard, host="::", interface=link.there, **doors)
        async with Station(where):
            ready.set()
            await asyncio.to_thread(done.wait)

    async def visit():
        return await plug_in(who, Discovered(interface=link.here), clock=CLOCK)

    serving = threading.Thread(target=link.run, args=[serve], kwargs={"there": True})
    serving.start()
    try:
        assert ready.wait(timeout=10)
        return link.run(visit), heard
    finally:
        done.set()
        serving.join(timeout=10)


def test_vehicle_discovers_the_charger_and_pays_by_contract(link):
    outcome, heard = discover(link, vehicle())
    assert outcome.good
    assert outcome.authorized
    assert len(told(heard, SessionOpened)) == 1


def test_k15_request_for_no_tls_is_answered_with_tls_where_plain_is_not_taken(link):
    wants = Intentions(payment=Payment.EXTERNAL, loops=1)
    outcome, _ = discover(link, vehicle(intentions=wants, security=Security.NONE))
    assert outcome.good
    assert "secured" in outcome.marks


def test_request_for_no_tls_finds_the_plain_door_where_there_is_one(link):
    wants = Intentions(payment=Payment.EXTERNAL, loops=1)
    outcome, _ = discover(link, vehicle(intentions=wants, security=Security.NONE), plain=True)
    assert outcome.good
    assert "secured" not in outcome.marks


def test_k15_contract_finds_no_plain_door_even_where_there_is_one(link):
    outcome, _ = discover(link, vehicle(security=Security.NONE), plain=True)
    assert outcome.failure.code == "link.not_secured"
