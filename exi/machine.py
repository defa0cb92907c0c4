"""Reads and writes elements by walking through the states of their grammar."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from exi.bits import truncated
from exi.datatypes import Datatype, Simple
from exi.declaration import Complex, Field, Role
from exi.errors import Malformed, NotEncodable
from exi.grammar import Event, Grammar, Kind, Members, State

Reader: TypeAlias = Callable[[str, int], tuple[Any, int]]
Writer: TypeAlias = Callable[[Any], str]

# An element of string or binary type without content. We write CH with the length 0, as the C
# encoders do; EXIficient takes the escape (1 bit), then EE, the first of seven second-level codes.
EMPTY_ELEMENT: Final = "1000"

# What an event code of these kinds is refused with.
_REFUSED: Final = {
    Kind.WILDCARD: ("exi.wildcard", "an element that the schema leaves open"),
    Kind.MIXED_TEXT: ("exi.mixed_text", "text between the elements"),
}


class Machines:
    """The machines of one schema set, made when first wanted.

    ``members`` tells which elements may stand where a reference says.
    """

    __slots__ = ("_machines", "_readers", "_writers", "members")

    def __init__(self, members: Members) -> None:
        self.members = members
        self._machines: dict[type[Complex], Machine] = {}
        self._readers: dict[Datatype, Reader] = {}
        self._writers: dict[Datatype, Writer] = {}

    def of(self, declared: type[Complex]) -> "Machine":
        """The machine of a type."""
        found = self._machines.get(declared)
        if found is None:
            found = self._machines[declared] = Machine(declared, self)
        return found

    def reader(self, content: "Datatype | type[Complex]") -> Reader:
        """Reads an element's content after its start, to the end of the element."""
        if not isinstance(content, Datatype):
            return self.of(content).read
        found = self._readers.get(content)
        if found is None:
            found = self._readers[content] = _simple_reader(content)
        return found

    def writer(self, content: "Datatype | type[Complex]") -> Writer:
        """The bits of an element's content after its start, to the end of the element."""
        if not isinstance(content, Datatype):
            return self.of(content).write
        found = self._writers.get(content)
        if found is None:
            found = self._writers[content] = _simple_writer(content)
        return found


def _simple_reader(datatype: Datatype) -> Reader:
    # An element of simple type: CH (one production: 1 bit, 0), the value, EE (1 bit, 0).
    read = datatype.read
    empty = datatype.empty()

    def read_element(bits: str, at: int) -> tuple[Simple, int]:
        if bits[at : at + 1] != "0":
            if empty is not None and bits[at : at + len(EMPTY_ELEMENT)] == EMPTY_ELEMENT:
                return empty, at + len(EMPTY_ELEMENT)
            raise _deviation(bits, at)
        value, at = read(bits, at + 1)
        if bits[at : at + 1] != "0":
            raise _deviation(bits, at)
        return value, at + 1

    values = datatype.values()
    if not values:
        return read_element
    table = {f"0{datatype.write(value)}0": value for value in values}
    width = len(next(iter(table)))

    def look_up(bits: str, at: int) -> tuple[Simple, int]:
        end = at + width
        value = table.get(bits[at:end])
        if value is None:
            return read_element(bits, at)
        return value, end

    return look_up


def _simple_writer(datatype: Datatype) -> Writer:
    write = datatype.write

    def write_element(value: object) -> str:
        return f"0{write(value)}0"

    return write_element


def _deviation(bits: str, at: int) -> Malformed:
    if at >= len(bits):
        return truncated(bits, at, 1)
    return Malformed("exi.deviation", "the schema's escape is taken", bit_offset=at)


def by_type(field: Field) -> bool:
    """Whether the element's name follows from the type of its value, not from the field."""
    return field.reference or field.role is Role.ALTERNATIVES


def _appender(slot: Any) -> Callable[[Any, Any], None]:  # noqa: ANN401 - a slot's descriptor
    get = slot.__get__

    def append(element: object, value: object) -> None:
        get(element).append(value)

    return append


class _Step:
    """A state with its codes and its edges looked up: by bits to read, by key to write.

    ``codes``: bits -> (name, put, read, next step); put is None at the end of the element.
    ``edges``: field name or type -> (name, bits, write, next step).
    """

    __slots__ = ("_machine", "_state", "codes", "edges", "end", "width")

    codes: "dict[str, tuple[str, Callable[[Any, Any], None] | None, Reader | None, _Step | None]]"
    edges: "dict[type | str, tuple[str, str, Writer, _Step]]"
    end: str | None
    width: int

    def __init__(self, machine: "Machine", state: State) -> None:
        self._machine = machine
        self._state = state

    def __getattr__(self, name: str) -> object:
        # Reached only while the slots are empty: the first time that a message comes here.
        self._build()
        return object.__getattribute__(self, name)

    def _build(self) -> None:
        state, machine = self._state, self._machine
        codes: dict[str, Any] = {}
        edges: dict[Any, Any] = {}
        end = None
        for index, event in enumerate(state.events):
            bits = state.code(index)
            if event.kind is Kind.END_ELEMENT:
                end = bits
                codes[bits] = ("", None, None, None)
            elif event.field is not None and event.content is not None:
                following = machine.step(state.after(event))
                read, write = machine.access(event)
                name = event.name.local if event.name else event.field.name
                codes[bits] = (name, machine.putters[event.field.name], read, following)
                key = event.content if by_type(event.field) else event.field.name
                edges[key] = (name, bits, write, following)
        self.end = end
        self.edges = edges
        self.width = state.width
        self.codes = codes

    def refuse(self, bits: str, at: int) -> Malformed:
        """Why the event code at ``at`` is none of ``codes``."""
        code = bits[at : at + self.width]
        if len(code) < self.width:
            return truncated(bits, at, self.width)
        index = int(code, 2)
        events = self._state.events
        if index == len(events):
            return Malformed("exi.deviation", "the schema's escape is taken", bit_offset=at)
        if index > len(events):
            return Malformed(
                "exi.event_invalid", f"event code {index} of {len(events) + 1}", bit_offset=at
            )
        reason, detail = _REFUSED[events[index].kind]
        return Malformed(reason, detail, bit_offset=at)

    def wanted(self) -> str:
        """What may stand here, for people."""
        return ", ".join(str(event) for event in self._state.events)


class Machine:
    """Reads and writes the elements of one type."""

    __slots__ = (
        "_blanks",
        "_fields",
        "_listed",
        "_machines",
        "_start",
        "_steps",
        "putters",
        "type",
    )

    _blanks: list[tuple[Callable[[Any, Any], None], type | None]]
    _fields: list[tuple[str, Callable[[Any], Any], bool, bool]]
    _listed: list[tuple[Callable[[Any], Any], Callable[[Any, Any], None]]]
    _start: _Step
    putters: dict[str, Callable[[Any, Any], None]]

    def __init__(self, declared: type[Complex], machines: Machines) -> None:
        self.type = declared
        self._machines = machines
        self._steps: dict[State, _Step] = {}

    def __getattr__(self, name: str) -> object:
        # Reached only while the slots are empty: the first time that this type is met. Each slot
        # is filled whole, for other threads may look meanwhile.
        fields = self.type.fields
        # A frozen class refuses the assignment of attributes: its slots' own accessors do it.
        slots = {field.name: getattr(self.type, field.name) for field in fields}
        self.putters = {
            f.name: _appender(slots[f.name]) if f.many else slots[f.name].__set__ for f in fields
        }
        self._blanks = [
            (slots[f.name].__set__, list if f.many else None)
            for f in fields
            if f.many or f.minimum == 0
        ]
        self._listed = [(slots[f.name].__get__, slots[f.name].__set__) for f in fields if f.many]
        # Attributes are written first, in their order, whatever the order of declaration.
        attributes = sorted(
            (f for f in fields if f.role is Role.ATTRIBUTE), key=lambda f: f.qualified
        )
        others = (f for f in fields if f.role is not Role.ATTRIBUTE)
        self._fields = [
            (f.name, slots[f.name].__get__, f.many, by_type(f)) for f in (*attributes, *others)
        ]
        self._start = self.step(Grammar(self.type, self._machines.members).start())
        return object.__getattribute__(self, name)

    def step(self, state: State) -> _Step:
        """The step of a state."""
        found = self._steps.get(state)
        if found is None:
            found = self._steps[state] = _Step(self, state)
        return found

    def access(self, event: Event) -> tuple[Reader, Writer]:
        """How the value of an event is read and written."""
        content = event.content
        assert content is not None
        if event.kind is Kind.START_ELEMENT:
            return self._machines.reader(content), self._machines.writer(content)
        # Attributes and the text of an element are of simple type.
        assert isinstance(content, Datatype)
        return content.read, content.write

    def read(self, bits: str, at: int) -> tuple[Complex, int]:
        """The element whose content starts at ``at``, and where it ends; raises Malformed."""
        if self.type.declared.abstract:
            raise Malformed("exi.abstract_element", self.type.__name__, bit_offset=at)
        element = self.type.__new__(self.type)
        for put, blank in self._blanks:
            put(element, None if blank is None else blank())
        step = self._start
        name = ""
        try:
            while True:
                end = at + step.width
                name, write, read, following = step.codes[bits[at:end]]
                if write is None or read is None or following is None:
                    break
                value, at = read(bits, end)
                write(element, value)
                step = following
        except KeyError:
            raise step.refuse(bits, at) from None
        except Malformed as error:
            raise error.within(name) from None
        for get, put in self._listed:
            put(element, tuple(get(element)))
        return element, end

    def write(self, element: object) -> str:
        """The bits of an element's content; raises NotEncodable."""
        if type(element) is not self.type:
            raise NotEncodable(
                "exi.type_wrong",
                f"{self.type.__name__} wanted, this is {type(element).__name__}",
            )
        step = self._start
        written: list[str] = []
        for field_name, get, many, typed in self._fields:
            value = get(element)
            if value is None:
                continue
            if many and type(value) is not tuple:
                raise NotEncodable("exi.type_wrong", "a tuple wanted", path=(field_name,))
            for item in value if many else (value,):
                key: type | str = type(item) if typed else field_name
                try:
                    name, bits, write, following = step.edges[key]
                except KeyError:
                    raise self._misplaced(step, key) from None
                try:
                    written.append(bits)
                    written.append(write(item))
                except NotEncodable as error:
                    raise error.within(name) from None
                step = following
        if step.end is None:
            raise NotEncodable("exi.element_missing", f"one of {step.wanted()} is missing")
        written.append(step.end)
        return "".join(written)

    def _misplaced(self, step: _Step, key: type | str) -> NotEncodable:
        shown = key.__name__ if isinstance(key, type) else str(key)
        if step.end is None:
            return NotEncodable(
                "exi.element_missing", f"{shown} comes before one of {step.wanted()}"
            )
        return NotEncodable("exi.element_unexpected", f"{shown} cannot stand here")
