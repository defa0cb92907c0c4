"""The table of stations' certificate requests, and who has taken which of them up."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from authz.adapters.database import Database
from authz.adapters.tables import SIGNING_REQUESTS as TABLE
from authz.adapters.writer import Writer
from authz.ocpp.protocol import Station
from authz.signing_request import OPEN, SigningRequest, SigningState, Wish

SHOWN_MAX = 100
_IDENTITIES_AT_ONCE = 500  # of one IN list
_OPEN = [state.value for state in OPEN]

Connected = Callable[[str], Sequence[Station]]


class SigningRequestTable:
    """authz.ports.SigningRequests over its table."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def keep(self, wish: Wish, *, now: datetime) -> SigningRequest:
        return await self._writer.run(lambda connection: _keep(connection, wish, now))

    async def claim(
        self, connected: Connected, *, limit: int, now: datetime, until: datetime
    ) -> tuple[SigningRequest, ...]:
        numbers = await self._database.read(lambda connection: _due(connection, connected, now))
        if not numbers:
            return ()

        def job(connection: Connection) -> tuple[SigningRequest, ...]:
            still = (
                select(TABLE)
                .where(
                    TABLE.c.number.in_(numbers[:limit]),
                    TABLE.c.state.in_(_OPEN),
                    TABLE.c.due_at <= now,
                )
                .order_by(TABLE.c.number)
                .with_for_update(skip_locked=True)
            )
            rows = connection.execute(still).all()
            claimed = [row.number for row in rows]
            connection.execute(
                update(TABLE)
                .where(TABLE.c.number.in_(claimed))
                .values(due_at=until, attempts=TABLE.c.attempts + 1)
            )
            asked = select(TABLE).where(TABLE.c.number.in_(claimed)).order_by(TABLE.c.number)
            return tuple(_request(row) for row in connection.execute(asked))

        return await self._writer.run(job)

    async def move(
        self,
        request: SigningRequest,
        state: SigningState,
        *,
        reason: str | None,
        chain: str | None,
        due_at: datetime | None,
        now: datetime,
    ) -> SigningRequest:
        changes: dict[str, object] = {
            "state": state.value,
            "reason": reason,
            "changed_at": now,
            "due_at": due_at or now,
        }
        if chain is not None:
            changes["chain"] = chain

        def job(connection: Connection) -> SigningRequest:
            mine = TABLE.c.number == request.number
            # What a newer request has superseded, or another process has ended, stays so.
            connection.execute(update(TABLE).where(mine, TABLE.c.state.in_(_OPEN)).values(changes))
            return _request(connection.execute(select(TABLE).where(mine)).one())

        return await self._writer.run(job)

    async def of_station(self, tenant: str, identity: str) -> tuple[SigningRequest, ...]:
        asked = (
            select(TABLE)
            .where(TABLE.c.tenant == tenant, TABLE.c.identity == identity)
            .order_by(TABLE.c.number.desc())
            .limit(SHOWN_MAX)
        )
        rows = await self._database.read(lambda connection: connection.execute(asked).all())
        return tuple(_request(row) for row in rows)


def _keep(connection: Connection, wish: Wish, now: datetime) -> SigningRequest:
    mine = (
        TABLE.c.tenant == wish.tenant,
        TABLE.c.identity == wish.identity,
        TABLE.c.state.in_(_OPEN),
    )
    for row in connection.execute(select(TABLE).where(*mine)).all():
        standing = _request(row)
        if standing.wish == wish:  # sent again, because our answer was lost
            return standing
        if standing.wish.certificate_type == wish.certificate_type:
            connection.execute(
                update(TABLE)
                .where(TABLE.c.number == standing.number)
                .values(state=SigningState.SUPERSEDED.value, changed_at=now)
            )
    made = connection.execute(
        insert(TABLE).values(
            tenant=wish.tenant,
            identity=wish.identity,
            csr=wish.csr,
            certificate_type=wish.certificate_type,
            request_id=wish.request_id,
            wrapped=wish.wrapped,
            state=SigningState.ASKED.value,
            attempts=0,
            asked_at=now,
            due_at=now,
            changed_at=now,
        )
    )
    (number,) = made.inserted_primary_key or (0,)
    return _request(connection.execute(select(TABLE).where(TABLE.c.number == number)).one())


def _due(connection: Connection, connected: Connected, now: datetime) -> list[int]:
    """Numbers of requests that can be advanced here: unsigned ones, and those of stations here."""
    due = select(TABLE.c.number).where(TABLE.c.due_at <= now).order_by(TABLE.c.number).limit(100)
    found = _numbers(connection, due.where(TABLE.c.state == SigningState.ASKED.value))
    signed = TABLE.c.state == SigningState.SIGNED.value
    waiting = select(TABLE.c.tenant).where(signed, TABLE.c.due_at <= now).distinct()
    for tenant in connection.execute(waiting).scalars().all():
        identities = [station.identity for station in connected(tenant)]
        for at in range(0, len(identities), _IDENTITIES_AT_ONCE):
            some = identities[at : at + _IDENTITIES_AT_ONCE]
            found += _numbers(
                connection,
                due.where(signed, TABLE.c.tenant == tenant, TABLE.c.identity.in_(some)),
            )
    return found


def _numbers(connection: Connection, asked: Select[tuple[int]]) -> list[int]:
    return [row.number for row in connection.execute(asked)]


def _request(row: Row[Any]) -> SigningRequest:
    return SigningRequest(
        number=row.number,
        wish=Wish(
            tenant=row.tenant,
            identity=row.identity,
            csr=row.csr,
            certificate_type=row.certificate_type,
            request_id=row.request_id,
            wrapped=row.wrapped,
        ),
        state=SigningState(row.state),
        attempts=row.attempts,
        asked_at=row.asked_at,
        due_at=row.due_at,
        chain=row.chain,
        reason=row.reason,
    )
