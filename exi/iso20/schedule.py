"""ISO 15118-20 messages and types of schedules."""
# ruff: noqa: N801 - names are the schemas' own

from typing import Annotated

from exi.declaration import Choice, Complex, Occurs, Sequence, maybe
from exi.iso20.energy_offer import EVEnergyOfferType
from exi.iso20.header import V2GRequestType, V2GResponseType
from exi.iso20.price import AbsolutePriceScheduleType, PriceLevelScheduleType
from exi.iso20.schemas import COMMON_MESSAGES
from exi.iso20.simple_types import (
    maxSupportingPointsScheduleTupleType,
    numericIDType,
    percentValueType,
    processingType,
)
from exi.iso20.values import RationalNumberType
from exi.xsd import unsignedInt, unsignedLong


class PowerScheduleEntryType(Complex, schema=COMMON_MESSAGES):
    """A power for some seconds, of all phases or of each."""

    Duration: unsignedInt
    Power: RationalNumberType
    Power_L2: RationalNumberType | None = None
    Power_L3: RationalNumberType | None = None


class PowerScheduleEntryListType(Complex, schema=COMMON_MESSAGES):
    """Powers one after another."""

    PowerScheduleEntry: Annotated[tuple[PowerScheduleEntryType, ...], Occurs(1, 1024)]


class PowerScheduleType(Complex, schema=COMMON_MESSAGES):
    """The power available over time; TimeAnchor: Unix seconds."""

    TimeAnchor: unsignedLong
    AvailableEnergy: RationalNumberType | None = None
    PowerTolerance: RationalNumberType | None = None
    PowerScheduleEntries: PowerScheduleEntryListType


class ChargingScheduleType(
    Complex,
    schema=COMMON_MESSAGES,
    content=Sequence(
        "PowerSchedule", Choice("AbsolutePriceSchedule", "PriceLevelSchedule", minimum=0)
    ),
):
    """Power over time, with its price."""

    PowerSchedule: PowerScheduleType
    AbsolutePriceSchedule: AbsolutePriceScheduleType | None = None
    PriceLevelSchedule: PriceLevelScheduleType | None = None


class ScheduleTupleType(Complex, schema=COMMON_MESSAGES):
    """One schedule to choose, for charging and discharging."""

    ScheduleTupleID: numericIDType
    ChargingSchedule: ChargingScheduleType
    DischargingSchedule: ChargingScheduleType | None = None


class Scheduled_SEReqControlModeType(Complex, schema=COMMON_MESSAGES):
    """The vehicle wants to follow a schedule; energies in Wh."""

    DepartureTime: unsignedInt | None = None
    EVTargetEnergyRequest: RationalNumberType | None = None
    EVMaximumEnergyRequest: RationalNumberType | None = None
    EVMinimumEnergyRequest: RationalNumberType | None = None
    EVEnergyOffer: EVEnergyOfferType | None = None


class Scheduled_SEResControlModeType(Complex, schema=COMMON_MESSAGES):
    """Up to three schedules to choose from."""

    ScheduleTuple: Annotated[tuple[ScheduleTupleType, ...], Occurs(1, 3)]


class Dynamic_SEReqControlModeType(Complex, schema=COMMON_MESSAGES):
    """The vehicle lets the charger steer; energies in Wh."""

    DepartureTime: unsignedInt
    MinimumSOC: percentValueType | None = None
    TargetSOC: percentValueType | None = None
    EVTargetEnergyRequest: RationalNumberType
    EVMaximumEnergyRequest: RationalNumberType
    EVMinimumEnergyRequest: RationalNumberType
    EVMaximumV2XEnergyRequest: RationalNumberType | None = None
    EVMinimumV2XEnergyRequest: RationalNumberType | None = None


class Dynamic_SEResControlModeType(
    Complex,
    schema=COMMON_MESSAGES,
    content=Sequence(
        maybe("DepartureTime"),
        maybe("MinimumSOC"),
        maybe("TargetSOC"),
        Choice("AbsolutePriceSchedule", "PriceLevelSchedule", minimum=0),
    ),
):
    """The charger steers, at these prices."""

    DepartureTime: unsignedInt | None = None
    MinimumSOC: percentValueType | None = None
    TargetSOC: percentValueType | None = None
    AbsolutePriceSchedule: AbsolutePriceScheduleType | None = None
    PriceLevelSchedule: PriceLevelScheduleType | None = None


class ScheduleExchangeReq(
    V2GRequestType,
    schema=COMMON_MESSAGES,
    message=True,
    content=Sequence(
        "Header",
        "MaximumSupportingPoints",
        Choice("Dynamic_SEReqControlMode", "Scheduled_SEReqControlMode"),
    ),
):
    """Asks for schedules."""

    MaximumSupportingPoints: maxSupportingPointsScheduleTupleType
    Dynamic_SEReqControlMode: Dynamic_SEReqControlModeType | None = None
    Scheduled_SEReqControlMode: Scheduled_SEReqControlModeType | None = None


class ScheduleExchangeRes(
    V2GResponseType,
    schema=COMMON_MESSAGES,
    message=True,
    content=Sequence(
        "Header",
        "ResponseCode",
        "EVSEProcessing",
        maybe("GoToPause"),
        Choice("Dynamic_SEResControlMode", "Scheduled_SEResControlMode"),
    ),
):
    """Schedules, or that they are not known yet."""

    EVSEProcessing: processingType
    GoToPause: bool | None = None
    Dynamic_SEResControlMode: Dynamic_SEResControlModeType | None = None
    Scheduled_SEResControlMode: Scheduled_SEResControlModeType | None = None
