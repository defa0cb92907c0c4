"""ISO 15118-2 messages that switch the power, and the profile that is followed."""
# ruff: noqa: N801 - names are the schemas' own

from typing import Annotated

from exi.declaration import REF, Complex, Occurs
from exi.iso2.body import BodyBaseType
from exi.iso2.schemas import MSG_DATA_TYPES
from exi.iso2.simple_types import SAIDType, chargeProgressType, maxNumPhasesType, responseCodeType
from exi.iso2.values import DC_EVStatusType, EVSEStatusType, PhysicalValueType
from exi.xsd import unsignedInt


class ProfileEntryType(Complex, schema=MSG_DATA_TYPES):
    """The highest power from a moment on (seconds from now)."""

    ChargingProfileEntryStart: unsignedInt
    ChargingProfileEntryMaxPower: PhysicalValueType
    ChargingProfileEntryMaxNumberOfPhasesInUse: maxNumPhasesType | None = None


class ChargingProfileType(Complex, schema=MSG_DATA_TYPES):
    """How the vehicle will charge."""

    ProfileEntry: Annotated[tuple[ProfileEntryType, ...], Occurs(1, 24)]


class EVPowerDeliveryParameterType(
    Complex, schema=MSG_DATA_TYPES, element="EVPowerDeliveryParameter", abstract=True
):
    """Head of the group of power delivery parameters."""


class DC_EVPowerDeliveryParameterType(
    EVPowerDeliveryParameterType, substitutes="EVPowerDeliveryParameter"
):
    """The state of a DC vehicle when power is switched."""

    DC_EVStatus: DC_EVStatusType
    BulkChargingComplete: bool | None = None
    ChargingComplete: bool


class PowerDeliveryReq(BodyBaseType, substitutes="BodyElement"):
    """Starts, stops or renegotiates charging."""

    ChargeProgress: chargeProgressType
    SAScheduleTupleID: SAIDType
    ChargingProfile: ChargingProfileType | None = None
    EVPowerDeliveryParameter: Annotated[EVPowerDeliveryParameterType, REF] | None = None


class PowerDeliveryRes(BodyBaseType, substitutes="BodyElement"):
    """The charger's state after that."""

    ResponseCode: responseCodeType
    EVSEStatus: Annotated[EVSEStatusType, REF]
