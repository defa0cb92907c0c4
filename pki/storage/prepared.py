"""Statements compiled once and run at the driver, where a certificate's issuance waits for them.

SQLAlchemy's execution of one INSERT costs as much as SQLite's commit of it. What runs here is the
text SQLAlchemy compiled from the same tables, with the same column types; nothing else knows SQL.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Engine,
    Insert,
    ScalarSelect,
    Table,
    Text,
    Update,
    bindparam,
    cast,
    column,
    func,
    insert,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.types import TypeEngine

from pki.storage.columns import Storing, storing
from pki.storage.kept import Answers, Connection, Values

# The values of a row as a statement names them, each of its column's type.
Given = Mapping[str, ColumnElement[Any]]


class Question:
    """A SELECT as this database's text, its values given in the order of their names."""

    __slots__ = ("_bound", "_reading")

    def __init__(self, statement: SelectBase, engine: Engine, names: Sequence[str]) -> None:
        self._bound = _Bound(statement, engine.dialect, names)
        self._reading = [
            column.type.dialect_impl(engine.dialect).result_processor(engine.dialect, None)
            for column in statement.selected_columns
        ]

    def ask(self, of: Answers, *values: object) -> Sequence[tuple[Any, ...]]:
        """The rows of the answer as the driver gives them."""
        return of.ask(self._bound.sql, self._bound.values(values))

    def read(self, of: Answers, *values: object) -> list[tuple[Any, ...]]:
        """The rows of the answer, each value as its column's type has it."""
        return [
            tuple(
                value if read is None else read(value)
                for read, value in zip(self._reading, row, strict=True)
            )
            for row in self.ask(of, *values)
        ]


class Change:
    """A statement that writes given rows: on SQLite once for each, on PostgreSQL all in one go.

    There they are one parameter, a JSON text, whatever their number: a round trip for all of them,
    and a text that the server has parsed before.
    """

    __slots__ = ("_bound", "_given", "_statement", "_together")

    def __init__(
        self,
        engine: Engine,
        given: Mapping[str, TypeEngine[Any]],
        statement: Callable[[Given], Insert | Update],
    ) -> None:
        """``given`` are the values of a row, in their order; the statement is made of them."""
        self._given = given
        self._statement = statement
        self._together: _Together | None = None
        if engine.dialect.name == "sqlite":
            values = {name: bindparam(name, type_=kind) for name, kind in given.items()}
            self._bound = _Bound(statement(values), engine.dialect, list(given))
        else:
            self._together, alone = self.part("rows", engine.dialect)
            self._bound = _Bound(alone, engine.dialect, ["rows"])

    def run(self, connection: Connection, rows: Sequence[Values]) -> int:
        """Runs it for every row; returns how many rows of the table it touched."""
        if self._together is not None:
            rows = [(self._together.told(rows),)]
        return connection.run(self._bound.sql, [self._bound.values(row) for row in rows])

    def part(self, rows: str, dialect: Dialect) -> "tuple[_Together, Insert | Update]":
        """The statement for PostgreSQL over a parameter of that name."""
        together = _Together(rows, self._given, dialect)
        return together, self._statement(together.given)


class Changes:
    """Changes made one after the other, on PostgreSQL by one statement in one round trip."""

    __slots__ = ("_bound", "_changes", "_together")

    def __init__(self, engine: Engine, *changes: Change) -> None:
        """For changes of different tables, none of which reads what another one writes."""
        self._changes = changes
        self._bound: _Bound | None = None
        self._together: list[_Together] = []
        if engine.dialect.name != "sqlite":
            counted: list[ScalarSelect[int]] = []
            names: list[str] = []
            for number, change in enumerate(changes):
                together, statement = change.part(f"rows_{number}", engine.dialect)
                names.append(f"rows_{number}")
                counted.append(_counted(statement, f"change_{number}"))
                self._together.append(together)
            self._bound = _Bound(select(*counted), engine.dialect, names)

    def run(self, connection: Connection, *rows: Sequence[Values]) -> Sequence[int]:
        """Makes each change for its rows; how many rows of its table each touched."""
        if self._bound is None:
            return [
                change.run(connection, each)
                for change, each in zip(self._changes, rows, strict=True)
            ]
        told = [together.told(each) for together, each in zip(self._together, rows, strict=True)]
        touched: Sequence[int]
        (touched,) = connection.ask(self._bound.sql, self._bound.values(tuple(told)))
        return touched


def _counted(statement: Insert | Update, name: str) -> ScalarSelect[int]:
    """How many rows a statement touches, as part of a larger one."""
    touched: CTE = statement.returning(literal_column("1").label("one")).cte(name)
    return select(func.count()).select_from(touched).scalar_subquery()


def inserting(engine: Engine, table: Table, names: Sequence[str]) -> Change:
    """An INSERT of rows that have these columns, in this order."""

    def statement(given: Given) -> Insert:
        return insert(table).from_select(names, select(*given.values()))

    return Change(engine, {name: table.c[name].type for name in names}, statement)


class _Together:
    """Rows as one JSON text, and as the relation that PostgreSQL makes of it."""

    __slots__ = ("_storing", "given")

    def __init__(self, rows: str, given: Mapping[str, TypeEngine[Any]], dialect: Dialect) -> None:
        record = func.json_to_recordset(cast(bindparam(rows, type_=Text), JSON))
        columns = [column(name, kind) for name, kind in given.items()]
        given_rows = record.table_valued(*columns).render_derived(name="given", with_types=True)
        self.given: Given = {name: given_rows.c[name] for name in given}
        self._storing = [(name, storing(kind, dialect)) for name, kind in given.items()]

    def told(self, rows: Sequence[Values]) -> str:
        storing_all = self._storing
        return json.dumps(
            [
                {
                    name: value if store is None else store(value)
                    for (name, store), value in zip(storing_all, row, strict=True)
                }
                for row in rows
            ]
        )


class _Bound:
    """A compiled statement, and how the values of a row become its parameters."""

    __slots__ = ("_constants", "_order", "_storing", "sql")

    def __init__(
        self, statement: UpdateBase | SelectBase, dialect: Dialect, names: Sequence[str]
    ) -> None:
        if dialect.name != "sqlite":
            # As the server itself counts parameters.
            dialect = type(dialect)(paramstyle="numeric_dollar")  # type: ignore[call-arg]  # a DefaultDialect's
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        every = list(names)
        self._storing: list[tuple[int, Storing]] = []
        self._constants: list[object] = []
        for name in compiled.positiontup or ():
            bound = compiled.binds[name]
            store = storing(bound.type, dialect)
            if name not in every:  # a value that the statement itself has
                every.append(name)
                self._constants.append(bound.value if store is None else store(bound.value))
            elif store is not None:
                self._storing.append((every.index(name), store))
        order = [every.index(name) for name in compiled.positiontup or ()]
        self._order = None if order == list(range(len(every))) else order

    def values(self, row: Values) -> Values:
        values = [*row, *self._constants]
        for at, store in self._storing:
            values[at] = store(values[at])
        return tuple(values if self._order is None else [values[at] for at in self._order])
