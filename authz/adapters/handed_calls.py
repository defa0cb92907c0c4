"""Calls to stations that one worker hands to another, in the database that they share."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.sql import bindparam

from authz.adapters.database import Database, Lookup
from authz.adapters.tables import HANDED_CALLS as TABLE
from authz.adapters.writer import Writer
from authz.ocpp.handing import Ending, HandedCall, Outcome

_WAITING = Lookup(
    select(TABLE.c.number).where(
        TABLE.c.worker == bindparam("worker"), TABLE.c.ending == bindparam("ending")
    )
)
_ONE = Lookup(select(TABLE.c.ending, TABLE.c.outcome).where(TABLE.c.number == bindparam("number")))
_OVER = Outcome(Ending.TAKEN)


class HandedCallTable:
    """authz.station_ports.HandedCalls over its table."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def put(
        self, worker: str, call: HandedCall, *, now: datetime, expires_at: datetime
    ) -> int:
        def job(connection: Connection) -> int:
            # What its caller left behind when it died.
            connection.execute(delete(TABLE).where(TABLE.c.expires_at < now))
            made = connection.execute(
                insert(TABLE).values(
                    worker=worker,
                    tenant=call.tenant,
                    identity=call.identity,
                    action=call.action,
                    payload=call.payload,
                    timeout_seconds=call.timeout_seconds,
                    expires_at=expires_at,
                    ending=Ending.WAITING.value,
                )
            )
            (number,) = made.inserted_primary_key or (0,)
            return int(number)

        return await self._writer.run(job)

    async def take(self, worker: str, *, limit: int) -> tuple[tuple[int, HandedCall], ...]:
        waiting = {"worker": worker, "ending": Ending.WAITING.value}
        if await self._database.look_up(_WAITING, waiting) is None:
            return ()

        def job(connection: Connection) -> tuple[tuple[int, HandedCall], ...]:
            mine = (
                select(TABLE)
                .where(TABLE.c.worker == worker, TABLE.c.ending == Ending.WAITING.value)
                .order_by(TABLE.c.number)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
            rows = connection.execute(mine).all()
            connection.execute(
                update(TABLE)
                .where(TABLE.c.number.in_([row.number for row in rows]))
                .values(ending=Ending.TAKEN.value)
            )
            return tuple((row.number, _call(row)) for row in rows)

        return await self._writer.run(job)

    async def conclude(self, number: int, outcome: Outcome) -> None:
        told = json.dumps([outcome.payload.decode(), outcome.code, outcome.description])

        def job(connection: Connection) -> None:
            connection.execute(
                update(TABLE)
                .where(TABLE.c.number == number)
                .values(ending=outcome.ending.value, outcome=told)
            )

        await self._writer.run(job)

    async def look(self, number: int) -> Outcome:
        row = await self._database.look_up(_ONE, {"number": number})
        if row is None:
            return _OVER
        ending, told = row
        if told is None:
            return Outcome(Ending(ending))
        payload, code, description = json.loads(told)
        return Outcome(Ending(ending), payload.encode(), code, description)

    async def withdraw(self, number: int) -> bool:
        def job(connection: Connection) -> bool:
            gone = delete(TABLE).where(TABLE.c.number == number).returning(TABLE.c.ending)
            return connection.execute(gone).scalar_one_or_none() == Ending.WAITING.value

        return await self._writer.run(job)


def _call(row: Row[Any]) -> HandedCall:
    return HandedCall(
        tenant=row.tenant,
        identity=row.identity,
        action=row.action,
        payload=bytes(row.payload),
        timeout_seconds=row.timeout_seconds,
    )
