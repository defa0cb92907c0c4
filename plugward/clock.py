"""The command line's clock."""

from datetime import UTC, datetime


def now() -> datetime:
    """This moment, to the second: what commands print is what they used."""
    return datetime.now(UTC).replace(microsecond=0)
