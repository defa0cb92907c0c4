"""The composition roots: both houses in one process, or one house, on uvicorn."""

import asyncio
import gc
import resource
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from importlib.util import find_spec
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import uvicorn
from fastapi import FastAPI

from plugward.connections import Http, WebSocket
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode

if TYPE_CHECKING:
    from OpenSSL.SSL import Context

BACKLOG = 2_048  # uvicorn's own default
CONNECTIONS_MAX = 32_768  # charging stations among them; beyond it requests are answered 503
MESSAGE_OCTETS_MAX = 65_536  # of a WebSocket; OCPP's largest messages have some 20,000
PING_SECONDS = 30.0  # a station that is silent for twice as long is gone
GARBAGE_OBJECTS = 20_000  # new objects between two searches for cycles; some megabytes
STOP_SECONDS = 10  # how long requests under way may take to end


# Linux alone deals connections out to all sockets of an address.
_DEALT_OUT = sys.platform == "linux"


@dataclass(frozen=True, slots=True)
class Door:
    """One house behind one socket. ``make`` puts its application together.

    The socket listens already; one that was ``reserved`` does so only as ``apart`` gives it.
    ``tls`` is what its connections share, where they are TLS.
    """

    name: str
    listening: socket.socket
    make: Callable[[], FastAPI]
    tls: "Context | None" = None

    @property
    def url(self) -> str:
        plain = url_of(self.listening)
        return plain if self.tls is None else plain.replace("http", "https", 1)

    def apart(self) -> "Door":
        """The same door with a socket of its own that listens at a reserved address.

        From one socket, one process takes all connections that come in a moment, and keeps them;
        of several, each gets its share.
        """
        if not _DEALT_OUT:
            return replace(self, listening=self.listening.dup())
        own = _bound(*self.listening.getsockname()[:2], dealt_out=True)
        own.listen(BACKLOG)
        return replace(self, listening=own)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. A complaint where it cannot be had."""
    with _complaining(host, port):
        made = _bound(host, port)
        made.listen(BACKLOG)
    return made


def reserve(host: str, port: int) -> socket.socket:
    """A socket that holds an address for the doors of several processes; as ``listen``."""
    if not _DEALT_OUT:
        return listen(host, port)
    with _complaining(host, port):
        if port:
            # Sockets that are dealt out to tolerate each other, whosoever they are.
            with _bound(host, port) as alone:
                alone.listen(BACKLOG)
        return _bound(host, port, dealt_out=True)


@contextmanager
def _complaining(host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as bad:
        raise Complaint(
            f"cannot listen on {host} port {port}: {(bad.strerror or str(bad)).lower()}",
            hint="another address or port",
            exit_code=ExitCode.UNREACHABLE,
        ) from bad


def _bound(host: str, port: int, *, dealt_out: bool = False) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's algorithm off only where the protocol is named: without it every
    # answer waits 40 ms for the client's delayed acknowledgement.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if dealt_out:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind((host, port))
    except OSError:
        made.close()
        raise
    return made


def url_of(listening: socket.socket) -> str:
    """The address under which a listening socket is reached."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run_on_loop(main: Coroutine[object, object, None]) -> None:
    """Runs to its end on uvloop, or asyncio's own loop where uvloop does not exist (Windows)."""
    factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    if find_spec("uvloop") is not None:
        from uvloop import new_event_loop

        factory = new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main)


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, two servers share this process's; says when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.awake = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.awake.set()

    def capture_signals(self) -> "nullcontext[None]":  # type: ignore[override]  # uvicorn's is a generator of the same use
        return nullcontext()


def connections(app: FastAPI) -> type[Http]:
    """Connections with deadlines; in front of them what an application has of its own."""
    front: type | None = getattr(app.state, "http_front", None)
    return Http if front is None else type("FrontedHttp", (front, Http), {})


def _server(app: FastAPI, tls: "Context | None") -> _Server:
    http: Any = connections(app)
    if tls is not None:
        from plugward.tls import over_tls

        http = over_tls(tls, http)
    # The lifespan is entered by us: uvicorn would log its exceptions and lose them.
    config = uvicorn.Config(
        app,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        http=http,
        ws=WebSocket,
        proxy_headers=False,  # a header says nothing about who called (H11)
        limit_concurrency=CONNECTIONS_MAX,
        ws_max_size=MESSAGE_OCTETS_MAX,
        ws_per_message_deflate=False,  # 64 KiB a station, and a bomb's fuse
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    return _Server(config)


def _allow_open_files() -> None:
    """As many as the system lets us have: each charging station keeps one open."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@asynccontextmanager
async def opened(doors: Sequence[Door]) -> AsyncIterator[None]:
    """Every house awake and answering; at the end requests under way are waited for."""
    _allow_open_files()
    async with AsyncExitStack() as stack:
        servers = []
        for door in doors:
            app = door.make()
            await stack.enter_async_context(app.router.lifespan_context(app))
            servers.append(_server(app, door.tls))
        serving = [
            asyncio.create_task(server.serve(sockets=[door.listening]))
            for server, door in zip(servers, doors, strict=True)
        ]
        try:
            for server in servers:
                await server.awake.wait()
            yield
        finally:
            for server in servers:
                server.should_exit = True
            await asyncio.gather(*serving)


async def serve(
    doors: Sequence[Door], *, ready: Callable[[], None], orphaned: int | None = None
) -> None:
    """Serves until SIGTERM or SIGINT, then ends gracefully. ``ready`` is called once.

    Also ends when ``orphaned``, a file descriptor, becomes readable: whoever watched is gone.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if orphaned is not None:
        loop.add_reader(orphaned, stop.set)
    async with opened(doors):
        _settle()
        ready()
        await stop.wait()


def _settle() -> None:
    """Leaves what a process was built of out of every later search for unreachable cycles.

    The answer to a request is some hundred objects without cycles; by the interpreter's own
    threshold they were searched at every second request.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS)


@contextmanager
def in_background(doors: Sequence[Door]) -> Iterator[None]:
    """The houses served by another thread of this process while the block runs.

    What opening them raises is raised here.
    """
    awake = Event()
    raised: list[BaseException] = []
    ends: list[Callable[[], object]] = []

    async def run() -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        ends.append(lambda: loop.call_soon_threadsafe(stop.set))
        async with opened(doors):
            awake.set()
            await stop.wait()

    def thread() -> None:
        try:
            run_on_loop(run())
        except BaseException as bad:  # noqa: BLE001 - carried over to the thread that waits
            raised.append(bad)
        finally:
            awake.set()

    server = Thread(target=thread, name="plugward-serve")
    server.start()
    awake.wait()
    try:
        if raised:
            raise raised[0]
        yield
    finally:
        if not raised:
            ends[0]()
        server.join()
    if raised:
        raise raised[0]
