"""H06: nobody hides a second request inside a first one, against the server that plugward runs."""

import re
import socket
from contextlib import contextmanager

import pytest

from plugward.serve import Door, in_background, listen
from tests.authz_house import house

SECONDS_MAX = 20.0
HIDDEN = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
POST = b"POST /v1/authorize HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """The port of an authorization service behind the server of ``plugward serve``."""
    with served(tmp_path_factory.mktemp("served")) as number:
        yield number


@contextmanager
def served(place):
    with house(place, boring=False) as h:
        from authz.app import create_app

        listening = listen("127.0.0.1", 0)
        door = Door(name="authz", listening=listening, make=lambda: create_app(h.settings))
        with in_background([door]):
            yield listening.getsockname()[1]


def said_to(port: int, octets: bytes) -> list[int]:
    """The statuses of everything that is answered to some octets, until the server lets go."""
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX) as raw:
        raw.sendall(octets)
        while True:
            try:
                part = raw.recv(65_536)
            except ConnectionResetError:
                break
            if not part:
                break
            said += part
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3})", said)]


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end


CLTE = POST + b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n" % (5 + len(HIDDEN))

# What one reader on the way takes for the end of a request and another does not. Each would be
# answered 200 for the hidden request if it were read out of the first one's body.
SMUGGLED = {
    "CL.TE": CLTE + b"0\r\n\r\n" + HIDDEN,
    "TE.CL": POST
    + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n"
    + chunked(HIDDEN),
    "TE.TE": POST
    + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"
    + chunked(b"{}")
    + HIDDEN,
    "TE unknown": POST + b"Transfer-Encoding: xchunked\r\n\r\n" + chunked(b"{}") + HIDDEN,
    "TE chunked twice": POST
    + b"Transfer-Encoding: chunked, identity\r\n\r\n"
    + chunked(b"{}")
    + HIDDEN,
    "TE before a tab": POST
    + b"Transfer-Encoding:\x0bchunked\r\nContent-Length: 0\r\n\r\n"
    + chunked(HIDDEN),
    "space before the colon": POST
    + b"Transfer-Encoding : chunked\r\nContent-Length: 0\r\n\r\n"
    + chunked(HIDDEN),
    "folded header": POST
    + b"X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: x\r\n\r\n"
    + HIDDEN,
    "two lengths": POST
    + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN)
    + HIDDEN,
    "lengths in one": POST + b"Content-Length: 0, %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
    "length with a sign": POST + b"Content-Length: +0\r\n\r\n" + HIDDEN,
    "length below zero": POST + b"Content-Length: -1\r\n\r\n" + HIDDEN,
    "hexadecimal length": POST + b"Content-Length: 0x00\r\n\r\n" + HIDDEN,
    "length beyond 64 bits": POST + b"Content-Length: %d\r\n\r\n" % 2**64 + HIDDEN,
    "LF chunk size": POST
    + b"Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n"
    + HIDDEN,
    "LF after a chunk": POST
    + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\n0\r\n\r\n"
    + HIDDEN,
    "chunk without its end": POST  # h11 CVE-2025-43859: two octets were skipped unread
    + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n"
    + HIDDEN,
    "chunk size beyond 64 bits": POST
    + b"Transfer-Encoding: chunked\r\n\r\n1%s\r\n{}\r\n0\r\n\r\n" % (b"0" * 16)
    + HIDDEN,
    "chunk size with a sign": POST
    + b"Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n"
    + HIDDEN,
    "chunk size with a prefix": POST
    + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n"
    + HIDDEN,
    "NUL in a header": POST + b"X: a\0b\r\nContent-Length: 0\r\n\r\n" + HIDDEN,
    "CR alone": POST + b"X: a\rContent-Length: 0\r\n\r\n" + HIDDEN,
    "length and HTTP/1.0 chunks": POST.replace(b"HTTP/1.1", b"HTTP/1.0")
    + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n"
    + chunked(HIDDEN),
}  # fmt: skip


@pytest.mark.parametrize("octets", SMUGGLED.values(), ids=SMUGGLED)
def test_h06_request_whose_end_two_readers_see_differently_is_refused(port, octets):
    assert said_to(port, octets) == [400]


@pytest.mark.parametrize(
    ("octets", "statuses"),
    [
        (HIDDEN + HIDDEN, [200, 200]),
        (POST + b"Content-Length: 2\r\n\r\n{}" + HIDDEN, [401, 200]),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"{", b"}") + HIDDEN, [401, 200]),
        (
            POST + b"Content-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN + HIDDEN,
            [401, 200],
        ),
    ],
    ids=["two", "behind a length", "behind chunks", "hidden in a body, then one"],
)
def test_requests_that_all_readers_see_alike_are_answered_one_by_one(port, octets, statuses):
    assert said_to(port, octets + LAST) == [*statuses, 200]
