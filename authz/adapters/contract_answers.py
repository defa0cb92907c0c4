"""The answers of a provisioning service that a station has not fetched yet."""

import json
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from authz.adapters.tables import CONTRACT_ANSWERS
from authz.adapters.writer import Writer
from authz.contract_request import NextAnswer
from authz.ocpp.protocol import Station

LIFE = timedelta(minutes=10)  # a vehicle fetches its contracts one after the other


class ContractAnswerTable:
    """authz.ports.ContractAnswers over its table: any process may give the next."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def keep(
        self, station: Station, request: bytes, answers: tuple[str, ...], *, now: datetime
    ) -> None:
        def job(connection: Connection) -> None:
            connection.execute(delete(CONTRACT_ANSWERS).where(CONTRACT_ANSWERS.c.expires_at < now))
            connection.execute(delete(CONTRACT_ANSWERS).where(*_mine(station, request)))
            connection.execute(
                insert(CONTRACT_ANSWERS).values(
                    tenant=station.tenant,
                    identity=station.identity,
                    request=request,
                    answers=json.dumps(answers),
                    expires_at=now + LIFE,
                )
            )

        await self._writer.run(job)

    async def take(self, station: Station, request: bytes, *, now: datetime) -> NextAnswer | None:
        def job(connection: Connection) -> NextAnswer | None:
            row = connection.execute(
                select(CONTRACT_ANSWERS.c.answers, CONTRACT_ANSWERS.c.expires_at)
                .where(*_mine(station, request))
                .with_for_update()
            ).one_or_none()
            if row is None or row.expires_at < now:
                return None
            first, *rest = json.loads(row.answers)
            if rest:
                connection.execute(
                    update(CONTRACT_ANSWERS)
                    .where(*_mine(station, request))
                    .values(answers=json.dumps(rest))
                )
            else:
                connection.execute(delete(CONTRACT_ANSWERS).where(*_mine(station, request)))
            return NextAnswer(exi=first, remaining=len(rest))

        return await self._writer.run(job)


def _mine(station: Station, request: bytes) -> tuple[ColumnElement[bool], ...]:
    return (
        CONTRACT_ANSWERS.c.tenant == station.tenant,
        CONTRACT_ANSWERS.c.identity == station.identity,
        CONTRACT_ANSWERS.c.request == request,
    )
