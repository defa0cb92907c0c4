"""The base of all DIN SPEC 70121 body elements."""

from exi.declaration import Complex
from exi.din.schemas import MSG_DEF


class BodyBaseType(Complex, schema=MSG_DEF, element="BodyElement", abstract=True):
    """Head of the substitution group that every message of ISO 15118-2 belongs to."""
