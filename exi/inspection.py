"""A message's bits explained: each event code and each value with its place, for people.

Walks the same grammars as the codec, one event at a time and without its tables, so that it is
also a second reading to hold the codec against. What is wrong ends the walk and is kept:
everything before it is still shown.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeAlias

from exi.bits import read_number, read_unsigned
from exi.codec import HEADER_BITS, closed, opened, root_refused
from exi.datatypes import LENGTH_GROUPS_MAX, Binary, Datatype, Simple, String
from exi.declaration import Complex
from exi.errors import Malformed
from exi.fragments import Relaxed
from exi.grammar import Event, Grammar, Kind
from exi.machine import EMPTY_ELEMENT
from exi.protocol import Protocol, schema_set
from exi.schema_set import SchemaSet

# A value's bits are shown up to this many, then cut.
SHOWN_BITS_MAX: Final = 24

# And octets up to this many hexadecimal digits.
SHOWN_DIGITS_MAX: Final = 64

Path: TypeAlias = tuple[str, ...]


class Place(NamedTuple):
    """Some bits and what they are: an event code ("SE(Header)") or a value.

    ``path`` names the elements around; ``value`` is what was read, None for event codes.
    """

    bit_offset: int
    bits: str
    what: str
    path: Path
    value: Simple | None = None


class Inspection(NamedTuple):
    """The places in order; ``error`` says why the reading ended early, if it did."""

    places: tuple[Place, ...]
    error: Malformed | None


def inspect_message(data: bytes, protocol: Protocol) -> Inspection:
    """Each event code and value of a document."""
    return _inspected(data, _Walk(schema_set(protocol)).document)


def inspect_fragment(data: bytes, protocol: Protocol) -> Inspection:
    """Each event code and value of a fragment."""
    return _inspected(data, _Walk(schema_set(protocol)).fragment)


def render(inspection: Inspection) -> Iterator[str]:
    """One line a place: bit offset, width, bits, depth as indentation, what it is, its value."""
    for place in inspection.places:
        shown = place.bits
        if len(shown) > SHOWN_BITS_MAX:
            shown = shown[: SHOWN_BITS_MAX - 3] + "..."
        value = "" if place.value is None else f" = {_shown(place.value)}"
        depth = "  " * len(place.path)
        yield (
            f"{place.bit_offset:6} {len(place.bits):5}  "
            f"{shown:{SHOWN_BITS_MAX}}  {depth}{place.what}{value}"
        ).rstrip()
    if inspection.error is not None:
        yield f"error: {inspection.error}"


def _shown(value: Simple) -> str:
    if isinstance(value, bytes):
        text = value.hex().upper()
        return text if len(text) <= SHOWN_DIGITS_MAX else f"{text[:SHOWN_DIGITS_MAX]}..."
    return repr(str(value)) if isinstance(value, str) else str(value)


def _inspected(data: bytes, walk: "Callable[[str, list[Place]], int]") -> Inspection:
    places: list[Place] = []
    try:
        bits = opened(data)
        places.append(Place(0, HEADER_BITS, "header", ()))
        at = walk(bits, places)
        closed(bits, at)
        if at < len(bits):
            places.append(Place(at, bits[at:], "padding", ()))
    except Malformed as error:
        return Inspection(tuple(places), error)
    return Inspection(tuple(places), None)


class _Walk:
    """A walk through one document or fragment, noting each place."""

    def __init__(self, schemas: SchemaSet) -> None:
        self._schemas = schemas
        self._bits = ""
        self._at = 0
        self._places: list[Place] = []

    def document(self, bits: str, places: list[Place]) -> int:
        """Notes the places of a document; where it ends."""
        self._bits, self._places, self._at = bits, places, len(HEADER_BITS)
        end = self._at + self._schemas.root_width
        declared = self._schemas.messages.get(bits[self._at : end])
        if declared is None:
            raise root_refused(self._schemas, bits)
        name = str(declared.declared.element)
        self._note(end, f"SE({name})", ())
        self._element(declared, (name,))
        return self._at

    def fragment(self, bits: str, places: list[Place]) -> int:
        """Notes the places of a fragment; where it ends."""
        self._bits, self._places, self._at = bits, places, len(HEADER_BITS)
        names = list(self._schemas.fragment_elements)
        index, end = read_number(bits, self._at, self._schemas.fragment_width)
        if index >= len(names):
            raise Malformed("exi.fragment_unexpected", f"event code {index}", bit_offset=self._at)
        name = names[index].local
        types = self._schemas.fragment_elements[names[index]]
        self._note(end, f"SE({name})", ())
        if len(types) > 1:
            self._relaxed(Relaxed(self._schemas, types), (name,))
        else:
            self._content(next(iter(types)), (name,))
        index, end = read_number(bits, self._at, self._schemas.fragment_width)
        if index != len(names) + 1:
            raise Malformed("exi.fragment_not_ended", f"event code {index}", bit_offset=self._at)
        self._note(end, "ED", ())
        return self._at

    def _note(self, end: int, what: str, path: Path, value: Simple | None = None) -> None:
        self._places.append(Place(self._at, self._bits[self._at : end], what, path, value))
        self._at = end

    def _content(self, content: "Datatype | type[Complex]", path: Path) -> None:
        if not isinstance(content, Datatype):
            self._element(content, path)
            return
        end = self._at + len(EMPTY_ELEMENT)
        if content.empty() is not None and self._bits[self._at : end] == EMPTY_ELEMENT:
            self._note(end, "escape, EE: no content", path, content.empty())
            return
        self._only("CH", path)
        self._value(content, path)
        self._only("EE", path)

    def _only(self, what: str, path: Path) -> None:
        """The code of a state with one production."""
        code, end = read_number(self._bits, self._at, 1)
        if code:
            raise self._escape(path)
        self._note(end, what, path)

    def _value(self, datatype: Datatype, path: Path) -> None:
        try:
            value, end = datatype.read(self._bits, self._at)
        except Malformed as error:
            error.path = path
            raise
        if isinstance(datatype, Binary | String):
            length, start = read_unsigned(self._bits, self._at, LENGTH_GROUPS_MAX)
            what = "length" if isinstance(datatype, Binary) else "length + 2"
            self._note(start, what, path, length)
        self._note(end, str(datatype), path, value)

    def _element(self, declared: type[Complex], path: Path) -> None:
        if declared.declared.abstract:
            raise self._refused("exi.abstract_element", declared.__name__, path)
        state = Grammar(declared, self._schemas.members).start()
        while True:
            try:
                index, end = read_number(self._bits, self._at, state.width)
            except Malformed as error:
                error.path = path
                raise
            if index == len(state.events):
                raise self._escape(path)
            if index > len(state.events):
                raise self._refused(
                    "exi.event_invalid", f"event code {index} of {len(state.events) + 1}", path
                )
            event = state.events[index]
            if event.kind in (Kind.WILDCARD, Kind.MIXED_TEXT):
                raise self._refused(
                    "exi.wildcard" if event.kind is Kind.WILDCARD else "exi.mixed_text",
                    str(event),
                    path,
                )
            self._note(end, str(event), path)
            if event.kind is Kind.END_ELEMENT:
                return
            self._event(event, path)
            state = state.after(event)

    def _event(self, event: Event, path: Path) -> None:
        inner = (*path, event.name.local) if event.name else path
        assert event.content is not None
        if event.kind is Kind.START_ELEMENT:
            self._content(event.content, inner)
        else:
            assert isinstance(event.content, Datatype)
            self._value(event.content, inner)

    def _relaxed(self, relaxed: Relaxed, path: Path) -> None:
        seen = set()
        while True:
            code, end = read_number(self._bits, self._at, relaxed.width)
            if code >= len(relaxed.attributes):
                break
            name = relaxed.attributes[code]
            datatype = relaxed.attribute_type(name, self._at)
            if name in seen:
                raise self._refused("exi.event_invalid", f"AT({name.local}) again", path)
            seen.add(name)
            self._note(end, f"AT({name.local})", path)
            self._value(datatype, (*path, name.local))
        if code != relaxed.text:
            raise self._refused("exi.event_invalid", f"event code {code}", path)
        self._note(end, "CH", path)
        self._value(relaxed.simple, path)
        code, end = read_number(self._bits, self._at, relaxed.end_width)
        if code != relaxed.end:
            raise self._refused("exi.event_invalid", f"event code {code}", path)
        self._note(end, "EE", path)

    def _escape(self, path: Path) -> Malformed:
        return self._refused("exi.deviation", "the schema's escape is taken", path)

    def _refused(self, code: str, detail: str, path: Path) -> Malformed:
        return Malformed(code, detail, bit_offset=self._at, path=path)
