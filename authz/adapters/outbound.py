"""The only way out: HTTP to places on the operator's list, at an address looked up once."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

import httpx

from authz.errors import Unavailable
from authz.outbound_rule import Address, OutboundRule, Target

ADDRESSES_MAX = 16  # of one name; the first one is used


class Declined(Unavailable):
    """The other side answered, but not with what was asked for; or it may not be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What to ask for: a GET, or a POST where there is a body, and how much of an answer."""

    target: Target
    rule: OutboundRule
    accept: str
    bytes_max: int
    body: bytes | None = None
    content_type: str = ""
    authorization: str = field(default="", repr=False)  # holds a key
    status: int = httpx.codes.OK  # the one that is an answer


Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]


async def resolved(host: str, port: int) -> Sequence[Address]:
    """The addresses of a host by this machine's resolver; OSError where it has none."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ip_address(info[4][0]) for info in found[:ADDRESSES_MAX]]


class Outbound:
    """HTTP requests with a cap on octets and on time, without redirects and without proxies.

    The host is resolved here, every address it has must be permitted by the rule, and the
    connection goes to the address that was checked: a name that resolves differently a moment
    later (DNS rebinding) changes nothing.
    """

    def __init__(self, *, resolve: Resolve = resolved) -> None:
        self._resolve = resolve
        self._client: httpx.AsyncClient | None = None

    @property
    def _http(self) -> httpx.AsyncClient:
        """The client, made when it is first needed: reading the CA bundle takes a while."""
        if self._client is None:
            self._client = httpx.AsyncClient(
                follow_redirects=False,
                trust_env=False,
                timeout=None,  # noqa: S113 - asyncio.timeout bounds the whole exchange
                # No connection serves twice: over TLS one address may be several hosts.
                limits=httpx.Limits(max_connections=32, max_keepalive_connections=0),
            )
        return self._client

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def fetch(self, ask: Ask, *, deadline_seconds: float) -> bytes:
        """The octets of an answer with the status that was asked for.

        Raises Unavailable("outbound") for no answer in time, a broken connection and a server's
        own errors (5xx); its child Declined for another status, more than ``bytes_max`` octets,
        an encoding, a forbidden address.
        """
        try:
            async with asyncio.timeout(deadline_seconds):
                return await self._exchange(ask, await self._address(ask.target, ask.rule))
        except TimeoutError as late:
            raise Unavailable("outbound", f"no answer in {deadline_seconds} s") from late
        except (httpx.HTTPError, OSError) as failed:
            raise Unavailable("outbound", type(failed).__name__) from failed

    async def _address(self, target: Target, rule: OutboundRule) -> Address:
        """The address to connect to; Unavailable where one of the host's is not permitted."""
        addresses = await self._resolve(target.host, target.port)
        if not addresses or not all(rule.permits(address) for address in addresses):
            raise Declined("outbound", "an address that the operator's list does not permit")
        return addresses[0]

    async def _exchange(self, ask: Ask, address: Address) -> bytes:
        target = ask.target
        literal = f"[{address}]" if address.version == 6 else str(address)
        headers = {
            "Host": target.host_header,
            "Accept": ask.accept,
            "Accept-Encoding": "identity",
            "User-Agent": "plugward-authz",
        }
        if ask.body is not None:
            headers["Content-Type"] = ask.content_type
        if ask.authorization:
            headers["Authorization"] = ask.authorization
        request = self._http.build_request(
            "GET" if ask.body is None else "POST",
            f"{target.scheme}://{literal}:{target.port}{target.path}",
            content=ask.body,
            headers=headers,
            extensions={"sni_hostname": target.host},
        )
        response = await self._http.send(request, stream=True)
        try:
            if response.status_code != ask.status:
                kind = Unavailable if response.is_server_error else Declined
                raise kind("outbound", f"HTTP status {response.status_code}")
            if response.headers.get("Content-Encoding", "identity") != "identity":
                # a few octets may unfold into gigabytes (O17)
                raise Declined("outbound", "an encoded answer")
            octets = bytearray()
            async for part in response.aiter_raw():
                octets += part
                if len(octets) > ask.bytes_max:
                    raise Declined("outbound", f"over {ask.bytes_max} octets")
            return bytes(octets)
        finally:
            await response.aclose()
            self._http.cookies.clear()
