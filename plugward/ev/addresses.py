"""Where chargers are, as users write it."""

import socket

from ev_emulator.driving.plug_in import Direct, Discovered, Target
from ev_emulator.framing.sdp import Security
from plugward.errors import Complaint

PORT_MAX = 65_535


def target(charger: str | None, *, interface: str | None, plain: bool) -> Target:
    """HOST:PORT, or whoever answers on an interface; a complaint for neither and for both."""
    if (charger is None) is (interface is None):
        raise Complaint("either HOST:PORT or --interface", hint="127.0.0.1:15118")
    if interface is not None:
        known(interface)
        return Discovered(interface=interface)
    host, port = split(charger or "")
    return Direct(host=host, port=port, security=Security.NONE if plain else Security.TLS)


def known(interface: str) -> None:
    """A complaint where this machine has no such interface."""
    try:
        socket.if_nametoindex(interface)
    except OSError as bad:
        raise Complaint(f"{interface} is no network interface here", hint="ip link") from bad


def split(text: str, *, least: int = 1) -> tuple[str, int]:
    """HOST:PORT, the host of IPv6 in brackets; a ``least`` of 0 lets the system choose a port."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or not host:
        raise Complaint(f"{text} is not HOST:PORT", hint="127.0.0.1:15118 or [::1]:15118")
    if not least <= int(port) <= PORT_MAX:
        raise Complaint(f"{text}: {port} is no port")
    return host.removeprefix("[").removesuffix("]"), int(port)
