"""How several processes write to one SQLite file."""

import sqlite3
from contextlib import closing
from threading import Timer
from time import perf_counter

import pytest

from authz.adapters import database as databases
from authz.adapters.database import Database
from authz.errors import Unavailable

HELD_SECONDS = 0.05


@pytest.fixture
def writes(tmp_path):
    """A database, and another process's connection to it."""
    database = Database(f"sqlite:///{tmp_path}/authz.db")
    with database.writing() as connection:  # the file is there, and in its mode, from here on
        connection.exec_driver_sql("CREATE TABLE noted (what TEXT)")
    with closing(
        sqlite3.connect(tmp_path / "authz.db", isolation_level=None, check_same_thread=False)
    ) as other:
        yield database, other
    database.close()


def note(database: Database, what: str) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO noted VALUES (?)", (what,))


def noted(other: sqlite3.Connection) -> list[str]:
    return [what for (what,) in other.execute("SELECT what FROM noted")]


def test_write_begins_as_soon_as_another_process_s_is_over(writes):
    database, other = writes
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO noted VALUES ('theirs')")
    over = Timer(HELD_SECONDS, other.execute, ["COMMIT"])
    over.start()
    begun = perf_counter()
    note(database, "ours")
    assert perf_counter() - begun >= HELD_SECONDS * 0.9
    over.join()
    assert noted(other) == ["theirs", "ours"]


def test_write_that_waited_too_long_is_unavailable_and_the_next_is_made(writes, monkeypatch):
    database, other = writes
    monkeypatch.setattr(databases, "BUSY_TIMEOUT_MS", 20)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        note(database, "too late")
    other.execute("COMMIT")
    note(database, "in time")
    assert noted(other) == ["in time"]


def test_reader_still_waits_as_long_as_it_did(writes):
    database, _ = writes
    note(database, "one")
    with database.reading() as connection:
        told = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    assert told == databases.BUSY_TIMEOUT_MS
