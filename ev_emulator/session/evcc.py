"""The vehicle's side of a connection: octets in and out, whatever the edition."""

from collections.abc import Sequence
from typing import NamedTuple

from certs.findings.finding import Finding
from ev_emulator.clock import Clock
from ev_emulator.errors import LocalProtocolError, RemoteProtocolError
from ev_emulator.framing import v2gtp
from ev_emulator.framing.v2gtp import Frame, FrameReader, PayloadType
from ev_emulator.reasons import Failure
from ev_emulator.session import handshake
from ev_emulator.session.events import (
    Event,
    MessageReceived,
    MessageSent,
    ProtocolAgreed,
    SessionEnded,
    SessionFailed,
)
from ev_emulator.session.speaking import EvccSpeaker, Request
from ev_emulator.session.states import PAUSED, Rulebook, Walk
from exi.errors import Malformed

_HANDSHAKE = "supportedAppProtocolReq"


class _Agreed(NamedTuple):
    """The edition that was agreed on, and where its conversation is."""

    speaker: EvccSpeaker
    walk: Walk


class EvccSession:
    """One session of a vehicle, sockets excluded.

    Call begin() once, then receive() with whatever arrives, tick() when ``wakes_at`` has come and
    connection_lost() when the peer closes; send outgoing() after each. ``over`` says that the
    connection is to be closed. Bad input never raises: it ends the session by an event.
    """

    def __init__(self, *, speakers: Sequence[EvccSpeaker], clock: Clock) -> None:
        """``speakers`` in the order of the vehicle's liking."""
        self._speakers = tuple(speakers)
        self._clock = clock
        self._reader = FrameReader()
        self._outgoing = bytearray()
        self._agreed: _Agreed | None = None
        self._session_id: bytes | None = None
        self._asked: Request | None = None  # the request whose response is waited for
        self._next: Request | None = None  # the request that waits for its moment
        self._due: float | None = None
        self._entered = 0.0
        self._setup_by = 0.0
        self._events: list[Event] = []
        self.over = False

    @property
    def state(self) -> str:
        """Where the session is in its table, or ``handshake``."""
        return self._agreed.walk.state if self._agreed else "handshake"

    @property
    def wakes_at(self) -> float | None:
        """When tick() is to be called, on the clock's seconds."""
        return None if self.over else self._due

    def outgoing(self) -> bytes:
        """What is to be sent now; it is forgotten here."""
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data

    def begin(self) -> tuple[Event, ...]:
        """Say which protocols the vehicle speaks."""
        now = self._clock.seconds()
        self._setup_by = now + handshake.SETUP_SECONDS
        payload = handshake.offer([speaker.rulebook for speaker in self._speakers])
        self._write(_HANDSHAKE, PayloadType.EXI, payload)
        self._due = now + handshake.RESPONSE_SECONDS
        return self._told()

    def receive(self, data: bytes) -> tuple[Event, ...]:
        """Take octets of the connection, in any portions."""
        for frame in self._reader.feed(data):
            if not self.over:
                self._take(frame)
        if self._reader.failure is not None and not self.over:
            self._fail("frame.malformed", str(self._reader.failure))
        return self._told()

    def tick(self) -> tuple[Event, ...]:
        """Let time pass: send what was waiting, give up what took too long."""
        now = self._clock.seconds()
        if self.over or self._due is None or now < self._due:
            return ()
        if self._next is not None and self._agreed is not None:
            request, self._next = self._next, None
            self._send(self._agreed.walk.rulebook, request)
        elif self._session_id is None and now >= self._setup_by:
            self._fail("timeout.setup", f"{handshake.SETUP_SECONDS} s")
        elif self._asked is None:
            self._fail("timeout.response", _HANDSHAKE)
        else:
            self._fail("timeout.response", self._asked.name)
        return self._told()

    def connection_lost(self) -> tuple[Event, ...]:
        """The peer closed, or the connection broke."""
        if not self.over:
            self._fail("session.closed", f"{self._reader.pending} octets of a frame were there")
        return self._told()

    def _take(self, frame: Frame) -> None:
        try:
            if self._agreed is None:
                self._agree(frame)
            else:
                self._hear(self._agreed, frame)
        except Malformed as bad:
            self._fail("message.malformed", str(bad))
        except RemoteProtocolError as broken:
            self._fail(broken.code, broken.detail, findings=broken.findings)

    def _agree(self, frame: Frame) -> None:
        if frame.payload_type is not PayloadType.EXI:
            raise RemoteProtocolError("frame.payload_type", frame.payload_type.name)
        speaker = handshake.chosen(frame.payload, self._speakers)
        self._received("supportedAppProtocolRes", frame)
        if speaker is None:
            raise RemoteProtocolError("handshake.no_protocol")
        self._agreed = _Agreed(speaker, Walk(speaker.rulebook))
        self._entered = self._clock.seconds()
        rulebook = speaker.rulebook
        self._events.append(ProtocolAgreed(edition=rulebook.edition, namespace=rulebook.namespace))
        self._go_on(self._agreed)

    def _hear(self, agreed: _Agreed, frame: Frame) -> None:
        speaker, walk = agreed
        response = speaker.read(frame)
        self._received(response.name, frame)
        asked, self._asked = self._asked, None
        if asked is None or response.name != speaker.rulebook.responses[asked.name]:
            raise RemoteProtocolError("session.response_unexpected", response.name)
        if response.failed:
            self._fail("session.refused", response.failed, response_code=response.failed)
            return
        if self._session_id not in {None, response.session_id}:
            raise RemoteProtocolError("session.unknown", response.session_id.hex())
        taken = speaker.hear(asked, response)
        if not walk.knows(asked.name, taken.outcome):
            raise RemoteProtocolError("session.outcome_unexpected", taken.outcome)
        self._session_id = response.session_id
        self._events += taken.events
        before = walk.state
        walk.advance(asked.name, taken.outcome)
        if walk.state != before:
            self._entered = self._clock.seconds()
        if walk.over:
            self.over = True
            ended = SessionEnded(session_id=self._session_id, paused=walk.state == PAUSED)
            self._events.append(ended)
            return
        self._go_on(agreed)

    def _go_on(self, agreed: _Agreed) -> None:
        """Say what comes next, now or after its pause."""
        speaker, walk = agreed
        patience = walk.rulebook.dwell_seconds.get(walk.state)
        now = self._clock.seconds()
        if patience is not None and now >= self._entered + patience:
            raise RemoteProtocolError("timeout.dwell", f"{walk.state}: {patience} s")
        request = speaker.speak(walk.state, self._session_id)
        if not walk.permits(request.name):
            raise LocalProtocolError(f"{request.name} in {walk.state}")
        if request.pause_seconds > 0:
            self._next = request
            self._due = now + request.pause_seconds
        else:
            self._send(walk.rulebook, request)

    def _send(self, rulebook: Rulebook, request: Request) -> None:
        self._asked = request
        payload_type = rulebook.payload_types.get(request.name, PayloadType.EXI)
        self._write(request.name, payload_type, request.payload)
        due = self._clock.seconds() + rulebook.response_seconds[request.name]
        self._due = min(due, self._setup_by) if self._session_id is None else due

    def _write(self, name: str, payload_type: PayloadType, payload: bytes) -> None:
        self._outgoing += v2gtp.encode(payload_type, payload)
        self._events.append(MessageSent(name=name, payload_type=payload_type, payload=payload))

    def _received(self, name: str, frame: Frame) -> None:
        self._events.append(
            MessageReceived(name=name, payload_type=frame.payload_type, payload=frame.payload)
        )

    def _fail(
        self,
        code: str,
        detail: str,
        *,
        response_code: str = "",
        findings: tuple[Finding, ...] = (),
    ) -> None:
        self.over = True
        failure = Failure(code=code, detail=detail, findings=findings)
        self._events.append(
            SessionFailed(failure=failure, response_code=response_code, at=self.state)
        )

    def _told(self) -> tuple[Event, ...]:
        events, self._events = tuple(self._events), []
        return events
