"""ISO 15118-2 types of schedules and tariffs: how much power, when, for how much."""
# ruff: noqa: N815 - names are the schemas' own

from typing import Annotated

from exi.datatypes import Integer
from exi.declaration import ATTRIBUTE, REF, Complex, Occurs
from exi.iso2.schemas import MSG_DATA_TYPES
from exi.iso2.simple_types import SAIDType, costKindType, tariffDescriptionType, unitMultiplierType
from exi.iso2.values import PhysicalValueType
from exi.xsd import ID, unsignedByte, unsignedInt


class IntervalType(Complex, schema=MSG_DATA_TYPES, element="TimeInterval", abstract=True):
    """Head of the group of time intervals."""


class RelativeTimeIntervalType(IntervalType, substitutes="TimeInterval"):
    """Seconds from now, and for how long."""

    start: Annotated[int, Integer(0, 16_777_214)]
    duration: Annotated[int, Integer(0, 86_400)] | None = None


class EntryType(Complex, schema=MSG_DATA_TYPES, element="Entry", abstract=True):
    """What entries of schedules have in common."""

    TimeInterval: Annotated[IntervalType, REF]


class PMaxScheduleEntryType(EntryType, substitutes="Entry"):
    """The power available from a moment on."""

    PMax: PhysicalValueType


class PMaxScheduleType(Complex, schema=MSG_DATA_TYPES):
    """The power available over time."""

    PMaxScheduleEntry: Annotated[tuple[PMaxScheduleEntryType, ...], REF, Occurs(1, 1024)]


class CostType(Complex, schema=MSG_DATA_TYPES):
    """One kind of cost: amount times ten to the power of amountMultiplier."""

    costKind: costKindType
    amount: unsignedInt
    amountMultiplier: unitMultiplierType | None = None


class ConsumptionCostType(Complex, schema=MSG_DATA_TYPES):
    """Costs from a consumption (startValue) on."""

    startValue: PhysicalValueType
    Cost: Annotated[tuple[CostType, ...], Occurs(1, 3)]


class SalesTariffEntryType(EntryType, substitutes="Entry"):
    """A price level, or costs, from a moment on."""

    EPriceLevel: unsignedByte | None = None
    ConsumptionCost: Annotated[tuple[ConsumptionCostType, ...], Occurs(0, 3)] = ()


class SalesTariffType(Complex, schema=MSG_DATA_TYPES):
    """Prices over time, signed by the mobility operator's sub-CA 2."""

    Id: Annotated[ID, ATTRIBUTE] | None = None
    SalesTariffID: SAIDType
    SalesTariffDescription: tariffDescriptionType | None = None
    NumEPriceLevels: unsignedByte | None = None
    SalesTariffEntry: Annotated[tuple[SalesTariffEntryType, ...], REF, Occurs(1, 1024)]


class SAScheduleTupleType(Complex, schema=MSG_DATA_TYPES):
    """One schedule to choose, with its tariff."""

    SAScheduleTupleID: SAIDType
    PMaxSchedule: PMaxScheduleType
    SalesTariff: SalesTariffType | None = None


class SASchedulesType(Complex, schema=MSG_DATA_TYPES, element="SASchedules", abstract=True):
    """Head of the group of schedules."""


class SAScheduleListType(SASchedulesType, substitutes="SASchedules"):
    """Up to three schedules to choose from."""

    SAScheduleTuple: Annotated[tuple[SAScheduleTupleType, ...], Occurs(1, 3)]
