"""ISO 15118-20 messages that begin and end a session."""

from exi.iso20.header import V2GRequestType, V2GResponseType
from exi.iso20.schemas import COMMON_MESSAGES
from exi.iso20.simple_types import chargingSessionType, descriptionType, identifierType, nameType


class SessionSetupReq(V2GRequestType, schema=COMMON_MESSAGES, message=True):
    """Begins or resumes a session."""

    EVCCID: identifierType


class SessionSetupRes(V2GResponseType, schema=COMMON_MESSAGES, message=True):
    """The charger's identity."""

    EVSEID: identifierType


class SessionStopReq(V2GRequestType, schema=COMMON_MESSAGES, message=True):
    """Ends the session, pauses it, or renegotiates services."""

    ChargingSession: chargingSessionType
    EVTerminationCode: nameType | None = None
    EVTerminationExplanation: descriptionType | None = None


class SessionStopRes(V2GResponseType, schema=COMMON_MESSAGES, message=True):
    """Whether the session ended."""
