"""XML Schema's built-in types as annotations of declared fields."""
# ruff: noqa: N816 - names are the schemas' own

from typing import Annotated

from exi.datatypes import (
    BASE64,
    BYTE,
    HEX,
    INT,
    INTEGER,
    LONG,
    SHORT,
    STRING,
    UNSIGNED_BYTE,
    UNSIGNED_INT,
    UNSIGNED_LONG,
    UNSIGNED_SHORT,
)

byte = Annotated[int, BYTE]
short = Annotated[int, SHORT]
xs_int = Annotated[int, INT]
long = Annotated[int, LONG]
integer = Annotated[int, INTEGER]
unsignedByte = Annotated[int, UNSIGNED_BYTE]
unsignedShort = Annotated[int, UNSIGNED_SHORT]
unsignedInt = Annotated[int, UNSIGNED_INT]
unsignedLong = Annotated[int, UNSIGNED_LONG]
base64Binary = Annotated[bytes, BASE64]
hexBinary = Annotated[bytes, HEX]
anyURI = Annotated[str, STRING]
ID = Annotated[str, STRING]
IDREF = Annotated[str, STRING]
