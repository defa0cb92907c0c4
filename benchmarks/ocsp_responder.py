"""The OCSP responder over HTTP on one core, beside a bare ASGI reply and `openssl ocsp`."""

import contextlib
import json
import multiprocessing
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn

from certs.keys import SoftwareSigner
from certs.profiles.rules import Role
from pki.app import open_doors
from tests.pki_house import Clock, MemoryKeys, furnished_house
from tests.pki_wire import question
from tests.world import valid_world

SCRATCH = Path(__file__).resolve().parents[1] / ".benchmarks"

# The goals of issue 5.
HTTP_GOAL = 30_000.0
SIGNING_GOAL = 15_000.0
REQUESTS = 60_000
PIPELINED = 64
OPENSSL_REQUESTS = 300
SIGNATURES = 3_000
_RESPONDER = "openssl ocsp -port {port} -index index -CA ca.pem -rsigner r.pem -rkey r.key -ndays 1"
TICKS = os.sysconf("SC_CLK_TCK")


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


def _run(app: Any, listening: socket.socket) -> None:
    config = uvicorn.Config(app, log_level="error", access_log=False, loop="uvloop")
    uvicorn.Server(config).run([listening])


def _serve_bare(listening: socket.socket) -> None:
    _run(_bare, listening)


def _serve_house(listening: socket.socket) -> None:
    with (
        tempfile.TemporaryDirectory(dir=SCRATCH) as at,
        furnished_house(f"sqlite:///{at}/pki.db", clock=Clock(), keys=MemoryKeys()) as house,
    ):
        _run(open_doors(house), listening)


@contextlib.contextmanager
def _served(serve: Callable[[socket.socket], None]) -> Iterator[tuple[int, int]]:
    """A server in a process of its own: its port and process id."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        process = multiprocessing.get_context("fork").Process(target=serve, args=(listening,))
        process.start()
        try:
            yield listening.getsockname()[1], process.pid or 0
        finally:
            process.terminate()
            process.join(10)


def _processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _rate(serve: Callable[[socket.socket], None]) -> float:
    """Requests a second of the server's processor time, which is one core's."""
    body = question()
    head = f"POST /ocsp HTTP/1.1\r\nHost: pki\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with _served(serve) as (port, process), socket.create_connection(("127.0.0.1", port)) as peer:
        peer.sendall(head + body)
        first = peer.recv(65_536)
        octets = len(first)
        before, done = 0.0, 0
        for done in range(0, REQUESTS + 4 * PIPELINED, PIPELINED):
            if done == 4 * PIPELINED:
                before = _processor_seconds(process)
            peer.sendall((head + body) * PIPELINED)
            missing = octets * PIPELINED
            while missing > 0:
                missing -= len(peer.recv(262_144))
        return REQUESTS / (_processor_seconds(process) - before)


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


def _signing() -> tuple[float, float]:
    """Answers signed live a second of processor time, and signatures alone."""
    with (
        tempfile.TemporaryDirectory(dir=SCRATCH) as at,
        furnished_house(f"sqlite:///{at}/pki.db", clock=Clock(), keys=MemoryKeys()) as house,
    ):
        nonce = question(nonce=bytes(32))
        signer = SoftwareSigner(valid_world()[Role.MO_SUB_2].private_key)

        def rate(work: Callable[[], object]) -> float:
            work()
            begun = time.process_time()
            for _ in range(SIGNATURES):
                work()
            return SIGNATURES / (time.process_time() - begun)

        return rate(lambda: house.answer(nonce)), rate(lambda: signer.sign(nonce))


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
    answered, signed = _signing()
    return [
        _figure("OCSP over HTTP from memory; beside a bare ASGI reply", served, bare, HTTP_GOAL),
        _figure("OCSP over HTTP from memory; beside openssl ocsp", served, openssl, HTTP_GOAL),
        _figure("OCSP signed live, nonce; beside its signature", answered, signed, SIGNING_GOAL),
    ]


if __name__ == "__main__":
    for figure in measure():
        print(json.dumps(figure))
