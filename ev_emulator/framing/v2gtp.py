"""V2GTP: the header before every payload on the wire (ISO 15118-2 and -20, 7.8.3).

Octets arrive in any portions. A header is judged as soon as its octets are there, before its
payload is waited for, so a lying length costs no memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

from ev_emulator.errors import MalformedFrame
from exi.codec import MESSAGE_OCTETS_MAX

HEADER_OCTETS = 8
VERSION = 0x01
INVERSE = VERSION ^ 0xFF
FRAMES_MAX = 1024  # frames in one portion: 64 KiB of the smallest there are, and far beyond honest


class PayloadType(IntEnum):
    """What a payload is."""

    EXI = 0x8001  # the handshake, and every message of -2
    ISO_20_MAIN = 0x8002
    ISO_20_AC = 0x8003
    ISO_20_DC = 0x8004
    ISO_20_ACDP = 0x8005
    ISO_20_WPT = 0x8006
    ISO_20_SCHEDULE = 0x8101
    ISO_20_METERING = 0x8102
    SDP_REQUEST = 0x9000
    SDP_RESPONSE = 0x9001
    SDP_REQUEST_WIRELESS = 0x9002
    SDP_RESPONSE_WIRELESS = 0x9003


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many octets a payload may have."""

    least: int
    most: int


_MESSAGE = Size(least=1, most=MESSAGE_OCTETS_MAX)
SIZES: Mapping[PayloadType, Size] = MappingProxyType(
    {payload_type: _MESSAGE for payload_type in PayloadType if payload_type < 0x9000}
    | {
        PayloadType.SDP_REQUEST: Size(least=2, most=2),
        PayloadType.SDP_RESPONSE: Size(least=20, most=20),
        # -20 Annex on wireless discovery: identifiers of variable length, small datagrams
        PayloadType.SDP_REQUEST_WIRELESS: Size(least=2, most=1024),
        PayloadType.SDP_RESPONSE_WIRELESS: Size(least=20, most=1024),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One payload and its type."""

    payload_type: PayloadType
    payload: bytes


def encode(payload_type: PayloadType, payload: bytes) -> bytes:
    """Header and payload; ValueError for a payload that its type does not allow."""
    size = SIZES[payload_type]
    if not size.least <= len(payload) <= size.most:
        raise ValueError(f"{payload_type.name} of {len(payload)} octets")
    return (
        bytes((VERSION, INVERSE))
        + payload_type.to_bytes(2, "big")
        + len(payload).to_bytes(4, "big")
        + payload
    )


class FrameReader:
    """Takes octets as they come and gives the frames they complete.

    After a malformed frame ``failure`` says why and nothing more is read: there is no telling
    where the next frame begins. Frames before it count, however the octets came in portions.
    """

    __slots__ = ("_buffer", "failure")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.failure: MalformedFrame | None = None

    @property
    def pending(self) -> int:
        """Octets of an incomplete frame."""
        return len(self._buffer)

    def feed(self, data: bytes) -> tuple[Frame, ...]:
        """The frames that are complete now; raises nothing, see ``failure``."""
        if self.failure is not None:
            return ()
        self._buffer += data
        frames: list[Frame] = []
        try:
            while (stop := self._end(len(frames))) is not None:
                frames.append(
                    Frame(
                        payload_type=PayloadType(int.from_bytes(self._buffer[2:4], "big")),
                        payload=bytes(self._buffer[HEADER_OCTETS:stop]),
                    )
                )
                del self._buffer[:stop]
        except MalformedFrame as malformed:
            self.failure = malformed
            self._buffer.clear()
        return tuple(frames)

    def _end(self, before: int) -> int | None:
        """Where the first frame ends, if it is complete; judges every header octet there is."""
        header = self._buffer
        if before >= FRAMES_MAX and header:
            raise MalformedFrame("v2gtp.too_many_frames", f"more than {FRAMES_MAX}")
        if header[:2] != bytes((VERSION, INVERSE))[: len(header)]:
            raise MalformedFrame("v2gtp.version", f"begins with {header[:2].hex()}")
        if len(header) < 4:
            return None
        number = int.from_bytes(header[2:4], "big")
        if number not in _KNOWN:
            raise MalformedFrame("v2gtp.payload_type", f"payload type {number:#06x}")
        if len(header) < HEADER_OCTETS:
            return None
        length = int.from_bytes(header[4:8], "big")
        size = SIZES[PayloadType(number)]
        if not size.least <= length <= size.most:
            raise MalformedFrame("v2gtp.length", f"{length} octets of {PayloadType(number).name}")
        stop = HEADER_OCTETS + length
        return stop if len(header) >= stop else None


_KNOWN = frozenset(payload_type.value for payload_type in PayloadType)


def decode(datagram: bytes) -> Frame:
    """The one frame that a datagram is; raises MalformedFrame (also for octets around it)."""
    reader = FrameReader()
    frames = reader.feed(datagram)
    if reader.failure is not None:
        raise reader.failure
    if len(frames) != 1 or reader.pending:
        raise MalformedFrame("v2gtp.datagram", f"{len(frames)} frames, {reader.pending} octets")
    return frames[0]
