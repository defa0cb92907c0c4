"""One station's conversation: which call is under way in each direction, and what that permits.

No sockets and no clock: octets and moments come in, events come out. Moments are seconds of any
clock that never goes back.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b
from typing import TypeAlias, assert_never

from authz.ocpp.frames import (
    CALL,
    CALL_RESULT,
    CALL_RESULT_ERROR,
    NO_MESSAGE_ID,
    Call,
    CallError,
    CallResult,
    CallResultError,
    MalformedFrame,
    Send,
    UnknownMessageType,
    encode_call,
    encode_error,
    encode_result,
    parse_frame,
)
from authz.ocpp.protocol import CallErrorCode, CallRefused, OcppVersion, spelled
from authz.ocpp.schemas import MessageKind, validate

# The largest message of OCPP 2.1 that we take: 11,000 characters of exiRequest, or a chain of
# 10,000 whose line feeds count twice; the rest is room for customData and reports.
FRAME_OCTETS_MAX = 65_536
CALLS_WAITING_MAX = 16  # OCPP-J lets a station have one call open: the rest is its impatience
ASKS_WAITING_MAX = 16  # our calls to one station that wait for their turn
ANSWERS_KEPT_MAX = 8  # for calls that are repeated because their answers were lost
ANSWERS_OCTETS_MAX = 32_768
ANSWER_KEPT_SECONDS = 120.0  # beyond it the world may have changed, and the call is made anew
BROKEN_IN_A_ROW_MAX = 16  # frames that are none; then the peer speaks something else

POLICY_VIOLATION = 1008  # RFC 6455 7.4.1


class Oddity(Enum):
    """What a peer does beside the protocol; counted, not logged."""

    MALFORMED = "malformed"
    REPEATED = "repeated"  # a call under its id once more
    ID_REUSED = "id_reused"  # another call under the id of an earlier one
    OVERRUN = "overrun"  # more calls at once than are kept waiting
    UNSOLICITED = "unsolicited"  # an answer to nothing that is open
    RESULT_UNFIT = "result_unfit"  # an answer that does not fit its schema
    SEND_UNFIT = "send_unfit"
    RESULT_REFUSED = "result_refused"  # the peer did not like our answer (2.1)
    ANSWER_UNFIT = "answer_unfit"  # our own answer does not fit: a bug of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Send these octets as one text message."""

    octets: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """Answer this call, by ``answer`` or ``refuse``; it fits its schema."""

    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """Take note of what nobody answers; it fits its schema."""

    send: Send


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The station's answer to our call of this ticket; it fits its schema."""

    ticket: int
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The station refused our call of this ticket, or answered what is no answer to it."""

    ticket: int
    error_code: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A call was answered with a CALLERROR before anybody was asked."""

    action: str
    error_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Something odd."""

    oddity: Oddity


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """End the connection."""

    code: int
    reason: str


Event: TypeAlias = Say | Begin | Deliver | Told | Failed | Refused | Noted | Close


@dataclass(frozen=True, slots=True)
class _Ask:
    ticket: int
    message_id: str
    action: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class _Kept:
    digest: bytes
    octets: bytes
    until: float


class Session:
    """The conversation with one connected station."""

    __slots__ = (
        "_answering",
        "_asked",
        "_asks",
        "_broken",
        "_calls",
        "_kept",
        "_kept_octets",
        "_new_id",
        "_octets_max",
        "version",
    )

    def __init__(
        self,
        version: OcppVersion,
        *,
        new_id: Callable[[], str],
        octets_max: int = FRAME_OCTETS_MAX,
    ) -> None:
        self.version = version
        self._new_id = new_id
        self._octets_max = octets_max
        self._answering: Call | None = None
        self._calls: deque[Call] = deque()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._kept_octets = 0
        self._asked: _Ask | None = None
        self._asks: deque[_Ask] = deque()
        self._broken = 0

    def hear(self, octets: bytes, *, now: float) -> list[Event]:
        """What a message from the station leads to. Raises nothing."""
        try:
            frame = parse_frame(octets, octets_max=self._octets_max)
        except MalformedFrame as bad:
            return self._malformed(bad)
        match frame:
            case Call():
                self._broken = 0
                return self._call(frame, now)
            case CallResult():
                return self._result(frame)
            case CallError():
                return self._error(frame)
            case CallResultError() | Send() if self.version is not OcppVersion.V21:
                unknown = UnknownMessageType("not in this version", message_id=frame.message_id)
                return self._malformed(unknown)
            case CallResultError():
                return [Noted(oddity=Oddity.RESULT_REFUSED)]
            case Send():
                return self._send(frame)
            case _:
                assert_never(frame)

    def answer(self, call: Call, payload: bytes, *, now: float) -> list[Event]:
        """Answers the call that was begun; a payload that does not fit its schema never leaves."""
        try:
            validate(self.version, call.action, MessageKind.RESPONSE, payload)
        except CallRefused:
            internal = CallRefused(CallErrorCode.INTERNAL_ERROR, "no sound answer")
            return [Noted(oddity=Oddity.ANSWER_UNFIT), *self.refuse(call, internal, now=now)]
        return self._done(call, encode_result(call.message_id, payload), now)

    def refuse(self, call: Call, refusal: CallRefused, *, now: float) -> list[Event]:
        """Answers the call that was begun with a CALLERROR."""
        return self._done(call, self._call_error(call.message_id, refusal), now)

    def ask(self, ticket: int, action: str, payload: bytes) -> list[Event]:
        """Calls the station, now or when its turn has come.

        Raises CallRefused for a payload that its version does not have, GenericError where too
        many calls wait.
        """
        validate(self.version, action, MessageKind.REQUEST, payload)
        if len(self._asks) >= ASKS_WAITING_MAX:
            raise CallRefused(CallErrorCode.GENERIC_ERROR, "too many calls wait for this station")
        self._asks.append(_Ask(ticket, self._new_id(), action, payload))
        return self._next_ask()

    def give_up(self, ticket: int) -> list[Event]:
        """Waits no longer for the answer to our call; one that still comes is unsolicited."""
        if self._asked is not None and self._asked.ticket == ticket:
            self._asked = None
            return self._next_ask()
        for ask in self._asks:
            if ask.ticket == ticket:
                self._asks.remove(ask)
                break
        return []

    def _malformed(self, bad: MalformedFrame) -> list[Event]:
        """OCPP-J 2.0.1 4.2.3. Answers to calls of ours are not answered, not even broken ones."""
        events: list[Event] = [Noted(oddity=Oddity.MALFORMED)]
        self._broken += 1
        if self._broken > BROKEN_IN_A_ROW_MAX:
            return [*events, Close(code=POLICY_VIOLATION, reason="this is not OCPP")]
        asked = self._asked
        if asked is not None and bad.message_id == asked.message_id and bad.kind != CALL:
            why = CallRefused(CallErrorCode.FORMAT_VIOLATION, bad.detail)
            return [*events, *self._unfit(asked, why, told_result=bad.kind == CALL_RESULT)]
        if bad.kind not in {None, CALL}:
            return events
        # 1.6 has no word for an unreadable id, and ignores message types that it does not know.
        if self.version is OcppVersion.V16 and (
            bad.message_id == NO_MESSAGE_ID or isinstance(bad, UnknownMessageType)
        ):
            return events
        code = (
            CallErrorCode.MESSAGE_TYPE_NOT_SUPPORTED
            if isinstance(bad, UnknownMessageType)
            else CallErrorCode.RPC_FRAMEWORK_ERROR
        )
        refusal = CallRefused(code, bad.detail)
        return [*events, Say(octets=self._call_error(bad.message_id, refusal))]

    def _call(self, call: Call, now: float) -> list[Event]:
        answering = self._answering
        if answering is not None and (
            answering.message_id == call.message_id
            or any(waiting.message_id == call.message_id for waiting in self._calls)
        ):
            return [Noted(oddity=Oddity.REPEATED)]  # its answer is under way
        kept = self._kept.get(call.message_id)
        if kept is not None and now < kept.until:
            if kept.digest == _digest(call):
                return [Noted(oddity=Oddity.REPEATED), Say(octets=kept.octets)]
            # OCPP-J 4.1.4: no two calls of one connection have the same id.
            reused = CallRefused(CallErrorCode.RPC_FRAMEWORK_ERROR, "this message id was used")
            return [Noted(oddity=Oddity.ID_REUSED), *self._at_once(call, reused)]
        try:
            validate(self.version, call.action, MessageKind.REQUEST, call.payload)
        except CallRefused as unfit:
            return self._at_once(call, unfit)
        if answering is None:
            self._answering = call
            return [Begin(call=call)]
        if len(self._calls) >= CALLS_WAITING_MAX:
            overrun = CallRefused(CallErrorCode.GENERIC_ERROR, "too many calls are open")
            return [Noted(oddity=Oddity.OVERRUN), *self._at_once(call, overrun)]
        self._calls.append(call)
        return []

    def _at_once(self, call: Call, refusal: CallRefused) -> list[Event]:
        return [
            Refused(action=call.action, error_code=spelled(refusal.code, self.version)),
            Say(octets=self._call_error(call.message_id, refusal)),
        ]

    def _done(self, call: Call, octets: bytes, now: float) -> list[Event]:
        if self._answering is not call:
            raise ValueError("another call is being answered")
        self._keep(call, octets, now)
        self._answering = self._calls.popleft() if self._calls else None
        events: list[Event] = [Say(octets=octets)]
        if self._answering is not None:
            events.append(Begin(call=self._answering))
        return events

    def _keep(self, call: Call, octets: bytes, now: float) -> None:
        """Remembers an answer, and forgets the oldest beyond what is kept."""
        if len(octets) > ANSWERS_OCTETS_MAX:
            return
        earlier = self._kept.pop(call.message_id, None)  # one that nobody repeated in time
        if earlier is not None:
            self._kept_octets -= len(earlier.octets)
        self._kept[call.message_id] = _Kept(_digest(call), octets, now + ANSWER_KEPT_SECONDS)
        self._kept_octets += len(octets)
        while len(self._kept) > ANSWERS_KEPT_MAX or self._kept_octets > ANSWERS_OCTETS_MAX:
            _, oldest = self._kept.popitem(last=False)
            self._kept_octets -= len(oldest.octets)

    def _next_ask(self) -> list[Event]:
        if self._asked is not None or not self._asks:
            return []
        asked = self._asked = self._asks.popleft()
        return [Say(octets=encode_call(asked.message_id, asked.action, asked.payload))]

    def _result(self, frame: CallResult) -> list[Event]:
        asked = self._asked
        if asked is None or asked.message_id != frame.message_id:
            return [Noted(oddity=Oddity.UNSOLICITED)]
        try:
            validate(self.version, asked.action, MessageKind.RESPONSE, frame.payload)
        except CallRefused as unfit:
            return self._unfit(asked, unfit, told_result=True)
        self._asked = None
        self._broken = 0
        return [Told(ticket=asked.ticket, payload=frame.payload), *self._next_ask()]

    def _unfit(self, asked: _Ask, why: CallRefused, *, told_result: bool) -> list[Event]:
        """An answer to our call that is none ends the call."""
        self._asked = None
        code = spelled(why.code, self.version)
        events: list[Event] = [
            Noted(oddity=Oddity.RESULT_UNFIT),
            Failed(ticket=asked.ticket, error_code=code, description=why.description),
        ]
        if told_result and self.version is OcppVersion.V21:
            octets = encode_error(
                asked.message_id, code, why.description, {}, kind=CALL_RESULT_ERROR
            )
            events.append(Say(octets=octets))
        return [*events, *self._next_ask()]

    def _error(self, frame: CallError) -> list[Event]:
        asked = self._asked
        if asked is None or asked.message_id != frame.message_id:
            return [Noted(oddity=Oddity.UNSOLICITED)]
        self._asked = None
        failed = Failed(
            ticket=asked.ticket, error_code=frame.error_code, description=frame.description
        )
        return [failed, *self._next_ask()]

    def _send(self, frame: Send) -> list[Event]:
        try:
            validate(self.version, frame.action, MessageKind.SEND, frame.payload)
        except CallRefused:
            return [Noted(oddity=Oddity.SEND_UNFIT)]
        return [Deliver(send=frame)]

    def _call_error(self, message_id: str, refusal: CallRefused) -> bytes:
        code = spelled(refusal.code, self.version)
        return encode_error(message_id, code, refusal.description, refusal.details)


def _digest(call: Call) -> bytes:
    return blake2b(call.payload, digest_size=16, key=call.action.encode()[:64]).digest()
