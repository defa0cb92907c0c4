"""Fragments: single elements as they are signed, under the grammar of EXI 8.4.

The root knows every element's name of the schema set. An element whose name is declared with one
type everywhere has that type's grammar; one with several has the relaxed grammar of EXI 8.5.3,
in which any attribute and any child may come. In ISO 15118 that is eMAID of -2 alone.
"""

from typing import TYPE_CHECKING

from exi.bits import code_width, read_number, write_number
from exi.datatypes import Datatype, Simple
from exi.declaration import Complex, Declaration, Name, Role
from exi.errors import Malformed, NotEncodable
from exi.schema_set import Fragment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exi.schema_set import SchemaSet


def write_fragment(schemas: "SchemaSet", element: Complex | Simple, name: str | None) -> str:
    """The bits after the header; raises NotEncodable."""
    chosen = _named(schemas, element, name)
    names = list(schemas.fragment_elements)
    width = schemas.fragment_width
    types = schemas.fragment_elements[chosen]
    try:
        if len(types) > 1:
            content = Relaxed(schemas, types).write(element)
        else:
            content = schemas.machines.writer(next(iter(types)))(element)
    except NotEncodable as error:
        raise error.within(chosen.local) from None
    end = write_number(len(names) + 1, width)  # ED comes after SE(*)
    return write_number(names.index(chosen), width) + content + end


def read_fragment(schemas: "SchemaSet", bits: str, at: int) -> tuple[Fragment, int]:
    """The element at ``at``, and where the fragment ends; raises Malformed."""
    width = schemas.fragment_width
    names = list(schemas.fragment_elements)
    index = read_number(bits, at, width)[0]
    if index >= len(names):
        raise Malformed("exi.fragment_unexpected", f"event code {index}", bit_offset=at)
    name = names[index]
    types = schemas.fragment_elements[name]
    try:
        if len(types) > 1:
            element, at = Relaxed(schemas, types).read(bits, at + width)
        else:
            element, at = schemas.machines.reader(next(iter(types)))(bits, at + width)
    except Malformed as error:
        raise error.within(name.local) from None
    index = read_number(bits, at, width)[0]
    if index != len(names) + 1:
        raise Malformed("exi.fragment_not_ended", f"event code {index}", bit_offset=at)
    return Fragment(schemas.fragment_names[name], element), at + width


def _named(schemas: "SchemaSet", element: Complex | Simple, name: str | None) -> Name:
    """The qualified name of a fragment's element."""
    kind = type(element)
    fits = [
        known
        for known, shown in schemas.fragment_names.items()
        if (name is None or name == shown) and _fits(kind, schemas.fragment_elements[known])
    ]
    if len(fits) > 1:
        # The type's own global element is meant, not others that are of its type.
        fits = [known for known in fits if schemas.global_elements.get(known) is kind]
    if len(fits) != 1 or (name is None and not isinstance(element, Complex)):
        raise NotEncodable(
            "exi.fragment_name",
            f"{kind.__name__} as {name or 'a fragment'}: its name must be given, and fit",
        )
    return fits[0]


def _fits(kind: type, types: "Iterable[type[Complex] | Datatype]") -> bool:
    return any(
        declared is kind if isinstance(declared, Declaration) else not isinstance(kind, Declaration)
        for declared in types
    )


# The relaxed grammar. Start: the attributes, AT(*), every element, SE(*), EE, CH, the escape; an
# attribute stays there. After CH: every element, SE(*), EE, CH, the escape.


class Relaxed:
    """The relaxed grammar of an element that is a text, with attributes in one of its two types."""

    def __init__(self, schemas: "SchemaSet", types: "Iterable[type[Complex] | Datatype]") -> None:
        elements = len(schemas.fragment_elements)
        self.attributes = schemas.attribute_names
        self.text = len(self.attributes) + elements + 3
        self.width = code_width(self.text + 2)
        self.end = elements + 1
        self.end_width = code_width(elements + 4)
        # Anything else would be a schema that ISO 15118 does not have.
        (self.simple,) = (t for t in types if isinstance(t, Datatype))
        (self.complex,) = (t for t in types if not isinstance(t, Datatype))
        self._content = ""
        self._types: dict[Name, Datatype] = {}
        for field in self.complex.fields:
            if field.role is Role.CONTENT:
                self._content = field.name
            else:
                assert isinstance(field.content, Datatype)
                self._types[field.qualified] = field.content

    def attribute_type(self, name: Name, at: int) -> Datatype:
        """The type of an attribute's value; raises Malformed for one that the element lacks."""
        if name not in self._types:
            raise Malformed("exi.event_invalid", f"AT({name.local})", bit_offset=at)
        return self._types[name]

    def write(self, element: Complex | Simple) -> str:
        """The bits of the element's content."""
        written: list[str] = []
        text: object = element
        if isinstance(element, Complex):
            text = getattr(element, self._content)
            for name, datatype in sorted(self._types.items()):
                written.append(write_number(self.attributes.index(name), self.width))
                written.append(datatype.write(getattr(element, name.local)))
        written.append(write_number(self.text, self.width))
        written.append(self.simple.write(text))
        written.append(write_number(self.end, self.end_width))
        return "".join(written)

    def read(self, bits: str, at: int) -> tuple[Complex | Simple, int]:
        """The element whose content starts at ``at``: with its attributes complex, else simple."""
        values: dict[str, Simple] = {}
        while (code := read_number(bits, at, self.width)[0]) < len(self.attributes):
            name = self.attributes[code]
            datatype = self.attribute_type(name, at)
            if name.local in values:
                raise Malformed("exi.event_invalid", f"AT({name.local}) again", bit_offset=at)
            values[name.local], at = datatype.read(bits, at + self.width)
        if code != self.text:
            raise Malformed("exi.event_invalid", f"event code {code}", bit_offset=at)
        text, at = self.simple.read(bits, at + self.width)
        code, end = read_number(bits, at, self.end_width)
        if code != self.end:
            raise Malformed("exi.event_invalid", f"event code {code}", bit_offset=at)
        if not values:
            return text, end
        return self.complex(**values, **{self._content: text}), end
