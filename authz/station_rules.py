"""What an operator permits of charging stations that connect."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from certs.errors import Refused

Network = IPv4Network | IPv6Network


class RevocationMode(Enum):
    """What a station's certificate is worth whose revocation status nobody tells."""

    HARD_FAIL = "hard"
    SOFT_FAIL = "soft"


@dataclass(frozen=True, slots=True, kw_only=True)
class StationRules:
    """``plain``: networks from which security profile 1 may come without TLS. ``proxies``: those
    whose plain connections a proxy of the operator's has taken out of TLS.
    """

    plain: tuple[Network, ...]
    proxies: tuple[Network, ...]
    revocation: RevocationMode
    deadline_seconds: float


def parse_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Networks like 10.0.0.0/8; Refused("settings.networks") for a text that is none."""
    try:
        return tuple(ip_network(text) for text in texts)
    except ValueError as bad:
        raise Refused("settings.networks", "not a network like 10.0.0.0/8") from bad


def within(address: str, networks: tuple[Network, ...]) -> bool:
    """Whether an address lies in one of these networks; a text that is no address does not."""
    try:
        found = ip_address(address)
    except ValueError:  # a unix socket
        return False
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return any((mapped or found) in network for network in networks)
