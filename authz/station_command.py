"""What was asked of a station, and what it answered."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class StationCommand:
    """One command, for the record. ``answer`` is None where none came; ``failure`` says why."""

    tenant: str
    identity: str
    action: str
    asked: dict[str, Any]
    asked_at: datetime
    answer: dict[str, Any] | None = None
    failure: str | None = None
