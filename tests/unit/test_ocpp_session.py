"""A station's conversation, without a socket: every rule of OCPP-J that a peer may break."""

import json
from itertools import count

import pytest

from authz.ocpp.frames import Call, Send
from authz.ocpp.protocol import CallErrorCode, CallRefused, OcppVersion
from authz.ocpp.session import (
    ANSWER_KEPT_SECONDS,
    ANSWERS_KEPT_MAX,
    ASKS_WAITING_MAX,
    BROKEN_IN_A_ROW_MAX,
    CALLS_WAITING_MAX,
    Begin,
    Close,
    Deliver,
    Failed,
    Noted,
    Oddity,
    Refused,
    Say,
    Session,
    Told,
)

V16, V201, V21 = OcppVersion.V16, OcppVersion.V201, OcppVersion.V21
NOW = b'{"currentTime":"2026-11-21T05:00:00Z"}'
RESET = b'{"type":"Immediate"}'


def session(version=V201):
    numbers = count(1)
    return Session(version, new_id=lambda: f"ours-{next(numbers)}")


def hear(s, *elements, now=0.0):
    return s.hear(json.dumps(elements).encode(), now=now)


def said(events):
    return [json.loads(event.octets) for event in events if isinstance(event, Say)]


def noted(events):
    return [event.oddity for event in events if isinstance(event, Noted)]


def begun(events):
    return [event.call for event in events if isinstance(event, Begin)]


def test_a_call_is_begun_and_answered_under_its_id():
    s = session()
    (call,) = begun(hear(s, 2, "a", "Heartbeat", {}))
    assert call == Call(message_id="a", action="Heartbeat", payload=b"{}")
    assert said(s.answer(call, NOW, now=0.0)) == [[3, "a", json.loads(NOW)]]


def test_calls_are_answered_one_after_the_other():
    s = session()
    (first,) = begun(hear(s, 2, "a", "Heartbeat", {}))
    assert hear(s, 2, "b", "Heartbeat", {}) == []
    events = s.answer(first, NOW, now=0.0)
    assert [frame[1] for frame in said(events)] == ["a"]
    (second,) = begun(events)
    assert second.message_id == "b"
    assert begun(s.answer(second, NOW, now=0.0)) == []


def test_too_many_open_calls_are_refused_and_the_rest_still_answered():
    s = session()
    (call,) = begun(hear(s, 2, "a", "Heartbeat", {}))
    for number in range(CALLS_WAITING_MAX):
        assert hear(s, 2, str(number), "Heartbeat", {}) == []
    events = hear(s, 2, "one-too-many", "Heartbeat", {})
    assert noted(events) == [Oddity.OVERRUN]
    assert said(events)[0][:3] == [4, "one-too-many", "GenericError"]
    answered = []
    while call is not None:
        events = s.answer(call, NOW, now=0.0)
        answered += [frame[1] for frame in said(events)]
        call = next(iter(begun(events)), None)
    assert answered == ["a", *map(str, range(CALLS_WAITING_MAX))]


def test_a_repeated_call_is_answered_alike_and_not_begun_again():
    s = session()
    (call,) = begun(hear(s, 2, "a", "Heartbeat", {}))
    assert noted(hear(s, 2, "a", "Heartbeat", {})) == [Oddity.REPEATED]  # while it is answered
    first = said(s.answer(call, NOW, now=0.0))
    events = hear(s, 2, "a", "Heartbeat", {}, now=1.0)
    assert (noted(events), said(events), begun(events)) == ([Oddity.REPEATED], first, [])


def test_a_refusal_is_repeated_too():
    s = session()
    (call,) = begun(hear(s, 2, "a", "Heartbeat", {}))
    refusal = CallRefused(CallErrorCode.NOT_SUPPORTED, "not here")
    first = said(s.refuse(call, refusal, now=0.0))
    assert first == [[4, "a", "NotSupported", "not here", {}]]
    assert said(hear(s, 2, "a", "Heartbeat", {})) == first


def test_a_waiting_call_that_is_repeated_waits_once():
    s = session()
    (call,) = begun(hear(s, 2, "a", "Heartbeat", {}))
    hear(s, 2, "b", "Heartbeat", {})
    assert noted(hear(s, 2, "b", "Heartbeat", {})) == [Oddity.REPEATED]
    (second,) = begun(s.answer(call, NOW, now=0.0))
    assert begun(s.answer(second, NOW, now=0.0)) == []


def test_another_call_under_a_used_id_is_refused():
    s = session()
    (call,) = begun(hear(s, 2, "a", "Heartbeat", {}))
    s.answer(call, NOW, now=0.0)
    events = hear(s, 2, "a", "Heartbeat", {"customData": {"vendorId": "v"}})
    assert noted(events) == [Oddity.ID_REUSED]
    assert said(events)[0][:3] == [4, "a", "RpcFrameworkError"]
    assert begun(events) == []


def test_an_old_answer_is_not_told_again():
    """What was accepted two minutes ago may be revoked now."""
    s = session()
    (call,) = begun(hear(s, 2, "a", "Heartbeat", {}))
    s.answer(call, NOW, now=0.0)
    assert len(begun(hear(s, 2, "a", "Heartbeat", {}, now=ANSWER_KEPT_SECONDS))) == 1


def test_few_answers_are_kept():
    s = session()
    for number in range(ANSWERS_KEPT_MAX + 1):
        (call,) = begun(hear(s, 2, str(number), "Heartbeat", {}))
        s.answer(call, NOW, now=0.0)
    assert noted(hear(s, 2, "1", "Heartbeat", {})) == [Oddity.REPEATED]
    assert len(begun(hear(s, 2, "0", "Heartbeat", {}))) == 1


def test_large_answers_push_out_older_ones():
    s = session()
    question = {
        "ocspRequestData": {
            "hashAlgorithm": "SHA256",
            "issuerNameHash": "a" * 64,
            "issuerKeyHash": "b" * 64,
            "serialNumber": "1",
            "responderURL": "http://ocsp.example",
        }
    }
    large = json.dumps({"status": "Accepted", "ocspResult": "x" * 5_500}).encode()
    for number in range(7):
        (call,) = begun(hear(s, 2, str(number), "GetCertificateStatus", question))
        s.answer(call, large, now=0.0)
    assert noted(hear(s, 2, "6", "GetCertificateStatus", question)) == [Oddity.REPEATED]
    assert len(begun(hear(s, 2, "0", "GetCertificateStatus", question))) == 1


def test_a_payload_that_breaks_its_schema_reaches_nobody():
    s = session()
    events = hear(s, 2, "a", "Authorize", {})
    assert said(events)[0][:3] == [4, "a", "OccurrenceConstraintViolation"]
    assert events[0] == Refused(action="Authorize", error_code="OccurrenceConstraintViolation")
    assert begun(events) == []


def test_an_answer_that_breaks_its_schema_never_leaves():
    s = session()
    (call,) = begun(hear(s, 2, "a", "Heartbeat", {}))
    events = s.answer(call, b'{"currentTime":5}', now=0.0)
    assert noted(events) == [Oddity.ANSWER_UNFIT]
    assert said(events)[0][:3] == [4, "a", "InternalError"]


@pytest.mark.parametrize(
    ("version", "text", "answer"),
    [
        (V201, "nonsense", [4, "-1", "RpcFrameworkError"]),
        (V21, '[2,"a"]', [4, "a", "RpcFrameworkError"]),
        (V201, '[9,"a",{}]', [4, "a", "MessageTypeNotSupported"]),
        (V201, '[6,"a","NotifyPeriodicEventStream",{}]', [4, "a", "MessageTypeNotSupported"]),
        (V201, '[5,"a","GenericError","",{}]', [4, "a", "MessageTypeNotSupported"]),
        (V201, '[2,"a","SwitchOff",{}]', [4, "a", "NotImplemented"]),
        (V16, '[2,"a"]', [4, "a", "ProtocolError"]),
        (V16, "nonsense", None),
        (V16, '[9,"a",{}]', None),
        (V201, '[3,"a",null]', None),
        (V201, '[4,"a"]', None),
    ],
)
def test_broken_frames_have_the_answers_of_their_version(version, text, answer):
    told = said(session(version).hear(text.encode(), now=0.0))
    assert [frame[:3] for frame in told] == ([] if answer is None else [answer])


def test_a_peer_that_speaks_something_else_is_left():
    s = session()
    for _ in range(BROKEN_IN_A_ROW_MAX):
        assert not any(isinstance(e, Close) for e in s.hear(b"GET / HTTP/1.1", now=0.0))
    assert Close(code=1008, reason="this is not OCPP") in s.hear(b"GET /", now=0.0)


def test_one_whole_call_is_forgiveness():
    s = session()
    for number in range(3 * BROKEN_IN_A_ROW_MAX):
        events = s.hear(b"oops", now=0.0)
        (call,) = begun(hear(s, 2, str(number), "Heartbeat", {}))
        s.answer(call, NOW, now=0.0)
        assert not any(isinstance(event, Close) for event in events)


def test_we_have_one_call_open_and_the_others_wait():
    s = session()
    assert said(s.ask(1, "Reset", RESET)) == [[2, "ours-1", "Reset", {"type": "Immediate"}]]
    assert s.ask(2, "Reset", RESET) == []
    told, say = hear(s, 3, "ours-1", {"status": "Accepted"})
    assert told == Told(ticket=1, payload=b'{"status": "Accepted"}')
    assert said([say])[0][1] == "ours-2"
    assert hear(s, 3, "ours-2", {"status": "Rejected"}) == [
        Told(ticket=2, payload=b'{"status": "Rejected"}')
    ]


def test_our_call_and_the_station_s_do_not_wait_for_each_other():
    s = session()
    (call,) = begun(hear(s, 2, "a", "Heartbeat", {}))
    assert said(s.ask(1, "Reset", RESET))
    assert isinstance(hear(s, 3, "ours-1", {"status": "Accepted"})[0], Told)
    assert said(s.answer(call, NOW, now=0.0))[0][:2] == [3, "a"]


def test_a_station_s_error_is_the_outcome_of_our_call():
    s = session()
    s.ask(1, "Reset", RESET)
    (failed,) = hear(s, 4, "ours-1", "NotSupported", "no", {})
    assert failed == Failed(ticket=1, error_code="NotSupported", description="no")


def test_an_answer_nobody_asked_for_is_ignored_and_counted():
    s = session()
    assert noted(hear(s, 3, "ours-1", {"status": "Accepted"})) == [Oddity.UNSOLICITED]
    assert noted(hear(s, 4, "ours-1", "NotSupported", "", {})) == [Oddity.UNSOLICITED]
    s.ask(1, "Reset", RESET)
    assert noted(hear(s, 3, "another", {"status": "Accepted"})) == [Oddity.UNSOLICITED]
    assert isinstance(hear(s, 3, "ours-1", {"status": "Accepted"})[0], Told)


def test_a_late_answer_is_unsolicited_and_the_next_call_goes_out():
    s = session()
    s.ask(1, "Reset", RESET)
    s.ask(2, "Reset", RESET)
    assert said(s.give_up(1))[0][1] == "ours-2"
    assert noted(hear(s, 3, "ours-1", {"status": "Accepted"})) == [Oddity.UNSOLICITED]
    assert isinstance(hear(s, 3, "ours-2", {"status": "Accepted"})[0], Told)


def test_a_call_given_up_while_it_waited_never_goes_out():
    s = session()
    s.ask(1, "Reset", RESET)
    s.ask(2, "Reset", RESET)
    assert s.give_up(2) == []
    assert s.give_up(3) == []
    assert len(hear(s, 3, "ours-1", {"status": "Accepted"})) == 1


@pytest.mark.parametrize(("version", "answers"), [(V201, []), (V21, [[5, "ours-1"]])])
def test_a_result_that_breaks_its_schema_fails_our_call(version, answers):
    s = session(version)
    s.ask(1, "Reset", RESET)
    events = hear(s, 3, "ours-1", {"status": "Perhaps"})
    assert Failed(
        ticket=1, error_code="PropertyConstraintViolation", description="status: enum"
    ) in (events)
    assert [frame[:2] for frame in said(events)] == answers


def test_a_result_that_is_no_frame_fails_our_call_at_once():
    s = session()
    s.ask(1, "Reset", RESET)
    failed = [e for e in hear(s, 3, "ours-1", None) if isinstance(e, Failed)]
    assert [(f.ticket, f.error_code) for f in failed] == [(1, "FormatViolation")]


def test_what_the_version_does_not_have_is_never_sent():
    s = session()
    with pytest.raises(CallRefused) as refused:
        s.ask(1, "ChangeConfiguration", b"{}")
    assert refused.value.code is CallErrorCode.NOT_IMPLEMENTED
    with pytest.raises(CallRefused):
        s.ask(1, "Reset", b'{"type":"Gently"}')
    assert said(s.ask(1, "Reset", RESET))[0][1] == "ours-1"


def test_few_of_our_calls_wait():
    s = session()
    for ticket in range(ASKS_WAITING_MAX + 1):
        s.ask(ticket, "Reset", RESET)
    with pytest.raises(CallRefused) as refused:
        s.ask(99, "Reset", RESET)
    assert refused.value.code is CallErrorCode.GENERIC_ERROR


def test_2_1_what_nobody_answers_is_delivered():
    s = session(V21)
    stream = {
        "id": 1,
        "pending": 0,
        "basetime": "2026-11-21T05:00:00Z",
        "data": [{"t": 0, "v": "1"}],
    }
    (event,) = hear(s, 6, "a", "NotifyPeriodicEventStream", stream)
    assert isinstance(event, Deliver)
    assert event.send == Send(
        message_id="a", action="NotifyPeriodicEventStream", payload=json.dumps(stream).encode()
    )
    assert noted(hear(s, 6, "b", "NotifyPeriodicEventStream", {})) == [Oddity.SEND_UNFIT]


def test_2_1_a_refused_answer_is_counted():
    assert noted(hear(session(V21), 5, "a", "GenericError", "", {})) == [Oddity.RESULT_REFUSED]


def test_answering_what_is_not_being_answered_is_our_bug():
    s = session()
    (call,) = begun(hear(s, 2, "a", "Heartbeat", {}))
    s.answer(call, NOW, now=0.0)
    with pytest.raises(ValueError, match="another call"):
        s.answer(call, NOW, now=0.0)
