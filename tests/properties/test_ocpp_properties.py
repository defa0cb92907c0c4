"""Any octets are a frame or a MalformedFrame; any payload fits its schema or is refused."""

import json
from contextlib import suppress

from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator, Draft6Validator
from ocpp.messages import get_validator

from authz.ocpp.frames import Call, CallResult, MalformedFrame, parse_frame
from authz.ocpp.protocol import CallRefused, OcppVersion
from authz.ocpp.schemas import MessageKind, validate

MAX = 4_096
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
IDS = st.text(min_size=1, max_size=36, alphabet=st.characters(codec="utf-8"))


def read(octets):
    """A frame, or MalformedFrame; anything else that is raised fails the test."""
    with suppress(MalformedFrame):
        assert parse_frame(octets, octets_max=MAX) is not None


@given(st.binary(max_size=300))
@example(b'[2,"a","b",{"\xff":1}]')
def test_any_octets_are_a_frame_or_malformed(octets):
    read(octets)


@given(JSON)
def test_any_json_is_a_frame_or_malformed(value):
    read(json.dumps(value).encode())


@given(st.lists(JSON, min_size=2, max_size=6), st.integers(-1, 8))
def test_any_elements_are_a_frame_or_malformed(elements, kind):
    read(json.dumps([kind, *elements]).encode())


@given(IDS, st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_a_call_is_read_as_it_was_written(message_id, payload):
    try:
        text = json.dumps(payload, allow_nan=False)
    except ValueError:
        return
    octets = json.dumps([2, message_id, "Heartbeat"])[:-1].encode() + b"," + text.encode() + b"]"
    if len(octets) > MAX:
        return
    try:
        frame = parse_frame(octets, octets_max=MAX)
    except MalformedFrame:
        # msgspec has no integers beyond 64 bits and no lone surrogates; both are refused
        return
    assert frame == Call(message_id=message_id, action="Heartbeat", payload=text.encode())


_AUTHORIZE = st.fixed_dictionaries(
    {},
    optional={
        "idToken": JSON
        | st.fixed_dictionaries(
            {"idToken": st.text(max_size=60), "type": st.sampled_from(["eMAID", "Central", "x"])}
        ),
        "certificate": JSON,
        "iso15118CertificateHashData": JSON,
        "customData": JSON,
        "other": JSON,
    },
)


@given(st.sampled_from(list(OcppVersion)), _AUTHORIZE)
@settings(max_examples=60)
def test_our_validator_agrees_with_the_stranger_s(version, payload):
    octets = json.dumps(payload).encode()
    try:
        validate(version, "Authorize", MessageKind.REQUEST, octets)
        ours = True
    except CallRefused as refused:
        ours = False
        if refused.description in {"not a JSON object", "nested too deeply"}:
            return  # NaN, lone surrogates, great numbers: the stranger takes them
    schema = get_validator(2, "Authorize", version.value.removeprefix("ocpp")).schema
    form = Draft4Validator if "draft-04" in schema["$schema"] else Draft6Validator
    assert ours == form(schema).is_valid(payload)


@given(st.binary(max_size=60), st.sampled_from(list(MessageKind)))
def test_any_payload_fits_or_is_refused(payload, kind):
    with suppress(CallRefused):
        validate(OcppVersion.V201, "Heartbeat", kind, payload)


def test_results_are_read_too():
    assert parse_frame(b'[3,"a",{}]', octets_max=MAX) == CallResult(message_id="a", payload=b"{}")


@given(
    st.lists(st.tuples(st.sampled_from(['"', "a", ":", " ", '":', "\\"]), JSON), max_size=4),
    st.sampled_from([",", ", "]),
    st.sampled_from([":", ": ", " :", "\n:"]),
)
def test_a_name_that_stands_twice_is_always_seen(pairs, comma, colon):
    """However it is spelled, and whatever texts around it look like."""
    members = [f"{json.dumps(name)}{colon}{json.dumps(value)}" for name, value in pairs]
    custom = f'{{"vendorId"{colon}"v"{"".join(comma + member for member in members)}}}'
    payload = f'{{"customData"{colon}{custom}}}'.encode()
    names = [name for name, _ in pairs]
    try:
        validate(OcppVersion.V201, "Heartbeat", MessageKind.REQUEST, payload)
    except CallRefused as refused:
        why = refused.description
        assert why in {"a name stands twice", "not a JSON object"}
        if why == "a name stands twice":
            assert len(set(names)) != len(names)
        return
    assert len(set(names)) == len(names)
