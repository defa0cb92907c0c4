"""Frames of OCPP-J: what is read, what is written, and what is refused."""

import json

import pytest

from authz.ocpp import frames
from authz.ocpp.frames import (
    NO_MESSAGE_ID,
    Call,
    CallError,
    CallResult,
    CallResultError,
    MalformedFrame,
    Send,
    UnknownMessageType,
    parse_frame,
)

MAX = 65_536


def parse(text):
    return parse_frame(text.encode() if isinstance(text, str) else text, octets_max=MAX)


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        (
            '[2,"a","Heartbeat",{}]',
            Call(message_id="a", action="Heartbeat", payload=b"{}"),
        ),
        ('[3,"a",{"x" : 1}]', CallResult(message_id="a", payload=b'{"x" : 1}')),
        (
            '[4,"a","GenericError","",{}]',
            CallError(message_id="a", error_code="GenericError", description="", details=b"{}"),
        ),
        (
            '[5,"a","FormatViolation","why",{}]',
            CallResultError(
                message_id="a", error_code="FormatViolation", description="why", details=b"{}"
            ),
        ),
        (
            '[6,"a","NotifyPeriodicEventStream",{}]',
            Send(message_id="a", action="NotifyPeriodicEventStream", payload=b"{}"),
        ),
    ],
)
def test_each_kind_is_read_and_its_payload_stays_as_it_came(text, frame):
    assert parse(text) == frame


@pytest.mark.parametrize(
    ("text", "message_id"),
    [
        ("", NO_MESSAGE_ID),
        ("{}", NO_MESSAGE_ID),
        ("[]", NO_MESSAGE_ID),
        ("[2]", NO_MESSAGE_ID),
        ('[2,1,"Heartbeat",{}]', NO_MESSAGE_ID),
        ('[2,"","Heartbeat",{}]', NO_MESSAGE_ID),
        (f'[2,"{"x" * 37}","Heartbeat",{{}}]', NO_MESSAGE_ID),
        ('[2,{"un":"hashable"},"Heartbeat",{}]', NO_MESSAGE_ID),
        ('[2,"\\ud800","Heartbeat",{}]', NO_MESSAGE_ID),
        ('[2,"a","Heartbeat",[]]', "a"),
        ('[2,"a","Heartbeat"]', "a"),
        ('[2,"a","Heartbeat",{},{}]', "a"),
        ('[2,"a",["Heartbeat"],{}]', "a"),
        ('[2,"a","",{}]', "a"),
        (f'[2,"a","{"x" * 51}",{{}}]', "a"),
        ('["2","a","Heartbeat",{}]', "a"),
        ('[2.5,"a","Heartbeat",{}]', "a"),
        ('[7,"a",{}]', "a"),
        (f'[{"9" * 5000},"a",{{}}]', "a"),
        ('[3,"a",null]', "a"),
        ('[4,"a","GenericError","",null]', "a"),
        (f'[4,"a","GenericError","{"x" * 256}",{{}}]', "a"),
    ],
)
def test_h05_what_is_no_frame_is_refused_under_the_id_that_can_be_read(text, message_id):
    with pytest.raises(MalformedFrame) as refused:
        parse(text)
    assert refused.value.message_id == message_id


@pytest.mark.parametrize(
    "octets",
    [
        b"[" * 60_000,
        b'[2,"a","Heartbeat",' + b"[" * 20_000 + b"]" * 20_000 + b"]",
        b'[2,"a","Heartbeat",{"a":NaN}]',
        b'[2,"a","Heartbeat",{"a":Infinity}]',
        b'\xef\xbb\xbf[2,"a","Heartbeat",{}]',
        b'[2,"a","Heart\xff",{}]',
        b'[2,"a\xff","Heartbeat",{}]',
        b'[2,"a","Heartbeat",{}]garbage',
        b'[2,"a","Heartbeat",{}' + b" " * MAX + b"]",
        b"\x00",
    ],
)
def test_h05_deep_huge_and_undecodable_octets_are_refused(octets):
    with pytest.raises(MalformedFrame):
        parse(octets)


def test_unknown_message_type_has_a_name_of_its_own():
    with pytest.raises(UnknownMessageType) as refused:
        parse('[42,"a","Heartbeat",{}]')
    assert refused.value.message_id == "a"


def test_what_is_written_is_read_again():
    call = frames.encode_call('quoted "id"', "Reset", b'{"type":"Immediate"}')
    assert parse(call) == Call(
        message_id='quoted "id"', action="Reset", payload=b'{"type":"Immediate"}'
    )
    assert json.loads(frames.encode_result("a", b"{}")) == [3, "a", {}]
    error = frames.encode_error("a", "NotSupported", "why", {"n": 1})
    assert json.loads(error) == [4, "a", "NotSupported", "why", {"n": 1}]
    error = frames.encode_error("a", "NotSupported", "", {}, kind=frames.CALL_RESULT_ERROR)
    assert isinstance(parse(error), CallResultError)
