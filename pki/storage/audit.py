"""The audit, which only grows, in the same transaction as what it tells of."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select

from pki.authority.entries import Act
from pki.storage.database import reading, writing
from pki.storage.kept import Values
from pki.storage.prepared import Change, inserting
from pki.storage.tables import audit

_WRITE = insert(audit)
_COLUMNS = ("at", "event", "actor", "tenant", "issuer", "serial", "detail")


def write(connection: Connection, acts: Sequence[Act]) -> None:
    """Adds acts within the caller's transaction."""
    connection.execute(_WRITE, [dict(zip(_COLUMNS, row, strict=True)) for row in rows(acts)])


def prepared(engine: Engine) -> Change:
    """The statement that adds acts, prepared for rows()."""
    return inserting(engine, audit, _COLUMNS)


def rows(acts: Sequence[Act]) -> list[Values]:
    """Acts as values in the order of their columns."""
    return [
        (act.at, act.event, act.actor, act.tenant, act.issuer, act.serial, act.detail)
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
