"""Messages of ISO 15118-2 as sessions handle them: frames to messages and back."""

from certs.keys import Signer
from ev_emulator import signatures
from ev_emulator.errors import RemoteProtocolError
from ev_emulator.framing.v2gtp import Frame, PayloadType
from ev_emulator.session.speaking import Heard
from exi.codec import decode, encode
from exi.errors import Malformed
from exi.iso2.body import BodyBaseType
from exi.iso2.header import MessageHeaderType
from exi.iso2.message import BodyType, V2G_Message
from exi.protocol import Protocol
from exi.xmldsig import SignatureType

NO_SESSION = bytes(8)


def read(frame: Frame) -> Heard:
    """A message of a frame.

    Raises exi's Malformed, also for an empty body; RemoteProtocolError for other payload types.
    """
    if frame.payload_type is not PayloadType.EXI:
        raise RemoteProtocolError("frame.payload_type", frame.payload_type.name)
    message = decode(frame.payload, Protocol.ISO_2)
    body = message.Body.BodyElement
    if body is None:
        raise Malformed("exi.element_missing", "a message without a body", bit_offset=0)
    code = getattr(body, "ResponseCode", None)
    failed = code.value if code is not None and code.value.startswith("FAILED") else ""
    return Heard(
        name=type(body).__name__,
        session_id=message.Header.SessionID,
        message=message,
        payload=frame.payload,
        failed=failed,
    )


def write(
    body: BodyBaseType,
    *,
    session_id: bytes,
    signature: SignatureType | None = None,
    signer: Signer | None = None,
) -> bytes:
    """The EXI of a message, with a signature that there is already, or one made here."""
    message = V2G_Message(
        Header=MessageHeaderType(SessionID=session_id, Signature=signature),
        Body=BodyType(BodyElement=body),
    )
    return encode(message if signer is None else signatures.signed(message, signer))


def message_of(heard: Heard) -> V2G_Message:
    """The message itself; read() made it."""
    if not isinstance(heard.message, V2G_Message):
        raise TypeError(type(heard.message).__name__)
    return heard.message
