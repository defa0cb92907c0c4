"""ISO 15118-2 messages of AC charging."""

from exi.iso2.body import BodyBaseType
from exi.iso2.metering import MeterInfoType
from exi.iso2.simple_types import SAIDType, evseIDType, responseCodeType
from exi.iso2.values import AC_EVSEStatusType, PhysicalValueType


class ChargingStatusReq(BodyBaseType, substitutes="BodyElement"):
    """Asks how charging goes."""


class ChargingStatusRes(BodyBaseType, substitutes="BodyElement"):
    """How charging goes; may ask for a metering receipt."""

    ResponseCode: responseCodeType
    EVSEID: evseIDType
    SAScheduleTupleID: SAIDType
    EVSEMaxCurrent: PhysicalValueType | None = None
    MeterInfo: MeterInfoType | None = None
    ReceiptRequired: bool | None = None
    AC_EVSEStatus: AC_EVSEStatusType
