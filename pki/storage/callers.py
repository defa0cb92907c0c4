"""API key holders in their table."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, bindparam, insert, select, update

from pki.authority.entries import Act
from pki.callers import Caller
from pki.errors import NotFound
from pki.storage import audit
from pki.storage.database import reading, writing
from pki.storage.kept import Kept
from pki.storage.prepared import Question
from pki.storage.tables import callers

_BY_ID = select(callers).where(callers.c.id == bindparam("asked"))


class CallerTable:
    """pki.ports.Callers over the callers table."""

    def __init__(self, engine: Engine, kept: Kept) -> None:
        self._engine = engine
        self._kept = kept
        # Whoever calls a door is looked up first, so this one runs at the driver.
        self._by_id = Question(_BY_ID, engine, ["asked"])

    def add(self, caller: Caller, act: Act) -> None:
        with writing(self._engine) as connection:
            connection.execute(
                insert(callers).values(
                    id=caller.identity,
                    tenant=caller.tenant,
                    name=caller.name,
                    key_digest=caller.key_digest,
                    scopes=" ".join(sorted(caller.scopes)),
                    created_at=caller.created_at,
                    expires_at=caller.expires_at,
                    withdrawn_at=caller.withdrawn_at,
                )
            )
            audit.write(connection, [act])

    def by_id(self, identity: str) -> Caller | None:
        rows = self._by_id.read(self._kept, identity)
        return _caller(rows[0]) if rows else None

    def all(self, tenant: str) -> tuple[Caller, ...]:
        asked = select(callers).where(callers.c.tenant == tenant).order_by(callers.c.created_at)
        with reading(self._engine) as connection:
            return tuple(_caller(row) for row in connection.execute(asked))

    def withdraw(self, identity: str, *, at: datetime, act: Act) -> None:
        with writing(self._engine) as connection:
            ended = connection.execute(
                update(callers)
                .where(callers.c.id == identity, callers.c.withdrawn_at.is_(None))
                .values(withdrawn_at=at)
            )
            if not ended.rowcount:
                raise NotFound("no API key that is still good has this id")
            audit.write(connection, [act])


def _caller(row: Sequence[Any]) -> Caller:
    identity, tenant, name, key_digest, scopes, created_at, expires_at, withdrawn_at = row
    return Caller(
        identity=identity,
        tenant=tenant,
        name=name,
        scopes=frozenset(scopes.split()),
        created_at=created_at,
        expires_at=expires_at,
        withdrawn_at=withdrawn_at,
        key_digest=key_digest,
    )
