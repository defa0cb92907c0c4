"""The header of every DIN SPEC 70121 message."""

from typing import Annotated

from exi.declaration import REF, Complex
from exi.din.schemas import MSG_DATA_TYPES, MSG_HEADER
from exi.din.simple_types import faultCodeType, faultMsgType, sessionIDType
from exi.xmldsig import SignatureType


class NotificationType(Complex, schema=MSG_DATA_TYPES):
    """A fault that the sender met, with a text for people."""

    FaultCode: faultCodeType
    FaultMsg: faultMsgType | None = None


class MessageHeaderType(Complex, schema=MSG_HEADER):
    """Session, fault notification, signature over parts of the body."""

    SessionID: sessionIDType
    Notification: NotificationType | None = None
    Signature: Annotated[SignatureType, REF] | None = None
