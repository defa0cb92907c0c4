"""ISO 15118-2 messages and types of metering: readings and signed receipts."""

from typing import Annotated

from exi.declaration import ATTRIBUTE, REF, Complex
from exi.iso2.body import BodyBaseType
from exi.iso2.schemas import MSG_DATA_TYPES
from exi.iso2.simple_types import (
    SAIDType,
    meterIDType,
    meterStatusType,
    responseCodeType,
    sessionIDType,
    sigMeterReadingType,
)
from exi.iso2.values import EVSEStatusType
from exi.xsd import ID, long, unsignedLong


class MeterInfoType(Complex, schema=MSG_DATA_TYPES):
    """A meter's reading in Wh, with the meter's own signature; TMeter: Unix seconds."""

    MeterID: meterIDType
    MeterReading: unsignedLong | None = None
    SigMeterReading: sigMeterReadingType | None = None
    MeterStatus: meterStatusType | None = None
    TMeter: long | None = None


class MeteringReceiptReq(BodyBaseType, substitutes="BodyElement"):
    """Confirms a reading, signed by the contract's key."""

    Id: Annotated[ID, ATTRIBUTE] | None = None
    SessionID: sessionIDType
    SAScheduleTupleID: SAIDType | None = None
    MeterInfo: MeterInfoType


class MeteringReceiptRes(BodyBaseType, substitutes="BodyElement"):
    """Whether the receipt is accepted."""

    ResponseCode: responseCodeType
    EVSEStatus: Annotated[EVSEStatusType, REF]
