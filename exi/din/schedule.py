"""DIN SPEC 70121 types of schedules and tariffs: how much power, when, for how much."""
# ruff: noqa: N815 - names are the schemas' own

from typing import Annotated

from exi.declaration import ATTRIBUTE, REF, UNBOUNDED, Complex, Occurs
from exi.din.schemas import MSG_DATA_TYPES
from exi.din.simple_types import (
    PMaxType,
    SAIDType,
    costKindType,
    tariffDescriptionType,
    unitMultiplierType,
)
from exi.xsd import IDREF, unsignedByte, unsignedInt


class IntervalType(Complex, schema=MSG_DATA_TYPES, element="TimeInterval", abstract=True):
    """Head of the group of time intervals."""


class RelativeTimeIntervalType(IntervalType, substitutes="TimeInterval"):
    """Seconds from now, and for how long."""

    start: unsignedInt
    duration: unsignedInt | None = None


class EntryType(Complex, schema=MSG_DATA_TYPES, element="Entry", abstract=True):
    """What entries of schedules have in common."""

    TimeInterval: Annotated[IntervalType, REF]


class PMaxScheduleEntryType(EntryType, substitutes="Entry"):
    """The power available from a moment on."""

    PMax: PMaxType


class PMaxScheduleType(Complex, schema=MSG_DATA_TYPES):
    """The power available over time."""

    PMaxScheduleID: SAIDType
    PMaxScheduleEntry: Annotated[tuple[PMaxScheduleEntryType, ...], REF, Occurs(1, UNBOUNDED)]


class CostType(Complex, schema=MSG_DATA_TYPES):
    """One kind of cost: amount times ten to the power of amountMultiplier."""

    costKind: costKindType
    amount: unsignedInt
    amountMultiplier: unitMultiplierType | None = None


class ConsumptionCostType(Complex, schema=MSG_DATA_TYPES):
    """Costs from a consumption (startValue) on."""

    startValue: unsignedInt
    Cost: Annotated[tuple[CostType, ...], Occurs(0, UNBOUNDED)] = ()


class SalesTariffEntryType(EntryType, substitutes="Entry"):
    """A price level, or costs, from a moment on."""

    EPriceLevel: unsignedByte
    ConsumptionCost: Annotated[tuple[ConsumptionCostType, ...], Occurs(0, UNBOUNDED)] = ()


class SalesTariffType(Complex, schema=MSG_DATA_TYPES):
    """Prices over time, signed by the mobility operator's sub-CA 2."""

    Id: Annotated[IDREF, ATTRIBUTE]
    SalesTariffID: SAIDType
    SalesTariffDescription: tariffDescriptionType | None = None
    NumEPriceLevels: unsignedByte
    SalesTariffEntry: Annotated[tuple[SalesTariffEntryType, ...], REF, Occurs(1, UNBOUNDED)]


class SAScheduleTupleType(Complex, schema=MSG_DATA_TYPES):
    """One schedule to choose, with its tariff."""

    SAScheduleTupleID: SAIDType
    PMaxSchedule: PMaxScheduleType
    SalesTariff: SalesTariffType | None = None


class SASchedulesType(Complex, schema=MSG_DATA_TYPES, element="SASchedules", abstract=True):
    """Head of the group of schedules."""


class SAScheduleListType(SASchedulesType, substitutes="SASchedules"):
    """Up to three schedules to choose from."""

    SAScheduleTuple: Annotated[tuple[SAScheduleTupleType, ...], Occurs(1, UNBOUNDED)]
