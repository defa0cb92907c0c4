"""The protocols that can be spoken, each a set of schemas loaded when it is first used."""

from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, assert_never

from exi.schema_set import SchemaSet

if TYPE_CHECKING:
    from exi.declaration import Schema


class Protocol(Enum):
    """A protocol by the namespace of its messages."""

    SAP = "urn:iso:15118:2:2010:AppProtocol"
    ISO_2 = "urn:iso:15118:2:2013:MsgDef"
    DIN = "urn:din:70121:2012:MsgDef"
    ISO_20_COMMON = "urn:iso:std:iso:15118:-20:CommonMessages"
    ISO_20_AC = "urn:iso:std:iso:15118:-20:AC"
    ISO_20_DC = "urn:iso:std:iso:15118:-20:DC"
    XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"


@cache
def schema_set(protocol: Protocol) -> SchemaSet:
    """The schemas of a protocol, imports included."""
    schemas: tuple[Schema, ...]
    match protocol:
        case Protocol.SAP:
            from exi import app_protocol  # noqa: PLC0415 - loaded when it is used

            schemas = app_protocol.SCHEMAS
        case Protocol.ISO_2:
            from exi.iso2 import schema_set as iso2  # noqa: PLC0415 - loaded when it is used

            schemas = iso2.SCHEMAS
        case Protocol.DIN:
            from exi.din import schema_set as din  # noqa: PLC0415 - loaded when it is used

            schemas = din.SCHEMAS
        case Protocol.ISO_20_COMMON:
            from exi.iso20 import common_messages  # noqa: PLC0415 - loaded when it is used

            schemas = common_messages.SCHEMAS
        case Protocol.ISO_20_AC:
            from exi.iso20 import ac_messages  # noqa: PLC0415 - loaded when it is used

            schemas = ac_messages.SCHEMAS
        case Protocol.ISO_20_DC:
            from exi.iso20 import dc_messages  # noqa: PLC0415 - loaded when it is used

            schemas = dc_messages.SCHEMAS
        case Protocol.XMLDSIG:
            from exi import xmldsig  # noqa: PLC0415 - loaded when it is used

            schemas = xmldsig.SCHEMAS
        case _:
            assert_never(protocol)
    return SchemaSet(protocol.value, schemas)
