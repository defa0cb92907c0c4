"""Values that many DIN SPEC 70121 messages carry: physical values and the status of either side."""
# ruff: noqa: N801 - names are the schemas' own

from exi.declaration import Complex
from exi.din.schemas import MSG_DATA_TYPES
from exi.din.simple_types import (
    DC_EVErrorCodeType,
    DC_EVSEStatusCodeType,
    EVSENotificationType,
    isolationLevelType,
    percentValueType,
    unitMultiplierType,
    unitSymbolType,
)
from exi.xsd import short, unsignedInt


class PhysicalValueType(Complex, schema=MSG_DATA_TYPES):
    """Value times ten to the power of Multiplier, in Unit."""

    Multiplier: unitMultiplierType
    Unit: unitSymbolType | None = None
    Value: short


class EVSEStatusType(Complex, schema=MSG_DATA_TYPES, element="EVSEStatus", abstract=True):
    """What every charger says of itself: what the vehicle should do, within how many seconds."""


class AC_EVSEStatusType(EVSEStatusType, substitutes="EVSEStatus"):
    """Status of an AC charger; RCD: its residual current device has tripped."""

    PowerSwitchClosed: bool
    RCD: bool
    NotificationMaxDelay: unsignedInt
    EVSENotification: EVSENotificationType


class DC_EVSEStatusType(EVSEStatusType, substitutes="EVSEStatus"):
    """Status of a DC charger, with its isolation monitoring."""

    EVSEIsolationStatus: isolationLevelType | None = None
    EVSEStatusCode: DC_EVSEStatusCodeType
    NotificationMaxDelay: unsignedInt
    EVSENotification: EVSENotificationType


class EVStatusType(Complex, schema=MSG_DATA_TYPES, element="EVStatus", abstract=True):
    """What every vehicle says of itself."""


class DC_EVStatusType(EVStatusType, substitutes="EVStatus"):
    """Status of a DC vehicle; EVRESSSOC: charge of its battery in percent."""

    EVReady: bool
    EVCabinConditioning: bool | None = None
    EVRESSConditioning: bool | None = None
    EVErrorCode: DC_EVErrorCodeType
    EVRESSSOC: percentValueType
