"""The table of transactions: which contract charges where."""

from typing import Any

from sqlalchemy import Connection, Row, and_, insert, select, update

from authz.adapters.database import Database
from authz.adapters.tables import TRANSACTIONS
from authz.adapters.writer import Writer
from authz.transaction import Report, Transaction
from certs.edition import Edition
from certs.identifiers.emaid import EMAID

NUMBER_MAX = 2**31 - 1  # what OCPP 1.6 stations keep a transactionId in
RUNNING_MAX = 64  # of one contract that are looked at: more than one is already a finding


class TransactionTable:
    """authz.ports.Transactions over its table."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def record(self, report: Report) -> Transaction:
        return await self._writer.run(lambda connection: _record(connection, report))

    async def find(self, tenant: str, identity: str, transaction_id: str) -> Transaction | None:
        return await self._one(
            TRANSACTIONS.c.tenant == tenant,
            TRANSACTIONS.c.identity == identity,
            TRANSACTIONS.c.transaction_id == transaction_id,
        )

    async def numbered(self, tenant: str, identity: str, number: int) -> Transaction | None:
        if not 0 < number <= NUMBER_MAX:
            return None
        return await self._one(
            TRANSACTIONS.c.tenant == tenant,
            TRANSACTIONS.c.identity == identity,
            TRANSACTIONS.c.number == number,
        )

    async def running(self, tenant: str, emaid: EMAID) -> tuple[Transaction, ...]:
        asked = (
            select(TRANSACTIONS)
            .where(
                TRANSACTIONS.c.tenant == tenant,
                TRANSACTIONS.c.emaid == emaid.canonical,
                TRANSACTIONS.c.ended_at.is_(None),
            )
            .order_by(TRANSACTIONS.c.number.desc())
            .limit(RUNNING_MAX)
        )
        rows = await self._database.read(lambda connection: connection.execute(asked).all())
        return tuple(_transaction(row) for row in reversed(rows))

    async def _one(self, *conditions: Any) -> Transaction | None:  # noqa: ANN401 - SQLAlchemy's column expressions
        asked = select(TRANSACTIONS).where(*conditions)
        row = await self._database.read(lambda connection: connection.execute(asked).one_or_none())
        return None if row is None else _transaction(row)


def _record(connection: Connection, report: Report) -> Transaction:
    """What is known after a report. Messages come late, twice and in any order (E04)."""
    mine = and_(
        TRANSACTIONS.c.tenant == report.tenant,
        TRANSACTIONS.c.identity == report.identity,
        TRANSACTIONS.c.transaction_id == report.transaction_id,
    )
    row = connection.execute(select(TRANSACTIONS).where(mine).with_for_update()).one_or_none()
    if row is None:
        connection.execute(
            insert(TRANSACTIONS).values(
                tenant=report.tenant,
                identity=report.identity,
                transaction_id=report.transaction_id,
                started_at=report.at,
                heard_at=report.at,
                evse=report.evse,
                connector=report.connector,
                emaid=None if report.emaid is None else report.emaid.canonical,
                authorized=bool(report.authorized),
                decision_id=report.decision_id,
                offline=report.offline,
                ended_at=report.at if report.ended else None,
                reason=report.reason,
            )
        )
    else:
        connection.execute(update(TRANSACTIONS).where(mine).values(_changes(row, report)))
    return _transaction(connection.execute(select(TRANSACTIONS).where(mine)).one())


def _changes(row: Row[Any], report: Report) -> dict[str, object]:
    changes: dict[str, object] = {
        "started_at": min(row.started_at, report.at),
        "heard_at": max(row.heard_at, report.at),
    }
    told = {"evse": report.evse, "connector": report.connector, "reason": report.reason}
    emaid = None if report.emaid is None else report.emaid.canonical
    if row.emaid in {None, emaid}:  # another token may end a transaction and never takes it over
        told |= {
            "emaid": emaid,
            "authorized": report.authorized,
            "decision_id": report.decision_id,
        }
    changes |= {name: value for name, value in told.items() if value is not None}
    if report.offline:
        changes["offline"] = True
    if report.ended and row.ended_at is None:
        changes["ended_at"] = report.at
    return changes


def _transaction(row: Row[Any]) -> Transaction:
    return Transaction(
        number=row.number,
        tenant=row.tenant,
        identity=row.identity,
        transaction_id=row.transaction_id,
        started_at=row.started_at,
        heard_at=row.heard_at,
        evse=row.evse,
        connector=row.connector,
        emaid=None if row.emaid is None else EMAID.parse(row.emaid, edition=Edition.ISO_20),
        authorized=row.authorized,
        decision_id=row.decision_id,
        offline=row.offline,
        ended_at=row.ended_at,
        reason=row.reason,
    )
