"""What the responder's own front writes over HTTP/1.1, and what it leaves alone."""

import contextlib
import socket

import pytest
from cryptography.x509 import ocsp

from pki.api.ocsp_memory import FromMemory
from pki.app import open_doors
from pki.ocsp.request import REQUEST_OCTETS_MAX
from plugward.serve import Door, in_background, listen
from tests.pki_house import MemoryKeys, furnished_house
from tests.pki_wire import question

SECONDS = 30


class Wire:
    """One connection, spoken octet by octet."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self._read = b""

    def send(self, *octets):
        for each in octets:
            self._socket.sendall(each)

    def answer(self):
        """Status, headers and body of the next response."""
        while b"\r\n\r\n" not in self._read:
            self._more()
        head, self._read = self._read.split(b"\r\n\r\n", 1)
        status, *lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        length = int(headers.get("content-length", 0))
        while len(self._read) < length:
            self._more()
        body, self._read = self._read[:length], self._read[length:]
        return int(status.split()[1]), headers, body

    def closed(self):
        return self._read == b"" and self._socket.recv(1) == b""

    def _more(self):
        octets = self._socket.recv(65_536)
        assert octets, "closed"
        self._read += octets

    def close(self):
        self._socket.close()


def post(body=None, *, more=(), version="1.1", length=True, path="/ocsp"):
    body = question() if body is None else body
    lines = [f"POST {path} HTTP/{version}", "Host: pki", *more]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('wire')}/pki.db"
    with furnished_house(url, keys=MemoryKeys()) as house:
        yield house


@pytest.fixture(scope="module")
def port(house):
    listening = listen("127.0.0.1", 0)
    with contextlib.closing(listening):
        door = Door(name="pki", listening=listening, make=lambda: open_doors(house))
        with in_background([door]):
            yield listening.getsockname()[1]


@pytest.fixture
def wire(port):
    wire = Wire(port)
    yield wire
    wire.close()


def good(answer):
    status, headers, body = answer
    assert status == 200
    assert headers["content-type"] == "application/ocsp-response"
    told = ocsp.load_der_ocsp_response(body)
    assert told.certificate_status is ocsp.OCSPCertStatus.GOOD
    return headers, body


def test_what_was_signed_once_is_written_again_with_the_same_headers(house, wire):
    wire.send(post())
    signed = good(wire.answer())
    before = len(house.answering.kept)
    assert before > 0
    for _ in range(3):
        wire.send(post())
        given = good(wire.answer())
        assert given[1] == signed[1]
        assert given[0].keys() == signed[0].keys()
        assert {**given[0], "date": ""} == {**signed[0], "date": ""}
    assert len(house.answering.kept) == before


def test_requests_sent_at_once_are_answered_in_their_order(wire):
    wire.send(
        post()
        + b"GET /livez HTTP/1.1\r\nHost: pki\r\n\r\n"
        + post()
        + post(question(nonce=b"n" * 16))
        + post()
    )
    answers = [wire.answer() for _ in range(5)]
    assert [status for status, _, _ in answers] == [200] * 5
    assert answers[1][2] == b'{"status":"ok"}'
    nonces = [
        len(ocsp.load_der_ocsp_response(answers[place][2]).extensions) for place in (0, 2, 3, 4)
    ]
    assert nonces == [0, 0, 1, 0]


@pytest.mark.parametrize("cut", [1, 40, 61, 70, 150, -1])
def test_request_in_pieces_is_one_request(wire, cut):
    whole = post()
    wire.send(whole[:cut])
    wire.send(post()[cut:], post())
    good(wire.answer())
    good(wire.answer())


def test_chunked_body_is_a_body(wire):
    body = question()
    chunks = (
        b"%x\r\n" % 10 + body[:10] + b"\r\n%x\r\n" % len(body[10:]) + body[10:] + b"\r\n0\r\n\r\n"
    )
    wire.send(post(b"", more=["Transfer-Encoding: chunked"], length=False) + chunks)
    good(wire.answer())


def test_client_that_asks_before_it_sends_is_told_to_go_on(wire):
    head, body = post(more=["Expect: 100-continue"]).split(b"\r\n\r\n", 1)
    wire.send(head + b"\r\n\r\n")
    assert wire.answer()[0] == 100
    wire.send(body)
    good(wire.answer())


@pytest.mark.parametrize(
    "odd", [{"more": ["Connection: close"]}, {"version": "1.0"}], ids=["close", "1.0"]
)
def test_connection_ends_where_the_client_wants_it(wire, odd):
    wire.send(post(**odd))
    good(wire.answer())
    assert wire.closed()


def test_o20_large_body_is_refused_and_does_not_come_in(wire):
    wire.send(post(bytes(REQUEST_OCTETS_MAX + 1)))
    assert wire.answer()[0] == 413


@pytest.mark.parametrize("path", ["/ocsp/", "/ocsp?x=1", "/ocspx"])
def test_other_addresses_go_to_the_door_behind(wire, path):
    wire.send(post(path=path))
    assert wire.answer()[0] in {200, 404}


def test_what_is_no_http_ends_the_connection(house, wire):
    house.answer(question())  # in memory from here on
    wire.send(post() + b"\x00\x01\x02\r\n\r\n")
    good(wire.answer())
    assert wire.answer()[0] == 400
    assert wire.closed()


def test_memory_is_written_without_a_task_and_counted(house, wire, monkeypatch):
    house.answer(question())

    async def behind(*_):
        raise AssertionError("the application was asked")

    monkeypatch.setattr(FromMemory, "__call__", behind)
    wire.send(post() * 3)
    for _ in range(3):
        good(wire.answer())
    monkeypatch.undo()
    wire.send(b"GET /metrics HTTP/1.1\r\nHost: pki\r\n\r\n")
    text = wire.answer()[2].decode()
    (counted,) = [
        float(line.split()[1])
        for line in text.splitlines()
        if line.startswith('pnc_ocsp_responses_total{status="successful"}')
    ]
    assert counted >= 3


def test_empty_body_is_a_malformed_request(wire):
    wire.send(post(b""))
    _, _, body = wire.answer()
    told = ocsp.load_der_ocsp_response(body)
    assert told.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST
