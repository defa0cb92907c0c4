"""DIN SPEC 70121 messages that switch the power, and the profile that is followed."""
# ruff: noqa: N801 - names are the schemas' own

from typing import Annotated

from exi.declaration import REF, UNBOUNDED, Complex, Occurs
from exi.din.body import BodyBaseType
from exi.din.schemas import MSG_BODY, MSG_DATA_TYPES
from exi.din.simple_types import PMaxType, SAIDType, responseCodeType
from exi.din.values import DC_EVStatusType, EVSEStatusType
from exi.xsd import unsignedInt


class ProfileEntryType(Complex, schema=MSG_DATA_TYPES):
    """The highest power from a moment on (seconds from now)."""

    ChargingProfileEntryStart: unsignedInt
    ChargingProfileEntryMaxPower: PMaxType


class ChargingProfileType(Complex, schema=MSG_DATA_TYPES):
    """How the vehicle will charge."""

    SAScheduleTupleID: SAIDType
    ProfileEntry: Annotated[tuple[ProfileEntryType, ...], Occurs(1, UNBOUNDED)]


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


class PowerDeliveryReq(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """Starts, stops or renegotiates charging."""

    ReadyToChargeState: bool
    ChargingProfile: ChargingProfileType | None = None
    EVPowerDeliveryParameter: Annotated[EVPowerDeliveryParameterType, REF] | None = None


class PowerDeliveryRes(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """The charger's state after that."""

    ResponseCode: responseCodeType
    EVSEStatus: Annotated[EVSEStatusType, REF]
