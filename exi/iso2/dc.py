"""ISO 15118-2 messages of DC charging, from cable check to welding detection."""

from exi.iso2.body import BodyBaseType
from exi.iso2.metering import MeterInfoType
from exi.iso2.simple_types import EVSEProcessingType, SAIDType, evseIDType, responseCodeType
from exi.iso2.values import DC_EVSEStatusType, DC_EVStatusType, PhysicalValueType


class CableCheckReq(BodyBaseType, substitutes="BodyElement"):
    """Asks for the isolation of the cable to be checked."""

    DC_EVStatus: DC_EVStatusType


class CableCheckRes(BodyBaseType, substitutes="BodyElement"):
    """How far the check is."""

    ResponseCode: responseCodeType
    DC_EVSEStatus: DC_EVSEStatusType
    EVSEProcessing: EVSEProcessingType


class PreChargeReq(BodyBaseType, substitutes="BodyElement"):
    """Asks for the vehicle's voltage before its contactors close."""

    DC_EVStatus: DC_EVStatusType
    EVTargetVoltage: PhysicalValueType
    EVTargetCurrent: PhysicalValueType


class PreChargeRes(BodyBaseType, substitutes="BodyElement"):
    """The voltage at the outlet."""

    ResponseCode: responseCodeType
    DC_EVSEStatus: DC_EVSEStatusType
    EVSEPresentVoltage: PhysicalValueType


class CurrentDemandReq(BodyBaseType, substitutes="BodyElement"):
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


class CurrentDemandRes(BodyBaseType, substitutes="BodyElement"):
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
    EVSEID: evseIDType
    SAScheduleTupleID: SAIDType
    MeterInfo: MeterInfoType | None = None
    ReceiptRequired: bool | None = None


class WeldingDetectionReq(BodyBaseType, substitutes="BodyElement"):
    """Asks for the voltage while the vehicle opens its contactors."""

    DC_EVStatus: DC_EVStatusType


class WeldingDetectionRes(BodyBaseType, substitutes="BodyElement"):
    """The voltage at the outlet."""

    ResponseCode: responseCodeType
    DC_EVSEStatus: DC_EVSEStatusType
    EVSEPresentVoltage: PhysicalValueType
