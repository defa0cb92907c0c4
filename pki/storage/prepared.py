"""Statements compiled once and run at the driver, where a certificate's issuance waits for them.

SQLAlchemy's execution of one INSERT costs as much as SQLite's commit of it. What runs here is the
text SQLAlchemy compiled from the same tables, with the same column types; nothing else knows SQL.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import SelectBase

from pki.errors import Unavailable
from pki.storage.columns import Moment, sqlite_text

_Processor = Callable[[object], object]


class Prepared:
    """One statement as this database's text, its values bound by name."""

    __slots__ = ("_binds", "_sql")

    def __init__(
        self, statement: UpdateBase | SelectBase, engine: Engine, *, names: Sequence[str]
    ) -> None:
        compiled = statement.compile(dialect=engine.dialect, column_keys=list(names))
        self._sql = str(compiled)
        self._binds: list[tuple[str, object, _Processor | None]] = []
        for name in compiled.positiontup or ():
            bound = compiled.binds[name]
            processor: _Processor | None
            if isinstance(bound.type, Moment) and engine.dialect.name == "sqlite":
                processor = sqlite_text
            else:
                processor = bound.type.dialect_impl(engine.dialect).bind_processor(engine.dialect)
            self._binds.append((name, bound.value, processor))

    def run(self, cursor: DBAPICursor, rows: Sequence[Mapping[str, object]]) -> int:
        """Runs it once a row; returns how many rows of the table it touched."""
        if len(rows) == 1:
            cursor.execute(self._sql, self._parameters(rows[0]))
        else:
            cursor.executemany(self._sql, [self._parameters(row) for row in rows])
        return cursor.rowcount

    def ask(self, cursor: DBAPICursor, row: Mapping[str, object]) -> Sequence[Any]:
        """The rows of a SELECT as the driver gives them."""
        cursor.execute(self._sql, self._parameters(row))
        return cursor.fetchall()

    def _parameters(self, row: Mapping[str, object]) -> tuple[object, ...]:
        return tuple(
            [
                row.get(name, value) if process is None else process(row.get(name, value))
                for name, value, process in self._binds
            ]
        )


@contextmanager
def transaction(engine: Engine) -> Iterator[DBAPICursor]:
    """A driver's cursor in a write transaction, committed at the end.

    The driver's errors come out as Unavailable; integrity errors are for those inside to catch.
    """
    with _connected(engine) as connection:
        cursor = connection.cursor()
        if engine.dialect.name == "sqlite":
            cursor.execute("BEGIN IMMEDIATE")
        yield cursor
        connection.commit()


@contextmanager
def asking(engine: Engine) -> Iterator[DBAPICursor]:
    """A driver's cursor to ask one thing by, outside of any transaction of ours."""
    with _connected(engine) as connection:
        yield connection.cursor()


@contextmanager
def _connected(engine: Engine) -> Iterator[PoolProxiedConnection]:
    driver: Any = engine.dialect.loaded_dbapi
    try:
        connection = engine.raw_connection()
    except (driver.Error, PoolTimeout, OSError) as bad:
        raise _unavailable(bad) from bad
    try:
        yield connection
    except (driver.Error, OSError) as bad:
        raise _unavailable(bad) from bad
    finally:
        connection.close()  # back to the pool, which rolls back what is open


def _unavailable(bad: Exception) -> Unavailable:
    return Unavailable(f"database: {type(bad).__name__}", code="unavailable.database")
