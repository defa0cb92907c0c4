"""Authorize from charging stations over OCPP 2.0.1 and WebSocket, beside a bare echo."""

import base64
import json
import resource
import secrets
import selectors
import socket
import struct
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import insert

from authz.adapters.database import Database
from authz.adapters.tables import STATIONS
from authz.charging_station import Password
from benchmarks.authorize import cores_apart, place, warmed
from benchmarks.authorize_world import (
    TENANT,
    forked,
    known_issuer,
    now,
    responder,
    serve_asgi,
    service,
)
from benchmarks.load import TICKS, Load, processor_seconds

RATE_GOAL = 3_000.0  # issue 6, on two cores: one is the stations' own
STATIONS_COUNT = 2_000
CHAINS = 2_000
PASSES = 2
WINDOW = 64  # calls open at once, of all stations
SECONDS_MAX = 120.0
PASSWORD = "a-password-of-2000-stations"

_TEXT, _CLOSE = 0x81, 0x88


class Connected:
    """A station's WebSocket, as thin as it can be."""

    def __init__(self, port: int, path: str, authorization: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = [
            f"GET {path} HTTP/1.1",
            "Host: authz",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(secrets.token_bytes(16)).decode()}",
            "Sec-WebSocket-Protocol: ocpp2.0.1",
            f"Authorization: {authorization}",
        ]
        self.socket.sendall("\r\n".join(head).encode() + b"\r\n\r\n")
        self._received = b""
        self.sent_at = 0.0

    def opened(self) -> None:
        """Reads the answer to the handshake."""
        while b"\r\n\r\n" not in self._received:
            self._received += self.socket.recv(4_096)
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head

    def send(self, frame: bytes) -> None:
        self.sent_at = perf_counter()
        self.socket.sendall(frame)

    def receive(self) -> bytes | None:
        """A whole text message; None while some of it is missing. Pings go unanswered here."""
        octets = self.socket.recv(65_536)
        if not octets:
            raise ConnectionError("the server closed the connection")
        self._received += octets
        while len(self._received) >= 2:
            kind, length = self._received[0], self._received[1]
            start = 2
            if length == 126:
                if len(self._received) < 4:
                    return None
                length, start = struct.unpack_from("!H", self._received, 2)[0], 4
            end = start + length
            if len(self._received) < end:
                return None
            body, self._received = self._received[start:end], self._received[end:]
            if kind == _TEXT:
                return body
            assert kind != _CLOSE, body
        return None


def frame(text: bytes) -> bytes:
    """A text message as a client sends it; the mask is nought, and RFC 6455 allows that number."""
    assert 126 <= len(text) < 65_536
    return struct.pack("!BBH4x", _TEXT, 0x80 | 126, len(text)) + text


def calls(bodies: Sequence[bytes]) -> list[bytes]:
    """AuthorizeRequests as frames, each of a message id of its own: none is a repetition."""
    found = []
    for body in bodies:
        payload = json.loads(body)
        del payload["evseId"]  # the station's own document, without what is ours
        found.append(frame(json.dumps([2, secrets.token_hex(12), "Authorize", payload]).encode()))
    return found


@contextmanager
def connected(port: int) -> Iterator[list[Connected]]:
    """All stations, each let in by its password."""
    made: list[Connected] = []
    try:
        for first in range(0, STATIONS_COUNT, 100):
            some = []
            for number in range(first, min(first + 100, STATIONS_COUNT)):
                name = identity(number)
                secret = base64.b64encode(f"{name}:{PASSWORD}".encode()).decode()
                some.append(Connected(port, f"/ocpp/{TENANT}/{name}", f"Basic {secret}"))
            made += some
            for one in some:
                one.opened()
        yield made
    finally:
        for one in made:
            one.socket.close()


def run(stations: Sequence[Connected], frames: Sequence[bytes], processes: Sequence[int]) -> Load:
    """Every station in turn says the next call, WINDOW of them at a time."""
    latencies: list[float] = []
    good = 0
    waiting = deque(frames)
    resting = deque(stations)
    with selectors.DefaultSelector() as selector:
        for one in stations:
            selector.register(one.socket, selectors.EVENT_READ, one)
        before = sum(map(processor_seconds, processes))
        begun = perf_counter()
        for _ in range(min(WINDOW, len(waiting))):
            resting.popleft().send(waiting.popleft())
        while len(latencies) < len(frames):
            ready = selector.select(SECONDS_MAX)
            if not ready:
                raise TimeoutError("the server does not answer")
            for key, _ in ready:
                one = key.data
                answer = one.receive()
                if answer is None:
                    continue
                latencies.append(perf_counter() - one.sent_at)
                if b'"Accepted"' not in answer and not good:
                    print(answer[:300])
                good += answer.startswith(b"[3,") and b'"status":"Accepted"' in answer
                resting.append(one)
                if waiting:
                    resting.popleft().send(waiting.popleft())
        seconds = perf_counter() - begun
        spent = sum(map(processor_seconds, processes)) - before
    return Load(
        requests=len(latencies),
        good=good,
        seconds=seconds,
        server_seconds=max(spent, 1 / TICKS),
        latencies=tuple(latencies),
    )


def identity(number: int) -> str:
    return f"CS-{number:05d}"


def register_stations(database_url: str, *, moment: datetime) -> None:
    """Fills the register as PUT /v1/stations would."""
    database = Database(database_url)
    rows = []
    for number in range(STATIONS_COUNT):
        password = Password.of(PASSWORD, salt=secrets.token_bytes(16))
        rows.append(
            {
                "tenant": TENANT,
                "identity": identity(number),
                "profile": 1,
                "salt": password.salt,
                "password_digest": password.digest,
                "updated_at": moment,
            }
        )
    try:
        with database.writing() as connection:
            connection.execute(insert(STATIONS), rows)
    finally:
        database.close()


def resident_kib(processes: Sequence[int]) -> int:
    """Memory of processes that is their own."""
    total = 0
    for process in processes:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith(("Private_Clean:", "Private_Dirty:")):
                total += int(line.split()[1])
    return total


def _echo(octets: int) -> Any:
    text = '[3,"x",{"status":"Accepted","filler":"' + "x" * (octets - 41) + '"}]'

    async def answer(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept", "subprotocol": "ocpp2.0.1"})
        while (await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": text})

    return answer


def _serve_echo(octets: int, listening: Any) -> None:
    _allow_open_files()
    serve_asgi(_echo(octets), listening)


def bare(frames: Sequence[bytes], octets: int) -> Load:
    """A server that reads the same messages and answers as many octets, and does nothing else."""
    with forked(_serve_echo, octets) as (port, process), connected(port) as stations:
        run(stations, frames, [process])
        with cores_apart([process]):
            return run(stations, frames, [process])


def _allow_open_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def measure() -> list[dict[str, Any]]:
    """2,000 stations connected, each call with another chain; what they cost and how they wait."""
    _allow_open_files()
    contracts = known_issuer(CHAINS)
    chains = calls(contracts.chain_questions() * (PASSES + 1))
    hashes = calls(contracts.hash_questions() * PASSES)
    with (
        responder(contracts) as ocsp,
        place() as at,
        service(contracts, at, ocsp=ocsp, registered=CHAINS) as served,
    ):
        register_stations(served.database_url, moment=now())
        before = resident_kib(served.processes)
        begun = perf_counter()
        with connected(served.port) as stations:
            connecting = STATIONS_COUNT / (perf_counter() - begun)
            alone = (resident_kib(served.processes) - before) / STATIONS_COUNT
            first = run(stations, chains[:CHAINS], served.processes)
            assert first.good == first.requests, f"{first.good} of {first.requests} accepted"
            with cores_apart(served.processes):
                by_chain = run(stations, chains[CHAINS:], served.processes)
                by_hashes = run(stations, hashes, served.processes)
        bodies = contracts.chain_questions()
        http = warmed(served, bodies[:1], bodies, passes=PASSES)
    for load in (by_chain, by_hashes):
        assert load.good == load.requests, f"{load.good} of {load.requests} accepted"
    echo = bare(chains[CHAINS:], 120)
    return [
        *_rates("Authorize by chain over WebSocket", by_chain, echo, goal=RATE_GOAL),
        *_rates("Authorize by hashes over WebSocket", by_hashes, echo, goal=RATE_GOAL),
        _figure(
            "Authorize by chain over WebSocket, beside POST /v1/authorize",
            by_chain.per_server_second,
            "authorize/s",
            reference=f"POST /v1/authorize: {http.per_server_second:,.0f}/s",
            ratio=by_chain.per_server_second / http.per_server_second,
        ),
        _figure("stations let in", connecting, "stations/s"),
        _figure(
            "memory of a connected station",
            alone,
            "KiB",
        ),
    ]


def _rates(name: str, load: Load, echo: Load, *, goal: float) -> list[dict[str, Any]]:
    """``goal`` is by the wall: the server has one core, the stations the other."""
    return [
        _figure(
            f"{name}, {STATIONS_COUNT} stations, by the wall",
            load.per_second,
            "authorize/s",
            reference=f"bare echo: {echo.per_second:,.0f}/s",
            ratio=load.per_second / echo.per_second,
            goal=goal,
        ),
        _figure(
            f"{name}, for a second of one core",
            load.per_server_second,
            "authorize/s",
            reference=f"bare echo: {echo.per_server_second:,.0f}/s",
            ratio=load.per_server_second / echo.per_server_second,
        ),
        _figure(f"{name}, p50", load.latency_ms(0.5), "ms"),
        _figure(f"{name}, p99", load.latency_ms(0.99), "ms"),
    ]


def _figure(
    name: str,
    value: float,
    unit: str,
    *,
    reference: str = "",
    ratio: float | None = None,
    goal: float | None = None,
) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value, 1),
        "unit": unit,
        "reference": reference,
        "ratio": None if ratio is None else round(ratio, 3),
        "goal": goal,
        "met": None if goal is None else value >= goal,
    }


if __name__ == "__main__":
    for one in measure():
        print(json.dumps(one))
