"""Physical values of ISO 15118-2: sixteen bits and a power of ten."""

from exi.iso2.simple_types import unitSymbolType
from exi.iso2.values import PhysicalValueType

_VALUE_MAX = 32_767
_MULTIPLIER_MAX = 3


def volts(value: int) -> PhysicalValueType:
    """Volts."""
    return physical(value, unitSymbolType.V)


def amperes(value: int) -> PhysicalValueType:
    """Amperes."""
    return physical(value, unitSymbolType.A)


def watts(value: int) -> PhysicalValueType:
    """Watts."""
    return physical(value, unitSymbolType.W)


def watt_hours(value: int) -> PhysicalValueType:
    """Watt-hours."""
    return physical(value, unitSymbolType.Wh)


def physical(value: int, unit: unitSymbolType) -> PhysicalValueType:
    """The value, rounded towards zero where it needs a multiplier; ValueError beyond 32 767 000."""
    multiplier = 0
    while abs(value) > _VALUE_MAX:
        value = int(value / 10)
        multiplier += 1
    if multiplier > _MULTIPLIER_MAX:
        raise ValueError(f"no physical value holds {value}e{multiplier} {unit.value}")
    return PhysicalValueType(Multiplier=multiplier, Unit=unit, Value=value)


def whole(value: PhysicalValueType) -> int:
    """Value and multiplier as an integer, rounded down."""
    if value.Multiplier < 0:
        return int(value.Value // 10**-value.Multiplier)
    return int(value.Value * 10**value.Multiplier)
