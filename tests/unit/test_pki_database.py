"""Databases that may forget, and schemas of another version, are not opened."""

import socket
import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, text

from pki.errors import ConfigurationRefused, Unavailable
from pki.storage import database as databases
from pki.storage.database import check_durable, open_engine, reading, writing
from pki.storage.schema import check_current, upgrade
from pki.storage.tables import metadata
from tests.pki_house import DATABASES, POSTGRESQL, database, empty_house


@pytest.fixture
def engine(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/pki.db")
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "not a url",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://h/d",
        "postgresql+absent://h/d",
        "postgresql+asyncpg://h/d",
    ],
)
def test_databases_that_are_not_opened(url):
    with pytest.raises(ConfigurationRefused):
        open_engine(url)


def test_sqlite_is_opened_such_that_commits_are_kept(engine):
    check_durable(engine)
    with reading(engine) as connection:
        asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        told = [connection.execute(text(f"PRAGMA {name}")).scalar_one() for name in asked]
    assert told == ["wal", 2, 1, 5000]


@pytest.mark.parametrize("pragma", ["synchronous=NORMAL", "synchronous=OFF", "foreign_keys=OFF"])
def test_relaxed_sqlite_is_refused(engine, pragma):
    event.listen(engine, "connect", lambda raw, _: raw.execute(f"PRAGMA {pragma}").close())
    with pytest.raises(ConfigurationRefused) as caught:
        check_durable(engine)
    assert caught.value.code == "configuration.not_durable"


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize("setting", ["synchronous_commit=off"])
def test_relaxed_postgresql_is_refused(tmp_path, setting):
    with database("postgresql", tmp_path) as url:
        engine = open_engine(url)
        check_durable(engine)
        engine.dispose()

        def relax(raw, _entry):
            cursor = raw.cursor()
            cursor.execute(f"SET {setting}")
            cursor.close()
            raw.commit()

        event.listen(engine, "connect", relax)
        with pytest.raises(ConfigurationRefused):
            check_durable(engine)
        engine.dispose()


@pytest.mark.needs("postgresql")
def test_postgresql_is_sent_to_at_once():
    """A statement of many rows waited for its beginning to be acknowledged."""
    engine = open_engine(POSTGRESQL)
    with reading(engine) as connection:
        sent_over = connection.connection.dbapi_connection._usock
        assert sent_over.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sent_over.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    engine.dispose()


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize("other", ["nobody@127.0.0.1:5432", "postgres@127.0.0.1:1"])
def test_postgresql_that_does_not_let_us_in_is_unavailable(other):
    engine = open_engine(POSTGRESQL.replace("postgres@127.0.0.1:5432", other))
    with pytest.raises(Unavailable) as caught, reading(engine):
        pass
    assert caught.value.code == "unavailable.database"


def test_postgresql_is_reached_over_a_socket_of_its_machine(tmp_path):
    engine = open_engine(f"postgresql+pg8000://postgres@/test?unix_sock={tmp_path}/absent")
    with pytest.raises(Unavailable), reading(engine):
        pass


def test_relaxed_database_does_not_become_a_certificate_authority(tmp_path, monkeypatch):
    monkeypatch.setitem(databases._SQLITE_DURABLE, "synchronous", {"3"})
    with pytest.raises(ConfigurationRefused):
        empty_house(f"sqlite:///{tmp_path}/pki.db").__enter__()


def test_writers_take_their_lock_at_once_and_readers_do_not_wait(engine):
    upgrade(engine)
    with writing(engine) as writer:
        writer.execute(text("DELETE FROM callers"))
        with reading(engine) as reader:
            assert reader.execute(text("SELECT count(*) FROM callers")).scalar_one() == 0


def test_locked_database_is_unavailable(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(databases, "BUSY_TIMEOUT_MS", 10)
    upgrade(engine)
    engine.dispose()
    other = sqlite3.connect(tmp_path / "pki.db", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable) as caught, writing(engine):
            pass
        assert caught.value.code == "unavailable.database"
    finally:
        other.close()


@pytest.mark.parametrize("kind", DATABASES)
def test_migrations_lead_to_the_tables_of_this_code(tmp_path, kind):
    with database(kind, tmp_path) as url:
        engine = open_engine(url)
        upgrade(engine)
        with reading(engine) as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, metadata) == []
        engine.dispose()


@pytest.mark.parametrize("kind", DATABASES)
def test_migrating_twice_changes_nothing(tmp_path, kind):
    with database(kind, tmp_path) as url:
        engine = open_engine(url)
        for _ in range(2):
            upgrade(engine)
        check_current(engine)
        engine.dispose()


@pytest.mark.parametrize("version", ["9999", None])
def test_schema_of_another_version_is_refused(engine, version):
    upgrade(engine)
    with writing(engine) as connection:
        connection.execute(text("DELETE FROM alembic_version"))
        if version:
            connection.execute(text(f"INSERT INTO alembic_version VALUES ('{version}')"))
    with pytest.raises(ConfigurationRefused) as caught:
        check_current(engine)
    assert caught.value.code == "configuration.schema"


def test_house_that_may_not_migrate_refuses_an_empty_database(tmp_path):
    with pytest.raises(ConfigurationRefused) as caught:
        empty_house(f"sqlite:///{tmp_path}/pki.db", migrate_at_start=False).__enter__()
    assert caught.value.code == "configuration.schema"
