"""The door: messages and signed fragments to EXI bytes and back."""

from typing import TYPE_CHECKING, Final, Literal, overload

from exi.bits import fold, truncated, unfold
from exi.declaration import Complex
from exi.errors import Malformed, NotEncodable
from exi.fragments import read_fragment, write_fragment
from exi.protocol import Protocol, schema_set
from exi.schema_set import Fragment, SchemaSet

if TYPE_CHECKING:
    from exi.app_protocol import supportedAppProtocolReq, supportedAppProtocolRes
    from exi.datatypes import Simple
    from exi.din.message import V2G_Message as DinMessage
    from exi.iso2.message import V2G_Message

# EXI 1.0 section 5: distinguishing bits 10, no options document, final version 1.
HEADER: Final = 0x80
HEADER_BITS: Final = "10000000"
# No message of a charging session comes near; bounds the memory and the time of a decode.
MESSAGE_OCTETS_MAX: Final = 262_144


def encode(message: Complex) -> bytes:
    """The EXI document of a message: V2G_Message (-2, DIN), any of -20, the handshake's two.

    Raises NotEncodable for a value that its schema does not allow.
    """
    protocol = protocol_of(type(message))
    schemas = schema_set(protocol)
    code = schemas.root_codes[type(message)]
    try:
        content = schemas.machines.of(type(message)).write(message)
    except NotEncodable as error:
        raise error.within(str(type(message).declared.element)) from None
    return fold(HEADER_BITS + code + content)


@overload
def decode(data: bytes, protocol: Literal[Protocol.ISO_2]) -> "V2G_Message": ...
@overload
def decode(data: bytes, protocol: Literal[Protocol.DIN]) -> "DinMessage": ...
@overload
def decode(
    data: bytes, protocol: Literal[Protocol.SAP]
) -> "supportedAppProtocolReq | supportedAppProtocolRes": ...
@overload
def decode(data: bytes, protocol: Protocol) -> Complex: ...
def decode(data: bytes, protocol: Protocol) -> Complex:
    """The message of an EXI document; raises Malformed and nothing else, whatever the bytes.

    The bits that fill the last octet are not looked at (deployed encoders leave old buffer content
    there); whole octets after the message are refused.
    """
    bits = opened(data)
    message, at = read_document(schema_set(protocol), bits)
    closed(bits, at)
    return message


def encode_fragment(
    element: "Complex | Simple", protocol: Protocol, *, name: str | None = None
) -> bytes:
    """The EXI fragment of one element, as it is signed: header, element, end of document.

    ``name`` is the element's local name (``{namespace}local`` for the few local elements whose
    name stands in two namespaces); it may be left out where the type has but one
    (AuthorizationReq, EMAIDType, SignedInfoType ..., not CertificateChainType). SignedInfo
    belongs to Protocol.XMLDSIG in all editions. Raises NotEncodable.
    """
    return fold(HEADER_BITS + write_fragment(schema_set(protocol), element, name))


def decode_fragment(data: bytes, protocol: Protocol) -> Fragment:
    """The element of an EXI fragment and its name; raises Malformed and nothing else."""
    bits = opened(data)
    fragment, at = read_fragment(schema_set(protocol), bits, len(HEADER_BITS))
    closed(bits, at)
    return fragment


def protocol_of(message: type[Complex]) -> Protocol:
    """The protocol whose message this is; raises NotEncodable."""
    declared = message.declared
    if declared.message:
        return Protocol(declared.schema.namespace)
    raise NotEncodable("exi.not_a_message", f"{message.__name__} cannot stand alone")


def opened(data: bytes) -> str:
    """The bits of a document or fragment whose size and header octet are in order."""
    if len(data) > MESSAGE_OCTETS_MAX:
        raise Malformed(
            "exi.too_large", f"{len(data)} octets, {MESSAGE_OCTETS_MAX} at most", bit_offset=0
        )
    if not data:
        raise Malformed("exi.empty", "no octets", bit_offset=0)
    if data[0] != HEADER:
        raise Malformed("exi.header_unexpected", f"header octet {data[0]:#04x}", bit_offset=0)
    return unfold(data)


def read_document(schemas: SchemaSet, bits: str) -> tuple[Complex, int]:
    """The message after the header, and where it ends."""
    at = len(HEADER_BITS)
    end = at + schemas.root_width
    declared = schemas.messages.get(bits[at:end])
    if declared is None:
        raise root_refused(schemas, bits)
    try:
        return schemas.machines.of(declared).read(bits, end)
    except Malformed as error:
        raise error.within(str(declared.declared.element)) from None


def root_refused(schemas: SchemaSet, bits: str) -> Malformed:
    """Why the root's event code is no message of the protocol."""
    at = len(HEADER_BITS)
    if len(bits) < at + schemas.root_width:
        return truncated(bits, at, schemas.root_width)
    index = int(bits[at : at + schemas.root_width], 2)
    names = [name.local for name in schemas.global_elements]
    shown = names[index] if index < len(names) else f"event code {index}"
    return Malformed(
        "exi.root_unexpected", f"{shown} is no message of {schemas.target}", bit_offset=at
    )


def closed(bits: str, at: int) -> None:
    """Refuses whole octets after the end."""
    if len(bits) - at >= 8:
        raise Malformed(
            "exi.trailing_octets", f"{(len(bits) - at) // 8} more octets", bit_offset=at
        )
