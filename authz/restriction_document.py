"""Restrictions as JSON: the same form in the registry's table and at its door."""

from typing import Annotated

import msgspec
from msgspec import Meta

from authz.restrictions import (
    DAY_MINUTES,
    PREFIXES_MAX,
    UNRESTRICTED,
    WINDOWS_MAX,
    ZONE_CHARACTERS_MAX,
    Day,
    PowerType,
    Restrictions,
    Schedule,
    Window,
    parse_prefix,
    parse_zone,
)
from certs.identifiers.evse_id import CHARACTERS_MAX

_Clock = Annotated[str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]


class WindowDocument(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Some hours of some days, by the clock on the wall: ``from`` included, ``to`` excluded."""

    days: Annotated[list[Day], Meta(min_length=1, max_length=7)]
    from_: _Clock = msgspec.field(name="from", default="00:00")
    to: _Clock = "24:00"


class ScheduleDocument(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The hours of the week in which a contract may charge, in a zone of the IANA database."""

    zone: Annotated[str, Meta(min_length=1, max_length=ZONE_CHARACTERS_MAX)]
    windows: Annotated[list[WindowDocument], Meta(min_length=1, max_length=WINDOWS_MAX)]


class RestrictionsDocument(
    msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True
):
    """Where, when and at what kind of EVSE a contract may charge; what is left out binds nothing.

    ``evsePrefixes`` are beginnings of EVSE ids, beside the contract's own ``evseIds``.
    """

    evse_prefixes: Annotated[
        list[Annotated[str, Meta(max_length=CHARACTERS_MAX)]], Meta(max_length=PREFIXES_MAX)
    ] = []
    power_types: Annotated[list[PowerType], Meta(max_length=2)] = []
    schedule: ScheduleDocument | None = None


_DECODER = msgspec.json.Decoder(RestrictionsDocument)
_NONE = "{}"


def to_restrictions(document: RestrictionsDocument) -> Restrictions:
    """A document, read; Malformed for what cannot be meant."""
    told = document.schedule
    return Restrictions(
        evse_prefixes=frozenset(map(parse_prefix, document.evse_prefixes)),
        power_types=frozenset(document.power_types),
        schedule=None
        if told is None
        else Schedule(zone=parse_zone(told.zone), windows=tuple(map(_window, told.windows))),
    )


def from_restrictions(restrictions: Restrictions) -> RestrictionsDocument:
    """Restrictions as they are shown and kept."""
    schedule = restrictions.schedule
    return RestrictionsDocument(
        evse_prefixes=sorted(restrictions.evse_prefixes),
        power_types=sorted(restrictions.power_types, key=lambda kind: kind.value),
        schedule=None
        if schedule is None
        else ScheduleDocument(
            zone=schedule.zone.key,
            windows=[
                WindowDocument(
                    days=[day for day in Day if day in window.days],
                    from_=_clock(window.from_minute),
                    to=_clock(window.to_minute),
                )
                for window in schedule.windows
            ],
        ),
    )


def encode(restrictions: Restrictions) -> str:
    """Restrictions as the table keeps them."""
    return msgspec.json.encode(from_restrictions(restrictions)).decode()


def decode(kept: str) -> Restrictions:
    """Restrictions from the table; MalformedQuestion for a zone that this machine does not know."""
    return UNRESTRICTED if kept == _NONE else to_restrictions(_DECODER.decode(kept))


def _window(document: WindowDocument) -> Window:
    return Window.make(
        days=frozenset(document.days),
        from_minute=_minute(document.from_),
        to_minute=_minute(document.to),
    )


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _clock(minute: int) -> str:
    return "24:00" if minute == DAY_MINUTES else f"{minute // 60:02}:{minute % 60:02}"
