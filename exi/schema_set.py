"""The schemas that are in force together: their global elements, groups and fragment names."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

from exi.bits import code_width, write_number
from exi.datatypes import Datatype
from exi.declaration import Complex, Declaration, Field, Name, Role, Schema
from exi.grammar import Member
from exi.machine import Machines


class Fragment(NamedTuple):
    """An element read or written alone, with its name (SchemaSet.fragment_names)."""

    name: str
    element: "Complex | bool | int | str | bytes"


class SchemaSet:
    """One protocol's schemas, imports included, as they are compiled into one grammar.

    ``global_elements`` and ``fragment_elements`` are in the order of EXI's event codes: by local
    name, then by namespace.
    """

    def __init__(self, target: str, schemas: tuple[Schema, ...]) -> None:
        self.target = target  # the namespace of its messages
        self.schemas = schemas
        self.machines = Machines(self.members)

    def types(self) -> Iterable[type[Complex]]:
        """All declared classes."""
        return (declared for schema in self.schemas for declared in schema.types)

    @cached_property
    def global_elements(self) -> Mapping[Name, "type[Complex] | Datatype"]:
        """The elements that a document may consist of."""
        found: dict[Name, type[Complex] | Datatype] = {}
        for schema in self.schemas:
            for declared in schema.types:
                record = declared.declared
                if record.element is not None and not record.local:
                    found[Name(record.element, schema.namespace)] = declared
            for name, datatype in schema.simple.items():
                found[Name(name, schema.namespace)] = datatype
        return dict(sorted(found.items()))

    @cached_property
    def messages(self) -> Mapping[str, type[Complex]]:
        """Messages by the bits of their event code at the document's root."""
        # The root has no escape: all global elements, then SE(*).
        width = code_width(len(self.global_elements) + 1)
        return {
            write_number(index, width): declared
            for index, (name, declared) in enumerate(self.global_elements.items())
            if name.namespace == self.target
            and isinstance(declared, Declaration)
            and declared.declared.message
        }

    @cached_property
    def root_codes(self) -> Mapping[type[Complex], str]:
        """The bits of each message's event code at the document's root."""
        return {declared: bits for bits, declared in self.messages.items()}

    @cached_property
    def root_width(self) -> int:
        """Bits of the event code at the document's root."""
        return code_width(len(self.global_elements) + 1)

    def members(self, field: Field) -> tuple[Member, ...]:
        """The elements that may stand for a field by reference, or in its list of alternatives."""
        content = field.content
        if isinstance(content, tuple):
            return tuple(map(self._member, content))
        # A reference to an element of simple type is declared like a local one.
        assert not isinstance(content, Datatype)
        heads = {field.name}
        found = [self._member(content)]
        waiting = [
            declared for declared in self.types() if declared.declared.substitutes is not None
        ]
        # A group's members may be heads themselves.
        while joined := [d for d in waiting if d.declared.substitutes in heads]:
            found += map(self._member, joined)
            heads |= {str(d.declared.element) for d in joined}
            waiting = [d for d in waiting if d not in joined]
        return tuple(sorted(found, key=lambda member: member.name))

    @staticmethod
    def _member(declared: type[Complex]) -> Member:
        record = declared.declared
        return Member(Name(str(record.element), record.schema.namespace), declared)

    @cached_property
    def fragment_elements(self) -> "Mapping[Name, frozenset[type[Complex] | Datatype]]":
        """Every element's name, global or local, with the types that it is declared with."""
        found: dict[Name, set[type[Complex] | Datatype]] = {
            name: {declared} for name, declared in self.global_elements.items()
        }
        for declared in self.types():
            record = declared.declared
            if record.local and record.element is not None:
                # A class that stands for a global element of simple type adds no second type.
                name = Name(record.element, record.schema.namespace)
                if name not in self.global_elements:
                    found.setdefault(name, set()).add(declared)
            for field in declared.fields:
                if field.role is not Role.ELEMENT or isinstance(field.content, tuple):
                    continue
                found.setdefault(field.qualified, set()).add(field.content)
        return {name: frozenset(types) for name, types in sorted(found.items())}

    @cached_property
    def fragment_names(self) -> Mapping[Name, str]:
        """What each element is called as a fragment.

        Its local name; where that stands in two namespaces and the element is not the global one,
        ``{namespace}local``.
        """
        called = Counter(name.local for name in self.fragment_elements)
        return {
            name: name.local
            if called[name.local] == 1 or name in self.global_elements
            else str(name)
            for name in self.fragment_elements
        }

    @cached_property
    def attribute_names(self) -> tuple[Name, ...]:
        """Every attribute's name."""
        return tuple(
            sorted(
                {
                    field.qualified
                    for declared in self.types()
                    for field in declared.fields
                    if field.role is Role.ATTRIBUTE
                }
            )
        )

    @cached_property
    def fragment_width(self) -> int:
        """Bits of the event code at a fragment's root: the elements, SE(*), ED."""
        return code_width(len(self.fragment_elements) + 2)
