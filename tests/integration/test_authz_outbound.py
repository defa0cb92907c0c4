"""H10 and O17: the only way out, spoken to by servers that behave badly."""

import asyncio
from ipaddress import ip_address
from typing import Self

import pytest

from authz.adapters.outbound import Ask, Outbound, resolved
from authz.errors import Unavailable
from authz.outbound_rule import OutboundRule, target

BODY = b"an answer"


class Server:
    """One canned answer, sent part by part, and what was asked of it."""

    def __init__(self, *parts: bytes, pause_seconds: float = 0.0) -> None:
        self.parts = parts
        self.pause_seconds = pause_seconds
        self.asked: list[bytes] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.asked.append(await reader.readuntil(b"\r\n\r\n"))
            for part in self.parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(self.pause_seconds)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def http(body: bytes = BODY, status: str = "200 OK", **headers: str) -> bytes:
    named = {"Content-Length": str(len(body)), "Connection": "close"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    lines = [f"HTTP/1.1 {status}", *(f"{k}: {v}" for k, v in named.items() if v), "", ""]
    return "\r\n".join(lines).encode() + body


async def fetched(url: str, *, networks=(), bytes_max=1_000, resolve=resolved, body=None):
    outbound = Outbound(resolve=resolve)
    ask = Ask(
        target=target(url),
        rule=OutboundRule.parse(url, networks),
        accept="application/ocsp-response",
        bytes_max=bytes_max,
        body=body,
        content_type="application/ocsp-request" if body else "",
    )
    try:
        return await outbound.fetch(ask, deadline_seconds=0.5)
    finally:
        await outbound.close()


def run(server: Server, **how):
    async def story():
        async with server:
            return await fetched(f"http://127.0.0.1:{server.port}/ocsp?x=1", **how)

    return asyncio.run(story())


def test_answer_comes_back_and_the_host_is_named():
    server = Server(http())
    assert run(server) == BODY
    head = server.asked[0].decode().lower()
    assert head.startswith("get /ocsp?x=1 http/1.1\r\n")
    assert f"host: 127.0.0.1:{server.port}\r\n" in head
    assert "accept-encoding: identity\r\n" in head
    assert "cookie" not in head
    assert "authorization" not in head


def test_body_is_posted():
    server = Server(http())
    assert run(server, body=b"question") == BODY
    head = server.asked[0].decode().lower()
    assert head.startswith("post /ocsp?x=1")
    assert "content-type: application/ocsp-request\r\n" in head


@pytest.mark.parametrize(
    "answer",
    [
        http(status="302 Found", Location="http://127.0.0.1:1/"),
        http(status="404 Not Found"),
        http(status="204 No Content", body=b""),
        http(Content_Encoding="gzip"),
        http(b"x" * 1_001),
        http(b"x" * 5_000, Content_Length=""),
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
        http(Content_Length="999999"),
    ],
    ids=[
        "H10-redirect",
        "status",
        "no content",
        "O17-gzip",
        "O17-one octet more",
        "O17-no length",
        "not HTTP",
        "nothing",
        "O17-cut short",
    ],
)
def test_o17_everything_but_a_whole_200_is_unavailable(answer):
    with pytest.raises(Unavailable) as silent:
        run(Server(answer))
    assert silent.value.what == "outbound"


def test_answer_of_exactly_the_cap_is_taken():
    assert run(Server(http(b"x" * 1_000))) == b"x" * 1_000


def test_o17_dripping_server_is_let_go():
    drops = [bytes([octet]) for octet in http(b"x" * 100)]
    with pytest.raises(Unavailable):
        run(Server(*drops, pause_seconds=0.05))


def test_nobody_there_is_unavailable():
    with pytest.raises(Unavailable):
        asyncio.run(fetched("http://127.0.0.1:1/"))


def resolver(*rounds: list[str]):
    """Answers that change from one look-up to the next, as a rebinding attacker's do."""
    left = list(rounds)

    async def resolve(_host: str, _port: int):
        return [ip_address(address) for address in left.pop(0)]

    resolve.left = left
    return resolve


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["169.254.169.254"], ["93.184.215.14", "127.0.0.1"], ["::ffff:10.0.0.1"], []],
)
def test_h10_public_name_at_a_private_address_is_not_connected_to(addresses):
    async def story():
        async with Server(http()) as server:
            url = f"http://ocsp.example:{server.port}/"
            with pytest.raises(Unavailable):
                await fetched(url, resolve=resolver(addresses))
            assert server.asked == []

    asyncio.run(story())


def test_h10_name_is_looked_up_once_and_the_connection_goes_there():
    async def story():
        async with Server(http()) as server:
            resolve = resolver(["127.0.0.1"], ["169.254.169.254"])
            url = f"http://ocsp.example:{server.port}/"
            assert await fetched(url, networks=("127.0.0.0/8",), resolve=resolve) == BODY
            assert len(resolve.left) == 1
            assert f"Host: ocsp.example:{server.port}" in server.asked[0].decode()

    asyncio.run(story())


def test_h10_proxies_of_the_environment_are_not_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert run(Server(http())) == BODY


def test_this_machines_resolver_is_asked():
    assert ip_address("127.0.0.1") in asyncio.run(resolved("127.0.0.1", 80))


def test_name_that_nobody_has_is_unavailable():
    async def nobody(_host: str, _port: int):
        raise OSError("no such host")

    with pytest.raises(Unavailable):
        asyncio.run(fetched("http://nobody.example/", resolve=nobody))
