"""Which worker each station is with, in the database that the workers share."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, tuple_, update

from authz.adapters.database import Database, insert_many
from authz.adapters.tables import PRESENCE, WORKERS
from authz.adapters.writer import Writer
from authz.ocpp.handing import Presence
from authz.ocpp.protocol import OcppVersion, Station

TOLD_AT_ONCE = 200  # rows of one statement, four values each; SQLite binds 32,766 at most
# The last worker that a station came to counts.
_NEWER = (
    "ON CONFLICT (tenant, identity)"
    " DO UPDATE SET version = excluded.version, worker = excluded.worker"
)
_OLDER = "ON CONFLICT DO NOTHING"
_KEY = tuple_(PRESENCE.c.tenant, PRESENCE.c.identity)


class PresenceTable:
    """authz.station_ports.StationPresence over its tables."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def tell(
        self,
        worker: str,
        *,
        here: Sequence[Station],
        still: Sequence[Station],
        gone: Sequence[tuple[str, str]],
    ) -> None:
        def job(connection: Connection) -> None:
            for at in range(0, len(gone), TOLD_AT_ONCE):
                some = gone[at : at + TOLD_AT_ONCE]
                mine = (PRESENCE.c.worker == worker, _KEY.in_(some))
                connection.execute(delete(PRESENCE).where(*mine))
            for stations, otherwise in ((here, _NEWER), (still, _OLDER)):
                for at in range(0, len(stations), TOLD_AT_ONCE):
                    values: list[object] = []
                    for one in stations[at : at + TOLD_AT_ONCE]:
                        values += (one.tenant, one.identity, one.version.value, worker)
                    insert_many(connection, PRESENCE, values, otherwise=otherwise)

        await self._writer.run(job)

    async def beat(self, worker: str, *, now: datetime, dead_before: datetime) -> tuple[bool, bool]:
        def job(connection: Connection) -> tuple[bool, bool]:
            others = connection.execute(
                select(WORKERS.c.worker, WORKERS.c.seen_at).where(WORKERS.c.worker != worker)
            ).all()
            for row in others:
                if row.seen_at < dead_before:
                    _forget(connection, row.worker)
            mine = update(WORKERS).where(WORKERS.c.worker == worker).values(seen_at=now)
            known = bool(connection.execute(mine).rowcount)
            if not known:
                connection.execute(insert(WORKERS).values(worker=worker, seen_at=now))
            return known, any(row.seen_at >= dead_before for row in others)

        return await self._writer.run(job)

    async def find(self, tenant: str, identity: str, *, alive_since: datetime) -> Presence | None:
        asked = _living(alive_since).where(
            PRESENCE.c.tenant == tenant, PRESENCE.c.identity == identity
        )
        row = await self._database.read(lambda connection: connection.execute(asked).one_or_none())
        return None if row is None else _presence(row)

    async def of_tenant(self, tenant: str, *, alive_since: datetime) -> tuple[Presence, ...]:
        asked = _living(alive_since).where(PRESENCE.c.tenant == tenant)
        asked = asked.order_by(PRESENCE.c.identity)
        rows = await self._database.read(lambda connection: connection.execute(asked).all())
        return tuple(_presence(row) for row in rows)

    async def leave(self, worker: str) -> None:
        await self._writer.run(lambda connection: _forget(connection, worker))


def _forget(connection: Connection, worker: str) -> None:
    connection.execute(delete(PRESENCE).where(PRESENCE.c.worker == worker))
    connection.execute(delete(WORKERS).where(WORKERS.c.worker == worker))


def _living(alive_since: datetime) -> Select[Any]:
    return (
        select(PRESENCE)
        .join(WORKERS, WORKERS.c.worker == PRESENCE.c.worker)
        .where(WORKERS.c.seen_at >= alive_since)
    )


def _presence(row: Row[Any]) -> Presence:
    return Presence(
        row.worker,
        Station(tenant=row.tenant, identity=row.identity, version=OcppVersion(row.version)),
    )
