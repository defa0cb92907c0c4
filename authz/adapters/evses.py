"""What operators tell of their EVSEs, in its table."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from authz.adapters.database import Database, Lookup
from authz.adapters.tables import EVSES
from authz.adapters.writer import Writer
from authz.errors import NotFound
from authz.restrictions import Evse, PowerType
from certs.identifiers.evse_id import EVSEID

_MINE = (EVSES.c.tenant == bindparam("own"), EVSES.c.evse_id == bindparam("asked"))
_BY_ID = Lookup(
    select(EVSES.c.as_received, EVSES.c.power_type, EVSES.c.latitude, EVSES.c.longitude).where(
        *_MINE
    )
)


class EvseBook:
    """authz.ports.Evses over its table."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def find(self, tenant: str, evse_id: EVSEID) -> Evse | None:
        row = await self._database.look_up(_BY_ID, {"own": tenant, "asked": evse_id.canonical})
        if row is None:
            return None
        as_received, power_type, latitude, longitude = row
        return Evse(
            evse_id=EVSEID.parse(as_received),
            power_type=None if power_type is None else PowerType(power_type),
            latitude=latitude,
            longitude=longitude,
        )

    async def put(self, tenant: str, evse: Evse, *, now: datetime) -> bool:
        mine = {"own": tenant, "asked": evse.evse_id.canonical}
        values = {
            "as_received": evse.evse_id.as_received,
            "power_type": None if evse.power_type is None else evse.power_type.value,
            "latitude": evse.latitude,
            "longitude": evse.longitude,
            "updated_at": now,
        }

        def job(connection: Connection) -> bool:
            if connection.execute(update(EVSES).where(*_MINE).values(values), mine).rowcount:
                return False
            identity = {"tenant": tenant, "evse_id": evse.evse_id.canonical}
            connection.execute(insert(EVSES).values(**identity, **values))
            return True

        return await self._writer.run(job)

    async def delete(self, tenant: str, evse_id: EVSEID) -> None:
        mine = {"own": tenant, "asked": evse_id.canonical}

        def job(connection: Connection) -> None:
            if not connection.execute(delete(EVSES).where(*_MINE), mine).rowcount:
                raise NotFound("evse.not_found", "nothing is told of this EVSE")

        await self._writer.run(job)
