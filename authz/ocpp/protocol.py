"""OCPP's versions, its error codes, and the station that asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

DESCRIPTION_CHARACTERS_MAX = 255  # OCPP-J: errorDescription
IDENTITY_CHARACTERS_MAX = 48  # OCPP 2.0.1 SecurityCtrlr.Identity


class OcppVersion(Enum):
    """The versions that are spoken, by their WebSocket subprotocol names; the newest first."""

    __hash__ = object.__hash__  # members are single objects, and keys of every hot table

    V21 = "ocpp2.1"
    V201 = "ocpp2.0.1"
    V16 = "ocpp1.6"


class CallErrorCode(Enum):
    """The errorCodes of a CALLERROR, as OCPP 2.0.1 and 2.1 spell them; see ``spelled``."""

    __hash__ = object.__hash__

    FORMAT_VIOLATION = "FormatViolation"
    GENERIC_ERROR = "GenericError"
    INTERNAL_ERROR = "InternalError"
    MESSAGE_TYPE_NOT_SUPPORTED = "MessageTypeNotSupported"
    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    OCCURRENCE_CONSTRAINT_VIOLATION = "OccurrenceConstraintViolation"
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    PROTOCOL_ERROR = "ProtocolError"
    RPC_FRAMEWORK_ERROR = "RpcFrameworkError"
    SECURITY_ERROR = "SecurityError"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"


# OCPP 1.6J 4.2.3 spells two codes in its own way and knows no codes for broken frames.
_IN_1_6: Mapping[CallErrorCode, str] = MappingProxyType(
    {
        CallErrorCode.FORMAT_VIOLATION: "FormationViolation",
        CallErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION: "OccurenceConstraintViolation",
        CallErrorCode.RPC_FRAMEWORK_ERROR: "ProtocolError",
        CallErrorCode.MESSAGE_TYPE_NOT_SUPPORTED: "NotSupported",
    }
)


def spelled(code: CallErrorCode, version: OcppVersion) -> str:
    """An error code as a version's stations read it."""
    if version is OcppVersion.V16:
        return _IN_1_6.get(code, code.value)
    return code.value


class CallRefused(Exception):  # noqa: N818 - the house names kinds, not errors
    """A call that is answered with a CALLERROR.

    The description is cut to what OCPP-J allows; neither it nor the details hold what the peer
    sent, which may be somebody's eMAID.
    """

    def __init__(
        self,
        code: CallErrorCode,
        description: str = "",
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(f"{code.value}: {description}" if description else code.value)
        self.code = code
        self.description = description[:DESCRIPTION_CHARACTERS_MAX]
        self.details: Mapping[str, object] = details if details is not None else {}


class NotConnected(Exception):  # noqa: N818
    """A station of this identity is not connected."""

    code = "station.not_connected"
    detail = "the station is not connected"


class CallFailed(Exception):  # noqa: N818
    """The station answered our call with a CALLERROR, or with something that is no answer to it.

    ``error_code`` is the station's own word and ``description`` its own text: shown to the
    operator who called, and never interpreted.
    """

    code = "station.call_failed"

    def __init__(self, error_code: str, description: str = "") -> None:
        super().__init__(error_code)
        self.error_code = error_code
        self.description = description
        self.detail = f"the station answered {error_code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """Who asks: a station of a tenant, let in already, and the version it speaks."""

    tenant: str
    identity: str
    version: OcppVersion
