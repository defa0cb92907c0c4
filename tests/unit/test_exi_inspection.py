"""The inspection: every bit with its meaning, and where a broken message breaks."""

from exi.bits import fold, unfold
from exi.codec import decode_fragment, encode_fragment
from exi.inspection import inspect_fragment, inspect_message, render
from exi.iso2.certificate import EMAIDType
from exi.iso2.service import ParameterType
from exi.protocol import Protocol

AUTHORIZATION_RES = bytes.fromhex("80980220b6e8e913b5b96e50100100")


def test_values_are_shown_with_their_places():
    places, error = inspect_message(AUTHORIZATION_RES, Protocol.ISO_2)
    assert error is None
    values = {place.path[-1]: place for place in places if place.value is not None}
    assert values["SessionID"].value == bytes.fromhex("82DBA3A44ED6E5B9")
    assert values["SessionID"].bit_offset == 26
    assert values["EVSEProcessing"].value == "Ongoing"
    assert values["EVSEProcessing"].bits == "01"
    assert values["EVSEProcessing"].what == "EVSEProcessingType"


def test_lines_are_offset_width_bits_and_meaning():
    lines = list(render(inspect_message(AUTHORIZATION_RES, Protocol.ISO_2)))
    assert [line.split() for line in lines[:3]] == [
        ["0", "8", "10000000", "header"],
        ["8", "7", "1001100", "SE(V2G_Message)"],
        ["15", "1", "0", "SE(Header)"],
    ]
    assert [line for line in lines if line.endswith("= 'Ongoing'")]
    assert [line for line in lines if line.endswith("= 82DBA3A44ED6E5B9")]
    # 64 bits of the session are cut to keep the columns.
    assert [line for line in lines if "100000101101101110100..." in line]


def test_long_octets_are_cut():
    data = encode_fragment(bytes(100), Protocol.XMLDSIG, name="DigestValue")
    lines = list(render(inspect_fragment(data, Protocol.XMLDSIG)))
    assert [line for line in lines if line.endswith("= " + "0" * 64 + "...")]


def test_a_broken_message_is_shown_up_to_where_it_breaks():
    inspection = inspect_message(AUTHORIZATION_RES[:8], Protocol.ISO_2)
    assert inspection.error is not None
    assert inspection.error.code == "exi.truncated"
    *_, last, error = render(inspection)
    assert last.split()[-3:] == ["length", "=", "8"] or last.split()[-1] == "CH"
    assert error.startswith("error: exi.truncated at bit 26 in /V2G_Message/Header/SessionID")


def test_nothing_is_shown_of_what_is_no_message():
    inspection = inspect_message(b"<?xml", Protocol.ISO_2)
    assert inspection.places == ()
    assert inspection.error is not None
    assert inspection.error.code == "exi.header_unexpected"


def test_an_element_without_content_is_shown_as_such():
    # EXIficient writes an empty text as the escape and EE: one bit, then code 0 of seven.
    text = ParameterType(Name="a", stringValue="")
    ours = unfold(encode_fragment(text, Protocol.ISO_2))
    assert ours.count("0" + "00000010" + "0")
    start = ours[:16] + ours[16:33] + "101"
    data = fold(start + "1000" + "0" + "11110100")
    assert decode_fragment(data, Protocol.ISO_2).element == text
    places, error = inspect_fragment(data, Protocol.ISO_2)
    assert error is None
    (empty,) = (place for place in places if place.what == "escape, EE: no content")
    assert empty.bits == "1000"
    assert empty.value == ""


def test_the_relaxed_grammar_is_shown():
    data = encode_fragment(EMAIDType(Id="id4", value="UKSWI123456791A"), Protocol.ISO_2)
    places, error = inspect_fragment(data, Protocol.ISO_2)
    assert error is None
    assert [(place.what, len(place.bits)) for place in places] == [
        ("header", 8),
        ("SE(eMAID)", 8),
        ("AT(Id)", 9),
        ("length + 2", 8),
        ("string", 24),
        ("CH", 9),
        ("length + 2", 8),
        ("string, 14 to 15 characters", 120),
        ("EE", 8),
        ("ED", 8),
        ("padding", 6),
    ]
