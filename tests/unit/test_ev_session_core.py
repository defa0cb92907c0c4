"""Both sides of the session core under bad input, silence and impatience."""

from dataclasses import replace

import pytest

from certs.edition import Edition
from ev_emulator.errors import LocalProtocolError
from ev_emulator.framing import v2gtp
from ev_emulator.framing.v2gtp import PayloadType
from ev_emulator.ports import ContractQuestion, Permitted
from ev_emulator.session import handshake
from ev_emulator.session.evcc import EvccSession
from ev_emulator.session.events import (
    Asked,
    MessageReceived,
    MessageSent,
    ProtocolAgreed,
    SessionFailed,
)
from ev_emulator.session.iso_2 import requests, wire
from ev_emulator.session.iso_2.evcc import Iso2Evcc
from ev_emulator.session.iso_2.secc import Iso2Secc
from ev_emulator.session.iso_2.table import RULEBOOK
from ev_emulator.session.secc import EARLY_FRAMES_MAX, SeccSession
from ev_emulator.vehicle.intentions import Intentions
from exi.app_protocol import (
    AppProtocolType,
    responseCodeType,
    supportedAppProtocolReq,
    supportedAppProtocolRes,
)
from exi.codec import decode, encode
from exi.iso2.message import BodyType, V2G_Message
from exi.protocol import Protocol
from tests.ev_pair import (
    WORLD,
    HandClock,
    Pair,
    Role,
    failure,
    names,
    on,
    outlet,
    told,
    wallet,
    with_body,
)

GOOD = {}


def frame(payload, payload_type=PayloadType.EXI):
    return v2gtp.encode(payload_type, payload)


def sent_by_vehicle():
    """The frames of a good vehicle, in order; the same in every run."""
    if not GOOD:
        GOOD["frames"] = [frame(s.payload) for s in told(Pair().run().ev, MessageSent)]
    return GOOD["frames"]


def secc():
    clock = HandClock()
    session = SeccSession(speakers=[Iso2Secc(outlet(clock), secured=True)], clock=clock)
    session.begin()
    return session, clock


def evcc(**changes):
    clock = HandClock()
    carried = wallet(WORLD[Role.CONTRACT])
    speaker = Iso2Evcc(Intentions(**changes), carried, clock=clock, secured=True)
    return EvccSession(speakers=[speaker], clock=clock), clock


def answer(code=responseCodeType.OK_SuccessfulNegotiation, schema_id=1):
    return frame(encode(supportedAppProtocolRes(ResponseCode=code, SchemaID=schema_id)))


# Frames


def test_v08_two_requests_in_one_read_are_both_answered():
    session, _ = secc()
    events = session.receive(b"".join(sent_by_vehicle()[:3]))
    assert names(events)[1::2] == [
        "supportedAppProtocolRes",
        "SessionSetupRes",
        "ServiceDiscoveryRes",
    ]
    assert not session.over


def test_requests_that_come_while_one_is_open_wait_for_their_turn():
    session, _ = secc()
    frames = sent_by_vehicle()
    events = session.receive(b"".join(frames[:6]))  # up to AuthorizationReq, unasked for
    (asked,) = told(events, Asked)
    assert isinstance(asked.question, ContractQuestion)
    events = session.answer(asked.question, Permitted())
    assert [m.name for m in told(events, MessageSent)] == ["PaymentDetailsRes", "AuthorizationRes"]


def test_flood_of_requests_while_one_is_open_ends_the_session():
    session, _ = secc()
    frames = sent_by_vehicle()
    session.receive(b"".join(frames[:5]))
    events = session.receive(frames[5] * (EARLY_FRAMES_MAX + 1))
    assert failure(events) == ("session.flooded", "")


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "frame.malformed"),
        (bytes.fromhex("01fe8001ffffffff"), "frame.malformed"),
        (frame(bytes(2), PayloadType.SDP_REQUEST), "frame.payload_type"),
        (frame(b"\x80\xff\xff"), "message.malformed"),
        (frame(b"\x00"), "message.malformed"),
    ],
    ids=["garbage", "V03-length", "V07-type", "V10-exi", "V17-header"],
)
@pytest.mark.parametrize("after", [0, 1, 3])
def test_garbage_ends_the_session_and_no_more(octets, code, after):
    session, _ = secc()
    session.receive(b"".join(sent_by_vehicle()[:after]))
    events = session.receive(octets)
    assert failure(events) == (code, "")
    assert session.over
    assert session.receive(octets) == ()
    assert session.wakes_at is None


def test_garbage_behind_an_open_request_waits_for_its_reply():
    session, _ = secc()
    frames = sent_by_vehicle()
    events = session.receive(b"".join(frames[:5]) + b"garbage")
    (asked,) = told(events, Asked)
    assert not session.over
    events = session.answer(asked.question, Permitted())
    assert [m.name for m in told(events, MessageSent)] == ["PaymentDetailsRes"]
    assert failure(events) == ("frame.malformed", "")


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "frame.malformed"),
        (frame(bytes(2), PayloadType.SDP_REQUEST), "frame.payload_type"),
        (frame(b"\x80\xff\xff"), "message.malformed"),
    ],
)
@pytest.mark.parametrize("agreed", [False, True])
def test_vehicle_gives_up_on_garbage(octets, code, agreed):
    session, _ = evcc()
    session.begin()
    if agreed:
        session.receive(answer())
    assert failure(session.receive(octets)) == (code, "")
    assert session.over
    assert session.receive(octets) == ()
    assert session.tick() == ()


def test_message_without_a_body_is_malformed():
    session, _ = secc()
    session.receive(b"".join(sent_by_vehicle()[:2]))
    header = decode(sent_by_vehicle()[1][8:], Protocol.ISO_2).Header
    empty = encode(V2G_Message(Header=header, Body=BodyType()))
    assert failure(session.receive(frame(empty))) == ("message.malformed", "")


def test_response_in_place_of_a_request_is_malformed():
    session, _ = secc()
    session.receive(b"".join(sent_by_vehicle()[:2]))
    (response,) = [
        s for s in told(Pair().run().charger, MessageSent) if s.name == "SessionSetupRes"
    ]
    assert failure(session.receive(frame(response.payload))) == ("message.malformed", "")


# The handshake


def sap(*namespaces, minor=0):
    return frame(
        encode(
            supportedAppProtocolReq(
                AppProtocol=tuple(
                    AppProtocolType(
                        ProtocolNamespace=namespace,
                        VersionNumberMajor=2,
                        VersionNumberMinor=minor,
                        SchemaID=index + 10,
                        Priority=index + 1,
                    )
                    for index, namespace in enumerate(namespaces)
                )
            )
        )
    )


def chosen(events):
    (sent,) = told(events, MessageSent)
    return decode(sent.payload, Protocol.SAP)


def test_charger_chooses_the_protocol_that_both_speak():
    session, _ = secc()
    events = session.receive(sap("urn:din:70121:2012:MsgDef", RULEBOOK.namespace))
    assert chosen(events) == supportedAppProtocolRes(
        ResponseCode=responseCodeType.OK_SuccessfulNegotiation, SchemaID=11
    )
    assert told(events, ProtocolAgreed) == [
        ProtocolAgreed(edition=Edition.ISO_2, namespace=RULEBOOK.namespace)
    ]


def test_other_minor_version_is_a_minor_deviation():
    session, _ = secc()
    events = session.receive(sap(RULEBOOK.namespace, minor=7))
    code = responseCodeType.OK_SuccessfulNegotiationWithMinorDeviation
    assert chosen(events).ResponseCode is code
    assert not session.over


def test_charger_that_shares_no_protocol_says_so_and_closes():
    session, _ = secc()
    events = session.receive(sap("urn:din:70121:2012:MsgDef"))
    assert chosen(events).ResponseCode is responseCodeType.Failed_NoNegotiation
    assert failure(events) == ("handshake.no_protocol", "")


def test_handshakes_response_in_place_of_its_request_is_malformed():
    session, _ = secc()
    assert failure(session.receive(answer())) == ("message.malformed", "")


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (answer(responseCodeType.Failed_NoNegotiation, None), "handshake.no_protocol"),
        (answer(schema_id=9), "handshake.no_protocol"),
        (sap(RULEBOOK.namespace), "message.malformed"),
    ],
)
def test_vehicle_gives_up_where_nothing_was_agreed(reply, code):
    session, _ = evcc()
    session.begin()
    assert failure(session.receive(reply)) == (code, "")


def test_schema_id_may_be_left_out_where_there_was_one_choice():
    session, _ = evcc()
    session.begin()
    assert told(session.receive(answer(schema_id=None)), ProtocolAgreed) != []


def test_schema_id_may_not_be_left_out_where_there_were_two():
    payload = encode(
        supportedAppProtocolRes(ResponseCode=responseCodeType.OK_SuccessfulNegotiation)
    )
    assert handshake.chosen(payload, ["one", "other"]) is None


# Time


def test_charger_gives_up_on_a_vehicle_that_says_nothing():
    session, clock = secc()
    assert session.wakes_at == clock.seconds() + handshake.REQUEST_SECONDS
    assert session.tick() == ()
    clock.move(handshake.REQUEST_SECONDS)
    assert failure(session.tick()) == ("timeout.sequence", "")


def test_v02_charger_gives_up_on_half_a_header():
    session, clock = secc()
    session.receive(sent_by_vehicle()[0][:7])
    clock.move(handshake.REQUEST_SECONDS)
    assert failure(session.tick()) == ("timeout.sequence", "")


def test_charger_gives_up_on_a_vehicle_that_falls_silent():
    session, clock = secc()
    session.receive(b"".join(sent_by_vehicle()[:3]))
    clock.move(59.9)
    assert session.tick() == ()
    clock.move(0.2)
    assert failure(session.tick()) == ("timeout.sequence", "")
    assert session.tick() == ()


@pytest.mark.parametrize(
    ("lost", "seconds"),
    [
        ("ServiceDiscoveryRes", 2),
        ("PaymentDetailsRes", 5),
        ("ChargingStatusRes", 2),
    ],
)
def test_vehicle_gives_up_on_a_response_that_does_not_come(lost, seconds):
    pair = Pair(tamper=on(lost, lambda _message: None)).run()
    assert failure(pair.ev) == ("timeout.response", "")
    assert pair.clock.seconds() - 1000 == pytest.approx(seconds)


def test_vehicle_gives_up_on_a_handshake_that_is_not_answered():
    session, clock = evcc()
    session.begin()
    clock.move(handshake.RESPONSE_SECONDS)
    assert failure(session.tick()) == ("timeout.response", "")


def test_vehicle_gives_up_on_a_session_that_is_not_set_up():
    session, clock = evcc()
    session.begin()
    clock.move(1.9)
    session.receive(answer())
    clock._seconds += handshake.SETUP_SECONDS
    assert failure(session.tick()) == ("timeout.setup", "")


def test_vehicle_waits_between_polls_and_does_not_take_an_early_word():
    pair = Pair(answers=lambda _question: None)
    pair.secc.begin()
    session = pair.evcc
    session.begin()
    clock = pair.clock
    while session.state != "contract_pending":
        request, response = session.outgoing(), pair.secc.outgoing()
        pair.secc.receive(request)
        session.receive(response)
        if not request and not response:  # the charger waits for its backend
            clock.move(pair.secc.wakes_at - clock.seconds())
            pair.secc.tick()
    assert session.state == "contract_pending"
    assert session.outgoing() == b""  # it waits
    early = told(Pair().run().charger, MessageSent)[-1]
    assert failure(session.receive(frame(early.payload))) == ("session.response_unexpected", "")


# Answers that do not fit


def test_vehicle_does_not_take_another_response():
    pair = Pair(
        tamper=on(
            "ServiceDiscoveryRes",
            lambda m: wire.write(requests.service_discovery(), session_id=m.Header.SessionID),
        )
    ).run()
    assert failure(pair.ev) == ("session.response_unexpected", "")


def test_v23_vehicle_does_not_take_a_response_of_another_session():
    other = b"another!"
    pair = Pair(
        tamper=on(
            "ServiceDiscoveryRes", lambda m: replace(m, Header=replace(m.Header, SessionID=other))
        )
    ).run()
    assert failure(pair.ev) == ("session.unknown", "")


def test_vehicle_does_not_take_a_session_without_identifier():
    zeros = bytes(8)
    pair = Pair(
        tamper=on(
            "SessionSetupRes", lambda m: replace(m, Header=replace(m.Header, SessionID=zeros))
        )
    ).run()
    assert failure(pair.ev) == ("session.unknown", "")


def test_vehicle_does_not_join_what_nobody_paused():
    pair = Pair(
        tamper=on("SessionSetupRes", lambda m: with_body(m, ResponseCode="OK_OldSessionJoined"))
    ).run()
    assert failure(pair.ev) == ("session.unknown", "")


def test_vehicle_does_not_take_an_outcome_that_the_state_does_not_have():
    pair = Pair()
    taken = pair.evcc._speakers[0].hear
    pair.evcc._speakers[0].hear = lambda request, response: replace(
        taken(request, response), outcome="whatever"
    )
    assert failure(pair.run().ev) == ("session.outcome_unexpected", "")


@pytest.mark.parametrize("session_id", [b"\x00", bytes(4), bytes(8)])
def test_identifier_of_zeros_of_any_length_asks_for_a_new_session(session_id):
    pair = Pair(
        tamper=on(
            "SessionSetupReq",
            lambda m: replace(m, Header=replace(m.Header, SessionID=session_id)),
        )
    ).run()
    assert failure(pair.ev) is None


def test_connection_that_breaks_ends_both_sides():
    for session, _ in (secc(), evcc()):
        session.begin()
        assert failure(session.connection_lost()) == ("session.closed", "")
        assert session.connection_lost() == ()


def test_answer_after_the_end_is_forgotten():
    session, _ = secc()
    events = session.receive(b"".join(sent_by_vehicle()[:5]))
    (asked,) = told(events, Asked)
    session.connection_lost()
    assert session.answer(asked.question, Permitted()) == ()


def test_late_answer_about_the_authorization_is_kept_for_the_next_request():
    session, clock = secc()
    frames = sent_by_vehicle()
    (asked,) = told(session.receive(b"".join(frames[:5])), Asked)
    clock.move(1)
    assert [m.name for m in told(session.tick(), MessageSent)] == ["PaymentDetailsRes"]
    assert session.answer(asked.question, Permitted()) == ()
    events = session.receive(frames[5])
    assert [m.name for m in told(events, MessageSent)] == ["AuthorizationRes"]


def test_what_is_no_answer_is_our_own_fault():
    session, _ = secc()
    (asked,) = told(session.receive(b"".join(sent_by_vehicle()[:5])), Asked)
    with pytest.raises(TypeError):
        session.answer(asked.question, "yes")


def test_speakers_refuse_to_be_misused():
    _, clock = secc()
    with pytest.raises(LocalProtocolError):
        Iso2Secc(outlet(clock), secured=True).overdue()
    speaker = Iso2Evcc(Intentions(), wallet(), clock=clock, secured=True)
    with pytest.raises(LocalProtocolError):
        speaker.speak("nowhere", None)
    with pytest.raises(LocalProtocolError):
        speaker.speak("contract_challenged", None)


def test_received_messages_are_told_with_their_octets():
    session, _ = secc()
    events = session.receive(sent_by_vehicle()[0])
    (received,) = told(events, MessageReceived)
    assert frame(received.payload) == sent_by_vehicle()[0]
    assert told(events, SessionFailed) == []
