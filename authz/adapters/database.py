"""Opening SQLite or PostgreSQL so that what was committed is kept, and reading from it."""

import asyncio
import socket
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from time import monotonic, sleep
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, Select, Table, create_engine, event, text
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from authz.errors import Unavailable
from certs.errors import Refused

BUSY_TIMEOUT_MS = 5_000  # one process waits for another's write this long before it answers 503
_POSTGRESQL_PORT = 5432
LOOK_AGAIN_SECONDS, LOOK_AGAIN_SECONDS_MAX = 0.000_1, 0.002  # whether that write is over
READERS_MAX = 4  # PostgreSQL connections that read at once; each waits on the network, not on us

# What SQLite must say of itself: a commit in WAL with FULL is on disk before it returns; NORMAL
# survives a crash of the process and loses acknowledged commits on power loss.
_SQLITE_DURABLE = {"journal_mode": {"wal"}, "synchronous": {"2", "3"}, "foreign_keys": {"1"}}
_POSTGRESQL_DURABLE = {
    "synchronous_commit": {"on", "local", "remote_write", "remote_apply"},
    "fsync": {"on"},
    "full_page_writes": {"on"},
}

T = TypeVar("T")


class Lookup:
    """A SELECT that every question makes, compiled once for each kind of database.

    Its rows are the driver's own: SQLAlchemy's work for one execution costs several times what
    SQLite needs to find the row. Columns come as stored (moments in microseconds).
    """

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, tuple[str, ...]]] = {}

    def compiled(self, dialect: Dialect) -> tuple[str, tuple[str, ...]]:
        """The SQL text with positional parameters, and the parameters' names in order."""
        found = self._compiled.get(dialect.name)
        if found is None:
            made = self._statement.compile(dialect=dialect)
            found = self._compiled[dialect.name] = (str(made), tuple(made.positiontup or ()))
        return found


def insert_many(
    connection: Connection, table: Table, values: Sequence[object], *, otherwise: str = ""
) -> None:
    """Inserts rows, whose columns follow each other in ``values`` as stored, in one statement.

    ``otherwise`` is the clause that says what becomes of a row that is there already.

    One statement is one call into SQLite, for which the interpreter's lock is let go once, and
    one round trip to PostgreSQL, whose driver makes one for each row otherwise.
    """
    rows = len(values) // len(table.columns)
    connection.exec_driver_sql(
        _insertion(connection.dialect, table, rows, otherwise), tuple(values)
    )


@lru_cache(maxsize=1_024)
def _insertion(dialect: Dialect, table: Table, rows: int, otherwise: str) -> str:
    placeholder = "?" if dialect.positional and dialect.paramstyle == "qmark" else "%s"
    row = f"({', '.join([placeholder] * len(table.columns))})"
    columns = ", ".join(column.name for column in table.columns)
    # Names and placeholders are the table's; every value is bound.
    return f"INSERT INTO {table.name} ({columns}) VALUES {', '.join([row] * rows)} {otherwise}"  # noqa: S608


class Database:
    """One database, its one door for reads and its one for writes.

    SQLite is read on the event loop itself, where a lookup costs some tens of microseconds;
    PostgreSQL is read from a few threads, because each lookup waits for the network. Writes come
    from the writer's thread (``authz.adapters.writer``) or from commands.
    """

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        self.is_sqlite = self._engine.dialect.name == "sqlite"
        self._writing = self._engine
        if self.is_sqlite:
            self._writing = _engine(url)
            event.listen(self._writing, "connect", _look_again_ourselves)
        self._kept: Connection | None = None
        self._readers = (
            None if self.is_sqlite else ThreadPoolExecutor(READERS_MAX, "authz-database-reader")
        )

    async def read(self, query: Callable[[Connection], T]) -> T:
        """What ``query`` reads from everything committed so far; Unavailable("database")."""
        if self._readers is None:
            with _translated():
                if self._kept is None:
                    self._kept = self._connected()
                return query(self._kept)
        return await asyncio.get_running_loop().run_in_executor(
            self._readers, self._read_apart, query
        )

    async def look_up(self, lookup: Lookup, given: Mapping[str, object]) -> tuple[Any, ...] | None:
        """The first row that a look-up finds; None where it finds none."""
        sql, names = lookup.compiled(self._engine.dialect)
        values = tuple([given[name] for name in names])
        if self._readers is None:
            try:
                row: tuple[Any, ...] | None = self._cursor().execute(sql, values).fetchone()
            except (sqlite3.Error, DBAPIError) as bad:
                raise Unavailable("database", type(bad).__name__) from bad
            return row

        def query(connection: Connection) -> tuple[Any, ...] | None:
            row = connection.exec_driver_sql(sql, values).fetchone()
            return None if row is None else tuple(row)

        return await self.read(query)

    def rows(self, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        """Every row, read on the event loop itself: for SQLite alone."""
        try:
            return self._cursor().execute(sql, values).fetchall()
        except (sqlite3.Error, DBAPIError) as bad:
            raise Unavailable("database", type(bad).__name__) from bad

    @contextmanager
    def apart(self) -> Iterator[Connection]:
        """A connection of its own for a thread that stays; each statement commits itself."""
        driver: Any = self._engine.dialect.loaded_dbapi
        with _translated(), self._engine.connect() as connection:
            try:
                # The pool's ping began a transaction, in which nothing would be told or heard.
                connection.connection.rollback()
            except driver.Error as bad:  # the driver's own: SQLAlchemy does not stand between
                raise Unavailable("database", type(bad).__name__) from bad
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def _cursor(self) -> sqlite3.Cursor:
        """A cursor of the connection that the event loop keeps for itself."""
        if self._kept is None:
            self._kept = self._connected()
        return cast("sqlite3.Connection", self._kept.connection.dbapi_connection).cursor()

    def _connected(self) -> Connection:
        return self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def _read_apart(self, query: Callable[[Connection], T]) -> T:
        with self.reading() as connection:
            return query(connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection in a transaction that only reads."""
        with (
            _translated(),
            self._engine.connect() as raw,
            raw.execution_options(reading=True).begin(),
        ):
            yield raw

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection in a transaction that is on disk when the block ends."""
        with _translated(), self._writing.begin() as connection:
            yield connection

    def check_durable(self) -> None:
        """Refuses a database that may forget what it acknowledged: Refused("database.…")."""
        wanted = _SQLITE_DURABLE if self.is_sqlite else _POSTGRESQL_DURABLE
        with self.reading() as connection:
            for name, accepted in wanted.items():
                ask = f"PRAGMA {name}" if self.is_sqlite else f"SHOW {name}"
                told = str(connection.execute(text(ask)).scalar_one())
                if told not in accepted:
                    raise Refused("database.not_durable", f"{name} is {told}")

    def close(self) -> None:
        """Lets every connection go."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None
        if self._readers is not None:
            self._readers.shutdown()
        self._writing.dispose()
        self._engine.dispose()


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as bad:
        raise Refused("database.url", "not a database URL") from bad
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise Refused("database.url", "a decision log does not live in memory")
        engine = create_engine(parsed)
        event.listen(engine, "connect", _harden_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if backend == "postgresql":
        # ?search_path=NAME keeps the tables in a PostgreSQL schema of that name.
        search_path = parsed.query.get("search_path")
        arguments = {"startup_params": {"search_path": search_path}} if search_path else {}
        try:
            engine = create_engine(
                parsed.difference_update_query(["search_path"]),
                connect_args=arguments,
                pool_size=READERS_MAX + 1,
                pool_pre_ping=True,
            )
        except (NoSuchModuleError, ModuleNotFoundError) as bad:
            raise Refused("database.url", "this PostgreSQL driver is not installed") from bad
        event.listen(engine, "do_connect", _without_delay)
        return engine
    raise Refused("database.url", f"no tables are kept in {backend}")


def _harden_sqlite(connection: object, _entry: ConnectionPoolEntry) -> None:
    # The driver's own implicit BEGIN is deferred, and upgrading it to a write lock fails at once
    # with SQLITE_BUSY; transactions are begun by _begin_sqlite instead.
    connection.isolation_level = None  # type: ignore[attr-defined]  # sqlite3.Connection, seen as a DBAPI object
    cursor = connection.cursor()  # type: ignore[attr-defined]  # the same
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _look_again_ourselves(connection: object, _entry: ConnectionPoolEntry) -> None:
    # Set once, on connections that write: within a transaction it would be one more time that the
    # lock is held while the interpreter's is waited for.
    connection.execute("PRAGMA busy_timeout=0")  # type: ignore[attr-defined]  # sqlite3.Connection, seen as a DBAPI object


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("isolation_level") == "AUTOCOMMIT":
        return
    if options.get("reading"):
        connection.exec_driver_sql("BEGIN")
    elif not _begins_soon(cast("sqlite3.Connection", connection.connection.dbapi_connection)):
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # says what is wrong


def _begins_soon(connection: sqlite3.Connection) -> bool:
    """Begins to write once other processes have; False where they take BUSY_TIMEOUT_MS.

    A commit takes a fraction of a millisecond. SQLite's own waiting looks again after 1, 2, 5, 10
    and more of them: two processes that write all the time would sleep past each other's commits.
    """
    ends, pause = monotonic() + BUSY_TIMEOUT_MS / 1_000, LOOK_AGAIN_SECONDS
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as busy:
            if busy.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > ends:
                return False
        else:
            return True
        sleep(pause)
        pause = min(pause * 1.5, LOOK_AGAIN_SECONDS_MAX)


def _without_delay(
    dialect: Dialect, _entry: ConnectionPoolEntry, _arguments: list[object], given: dict[str, Any]
) -> object:
    """A driver's connection whose socket sends at once.

    Otherwise the end of a long statement waits until the server has acknowledged its beginning,
    which the server puts off for 40 ms: a hundred decisions in one commit waited for that.
    """
    driver: Any = dialect.loaded_dbapi
    if "unix_sock" in given:
        return driver.connect(**given)
    address = given.get("host", "localhost"), given.get("port", _POSTGRESQL_PORT)
    connected = socket.create_connection(address, given.get("timeout"))
    try:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return driver.Connection(**given, sock=connected)
    except BaseException:
        connected.close()
        raise


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, PoolTimeout, OSError) as bad:
        # The class alone: SQLAlchemy's text would carry the statement's parameters.
        raise Unavailable("database", type(bad).__name__) from bad
