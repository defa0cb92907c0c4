"""ISO 15118-20 types of the vehicle's offer to deliver energy."""

from typing import Annotated

from exi.declaration import Complex, Occurs
from exi.iso20.schemas import COMMON_MESSAGES
from exi.iso20.simple_types import currencyType, identifierType
from exi.iso20.values import RationalNumberType
from exi.xsd import unsignedInt, unsignedLong


class EVPowerScheduleEntryType(Complex, schema=COMMON_MESSAGES):
    """A power for some seconds."""

    Duration: unsignedInt
    Power: RationalNumberType


class EVPowerScheduleEntryListType(Complex, schema=COMMON_MESSAGES):
    """Powers one after another."""

    EVPowerScheduleEntry: Annotated[tuple[EVPowerScheduleEntryType, ...], Occurs(1, 1024)]


class EVPowerScheduleType(Complex, schema=COMMON_MESSAGES):
    """The power that the vehicle can deliver over time; TimeAnchor: Unix seconds."""

    TimeAnchor: unsignedLong
    EVPowerScheduleEntries: EVPowerScheduleEntryListType


class EVPriceRuleType(Complex, schema=COMMON_MESSAGES):
    """The fee from a power on."""

    EnergyFee: RationalNumberType
    PowerRangeStart: RationalNumberType


class EVPriceRuleStackType(Complex, schema=COMMON_MESSAGES):
    """Price rules by power, for some seconds."""

    Duration: unsignedInt
    EVPriceRule: Annotated[tuple[EVPriceRuleType, ...], Occurs(1, 8)]


class EVPriceRuleStackListType(Complex, schema=COMMON_MESSAGES):
    """Price rules one after another."""

    EVPriceRuleStack: Annotated[tuple[EVPriceRuleStackType, ...], Occurs(1, 1024)]


class EVAbsolutePriceScheduleType(Complex, schema=COMMON_MESSAGES):
    """What the vehicle asks for its energy."""

    TimeAnchor: unsignedLong
    Currency: currencyType
    PriceAlgorithm: identifierType
    EVPriceRuleStacks: EVPriceRuleStackListType


class EVEnergyOfferType(Complex, schema=COMMON_MESSAGES):
    """Power and price of the vehicle's energy."""

    EVPowerSchedule: EVPowerScheduleType
    EVAbsolutePriceSchedule: EVAbsolutePriceScheduleType
