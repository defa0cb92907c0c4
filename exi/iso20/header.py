"""The header and the bases of all ISO 15118-20 messages."""

from typing import Annotated

from exi.declaration import REF, Complex
from exi.iso20.schemas import COMMON_TYPES
from exi.iso20.simple_types import responseCodeType, sessionIDType
from exi.iso20.values import DisplayParametersType, EVSEStatusType, MeterInfoType, ReceiptType
from exi.xmldsig import SignatureType
from exi.xsd import unsignedLong


class MessageHeaderType(Complex, schema=COMMON_TYPES):
    """Session, time (Unix seconds) and a signature over parts of the message."""

    SessionID: sessionIDType
    TimeStamp: unsignedLong
    Signature: Annotated[SignatureType, REF] | None = None


class V2GMessageType(Complex, schema=COMMON_TYPES, abstract=True):
    """What every message has."""

    Header: MessageHeaderType


class V2GRequestType(V2GMessageType, abstract=True):
    """What every request has."""


class V2GResponseType(V2GMessageType, abstract=True):
    """What every response has."""

    ResponseCode: responseCodeType


class ChargeParameterDiscoveryReqType(V2GRequestType, abstract=True):
    """What charge parameter requests have in common."""


class ChargeParameterDiscoveryResType(V2GResponseType, abstract=True):
    """What charge parameter responses have in common."""


class ChargeLoopReqType(V2GRequestType, abstract=True):
    """What charge loop requests have in common."""

    DisplayParameters: DisplayParametersType | None = None
    MeterInfoRequested: bool


class ChargeLoopResType(V2GResponseType, abstract=True):
    """What charge loop responses have in common."""

    EVSEStatus: EVSEStatusType | None = None
    MeterInfo: MeterInfoType | None = None
    Receipt: ReceiptType | None = None
