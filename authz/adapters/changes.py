"""How a process hears of rows that it, or another, changed: SQLite is asked, PostgreSQL tells."""

import asyncio
import secrets
from collections.abc import Iterable
from threading import Event, Thread

from sqlalchemy import Connection

from authz.adapters.database import Database
from authz.adapters.facts import Changes, Facts
from authz.errors import Unavailable

AT_ONCE_MAX = 1_000  # changes walked through one by one; after more, all is read again
BEAT_SECONDS = 0.1
TRUSTED_SECONDS = 1.0  # facts are as old as this at most
RETRY_SECONDS = 0.5
CLOSE_SECONDS_MAX = 5.0

_OF_SQLITE = "SELECT sequence, fact FROM fact_changes WHERE sequence > ? ORDER BY sequence LIMIT ?"
_NEWEST_OF_SQLITE = "SELECT coalesce(max(sequence), 0) FROM fact_changes"
_NOTIFICATIONS_MAX = 100  # that pg8000 holds for us; it drops the oldest without a word


def changes_of(database: Database) -> Changes:
    """The way that this kind of database tells its changes."""
    return SqliteChanges(database) if database.is_sqlite else PostgresqlChanges(database)


class SqliteChanges:
    """Asks SQLite once in each turn of the event loop.

    What a turn works on had arrived before it asked, so a request that was sent after a change
    had been acknowledged, by any process, is answered knowing it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._facts: Facts | None = None
        self._seen: int | None = None
        self._asked = False

    def start(self, facts: Facts) -> None:
        self._facts = facts

    def current(self) -> bool:
        if self._asked:
            return True
        if self._facts is None:
            return False
        try:
            self._ask(self._facts)
        except Unavailable:
            self._seen = None
            self._facts.forget_all()
            return False
        self._asked = True
        asyncio.get_running_loop().call_soon(self._turned)
        return True

    def _turned(self) -> None:
        self._asked = False

    def _ask(self, facts: Facts) -> None:
        seen = self._seen
        if seen is not None:
            rows = self._database.rows(_OF_SQLITE, (seen, AT_ONCE_MAX + 1))
            if not rows:
                return
            # Sequences have no gaps; one shows that rows were cleared away before we saw them.
            if rows[0][0] == seen + 1 and len(rows) <= AT_ONCE_MAX:
                for _, fact in rows:
                    facts.forget(fact)
                self._seen = rows[-1][0]
                return
        # The newest is read before anything is: what changes from here on is told.
        self._seen = self._database.rows(_NEWEST_OF_SQLITE, ())[0][0]
        facts.forget_all()

    async def close(self) -> None:
        self._facts = None


class PostgresqlChanges:
    """Listens to PostgreSQL's notifications in a thread, and proves all the while that it hears.

    A beat is sent over a connection and awaited on another. Notifications arrive in the order of
    their commits, so whoever hears a beat has heard of every change before it. Facts are used
    for ``TRUSTED_SECONDS`` after the newest beat that was heard was sent; a channel that is lost,
    slow or swallowed by a pooler makes every question read the database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._me = secrets.token_hex(8)
        self._beats = 0
        self._stop = Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._facts: Facts | None = None
        self._thread: Thread | None = None
        self._current_at = float("-inf")

    def start(self, facts: Facts) -> None:
        self._facts = facts
        self._loop = asyncio.get_running_loop()
        self._thread = Thread(target=self._listen, name="authz-changes", daemon=True)
        self._thread.start()

    def current(self) -> bool:
        return self._loop is not None and self._loop.time() - self._current_at <= TRUSTED_SECONDS

    async def close(self) -> None:
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.to_thread(thread.join, CLOSE_SECONDS_MAX)
        self._loop = None

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                with self._database.apart() as listening, self._database.apart() as telling:
                    self._follow(listening, telling)
            except Unavailable:
                self._stop.wait(RETRY_SECONDS)

    def _follow(self, listening: Connection, telling: Connection) -> None:
        ask = "SELECT 'authz_' || md5(current_schema())"
        channel = str(listening.exec_driver_sql(ask).scalar_one())
        listening.exec_driver_sql(f'LISTEN "{channel}"')
        heard = listening.connection.driver_connection
        assert heard is not None
        self._tell(self._forget_all)
        sent: dict[str, float] = {}
        while not self._stop.is_set():
            assert self._loop is not None
            self._beats += 1
            beat = f"beat {self._me} {self._beats}"
            sent[beat] = self._loop.time()
            telling.exec_driver_sql("SELECT pg_notify(%s, %s)", (channel, beat))
            # The driver reads notifications along with an answer, whatever was asked.
            listening.exec_driver_sql(f"SELECT '{channel}'")
            told = [payload for _, _, payload in heard.notifications]
            heard.notifications.clear()
            if len(told) >= _NOTIFICATIONS_MAX:
                self._tell(self._forget_all)
            own = [name for name in told if name in sent]
            moment = sent[own[-1]] if own else None
            for name in [name for name in sent if moment is not None and sent[name] <= moment]:
                del sent[name]
            facts = [name for name in told if not name.startswith("beat ")]
            if facts or moment is not None:
                self._tell(self._heard, facts, moment)
            self._stop.wait(BEAT_SECONDS)

    def _tell(self, what: object, *given: object) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(what, *given)  # type: ignore[arg-type]

    def _forget_all(self) -> None:
        self._current_at = float("-inf")
        if self._facts is not None:
            self._facts.forget_all()

    def _heard(self, facts: Iterable[str], moment: float | None) -> None:
        for fact in facts:
            if self._facts is not None:
                self._facts.forget(fact)
        if moment is not None:
            self._current_at = moment
