"""ISO 15118-20 messages and types of AC charging, in one direction and both."""
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
)
from exi.iso20.schemas import AC
from exi.iso20.values import RationalNumberType


class AC_CPDReqEnergyTransferModeType(Complex, schema=AC, element="AC_CPDReqEnergyTransferMode"):
    """Limits of the vehicle in W; L2 and L3: of the other phases."""

    EVMaximumChargePower: RationalNumberType
    EVMaximumChargePower_L2: RationalNumberType | None = None
    EVMaximumChargePower_L3: RationalNumberType | None = None
    EVMinimumChargePower: RationalNumberType
    EVMinimumChargePower_L2: RationalNumberType | None = None
    EVMinimumChargePower_L3: RationalNumberType | None = None


class AC_CPDResEnergyTransferModeType(Complex, schema=AC, element="AC_CPDResEnergyTransferMode"):
    """Limits of the charger in W and Hz."""

    EVSEMaximumChargePower: RationalNumberType
    EVSEMaximumChargePower_L2: RationalNumberType | None = None
    EVSEMaximumChargePower_L3: RationalNumberType | None = None
    EVSEMinimumChargePower: RationalNumberType
    EVSEMinimumChargePower_L2: RationalNumberType | None = None
    EVSEMinimumChargePower_L3: RationalNumberType | None = None
    EVSENominalFrequency: RationalNumberType
    MaximumPowerAsymmetry: RationalNumberType | None = None
    EVSEPowerRampLimitation: RationalNumberType | None = None
    EVSEPresentActivePower: RationalNumberType | None = None
    EVSEPresentActivePower_L2: RationalNumberType | None = None
    EVSEPresentActivePower_L3: RationalNumberType | None = None


class BPT_AC_CPDReqEnergyTransferModeType(
    AC_CPDReqEnergyTransferModeType, substitutes="AC_CPDReqEnergyTransferMode"
):
    """Limits of the vehicle for discharging too."""

    EVMaximumDischargePower: RationalNumberType
    EVMaximumDischargePower_L2: RationalNumberType | None = None
    EVMaximumDischargePower_L3: RationalNumberType | None = None
    EVMinimumDischargePower: RationalNumberType
    EVMinimumDischargePower_L2: RationalNumberType | None = None
    EVMinimumDischargePower_L3: RationalNumberType | None = None


class BPT_AC_CPDResEnergyTransferModeType(
    AC_CPDResEnergyTransferModeType, substitutes="AC_CPDResEnergyTransferMode"
):
    """Limits of the charger for discharging too."""

    EVSEMaximumDischargePower: RationalNumberType
    EVSEMaximumDischargePower_L2: RationalNumberType | None = None
    EVSEMaximumDischargePower_L3: RationalNumberType | None = None
    EVSEMinimumDischargePower: RationalNumberType
    EVSEMinimumDischargePower_L2: RationalNumberType | None = None
    EVSEMinimumDischargePower_L3: RationalNumberType | None = None


class Scheduled_AC_CLReqControlModeType(
    Scheduled_CLReqControlModeType, schema=AC, substitutes="CLReqControlMode"
):
    """A scheduled vehicle's powers in W and var."""

    EVMaximumChargePower: RationalNumberType | None = None
    EVMaximumChargePower_L2: RationalNumberType | None = None
    EVMaximumChargePower_L3: RationalNumberType | None = None
    EVMinimumChargePower: RationalNumberType | None = None
    EVMinimumChargePower_L2: RationalNumberType | None = None
    EVMinimumChargePower_L3: RationalNumberType | None = None
    EVPresentActivePower: RationalNumberType
    EVPresentActivePower_L2: RationalNumberType | None = None
    EVPresentActivePower_L3: RationalNumberType | None = None
    EVPresentReactivePower: RationalNumberType | None = None
    EVPresentReactivePower_L2: RationalNumberType | None = None
    EVPresentReactivePower_L3: RationalNumberType | None = None


class Scheduled_AC_CLResControlModeType(
    Scheduled_CLResControlModeType, schema=AC, substitutes="CLResControlMode"
):
    """A scheduled charger's powers in W and var."""

    EVSETargetActivePower: RationalNumberType | None = None
    EVSETargetActivePower_L2: RationalNumberType | None = None
    EVSETargetActivePower_L3: RationalNumberType | None = None
    EVSETargetReactivePower: RationalNumberType | None = None
    EVSETargetReactivePower_L2: RationalNumberType | None = None
    EVSETargetReactivePower_L3: RationalNumberType | None = None
    EVSEPresentActivePower: RationalNumberType | None = None
    EVSEPresentActivePower_L2: RationalNumberType | None = None
    EVSEPresentActivePower_L3: RationalNumberType | None = None


class BPT_Scheduled_AC_CLReqControlModeType(
    Scheduled_AC_CLReqControlModeType, substitutes="Scheduled_AC_CLReqControlMode"
):
    """A scheduled vehicle that may discharge."""

    EVMaximumDischargePower: RationalNumberType | None = None
    EVMaximumDischargePower_L2: RationalNumberType | None = None
    EVMaximumDischargePower_L3: RationalNumberType | None = None
    EVMinimumDischargePower: RationalNumberType | None = None
    EVMinimumDischargePower_L2: RationalNumberType | None = None
    EVMinimumDischargePower_L3: RationalNumberType | None = None


class BPT_Scheduled_AC_CLResControlModeType(
    Scheduled_AC_CLResControlModeType, substitutes="Scheduled_AC_CLResControlMode"
):
    """A scheduled charger that may take energy back."""


class Dynamic_AC_CLReqControlModeType(
    Dynamic_CLReqControlModeType, schema=AC, substitutes="CLReqControlMode"
):
    """A steered vehicle's powers in W and var."""

    EVMaximumChargePower: RationalNumberType
    EVMaximumChargePower_L2: RationalNumberType | None = None
    EVMaximumChargePower_L3: RationalNumberType | None = None
    EVMinimumChargePower: RationalNumberType
    EVMinimumChargePower_L2: RationalNumberType | None = None
    EVMinimumChargePower_L3: RationalNumberType | None = None
    EVPresentActivePower: RationalNumberType
    EVPresentActivePower_L2: RationalNumberType | None = None
    EVPresentActivePower_L3: RationalNumberType | None = None
    EVPresentReactivePower: RationalNumberType
    EVPresentReactivePower_L2: RationalNumberType | None = None
    EVPresentReactivePower_L3: RationalNumberType | None = None


class Dynamic_AC_CLResControlModeType(
    Dynamic_CLResControlModeType, schema=AC, substitutes="CLResControlMode"
):
    """A steering charger's powers in W and var."""

    EVSETargetActivePower: RationalNumberType
    EVSETargetActivePower_L2: RationalNumberType | None = None
    EVSETargetActivePower_L3: RationalNumberType | None = None
    EVSETargetReactivePower: RationalNumberType | None = None
    EVSETargetReactivePower_L2: RationalNumberType | None = None
    EVSETargetReactivePower_L3: RationalNumberType | None = None
    EVSEPresentActivePower: RationalNumberType | None = None
    EVSEPresentActivePower_L2: RationalNumberType | None = None
    EVSEPresentActivePower_L3: RationalNumberType | None = None


class BPT_Dynamic_AC_CLReqControlModeType(
    Dynamic_AC_CLReqControlModeType, substitutes="Dynamic_AC_CLReqControlMode"
):
    """A steered vehicle that may discharge; V2X energies in Wh."""

    EVMaximumDischargePower: RationalNumberType
    EVMaximumDischargePower_L2: RationalNumberType | None = None
    EVMaximumDischargePower_L3: RationalNumberType | None = None
    EVMinimumDischargePower: RationalNumberType
    EVMinimumDischargePower_L2: RationalNumberType | None = None
    EVMinimumDischargePower_L3: RationalNumberType | None = None
    EVMaximumV2XEnergyRequest: RationalNumberType | None = None
    EVMinimumV2XEnergyRequest: RationalNumberType | None = None


class BPT_Dynamic_AC_CLResControlModeType(
    Dynamic_AC_CLResControlModeType, substitutes="Dynamic_AC_CLResControlMode"
):
    """A steering charger that may take energy back."""


class AC_ChargeParameterDiscoveryReq(ChargeParameterDiscoveryReqType, schema=AC, message=True):
    """The vehicle's limits."""

    AC_CPDReqEnergyTransferMode: Annotated[AC_CPDReqEnergyTransferModeType, REF]


class AC_ChargeParameterDiscoveryRes(ChargeParameterDiscoveryResType, schema=AC, message=True):
    """The charger's limits."""

    AC_CPDResEnergyTransferMode: Annotated[AC_CPDResEnergyTransferModeType, REF]


class AC_ChargeLoopReq(ChargeLoopReqType, schema=AC, message=True):
    """The vehicle's side of the charge loop."""

    CLReqControlMode: Annotated[CLReqControlModeType, REF]


class AC_ChargeLoopRes(ChargeLoopResType, schema=AC, message=True):
    """The charger's side of the charge loop."""

    EVSETargetFrequency: RationalNumberType | None = None
    CLResControlMode: Annotated[CLResControlModeType, REF]
