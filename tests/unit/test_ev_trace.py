"""A capture as text, as a diagram and as a pcapng file."""

import struct
from datetime import timedelta
from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ev_emulator import pcap, trace
from ev_emulator.framing import v2gtp
from ev_emulator.framing.v2gtp import PayloadType
from ev_emulator.reasons import Failure
from ev_emulator.session.events import (
    MessageReceived,
    MessageSent,
    PowerSwitched,
    ReceiptSigned,
    SessionFailed,
    TariffReceived,
)
from ev_emulator.trace import Packet, Recorder, Remark, Side
from tests.ev_pair import PCID, Pair, wallet
from tests.world import NOW


class Ticking:
    def __init__(self):
        self.turn = -1

    def __call__(self):
        self.turn += 1
        return NOW + timedelta(milliseconds=self.turn)


def recorded(pair, messages_of=Side.EVCC):
    """What both sides of a pair in memory told."""
    pair.run()
    recorder = Recorder(Ticking(), messages_of=messages_of)
    for event in pair.ev:
        recorder.vehicle(event)
    for event in pair.charger:
        recorder.charger(event)
    return recorder.entries


def installing():
    pair = Pair(wallet=wallet())
    pair.backend.assign(PCID, "DE8AA00TESTCAR")
    return pair


@pytest.fixture(scope="module")
def entries():
    return recorded(installing())


def test_every_message_is_told_once_with_its_sender(entries):
    packets = [entry for entry in entries if isinstance(entry, Packet)]
    assert [packet.name for packet in packets[:4]] == [
        "supportedAppProtocolReq",
        "supportedAppProtocolRes",
        "SessionSetupReq",
        "SessionSetupRes",
    ]
    assert all((packet.sender is Side.EVCC) == packet.name.endswith("Req") for packet in packets)


def test_the_charger_s_capture_shows_the_same_messages(entries):
    other = recorded(installing(), messages_of=Side.SECC)
    mine = [each.name for each in entries if isinstance(each, Packet)]
    assert [each.name for each in other if isinstance(each, Packet)] == mine


def test_the_text_reads_like_a_capture(entries):
    text = "\n".join(trace.lines(entries))
    assert "  0.000000  EVCC > SECC  V2GTP 0x8001    36 octets  supportedAppProtocolReq" in text
    assert "AppProtocol[0].ProtocolNamespace   urn:iso:15118:2:2013:MsgDef" in text
    assert "SECC  ? operator: Install a contract certificate" in text
    assert "SECC  ? operator: may DE8AA00TESTCAR charge? (verified here)" in text
    assert "EVCC  * contract DE8AA00TESTCAR installed" in text
    # certificates by their names, not by their octets
    assert "octets: CN=DE8AA00TESTCAR" in text
    assert max(map(len, text.splitlines())) < 200


def test_without_fields_there_is_a_line_for_each_entry(entries):
    assert len(list(trace.lines(entries, fields=False))) == len(entries)


def packet(payload, name="SessionSetupReq", payload_type=PayloadType.EXI):
    return Packet(
        moment=NOW, sender=Side.EVCC, name=name, payload_type=payload_type, payload=payload
    )


@given(st.binary(max_size=64), st.sampled_from([PayloadType.EXI, PayloadType.ISO_20_MAIN]))
def test_any_payload_has_lines_and_never_raises(payload, payload_type):
    assert all(
        isinstance(line, str) for line in trace.decoded(packet(payload, payload_type=payload_type))
    )
    assert trace.sequence_diagram([packet(payload, payload_type=payload_type)])


def test_what_is_no_message_says_so():
    (line,) = trace.decoded(packet(b"\x00"))
    assert line.startswith("not decoded: exi.")


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (ReceiptSigned(meter_id="M1", meter_wh=7), "receipt for 7 Wh of M1"),
        (TariffReceived(tariff_id=1, believed=True), "tariff 1 believed"),
        (
            TariffReceived(tariff_id=1, believed=False, reason="signature.invalid"),
            "tariff 1 not believed: signature.invalid",
        ),
        (
            SessionFailed(failure=Failure(code="session.refused"), response_code="FAILED", at="x"),
            "failed: session.refused (FAILED)",
        ),
        (
            SessionFailed(failure=Failure(code="session.closed"), response_code="", at="x"),
            "failed: session.closed",
        ),
    ],
)
def test_what_happens_off_the_wire_is_remarked(event, text):
    recorder = Recorder(Ticking())
    recorder.vehicle(event)
    assert [entry.text for entry in recorder.entries] == [text]


def test_what_is_of_no_interest_is_left_out():
    recorder = Recorder(Ticking())
    recorder.vehicle(PowerSwitched(on=True, meter_wh=1))
    assert recorder.entries == []


def test_a_session_that_waits_is_drawn_once():
    ongoing = [
        Packet(moment=NOW, sender=side, name=name, payload_type=PayloadType.EXI, payload=b"\0")
        for _ in range(5)
        for side, name in ((Side.EVCC, "AuthorizationReq"), (Side.SECC, "AuthorizationRes"))
    ]
    drawn = trace.sequence_diagram(ongoing)
    assert drawn.count("AuthorizationReq") == drawn.count("AuthorizationRes") == 1


def test_mermaid_s_own_characters_are_not_drawn():
    remark = Remark(moment=NOW, at=Side.SECC, text="a;b#c")
    assert "Note over SECC: a,bc" in trace.sequence_diagram([remark])


# pcapng


def blocks(octets):
    """(type, body) of each block; every length is there twice and a multiple of four."""
    found = []
    while octets:
        kind, length = struct.unpack_from("<II", octets)
        assert length % 4 == 0
        assert struct.unpack_from("<I", octets, length - 4)[0] == length
        found.append((kind, octets[8 : length - 4]))
        octets = octets[length:]
    return found


def packets_of(octets):
    """(moment in microseconds, IPv6 packet, comments) of each packet block."""
    for kind, body in blocks(octets):
        if kind != 6:
            continue
        _, high, low, size, original = struct.unpack_from("<IIIII", body)
        assert size == original
        data, options = body[20 : 20 + size], body[20 + size + (-size % 4) :]
        comments = []
        while options:
            code, length = struct.unpack_from("<HH", options)
            if code == 1:
                comments.append(options[4 : 4 + length].decode())
            options = options[4 + length + (-length % 4) :]
        yield (high << 32) | low, data, comments


def test_the_file_begins_as_pcapng_with_an_interface_of_raw_ipv6(entries):
    (first, section), (second, interface) = blocks(pcap.capture(entries))[:2]
    assert (first, section[:4]) == (0x0A0D0D0A, bytes.fromhex("4d3c2b1a"))
    assert second == 1
    assert struct.unpack_from("<H", interface)[0] == pcap.LINKTYPE_IPV6


def test_streams_give_back_every_frame_in_order(entries):
    streams = {49_152: bytearray(), 15_118: bytearray()}
    following = {}
    for _, data, _ in packets_of(pcap.capture(entries)):
        assert data[0] >> 4 == 6
        assert struct.unpack_from("!H", data, 4)[0] == len(data) - 40
        assert data[6] == 6  # TCP
        source, _target, sequence = struct.unpack_from("!HHI", data, 40)
        # a receiver would accept it: its sum over everything is all ones
        pseudo = data[8:40] + struct.pack("!IHBB", len(data) - 40, 0, 0, 6)
        assert pcap._checksum(pseudo + data[40:]) == 0
        flags = data[53]
        assert following.setdefault(source, sequence) == sequence
        following[source] = sequence + len(data) - 60 + bool(flags & 0x03)
        streams[source] += data[60:]
    for port, side in ((49_152, Side.EVCC), (15_118, Side.SECC)):
        expected = [each for each in entries if isinstance(each, Packet) and each.sender is side]
        frames = v2gtp.FrameReader().feed(bytes(streams[port]))
        assert [frame.payload for frame in frames] == [each.payload for each in expected]


def test_comments_name_the_messages_and_moments_are_theirs(entries):
    told = list(packets_of(pcap.capture(entries)))
    names = [each.name for each in entries if isinstance(each, Packet)]
    assert [comments[0] for _, _, comments in told if comments][: len(names)] == names
    first = next(moment for moment, _, comments in told if comments)
    assert first == int(entries[0].moment.timestamp() * 1_000_000)
    assert any("contract DE8AA00TESTCAR installed" in comments for _, _, comments in told)


def test_long_messages_are_cut_into_segments():
    octets = pcap.capture([packet(bytes(5_000))])
    sizes = [len(data) - 60 for _, data, _ in packets_of(octets)]
    assert sum(sizes) == 5_008
    assert max(sizes) == pcap.SEGMENT_OCTETS_MAX


def test_a_capture_of_nothing_is_a_file_without_packets():
    assert [kind for kind, _ in blocks(pcap.capture([]))] == [0x0A0D0D0A, 1]


def test_addresses_may_be_chosen():
    charger = pcap.Endpoint(address=IPv6Address("fe80::1"), port=4)
    octets = pcap.capture([packet(b"\x80")], charger=charger)
    assert IPv6Address("fe80::1").packed in octets


def test_a_message_received_is_the_other_side_s():
    recorder = Recorder(Ticking())
    fields = {"name": "X", "payload_type": PayloadType.EXI, "payload": b"\x80"}
    recorder.vehicle(MessageSent(**fields))
    recorder.vehicle(MessageReceived(**fields))
    recorder.charger(MessageSent(**fields))
    assert [entry.sender for entry in recorder.entries] == [Side.EVCC, Side.SECC]
