"""ISO 15118-20 messages and types of signed meter readings."""
# ruff: noqa: N801 - names are the schemas' own

from typing import Annotated

from exi.declaration import ATTRIBUTE, Choice, Complex, Sequence, maybe
from exi.iso20.header import V2GRequestType, V2GResponseType
from exi.iso20.schemas import COMMON_MESSAGES
from exi.iso20.simple_types import numericIDType, sessionIDType
from exi.iso20.values import MeterInfoType, ReceiptType
from exi.xsd import ID


class Scheduled_SMDTControlModeType(Complex, schema=COMMON_MESSAGES):
    """The schedule that was followed."""

    SelectedScheduleTupleID: numericIDType


class Dynamic_SMDTControlModeType(Complex, schema=COMMON_MESSAGES):
    """The charger steered: nothing to say."""


class SignedMeteringDataType(
    Complex,
    schema=COMMON_MESSAGES,
    element="SignedMeteringData",
    content=Sequence(
        "SessionID",
        "MeterInfo",
        maybe("Receipt"),
        Choice("Dynamic_SMDTControlMode", "Scheduled_SMDTControlMode"),
    ),
):
    """A reading and a receipt; the element that the vehicle signs."""

    Id: Annotated[ID, ATTRIBUTE]
    SessionID: sessionIDType
    MeterInfo: MeterInfoType
    Receipt: ReceiptType | None = None
    Dynamic_SMDTControlMode: Dynamic_SMDTControlModeType | None = None
    Scheduled_SMDTControlMode: Scheduled_SMDTControlModeType | None = None


class MeteringConfirmationReq(V2GRequestType, schema=COMMON_MESSAGES, message=True):
    """Confirms a reading."""

    SignedMeteringData: SignedMeteringDataType


class MeteringConfirmationRes(V2GResponseType, schema=COMMON_MESSAGES, message=True):
    """Whether the confirmation is accepted."""
