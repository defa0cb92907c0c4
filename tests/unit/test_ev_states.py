"""The state table of ISO 15118-2: whole, walked by both sides, and nothing beside it (V21)."""

import pytest

from certs.edition import Edition
from certs.profiles.rules import Role
from ev_emulator.errors import LocalProtocolError
from ev_emulator.framing import v2gtp
from ev_emulator.framing.v2gtp import PayloadType
from ev_emulator.reasons import REASONS, response_word
from ev_emulator.session.events import MessageSent, SessionFailed
from ev_emulator.session.iso_2 import answers, requests, wire
from ev_emulator.session.iso_2.secc import Iso2Secc
from ev_emulator.session.iso_2.table import RULEBOOK, TABLE
from ev_emulator.session.secc import SeccSession
from ev_emulator.session.states import ENDED, FINAL, PAUSED, Rulebook, Walk
from ev_emulator.vehicle.intentions import Installation, Intentions
from exi.codec import decode
from exi.iso2.simple_types import EnergyTransferModeType, responseCodeType
from exi.protocol import Protocol
from tests.ev_pair import EVSE, PCID, WORLD, HandClock, Offer, Pair, outlet, told, wallet

STATES = [state for state in TABLE if state != RULEBOOK.first]
SESSION = (1).to_bytes(8, "big")  # the first that the test's dice give


@pytest.fixture(scope="module")
def samples():
    """A payload of every request, all of the session that begins each pair's life."""
    runs = [
        Pair(
            wallet=wallet(),
            offer=Offer(evse_id=EVSE, receipt_every=1),
        ),
        Pair(intentions=Intentions(mode=EnergyTransferModeType.DC_extended)),
        Pair(
            wallet=wallet(WORLD[Role.CONTRACT]),
            intentions=Intentions(installation=Installation.UPDATE),
        ),
    ]
    runs[0].backend.assign(PCID, "DE8AA00TESTCAR")
    found = {}
    for pair in runs:
        for sent in told(pair.run().ev, MessageSent):
            found[sent.name] = sent.payload
    return found


def in_state(state):
    """A charger's session that has come to this state."""
    clock = HandClock()
    session = SeccSession(speakers=[Iso2Secc(outlet(clock), secured=True)], clock=clock)
    session.begin()
    first = told(Pair().run().ev, MessageSent)[:2]  # handshake and session setup
    for sent in first:
        session.receive(v2gtp.encode(PayloadType.EXI, sent.payload))
    session.outgoing()
    assert session.state == "service_discovery"
    session._agreed.walk.state = state
    return session


def test_every_request_has_a_sample(samples):
    assert set(samples) - {"supportedAppProtocolReq"} == set(RULEBOOK.responses)


@pytest.mark.parametrize("state", STATES)
def test_v21_request_that_may_not_come_now_is_a_sequence_error(state, samples):
    forbidden = [name for name in RULEBOOK.responses if name not in TABLE[state]]
    assert forbidden
    for name in forbidden:
        session = in_state(state)
        events = session.receive(v2gtp.encode(PayloadType.EXI, samples[name]))
        (failed,) = told(events, SessionFailed)
        assert failed.failure.code == "session.sequence"
        assert session.over
        (sent,) = told(events, MessageSent)
        body = decode(sent.payload, Protocol.ISO_2).Body.BodyElement
        assert type(body).__name__ == RULEBOOK.responses[name]
        assert body.ResponseCode is responseCodeType.FAILED_SequenceError


@pytest.mark.parametrize("state", STATES)
def test_v23_request_of_another_session_is_refused_whatever_it_asks(state, samples):
    for name in RULEBOOK.responses.keys() - {"SessionSetupReq"}:
        session = in_state(state)
        session._session_id = b"another!"
        events = session.receive(v2gtp.encode(PayloadType.EXI, samples[name]))
        (failed,) = told(events, SessionFailed)
        assert (failed.failure.code, failed.response_code) == (
            "session.unknown",
            "FAILED_UnknownSession",
        )


def test_v21_pause_and_power_where_the_table_has_no_way_are_sequence_errors():
    for state, name, outcome in (
        ("service_discovery", "SessionStopReq", "pause"),
        ("ac_charging", "PowerDeliveryReq", "start"),
        ("dc_ready", "PowerDeliveryReq", "renegotiate"),
    ):
        assert outcome not in TABLE[state][name]
        session = in_state(state)
        body = {
            "pause": lambda: requests.session_stop(pause=True),
            "start": lambda: power("Start"),
            "renegotiate": lambda: power("Renegotiate"),
        }[outcome]()
        payload = wire.write(body, session_id=SESSION)
        events = session.receive(v2gtp.encode(PayloadType.EXI, payload))
        (failed,) = told(events, SessionFailed)
        assert failed.response_code == "FAILED_SequenceError"


def power(progress):
    return requests.power_delivery(progress, schedule=1, watts_max=1, wants=Intentions())


def test_every_state_is_reached_and_every_road_ends():
    reached, ahead = set(), {RULEBOOK.first}
    while ahead:
        state = ahead.pop()
        reached.add(state)
        for ways in TABLE.get(state, {}).values():
            ahead |= set(ways.values()) - reached
    assert reached == set(TABLE) | FINAL


def test_authorization_cannot_be_walked_around():
    """No way from the selection of a payment to charge parameters but through an authorization."""
    for state, ways in TABLE.items():
        for request, outcomes in ways.items():
            if "charge_parameters" in outcomes.values() and state != "charge_parameters":
                assert request == "AuthorizationReq"


def test_walk_takes_only_the_tables_ways():
    walk = Walk(RULEBOOK)
    assert walk.permits("SessionSetupReq")
    assert not walk.permits("ServiceDiscoveryReq")
    with pytest.raises(LocalProtocolError):
        walk.advance("SessionSetupReq", "ongoing")
    walk.advance("SessionSetupReq", "ok")
    walk.advance("SessionStopReq", "terminate")
    assert walk.over
    assert not walk.permits("SessionStopReq")


@pytest.mark.parametrize(
    ("table", "responses"),
    [({"a": {"X": {"ok": "nowhere"}}}, {"X": "Y"}), ({"a": {"X": {"ok": ENDED}}}, {})],
)
def test_rulebook_with_a_hole_is_not_made(table, responses):
    with pytest.raises(LocalProtocolError):
        Rulebook(
            edition=Edition.ISO_2,
            namespace="urn:test",
            version=(1, 0),
            first="a",
            table=table,
            responses=responses,
            payload_types={},
            response_seconds=dict.fromkeys(responses, 1.0),
            dwell_seconds={},
            sequence_seconds=1.0,
        )


def test_timeouts_are_those_of_the_standard():
    seconds = RULEBOOK.response_seconds
    assert {name for name in seconds if seconds[name] == 5} == {
        "ServiceDetailReq",
        "PaymentDetailsReq",
        "CertificateInstallationReq",
        "CertificateUpdateReq",
        "PowerDeliveryReq",
    }
    assert seconds["CurrentDemandReq"] == 0.25
    assert {seconds[name] for name in seconds} == {0.25, 2, 5}
    assert RULEBOOK.sequence_seconds == 60
    assert PAUSED in FINAL


def test_every_response_can_be_failing_with_every_failure():
    failing = [code for code in responseCodeType if code.value.startswith("FAILED")]
    assert set(answers.FAILING) == set(RULEBOOK.responses)
    for request, make in answers.FAILING.items():
        for code in failing:
            body = make(code)
            assert type(body).__name__ == RULEBOOK.responses[request]
            assert wire.write(body, session_id=SESSION)


def test_reasons_have_words_that_their_editions_have():
    for reason in REASONS.values():
        assert reason.iso_2 == "" or reason.iso_2 in responseCodeType.__members__
        assert reason.title
        assert bool(reason.iso_2) == bool(reason.iso_20)
    with pytest.raises(KeyError):
        response_word("no.such_reason", Edition.ISO_2)


def test_words_that_a_response_cannot_say_become_failed():
    assert answers.word("AuthorizationReq", "FAILED_CertificateExpired") == "FAILED"
    assert answers.word("AuthorizationReq", "FAILED_ChallengeInvalid") == "FAILED_ChallengeInvalid"
    assert answers.word("SessionStopReq", "WARNING_Whatever") == "FAILED"
