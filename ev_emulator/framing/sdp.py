"""SDP: the vehicle asks on the link where the charger is, and with which security (-2, 7.10.1)."""

from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv6Address

from ev_emulator.errors import MalformedFrame
from ev_emulator.framing import v2gtp
from ev_emulator.framing.v2gtp import PayloadType

PORT = 15118
GROUP = "ff02::1"
# Of EVCC and SECC in Josev: 50 requests, 250 ms apart
REQUESTS_MAX = 50
REQUEST_INTERVAL_SECONDS = 0.25


class Security(IntEnum):
    """How the connection is to be secured."""

    TLS = 0x00
    NONE = 0x10


class Transport(IntEnum):
    """What carries it; UDP is reserved."""

    TCP = 0x00


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Where is a charger that speaks so?"""

    security: Security
    transport: Transport = Transport.TCP


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Here, and so; a link-local address is meant on the interface it came from."""

    address: IPv6Address
    port: int
    security: Security
    transport: Transport = Transport.TCP


def encode_request(request: Request) -> bytes:
    """The datagram that asks."""
    return v2gtp.encode(
        PayloadType.SDP_REQUEST, bytes((request.security.value, request.transport.value))
    )


def encode_response(response: Response) -> bytes:
    """The datagram that answers; ValueError for port 0 or beyond 65535."""
    if not 0 < response.port <= 0xFFFF:
        raise ValueError(f"port {response.port}")
    return v2gtp.encode(
        PayloadType.SDP_RESPONSE,
        response.address.packed
        + response.port.to_bytes(2, "big")
        + bytes((response.security.value, response.transport.value)),
    )


def decode_request(datagram: bytes) -> Request:
    """The question in a datagram; raises MalformedFrame."""
    payload = _payload(datagram, PayloadType.SDP_REQUEST)
    return Request(security=_security(payload[0]), transport=_transport(payload[1]))


def decode_response(datagram: bytes) -> Response:
    """The answer in a datagram; raises MalformedFrame."""
    payload = _payload(datagram, PayloadType.SDP_RESPONSE)
    port = int.from_bytes(payload[16:18], "big")
    if not port:
        raise MalformedFrame("sdp.port", "port 0")
    return Response(
        address=IPv6Address(payload[:16]),
        port=port,
        security=_security(payload[18]),
        transport=_transport(payload[19]),
    )


def _payload(datagram: bytes, wanted: PayloadType) -> bytes:
    frame = v2gtp.decode(datagram)
    if frame.payload_type is not wanted:
        raise MalformedFrame("sdp.payload_type", frame.payload_type.name)
    return frame.payload


def _security(octet: int) -> Security:
    try:
        return Security(octet)
    except ValueError:
        raise MalformedFrame("sdp.security", f"{octet:#04x}") from None


def _transport(octet: int) -> Transport:
    try:
        return Transport(octet)
    except ValueError:
        raise MalformedFrame("sdp.transport", f"{octet:#04x}") from None
