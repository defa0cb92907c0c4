"""One row by its key, on a connection that each thread keeps: where every status answer waits.

Taking a connection from the pool, beginning and rolling back cost many times what SQLite takes to
find a row. What runs here is the text SQLAlchemy compiled, outside any transaction.
"""

from collections.abc import Callable
from contextlib import suppress
from mmap import ACCESS_READ, mmap
from threading import Lock, local
from typing import Any

from sqlalchemy import Engine, Select, event
from sqlalchemy.exc import TimeoutError as PoolTimeout

from pki.errors import Unavailable

_Processor = Callable[[object], object]
_INDEX_HEAD_OCTETS = 48


class Lookup:
    """A SELECT of one row at most, its values bound by position. Closed with its engine."""

    def __init__(self, statement: Select[tuple[object, ...]], engine: Engine) -> None:
        compiled = statement.compile(dialect=engine.dialect)
        self._sql = str(compiled)
        self._binding: list[_Processor | None] = [
            compiled.binds[name].type.dialect_impl(engine.dialect).bind_processor(engine.dialect)
            for name in compiled.positiontup or ()
        ]
        self._reading: list[_Processor | None] = [
            column.type.dialect_impl(engine.dialect).result_processor(engine.dialect, None)
            for column in statement.selected_columns
        ]
        driver: Any = engine.dialect.loaded_dbapi
        self._failures: tuple[type[Exception], ...] = (driver.Error, PoolTimeout, OSError)
        self._engine = engine
        self._kept = local()
        self._open: set[_Connection] = set()
        self._lock = Lock()
        event.listen(engine, "engine_disposed", self._close)

    def version(self) -> bytes | None:
        """Octets that are others once anyone committed anything.

        None where only the rows themselves would tell: on PostgreSQL, and for SQLite before this
        thread has read a row, or where its shared memory is none of a file's.
        """
        kept: _Connection | None = getattr(self._kept, "connection", None)
        return None if kept is None else kept.version()

    def one(self, *values: object) -> tuple[object, ...] | None:
        """The row of these values; Unavailable where the database is not there."""
        parameters = tuple(
            [
                value if bind is None else bind(value)
                for bind, value in zip(self._binding, values, strict=True)
            ]
        )
        row = self._fetch(parameters)
        if row is None:
            return None
        return tuple(
            [
                value if read is None else read(value)
                for read, value in zip(self._reading, row, strict=True)
            ]
        )

    def _fetch(self, parameters: tuple[object, ...]) -> tuple[object, ...] | None:
        kept: _Connection | None = getattr(self._kept, "connection", None)
        try:
            if kept is not None:
                try:
                    return kept.run(self._sql, parameters)
                except self._failures:
                    # The database may have been started anew since it was opened: tried again.
                    self._let_go(kept)
            return self._connect().run(self._sql, parameters)
        except self._failures as bad:
            raise Unavailable(
                f"database: {type(bad).__name__}", code="unavailable.database"
            ) from bad

    def _connect(self) -> "_Connection":
        pooled: Any = self._engine.raw_connection()
        pooled.detach()  # out of the pool, for good
        if self._engine.dialect.name == "sqlite":
            connection = _Connection(pooled, f"{self._engine.url.database}-shm")
        else:
            pooled.dbapi_connection.autocommit = True  # SQLite's are so by their connect hook
            connection = _Connection(pooled, None)
        with self._lock:
            self._open.add(connection)
        self._kept.connection = connection
        return connection

    def _let_go(self, connection: "_Connection") -> None:
        self._kept.connection = None
        with self._lock:
            self._open.discard(connection)
        with suppress(*self._failures):
            connection.close()

    def _close(self, _engine: Engine) -> None:
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()


class _Connection:
    """A driver's connection, its one cursor and, for SQLite, the head of the index of its log.

    That index is memory which all processes share (sqlite.org/walformat.html, 2): its first 48
    octets hold a counter of commits and a checksum, and it is the same file for as long as a
    connection to the database is open. Reading it takes a tenth of a microsecond, where asking
    (PRAGMA data_version) takes four and the locks that go with it.
    """

    def __init__(self, raw: Any, index: str | None) -> None:  # noqa: ANN401 - a driver's connection
        self.raw = raw
        self._cursor = raw.cursor()
        self._index = index
        self._shared: mmap | None = None

    def run(self, sql: str, parameters: tuple[object, ...]) -> tuple[object, ...] | None:
        self._cursor.execute(sql, parameters)
        # All of it: SQLite's read transaction lasts until the end was seen.
        rows: list[tuple[object, ...]] = self._cursor.fetchall()
        if self._index is not None:  # now it is there
            self._shared, self._index = _mapped(self._index), None
        return rows[0] if rows else None

    def version(self) -> bytes | None:
        return None if self._shared is None else self._shared[:_INDEX_HEAD_OCTETS]

    def close(self) -> None:
        if self._shared is not None:
            self._shared.close()
        self.raw.close()


def _mapped(path: str) -> mmap | None:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - mapped, and then closed
            return mmap(file.fileno(), _INDEX_HEAD_OCTETS, access=ACCESS_READ)
    except (OSError, ValueError):
        return None
