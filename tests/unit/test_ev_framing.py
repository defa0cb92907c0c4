"""V2GTP frames and SDP messages, honest and lying (adversarial items V01 to V09)."""

from ipaddress import IPv6Address

import pytest

from ev_emulator.errors import MalformedFrame
from ev_emulator.framing import sdp, v2gtp
from ev_emulator.framing.sdp import Security
from ev_emulator.framing.v2gtp import FrameReader, PayloadType
from exi.codec import MESSAGE_OCTETS_MAX

HELLO = v2gtp.encode(PayloadType.EXI, b"hello")


def refused(data):
    reader = FrameReader()
    reader.feed(data)
    return reader.failure and reader.failure.code


def test_frame_comes_back_as_it_was_written():
    (frame,) = FrameReader().feed(HELLO)
    assert (frame.payload_type, frame.payload) == (PayloadType.EXI, b"hello")


def test_header_is_version_inverse_type_length():
    assert HELLO.hex() == "01fe800100000005" + b"hello".hex()


@pytest.mark.parametrize("payload_type", PayloadType)
def test_every_payload_type_has_a_size_and_travels(payload_type):
    payload = bytes(v2gtp.SIZES[payload_type].least)
    (frame,) = FrameReader().feed(v2gtp.encode(payload_type, payload))
    assert frame == v2gtp.Frame(payload_type=payload_type, payload=payload)


def test_v01_payload_of_no_octets_is_refused():
    assert refused(bytes.fromhex("01fe800100000000")) == "v2gtp.length"


def test_v02_header_of_seven_octets_waits():
    reader = FrameReader()
    assert reader.feed(HELLO[:7]) == ()
    assert reader.pending == 7
    assert len(reader.feed(HELLO[7:])) == 1


def test_v03_length_of_four_gigabytes_is_refused_before_the_payload():
    assert refused(bytes.fromhex("01fe8001ffffffff")) == "v2gtp.length"


def test_v04_length_over_the_cap_is_refused_and_at_the_cap_waits():
    header = bytes.fromhex("01fe8001")
    assert refused(header + (MESSAGE_OCTETS_MAX + 1).to_bytes(4, "big")) == "v2gtp.length"
    assert FrameReader().feed(header + MESSAGE_OCTETS_MAX.to_bytes(4, "big")) == ()


def test_v05_declared_length_below_the_actual_makes_the_rest_a_bad_frame():
    reader = FrameReader()
    (frame,) = reader.feed(bytes.fromhex("01fe800100000003") + b"hello")
    assert frame.payload == b"hel"
    assert reader.failure.code == "v2gtp.version"


def test_v05_declared_length_above_the_actual_waits():
    reader = FrameReader()
    assert reader.feed(bytes.fromhex("01fe800100000009") + b"hello") == ()


@pytest.mark.parametrize("start", ["00", "02", "fe", "01ff", "0101", "8001"])
def test_v06_wrong_version_or_inverse_is_refused_at_once(start):
    assert refused(bytes.fromhex(start)) == "v2gtp.version"


@pytest.mark.parametrize("number", ["0000", "8000", "8007", "8100", "8103", "9004", "ffff"])
def test_v07_unknown_payload_type_is_refused_before_its_length(number):
    assert refused(bytes.fromhex("01fe" + number)) == "v2gtp.payload_type"


def test_v08_two_frames_in_one_read_are_both_there():
    assert [frame.payload for frame in FrameReader().feed(HELLO + HELLO)] == [b"hello", b"hello"]


def test_v09_octet_by_octet_gives_the_same_frames():
    reader = FrameReader()
    frames = [frame for octet in HELLO + HELLO for frame in reader.feed(bytes((octet,)))]
    assert frames == list(FrameReader().feed(HELLO + HELLO))


def test_nothing_is_read_after_a_malformed_frame():
    reader = FrameReader()
    assert reader.feed(HELLO + b"\x00") != ()
    assert reader.feed(HELLO) == ()
    assert (reader.failure.code, reader.pending) == ("v2gtp.version", 0)


def test_flood_of_tiny_frames_in_one_portion_is_refused():
    one = v2gtp.encode(PayloadType.EXI, b"\x80")
    assert refused(one * (v2gtp.FRAMES_MAX + 1)) == "v2gtp.too_many_frames"


@pytest.mark.parametrize("payload", [b"", bytes(MESSAGE_OCTETS_MAX + 1)])
def test_frame_that_the_peer_would_refuse_is_not_written(payload):
    with pytest.raises(ValueError, match="EXI"):
        v2gtp.encode(PayloadType.EXI, payload)


def test_sdp_request_has_the_octets_of_the_standard():
    assert sdp.encode_request(sdp.Request(security=Security.TLS)).hex() == "01fe9000000000020000"
    assert sdp.encode_request(sdp.Request(security=Security.NONE)).hex() == "01fe9000000000021000"


def test_sdp_response_comes_back_as_it_was_written():
    response = sdp.Response(address=IPv6Address("fe80::1"), port=50_000, security=Security.TLS)
    wire = sdp.encode_response(response)
    assert wire[:8].hex() == "01fe900100000014"
    assert sdp.decode_response(wire) == response


@pytest.mark.parametrize(
    ("datagram", "code"),
    [
        ("01fe9000000000020100", "sdp.security"),
        ("01fe9000000000020010", "sdp.transport"),
        ("01fe90000000000200", "v2gtp.datagram"),
        ("01fe900000000002000000", "v2gtp.version"),
        ("01fe9000000000020000" + "01", "v2gtp.datagram"),
        ("01fe90000000000300000000", "v2gtp.length"),
        ("01fe80010000000200000", None),
        ("", "v2gtp.datagram"),
    ],
)
def test_sdp_request_that_lies_is_refused(datagram, code):
    data = bytes.fromhex(datagram) if code else bytes.fromhex("01fe8001000000020000")
    with pytest.raises(MalformedFrame) as caught:
        sdp.decode_request(data)
    assert caught.value.code == (code or "sdp.payload_type")


@pytest.mark.parametrize(
    ("port", "security", "transport", "code"),
    [(0, 0, 0, "sdp.port"), (1, 1, 0, "sdp.security"), (1, 0, 1, "sdp.transport")],
)
def test_sdp_response_that_lies_is_refused(port, security, transport, code):
    payload = bytes(16) + port.to_bytes(2, "big") + bytes((security, transport))
    with pytest.raises(MalformedFrame) as caught:
        sdp.decode_response(v2gtp.encode(PayloadType.SDP_RESPONSE, payload))
    assert caught.value.code == code


@pytest.mark.parametrize("port", [0, 65_536])
def test_sdp_response_without_a_port_is_not_written(port):
    answer = sdp.Response(address=IPv6Address("::1"), port=port, security=Security.TLS)
    with pytest.raises(ValueError, match="port"):
        sdp.encode_response(answer)
