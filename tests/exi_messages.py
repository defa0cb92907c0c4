"""Random valid messages of every type, made by walking the grammars (for hypothesis)."""

from typing import Any

from hypothesis import strategies as st

from exi.datatypes import Binary, Boolean, Datatype, Enumeration, Integer, Simple, String
from exi.declaration import Complex
from exi.grammar import Event, Grammar, Kind
from exi.protocol import Protocol, schema_set
from exi.schema_set import SchemaSet

# Lists and texts without a short limit of their own are kept to this many.
LIST_LENGTH_MAX = 3
TEXT_LENGTH_MAX = 24

# They hold at least one foreign element, which is not understood: no value of theirs exists.
EMPTY = {"SignaturePropertyType", "SignaturePropertiesType"}

CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn"])
# XML that comes from a file loses control characters and bends white space.
PLAIN_CHARACTERS = st.sampled_from("abcXYZ019-_.:#/+*?<>&'\"äß€Ω你😀")


def has_values(declared: type[Complex]) -> bool:
    """Whether there is any element of the type."""
    return not declared.declared.abstract and declared.__name__ not in EMPTY


def messages(protocol: Protocol) -> st.SearchStrategy[Complex]:
    """Any message of a protocol."""
    schemas = schema_set(protocol)
    return st.sampled_from(list(schemas.messages.values())).flatmap(
        lambda declared: elements(schemas, declared)
    )


@st.composite
def elements(
    draw: st.DrawFn,
    schemas: SchemaSet,
    declared: type[Complex],
    characters: st.SearchStrategy[str] = CHARACTERS,
    *,
    length_min: int = 0,
) -> Complex:
    """An element of a type, by a random walk through its grammar."""
    state = Grammar(declared, schemas.members).start()
    values: dict[str, Any] = {}
    while True:
        events = [event for event in state.events if _usable(event, values)]
        event = events[0] if len(events) == 1 else draw(st.sampled_from(events))
        if event.kind is Kind.END_ELEMENT:
            return declared(**{key: value for key, value in values.items() if value is not None})
        assert event.field is not None
        assert event.content is not None
        if isinstance(event.content, Datatype):
            value: Any = draw(simple(event.content, characters, length_min))
        else:
            value = draw(elements(schemas, event.content, characters, length_min=length_min))
        if event.field.many:
            values[event.field.name] = (*values.get(event.field.name, ()), value)
        else:
            values[event.field.name] = value
        state = state.after(event)


def _usable(event: Event, values: dict[str, Any]) -> bool:
    if event.kind in (Kind.WILDCARD, Kind.MIXED_TEXT):
        return False
    content = event.content
    if isinstance(content, type) and issubclass(content, Complex) and content.declared.abstract:
        return False
    field = event.field
    return not (field and field.many and len(values.get(field.name, ())) >= LIST_LENGTH_MAX)


def simple(
    datatype: Datatype, characters: st.SearchStrategy[str] = CHARACTERS, length_min: int = 0
) -> st.SearchStrategy[Simple]:
    """Any value of a simple type."""
    match datatype:
        case Boolean():
            return st.booleans()
        case Integer(minimum=None):
            return st.integers(-(2**160), 2**160)
        case Integer(minimum=minimum, maximum=maximum):
            return st.integers(minimum, maximum)
        case Enumeration():
            return st.sampled_from(list(datatype.type))
        case Binary():
            return st.binary(
                min_size=max(length_min, datatype.length_min), max_size=_length(datatype)
            )
        case String():
            return st.text(
                characters,
                min_size=max(length_min, datatype.length_min),
                max_size=_length(datatype),
            )
    raise TypeError(datatype)


def _length(datatype: Binary | String) -> int:
    if datatype.length_max is None:
        return TEXT_LENGTH_MAX
    return max(datatype.length_min, min(datatype.length_max, TEXT_LENGTH_MAX))
