"""The base of all ISO 15118-2 body elements."""

from exi.declaration import Complex
from exi.iso2.schemas import MSG_BODY


class BodyBaseType(Complex, schema=MSG_BODY, element="BodyElement", abstract=True):
    """Head of the substitution group that every message of ISO 15118-2 belongs to."""
