"""OCPP-J's frames: read, checked against the schemas of the negotiated version, written."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec
from jsonschema.exceptions import best_match  # type: ignore[import-untyped]  # jsonschema ships no types
from ocpp.messages import get_validator  # type: ignore[import-untyped]  # ocpp ships no types

from authz.api import bodies
from certs.errors import Malformed

ID_CHARACTERS_MAX = 36  # OCPP-J 4.1.4
CALL, CALL_RESULT, CALL_ERROR = 2, 3, 4
UNREADABLE = "-1"  # the message id of an answer to what had none (OCPP-J 2.0.1 4.2.3)
_CALL_PARTS = 4

Payload = dict[str, Any]  # JSON


class Version(Enum):
    """The OCPP versions spoken here, by their WebSocket subprotocol; best first."""

    V2_1 = "ocpp2.1"
    V2_0_1 = "ocpp2.0.1"
    V1_6 = "ocpp1.6"

    @property
    def number(self) -> str:
        """The version as ``ocpp`` names its schemas."""
        return self.value.removeprefix("ocpp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request."""

    message_id: str
    action: str
    payload: Payload


class BrokenCallError(Exception):
    """What is answered by a CALLERROR; ``word`` is OCPP-J's error code."""

    def __init__(self, word: str, message_id: str) -> None:
        super().__init__(word)
        self.word = word
        self.message_id = message_id


def read(text: str, version: Version, actions: frozenset[str]) -> Call | None:
    """The call in a frame; None for an answer, which nobody here waits for.

    Raises BrokenCallError for everything else. Names that stand twice are refused (H05).
    """
    broken = "FormationViolation" if version is Version.V1_6 else "RpcFrameworkError"
    try:
        frame = bodies.decode(text.encode(), list[object])
    except (Malformed, UnicodeEncodeError) as bad:
        raise BrokenCallError(broken, UNREADABLE) from bad
    message_id = frame[1] if len(frame) > 1 else None
    if not isinstance(message_id, str) or not 0 < len(message_id) <= ID_CHARACTERS_MAX:
        raise BrokenCallError(broken, UNREADABLE)
    if frame[0] in {CALL_RESULT, CALL_ERROR}:
        return None
    match frame:
        case [2, str(), str(action), dict(payload)] if len(frame) == _CALL_PARTS:
            if action not in actions:
                raise BrokenCallError("NotImplemented", message_id)
            check(payload, action, version, message_id, kind=CALL)
            return Call(message_id=message_id, action=action, payload=payload)
        case _:
            raise BrokenCallError(broken, message_id)


def check(payload: Payload, action: str, version: Version, message_id: str, *, kind: int) -> None:
    """Raises BrokenCallError where a payload is not what its schema asks."""
    found = best_match(get_validator(kind, action, version.number).iter_errors(payload))
    if found is None:
        return
    old = version is Version.V1_6
    match found.validator:
        case "type":
            word = "TypeConstraintViolation"
        case "required":
            # 1.6 spells it with one r
            word = "OccurenceConstraintViolation" if old else "OccurrenceConstraintViolation"
        case "additionalProperties":
            word = "FormationViolation" if old else "FormatViolation"
        case _:
            word = "PropertyConstraintViolation"
    raise BrokenCallError(word, message_id)


def result(message_id: str, payload: Payload) -> str:
    """A CALLRESULT."""
    return msgspec.json.encode([CALL_RESULT, message_id, payload]).decode()


def error(broken: BrokenCallError) -> str:
    """A CALLERROR, which tells no more than its code."""
    return msgspec.json.encode([CALL_ERROR, broken.message_id, broken.word, "", {}]).decode()
