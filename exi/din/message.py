"""The DIN SPEC 70121 message: a header and a body with one element."""
# ruff: noqa: N801 - names are the schemas' own

from typing import Annotated

from exi.declaration import REF, Complex
from exi.din.body import BodyBaseType
from exi.din.header import MessageHeaderType
from exi.din.schemas import MSG_DEF


class BodyType(Complex, schema=MSG_DEF):
    """The body; its one element is the message proper."""

    BodyElement: Annotated[BodyBaseType, REF] | None = None


class V2G_Message(Complex, schema=MSG_DEF, message=True):
    """A message of ISO 15118-2."""

    Header: MessageHeaderType
    Body: BodyType
