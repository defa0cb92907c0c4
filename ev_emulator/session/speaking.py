"""What the session core asks of an edition: read, speak, answer. Values and two protocols."""

from dataclasses import dataclass
from typing import Protocol

from ev_emulator.framing.v2gtp import Frame
from ev_emulator.reasons import Failure
from ev_emulator.session.events import Event
from ev_emulator.session.states import Rulebook


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message as far as the core must know it.

    ``message`` is the edition's own; ``failed`` the ResponseCode where it says failure.
    """

    name: str
    session_id: bytes
    message: object
    payload: bytes
    failed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the vehicle says next, after ``pause_seconds``."""

    name: str
    message: object
    payload: bytes
    pause_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a response meant: the exchange's outcome, and what is worth telling."""

    outcome: str
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the charger answers. With ``failure`` it is the session's last word.

    ``session_id`` is set by the reply that opens the session.
    """

    name: str
    payload: bytes
    outcome: str = "ok"
    events: tuple[Event, ...] = ()
    failure: Failure | None = None
    response_code: str = ""
    session_id: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """The answer is not known yet: wait for ``seconds``, then overdue() is asked.

    ``question`` goes out as an event; None where an earlier one is still open.
    """

    seconds: float
    question: object | None = None


class EvccSpeaker(Protocol):
    """The vehicle's side of an edition, for one session."""

    @property
    def rulebook(self) -> Rulebook: ...

    def read(self, frame: Frame) -> Heard:
        """Decode a response; raises exi's Malformed, RemoteProtocolError for a wrong type."""
        ...

    def speak(self, state: str, session_id: bytes | None) -> Request:
        """The next request in this state; RemoteProtocolError where the vehicle gives up."""
        ...

    def hear(self, request: Request, response: Heard) -> Taken:
        """What a response means that did not fail; RemoteProtocolError where it is not believed."""
        ...


class SeccSpeaker(Protocol):
    """The charger's side of an edition, for one session."""

    @property
    def rulebook(self) -> Rulebook: ...

    def read(self, frame: Frame) -> Heard:
        """Decode a request; raises exi's Malformed, RemoteProtocolError for a wrong type."""
        ...

    def respond(self, state: str, request: Heard) -> Reply | Wait:
        """Answer a request that may come in this state and is of this session."""
        ...

    def refuse(self, request: Heard, code: str) -> Reply:
        """Answer any request with a failure."""
        ...

    def answered(self, question: object, answer: object) -> Reply | None:
        """Take the answer to a question; the reply that it makes possible, if one is waited for."""
        ...

    def overdue(self) -> Reply:
        """The reply once the wait is over."""
        ...
