"""Schema-informed grammars: which events may come next in an element, and with which codes.

EXI 1.0 section 8.5.4, for ISO 15118's options: non-strict grammars, so that each state has one
code more than events, the escape to what the schema does not allow. A state is computed from a
continuation (what is still to come) when it is first reached; repetition is unrolled by that.
"""

from collections.abc import Callable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from exi.bits import code_width, write_number
from exi.declaration import (
    UNBOUNDED,
    Choice,
    Complex,
    Field,
    Name,
    Particle,
    Role,
    Sequence,
    Wildcard,
)

if TYPE_CHECKING:
    from exi.datatypes import Datatype


class Kind(Enum):
    """The kinds of event; the values are the names that EXI gives them."""

    ATTRIBUTE = "AT"
    START_ELEMENT = "SE"
    WILDCARD = "SE(*)"
    END_ELEMENT = "EE"
    CHARACTERS = "CH"
    MIXED_TEXT = "CH (mixed)"


# EXI 8.5.4.2.2: event codes follow this order of kinds, and the schema's order within a kind.
_ORDER = {kind: place for place, kind in enumerate(Kind)}

# What is still to come in an element: a particle, how many of it there were, and the rest.
Rest: TypeAlias = "tuple[Particle, int, Rest] | None"


class Event(NamedTuple):
    """One production of a state."""

    kind: Kind
    name: Name | None
    field: Field | None
    content: "Datatype | type[Complex] | None"
    rest: "Rest"

    def __str__(self) -> str:
        return f"{self.kind.value}({self.name.local})" if self.name else self.kind.value


class Member(NamedTuple):
    """An element that may stand where ``REF`` says: the head itself or what substitutes it."""

    name: Name
    type: type[Complex]


Members: TypeAlias = Callable[[Field], tuple[Member, ...]]


class Grammar:
    """The grammar of one type: its first state, from which the others are reached."""

    __slots__ = ("_members", "_states", "fields", "mixed", "type")

    def __init__(self, declared: type[Complex], members: Members) -> None:
        self.type = declared
        self.fields = {field.name: field for field in declared.fields}
        self.mixed = declared.declared.mixed
        self._members = members
        self._states: dict[Rest, State] = {}

    def start(self) -> "State":
        """The state after the element's start tag: its attributes come first."""
        attributes = sorted(
            (field for field in self.fields.values() if field.role is Role.ATTRIBUTE),
            key=lambda field: field.qualified,
        )
        model = self.type.declared.content or Sequence(
            *(field for field in self.fields.values() if field.role is not Role.ATTRIBUTE)
        )
        rest: Rest = (model, 0, None)
        for attribute in reversed(attributes):
            rest = (attribute, 0, rest)
        return self.state(rest)

    def state(self, rest: Rest) -> "State":
        """The state with that much still to come."""
        found = self._states.get(rest)
        if found is None:
            found = self._states[rest] = State(self, rest)
        return found

    def events(self, rest: Rest) -> list[Event]:
        """What may come next, in the order of the event codes."""
        found = {(event.kind, event.name): event for event in self._next(rest)}
        if self.mixed and any(kind is not Kind.ATTRIBUTE for kind, _ in found):
            found[Kind.MIXED_TEXT, None] = Event(Kind.MIXED_TEXT, None, None, None, rest)
        return sorted(found.values(), key=lambda event: _ORDER[event.kind])

    def _next(self, rest: Rest) -> Iterator[Event]:
        if rest is None:
            yield Event(Kind.END_ELEMENT, None, None, None, None)
            return
        particle, count, after = rest
        if isinstance(particle, str):
            particle = self._named(particle)
        minimum, maximum = particle.minimum, particle.maximum
        if maximum == UNBOUNDED or count < maximum:
            # Beyond the minimum an unbounded particle stays where it is: the state is the same.
            seen = min(count + 1, max(1, minimum)) if maximum == UNBOUNDED else count + 1
            yield from self._enter(particle, (particle, seen, after))
        if count >= minimum:
            yield from self._next(after)

    def _enter(self, particle: "Sequence | Wildcard | Field", again: Rest) -> Iterator[Event]:
        match particle:
            case Choice(parts):
                for part in parts:
                    yield from self._next((part, 0, again))
            case Sequence(parts):
                for part in reversed(parts):
                    again = (part, 0, again)
                yield from self._next(again)
            case Wildcard():
                yield Event(Kind.WILDCARD, None, None, None, again)
            case _:
                yield from self._field(particle, again)

    def _named(self, name: str) -> Field:
        """A field of a content model is there once, even where its type is optional."""
        field = self.fields[name]
        return field if field.many else field._replace(minimum=1)

    def _field(self, field: Field, again: Rest) -> Iterator[Event]:
        content = field.content
        if field.role is Role.ATTRIBUTE:
            yield Event(Kind.ATTRIBUTE, field.qualified, field, _one(content), again)
        elif field.role is Role.CONTENT:
            yield Event(Kind.CHARACTERS, None, field, _one(content), again)
        elif field.reference or field.role is Role.ALTERNATIVES:
            for member in self._members(field):
                yield Event(Kind.START_ELEMENT, member.name, field, member.type, again)
        else:
            yield Event(Kind.START_ELEMENT, field.qualified, field, _one(content), again)


def _one(
    content: "Datatype | type[Complex] | tuple[type[Complex], ...]",
) -> "Datatype | type[Complex]":
    """Only a list of alternatives has several types."""
    assert not isinstance(content, tuple)
    return content


class State:
    """One state: its events in code order, computed when first asked for."""

    __slots__ = ("_grammar", "_rest", "events", "width")

    events: list[Event]
    width: int

    def __init__(self, grammar: Grammar, rest: Rest) -> None:
        self._grammar = grammar
        self._rest = rest

    def __getattr__(self, name: str) -> object:
        # Reached only while the slots are empty.
        self.events = self._grammar.events(self._rest)
        self.width = code_width(len(self.events) + 1)
        return object.__getattribute__(self, name)

    def code(self, index: int) -> str:
        """The bits of the event at ``index``; the last index is the escape."""
        return write_number(index, self.width)

    def after(self, event: Event) -> "State":
        """The state that ``event`` leads to."""
        return self._grammar.state(event.rest)
