"""The charger's side of a connection: octets in and out, whatever the edition."""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from ev_emulator.clock import Clock
from ev_emulator.errors import RemoteProtocolError
from ev_emulator.framing import v2gtp
from ev_emulator.framing.v2gtp import Frame, FrameReader, PayloadType
from ev_emulator.reasons import Failure
from ev_emulator.session import handshake
from ev_emulator.session.events import (
    Asked,
    Event,
    MessageReceived,
    MessageSent,
    ProtocolAgreed,
    SessionEnded,
    SessionFailed,
)
from ev_emulator.session.speaking import Heard, Reply, SeccSpeaker
from ev_emulator.session.states import PAUSED, Walk
from exi.errors import Malformed

# A vehicle sends one request at a time. What arrives early is kept for its turn, within reason.
EARLY_FRAMES_MAX = 8


class _Agreed(NamedTuple):
    """The edition that was agreed on, and where its conversation is."""

    speaker: SeccSpeaker
    walk: Walk


class SeccSession:
    """One session of a charger, sockets excluded.

    Call begin() once, then receive() with whatever arrives, tick() when ``wakes_at`` has come,
    answer() with what Asked events asked for, and connection_lost() when the peer closes; send
    outgoing() after each. ``over`` says that the connection is to be closed once all is sent.
    Bad input never raises: it ends the session by an event.
    """

    def __init__(self, *, speakers: Sequence[SeccSpeaker], clock: Clock) -> None:
        self._speakers = tuple(speakers)
        self._clock = clock
        self._reader = FrameReader()
        self._outgoing = bytearray()
        self._agreed: _Agreed | None = None
        self._session_id: bytes | None = None
        self._open: Heard | None = None  # the request whose reply is waited for
        self._early: deque[Frame] = deque()
        self._due: float | None = None
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
        """The connection was made: the handshake may come."""
        self._due = self._clock.seconds() + handshake.REQUEST_SECONDS
        return ()

    def receive(self, data: bytes) -> tuple[Event, ...]:
        """Take octets of the connection, in any portions."""
        self._early += self._reader.feed(data)
        self._take_turns()
        if len(self._early) > EARLY_FRAMES_MAX and not self.over:
            self._fail("session.flooded", f"{len(self._early)} requests")
        return self._told()

    def answer(self, question: object, answer: object) -> tuple[Event, ...]:
        """Take the answer to a question; one that nobody waits for any more is kept or forgotten
        by the edition.
        """
        if self.over or self._agreed is None:
            return ()
        reply = self._agreed.speaker.answered(question, answer)
        if reply is not None and self._open is not None:
            self._reply(self._agreed, self._open, reply)
            self._take_turns()
        return self._told()

    def tick(self) -> tuple[Event, ...]:
        """Let time pass: reply without the answer, or give up on a silent vehicle."""
        if self.over or self._due is None or self._clock.seconds() < self._due:
            return ()
        if self._open is not None and self._agreed is not None:
            self._reply(self._agreed, self._open, self._agreed.speaker.overdue())
            self._take_turns()
        else:
            self._fail("timeout.sequence", self.state)
        return self._told()

    def connection_lost(self) -> tuple[Event, ...]:
        """The peer closed, or the connection broke."""
        if not self.over:
            self._fail("session.closed", f"{self._reader.pending} octets of a frame were there")
        return self._told()

    def _take_turns(self) -> None:
        """Handle requests one by one, as long as each is answered at once."""
        while self._early and self._open is None and not self.over:
            frame = self._early.popleft()
            try:
                if self._agreed is None:
                    self._agree(frame)
                else:
                    self._hear(self._agreed, frame)
            except Malformed as bad:
                self._fail("message.malformed", str(bad))
            except RemoteProtocolError as broken:
                self._fail(broken.code, broken.detail)
        if self._reader.failure is not None and not self.over and self._open is None:
            self._fail("frame.malformed", str(self._reader.failure))

    def _agree(self, frame: Frame) -> None:
        if frame.payload_type is not PayloadType.EXI:
            raise RemoteProtocolError("frame.payload_type", frame.payload_type.name)
        rulebooks = [speaker.rulebook for speaker in self._speakers]
        payload, index = handshake.choose(frame.payload, rulebooks)
        self._received("supportedAppProtocolReq", frame)
        self._write("supportedAppProtocolRes", payload)
        if index is None:
            self._fail("handshake.no_protocol", "")
            return
        speaker = self._speakers[index]
        rulebook = speaker.rulebook
        self._agreed = _Agreed(speaker, Walk(rulebook))
        self._due = self._clock.seconds() + rulebook.sequence_seconds
        self._events.append(ProtocolAgreed(edition=rulebook.edition, namespace=rulebook.namespace))

    def _hear(self, agreed: _Agreed, frame: Frame) -> None:
        speaker, walk = agreed
        request = speaker.read(frame)
        self._received(request.name, frame)
        # a request that opens sessions names the one it wants, or none: it is out of sequence here
        opens = request.name in walk.rulebook.table[walk.rulebook.first]
        if not opens and self._session_id not in {None, request.session_id}:
            self._reply(agreed, request, speaker.refuse(request, "session.unknown"))
            return
        if not walk.permits(request.name):
            self._reply(agreed, request, speaker.refuse(request, "session.sequence"))
            return
        step = speaker.respond(walk.state, request)
        if isinstance(step, Reply):
            self._reply(agreed, request, step)
            return
        self._open = request
        self._due = self._clock.seconds() + step.seconds
        if step.question is not None:
            self._events.append(Asked(question=step.question))

    def _reply(self, agreed: _Agreed, request: Heard, reply: Reply) -> None:
        rulebook = agreed.walk.rulebook
        self._open = None
        payload_type = rulebook.payload_types.get(reply.name, PayloadType.EXI)
        self._write(reply.name, reply.payload, payload_type)
        self._events += reply.events
        if reply.failure is not None:
            self._end_badly(reply.failure, reply.response_code)
            return
        if reply.session_id is not None:
            self._session_id = reply.session_id
        agreed.walk.advance(request.name, reply.outcome)
        self._due = self._clock.seconds() + rulebook.sequence_seconds
        if agreed.walk.over:
            self.over = True
            paused = agreed.walk.state == PAUSED
            ended = SessionEnded(session_id=self._session_id or b"", paused=paused)
            self._events.append(ended)

    def _write(
        self, name: str, payload: bytes, payload_type: PayloadType = PayloadType.EXI
    ) -> None:
        self._outgoing += v2gtp.encode(payload_type, payload)
        self._events.append(MessageSent(name=name, payload_type=payload_type, payload=payload))

    def _received(self, name: str, frame: Frame) -> None:
        self._events.append(
            MessageReceived(name=name, payload_type=frame.payload_type, payload=frame.payload)
        )

    def _fail(self, code: str, detail: str) -> None:
        self._end_badly(Failure(code=code, detail=detail), "")

    def _end_badly(self, failure: Failure, response_code: str) -> None:
        self.over = True
        self._events.append(
            SessionFailed(failure=failure, response_code=response_code, at=self.state)
        )

    def _told(self) -> tuple[Event, ...]:
        events, self._events = tuple(self._events), []
        return events
