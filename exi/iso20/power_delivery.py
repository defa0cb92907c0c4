"""ISO 15118-20 messages that switch the power, and the profile that is followed."""
# ruff: noqa: N801 - names are the schemas' own

from typing import Annotated

from exi.declaration import Choice, Complex, Occurs, Sequence
from exi.iso20.header import V2GRequestType, V2GResponseType
from exi.iso20.schedule import PowerScheduleEntryType
from exi.iso20.schemas import COMMON_MESSAGES
from exi.iso20.simple_types import (
    channelSelectionType,
    chargeProgressType,
    numericIDType,
    powerToleranceAcceptanceType,
    processingType,
)
from exi.iso20.values import EVSEStatusType
from exi.xsd import unsignedLong


class Scheduled_EVPPTControlModeType(Complex, schema=COMMON_MESSAGES):
    """The schedule that the profile follows."""

    SelectedScheduleTupleID: numericIDType
    PowerToleranceAcceptance: powerToleranceAcceptanceType | None = None


class Dynamic_EVPPTControlModeType(Complex, schema=COMMON_MESSAGES):
    """The charger steers: nothing to choose."""


class EVPowerProfileEntryListType(Complex, schema=COMMON_MESSAGES):
    """Powers one after another."""

    EVPowerProfileEntry: Annotated[tuple[PowerScheduleEntryType, ...], Occurs(1, 2048)]


class EVPowerProfileType(
    Complex,
    schema=COMMON_MESSAGES,
    content=Sequence(
        "TimeAnchor",
        Choice("Dynamic_EVPPTControlMode", "Scheduled_EVPPTControlMode"),
        "EVPowerProfileEntries",
    ),
):
    """How the vehicle will charge; TimeAnchor: Unix seconds."""

    TimeAnchor: unsignedLong
    Dynamic_EVPPTControlMode: Dynamic_EVPPTControlModeType | None = None
    Scheduled_EVPPTControlMode: Scheduled_EVPPTControlModeType | None = None
    EVPowerProfileEntries: EVPowerProfileEntryListType


class PowerDeliveryReq(V2GRequestType, schema=COMMON_MESSAGES, message=True):
    """Starts, stops, stands by or renegotiates."""

    EVProcessing: processingType
    ChargeProgress: chargeProgressType
    EVPowerProfile: EVPowerProfileType | None = None
    BPT_ChannelSelection: channelSelectionType | None = None


class PowerDeliveryRes(V2GResponseType, schema=COMMON_MESSAGES, message=True):
    """The charger's state after that."""

    EVSEStatus: EVSEStatusType | None = None
