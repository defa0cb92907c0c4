"""Any valid message comes back as it was; any bytes give a message or Malformed, nothing else."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exi.bits import fold, read_unsigned, unfold, write_unsigned
from exi.codec import decode, decode_fragment, encode, encode_fragment
from exi.datatypes import BOOLEAN, INTEGER, LONG, STRING, UNSIGNED_LONG, Datatype, Integer
from exi.declaration import Complex
from exi.errors import CODES, Malformed, NotEncodable
from exi.inspection import inspect_fragment, inspect_message
from exi.json_form import fragment_from_json, fragment_to_json, from_json, to_json
from exi.protocol import Protocol, schema_set
from tests.exi_messages import elements, has_values, messages, simple

# XML-DSig has no messages, only fragments.
SPOKEN = [protocol for protocol in Protocol if protocol is not Protocol.XMLDSIG]
# Every type that is not abstract, so that each is built, whatever message it belongs to.
TYPES = [
    pytest.param(protocol, declared, id=f"{protocol.name}-{declared.__name__}")
    for protocol in Protocol
    for declared in schema_set(protocol).types()
    if has_values(declared)
    and (
        protocol not in (Protocol.ISO_2, Protocol.DIN)
        or declared.declared.schema.namespace.startswith("urn")
    )
    and (
        not protocol.name.startswith("ISO_20")
        or declared.declared.schema.namespace == protocol.value
    )
]


@pytest.mark.parametrize(("protocol", "declared"), TYPES)
def test_every_type_comes_back_as_it_was(protocol, declared):
    schemas = schema_set(protocol)
    machine = schemas.machines.of(declared)

    @settings(max_examples=5, suppress_health_check=list(HealthCheck))
    @given(elements(schemas, declared))
    def check(element: Complex) -> None:
        bits = machine.write(element)
        assert machine.read(bits, 0) == (element, len(bits))
        hash(element)

    check()


@pytest.mark.parametrize("protocol", SPOKEN)
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_v19_message_is_read_written_and_read_again(protocol, data):
    message = data.draw(messages(protocol))
    written = encode(message)
    assert decode(written, protocol) == message
    assert encode(decode(written, protocol)) == written
    shown = json.loads(json.dumps(to_json(message)))
    assert from_json(shown, protocol) == message
    places, error = inspect_message(written, protocol)
    assert error is None
    assert "".join(place.bits for place in places) == unfold(written)


@pytest.mark.parametrize("protocol", list(Protocol))
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_fragment_of_any_element_comes_back(protocol, data):
    schemas = schema_set(protocol)
    name, types = data.draw(st.sampled_from(list(schemas.fragment_elements.items())))
    content = data.draw(st.sampled_from(sorted(types, key=repr)))
    if isinstance(content, Datatype):
        element = data.draw(simple(content))
    elif not has_values(content):
        return
    else:
        element = data.draw(elements(schemas, content))
    called = schemas.fragment_names[name]
    written = encode_fragment(element, protocol, name=called)
    fragment = decode_fragment(written, protocol)
    assert fragment == (called, element)
    assert fragment_from_json(fragment_to_json(fragment, protocol), protocol) == fragment
    assert inspect_fragment(written, protocol).error is None


def _agree(data: bytes, protocol: Protocol) -> None:
    """The codec and the inspection, two readings of the same grammars, say the same."""
    for read, inspect in ((decode, inspect_message), (decode_fragment, inspect_fragment)):
        _, error = inspect(data, protocol)
        try:
            read(data, protocol)
        except Malformed as refused:
            assert error is not None
            assert refused.code in CODES  # noqa: PT017 - either outcome is fine
            assert (error.code, error.bit_offset) == (  # noqa: PT017 - as above
                refused.code,
                refused.bit_offset,
            )
        else:
            assert error is None


@pytest.mark.parametrize("protocol", list(Protocol))
@given(st.binary(max_size=120))
def test_any_bytes_are_a_message_or_malformed(protocol, data):
    _agree(data, protocol)
    _agree(b"\x80" + data, protocol)


@pytest.mark.parametrize("protocol", SPOKEN)
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damaged_messages_are_messages_or_malformed(protocol, data):
    written = bytearray(encode(data.draw(messages(protocol))))
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(1, len(written) - 1))
        written[position] ^= data.draw(st.integers(1, 255))
    _agree(bytes(written), protocol)
    _agree(bytes(written[: data.draw(st.integers(1, len(written)))]), protocol)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["V2G_Message", "Header", "Body", "SessionID", "AuthorizationReq", "Id"]
            )
            | st.text(max_size=4),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_a_message_or_malformed(document):
    for read in (from_json, fragment_from_json):
        for protocol in Protocol:
            try:
                read(document, protocol)
            except Malformed as error:
                assert error.code in CODES  # noqa: PT017 - either outcome is fine
                assert error.bit_offset == -1  # noqa: PT017 - as above


@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@given(data=st.data(), other=st.none() | st.booleans() | st.integers() | st.text() | st.binary())
def test_a_value_of_another_type_is_written_or_not_encodable(data, other):
    import dataclasses

    message = data.draw(messages(Protocol.ISO_20_COMMON))
    field = data.draw(st.sampled_from(dataclasses.fields(message))).name
    try:
        encode(dataclasses.replace(message, **{field: other}))
    except NotEncodable as error:
        assert error.code in CODES  # noqa: PT017 - either outcome is fine


@given(st.binary(max_size=64))
def test_folding_undoes_unfolding(data):
    assert fold(unfold(data)) == data


@given(st.integers(0, 2**448 - 1))
def test_unsigned_integers_come_back(number):
    bits = write_unsigned(number)
    assert read_unsigned(bits, 0, 64) == (number, len(bits))


@pytest.mark.parametrize(
    "datatype",
    [
        BOOLEAN,
        INTEGER,
        LONG,
        UNSIGNED_LONG,
        STRING,
        Integer(-3, 3),
        Integer(12, 1024),
        Integer(7, 7),
    ],
    ids=repr,
)
@given(data=st.data())
def test_simple_values_come_back(datatype, data):
    value = data.draw(simple(datatype))
    bits = datatype.write(value)
    assert datatype.read(bits, 0) == (value, len(bits))
