"""The application protocol handshake: which protocol both sides will speak (ISO 15118-2, 8.2)."""
# ruff: noqa: N801, N816 - names are the schemas' own

from enum import StrEnum
from typing import Annotated

from exi.datatypes import UNSIGNED_BYTE, Integer, String
from exi.declaration import Complex, Occurs, Schema
from exi.xsd import unsignedInt

# elementFormDefault is not qualified here: only the two messages have a namespace.
APP_PROTOCOL = Schema(
    "urn:iso:15118:2:2010:AppProtocol", elements_qualified=False, attributes_qualified=False
)

idType = Annotated[int, UNSIGNED_BYTE]
priorityType = Annotated[int, Integer(1, 20)]
protocolNamespaceType = Annotated[str, String(length_max=100)]


class responseCodeType(StrEnum):
    """Whether a protocol was found that both speak."""

    OK_SuccessfulNegotiation = "OK_SuccessfulNegotiation"
    OK_SuccessfulNegotiationWithMinorDeviation = "OK_SuccessfulNegotiationWithMinorDeviation"
    Failed_NoNegotiation = "Failed_NoNegotiation"


class AppProtocolType(Complex, schema=APP_PROTOCOL):
    """A protocol that the vehicle speaks; Priority 1 is what it likes best."""

    ProtocolNamespace: protocolNamespaceType
    VersionNumberMajor: unsignedInt
    VersionNumberMinor: unsignedInt
    SchemaID: idType
    Priority: priorityType


class supportedAppProtocolReq(Complex, schema=APP_PROTOCOL, message=True):
    """The protocols that the vehicle speaks."""

    AppProtocol: Annotated[tuple[AppProtocolType, ...], Occurs(1, 20)]


class supportedAppProtocolRes(Complex, schema=APP_PROTOCOL, message=True):
    """The protocol chosen, by the vehicle's SchemaID."""

    ResponseCode: responseCodeType
    SchemaID: idType | None = None


SCHEMAS = (APP_PROTOCOL,)
