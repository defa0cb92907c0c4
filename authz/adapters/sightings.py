"""Where contracts were granted last, and where they charge."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, select

from authz.adapters.database import Database, Lookup, insert_many
from authz.adapters.tables import EVSES, SIGHTINGS, TRANSACTIONS, microseconds, moment
from authz.decision import LoggedDecision
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
# A contract that was seen before has a row.
_SEEN_AGAIN = (
    "ON CONFLICT (tenant, emaid)"
    " DO UPDATE SET evse_id = excluded.evse_id, seen_at = excluded.seen_at"
)


class SightingTable:
    """authz.ports.Sightings over its table and that of transactions."""

    def __init__(self, database: Database) -> None:
        self._database = database

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


def note(connection: Connection, decisions: Iterable[LoggedDecision]) -> None:
    """Keeps where contracts were granted, the newest place of each.

    In one statement, for the reasons of ``insert_many``.
    """
    seen = {
        (one.tenant, one.seen[0]): (one.seen[1], microseconds(one.decided_at))
        for one in decisions
        if one.seen is not None
    }
    if seen:
        values = [part for whose, place in seen.items() for part in (*whose, *place)]
        insert_many(connection, SIGHTINGS, values, otherwise=_SEEN_AGAIN)
