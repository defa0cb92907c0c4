"""ISO 15118-20 messages and types of DC charging, in one direction and both."""
# ruff: noqa: N801 - names are the schemas' own

from typing import Annotated

from exi.declaration import REF, Complex
from exi.iso20.control_modes import (
    CLReqControlModeType,
    CLResControlModeType,
    Dynamic_CLReqControlModeType,
    Dynamic_CLResControlModeType,
    Scheduled_CLReqControlModeType,
    Scheduled_CLResControlModeType,
)
from exi.iso20.header import (
    ChargeLoopReqType,
    ChargeLoopResType,
    ChargeParameterDiscoveryReqType,
    ChargeParameterDiscoveryResType,
    V2GRequestType,
    V2GResponseType,
)
from exi.iso20.schemas import DC
from exi.iso20.simple_types import percentValueType, processingType
from exi.iso20.values import RationalNumberType


class DC_CPDReqEnergyTransferModeType(Complex, schema=DC, element="DC_CPDReqEnergyTransferMode"):
    """Limits of the vehicle in W, A and V."""

    EVMaximumChargePower: RationalNumberType
    EVMinimumChargePower: RationalNumberType
    EVMaximumChargeCurrent: RationalNumberType
    EVMinimumChargeCurrent: RationalNumberType
    EVMaximumVoltage: RationalNumberType
    EVMinimumVoltage: RationalNumberType
    TargetSOC: percentValueType | None = None


class DC_CPDResEnergyTransferModeType(Complex, schema=DC, element="DC_CPDResEnergyTransferMode"):
    """Limits of the charger in W, A and V."""

    EVSEMaximumChargePower: RationalNumberType
    EVSEMinimumChargePower: RationalNumberType
    EVSEMaximumChargeCurrent: RationalNumberType
    EVSEMinimumChargeCurrent: RationalNumberType
    EVSEMaximumVoltage: RationalNumberType
    EVSEMinimumVoltage: RationalNumberType
    EVSEPowerRampLimitation: RationalNumberType | None = None


class BPT_DC_CPDReqEnergyTransferModeType(
    DC_CPDReqEnergyTransferModeType, substitutes="DC_CPDReqEnergyTransferMode"
):
    """Limits of the vehicle for discharging too."""

    EVMaximumDischargePower: RationalNumberType
    EVMinimumDischargePower: RationalNumberType
    EVMaximumDischargeCurrent: RationalNumberType
    EVMinimumDischargeCurrent: RationalNumberType


class BPT_DC_CPDResEnergyTransferModeType(
    DC_CPDResEnergyTransferModeType, substitutes="DC_CPDResEnergyTransferMode"
):
    """Limits of the charger for discharging too."""

    EVSEMaximumDischargePower: RationalNumberType
    EVSEMinimumDischargePower: RationalNumberType
    EVSEMaximumDischargeCurrent: RationalNumberType
    EVSEMinimumDischargeCurrent: RationalNumberType


class Scheduled_DC_CLReqControlModeType(
    Scheduled_CLReqControlModeType, schema=DC, substitutes="CLReqControlMode"
):
    """A scheduled vehicle's target and limits."""

    EVTargetCurrent: RationalNumberType
    EVTargetVoltage: RationalNumberType
    EVMaximumChargePower: RationalNumberType | None = None
    EVMinimumChargePower: RationalNumberType | None = None
    EVMaximumChargeCurrent: RationalNumberType | None = None
    EVMaximumVoltage: RationalNumberType | None = None
    EVMinimumVoltage: RationalNumberType | None = None


class Scheduled_DC_CLResControlModeType(
    Scheduled_CLResControlModeType, schema=DC, substitutes="CLResControlMode"
):
    """A scheduled charger's limits."""

    EVSEMaximumChargePower: RationalNumberType | None = None
    EVSEMinimumChargePower: RationalNumberType | None = None
    EVSEMaximumChargeCurrent: RationalNumberType | None = None
    EVSEMaximumVoltage: RationalNumberType | None = None


class BPT_Scheduled_DC_CLReqControlModeType(
    Scheduled_DC_CLReqControlModeType, substitutes="Scheduled_DC_CLReqControlMode"
):
    """A scheduled vehicle that may discharge."""

    EVMaximumDischargePower: RationalNumberType | None = None
    EVMinimumDischargePower: RationalNumberType | None = None
    EVMaximumDischargeCurrent: RationalNumberType | None = None


class BPT_Scheduled_DC_CLResControlModeType(
    Scheduled_DC_CLResControlModeType, substitutes="Scheduled_DC_CLResControlMode"
):
    """A scheduled charger that may take energy back."""

    EVSEMaximumDischargePower: RationalNumberType | None = None
    EVSEMinimumDischargePower: RationalNumberType | None = None
    EVSEMaximumDischargeCurrent: RationalNumberType | None = None
    EVSEMinimumVoltage: RationalNumberType | None = None


class Dynamic_DC_CLReqControlModeType(
    Dynamic_CLReqControlModeType, schema=DC, substitutes="CLReqControlMode"
):
    """A steered vehicle's limits."""

    EVMaximumChargePower: RationalNumberType
    EVMinimumChargePower: RationalNumberType
    EVMaximumChargeCurrent: RationalNumberType
    EVMaximumVoltage: RationalNumberType
    EVMinimumVoltage: RationalNumberType


class Dynamic_DC_CLResControlModeType(
    Dynamic_CLResControlModeType, schema=DC, substitutes="CLResControlMode"
):
    """A steering charger's limits."""

    EVSEMaximumChargePower: RationalNumberType
    EVSEMinimumChargePower: RationalNumberType
    EVSEMaximumChargeCurrent: RationalNumberType
    EVSEMaximumVoltage: RationalNumberType


class BPT_Dynamic_DC_CLReqControlModeType(
    Dynamic_DC_CLReqControlModeType, substitutes="Dynamic_DC_CLReqControlMode"
):
    """A steered vehicle that may discharge; V2X energies in Wh."""

    EVMaximumDischargePower: RationalNumberType
    EVMinimumDischargePower: RationalNumberType
    EVMaximumDischargeCurrent: RationalNumberType
    EVMaximumV2XEnergyRequest: RationalNumberType | None = None
    EVMinimumV2XEnergyRequest: RationalNumberType | None = None


class BPT_Dynamic_DC_CLResControlModeType(
    Dynamic_DC_CLResControlModeType, substitutes="Dynamic_DC_CLResControlMode"
):
    """A steering charger that may take energy back."""

    EVSEMaximumDischargePower: RationalNumberType
    EVSEMinimumDischargePower: RationalNumberType
    EVSEMaximumDischargeCurrent: RationalNumberType
    EVSEMinimumVoltage: RationalNumberType


class DC_ChargeParameterDiscoveryReq(ChargeParameterDiscoveryReqType, schema=DC, message=True):
    """The vehicle's limits."""

    DC_CPDReqEnergyTransferMode: Annotated[DC_CPDReqEnergyTransferModeType, REF]


class DC_ChargeParameterDiscoveryRes(ChargeParameterDiscoveryResType, schema=DC, message=True):
    """The charger's limits."""

    DC_CPDResEnergyTransferMode: Annotated[DC_CPDResEnergyTransferModeType, REF]


class DC_CableCheckReq(V2GRequestType, schema=DC, message=True):
    """Asks for the isolation of the cable to be checked."""


class DC_CableCheckRes(V2GResponseType, schema=DC, message=True):
    """How far the check is."""

    EVSEProcessing: processingType


class DC_PreChargeReq(V2GRequestType, schema=DC, message=True):
    """Asks for the vehicle's voltage before its contactors close."""

    EVProcessing: processingType
    EVPresentVoltage: RationalNumberType
    EVTargetVoltage: RationalNumberType


class DC_PreChargeRes(V2GResponseType, schema=DC, message=True):
    """The voltage at the outlet."""

    EVSEPresentVoltage: RationalNumberType


class DC_ChargeLoopReq(ChargeLoopReqType, schema=DC, message=True):
    """The vehicle's side of the charge loop."""

    EVPresentVoltage: RationalNumberType
    CLReqControlMode: Annotated[CLReqControlModeType, REF]


class DC_ChargeLoopRes(ChargeLoopResType, schema=DC, message=True):
    """The charger's side of the charge loop."""

    EVSEPresentCurrent: RationalNumberType
    EVSEPresentVoltage: RationalNumberType
    EVSEPowerLimitAchieved: bool
    EVSECurrentLimitAchieved: bool
    EVSEVoltageLimitAchieved: bool
    CLResControlMode: Annotated[CLResControlModeType, REF]


class DC_WeldingDetectionReq(V2GRequestType, schema=DC, message=True):
    """Asks for the voltage while the vehicle opens its contactors."""

    EVProcessing: processingType


class DC_WeldingDetectionRes(V2GResponseType, schema=DC, message=True):
    """The voltage at the outlet."""

    EVSEPresentVoltage: RationalNumberType
