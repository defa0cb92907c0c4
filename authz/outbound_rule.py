"""Where the service may connect to: the operator's list, and nothing that a message names."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self
from urllib.parse import SplitResult, urlsplit

from certs.errors import Refused

URL_CHARACTERS_MAX = 2_000  # OCPP 2.1 responderURL; 2.0.1 has 512

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_PORTS = {"http": 80, "https": 443}
_CHARACTERS = re.compile(r"[!-~]+")
_LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
# Addresses that carry an IPv4 address inside (RFC 6052, RFC 3056) would let a private one pass.
_TRANSLATED: tuple[Network, ...] = (ip_network("64:ff9b::/96"), ip_network("2002::/16"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An absolute http(s) URL, split. ``host`` is lower case, without brackets."""

    scheme: str
    host: str
    port: int
    path: str  # with the query, at least "/"

    @property
    def host_header(self) -> str:
        """What the Host header says (RFC 9110 7.2)."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _PORTS[self.scheme] else f"{name}:{self.port}"


def target(url: str) -> Target | None:
    """A URL, split; None where it is no absolute http(s) URL of ASCII without user or fragment.

    Dots and backslashes that software reads differently are refused and not resolved.
    """
    if len(url) > URL_CHARACTERS_MAX or not _CHARACTERS.fullmatch(url) or "\\" in url:
        return None
    try:
        parts: SplitResult = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    scheme, host = parts.scheme.lower(), parts.hostname
    segments = parts.path.lower().replace("%2e", ".").split("/")
    if (
        scheme not in _PORTS
        or not host
        or "@" in parts.netloc
        or parts.fragment
        or "." in segments
        or ".." in segments
    ):
        return None
    path = parts.path or "/"
    return Target(
        scheme=scheme,
        host=host.lower(),
        port=_PORTS[scheme] if port is None else port,
        path=f"{path}?{parts.query}" if parts.query else path,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundRule:
    """One entry of the operator's list: a URL prefix, and private networks it may resolve into.

    Scheme, host and port must be equal and the path must continue at a ``/``, so
    ``http://ocsp.example/a`` covers neither ``http://ocsp.example.evil/a`` nor ``…/ab``.
    """

    prefix: Target
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, prefix: str, networks: tuple[str, ...] = ()) -> Self:
        """A rule from its texts; Refused("outbound.…") where they are none."""
        split = target(prefix)
        if split is None:
            raise Refused("outbound.prefix", "a prefix is an absolute http or https URL")
        try:
            parsed = tuple(ip_network(network) for network in networks)
        except ValueError as bad:
            raise Refused("outbound.network", "a network is like 10.0.0.0/8") from bad
        return cls(prefix=split, networks=parsed)

    def covers(self, asked: Target) -> bool:
        """Whether a URL lies under this prefix."""
        own = self.prefix
        if (own.scheme, own.host, own.port) != (asked.scheme, asked.host, asked.port):
            return False
        return asked.path.startswith(own.path) and (
            own.path.endswith("/")
            or len(asked.path) == len(own.path)
            or asked.path[len(own.path)] in "/?"
        )

    def permits(self, address: Address) -> bool:
        """Whether this entry lets its host be at an address.

        Public addresses always; others only where the entry itself names them: as its host, as
        ``localhost``, or in its networks.
        """
        plain = getattr(address, "ipv4_mapped", None) or address
        if any(plain in network for network in self.networks):
            return True
        if self.prefix.host == "localhost":
            return any(plain in network for network in _LOOPBACK)
        if _literal(self.prefix.host) == plain:
            return True
        return (
            plain.is_global
            and not plain.is_multicast
            and not any(plain in network for network in _TRANSLATED)
        )


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def rule_for(url: str, rules: tuple[OutboundRule, ...]) -> tuple[Target, OutboundRule] | None:
    """The first rule that covers a URL; None where the operator lists none."""
    asked = target(url)
    if asked is None:
        return None
    return next(((asked, rule) for rule in rules if rule.covers(asked)), None)
