"""Keys given to their holders and registered names used up, in the transaction of the intent."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, Update, bindparam, select, true, update
from sqlalchemy.dialects import postgresql, sqlite

from pki.authority.entries import Intent
from pki.errors import KeyTaken, RegistrationUsed
from pki.storage import kept
from pki.storage.prepared import Change, Given, Question, inserting
from pki.storage.tables import registered_names, relations, subject_keys

_COLUMNS = ("key_id", "tenant", "role", "identity")
_RELATION = ("issuer", "serial", "relation", "of_issuer", "of_serial")
_OWNER = select(
    subject_keys.c.tenant, subject_keys.c.role, subject_keys.c.identity, subject_keys.c.blocked_why
).where(subject_keys.c.key_id == bindparam("of_key"))


def _use_up(given: Given) -> Update:
    return (
        update(registered_names)
        .where(registered_names.c.number == given["of_number"])
        .where(registered_names.c.used_at.is_(None))
        .where(registered_names.c.withdrawn_at.is_(None))
        .values(used_at=given["at"])
    )


class Claims:
    """What an intent lays hold of besides its serial, prepared for the driver."""

    def __init__(self, engine: Engine) -> None:
        insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert

        def claim(given: Given) -> "sqlite.Insert | postgresql.Insert":
            # SQLite's parser would take ON for a join's without a WHERE before it.
            rows = select(*given.values()).where(true())
            return insert(subject_keys).from_select(_COLUMNS, rows).on_conflict_do_nothing()

        keys, names = subject_keys.c, registered_names.c
        self.claiming = Change(engine, {name: keys[name].type for name in _COLUMNS}, claim)
        self._owner = Question(_OWNER, engine, ["of_key"])
        self._relating = inserting(engine, relations, _RELATION)
        self._using = Change(
            engine, {"of_number": names.number.type, "at": names.used_at.type}, _use_up
        )

    def demand(
        self, connection: kept.Connection, claimed: int, rows: Sequence[tuple[str, ...]]
    ) -> None:
        """KeyTaken where another has one of the keys, or it is blocked, once they were claimed."""
        if claimed == len(rows):
            return
        for key_id, *holder in rows:
            ((*owner, blocked),) = self._owner.ask(connection, key_id)
            if blocked is not None or owner != holder:
                raise KeyTaken("another subject has this key, or it is blocked")

    def use_up(
        self, connection: kept.Connection, intents: Sequence[Intent], *, at: datetime
    ) -> None:
        """Uses up registered names; RegistrationUsed where one is not open any more."""
        rows = [(intent.registration, at) for intent in intents if intent.registration is not None]
        if rows and self._using.run(connection, rows) != len(rows):
            raise RegistrationUsed("the registered name was used or withdrawn meanwhile")

    def relate(self, connection: kept.Connection, intents: Sequence[Intent]) -> None:
        """Binds certificates to those they renew or go beside."""
        rows = [
            (
                intent.issuer,
                intent.serial,
                intent.related.relation.value,
                intent.related.issuer,
                intent.related.serial,
            )
            for intent in intents
            if intent.related is not None
        ]
        if rows:
            self._relating.run(connection, rows)


def claims_of(intents: Sequence[Intent]) -> list[tuple[str, ...]]:
    """The keys to be given to their holders.

    In the order of the keys, so that two batches never wait for each other in a circle.
    """
    return sorted(_row(intent) for intent in intents)


def enter(connection: Connection, intent: Intent) -> None:
    """Gives a key to the holder of a certificate that came signed, unless it has one already."""
    row = dict(zip(_COLUMNS, _row(intent), strict=True))
    connection.execute(_insert(connection).values(row).on_conflict_do_nothing())


def block(connection: Connection, key_id: str, *, why: str, at: datetime) -> bool:
    """Never lets a key be certified again; whether it was free until now."""
    blocked = {"blocked_at": at, "blocked_why": why}
    done = connection.execute(
        _insert(connection)
        .values(key_id=key_id, **blocked)
        .on_conflict_do_update(
            index_elements=["key_id"], set_=blocked, where=subject_keys.c.blocked_at.is_(None)
        )
    )
    return bool(done.rowcount)


def _insert(connection: Connection) -> "sqlite.Insert | postgresql.Insert":
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    return insert(subject_keys)


def _row(intent: Intent) -> tuple[str, str, str, str]:
    """Of a key, in the order of the columns."""
    return intent.subject_key_id, intent.tenant, intent.role.value, intent.identity
