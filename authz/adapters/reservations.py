"""Requests that were taken up under a key, and what they were answered, in their table."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from authz.adapters.database import Database
from authz.adapters.tables import IDEMPOTENCY_KEYS
from authz.adapters.writer import Writer
from authz.errors import Conflict, KeyReused
from authz.idempotency import KEPT, RESERVED, Reservation

_KEYS = IDEMPOTENCY_KEYS.c


class ReservationTable:
    """authz.ports.Reservations over its table."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def reserve(self, reservation: Reservation, *, now: datetime) -> bytes | None:
        return await self._writer.run(lambda connection: _reserve(connection, reservation, now))

    async def release(self, reservation: Reservation) -> None:
        def job(connection: Connection) -> None:
            connection.execute(delete(IDEMPOTENCY_KEYS).where(*_own(reservation)))

        await self._writer.run(job)


def settle(connection: Connection, reservation: Reservation, answer: bytes) -> None:
    """Keeps the answer in the transaction that logs its decision.

    Conflict where the reservation lapsed and somebody else took the request up: then neither is
    the decision logged, nor anything granted.
    """
    kept = connection.execute(
        update(IDEMPOTENCY_KEYS).where(*_own(reservation)).values(answer=answer)
    )
    if not kept.rowcount:
        raise Conflict("idempotency.lapsed", "the request was taken up again meanwhile")


def _own(reservation: Reservation) -> tuple[ColumnElement[bool], ...]:
    return (
        _KEYS.tenant == reservation.tenant,
        _KEYS.key == reservation.key,
        _KEYS.token == reservation.token,
        _KEYS.answer.is_(None),
    )


def _reserve(connection: Connection, reservation: Reservation, now: datetime) -> bytes | None:
    connection.execute(delete(IDEMPOTENCY_KEYS).where(_KEYS.taken_at < now - KEPT))
    mine = (_KEYS.tenant == reservation.tenant, _KEYS.key == reservation.key)
    # Locked, so that of two who come at once the second reads what the first wrote.
    kept = connection.execute(
        select(_KEYS.fingerprint, _KEYS.taken_at, _KEYS.answer).where(*mine).with_for_update()
    ).one_or_none()
    if kept is None:
        # Two that insert at once are told apart by the primary key: the later one is a Conflict.
        connection.execute(
            insert(IDEMPOTENCY_KEYS).values(
                tenant=reservation.tenant,
                key=reservation.key,
                fingerprint=reservation.fingerprint,
                token=reservation.token,
                taken_at=now,
            )
        )
        return None
    if kept.fingerprint != reservation.fingerprint:
        raise KeyReused("this Idempotency-Key came with another body before")
    if kept.answer is not None:
        answer: bytes = kept.answer
        return answer
    if now - kept.taken_at < RESERVED:
        raise Conflict("idempotency.under_way", "the first request with this key is under way")
    connection.execute(
        update(IDEMPOTENCY_KEYS).where(*mine).values(token=reservation.token, taken_at=now)
    )
    return None
