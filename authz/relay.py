"""Whether one contract seems to be in two places at once, or in another's vehicle.

A Plug & Charge signature does not name the charging station, so a relayed one looks like any
other (EVExchange, Conti et al. 2022; arXiv 2512.15966). A backend cannot prevent that; it sees
where and when a contract charges.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import asin, cos, radians, sin, sqrt

SPEED_KM_PER_HOUR_MAX = 200.0  # as the crow flies, so faster than any road allows
SLACK_KM = 1.0  # positions are of sites, and clocks differ
LIVE = timedelta(minutes=1)  # a grant whose place is not told: plugging in takes as long
EARTH_RADIUS_KM = 6_371.0
VEHICLE_IDS_MAX = 16
VEHICLE_ID_CHARACTERS_MAX = 255
VEHICLE_ID_TYPES = frozenset({"evccid", "pcid"})  # OCPP 2.1 IdTokenEnumStringType, and OPCP's

Position = tuple[float, float]  # latitude and longitude in degrees


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Where else a contract was granted last, or charges now: an EVSE id, or a station."""

    place: str
    seen_at: datetime
    running: bool
    position: Position | None = None


def canonical_vehicle_id(text: str) -> str:
    """A vehicle's identifier without separators, upper case: an EVCCID may be a MAC address."""
    return "".join(character for character in text.upper() if character not in ":-. ")


def still_there(sightings: Sequence[Sighting], *, now: datetime) -> Sighting | None:
    """A sighting elsewhere that is still going on; None where there is none."""
    for sighting in sightings:
        if sighting.running or (sighting.position is None and now - sighting.seen_at < LIVE):
            return sighting
    return None


def out_of_reach(
    sightings: Sequence[Sighting], *, here: Position | None, now: datetime
) -> tuple[Sighting, float] | None:
    """A sighting from where nobody drives here in that time, and the kilometres between."""
    if here is None:
        return None
    for sighting in sightings:
        if sighting.position is not None:
            hours = max((now - sighting.seen_at).total_seconds(), 0.0) / 3_600
            between = kilometres(sighting.position, here)
            if between > SLACK_KM + hours * SPEED_KM_PER_HOUR_MAX:
                return sighting, between
    return None


def kilometres(one: Position, other: Position) -> float:
    """The distance along a great circle (haversine)."""
    (lat_one, lon_one), (lat_other, lon_other) = (
        (radians(latitude), radians(longitude)) for latitude, longitude in (one, other)
    )
    chord = (
        sin((lat_other - lat_one) / 2) ** 2
        + cos(lat_one) * cos(lat_other) * sin((lon_other - lon_one) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))
