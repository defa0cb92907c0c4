"""Connections that are kept: used again after what failed, never after they were lost."""

import socket
import sqlite3
import threading

import pytest
from sqlalchemy import text

from pki.errors import Unavailable
from pki.storage import database as databases
from pki.storage import kept as keeping
from pki.storage.database import open_engine, writing
from pki.storage.kept import Kept
from tests.pki_house import DATABASES, database

WAITED_SECONDS = 5


class PowerError(Exception):
    pass


@pytest.fixture(params=DATABASES)
def kept(request, tmp_path):
    with database(request.param, tmp_path) as url:
        engine = open_engine(url)
        kept = Kept(engine)
        with kept.transaction() as connection:
            connection.run("CREATE TABLE notes (note TEXT PRIMARY KEY)", [()])
        yield kept
        engine.dispose()


def write(kept, note):
    with kept.transaction() as connection:
        connection.run(f"INSERT INTO notes VALUES ('{note}')", [()])


def notes(kept):
    return sorted(note for (note,) in kept.ask("SELECT note FROM notes", ()))


def begin(kept, then):
    """A transaction in which something happens after its first row."""
    with kept.transaction() as connection:
        connection.run("INSERT INTO notes VALUES ('half')", [()])
        then(connection)


def fail(_connection=None):
    raise PowerError


def lose(connection):
    """What a server that is started anew does to connections, and what nothing does to a file."""
    if hasattr(connection, "_prepared"):
        connection._raw._usock.shutdown(socket.SHUT_RDWR)
    else:
        connection.close()


def test_one_connection_serves_one_after_the_other(kept):
    write(kept, "one")
    (connection,) = kept._idle
    write(kept, "two")
    assert notes(kept) == ["one", "two"]
    assert kept._idle == [connection]


def test_what_was_broken_off_leaves_nothing_and_keeps_its_connection(kept):
    before = list(kept._idle)
    with pytest.raises(PowerError):
        begin(kept, fail)
    assert kept._idle == before
    write(kept, "whole")
    assert notes(kept) == ["whole"]


def test_clash_is_for_those_inside_to_catch(kept):
    def clash(connection):
        with pytest.raises(kept.clash):
            connection.run("INSERT INTO notes VALUES ('half')", [()])
        fail()

    with pytest.raises(PowerError):
        begin(kept, clash)
    write(kept, "two")
    assert notes(kept) == ["two"]


def test_failing_statement_is_unavailable_and_others_may_write_at_once(kept):
    def write_wrongly():
        with kept.transaction() as connection:
            connection.run("INSERT INTO nowhere VALUES (1)", [()])

    for wrong in (write_wrongly, lambda: kept.ask("SELECT nothing FROM nowhere", ())):
        with pytest.raises(Unavailable) as caught:
            wrong()
        assert caught.value.code == "unavailable.database"
        with writing(kept._engine) as other:
            other.execute(text("DELETE FROM notes"))
    write(kept, "one")
    assert notes(kept) == ["one"]


def test_connection_lost_within_a_transaction_is_unavailable(kept):
    with pytest.raises(Unavailable):
        begin(kept, lose)
    assert kept._idle == []
    write(kept, "whole")
    assert notes(kept) == ["whole"]


def test_connection_lost_within_what_is_broken_off_is_not_used_again(kept):
    def lose_and_fail(connection):
        lose(connection)
        fail()

    with pytest.raises(PowerError):
        begin(kept, lose_and_fail)
    assert kept._idle == []


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize("asked", ["write", "read"])
def test_connections_lost_while_nobody_used_them_are_opened_anew(tmp_path, asked):
    with database("postgresql", tmp_path) as url:
        engine = open_engine(url)
        kept = Kept(engine)
        with kept.transaction(), kept.transaction():
            pass
        assert len(kept._idle) == 2
        for connection in kept._idle:
            lose(connection)
        if asked == "write":
            with kept.transaction() as connection:
                assert connection.ask("SELECT 1", ()) == [[1]]
        else:
            assert kept.ask("SELECT 1", ()) == [[1]]
        assert len(kept._idle) == 1
        engine.dispose()
        assert kept._idle == []


def test_threads_write_one_after_the_other(kept):
    entered, leave = threading.Event(), threading.Event()

    def hold():
        with kept.transaction() as connection:
            connection.run("INSERT INTO notes VALUES ('first')", [()])
            entered.set()
            leave.wait(WAITED_SECONDS)

    first = threading.Thread(target=hold)
    second = threading.Thread(target=write, args=(kept, "second"))
    first.start()
    assert entered.wait(WAITED_SECONDS)
    second.start()
    leave.set()
    for thread in (first, second):
        thread.join(WAITED_SECONDS)
    assert notes(kept) == ["first", "second"]


def test_who_waits_for_its_turn_too_long_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(databases, "BUSY_TIMEOUT_MS", 10)
    engine = open_engine(f"sqlite:///{tmp_path}/pki.db")
    kept = Kept(engine)
    told = []

    def ask():
        try:
            with kept.transaction():
                pass
        except Unavailable as bad:
            told.append(bad.code)

    with kept.transaction():
        other = threading.Thread(target=ask)
        other.start()
        other.join(WAITED_SECONDS)
    assert told == ["unavailable.database"]
    engine.dispose()


@pytest.fixture
def other(tmp_path):
    """A connection as another process has it, which has begun to write."""
    engine = open_engine(f"sqlite:///{tmp_path}/pki.db")
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE notes (note TEXT PRIMARY KEY)"))
    engine.dispose()
    other = sqlite3.connect(tmp_path / "pki.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def test_write_of_another_process_is_waited_for(tmp_path, other):
    engine = open_engine(f"sqlite:///{tmp_path}/pki.db")
    kept = Kept(engine)
    over = threading.Timer(0.05, other.execute, ("COMMIT",))
    over.start()
    write(kept, "one")
    assert notes(kept) == ["one"]
    over.join()
    engine.dispose()


def test_write_of_another_process_that_takes_too_long_is_told(tmp_path, other, monkeypatch):
    monkeypatch.setattr(keeping, "BUSY_TIMEOUT_MS", 10)
    engine = open_engine(f"sqlite:///{tmp_path}/pki.db")
    kept = Kept(engine)
    with pytest.raises(Unavailable) as caught:
        write(kept, "one")
    assert caught.value.code == "unavailable.database"
    assert notes(kept) == []  # reading waits for no writer
    other.execute("COMMIT")
    write(kept, "two")
    engine.dispose()
