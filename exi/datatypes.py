"""The schema's simple types: how each is written in bits, and which values its facets allow.

EXI 1.0 section 7 gives the representations. Facets (lengths, ranges, enumerations) are not part of
EXI, which only derives the width of small integers and enumerations from them; they are checked
here both ways because nobody else would.
"""

from enum import Enum, StrEnum
from typing import Final, TypeAlias

from exi.bits import (
    code_width,
    fold,
    read_number,
    read_unsigned,
    truncated,
    unfold,
    write_number,
    write_unsigned,
)
from exi.errors import Malformed, NotEncodable

Simple: TypeAlias = bool | int | str | bytes

# EXI 7.1.9: a range of at most this many values is written in n bits.
BOUNDED_RANGE_MAX: Final = 4096
# Groups of an integer without bounds (448 bits). X.509 serials, its only use, have 160 (RFC 5280).
UNBOUNDED_GROUPS_MAX: Final = 64
# Groups of a length: more octets than any message may have do not need more.
LENGTH_GROUPS_MAX: Final = 5
# Values up to this width are looked up in a table instead of computed.
TABLE_WIDTH_MAX: Final = 8


class Datatype:
    """A simple type: ``write`` a value to bits, ``read`` it back, both within the facets."""

    __slots__ = ()

    @property
    def facets(self) -> tuple[object, ...]:
        """What makes two datatypes the same."""
        raise NotImplementedError

    def write(self, value: object) -> str:
        """The bits of ``value``; raises NotEncodable."""
        raise NotImplementedError

    def read(self, bits: str, at: int) -> tuple[Simple, int]:
        """The value at ``at`` and where it ends; raises Malformed."""
        raise NotImplementedError

    def values(self) -> tuple[Simple, ...]:
        """All values by their code, where they fit a table of TABLE_WIDTH_MAX bits."""
        return ()

    def empty(self) -> Simple | None:
        """The value of an element without content, where that is allowed."""
        return None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Datatype) and self.facets == other.facets

    def __hash__(self) -> int:
        return hash(self.facets)

    def __repr__(self) -> str:
        name, *facets = self.facets
        return f"{name}({', '.join(map(str, facets))})"


class Boolean(Datatype):
    """xs:boolean, one bit."""

    __slots__ = ()

    @property
    def facets(self) -> tuple[object, ...]:
        return ("Boolean",)

    def __str__(self) -> str:
        return "boolean"

    def write(self, value: object) -> str:
        if not isinstance(value, bool):
            raise _wrong_type("a boolean", value)
        return "1" if value else "0"

    def read(self, bits: str, at: int) -> tuple[Simple, int]:
        number, end = read_number(bits, at, 1)
        return number == 1, end

    def values(self) -> tuple[Simple, ...]:
        return (False, True)


class Integer(Datatype):
    """xs:integer and what is derived from it, between two bounds or without."""

    __slots__ = ("_groups", "_width", "maximum", "minimum")

    def __init__(self, minimum: int | None = None, maximum: int | None = None) -> None:
        self.minimum = minimum
        self.maximum = maximum
        self._width: int | None = None
        self._groups = UNBOUNDED_GROUPS_MAX
        if minimum is not None and maximum is not None:
            if maximum - minimum < BOUNDED_RANGE_MAX:
                self._width = (maximum - minimum).bit_length()
            self._groups = -(-max(maximum, -minimum - 1).bit_length() // 7)

    @property
    def facets(self) -> tuple[object, ...]:
        return ("Integer", self.minimum, self.maximum)

    def __str__(self) -> str:
        return "integer" if self.minimum is None else f"integer {self.minimum}..{self.maximum}"

    def write(self, value: object) -> str:
        if not isinstance(value, int) or isinstance(value, bool):
            raise _wrong_type("an integer", value)
        if not self._allows(value):
            raise NotEncodable("exi.value_out_of_range", f"{value} is not in {self}")
        if self._width is not None and self.minimum is not None:
            return write_number(value - self.minimum, self._width)
        if self.minimum is not None and self.minimum >= 0:
            return write_unsigned(value)
        return "0" + write_unsigned(value) if value >= 0 else "1" + write_unsigned(-value - 1)

    def read(self, bits: str, at: int) -> tuple[Simple, int]:
        if self._width is not None and self.minimum is not None:
            number, end = read_number(bits, at, self._width)
            number += self.minimum
        elif self.minimum is not None and self.minimum >= 0:
            number, end = read_unsigned(bits, at, self._groups)
        else:
            negative = bits[at : at + 1] == "1"
            number, end = read_unsigned(bits, at + 1, self._groups)
            if negative:
                number = -number - 1
        if not self._allows(number):
            raise Malformed("exi.value_out_of_range", f"{number} is not in {self}", bit_offset=at)
        return number, end

    def values(self) -> tuple[Simple, ...]:
        if self.minimum is None or self.maximum is None or self._width is None:
            return ()
        if self._width > TABLE_WIDTH_MAX:
            return ()
        return tuple(range(self.minimum, self.maximum + 1))

    def _allows(self, number: int) -> bool:
        if self.minimum is None or self.maximum is None:
            return number.bit_length() <= 7 * UNBOUNDED_GROUPS_MAX
        return self.minimum <= number <= self.maximum


class Enumeration(Datatype):
    """xs:string with enumerated values: the index in the schema's order."""

    __slots__ = ("_codes", "_members", "type")

    def __init__(self, enumeration: type[StrEnum]) -> None:
        self.type = enumeration
        self._members = tuple(enumeration)
        width = code_width(len(self._members))
        self._codes = {m: write_number(index, width) for index, m in enumerate(self._members)}

    @property
    def facets(self) -> tuple[object, ...]:
        return ("Enumeration", *(member.value for member in self._members))

    def __str__(self) -> str:
        return self.type.__name__

    def write(self, value: object) -> str:
        if not isinstance(value, str):
            raise _wrong_type(f"a {self.type.__name__}", value)
        bits = self._codes.get(value)  # type: ignore[call-overload] # a plain str equals its member
        if bits is None:
            raise NotEncodable("exi.value_out_of_range", f"{value!r} is no {self.type.__name__}")
        return str(bits)

    def read(self, bits: str, at: int) -> tuple[Simple, int]:
        index, end = read_number(bits, at, code_width(len(self._members)))
        if index >= len(self._members):
            raise Malformed(
                "exi.value_out_of_range",
                f"{self.type.__name__} has {len(self._members)} values, this is index {index}",
                bit_offset=at,
            )
        return self._members[index], end

    def values(self) -> tuple[Simple, ...]:
        return self._members


class Encoding(Enum):
    """How octets look as text; in EXI both are the same."""

    BASE64 = "base64Binary"
    HEX = "hexBinary"


class Binary(Datatype):
    """xs:base64Binary or xs:hexBinary: the count of octets, then the octets."""

    __slots__ = ("encoding", "length_max", "length_min")

    def __init__(
        self, encoding: Encoding, *, length_min: int = 0, length_max: int | None = None
    ) -> None:
        self.encoding = encoding
        self.length_min = length_min
        self.length_max = length_max

    @property
    def facets(self) -> tuple[object, ...]:
        return ("Binary", self.encoding.value, self.length_min, self.length_max)

    def empty(self) -> Simple | None:
        return b"" if self.length_min == 0 else None

    def __str__(self) -> str:
        return f"{self.encoding.value}{_lengths(self, 'octets')}"

    def write(self, value: object) -> str:
        if not isinstance(value, bytes):
            raise _wrong_type("octets", value)
        length = len(value)
        if length < self.length_min or (self.length_max is not None and length > self.length_max):
            raise NotEncodable("exi.length_out_of_range", f"{length} octets are not in {self}")
        return write_unsigned(length) + unfold(value)

    def read(self, bits: str, at: int) -> tuple[Simple, int]:
        length, start = read_unsigned(bits, at, LENGTH_GROUPS_MAX)
        if length < self.length_min or (self.length_max is not None and length > self.length_max):
            raise Malformed(
                "exi.length_out_of_range", f"{length} octets are not in {self}", bit_offset=at
            )
        end = start + 8 * length
        if end > len(bits):  # before anything of that length is made
            raise truncated(bits, start, 8 * length)
        return fold(bits[start:end]), end


class String(Datatype):
    """xs:string, xs:ID, xs:anyURI: two more than the length, then each code point as a varint.

    The lengths 0 and 1 would refer to the string table, which has no capacity in ISO 15118.
    """

    __slots__ = ("length_max", "length_min")

    def __init__(self, *, length_min: int = 0, length_max: int | None = None) -> None:
        self.length_min = length_min
        self.length_max = length_max

    @property
    def facets(self) -> tuple[object, ...]:
        return ("String", self.length_min, self.length_max)

    def empty(self) -> Simple | None:
        return "" if self.length_min == 0 else None

    def __str__(self) -> str:
        return f"string{_lengths(self, 'characters')}"

    def write(self, value: object) -> str:
        if not isinstance(value, str):
            raise _wrong_type("a text", value)
        length = len(value)
        if length < self.length_min or (self.length_max is not None and length > self.length_max):
            raise NotEncodable("exi.length_out_of_range", f"{length} characters are not in {self}")
        if not (value.isprintable() or all(map(_is_xml_character, value))):
            raise NotEncodable("exi.character_invalid", "a code point that XML does not have")
        prefix = write_unsigned(length + 2)
        if value.isascii():
            return prefix + unfold(value.encode("ascii"))
        return prefix + "".join(write_unsigned(ord(character)) for character in value)

    def read(self, bits: str, at: int) -> tuple[Simple, int]:
        length, start = read_unsigned(bits, at, LENGTH_GROUPS_MAX)
        if length < 2:
            raise Malformed("exi.string_table", "the string table is empty", bit_offset=at)
        length -= 2
        if length < self.length_min or (self.length_max is not None and length > self.length_max):
            raise Malformed(
                "exi.length_out_of_range", f"{length} characters are not in {self}", bit_offset=at
            )
        end = start + 8 * length
        if end > len(bits):  # a character takes at least an octet: refused before allocation
            raise truncated(bits, start, 8 * length)
        octets = fold(bits[start:end])
        if octets.isascii():
            text = octets.decode("ascii")
            if text.isprintable():
                return text, end
        return _read_characters(bits, start, length)


def _read_characters(bits: str, at: int, length: int) -> tuple[str, int]:
    characters = []
    for _ in range(length):
        start = at
        point, at = read_unsigned(bits, at, 3)  # 21 bits: U+10FFFF needs three groups
        if point > 0x10FFFF or not _is_xml_character(chr(point)):
            raise Malformed(
                "exi.character_invalid", f"U+{point:04X} is no character of XML", bit_offset=start
            )
        characters.append(chr(point))
    return "".join(characters), at


def _is_xml_character(character: str) -> bool:
    # XML 1.0, production 2
    return (character >= " " or character in "\t\n\r") and not (
        "\ud800" <= character <= "\udfff" or character in "\ufffe\uffff"
    )


def _lengths(datatype: "Binary | String", unit: str) -> str:
    if datatype.length_max is None:
        return ""
    if datatype.length_min == datatype.length_max:
        return f", {datatype.length_max} {unit}"
    return f", {datatype.length_min} to {datatype.length_max} {unit}"


def _wrong_type(wanted: str, value: object) -> NotEncodable:
    return NotEncodable("exi.type_wrong", f"{wanted} wanted, this is {type(value).__name__}")


BOOLEAN: Final = Boolean()
BYTE: Final = Integer(-128, 127)
SHORT: Final = Integer(-(2**15), 2**15 - 1)
INT: Final = Integer(-(2**31), 2**31 - 1)
LONG: Final = Integer(-(2**63), 2**63 - 1)
UNSIGNED_BYTE: Final = Integer(0, 255)
UNSIGNED_SHORT: Final = Integer(0, 2**16 - 1)
UNSIGNED_INT: Final = Integer(0, 2**32 - 1)
UNSIGNED_LONG: Final = Integer(0, 2**64 - 1)
INTEGER: Final = Integer()
STRING: Final = String()
BASE64: Final = Binary(Encoding.BASE64)
HEX: Final = Binary(Encoding.HEX)
