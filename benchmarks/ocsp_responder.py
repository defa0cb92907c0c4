"""The OCSP responder: answers over HTTP from memory, signed live, signed ahead, on one core.

Thousands of certificates are asked about in turn, each by a request of its own. Over HTTP the
server's processor time counts, and thirty-two connections ask without pipelining.
"""

import contextlib
import itertools
import json
import multiprocessing
import os
import selectors
import shutil
import socket
import subprocess
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn

from certs import der
from certs.keys import SoftwareSigner
from certs.profiles.rules import Role
from certs.revocation.hash_data import HashAlgorithm
from certs.revocation.ocsp_request import encode_request, question_for
from pki.app import open_doors
from pki.storage.answers import SETTLED
from plugward.serve import connections
from tests.pki_house import Clock, MemoryKeys, furnished_house, someone, wanted
from tests.pki_wire import question
from tests.world import valid_world

SCRATCH = Path(__file__).resolve().parents[1] / ".benchmarks"

# The goals of issue 5.
HTTP_GOAL = 30_000.0
SIGNING_GOAL = 15_000.0
CERTIFICATES = 3_000
BATCH = 1_000
REQUESTS = 10_000
BLOCKS = 4
BLOCK = 500
CONNECTIONS = 32
OPENSSL_REQUESTS = 300
_RESPONDER = "openssl ocsp -port {port} -index index -CA ca.pem -rsigner r.pem -rkey r.key -ndays 1"
TICKS = os.sysconf("SC_CLK_TCK")
_LIMITS = {"identity_certificates_max": 0}


@contextlib.contextmanager
def _furnished(*, presigned: str = "") -> Iterator[tuple[Any, Clock, list[bytes]]]:
    """A house that issued CERTIFICATES contracts, its clock, and a request about each."""
    clock = Clock()
    with (
        tempfile.TemporaryDirectory(dir=SCRATCH) as at,
        furnished_house(
            f"sqlite:///{at}/pki.db",
            clock=clock,
            keys=MemoryKeys(),
            ocsp_presigned=presigned,
            **_LIMITS,
        ) as house,
    ):
        caller = someone(house)
        issued = []
        for first in range(0, CERTIFICATES, BATCH):
            batch = [wanted(number) for number in range(first, first + BATCH)]
            issued += house.authority.issue_batch(batch, caller=caller)
        issuer = valid_world()[Role.MO_SUB_2].certificate
        yield house, clock, [_request(each.certificate, issuer) for each in issued]


def _request(certificate: Any, issuer: Any) -> bytes:
    return encode_request(question_for(certificate, issuer, hash_algorithm=HashAlgorithm.SHA256))


async def _bare(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await receive()
    headers = [(b"content-type", b"application/ocsp-response"), (b"content-length", b"900")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(900)})


def _run(app: Any, listening: socket.socket, http: Any = "auto") -> None:
    config = uvicorn.Config(app, log_level="error", access_log=False, loop="uvloop", http=http)
    uvicorn.Server(config).run([listening])


def _serve_bare(listening: socket.socket, questions: Any) -> None:
    questions.send([question()])
    _run(_bare, listening)


def _serve_house(listening: socket.socket, questions: Any) -> None:
    with _furnished() as (house, _, requests):
        questions.send(requests)
        app = open_doors(house)
        _run(app, listening, connections(app))


@contextlib.contextmanager
def _served(serve: Callable[[socket.socket, Any], None]) -> Iterator[tuple[int, int, list[bytes]]]:
    """A server in a process of its own: its port, its process id, what to ask it."""
    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        process = fork.Process(target=serve, args=(listening, there))
        process.start()
        try:
            yield listening.getsockname()[1], process.pid or 0, here.recv()
        finally:
            process.terminate()
            process.join(10)


def _processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class _Asking:
    """One connection that asks again as soon as it is answered."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = b""

    def ask(self, request: bytes) -> None:
        head = (
            "POST /ocsp HTTP/1.1\r\nHost: pki\r\nContent-Type: application/ocsp-request\r\n"
            f"Content-Length: {len(request)}\r\n\r\n"
        )
        self.socket.sendall(head.encode() + request)

    def answered(self) -> bool:
        octets = self.socket.recv(65_536)
        if not octets:
            raise ConnectionError("the server closed a connection")
        self._read += octets
        head, whole, body = self._read.partition(b"\r\n\r\n")
        if not whole:
            return False
        if not head.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(head.decode())
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return False
        self._read = b""
        return True


def _rate(serve: Callable[[socket.socket, Any], None]) -> float:
    """Requests a second of the server's processor time, which is one core's."""
    with _served(serve) as (port, process, questions), selectors.DefaultSelector() as selector:
        asking = [_Asking(port) for _ in range(CONNECTIONS)]
        turn = itertools.cycle(questions)
        for each in asking:
            selector.register(each.socket, selectors.EVENT_READ, each)
            each.ask(next(turn))
        # Each certificate is asked about once before: from then on memory answers. Of the blocks
        # that follow the least counts, for others may share the machine.
        done, before, spent = -CERTIFICATES - CONNECTIONS, 0.0, []
        while len(spent) < BLOCKS:
            for key, _ in selector.select():
                if key.data.answered():
                    done += 1
                    if done >= 0 and done % REQUESTS == 0:
                        now = _processor_seconds(process)
                        if done:
                            spent.append(now - before)
                        before = now
                    key.data.ask(next(turn))
        for each in asking:
            each.socket.close()
        return REQUESTS / min(spent)


def _openssl() -> float | None:
    """`openssl ocsp` as a responder: requests a second of its processor time, a connection each."""
    if shutil.which("openssl") is None:
        return None
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    world = valid_world()
    issuer, responder = world[Role.MO_SUB_2], world.responder(Role.MO_SUB_2)
    leaf = world[Role.CONTRACT].certificate
    with (
        tempfile.TemporaryDirectory(dir=SCRATCH) as at,
        socket.create_server(("127.0.0.1", 0)) as s,
    ):
        port = s.getsockname()[1]
        s.close()
        folder = Path(at)
        (folder / "ca.pem").write_bytes(issuer.certificate.x509().public_bytes(Encoding.PEM))
        (folder / "r.pem").write_bytes(responder.certificate.x509().public_bytes(Encoding.PEM))
        (folder / "r.key").write_bytes(
            responder.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        ends = leaf.not_after.strftime("%y%m%d%H%M%SZ")
        (folder / "index").write_text(f"V\t{ends}\t\t{leaf.serial:X}\tunknown\t/CN=x\n")
        with subprocess.Popen(
            _RESPONDER.format(port=port).split(),
            cwd=at,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                time.sleep(1)
                before = _processor_seconds(process.pid)
                for _ in range(OPENSSL_REQUESTS):
                    _ask_once(port)
                return OPENSSL_REQUESTS / max(_processor_seconds(process.pid) - before, 1 / TICKS)
            finally:
                process.terminate()


def _ask_once(port: int) -> None:
    body = question()
    with socket.create_connection(("127.0.0.1", port)) as peer:
        peer.sendall(
            b"POST / HTTP/1.0\r\nContent-Type: application/ocsp-request\r\n"
            + f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        while peer.recv(65_536):
            pass


def _signing() -> tuple[float, float, float, float, float]:
    """Answers with a nonce, their certificates read from the database and known; signatures alone;
    answers signed ahead; octets of memory that an answer takes.
    """
    with _furnished(presigned="sha256") as (house, clock, requests):
        nonces = [_with_nonce(request) for request in requests]
        signer = SoftwareSigner(valid_world()[Role.MO_SUB_2].private_key)
        house.answer(nonces[0])

        def rate(work: Callable[[bytes], object]) -> float:
            spent = []
            for first in range(0, CERTIFICATES, BLOCK):
                begun = time.process_time()
                for each in nonces[first : first + BLOCK]:
                    work(each)
                spent.append(time.process_time() - begun)
            return BLOCK / min(spent)

        read = rate(house.answer)
        house.answering.hear(house.authority.reload)
        rate(house.answer)
        known = rate(house.answer)
        signed = rate(signer.sign)
        clock.forward(seconds=SETTLED.total_seconds())
        while house.presigner.enrol():
            pass
        begun, ahead = time.process_time(), 0
        while done := house.presigner.sign():
            ahead += done
        ahead_rate = ahead / (time.process_time() - begun)
        tracemalloc.start()
        for request in requests:
            house.answer(bytes(bytearray(request)))
        octets = tracemalloc.get_traced_memory()[0] / len(requests)
        tracemalloc.stop()
        return read, known, signed, ahead_rate, octets


def _with_nonce(request: bytes) -> bytes:
    """The same question with a nonce of 32 octets."""
    nonce = der.encode(der.OCTET_STRING, der.encode(der.OCTET_STRING, os.urandom(32)))
    extension = der.encode(der.SEQUENCE, bytes.fromhex("06092b0601050507300102") + nonce)
    start, stop = der.whole(request, der.SEQUENCE)
    start, stop = der.expect(request, start, stop, der.SEQUENCE)
    tbs = request[start:stop] + der.encode(0xA2, der.encode(der.SEQUENCE, extension))
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, tbs))


def _figure(name: str, value: float, reference: float | None, goal: float | None) -> dict[str, Any]:
    name, _, beside = name.partition("; beside ")
    return {
        "name": name,
        "value": round(value),
        "unit": "answers/s",
        "reference": "" if reference is None else f"{beside}: {reference:.0f}/s",
        "ratio": None if reference is None else round(value / reference, 3),
        "goal": goal,
        "met": None if goal is None else value >= goal,
    }


def measure() -> list[dict[str, Any]]:
    """The figures, each a second of the server's processor time."""
    SCRATCH.mkdir(exist_ok=True)
    bare, served, openssl = _rate(_serve_bare), _rate(_serve_house), _openssl()
    read, known, signed, ahead, octets = _signing()
    return [
        _figure("OCSP over HTTP from memory; beside a bare ASGI reply", served, bare, HTTP_GOAL),
        _figure("OCSP over HTTP from memory; beside openssl ocsp", served, openssl, HTTP_GOAL),
        _figure("OCSP signed live, nonce; beside its signature", known, signed, SIGNING_GOAL),
        _figure("... certificate read from the database; beside its signature", read, signed, None),
        _figure("OCSP signed ahead, into the database; beside its signature", ahead, signed, None),
        {
            "name": "memory of an OCSP answer kept",
            "value": round(octets),
            "unit": "octets",
            "reference": "",
            "ratio": None,
            "goal": None,
            "met": None,
        },
    ]


if __name__ == "__main__":
    for figure in measure():
        print(json.dumps(figure))
