"""DIN SPEC 70121 messages of AC charging."""

from exi.din.body import BodyBaseType
from exi.din.metering import MeterInfoType
from exi.din.schemas import MSG_BODY
from exi.din.simple_types import SAIDType, evseIDType, responseCodeType
from exi.din.values import AC_EVSEStatusType, PhysicalValueType


class ChargingStatusReq(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """Asks how charging goes."""


class ChargingStatusRes(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """How charging goes; may ask for a metering receipt."""

    ResponseCode: responseCodeType
    EVSEID: evseIDType
    SAScheduleTupleID: SAIDType
    EVSEMaxCurrent: PhysicalValueType | None = None
    MeterInfo: MeterInfoType | None = None
    ReceiptRequired: bool
    AC_EVSEStatus: AC_EVSEStatusType
