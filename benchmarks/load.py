"""Keep-alive HTTP clients in one thread: prepared requests out, statuses and times in."""

import os
import re
import selectors
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
ANSWER_OCTETS_MAX = 65_536
SECONDS_MAX = 120.0
IDLE_SECONDS_MAX = 2.0  # uvicorn closes after five

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What became of a load. ``seconds`` is wall time, ``server_seconds`` processor time."""

    requests: int
    good: int
    seconds: float
    server_seconds: float
    latencies: tuple[float, ...]

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def per_server_second(self) -> float:
        """Requests for a second of one core, whatever else the machine did."""
        return self.requests / self.server_seconds

    def latency_ms(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Connection:
    """One keep-alive connection with the requests that it will send, one after the other."""

    def __init__(self, port: int, requests: Sequence[bytes]) -> None:
        self._port = port
        self.requests = requests
        self._open()
        self.again()

    def _open(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self._port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""
        self.sent_at = time.perf_counter()

    def refresh(self) -> None:
        """Opens a connection anew that was idle for so long that the server may have closed it."""
        if time.perf_counter() - self.sent_at > IDLE_SECONDS_MAX:
            self.socket.close()
            self._open()

    def send(self) -> bool:
        """Sends the next request; False where there is none left."""
        request = next(self._next, None)
        if request is None:
            return False
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)
        return True

    def again(self, requests: Sequence[bytes] | None = None) -> None:
        """Begins anew, with other requests if some are given."""
        self.requests = self.requests if requests is None else requests
        self._next = iter(self.requests)

    def receive(self) -> bytes | None:
        """A whole answer; None while some of it is missing."""
        octets = self.socket.recv(ANSWER_OCTETS_MAX)
        if not octets:
            raise ConnectionError("the server closed the connection")
        self._received += octets
        head = self._received.find(b"\r\n\r\n")
        if head < 0:
            return None
        length = _LENGTH.search(self._received, 0, head + 2)
        end = head + 4 + (int(length[1]) if length else 0)
        if len(self._received) < end:
            return None
        answer, self._received = self._received[:end], self._received[end:]
        return answer


@contextmanager
def connected(port: int, shares: Sequence[Sequence[bytes]]) -> Iterator[list[Connection]]:
    """As many connections as shares, each with its own requests: a server that has several
    processes gives a connection to one of them, and keeps it there.
    """
    made: list[Connection] = []
    try:
        made.extend(Connection(port, share) for share in shares)
        yield made
    finally:
        for connection in made:
            connection.socket.close()


def shared(requests: Sequence[bytes], connections: int) -> list[Sequence[bytes]]:
    """Requests dealt out to connections."""
    return [requests[first::connections] for first in range(connections)]


def run(
    connections: Sequence[Connection],
    *,
    good: Callable[[bytes], bool],
    processes: Sequence[int],
    seconds_max: float = float("inf"),
) -> Load:
    """Sends every request of every connection, each when the one before it was answered.

    No more are sent after ``seconds_max``.
    ``processes`` are the server's: their processor time is what a request costs.
    """
    latencies: list[float] = []
    well = 0
    for connection in connections:
        connection.refresh()
    with selectors.DefaultSelector() as selector:
        before = sum(map(processor_seconds, processes))
        begun = time.perf_counter()
        waiting = 0
        for connection in connections:
            if connection.send():
                selector.register(connection.socket, selectors.EVENT_READ, connection)
                waiting += 1
        while waiting:
            ready = selector.select(SECONDS_MAX)
            if not ready:
                raise TimeoutError("the server does not answer")
            for key, _ in ready:
                connection = key.data
                answer = connection.receive()
                if answer is None:
                    continue
                latencies.append(time.perf_counter() - connection.sent_at)
                well += good(answer)
                if connection.sent_at - begun > seconds_max or not connection.send():
                    selector.unregister(connection.socket)
                    waiting -= 1
        seconds = time.perf_counter() - begun
        spent = sum(map(processor_seconds, processes)) - before
    return Load(
        requests=len(latencies),
        good=well,
        seconds=seconds,
        server_seconds=max(spent, 1 / TICKS),
        latencies=tuple(latencies),
    )


def processor_seconds(process: int) -> float:
    """What a process, all its threads included, has used of processors."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
