"""The record of what was asked of stations."""

import json
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from authz.adapters.database import Database
from authz.adapters.tables import STATION_COMMANDS as TABLE
from authz.adapters.writer import Writer
from authz.station_command import StationCommand


class StationCommandTable:
    """authz.ports.StationCommands over its table."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def keep(self, command: StationCommand) -> None:
        values = {
            "tenant": command.tenant,
            "identity": command.identity,
            "action": command.action,
            "asked": json.dumps(command.asked),
            "asked_at": command.asked_at,
            "answer": None if command.answer is None else json.dumps(command.answer),
            "failure": command.failure,
        }

        def job(connection: Connection) -> None:
            connection.execute(insert(TABLE).values(values))

        await self._writer.run(job)

    async def latest(
        self, tenant: str, identity: str, *, action: str | None = None, limit: int
    ) -> tuple[StationCommand, ...]:
        asked = (
            select(TABLE)
            .where(TABLE.c.tenant == tenant, TABLE.c.identity == identity)
            .order_by(TABLE.c.number.desc())
            .limit(limit)
        )
        if action is not None:
            asked = asked.where(TABLE.c.action == action)
        rows = await self._database.read(lambda connection: connection.execute(asked).all())
        return tuple(_command(row) for row in rows)


def _command(row: Row[Any]) -> StationCommand:
    return StationCommand(
        tenant=row.tenant,
        identity=row.identity,
        action=row.action,
        asked=json.loads(row.asked),
        asked_at=row.asked_at,
        answer=None if row.answer is None else json.loads(row.answer),
        failure=row.failure,
    )
