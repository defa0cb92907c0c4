"""Driver connections that are kept open, for what every certificate waits for.

Taking a connection out of SQLAlchemy's pool and giving it back costs as much as SQLite takes to
write a certificate's rows. These are taken and given back with nothing in between, the last one
first: its cache of pages is warm, and what it wrote itself does not make that cache stale.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from sqlite3 import SQLITE_BUSY, OperationalError
from time import monotonic, sleep
from typing import Any, Protocol, TypeVar

from sqlalchemy import Engine, event
from sqlalchemy.exc import TimeoutError as PoolTimeout

from pki.errors import Unavailable
from pki.storage.database import BUSY_TIMEOUT_MS, turn_of

T = TypeVar("T")

Values = tuple[object, ...]  # values as the driver takes them: as text, for PostgreSQL

LOOK_AGAIN_SECONDS, LOOK_AGAIN_SECONDS_MAX = 0.000_1, 0.002  # whether another process is done

_UNIQUE_VIOLATION = "23505"  # PostgreSQL, appendix A


class Answers(Protocol):
    """Whatever answers a SELECT."""

    def ask(self, sql: str, values: Values) -> Sequence[tuple[Any, ...]]:
        """Every row, as the driver gives them."""
        ...


class Connection(Answers, Protocol):
    """One kept connection. Every method raises what the driver raises."""

    def begin(self) -> None: ...

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def run(self, sql: str, rows: Sequence[Values]) -> int:
        """Runs a statement once a row; how many rows of tables it touched in all."""
        ...

    def close(self) -> None: ...


class Kept:
    """The kept connections of an engine, closed when it is disposed of."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        driver: Any = engine.dialect.loaded_dbapi
        self.clash: type[Exception] = driver.IntegrityError
        self._failures: tuple[type[Exception], ...] = (driver.Error, PoolTimeout, OSError)
        self._sqlite = engine.dialect.name == "sqlite"
        self._turn = turn_of(engine)
        self._idle: list[Connection] = []
        event.listen(engine, "engine_disposed", self._close)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection in a write transaction, committed at the end; Unavailable.

        Integrity errors (``clash``) are for those inside to catch.
        """
        with self._turn:
            connection, _ = self._first(lambda connection: connection.begin())
            try:
                yield connection
                connection.commit()
            except self._failures as bad:
                self._undo(connection)
                raise _unavailable(bad) from bad
            except BaseException:
                self._undo(connection)
                raise
            self._idle.append(connection)

    def ask(self, sql: str, values: Values) -> Sequence[tuple[Any, ...]]:
        """Every row of a SELECT, outside of any transaction of ours; Unavailable."""
        connection, rows = self._first(lambda connection: connection.ask(sql, values))
        self._idle.append(connection)
        return rows

    def _first(self, do: Callable[[Connection], T]) -> tuple[Connection, T]:
        """A connection, and what the first thing told that was done by it.

        Where that fails on one that was kept, it is done once more on a fresh one: the server may
        have been started anew, and then all of them are lost.
        """
        try:
            connection = self._idle_one()
            if connection is None:
                return self._tried(self._opened(), do)
            try:
                return self._tried(connection, do)
            except self._failures:
                if self._sqlite:
                    raise
                self._close(self._engine)
                return self._tried(self._opened(), do)
        except self._failures as bad:
            raise _unavailable(bad) from bad

    def _tried(self, connection: Connection, do: Callable[[Connection], T]) -> tuple[Connection, T]:
        try:
            return connection, do(connection)
        except self._failures:
            self._drop(connection)
            raise

    def _undo(self, connection: Connection) -> None:
        try:
            # Also before it is closed: SQLite keeps a closed connection's lock for as long as one
            # of its cursors is held, be it by a traceback.
            connection.rollback()
        except self._failures:
            self._drop(connection)
        else:
            self._idle.append(connection)

    def _drop(self, connection: Connection) -> None:
        with suppress(*self._failures):  # it is lost as it is
            connection.close()

    def _idle_one(self) -> Connection | None:
        with suppress(IndexError):
            return self._idle.pop()
        return None

    def _opened(self) -> Connection:
        pooled = self._engine.raw_connection()
        pooled.detach()  # out of the pool, for good
        raw: Any = pooled.dbapi_connection
        return _Sqlite(raw) if self._sqlite else _Postgresql(raw, self._engine.dialect.loaded_dbapi)

    def _close(self, _engine: Engine) -> None:
        while (connection := self._idle_one()) is not None:
            self._drop(connection)


def _unavailable(bad: Exception) -> Unavailable:
    return Unavailable(f"database: {type(bad).__name__}", code="unavailable.database")


class _Sqlite:
    """The driver's connection, made by pki.storage.database, and its one cursor."""

    __slots__ = ("_cursor", "_raw")

    def __init__(self, raw: Any) -> None:  # noqa: ANN401 - a driver's connection
        self._raw = raw
        self._cursor = raw.cursor()
        self._cursor.execute("PRAGMA busy_timeout=0")  # _patiently() waits

    def begin(self) -> None:
        self._patiently("BEGIN IMMEDIATE", ())

    def commit(self) -> None:
        self._cursor.execute("COMMIT")

    def rollback(self) -> None:
        self._raw.rollback()

    def run(self, sql: str, rows: Sequence[Values]) -> int:
        cursor = self._cursor
        if len(rows) == 1:
            cursor.execute(sql, rows[0])
        else:
            cursor.executemany(sql, rows)
        touched: int = cursor.rowcount
        return touched

    def ask(self, sql: str, values: Values) -> Sequence[tuple[Any, ...]]:
        # All of it: SQLite's read transaction lasts until the end was seen.
        rows: list[tuple[Any, ...]] = self._patiently(sql, values).fetchall()
        return rows

    def _patiently(self, sql: str, values: Values) -> Any:  # noqa: ANN401 - a driver's cursor
        """Runs what may have to wait for another process, BUSY_TIMEOUT_MS at most.

        A commit takes a fraction of a millisecond. SQLite's own waiting looks again after 1, 2, 5,
        10 and more of them, and whoever writes without a pause is found at it nearly every time.
        """
        pause, ends = LOOK_AGAIN_SECONDS, monotonic() + BUSY_TIMEOUT_MS / 1000
        while True:
            try:
                return self._cursor.execute(sql, values)
            except OperationalError as bad:
                if bad.sqlite_errorcode & 0xFF != SQLITE_BUSY or monotonic() > ends:
                    raise
            sleep(pause)
            pause = min(1.5 * pause, LOOK_AGAIN_SECONDS_MAX)

    def close(self) -> None:
        self._raw.close()


class _Postgresql:
    """The driver's connection, each statement parsed by the server once.

    Its cursors would send a statement's text every time, rewritten letter by letter in Python, and
    wait for the server twice.
    """

    __slots__ = ("_driver", "_prepared", "_raw")

    def __init__(self, raw: Any, driver: Any) -> None:  # noqa: ANN401 - a driver and its connection
        self._raw = raw
        self._driver = driver
        self._prepared: dict[str, tuple[Any, ...]] = {}
        # A plan is kept like the statement it is of, and outlives the table it was made for: what
        # was planned while a table was empty would read all of it when it is not. What is asked
        # here is found by its key, so plans are made of looking keys up alone.
        for name in ("enable_seqscan", "enable_hashjoin", "enable_mergejoin"):
            raw.execute_simple(f"SET {name} = off")

    def begin(self) -> None:
        self._raw.execute_simple("BEGIN")

    def commit(self) -> None:
        self._raw.execute_simple("COMMIT")

    def rollback(self) -> None:
        self._raw.execute_simple("ROLLBACK")

    def run(self, sql: str, rows: Sequence[Values]) -> int:
        return sum(self._executed(sql, row).row_count for row in rows)

    def ask(self, sql: str, values: Values) -> Sequence[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._executed(sql, values).rows
        return rows

    def _executed(self, sql: str, values: Values) -> Any:  # noqa: ANN401 - the driver's context
        try:
            prepared = self._prepared.get(sql)
            if prepared is None:
                prepared = self._prepared[sql] = self._raw.prepare_statement(sql, ())
            name, columns, readers = prepared
            return self._raw.execute_named(name, values, columns, readers, sql)
        except self._driver.DatabaseError as bad:
            told = bad.args[0]
            if isinstance(told, dict) and told.get("C") == _UNIQUE_VIOLATION:
                raise self._driver.IntegrityError(told) from bad
            raise

    def close(self) -> None:
        self._raw.close()
