"""A capture as a pcapng file, for Wireshark: V2GTP over TCP over IPv6, with the TLS taken off.

draft-ietf-opsawg-pcapng: a section header, an interface of raw IPv6, a packet block for each
segment. Connection set-up and end are drawn too, so that streams can be followed.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address

from ev_emulator.framing import v2gtp
from ev_emulator.trace import Entry, Packet, Remark, Side

LINKTYPE_IPV6 = 229
SEGMENT_OCTETS_MAX = 1_400  # of TCP payload: an Ethernet frame's worth
_TCP = 6
_FIN, _SYN, _PSH, _ACK = 0x01, 0x02, 0x08, 0x10
_COMMENT, _RESOLUTION, _END = 1, 9, 0
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Whose address and port a side has in the capture."""

    address: IPv6Address
    port: int


VEHICLE = Endpoint(address=IPv6Address("fe80::e0"), port=49_152)
CHARGER = Endpoint(address=IPv6Address("fe80::5ecc"), port=15_118)


def capture(
    entries: Iterable[Entry], *, vehicle: Endpoint = VEHICLE, charger: Endpoint = CHARGER
) -> bytes:
    """The file's octets. Each message's name is its packet's comment; remarks go with the next."""
    conversation = _Conversation(vehicle, charger)
    remarks: list[str] = []
    for entry in entries:
        match entry:
            case Packet():
                conversation.say(entry, [entry.name, *remarks])
                remarks = []
            case Remark(text=text):
                remarks.append(text)
    conversation.end(remarks)
    return b"".join([_section(), _interface(), *conversation.blocks])


class _Conversation:
    """A TCP connection drawn packet by packet; mutable, for it counts octets."""

    def __init__(self, vehicle: Endpoint, charger: Endpoint) -> None:
        self._ends = {Side.EVCC: vehicle, Side.SECC: charger}
        self._next = {Side.EVCC: 1_000, Side.SECC: 2_000}
        self._moment: datetime | None = None
        self.blocks: list[bytes] = []

    def say(self, packet: Packet, comments: list[str]) -> None:
        """One V2GTP frame, in as many segments as it needs."""
        if self._moment is None:
            self._moment = packet.moment
            self._segment(Side.EVCC, _SYN)
            self._segment(Side.SECC, _SYN | _ACK)
            self._segment(Side.EVCC, _ACK)
        self._moment = packet.moment
        frame = v2gtp.encode(packet.payload_type, packet.payload)
        for start in range(0, len(frame), SEGMENT_OCTETS_MAX):
            piece = frame[start : start + SEGMENT_OCTETS_MAX]
            self._segment(packet.sender, _PSH | _ACK, piece, comments if start == 0 else [])

    def end(self, comments: list[str]) -> None:
        """Both sides close."""
        if self._moment is not None:
            self._segment(Side.EVCC, _FIN | _ACK, comments=comments)
            self._segment(Side.SECC, _FIN | _ACK)
            self._segment(Side.EVCC, _ACK)

    def _segment(
        self, sender: Side, flags: int, data: bytes = b"", comments: Iterable[str] = ()
    ) -> None:
        source, target = self._ends[sender], self._ends[sender.other]
        acknowledged = self._next[sender.other] if flags & _ACK else 0
        header = struct.pack(
            "!HHIIBBHHH",
            source.port,
            target.port,
            self._next[sender],
            acknowledged,
            5 << 4,  # five words of header
            flags,
            65_535,
            0,
            0,
        )
        self._next[sender] += len(data) + bool(flags & (_SYN | _FIN))
        addresses = source.address.packed + target.address.packed
        # RFC 8200 8.1: the checksum covers a pseudo-header
        pseudo = addresses + struct.pack("!IHBB", len(header) + len(data), 0, 0, _TCP)
        check = _checksum(pseudo + header + data)
        segment = header[:16] + struct.pack("!H", check) + header[18:] + data
        ipv6 = struct.pack("!IHBB", 6 << 28, len(segment), _TCP, 64) + addresses
        if self._moment is not None:
            self.blocks.append(_packet(self._moment, ipv6 + segment, comments))


def _checksum(octets: bytes) -> int:
    """The internet checksum (RFC 1071)."""
    padded = octets + b"\x00" * (len(octets) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return int(~total & 0xFFFF)


def _section() -> bytes:
    # byte-order magic, version 1.0, a section of unknown length
    return _block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))


def _interface() -> bytes:
    microseconds = _option(_RESOLUTION, b"\x06") + _option(_END, b"")
    return _block(1, struct.pack("<HHI", LINKTYPE_IPV6, 0, 0) + microseconds)


def _packet(moment: datetime, octets: bytes, comments: Iterable[str]) -> bytes:
    since = moment - _EPOCH
    stamp = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    fixed = struct.pack("<IIIII", 0, stamp >> 32, stamp & 0xFFFFFFFF, len(octets), len(octets))
    options = b"".join(_option(_COMMENT, text.encode()) for text in comments)
    if options:
        options += _option(_END, b"")
    return _block(6, fixed + _padded(octets) + options)


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _option(code: int, value: bytes) -> bytes:
    value = value[:65_535]
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _padded(octets: bytes) -> bytes:
    return octets + b"\x00" * (-len(octets) % 4)
