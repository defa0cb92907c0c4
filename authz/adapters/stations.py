"""Registered charging stations, in their table."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from authz.adapters.database import Database, Lookup
from authz.adapters.tables import STATIONS, TENANTS, moment
from authz.adapters.writer import Writer
from authz.charging_station import ChargingStation, Password, SecurityProfile
from authz.errors import NotFound

_HELD = (
    STATIONS.c.identity,
    STATIONS.c.profile,
    STATIONS.c.salt,
    STATIONS.c.password_digest,
    STATIONS.c.common_name,
    STATIONS.c.updated_at,
    TENANTS.c.generation,
)
_ALL = select(*_HELD).join(TENANTS, TENANTS.c.tenant == STATIONS.c.tenant)
_MINE = (STATIONS.c.tenant == bindparam("own"), STATIONS.c.identity == bindparam("asked"))
_ONE = _ALL.where(*_MINE)
_BY_IDENTITY = Lookup(_ONE)


class StationBook:
    """authz.ports.StationRegister over its table."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def find(self, tenant: str, identity: str) -> ChargingStation | None:
        row = await self._database.look_up(_BY_IDENTITY, {"own": tenant, "asked": identity})
        return None if row is None else _station(tenant, row)

    async def after(self, tenant: str, identity: str, *, limit: int) -> tuple[ChargingStation, ...]:
        asked = (
            _ALL.where(STATIONS.c.tenant == tenant, STATIONS.c.identity > identity)
            .order_by(STATIONS.c.identity)
            .limit(limit)
        )
        rows = await self._database.read(lambda connection: connection.execute(asked).all())
        # as the driver has it, so that both ways read alike
        return tuple(_station(tenant, (*row[:5], None, row[6]), row.updated_at) for row in rows)

    async def put(
        self,
        tenant: str,
        identity: str,
        make: Callable[[ChargingStation | None], ChargingStation],
    ) -> bool:
        mine = {"own": tenant, "asked": identity}

        def job(connection: Connection) -> bool:
            row = connection.execute(_ONE.with_for_update(of=STATIONS), mine).one_or_none()
            standing = (
                None if row is None else _station(tenant, (*row[:5], None, row[6]), row.updated_at)
            )
            station = make(standing)
            values = _columns(station)
            if standing is not None:
                connection.execute(update(STATIONS).where(*_MINE).values(values), mine)
                return False
            connection.execute(insert(STATIONS).values(tenant=tenant, identity=identity, **values))
            return True

        return await self._writer.run(job)

    async def delete(self, tenant: str, identity: str) -> None:
        mine = {"own": tenant, "asked": identity}

        def job(connection: Connection) -> None:
            if not connection.execute(delete(STATIONS).where(*_MINE), mine).rowcount:
                raise NotFound("station.not_found", "no station of this identity")

        await self._writer.run(job)


def _columns(station: ChargingStation) -> dict[str, object]:
    password = station.password
    return {
        "profile": station.profile.value,
        "salt": None if password is None else password.salt,
        "password_digest": None if password is None else password.digest,
        "common_name": station.common_name,
        "updated_at": station.updated_at,
    }


def _station(
    tenant: str, row: tuple[Any, ...], updated_at: datetime | None = None
) -> ChargingStation:
    identity, profile, salt, digest, common_name, microseconds, generation = row
    known = salt is not None and digest is not None
    return ChargingStation(
        tenant=tenant,
        identity=identity,
        profile=SecurityProfile(profile),
        password=Password(salt=bytes(salt), digest=bytes(digest)) if known else None,
        common_name=common_name,
        updated_at=moment(microseconds) if updated_at is None else updated_at,
        generation=generation,
    )
