"""Values that many ISO 15118-20 messages carry: numbers, status, readings, receipts."""

from typing import Annotated

from exi.declaration import Complex, Occurs
from exi.iso20.schemas import COMMON_TYPES
from exi.iso20.simple_types import (
    evseNotificationType,
    meterIDType,
    meterSignatureType,
    numericIDType,
    percentValueType,
)
from exi.xmldsig import X509IssuerSerialType
from exi.xsd import byte, short, unsignedInt, unsignedLong, unsignedShort


class RationalNumberType(Complex, schema=COMMON_TYPES):
    """Value times ten to the power of Exponent; the element's name gives the unit."""

    Exponent: byte
    Value: short


class EVSEStatusType(Complex, schema=COMMON_TYPES):
    """What the vehicle should do, within how many seconds."""

    NotificationMaxDelay: unsignedShort
    EVSENotification: evseNotificationType


class DisplayParametersType(Complex, schema=COMMON_TYPES):
    """What the vehicle lets the charger show to people: percent, seconds, Wh."""

    PresentSOC: percentValueType | None = None
    MinimumSOC: percentValueType | None = None
    TargetSOC: percentValueType | None = None
    MaximumSOC: percentValueType | None = None
    RemainingTimeToMinimumSOC: unsignedInt | None = None
    RemainingTimeToTargetSOC: unsignedInt | None = None
    RemainingTimeToMaximumSOC: unsignedInt | None = None
    ChargingComplete: bool | None = None
    BatteryEnergyCapacity: RationalNumberType | None = None
    InletHot: bool | None = None


class MeterInfoType(Complex, schema=COMMON_TYPES):
    """A meter's readings, with the meter's own signature; MeterTimestamp: Unix seconds."""

    MeterID: meterIDType
    ChargedEnergyReadingWh: unsignedLong
    BPT_DischargedEnergyReadingWh: unsignedLong | None = None
    CapacitiveEnergyReadingVARh: unsignedLong | None = None
    BPT_InductiveEnergyReadingVARh: unsignedLong | None = None
    MeterSignature: meterSignatureType | None = None
    MeterStatus: short | None = None
    MeterTimestamp: unsignedLong | None = None


class DetailedCostType(Complex, schema=COMMON_TYPES):
    """An amount and the price of one unit."""

    Amount: RationalNumberType
    CostPerUnit: RationalNumberType


class DetailedTaxType(Complex, schema=COMMON_TYPES):
    """The amount of a tax."""

    TaxRuleID: numericIDType
    Amount: RationalNumberType


class ReceiptType(Complex, schema=COMMON_TYPES):
    """What charging has cost so far; TimeAnchor: Unix seconds."""

    TimeAnchor: unsignedLong
    EnergyCosts: DetailedCostType | None = None
    OccupancyCosts: DetailedCostType | None = None
    AdditionalServicesCosts: DetailedCostType | None = None
    OverstayCosts: DetailedCostType | None = None
    TaxCosts: Annotated[tuple[DetailedTaxType, ...], Occurs(0, 10)] = ()


class ListOfRootCertificateIDsType(Complex, schema=COMMON_TYPES):
    """The roots that the vehicle knows."""

    RootCertificateID: Annotated[tuple[X509IssuerSerialType, ...], Occurs(1, 20)]
