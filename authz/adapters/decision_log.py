"""The decision log: only grows, each row sealed to the one before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, select, text

from authz.adapters.database import Database, insert_many
from authz.adapters.reservations import settle
from authz.adapters.sightings import note
from authz.adapters.tables import DECISIONS, microseconds
from authz.adapters.writer import Writer
from authz.decision import LoggedDecision
from authz.idempotency import Reservation

_ADVISORY_LOCK = 0x61757A6C  # "auzl": processes append to one chain, one after the other
FIRST_HASH = bytes(32)  # what the first row is sealed to

# Plain text: SQLAlchemy's work for one execution costs more than finding the row.
_NEWEST = "SELECT sequence, hash FROM decisions ORDER BY sequence DESC LIMIT 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """The first row at which the log is not what was written."""

    sequence: int
    reason: str


class DecisionTable:
    """authz.ports.DecisionLog over its table."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def append(self, decision: LoggedDecision) -> None:
        await self._writer.gather(_append, decision)

    async def append_once(
        self, decision: LoggedDecision, reservation: Reservation, answer: bytes
    ) -> None:
        def job(connection: Connection) -> None:
            settle(connection, reservation, answer)
            _append(connection, [decision])

        await self._writer.run(job)

    async def find(self, tenant: str, decision_id: str) -> bytes | None:
        asked = select(DECISIONS.c.body).where(
            DECISIONS.c.tenant == tenant, DECISIONS.c.decision_id == decision_id
        )
        found: bytes | None = await self._database.read(
            lambda connection: connection.execute(asked).scalar_one_or_none()
        )
        return found

    async def last_moment(self) -> datetime | None:
        asked = select(DECISIONS.c.decided_at).order_by(DECISIONS.c.sequence.desc()).limit(1)
        found: datetime | None = await self._database.read(
            lambda connection: connection.execute(asked).scalar_one_or_none()
        )
        return found


def seal(previous: bytes, sequence: int, decision: LoggedDecision) -> bytes:
    """The hash of a row: over the row before it, its own place and everything it says."""
    parts = (
        decision.decision_id.encode(),
        decision.tenant.encode(),
        decision.decided_at.isoformat().encode(),
        b"granted" if decision.granted else b"refused",
        decision.body,
    )
    sealed = [previous, sequence.to_bytes(8)]
    for part in parts:
        sealed += (len(part).to_bytes(8), part)
    return sha256(b"".join(sealed)).digest()


def _append(connection: Connection, decisions: Sequence[LoggedDecision]) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    newest = connection.exec_driver_sql(_NEWEST).fetchone()
    sequence, previous = (0, FIRST_HASH) if newest is None else newest
    rows: list[object] = []
    for decision in decisions:
        sequence += 1
        sealed = seal(previous, sequence, decision)
        rows += (
            sequence,
            decision.decision_id,
            decision.tenant,
            microseconds(decision.decided_at),
            decision.granted,
            decision.body,
            previous,
            sealed,
        )
        previous = sealed
    insert_many(connection, DECISIONS, rows)
    note(connection, decisions)


def first_break(connection: Connection) -> Break | None:
    """Walks the whole log; None where every row is sealed to the one before it.

    Rows cut off at the end leave no break: compare the newest hash with one kept elsewhere.
    """
    previous = FIRST_HASH
    rows = connection.execute(select(DECISIONS).order_by(DECISIONS.c.sequence))
    for sequence, row in enumerate(rows, start=1):
        if row.sequence != sequence:
            return Break(sequence=sequence, reason="a row is missing")
        if row.previous_hash != previous:
            return Break(sequence=sequence, reason="not sealed to the row before it")
        decision = LoggedDecision(
            decision_id=row.decision_id,
            tenant=row.tenant,
            decided_at=row.decided_at,
            granted=row.granted,
            body=row.body,
        )
        if row.hash != seal(previous, sequence, decision):
            return Break(sequence=sequence, reason="the row was altered")
        previous = row.hash
    return None
