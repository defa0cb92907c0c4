"""The audit, which only grows, in the same transaction as what it tells of."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select

from pki.authority.entries import Act
from pki.storage.database import reading, writing
from pki.storage.prepared import Prepared
from pki.storage.tables import audit

_WRITE = insert(audit)
_COLUMNS = ("at", "event", "actor", "tenant", "issuer", "serial", "detail")


def write(connection: Connection, acts: Sequence[Act]) -> None:
    """Adds acts within the caller's transaction."""
    connection.execute(_WRITE, rows(acts))


def prepared(engine: Engine) -> Prepared:
    """The statement that adds acts, prepared."""
    return Prepared(_WRITE, engine, names=_COLUMNS)


def rows(acts: Sequence[Act]) -> list[dict[str, object]]:
    """Acts as columns."""
    return [
        {
            "at": act.at,
            "event": act.event,
            "actor": act.actor,
            "tenant": act.tenant,
            "issuer": act.issuer,
            "serial": act.serial,
            "detail": act.detail,
        }
        for act in acts
    ]


class AuditTable:
    """pki.ports.AuditLog over the audit table."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def acts(self) -> Iterator[Iterator[Act]]:
        with reading(self._engine) as connection:
            rows = connection.execute(select(audit).order_by(audit.c.id))
            yield (
                Act(
                    event=row.event,
                    at=row.at,
                    actor=row.actor,
                    tenant=row.tenant,
                    issuer=row.issuer,
                    serial=row.serial,
                    detail=row.detail,
                )
                for row in rows
            )

    def append(self, act: Act) -> None:
        with writing(self._engine) as connection:
            write(connection, [act])

    def last_moment(self) -> datetime | None:
        with reading(self._engine) as connection:
            newest = select(audit.c.at).order_by(audit.c.id.desc()).limit(1)
            moment: datetime | None = connection.execute(newest).scalar_one_or_none()
            return moment
