"""Where contracts were granted last, and where they charge."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from authz.adapters.database import Database, Lookup
from authz.adapters.tables import EVSES, SIGHTINGS, TRANSACTIONS, moment
from authz.adapters.writer import Writer
from authz.errors import Unavailable
from authz.relay import Sighting
from certs.identifiers.emaid import EMAID
from certs.identifiers.evse_id import EVSEID

_GRANTED = Lookup(
    select(SIGHTINGS.c.evse_id, SIGHTINGS.c.seen_at, EVSES.c.latitude, EVSES.c.longitude)
    .outerjoin(
        EVSES,
        (EVSES.c.tenant == SIGHTINGS.c.tenant) & (EVSES.c.evse_id == SIGHTINGS.c.evse_id),
    )
    .where(
        SIGHTINGS.c.tenant == bindparam("tenant"),
        SIGHTINGS.c.emaid == bindparam("emaid"),
        SIGHTINGS.c.evse_id != bindparam("here"),
    )
)
_RUNNING = Lookup(
    select(TRANSACTIONS.c.identity, TRANSACTIONS.c.heard_at)
    .where(
        TRANSACTIONS.c.tenant == bindparam("tenant"),
        TRANSACTIONS.c.emaid == bindparam("emaid"),
        TRANSACTIONS.c.ended_at.is_(None),
        TRANSACTIONS.c.authorized,
        TRANSACTIONS.c.identity != bindparam("here"),
    )
    .order_by(TRANSACTIONS.c.heard_at.desc())
    .limit(bindparam("count"))
    .offset(bindparam("skip"))  # SQLite's dialect would add one of its own
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    tenant: str
    emaid: str
    evse_id: str
    seen_at: datetime


class SightingTable:
    """authz.ports.Sightings over its table and that of transactions."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer
        self._noting: set[asyncio.Task[None]] = set()

    async def elsewhere(
        self, tenant: str, emaid: EMAID, *, evse_id: EVSEID | None, station: str | None
    ) -> tuple[Sighting, ...]:
        found = []
        mine = {"tenant": tenant, "emaid": emaid.canonical}
        if evse_id is not None:
            row = await self._database.look_up(_GRANTED, mine | {"here": evse_id.canonical})
            if row is not None:
                place, seen_at, latitude, longitude = row
                position = None if latitude is None else (latitude, longitude)
                found.append(
                    Sighting(place=place, seen_at=moment(seen_at), running=False, position=position)
                )
        if station is not None:
            row = await self._database.look_up(
                _RUNNING, mine | {"here": station, "count": 1, "skip": 0}
            )
            if row is not None:
                found.append(Sighting(place=row[0], seen_at=moment(row[1]), running=True))
        return tuple(found)

    def note(self, tenant: str, emaid: EMAID, evse_id: EVSEID, *, now: datetime) -> None:
        seen = _Seen(tenant=tenant, emaid=emaid.canonical, evse_id=evse_id.canonical, seen_at=now)

        async def keep() -> None:
            with suppress(Unavailable):
                await self._writer.gather(_note, seen)

        task = asyncio.create_task(keep())
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    async def close(self) -> None:
        """Waits for what is being kept."""
        await asyncio.gather(*self._noting)


def _note(connection: Connection, items: Sequence[_Seen]) -> None:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    made = dialect.insert(SIGHTINGS)
    newest = {(seen.tenant, seen.emaid): seen for seen in items}
    connection.execute(
        made.on_conflict_do_update(
            index_elements=[SIGHTINGS.c.tenant, SIGHTINGS.c.emaid],
            set_={"evse_id": made.excluded.evse_id, "seen_at": made.excluded.seen_at},
        ),
        [
            {"tenant": tenant, "emaid": emaid, "evse_id": seen.evse_id, "seen_at": seen.seen_at}
            for (tenant, emaid), seen in newest.items()
        ],
    )
