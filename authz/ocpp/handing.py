"""What processes of one service tell each other of stations: who is where, and calls handed on."""

from dataclasses import dataclass, field
from enum import Enum

from authz.ocpp.protocol import Station


@dataclass(frozen=True, slots=True)
class Presence:
    """A connected station, and the worker (a process, by its random name) that it is with."""

    worker: str
    station: Station


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedCall:
    """A call to a station that another worker makes. ``payload`` is the request's JSON."""

    tenant: str
    identity: str
    action: str
    payload: bytes = field(repr=False)
    timeout_seconds: float


class Ending(Enum):
    """How a handed call stands, or what became of it."""

    WAITING = "waiting"  # nobody has taken it up
    TAKEN = "taken"
    ANSWERED = "answered"
    ABSENT = "absent"  # the station was not there: nothing was sent
    GONE = "gone"  # its connection was lost
    FAILED = "failed"  # its CALLERROR
    REFUSED = "refused"  # by our own checks of the payload
    SILENT = "silent"  # no answer in time


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a handed call: the payload of the answer, or an error's code and text."""

    ending: Ending
    payload: bytes = field(default=b"", repr=False)
    code: str = ""
    description: str = ""
