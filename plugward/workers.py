"""Several processes behind the same sockets, watched and replaced by the one that started them."""

import logging
import multiprocessing
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from time import monotonic

import structlog

from plugward import logs
from plugward.exit_codes import ExitCode
from plugward.hardening import harden
from plugward.serve import STOP_SECONDS, Door, run_on_loop, serve

WORKERS_MAX = 64
PATIENCE_SECONDS = 5.0  # beyond what a worker itself gives to requests under way
BACKOFF_SECONDS = 0.5  # before a worker that ended is replaced; twice as long each time
BACKOFF_SECONDS_MAX = 30.0
SETTLED_SECONDS = 60.0  # a worker that lived so long begins anew with the shortest

_log = structlog.get_logger("plugward")
# Whoever watches has no thread and has opened nothing but sockets, so a copy of it is whole; and
# settings, which hold passphrases, need not be written down for a new interpreter.
_FORK = multiprocessing.get_context("fork")


@dataclass(slots=True)
class _Place:
    """One worker's place: who works there, or when the next one begins."""

    process: ForkProcess | None = None
    heard: Connection | None = None
    begun_at: float = 0.0
    again_at: float = 0.0
    ends: int = 0


def supervise(
    doors: Sequence[Door],
    *,
    workers: int,
    complain: Callable[[Exception], int],
    ready: Callable[[], None],
) -> int:
    """Serves with so many processes until SIGTERM or SIGINT; its exit status.

    ``ready`` is called when all of them answer. A worker that ends before that ends everything,
    with its exit status: what it lacks, the next one lacks, too. Later ones are replaced.
    ``complain`` says, in the worker, what it could not do.
    """
    places = [_Place() for _ in range(workers)]
    with _stopping() as stop:
        try:
            for place in places:
                _begin(place, doors, complain)
            failed = _await_all(places, stop)
            if failed is None:
                ready()
                _watch(places, doors, complain, stop)
        finally:
            ended = _end(places)
    return ended if failed is None else failed


def _work(doors: Sequence[Door], complain: Callable[[Exception], int], heard: Connection) -> None:
    """What a worker does, in its own process."""
    # What a terminal sends to all is the watcher's to pass on, as SIGTERM, when it is time.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    harden()
    logs.to_stderr(logging.INFO)
    parent = multiprocessing.parent_process()
    assert parent is not None
    try:
        run_on_loop(serve(doors, ready=lambda: heard.send(True), orphaned=parent.sentinel))
    except Exception as raised:  # noqa: BLE001 - the edge of a process, as plugward.cli is of the first
        raise SystemExit(complain(raised)) from None


def _begin(place: _Place, doors: Sequence[Door], complain: Callable[[Exception], int]) -> None:
    heard, tells = _FORK.Pipe(duplex=False)
    with ExitStack() as own:
        # Its sockets end with it: what others would wait for there is dealt out to them anew.
        apart = [door.apart() for door in doors]
        for door in apart:
            own.enter_context(door.listening)
        process = _FORK.Process(target=_work, args=(apart, complain, tells), name="plugward-worker")
        process.start()
    tells.close()
    place.process, place.heard, place.begun_at = process, heard, monotonic()


def _await_all(places: Sequence[_Place], stop: socket.socket) -> int | None:
    """None when all workers answer; the exit status where one ended, or somebody said stop."""
    waiting = {place.heard: place for place in places if place.heard is not None}
    while waiting:
        for each in wait([stop, *waiting]):
            if each is stop:
                return ExitCode.YES
            assert isinstance(each, Connection)
            place = waiting.pop(each)
            try:
                each.recv()
            except EOFError:
                assert place.process is not None
                place.process.join()
                return place.process.exitcode or ExitCode.BUG
    return None


def _watch(
    places: Sequence[_Place],
    doors: Sequence[Door],
    complain: Callable[[Exception], int],
    stop: socket.socket,
) -> None:
    """Replaces workers that end, until somebody says stop."""
    while True:
        sentinels = {p.process.sentinel: p for p in places if p.process is not None}
        due = [place.again_at for place in places if place.process is None]
        ready = wait([stop, *sentinels], max(0.0, min(due) - monotonic()) if due else None)
        if stop in ready:
            return
        for each in ready:
            assert isinstance(each, int)
            _mourn(sentinels[each])
        for place in places:
            if place.process is None and place.again_at <= monotonic():
                _begin(place, doors, complain)


def _mourn(place: _Place) -> None:
    """Notes that a worker ended, and when the next one begins."""
    assert place.process is not None
    place.process.join()
    now = monotonic()
    if now - place.begun_at >= SETTLED_SECONDS:
        place.ends = 0
    delay = min(BACKOFF_SECONDS * 2**place.ends, BACKOFF_SECONDS_MAX)
    _log.error("worker.ended", status=place.process.exitcode, replaced_in_seconds=delay)
    place.ends += 1
    place.again_at = now + delay
    _clear(place)


def _clear(place: _Place) -> None:
    if place.heard is not None:
        place.heard.close()
    if place.process is not None:
        place.process.close()
    place.process = place.heard = None


def _end(places: Sequence[_Place]) -> int:
    """Ends every worker, gently first; the first exit status that is not 0."""
    working = [place for place in places if place.process is not None]
    for place in working:
        assert place.process is not None
        place.process.terminate()
    deadline = monotonic() + STOP_SECONDS + PATIENCE_SECONDS
    statuses = []
    for place in working:
        assert place.process is not None
        place.process.join(max(0.0, deadline - monotonic()))
        if place.process.is_alive():
            _log.error("worker.killed")
            place.process.kill()
            place.process.join()
        statuses.append(place.process.exitcode or ExitCode.YES)
        _clear(place)
    return next((status for status in statuses if status != ExitCode.YES), ExitCode.YES)


@contextmanager
def _stopping() -> Iterator[socket.socket]:
    """A socket that is readable when somebody said stop."""
    readable, writable = socket.socketpair()
    writable.setblocking(False)
    before = {
        number: signal.signal(number, lambda *_: writable.send(b"\0"))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield readable
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        readable.close()
        writable.close()
