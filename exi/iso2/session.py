"""ISO 15118-2 messages that begin and end a session."""

from exi.iso2.body import BodyBaseType
from exi.iso2.simple_types import chargingSessionType, evccIDType, evseIDType, responseCodeType
from exi.xsd import long


class SessionSetupReq(BodyBaseType, substitutes="BodyElement"):
    """Begins or resumes a session; EVCCID: the vehicle controller's MAC address."""

    EVCCID: evccIDType


class SessionSetupRes(BodyBaseType, substitutes="BodyElement"):
    """The charger's identity; EVSETimeStamp: Unix seconds."""

    ResponseCode: responseCodeType
    EVSEID: evseIDType
    EVSETimeStamp: long | None = None


class SessionStopReq(BodyBaseType, substitutes="BodyElement"):
    """Ends the session or pauses it."""

    ChargingSession: chargingSessionType


class SessionStopRes(BodyBaseType, substitutes="BodyElement"):
    """Whether the session ended."""

    ResponseCode: responseCodeType
