"""SDP over UDP: multicast on a named interface, both sides."""

import asyncio
import socket
import struct
from collections.abc import Callable
from ipaddress import IPv6Address
from typing import Any, cast

from ev_emulator.errors import MalformedFrame, Unavailable
from ev_emulator.framing import sdp

_Answer = Callable[[sdp.Request], sdp.Response | None]


def _socket() -> socket.socket:
    found = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    found.setblocking(False)
    found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return found


def link_local_address(interface: str) -> IPv6Address:
    """The link-local address of an interface; Unavailable where it has none."""
    index = socket.if_nametoindex(interface)
    for info in _interface_addresses():
        address, scope = info
        if scope == index and address.is_link_local:
            return address
    raise Unavailable("interface", f"{interface} has no link-local IPv6 address")


class _Responder(asyncio.DatagramProtocol):
    """Answers honest questions; says nothing to anything else."""

    def __init__(self, answer: _Answer) -> None:
        self._answer = answer
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own datagram transport is no DatagramTransport by class (CPython 3.11)
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        try:
            response = self._answer(sdp.decode_request(data))
        except MalformedFrame:
            return
        if response is not None and self._transport is not None:
            self._transport.sendto(sdp.encode_response(response), addr)


async def respond(
    interface: str, answer: _Answer, *, port: int = sdp.PORT
) -> asyncio.DatagramTransport:
    """Listen for questions on an interface; close the transport to stop. OSError."""
    listening = _socket()
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("::", port))
        group = IPv6Address(sdp.GROUP).packed
        membership = group + struct.pack("@I", socket.if_nametoindex(interface))
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership)
    except OSError:
        listening.close()
        raise
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Responder(answer), sock=listening)
    return transport


class _Asker(asyncio.DatagramProtocol):
    """Keeps the first honest response."""

    def __init__(self, found: "asyncio.Future[sdp.Response]") -> None:
        self._found = found

    def datagram_received(self, data: bytes, _addr: tuple[Any, ...]) -> None:
        try:
            response = sdp.decode_response(data)
        except MalformedFrame:
            return
        if not self._found.done():
            self._found.set_result(response)


async def discover(
    interface: str,
    request: sdp.Request,
    *,
    requests_max: int = sdp.REQUESTS_MAX,
    interval_seconds: float = sdp.REQUEST_INTERVAL_SECONDS,
    port: int = sdp.PORT,
    group: str = sdp.GROUP,
) -> sdp.Response:
    """Ask on an interface until a charger answers; Unavailable("charger") where none does.

    ``group`` is whom to ask: on loopback, which often knows no multicast, an address.
    """
    index = socket.if_nametoindex(interface)
    asking = _socket()
    asking.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, struct.pack("@I", index))
    asking.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 1)
    asking.bind(("::", 0))
    loop = asyncio.get_running_loop()
    found: asyncio.Future[sdp.Response] = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Asker(found), sock=asking)
    datagram = sdp.encode_request(request)
    try:
        for _ in range(requests_max):
            transport.sendto(datagram, (group, port, 0, index))
            done, _pending = await asyncio.wait({found}, timeout=interval_seconds)
            if done:
                return found.result()
    finally:
        transport.close()
        found.cancel()
    raise Unavailable("charger", f"no answer to {requests_max} requests on {interface}")


def _interface_addresses() -> list[tuple[IPv6Address, int]]:
    """Every IPv6 address of this host with its interface's index (Linux)."""
    with open("/proc/thread-self/net/if_inet6", encoding="ascii") as table:  # noqa: PTH123 - a kernel's table
        rows = [line.split() for line in table]
    return [(IPv6Address(bytes.fromhex(row[0])), int(row[1], 16)) for row in rows]
