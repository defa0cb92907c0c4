"""ISO 15118-20 types of prices: levels, absolute prices and their rules."""

from typing import Annotated

from exi.declaration import ATTRIBUTE, Complex, Occurs
from exi.iso20.schemas import COMMON_MESSAGES
from exi.iso20.simple_types import (
    currencyType,
    descriptionType,
    identifierType,
    languageType,
    nameType,
    numericIDType,
)
from exi.iso20.values import RationalNumberType
from exi.xsd import ID, unsignedByte, unsignedInt, unsignedLong, unsignedShort


class PriceScheduleType(Complex, schema=COMMON_MESSAGES, abstract=True):
    """What price schedules have in common; TimeAnchor: Unix seconds."""

    TimeAnchor: unsignedLong
    PriceScheduleID: numericIDType
    PriceScheduleDescription: descriptionType | None = None


class PriceLevelScheduleEntryType(Complex, schema=COMMON_MESSAGES):
    """A price level for some seconds."""

    Duration: unsignedInt
    PriceLevel: unsignedByte


class PriceLevelScheduleEntryListType(Complex, schema=COMMON_MESSAGES):
    """Price levels one after another."""

    PriceLevelScheduleEntry: Annotated[tuple[PriceLevelScheduleEntryType, ...], Occurs(1, 1024)]


class PriceLevelScheduleType(PriceScheduleType):
    """Prices as levels."""

    Id: Annotated[ID, ATTRIBUTE] | None = None
    NumberOfPriceLevels: unsignedByte
    PriceLevelScheduleEntries: PriceLevelScheduleEntryListType


class TaxRuleType(Complex, schema=COMMON_MESSAGES):
    """A tax, and what it applies to."""

    TaxRuleID: numericIDType
    TaxRuleName: nameType | None = None
    TaxRate: RationalNumberType
    TaxIncludedInPrice: bool | None = None
    AppliesToEnergyFee: bool
    AppliesToParkingFee: bool
    AppliesToOverstayFee: bool
    AppliesMinimumMaximumCost: bool


class TaxRuleListType(Complex, schema=COMMON_MESSAGES):
    """The taxes."""

    TaxRule: Annotated[tuple[TaxRuleType, ...], Occurs(1, 10)]


class PriceRuleType(Complex, schema=COMMON_MESSAGES):
    """Fees from a power (PowerRangeStart) on."""

    EnergyFee: RationalNumberType
    ParkingFee: RationalNumberType | None = None
    ParkingFeePeriod: unsignedInt | None = None
    CarbonDioxideEmission: unsignedShort | None = None
    RenewableGenerationPercentage: unsignedByte | None = None
    PowerRangeStart: RationalNumberType


class PriceRuleStackType(Complex, schema=COMMON_MESSAGES):
    """Price rules by power, for some seconds."""

    Duration: unsignedInt
    PriceRule: Annotated[tuple[PriceRuleType, ...], Occurs(1, 8)]


class PriceRuleStackListType(Complex, schema=COMMON_MESSAGES):
    """Price rules one after another."""

    PriceRuleStack: Annotated[tuple[PriceRuleStackType, ...], Occurs(1, 1024)]


class OverstayRuleType(Complex, schema=COMMON_MESSAGES):
    """A fee for staying after charging has ended."""

    OverstayRuleDescription: descriptionType | None = None
    StartTime: unsignedInt
    OverstayFee: RationalNumberType
    OverstayFeePeriod: unsignedInt


class OverstayRuleListType(Complex, schema=COMMON_MESSAGES):
    """When staying begins to cost, and how much."""

    OverstayTimeThreshold: unsignedInt | None = None
    OverstayPowerThreshold: RationalNumberType | None = None
    OverstayRule: Annotated[tuple[OverstayRuleType, ...], Occurs(1, 5)]


class AdditionalServiceType(Complex, schema=COMMON_MESSAGES):
    """A service with its fee."""

    ServiceName: nameType
    ServiceFee: RationalNumberType


class AdditionalServiceListType(Complex, schema=COMMON_MESSAGES):
    """Services chosen beside charging."""

    AdditionalService: Annotated[tuple[AdditionalServiceType, ...], Occurs(1, 5)]


class AbsolutePriceScheduleType(PriceScheduleType):
    """Prices in a currency (ISO 4217)."""

    Id: Annotated[ID, ATTRIBUTE] | None = None
    Currency: currencyType
    Language: languageType
    PriceAlgorithm: identifierType
    MinimumCost: RationalNumberType | None = None
    MaximumCost: RationalNumberType | None = None
    TaxRules: TaxRuleListType | None = None
    PriceRuleStacks: PriceRuleStackListType
    OverstayRules: OverstayRuleListType | None = None
    AdditionalSelectedServices: AdditionalServiceListType | None = None
