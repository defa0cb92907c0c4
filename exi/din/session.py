"""DIN SPEC 70121 messages that begin and end a session."""

from exi.din.body import BodyBaseType
from exi.din.schemas import MSG_BODY
from exi.din.simple_types import evccIDType, evseIDType, responseCodeType
from exi.xsd import long


class SessionSetupReq(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """Begins or resumes a session; EVCCID: the vehicle controller's MAC address."""

    EVCCID: evccIDType


class SessionSetupRes(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """The charger's identity; EVSETimeStamp: Unix seconds."""

    ResponseCode: responseCodeType
    EVSEID: evseIDType
    DateTimeNow: long | None = None


class SessionStopReq(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """Ends the session or pauses it."""


class SessionStopRes(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """Whether the session ended."""

    ResponseCode: responseCodeType
