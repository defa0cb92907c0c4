"""Opening SQLite and PostgreSQL such that what was committed is kept."""

import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from pki.errors import ConfigurationRefused, Unavailable

BUSY_TIMEOUT_MS = 5_000  # one writer waits for another this long before the caller is told 503
# A batch of a thousand touches that many pages of each index, all over a large register. With
# SQLite's own 2 MiB they are written to the log and read again several times within one batch.
CACHE_KIBIBYTES = 32_768
POOL_SIZE = 8
POOL_OVERFLOW = 8
POOL_TIMEOUT_SECONDS = 5.0
_POSTGRESQL_PORT = 5432

# What SQLite must say of itself: a commit in WAL with FULL is on disk before it returns; NORMAL
# survives a crash of the process and loses acknowledged commits on power loss.
_SQLITE_DURABLE = {"journal_mode": {"wal"}, "synchronous": {"2", "3"}, "foreign_keys": {"1"}}
# And PostgreSQL: every setting but off flushes the commit to this server's disk first.
_POSTGRESQL_DURABLE = {
    "synchronous_commit": {"on", "local", "remote_write", "remote_apply"},
    "fsync": {"on"},
    "full_page_writes": {"on"},
}


def open_engine(url: str) -> Engine:
    """An engine for ``sqlite:///file`` or ``postgresql+pg8000://``, durable by its connect hooks.

    Raises ConfigurationRefused for a URL of another kind, among them SQLite in memory. Nothing
    is connected yet.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as bad:
        raise ConfigurationRefused("database_url is not a database URL") from bad
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise ConfigurationRefused("a certificate authority does not live in memory")
        engine = create_engine(
            parsed,
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_timeout=POOL_TIMEOUT_SECONDS,
        )
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
                pool_size=POOL_SIZE,
                max_overflow=POOL_OVERFLOW,
                pool_timeout=POOL_TIMEOUT_SECONDS,
                pool_pre_ping=True,
            )
        except (NoSuchModuleError, ModuleNotFoundError) as bad:
            raise ConfigurationRefused("this PostgreSQL driver is not installed") from bad
        event.listen(engine, "do_connect", _without_delay)
        return engine
    raise ConfigurationRefused(f"no tables are kept in {backend}")


def _harden_sqlite(connection: object, _entry: ConnectionPoolEntry) -> None:
    # The driver's own implicit BEGIN is deferred, and upgrading it to a write lock fails at once
    # with SQLITE_BUSY; transactions are begun by _begin_sqlite instead.
    connection.isolation_level = None  # type: ignore[attr-defined]  # sqlite3.Connection, seen as a DBAPI object
    cursor = connection.cursor()  # type: ignore[attr-defined]  # the same
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA cache_size=-{CACHE_KIBIBYTES}")
    cursor.close()


def _without_delay(
    dialect: Dialect, _entry: ConnectionPoolEntry, _arguments: list[object], given: dict[str, Any]
) -> object:
    """A driver's connection whose socket sends at once.

    Otherwise the end of a long statement waits until the server has acknowledged its beginning,
    which the server puts off for 40 ms: a batch waited for that five times.
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


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def check_durable(engine: Engine) -> None:
    """Refuses, as ConfigurationRefused, a database that may forget what it acknowledged."""
    sqlite = engine.dialect.name == "sqlite"
    wanted = _SQLITE_DURABLE if sqlite else _POSTGRESQL_DURABLE
    with reading(engine) as connection:
        for name, accepted in wanted.items():
            ask = f"PRAGMA {name}" if sqlite else f"SHOW {name}"
            told = str(connection.execute(text(ask)).scalar_one())
            if told not in accepted:
                raise ConfigurationRefused(
                    f"{name} is {told}: acknowledged certificates could be lost",
                    code="configuration.not_durable",
                )


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that only reads; Unavailable where the database is not."""
    with translated(), engine.connect() as raw, raw.execution_options(reading=True).begin():
        yield raw


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction committed at the end; Unavailable where the database is not."""
    with turn_of(engine), translated(), engine.begin() as connection:
        yield connection


class _Turn:
    """Who may write to SQLite; Unavailable where that is somebody else for too long.

    There is one writer at a time. Threads of this process wait for each other here, where the next
    one is woken at once; SQLite's own way is to look again after some milliseconds, and whoever
    issues without a pause would be found writing nearly every time.
    """

    def __init__(self) -> None:
        self._lock = Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
            raise Unavailable("database: others are writing", code="unavailable.database")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


_TURNS: WeakKeyDictionary[Engine, _Turn] = WeakKeyDictionary()
_ANYONES = nullcontext()  # PostgreSQL has as many writers as come


def turn_of(engine: Engine) -> AbstractContextManager[None]:
    """The turn of those who write to this engine's database, while they do."""
    return _TURNS.setdefault(engine, _Turn()) if engine.dialect.name == "sqlite" else _ANYONES


@contextmanager
def translated() -> Iterator[None]:
    """The database's failures as Unavailable; integrity errors are for those inside to catch."""
    try:
        yield
    except (DBAPIError, PoolTimeout, OSError) as bad:
        # The class alone: SQLAlchemy's text would carry the statement's parameters.
        raise Unavailable(f"database: {type(bad).__name__}", code="unavailable.database") from bad
