"""Column types that SQLite and PostgreSQL keep alike: moments and serial numbers."""

from datetime import UTC, datetime

from sqlalchemy import DateTime, LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime; SQLite, which knows no time zones, keeps it naive in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


def sqlite_text(value: object) -> object:
    """What SQLite keeps of a moment, as Moment and SQLAlchemy's DateTime write it between them.

    A fifth of their time, for statements that run for every certificate.
    """
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


class Serial(TypeDecorator[int]):
    """A positive certificate serial number as its shortest big-endian octets."""

    impl = LargeBinary(20)  # RFC 5280 4.1.2.2: at most 20 octets
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else value.to_bytes((value.bit_length() + 7) // 8, "big")

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else int.from_bytes(value, "big")
