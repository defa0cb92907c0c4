"""What a handler is given: who asks, in which version's forms, and what."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from authz.ocpp.protocol import OcppVersion, Station
from authz.ocpp.schemas import MessageKind, validate

Payload = dict[str, Any]  # JSON

_DECODER = msgspec.json.Decoder(Payload)
_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A payload that fits its schema.

    ``version`` is that of the payload's forms: 2.0.1 for what a station of 1.6 wraps in a
    DataTransfer, else the station's own. ``octets`` are the payload as it came.
    """

    station: Station
    version: OcppVersion
    payload: Payload
    octets: bytes

    @property
    def wrapped(self) -> bool:
        """Whether the payload came inside a DataTransfer."""
        return self.version is not self.station.version


Handler = Callable[[Asked], Awaitable[Payload]]


def asked_by(station: Station, octets: bytes, *, version: OcppVersion | None = None) -> Asked:
    """A station's payload, which has been validated."""
    return Asked(
        station=station,
        version=version or station.version,
        payload=_DECODER.decode(octets),
        octets=octets,
    )


def encoded(payload: Payload) -> bytes:
    """A payload as JSON octets."""
    return _ENCODER.encode(payload)


def answer_to(version: OcppVersion, action: str, payload: Payload) -> bytes:
    """An answer's octets; CallRefused where it does not fit the version's schema."""
    octets = encoded(payload)
    validate(version, action, MessageKind.RESPONSE, octets)
    return octets


def moment_text(moment: datetime) -> str:
    """A moment as OCPP writes it: RFC 3339 in UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(text: object) -> datetime | None:
    """A station's date-time; None for none. Stations leave out zones, and mean UTC then."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the second for years before 1 and after 9999 in UTC
        return None


def status_info(reason: str, detail: str = "") -> Payload:
    """OCPP's StatusInfoType; ``reason`` has at most 20 characters."""
    info: Payload = {"reasonCode": reason[:20]}
    if detail:
        info["additionalInfo"] = detail[:512]
    return info
