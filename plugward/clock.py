"""The command line's clock."""

from datetime import UTC, datetime


def now() -> datetime:
    """This moment, to the second: what commands print is what they used."""
    return datetime.now(UTC).replace(microsecond=0)


def now_exactly() -> datetime:
    """This moment, with fractions of a second: the clock that services are given."""
    return datetime.now(UTC)
