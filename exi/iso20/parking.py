"""ISO 15118-20 messages and types of automatic parking."""

from exi.declaration import Complex
from exi.iso20.header import V2GRequestType, V2GResponseType
from exi.iso20.schemas import COMMON_MESSAGES
from exi.iso20.simple_types import (
    evCheckInStatusType,
    evCheckOutStatusType,
    evseCheckOutStatusType,
    parkingMethodType,
)
from exi.xsd import short, unsignedLong, unsignedShort


class TargetPositionType(Complex, schema=COMMON_MESSAGES):
    """Where the vehicle should stand."""

    TargetOffsetX: unsignedShort
    TargetOffsetY: unsignedShort


class VehicleCheckInReq(V2GRequestType, schema=COMMON_MESSAGES, message=True):
    """How far the vehicle is with parking."""

    EVCheckInStatus: evCheckInStatusType
    ParkingMethod: parkingMethodType
    VehicleFrame: short | None = None
    DeviceOffset: short | None = None
    VehicleTravel: short | None = None


class VehicleCheckInRes(V2GResponseType, schema=COMMON_MESSAGES, message=True):
    """Where to park; lengths in centimetres."""

    ParkingSpace: short | None = None
    DeviceLocation: short | None = None
    TargetDistance: short | None = None


class VehicleCheckOutReq(V2GRequestType, schema=COMMON_MESSAGES, message=True):
    """When the vehicle leaves; CheckOutTime: Unix seconds."""

    EVCheckOutStatus: evCheckOutStatusType
    CheckOutTime: unsignedLong


class VehicleCheckOutRes(V2GResponseType, schema=COMMON_MESSAGES, message=True):
    """How far the charger is."""

    EVSECheckOutStatus: evseCheckOutStatusType
