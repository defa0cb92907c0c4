"""API key holders in their table."""

from datetime import datetime

from sqlalchemy import Engine, Row, insert, select, update

from pki.authority.entries import Act
from pki.callers import Caller
from pki.errors import NotFound
from pki.storage import audit
from pki.storage.database import reading, writing
from pki.storage.tables import callers


class CallerTable:
    """pki.ports.Callers over the callers table."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

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
        with reading(self._engine) as connection:
            row = connection.execute(select(callers).where(callers.c.id == identity)).one_or_none()
        return None if row is None else _caller(row)

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


def _caller(row: Row[tuple[object, ...]]) -> Caller:
    return Caller(
        identity=row.id,
        tenant=row.tenant,
        name=row.name,
        scopes=frozenset(row.scopes.split()),
        created_at=row.created_at,
        expires_at=row.expires_at,
        withdrawn_at=row.withdrawn_at,
        key_digest=row.key_digest,
    )
