"""DIN SPEC 70121 messages and types of charge parameters: what both sides can do."""
# ruff: noqa: N801 - names are the schemas' own

from typing import Annotated

from exi.declaration import REF, Complex
from exi.din.body import BodyBaseType
from exi.din.schedule import SASchedulesType
from exi.din.schemas import MSG_BODY, MSG_DATA_TYPES
from exi.din.simple_types import (
    EVRequestedEnergyTransferType,
    EVSEProcessingType,
    percentValueType,
    responseCodeType,
)
from exi.din.values import AC_EVSEStatusType, DC_EVSEStatusType, DC_EVStatusType, PhysicalValueType
from exi.xsd import unsignedInt


class EVChargeParameterType(
    Complex, schema=MSG_DATA_TYPES, element="EVChargeParameter", abstract=True
):
    """What every vehicle says; DepartureTime: seconds from now."""


class AC_EVChargeParameterType(EVChargeParameterType, substitutes="EVChargeParameter"):
    """Limits of a vehicle that charges with AC."""

    DepartureTime: unsignedInt
    EAmount: PhysicalValueType
    EVMaxVoltage: PhysicalValueType
    EVMaxCurrent: PhysicalValueType
    EVMinCurrent: PhysicalValueType


class DC_EVChargeParameterType(EVChargeParameterType, substitutes="EVChargeParameter"):
    """Limits of a vehicle that charges with DC."""

    DC_EVStatus: DC_EVStatusType
    EVMaximumCurrentLimit: PhysicalValueType
    EVMaximumPowerLimit: PhysicalValueType | None = None
    EVMaximumVoltageLimit: PhysicalValueType
    EVEnergyCapacity: PhysicalValueType | None = None
    EVEnergyRequest: PhysicalValueType | None = None
    FullSOC: percentValueType | None = None
    BulkSOC: percentValueType | None = None


class EVSEChargeParameterType(
    Complex, schema=MSG_DATA_TYPES, element="EVSEChargeParameter", abstract=True
):
    """Head of the group of the charger's parameters."""


class AC_EVSEChargeParameterType(EVSEChargeParameterType, substitutes="EVSEChargeParameter"):
    """Limits of an AC charger."""

    AC_EVSEStatus: AC_EVSEStatusType
    EVSEMaxVoltage: PhysicalValueType
    EVSEMaxCurrent: PhysicalValueType
    EVSEMinCurrent: PhysicalValueType


class DC_EVSEChargeParameterType(EVSEChargeParameterType, substitutes="EVSEChargeParameter"):
    """Limits of a DC charger."""

    DC_EVSEStatus: DC_EVSEStatusType
    EVSEMaximumCurrentLimit: PhysicalValueType
    EVSEMaximumPowerLimit: PhysicalValueType | None = None
    EVSEMaximumVoltageLimit: PhysicalValueType
    EVSEMinimumCurrentLimit: PhysicalValueType
    EVSEMinimumVoltageLimit: PhysicalValueType
    EVSECurrentRegulationTolerance: PhysicalValueType | None = None
    EVSEPeakCurrentRipple: PhysicalValueType
    EVSEEnergyToBeDelivered: PhysicalValueType | None = None


class ChargeParameterDiscoveryReq(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """The vehicle's limits and energy transfer mode."""

    EVRequestedEnergyTransferType: EVRequestedEnergyTransferType
    EVChargeParameter: Annotated[EVChargeParameterType, REF]


class ChargeParameterDiscoveryRes(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """The charger's limits and schedules."""

    ResponseCode: responseCodeType
    EVSEProcessing: EVSEProcessingType
    SASchedules: Annotated[SASchedulesType, REF]
    EVSEChargeParameter: Annotated[EVSEChargeParameterType, REF]
