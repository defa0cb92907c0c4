"""DIN SPEC 70121 messages of DC charging, from cable check to welding detection."""

from exi.din.body import BodyBaseType
from exi.din.schemas import MSG_BODY
from exi.din.simple_types import EVSEProcessingType, responseCodeType
from exi.din.values import DC_EVSEStatusType, DC_EVStatusType, PhysicalValueType


class CableCheckReq(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """Asks for the isolation of the cable to be checked."""

    DC_EVStatus: DC_EVStatusType


class CableCheckRes(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """How far the check is."""

    ResponseCode: responseCodeType
    DC_EVSEStatus: DC_EVSEStatusType
    EVSEProcessing: EVSEProcessingType


class PreChargeReq(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """Asks for the vehicle's voltage before its contactors close."""

    DC_EVStatus: DC_EVStatusType
    EVTargetVoltage: PhysicalValueType
    EVTargetCurrent: PhysicalValueType


class PreChargeRes(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """The voltage at the outlet."""

    ResponseCode: responseCodeType
    DC_EVSEStatus: DC_EVSEStatusType
    EVSEPresentVoltage: PhysicalValueType


class CurrentDemandReq(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """Asks for current, several times a second."""

    DC_EVStatus: DC_EVStatusType
    EVTargetCurrent: PhysicalValueType
    EVMaximumVoltageLimit: PhysicalValueType | None = None
    EVMaximumCurrentLimit: PhysicalValueType | None = None
    EVMaximumPowerLimit: PhysicalValueType | None = None
    BulkChargingComplete: bool | None = None
    ChargingComplete: bool
    RemainingTimeToFullSoC: PhysicalValueType | None = None
    RemainingTimeToBulkSoC: PhysicalValueType | None = None
    EVTargetVoltage: PhysicalValueType


class CurrentDemandRes(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """Voltage and current delivered, limits that were reached."""

    ResponseCode: responseCodeType
    DC_EVSEStatus: DC_EVSEStatusType
    EVSEPresentVoltage: PhysicalValueType
    EVSEPresentCurrent: PhysicalValueType
    EVSECurrentLimitAchieved: bool
    EVSEVoltageLimitAchieved: bool
    EVSEPowerLimitAchieved: bool
    EVSEMaximumVoltageLimit: PhysicalValueType | None = None
    EVSEMaximumCurrentLimit: PhysicalValueType | None = None
    EVSEMaximumPowerLimit: PhysicalValueType | None = None


class WeldingDetectionReq(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """Asks for the voltage while the vehicle opens its contactors."""

    DC_EVStatus: DC_EVStatusType


class WeldingDetectionRes(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """The voltage at the outlet."""

    ResponseCode: responseCodeType
    DC_EVSEStatus: DC_EVSEStatusType
    EVSEPresentVoltage: PhysicalValueType
