"""Bytes that are no message: each refused with its code, its bit offset and its path."""

import itertools
import json
import time
import tracemalloc
from pathlib import Path

import pytest

from exi.bits import fold, unfold, write_unsigned
from exi.codec import MESSAGE_OCTETS_MAX, decode, decode_fragment, encode, encode_fragment
from exi.declaration import Complex
from exi.errors import CODES, Malformed
from exi.inspection import inspect_fragment, inspect_message
from exi.iso2.certificate import EMAIDType
from exi.protocol import Protocol

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/exi/messages.json").read_text())
# Cutting at each bit of the longest would take minutes: there the first and last octets, and
# every 97th bit between.
EVERY_BIT_UP_TO = 2400
EDGE_BITS = 600

HEADER = "10000000"
# Up to and without the event code of the body's element: session 82DBA3A44ED6E5B9.
BODY = unfold(bytes.fromhex("80980220b6e8e913b5b96e50b0"))[:94]
SESSION_SETUP_RES = f"{30:06b}"
SESSION_SETUP_REQ = f"{29:06b}"


def refused(data: bytes, protocol: Protocol = Protocol.ISO_2) -> Malformed:
    with pytest.raises(Malformed) as caught:
        decode(data, protocol)
    assert caught.value.code in CODES
    inspected = inspect_message(data, protocol).error
    assert inspected is not None
    assert (inspected.code, inspected.bit_offset) == (caught.value.code, caught.value.bit_offset)
    return caught.value


def refused_fragment(bits: str, protocol: Protocol = Protocol.ISO_2) -> Malformed:
    with pytest.raises(Malformed) as caught:
        decode_fragment(fold(bits), protocol)
    inspected = inspect_fragment(fold(bits), protocol).error
    assert inspected is not None
    assert (inspected.code, inspected.bit_offset) == (caught.value.code, caught.value.bit_offset)
    return caught.value


def _cuts(length: int) -> list[int]:
    if length <= EVERY_BIT_UP_TO:
        return list(range(length))
    middle = range(EDGE_BITS, length - EDGE_BITS, 97)
    return [*range(EDGE_BITS), *middle, *range(length - EDGE_BITS, length)]


@pytest.mark.parametrize("filler", ["0", "1"])
@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"V10-{v['kind']}-{v['name']}")
def test_truncated_at_every_bit(vector, filler):
    data = bytes.fromhex(vector["exi_hex"])
    bits = unfold(data)
    protocol = Protocol(vector["namespace"])
    read = decode if vector["kind"] == "document" else decode_fragment
    for cut in _cuts(len(bits)):
        octets = (cut + 7) // 8
        shorter = fold(bits[:cut].ljust(8 * octets, filler))
        try:
            found = read(shorter, protocol)
        except Malformed as error:
            assert error.code in CODES  # noqa: PT017 - most cuts are refused, not all
            assert 0 <= error.bit_offset <= len(bits)  # noqa: PT017 - as above
            continue
        # The filler may read as the end of a list or of an optional part: then it is a message,
        # and what was read is written in as many octets.
        written = (
            encode(found)
            if isinstance(found, Complex)
            else encode_fragment(found.element, protocol, name=found.name)
        )
        assert len(written) == octets
        assert read(written, protocol) == found


def test_truncated_message_says_where_it_ends():
    error = refused(bytes.fromhex("80980220b6e8e913"))
    assert error.code == "exi.truncated"
    assert error.bit_offset == 26
    assert error.path == ("V2G_Message", "Header", "SessionID")
    assert str(error).startswith("exi.truncated at bit 26 in /V2G_Message/Header/SessionID: ")


def test_no_octets_at_all():
    assert refused(b"").code == "exi.empty"


@pytest.mark.parametrize(
    ("protocol", "body", "field"),
    [
        pytest.param(Protocol.ISO_2, f"{25:06b}" + "00", "ServiceID", id="V11-unsignedShort"),
        pytest.param(Protocol.ISO_2, SESSION_SETUP_REQ + "00", "EVCCID", id="V11-length"),
        pytest.param(Protocol.ISO_2, SESSION_SETUP_RES + "0" * 10, "EVSEID", id="V11-text"),
    ],
)
def test_integer_of_a_thousand_continuation_octets(protocol, body, field):
    error = refused(fold(BODY + body + "11111111" * 1000 + "00000000"), protocol)
    assert error.code == "exi.integer_too_long"
    assert error.path[-1] == field


def test_v11_unsigned_long_may_have_ten_groups_and_no_more():
    # -20 SessionSetupReq: header, SessionID, then TimeStamp
    start = unfold(bytes.fromhex("808c0400000000000000000b0e383d8062"))[:92]
    most = write_unsigned(2**64 - 1)
    assert len(most) == 80
    for groups, code in [
        (most, "exi.truncated"),  # the integer is read, the message goes no further
        ("11111111" * 9 + "00000010", "exi.value_out_of_range"),
        ("11111111" * 10 + "00000001", "exi.integer_too_long"),
        ("11111111" * 2 + "00000000", "exi.integer_not_minimal"),
    ]:
        error = refused(fold(start + groups), Protocol.ISO_20_COMMON)
        assert error.code == code


@pytest.mark.parametrize("length", [2**31, 2**31 - 1, 2**34, 2**20])
def test_v12_length_of_2_to_the_31_is_refused_before_allocation(length):
    text = fold(BODY + f"{27:06b}" + "000" + write_unsigned(length))  # ServiceDiscoveryReq
    assert refused(text).code in ("exi.length_out_of_range", "exi.truncated")
    # Algorithm has no facet: only what is there limits it.
    unlimited = HEADER + f"{32:06b}" + "01" + "0" + write_unsigned(length)
    tracemalloc.start()
    error = refused_fragment(unlimited, Protocol.XMLDSIG)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.code == "exi.truncated"
    assert peak < 1_000_000


@pytest.mark.parametrize("index", [0, 1])
def test_v13_string_table_is_empty(index):
    error = refused(fold(BODY + SESSION_SETUP_RES + "00" + "00000" + "000" + write_unsigned(index)))
    assert error.code == "exi.string_table"


def test_v14_third_payment_option_is_refused():
    option = "000"  # CH, Contract, EE
    start = BODY + f"{28:06b}" + "00" + "00000" + "0" + "0"  # ServiceDiscoveryRes, the list
    two = start + "0" + option + "00" + option
    error = refused(fold(two + "0" + "0" + option))
    assert error.code in ("exi.event_invalid", "exi.truncated", "exi.string_table")
    # After the second option the list can only end: one bit, EE; the escape is refused.
    error = refused(fold(two + "1" + "000" * 8))
    assert error.code == "exi.deviation"
    assert error.path[-1] == "PaymentOptionList"


def test_v14_lists_over_their_maximum_cannot_be_written():
    from exi.errors import NotEncodable
    from exi.iso2.service import PaymentOptionListType, ServiceListType, ServiceType
    from exi.iso2.simple_types import paymentOptionType, serviceCategoryType
    from exi.protocol import schema_set

    machines = schema_set(Protocol.ISO_2).machines
    service = ServiceType(
        ServiceID=1, ServiceCategory=serviceCategoryType.Internet, FreeService=True
    )
    for element in (
        PaymentOptionListType(PaymentOption=(paymentOptionType.Contract,) * 3),
        ServiceListType(Service=(service,) * 9),
    ):
        with pytest.raises(NotEncodable) as caught:
            machines.of(type(element)).write(element)
        assert caught.value.code == "exi.element_unexpected"


def test_v15_escape_to_what_the_schema_does_not_allow():
    error = refused(fold(HEADER + "1001100" + "1" + "0" * 40))
    assert error.code == "exi.deviation"
    assert error.bit_offset == 15
    assert error.path == ("V2G_Message",)


def test_v15_element_that_cannot_be_empty_is_refused_empty():
    # The escape and EE, as EXIficient writes an element without content: no integer is empty.
    error = refused(fold(BODY + f"{25:06b}" + "0" + "1000" + "0" * 24))
    assert error.code == "exi.deviation"
    # And no EVSEID: it has at least seven characters.
    error = refused(fold(BODY + SESSION_SETUP_RES + "00" + "00000" + "00" + "1000" + "0" * 24))
    assert error.code == "exi.deviation"


def test_v16_depth_is_the_schemas_and_empty_lists_do_not_loop():
    # The longest document of zeros and of ones ends at once; nothing recurs.
    for octet in (b"\x00", b"\xff", b"\xaa"):
        start = time.perf_counter()
        refused(b"\x80" + octet * (MESSAGE_OCTETS_MAX - 1))
        assert time.perf_counter() - start < 2


def test_v16_a_megabyte_is_refused_unread():
    error = refused(b"\x80" * (MESSAGE_OCTETS_MAX + 1))
    assert error.code == "exi.too_large"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xa0\x00\x00", id="V17-options"),
        pytest.param(b"$EXI\x80\x98", id="V17-cookie"),
        pytest.param(b"\x81\x98\x02", id="V17-version-2"),
        pytest.param(b"\x90\x98\x02", id="V17-preview-version"),
        pytest.param(b"\x00", id="V17-zero"),
        pytest.param(b"<?xml", id="V17-xml"),
    ],
)
def test_other_headers(data):
    error = refused(data)
    assert error.code == "exi.header_unexpected"
    assert error.bit_offset == 0


def test_v18_bits_that_fill_the_last_octet_are_not_looked_at():
    message = bytes.fromhex("80980220b6e8e913b5b96e50b0")
    other = message[:-1] + bytes([message[-1] | 1])
    assert decode(other, Protocol.ISO_2) == decode(message, Protocol.ISO_2)
    assert encode(decode(other, Protocol.ISO_2)) == message


@pytest.mark.parametrize("extra", [b"\x00", b"\x80", b"\xff" * 40])
def test_v18_whole_octets_after_the_message(extra):
    error = refused(bytes.fromhex("80980220b6e8e913b5b96e50b0") + extra)
    assert error.code == "exi.trailing_octets"
    assert error.bit_offset == 103


def test_wrong_protocol():
    answers = []
    for vector, protocol in itertools.product(VECTORS, Protocol):
        if vector["kind"] == "document" and Protocol(vector["namespace"]) is not protocol:
            try:
                answers.append(decode(bytes.fromhex(vector["exi_hex"]), protocol))
            except Malformed as error:
                assert error.code in CODES  # noqa: PT017 - most are refused, not all
    # Bits do not say which protocol they are of; these few happen to be whole messages of two.
    assert len(answers) <= 2


def test_element_that_is_no_message_cannot_be_the_root():
    error = refused(fold(HEADER + f"{2:07b}" + "0" * 64))  # AC_EVSEStatus or so: global, no message
    assert error.code == "exi.root_unexpected"
    assert refused(fold(HEADER + "1111111" + "0" * 8)).code == "exi.root_unexpected"
    assert refused(b"\x80").code == "exi.truncated"


def test_abstract_element():
    error = refused(fold(BODY + f"{2:06b}" + "0" * 64))
    assert error.code == "exi.abstract_element"
    assert error.path == ("V2G_Message", "Body", "BodyElement")


def test_event_code_beyond_the_grammar():
    error = refused(fold(BODY + f"{40:06b}" + "0" * 64))
    assert error.code == "exi.event_invalid"


def test_enumeration_beyond_its_values():
    error = refused(fold(BODY + SESSION_SETUP_RES + "00" + "11111" + "0" * 80))
    assert error.code == "exi.value_out_of_range"
    assert error.path[-1] == "ResponseCode"


def test_numbers_beyond_their_range():
    # PowerDeliveryReq: ChargeProgress Start, SAScheduleTupleID is 1..255 in 8 bits
    error = refused(
        fold(BODY + f"{21:06b}" + "0" + "0" + "00" + "0" + "0" + "0" + "11111111" + "0" * 40)
    )
    assert error.code == "exi.value_out_of_range"
    assert error.path[-1] == "SAScheduleTupleID"


def test_code_points_that_xml_does_not_have():
    start = BODY + f"{27:06b}" + "00" + "0"  # ServiceDiscoveryReq, ServiceScope
    for point in (0, 1, 0x1F, 0xD800, 0xDFFF, 0xFFFE, 0x110000, 2**21 - 1):
        error = refused(fold(start + write_unsigned(3) + write_unsigned(point) + "0" * 16))
        assert error.code == "exi.character_invalid"
    error = refused(fold(start + write_unsigned(3) + "11111111" * 4 + "0" * 16))
    assert error.code == "exi.integer_too_long"
    assert refused(fold(start + write_unsigned(8) + "11111111" * 2 + "0" * 32)).code in CODES


def test_wildcards_and_mixed_text_are_not_understood():
    # xmldsig SignedInfo: CanonicalizationMethod, its Algorithm, then any element or text
    start = HEADER + f"{32:06b}" + "01" + "0" + write_unsigned(2)
    error = refused_fragment(start + "00" + "0" * 40, Protocol.XMLDSIG)
    assert error.code == "exi.wildcard"
    assert error.path == ("SignedInfo", "CanonicalizationMethod")
    assert refused_fragment(start + "10" + "0" * 40, Protocol.XMLDSIG).code == "exi.mixed_text"


def test_fragment_of_no_element():
    error = refused_fragment(HEADER + f"{243:08b}" + "0" * 24)
    assert error.code == "exi.fragment_unexpected"
    assert refused_fragment(HEADER).code == "exi.truncated"


def test_fragment_must_end_with_its_element():
    whole = unfold(bytes.fromhex("8004015a590c408000081018202830384048505860687079e8"))
    error = refused_fragment(whole[:191] + f"{4:08b}")
    assert error.code == "exi.fragment_not_ended"
    assert error.bit_offset == 191
    assert refused_fragment(whole[:191]).code == "exi.truncated"


def test_emaid_fragment_that_is_no_emaid():
    good = unfold(encode_fragment(EMAIDType(Id="id4", value="UKSWI123456791A"), Protocol.ISO_2))
    code = f"{4:09b}" + unfold(b"\x05id4")
    start = good[:16]
    assert good[16:].startswith(code)
    text = good[16 + len(code) :]
    for bits, wanted in [
        (start + f"{0:09b}" + text, "exi.event_invalid"),  # AT(Algorithm)
        (start + code + code + text, "exi.event_invalid"),  # AT(Id) twice
        (start + code + f"{255:09b}" + "0" * 16, "exi.event_invalid"),  # EE: no text
        (start + code + f"{256:09b}" + write_unsigned(3) + "0" * 32, "exi.length_out_of_range"),
        (good[:194] + f"{245:08b}" + "0" * 16, "exi.event_invalid"),  # CH again
        (start + "0" * 3, "exi.truncated"),
    ]:
        assert refused_fragment(bits).code == wanted


def test_emaid_fragment_without_attributes_is_the_simple_one():
    data = encode_fragment("UKSWI123456791A", Protocol.ISO_2, name="eMAID")
    assert decode_fragment(data, Protocol.ISO_2) == ("eMAID", "UKSWI123456791A")
    assert inspect_fragment(data, Protocol.ISO_2).error is None
