"""DIN SPEC 70121 messages and types of metering: readings and signed receipts."""

from typing import Annotated

from exi.declaration import ATTRIBUTE, Complex
from exi.din.body import BodyBaseType
from exi.din.schemas import MSG_BODY, MSG_DATA_TYPES
from exi.din.simple_types import (
    SAIDType,
    meterIDType,
    meterStatusType,
    responseCodeType,
    sessionIDType,
    sigMeterReadingType,
)
from exi.din.values import AC_EVSEStatusType, PhysicalValueType
from exi.xsd import IDREF, long


class MeterInfoType(Complex, schema=MSG_DATA_TYPES):
    """A meter's reading in Wh, with the meter's own signature; TMeter: Unix seconds."""

    MeterID: meterIDType
    MeterReading: PhysicalValueType | None = None
    SigMeterReading: sigMeterReadingType | None = None
    MeterStatus: meterStatusType | None = None
    TMeter: long | None = None


class MeteringReceiptReq(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """Confirms a reading, signed by the contract's key."""

    Id: Annotated[IDREF, ATTRIBUTE] | None = None
    SessionID: sessionIDType
    SAScheduleTupleID: SAIDType | None = None
    MeterInfo: MeterInfoType


class MeteringReceiptRes(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """Whether the receipt is accepted."""

    ResponseCode: responseCodeType
    AC_EVSEStatus: AC_EVSEStatusType
