"""Where, when and at what kind of EVSE a contract may charge."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import Enum
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from authz.errors import MalformedQuestion
from certs.errors import MalformedIdentifier
from certs.identifiers.evse_id import CHARACTERS_MAX, EVSEID

PREFIXES_MAX = 64  # an operator's sites; an outlet has its own entry among the EVSE ids
WINDOWS_MAX = 64  # eight a day and some; a tariff's prices are not told here
DAY_MINUTES = 1_440
ZONE_CHARACTERS_MAX = 64

_PREFIX = re.compile(r"[A-Z]{2}[A-Z0-9]{3}(E[A-Z0-9]{0,31})?", re.ASCII)


class PowerType(Enum):
    """What flows out of an EVSE."""

    AC = "AC"
    DC = "DC"


class Day(Enum):
    """A day of the week, as ISO 8601 counts them."""

    MONDAY = "Mon"
    TUESDAY = "Tue"
    WEDNESDAY = "Wed"
    THURSDAY = "Thu"
    FRIDAY = "Fri"
    SATURDAY = "Sat"
    SUNDAY = "Sun"


_DAYS = tuple(Day)


def parse_prefix(text: str) -> str:
    """The beginning of EVSE ids (``DE*PLW``, ``DE*PLW*E45``) in canonical form.

    It covers every EVSE id that begins so once the separators are gone: ``DE*PLW*E4`` also covers
    ``DE*PLW*E45``. Raises MalformedIdentifier.
    """
    canonical = text.replace("*", "").upper()
    if len(text) > CHARACTERS_MAX or not _PREFIX.fullmatch(canonical):
        raise MalformedIdentifier("an EVSE prefix is country and operator, then E and an outlet")
    return canonical


def parse_zone(name: str) -> ZoneInfo:
    """A zone of the IANA time zone database; MalformedQuestion where it has none of this name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as bad:
        raise MalformedQuestion("a zone is one of the IANA time zone database") from bad


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Some hours of some days: from a minute of the day (included) to another (excluded)."""

    days: frozenset[Day]
    from_minute: int
    to_minute: int  # up to 1440, the day's end

    @classmethod
    def make(cls, *, days: frozenset[Day], from_minute: int, to_minute: int) -> Self:
        """A window; MalformedQuestion for an empty one. One over midnight is written as two."""
        if not days or not 0 <= from_minute < to_minute <= DAY_MINUTES:
            raise MalformedQuestion("a window has days, and ends after it begins")
        return cls(days=days, from_minute=from_minute, to_minute=to_minute)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The hours of the week in which a contract may charge, by the clock on the wall of a zone."""

    zone: ZoneInfo
    windows: tuple[Window, ...]

    def open_until(self, now: datetime) -> datetime | None:
        """When the window that ``now`` lies in ends; None where it lies in none.

        Days with a change of the clocks count by what the wall shows, and an end that the wall
        shows twice is the first of the two.
        """
        here = now.astimezone(self.zone)
        day, minute = _DAYS[here.weekday()], here.hour * 60 + here.minute
        ends = [
            window.to_minute
            for window in self.windows
            if day in window.days and window.from_minute <= minute < window.to_minute
        ]
        if not ends:
            return None
        days, rest = divmod(max(ends), DAY_MINUTES)
        wall = datetime.combine(
            here.date() + timedelta(days=days), time(*divmod(rest, 60)), tzinfo=self.zone
        )
        return max(now, wall.astimezone(UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Restrictions:
    """What a contract is bound to; what is empty binds nothing.

    ``evse_prefixes`` are canonical beginnings of EVSE ids, beside those that the contract names
    one by one.
    """

    evse_prefixes: frozenset[str] = frozenset()
    power_types: frozenset[PowerType] = frozenset()
    schedule: Schedule | None = None


UNRESTRICTED = Restrictions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evse:
    """What an operator told of one of its EVSEs. Degrees are WGS 84; None is not told."""

    evse_id: EVSEID
    power_type: PowerType | None = None
    latitude: float | None = None
    longitude: float | None = None
