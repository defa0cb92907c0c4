"""Whatever the other side says, a session answers, fails or ends: it never raises, and never opens
the power before it is authorized.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certs.profiles.rules import Role
from ev_emulator.framing import v2gtp
from ev_emulator.framing.v2gtp import PayloadType
from ev_emulator.ports import Permitted
from ev_emulator.session.evcc import EvccSession
from ev_emulator.session.events import Asked, Authorized, MessageSent, PowerSwitched
from ev_emulator.session.iso_2 import wire
from ev_emulator.session.iso_2.evcc import Iso2Evcc
from ev_emulator.session.iso_2.secc import Iso2Secc
from ev_emulator.session.iso_2.table import RULEBOOK, TABLE
from ev_emulator.session.secc import SeccSession
from ev_emulator.vehicle.intentions import Intentions
from exi.protocol import Protocol, schema_set
from tests.ev_pair import WORLD, HandClock, Pair, outlet, told, wallet
from tests.exi_messages import elements

SCHEMAS = schema_set(Protocol.ISO_2)
BODIES = {
    declared.__name__: declared
    for declared in SCHEMAS.types()
    if declared.declared.substitutes == "BodyElement"
}
SESSION = (1).to_bytes(8, "big")
MANY = settings(max_examples=12, suppress_health_check=list(HealthCheck))
CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"])


def good(side):
    """The frames of one side of a good session."""
    pair = Pair().run()
    return [
        v2gtp.encode(PayloadType.EXI, sent.payload)
        for sent in told(getattr(pair, side), MessageSent)
    ]


VEHICLES, CHARGERS = good("ev"), good("charger")


def charger(frames=0):
    clock = HandClock()
    session = SeccSession(speakers=[Iso2Secc(outlet(clock), secured=True)], clock=clock)
    events = [*session.begin()]
    for frame in VEHICLES[:frames]:
        events += answered(session, session.receive(frame))
    session.outgoing()
    return session, events


def answered(session, events):
    """These events, and those that the answers to their questions lead to."""
    events = [*events]
    for asked in told(events, Asked):
        events += session.answer(asked.question, Permitted())
    return events


def vehicle(frames=0):
    clock = HandClock()
    carried = wallet(WORLD[Role.CONTRACT])
    speaker = Iso2Evcc(Intentions(), carried, clock=clock, secured=True)
    speaker._heard.contract = carried.contracts[0]  # as if it had been shown
    session = EvccSession(speakers=[speaker], clock=clock)
    session.begin()
    for frame in CHARGERS[:frames]:
        session.receive(frame)
    return session


@given(st.integers(0, len(VEHICLES)), st.lists(st.binary(max_size=40), max_size=4))
def test_v10_charger_survives_any_octets(frames, portions):
    session, _ = charger(frames)
    for portion in portions:
        session.receive(portion)
    session.tick()
    session.connection_lost()
    assert session.over


@given(st.integers(0, len(CHARGERS)), st.lists(st.binary(max_size=40), max_size=4))
def test_v10_vehicle_survives_any_octets(frames, portions):
    session = vehicle(frames)
    for portion in portions:
        session.receive(portion)
    session.tick()
    session.connection_lost()
    assert session.over


@given(
    st.integers(0, len(VEHICLES) - 1), st.integers(8, 400), st.integers(0, 7), st.integers(0, 600)
)
def test_v10_charger_survives_any_flipped_bit(which, octet, bit, cut):
    session, _ = charger(which)
    frame = bytearray(VEHICLES[which])
    frame[octet % len(frame)] ^= 1 << bit
    answered(session, session.receive(bytes(frame[: max(8, cut)])))
    session.tick()


@pytest.mark.parametrize("state", TABLE)
def test_v21_charger_answers_every_request_that_a_message_can_be(state):
    @MANY
    @given(st.data())
    def check(data):
        name = data.draw(st.sampled_from(sorted(TABLE[state])))
        body = data.draw(elements(SCHEMAS, BODIES[name], CHARACTERS))
        session, before = charger(2 if state != RULEBOOK.first else 1)
        session._agreed.walk.state = state
        payload = wire.write(body, session_id=SESSION)
        events = answered(session, session.receive(v2gtp.encode(PayloadType.EXI, payload)))
        if not session.over and not told(events, MessageSent):
            events += session.tick()  # it waits for an answer that does not come
        if not told([*before, *events], Authorized) and "Authorization" in name:
            assert told(events, PowerSwitched) == []
        assert session.over or told(events, MessageSent) or session.wakes_at is not None

    check()


@pytest.mark.parametrize("response", sorted(RULEBOOK.responses.values()))
def test_v21_vehicle_takes_every_response_that_a_message_can_be(response):
    request = next(req for req, res in RULEBOOK.responses.items() if res == response)
    states = [state for state in TABLE if request in TABLE[state]]

    @MANY
    @given(st.data())
    def check(data):
        body = data.draw(elements(SCHEMAS, BODIES[response], CHARACTERS))
        session = vehicle(2)
        session._agreed.walk.state = data.draw(st.sampled_from(states))
        asked = session._asked
        session._asked = type(asked)(
            name=request,
            message=data.draw(elements(SCHEMAS, BODIES[request], CHARACTERS)),
            payload=b"\x80",
        )
        payload = wire.write(body, session_id=SESSION)
        session.receive(v2gtp.encode(PayloadType.EXI, payload))
        assert session.over or session.wakes_at is not None

    check()


@given(st.lists(st.sampled_from(range(len(VEHICLES))), max_size=12))
def test_v21_no_order_of_honest_requests_opens_the_power_unauthorized(order):
    session, events = charger(2)
    for index in order:
        events += answered(session, session.receive(VEHICLES[index]))
    on = [e for e in told(events, PowerSwitched) if e.on]
    if on:
        kinds = [type(event) for event in events]
        assert Authorized in kinds[: events.index(on[0])]
