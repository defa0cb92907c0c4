"""Keys given to their holders and registered names used up, in the transaction of the intent."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPICursor

from pki.authority.entries import Intent
from pki.errors import KeyTaken, RegistrationUsed
from pki.storage.prepared import Prepared
from pki.storage.tables import registered_names, relations, subject_keys

_COLUMNS = ("key_id", "tenant", "role", "identity")
_OWNER = select(
    subject_keys.c.tenant, subject_keys.c.role, subject_keys.c.identity, subject_keys.c.blocked_why
).where(subject_keys.c.key_id == bindparam("of_key"))
_USE_UP = (
    update(registered_names)
    .where(registered_names.c.number == bindparam("of_number"))
    .where(registered_names.c.used_at.is_(None))
    .where(registered_names.c.withdrawn_at.is_(None))
    .values(used_at=bindparam("used_at"))
)


class Claims:
    """What an intent lays hold of besides its serial, prepared for the driver."""

    def __init__(self, engine: Engine) -> None:
        insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert
        self._claiming = Prepared(
            insert(subject_keys).on_conflict_do_nothing(), engine, names=_COLUMNS
        )
        self._owner = Prepared(_OWNER, engine, names=())
        self._relating = Prepared(
            relations.insert(),
            engine,
            names=("issuer", "serial", "relation", "of_issuer", "of_serial"),
        )
        self._using = Prepared(_USE_UP, engine, names=("used_at",))

    def claim(self, cursor: DBAPICursor, intents: Sequence[Intent]) -> None:
        """Gives each key to its holder; KeyTaken where another has it, or it is blocked.

        Rows are written in the order of their keys, so that two batches never wait for each other
        in a circle.
        """
        rows = [_row(intent) for intent in sorted(intents, key=lambda each: each.subject_key_id)]
        if self._claiming.run(cursor, rows) == len(rows):
            return
        for row in rows:
            ((tenant, role, identity, blocked),) = self._owner.ask(
                cursor, {"of_key": row["key_id"]}
            )
            if blocked is not None or (tenant, role, identity) != (
                row["tenant"],
                row["role"],
                row["identity"],
            ):
                raise KeyTaken("another subject has this key, or it is blocked")

    def use_up(self, cursor: DBAPICursor, intents: Sequence[Intent], *, at: datetime) -> None:
        """Uses up registered names; RegistrationUsed where one is not open any more."""
        rows = [
            {"of_number": intent.registration, "used_at": at}
            for intent in intents
            if intent.registration is not None
        ]
        if rows and self._using.run(cursor, rows) != len(rows):
            raise RegistrationUsed("the registered name was used or withdrawn meanwhile")

    def relate(self, cursor: DBAPICursor, intents: Sequence[Intent]) -> None:
        """Binds certificates to those they renew or go beside."""
        rows = [
            {
                "issuer": intent.issuer,
                "serial": intent.serial,
                "relation": intent.related.relation.value,
                "of_issuer": intent.related.issuer,
                "of_serial": intent.related.serial,
            }
            for intent in intents
            if intent.related is not None
        ]
        if rows:
            self._relating.run(cursor, rows)


def enter(connection: Connection, intent: Intent) -> None:
    """Gives a key to the holder of a certificate that came signed, unless it has one already."""
    connection.execute(_insert(connection).values(**_row(intent)).on_conflict_do_nothing())


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


def _row(intent: Intent) -> dict[str, object]:
    return {
        "key_id": intent.subject_key_id,
        "tenant": intent.tenant,
        "role": intent.role.value,
        "identity": intent.identity,
    }
