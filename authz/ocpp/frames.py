"""OCPP-J's frames: an array around a payload that stays the octets it came as.

OCPP-J 1.6 4.1, 2.0.1 part 4 4.2, and the two kinds that 2.1 adds.
"""

from dataclasses import dataclass
from typing import TypeAlias

import msgspec
from msgspec import Raw

from authz.ocpp.protocol import DESCRIPTION_CHARACTERS_MAX
from certs.errors import Malformed

MESSAGE_ID_CHARACTERS_MAX = 36  # OCPP-J: a GUID
ACTION_CHARACTERS_MAX = 50  # the longest of OCPP 2.1 has 34
ERROR_CODE_CHARACTERS_MAX = 50
NO_MESSAGE_ID = "-1"  # OCPP-J 2.0.1 4.2.3: what a CALLERROR names where the id cannot be read

CALL, CALL_RESULT, CALL_ERROR, CALL_RESULT_ERROR, SEND = 2, 3, 4, 5, 6


class MalformedFrame(Malformed):
    """Octets that are no OCPP-J frame.

    ``message_id`` is "-1" and ``kind`` (the message type) None where they cannot be read.
    """

    code = "malformed.ocpp_frame"

    def __init__(
        self, detail: str, *, message_id: str = NO_MESSAGE_ID, kind: int | None = None
    ) -> None:
        super().__init__(detail)
        self.message_id = message_id
        self.kind = kind


class UnknownMessageType(MalformedFrame):
    """A frame whose message type no version of OCPP-J has."""

    code = "malformed.ocpp_message_type"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """[2, id, action, payload]"""

    message_id: str
    action: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """[3, id, payload]"""

    message_id: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CallError:
    """[4, id, errorCode, errorDescription, errorDetails]"""

    message_id: str
    error_code: str
    description: str
    details: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResultError:
    """[5, id, errorCode, errorDescription, errorDetails]: 2.1, about a CALLRESULT of ours."""

    message_id: str
    error_code: str
    description: str
    details: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """[6, id, action, payload]: 2.1, a message that nobody answers."""

    message_id: str
    action: str
    payload: bytes


Frame: TypeAlias = Call | CallResult | CallError | CallResultError | Send

# Raw leaves a payload unread: only its brackets and literals are checked here, all else by the
# schemas.
_ELEMENTS = msgspec.json.Decoder(list[Raw])
_NUMBER = msgspec.json.Decoder(int)
_TEXT = msgspec.json.Decoder(str)
_ENCODER = msgspec.json.Encoder()
_LENGTHS = {CALL: 4, CALL_RESULT: 3, CALL_ERROR: 5, CALL_RESULT_ERROR: 5, SEND: 4}


def parse_frame(octets: bytes, *, octets_max: int) -> Frame:
    """The frame in a WebSocket message.

    Raises MalformedFrame for anything else, of any size, depth or encoding.
    """
    if len(octets) > octets_max:
        raise MalformedFrame(f"a message of more than {octets_max} octets")
    try:
        elements = [bytes(element) for element in _ELEMENTS.decode(octets)]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as bad:
        raise MalformedFrame("not a JSON array") from bad
    message_id = _message_id(elements)
    kind = _kind(elements, message_id)
    try:
        return _read(kind, message_id, elements)
    except MalformedFrame as bad:
        bad.message_id, bad.kind = message_id, kind
        raise


def _read(kind: int, message_id: str, elements: list[bytes]) -> Frame:
    if len(elements) != _LENGTHS[kind]:
        raise MalformedFrame(f"{len(elements)} elements")
    if kind in {CALL, SEND}:
        action = _text(elements[2], ACTION_CHARACTERS_MAX, "action")
        payload = _object(elements[3], "payload")
        form = Call if kind == CALL else Send
        return form(message_id=message_id, action=action, payload=payload)
    if kind == CALL_RESULT:
        return CallResult(message_id=message_id, payload=_object(elements[2], "payload"))
    error = CallError if kind == CALL_ERROR else CallResultError
    return error(
        message_id=message_id,
        error_code=_text(elements[2], ERROR_CODE_CHARACTERS_MAX, "errorCode"),
        description=_text(elements[3], DESCRIPTION_CHARACTERS_MAX, "errorDescription", least=0),
        details=_object(elements[4], "errorDetails"),
    )


def encode_call(message_id: str, action: str, payload: bytes) -> bytes:
    """A CALL."""
    return b'[2,%b,"%b",%b]' % (_ENCODER.encode(message_id), action.encode("ascii"), payload)


def encode_result(message_id: str, payload: bytes) -> bytes:
    """A CALLRESULT."""
    return b"[3,%b,%b]" % (_ENCODER.encode(message_id), payload)


def encode_error(
    message_id: str, error_code: str, description: str, details: object, *, kind: int = CALL_ERROR
) -> bytes:
    """A CALLERROR, or in 2.1 a CALLRESULTERROR."""
    return _ENCODER.encode([kind, message_id, error_code, description, details])


def _message_id(elements: list[bytes]) -> str:
    """The message id of a frame."""
    if len(elements) < 2:
        raise MalformedFrame(f"{len(elements)} elements")
    return _text(elements[1], MESSAGE_ID_CHARACTERS_MAX, "message id")


def _kind(elements: list[bytes], message_id: str) -> int:
    try:
        kind = _NUMBER.decode(elements[0])
    except (msgspec.MsgspecError, UnicodeDecodeError) as bad:
        raise MalformedFrame("message type is no number", message_id=message_id) from bad
    if kind not in _LENGTHS:
        raise UnknownMessageType("no such message type", message_id=message_id)
    return kind


def _text(element: bytes, most: int, what: str, *, least: int = 1) -> str:
    try:
        text = _TEXT.decode(element)
    except (msgspec.MsgspecError, UnicodeDecodeError) as bad:
        raise MalformedFrame(f"{what} is no text") from bad
    if not least <= len(text) <= most:
        raise MalformedFrame(f"{what} of {len(text)} characters")
    return text


def _object(element: bytes, what: str) -> bytes:
    if not element.startswith(b"{"):
        raise MalformedFrame(f"{what} is no object")
    return element
