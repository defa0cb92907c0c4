"""The one writer of a process: many small writes, one commit.

A commit waits for the disk, so everything that arrives meanwhile goes into the next one together.
The waiting is done by a single thread that lives as long as the service; requests have none of
their own.
"""

import asyncio
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from authz.adapters.database import Database
from authz.errors import Conflict, NotFound, Unavailable
from certs.errors import Malformed, Refused

BATCH_MAX = 256  # writes in one commit: bounds what a crash before it may undo, and its duration
PENDING_MAX = 4_096  # writes waiting; beyond it the service is overloaded and says so

T = TypeVar("T")
Job = Callable[[Connection], T]
Gathered = Callable[[Connection, Sequence[Any]], None]


class _Write(msgspec.Struct, frozen=True, kw_only=True):
    """One write and who waits for it. Either a job, or an item for a function that takes many."""

    future: asyncio.Future[Any]
    job: Job[Any] | None = None
    gathered: Gathered | None = None
    item: Any = None


class Writer:
    """Writes in order, in as few commits as the disk allows.

    Started and closed on one event loop. A write's result comes back when it is on disk;
    Unavailable("database") when its commit failed, Unavailable("writer") when too many wait or
    the writer is not running.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: SimpleQueue[list[_Write] | None] = SimpleQueue()
        self._turn: list[_Write] = []  # what came in this turn of the event loop
        self._pending = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self.commits = 0
        self.writes = 0

    def start(self) -> None:
        """Begins to write; called on the event loop that will wait for it."""
        self._loop = asyncio.get_running_loop()
        self._thread = Thread(target=self._serve, name="authz-writer", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Writes what waits, then ends."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._hand_over()
            self._queue.put(None)
            await asyncio.to_thread(thread.join)

    @property
    def pending(self) -> int:
        """How many writes wait."""
        return self._pending

    async def run(self, job: Job[T]) -> T:
        """The result of a job, once it is on disk. What it raises of ours is raised here."""
        result: T = await self._enqueue(job=job)
        return result

    async def gather(self, gathered: Gathered, item: object) -> None:
        """Hands ``item`` to ``gathered`` together with the others of the same commit."""
        await self._enqueue(gathered=gathered, item=item)

    def _enqueue(
        self, *, job: Job[Any] | None = None, gathered: Gathered | None = None, item: object = None
    ) -> asyncio.Future[Any]:
        if self._thread is None or self._loop is None or self._pending >= PENDING_MAX:
            raise Unavailable("writer", "too many writes wait" if self._thread else "not running")
        self._pending += 1
        future = self._loop.create_future()
        if not self._turn:
            self._loop.call_soon(self._hand_over)
        self._turn.append(_Write(future=future, job=job, gathered=gathered, item=item))
        return future

    def _hand_over(self) -> None:
        """Gives the thread what came in a turn at once: waking it for each costs more than they."""
        if self._turn:
            self._queue.put(self._turn)
            self._turn = []

    def _serve(self) -> None:
        while (batch := self._queue.get()) is not None:
            ending = False
            while len(batch) < BATCH_MAX and not ending:
                try:
                    more = self._queue.get_nowait()
                except Empty:
                    break
                ending = more is None
                batch += more or []
            for first in range(0, len(batch), BATCH_MAX):
                self._commit(batch[first : first + BATCH_MAX])
            if ending:
                return

    def _commit(self, batch: list[_Write]) -> None:
        outcomes: list[tuple[_Write, object, Exception | None]] = []
        try:
            with self._database.writing() as connection:
                outcomes = [self._run(connection, write) for write in batch if write.job]
                for gathered in dict.fromkeys(write.gathered for write in batch if write.gathered):
                    items = [write for write in batch if write.gathered is gathered]
                    gathered(connection, [write.item for write in items])
                    outcomes += [(write, None, None) for write in items]
        except Exception as failed:  # noqa: BLE001 - nothing of the batch is on disk: whoever waits must be told, whatever it was
            outcomes = [(write, None, failed) for write in batch]
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._resolve, outcomes)

    @staticmethod
    def _run(connection: Connection, write: _Write) -> tuple[_Write, object, Exception | None]:
        """One job in a savepoint of its own, so that its failure leaves the others standing."""
        assert write.job is not None
        try:
            with connection.begin_nested():
                return write, write.job(connection), None
        except (Conflict, NotFound, Unavailable, Malformed, Refused) as declined:
            return write, None, declined
        except IntegrityError:
            return write, None, Conflict("conflict", "clashes with what is stored")

    def _resolve(self, outcomes: list[tuple[_Write, object, Exception | None]]) -> None:
        self._pending -= len(outcomes)
        self.commits += 1
        self.writes += len(outcomes)
        for write, result, failed in outcomes:
            if write.future.done():  # whoever asked went away
                continue
            if failed is None:
                write.future.set_result(result)
            else:
                write.future.set_exception(failed)
