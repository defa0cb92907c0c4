"""The bases of ISO 15118-20's control modes in the charge loop."""
# ruff: noqa: N801 - names are the schemas' own

from exi.declaration import Complex
from exi.iso20.schemas import COMMON_TYPES
from exi.iso20.simple_types import percentValueType
from exi.iso20.values import RationalNumberType
from exi.xsd import unsignedInt, unsignedShort


class CLReqControlModeType(Complex, schema=COMMON_TYPES, element="CLReqControlMode", abstract=True):
    """Head of the group of the vehicle's control modes."""


class CLResControlModeType(Complex, schema=COMMON_TYPES, element="CLResControlMode", abstract=True):
    """Head of the group of the charger's control modes."""


class Scheduled_CLReqControlModeType(CLReqControlModeType, abstract=True):
    """The vehicle follows a schedule; energies in Wh."""

    EVTargetEnergyRequest: RationalNumberType | None = None
    EVMaximumEnergyRequest: RationalNumberType | None = None
    EVMinimumEnergyRequest: RationalNumberType | None = None


class Scheduled_CLResControlModeType(CLResControlModeType, abstract=True):
    """The charger follows a schedule."""


class Dynamic_CLReqControlModeType(CLReqControlModeType, abstract=True):
    """The charger steers; DepartureTime: seconds from now."""

    DepartureTime: unsignedInt | None = None
    EVTargetEnergyRequest: RationalNumberType
    EVMaximumEnergyRequest: RationalNumberType
    EVMinimumEnergyRequest: RationalNumberType


class Dynamic_CLResControlModeType(CLResControlModeType, abstract=True):
    """The charger steers; AckMaxDelay: seconds for the vehicle's answer."""

    DepartureTime: unsignedInt | None = None
    MinimumSOC: percentValueType | None = None
    TargetSOC: percentValueType | None = None
    AckMaxDelay: unsignedShort | None = None
