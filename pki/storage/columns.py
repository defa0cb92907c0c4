"""Column types that SQLite and PostgreSQL keep alike: moments and serial numbers."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import DateTime, LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

Storing = Callable[[Any], object]  # makes of a column's value what the driver takes


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime; SQLite, which knows no time zones, keeps it naive in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        value = _in_utc(value)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Serial(TypeDecorator[int]):
    """A positive certificate serial number as its shortest big-endian octets."""

    impl = LargeBinary(20)  # RFC 5280 4.1.2.2: at most 20 octets
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's signature
        return _octets(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else int.from_bytes(value, "big")


def storing(kind: TypeEngine[Any], dialect: Dialect) -> Storing | None:
    """What SQLAlchemy's types make of a value for the driver, in a fifth of their time.

    SQLite takes numbers, texts and octets, PostgreSQL everything as text. None where a value is
    taken as it is.
    """
    if dialect.name == "sqlite":
        match kind:
            case Moment():
                return _sqlite_text
            case Serial():
                return _octets
            case _:
                return None
    match kind:
        case Moment():
            return _zoned_text
        case Serial():
            return _hexadecimal_serial
        case LargeBinary():
            return _hexadecimal
        case _:
            return _text


@lru_cache(maxsize=256)  # a certificate and its acts share most of their moments
def _sqlite_text(value: datetime | None) -> str | None:
    if value is None:
        return None
    return _in_utc(value).replace(tzinfo=None).isoformat(" ", "microseconds")


@lru_cache(maxsize=256)
def _zoned_text(value: datetime | None) -> str | None:
    return None if value is None else _in_utc(value).isoformat()


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return value.astimezone(UTC)


def _octets(serial: int | None) -> bytes | None:
    return None if serial is None else serial.to_bytes((serial.bit_length() + 7) // 8, "big")


def _hexadecimal_serial(serial: int | None) -> str | None:
    return _hexadecimal(_octets(serial))


def _hexadecimal(octets: bytes | None) -> str | None:
    return None if octets is None else f"\\x{octets.hex()}"


def _text(value: object) -> str | None:
    return None if value is None else str(value)
