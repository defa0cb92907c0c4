"""The vocabulary in which messages are declared: one class is type, documentation and grammar.

A class derived from ``Complex`` stands for a complex type of a schema, or for a message. Its
annotations are its attributes and elements, in the order of the schema:

    class MeterInfoType(Complex, schema=MSG_DATA_TYPES):
        MeterID: meterIDType                            # exactly one
        MeterReading: unsignedLong | None = None        # at most one
        Cost: Annotated[tuple[CostType, ...], Occurs(1, 3)]
        Id: Annotated[ID, ATTRIBUTE]
        value: Annotated[bytes, BASE64, CONTENT]        # the text of a type with simple content
        EVSEStatus: Annotated[EVSEStatusType, REF]      # a global element, or one substituting it

The classes behave as frozen, slotted, keyword-only dataclasses (type checkers see them as such,
``dataclasses.replace`` and ``fields`` work). They are not made by ``@dataclass`` because it
compiles six methods a class: for the 150 classes of one protocol that alone took over 100 ms.
"""

from enum import Enum, StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    NamedTuple,
    NoReturn,
    TypeAlias,
    TypeVar,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
)

from exi.datatypes import BOOLEAN, STRING, Datatype, Enumeration

if TYPE_CHECKING:
    from collections.abc import Iterator

UNBOUNDED: Final = -1


class Role(Enum):
    """What a field of a class is in XML."""

    ATTRIBUTE = "attribute"
    ELEMENT = "element"
    CONTENT = "content"  # the text of a type with simple content
    ALTERNATIVES = "alternatives"  # a list of elements of several names, kept in their order


ATTRIBUTE: Final = Role.ATTRIBUTE
CONTENT: Final = Role.CONTENT
ALTERNATIVES: Final = Role.ALTERNATIVES


class Reference(Enum):
    """Marks an element declared by reference to a global one, and so open to substitution."""

    REF = "ref"


REF: Final = Reference.REF


class Occurs(NamedTuple):
    """minOccurs and maxOccurs of a repeated element."""

    minimum: int
    maximum: int


class Name(NamedTuple):
    """A qualified name; sorts as EXI sorts, by local name, then by namespace."""

    local: str
    namespace: str

    def __str__(self) -> str:
        return f"{{{self.namespace}}}{self.local}"


class Field(NamedTuple):
    """One attribute, element or text of a class, read from its annotation."""

    name: str
    role: Role
    content: "Datatype | type[Complex] | tuple[type[Complex], ...]"
    minimum: int
    maximum: int
    many: bool
    reference: bool
    qualified: Name


class Sequence:
    """Particles one after another.

    A string names a field: exactly once, or as often as its ``Occurs`` says.
    """

    __match_args__ = ("parts",)
    __slots__ = ("maximum", "minimum", "parts")

    def __init__(self, *parts: "Particle", minimum: int = 1, maximum: int = 1) -> None:
        self.parts = parts
        self.minimum = minimum
        self.maximum = maximum


class Choice(Sequence):
    """One of several particles."""

    __slots__ = ()


class Wildcard:
    """xs:any: takes part in the grammar; an element that uses it is refused (``exi.wildcard``)."""

    __slots__ = ("maximum", "minimum")

    def __init__(self, minimum: int = 0, maximum: int = UNBOUNDED) -> None:
        self.minimum = minimum
        self.maximum = maximum


def maybe(*parts: "Particle") -> Sequence:
    """All of the particles, or none."""
    return Sequence(*parts, minimum=0)


Particle: TypeAlias = Sequence | Wildcard | Field | str


class Schema:
    """One XSD: its target namespace and what it declares."""

    __slots__ = ("attributes_qualified", "elements_qualified", "namespace", "simple", "types")

    def __init__(
        self,
        namespace: str,
        *,
        elements_qualified: bool = True,
        attributes_qualified: bool = True,
    ) -> None:
        self.namespace = namespace
        self.elements_qualified = elements_qualified
        self.attributes_qualified = attributes_qualified
        self.types: list[type[Complex]] = []
        self.simple: dict[str, Datatype] = {}  # global elements of simple type

    def __repr__(self) -> str:
        return f"Schema({self.namespace})"


class Declared(NamedTuple):
    """What a class says beside its annotations."""

    schema: Schema
    element: str | None  # the global element of this type
    substitutes: str | None  # the head of its substitution group
    abstract: bool
    message: bool  # may stand alone as a document
    local: bool  # ``element`` is local to the type that lists it as an alternative
    content: Particle | None  # the content model, where it is more than the fields in order
    mixed: bool
    annotations: dict[str, object]  # of this class alone
    defaults: dict[str, object]  # of the bases too


class _Required(Enum):
    REQUIRED = "required"


_REQUIRED: Final = _Required.REQUIRED


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Declaration(type):
    """Makes a declared class: slots from annotations, nothing compiled."""

    declared: Declared
    _fields: tuple[Field, ...]

    def __new__(
        cls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        schema: Schema | None = None,
        element: str | None = None,
        substitutes: str | None = None,
        abstract: bool = False,
        message: bool = False,
        local: bool = False,
        content: Particle | None = None,
        mixed: bool = False,
    ) -> "Declaration":
        own: dict[str, object] = namespace.get("__annotations__", {})
        defaults = {key: namespace.pop(key, _REQUIRED) for key in own}
        made = super().__new__(cls, name, bases, {**namespace, "__slots__": tuple(own)})
        inherited = bases[0].declared if bases and isinstance(bases[0], Declaration) else None
        if inherited is not None:
            defaults = {**inherited.defaults, **defaults}
            schema = schema or inherited.schema
            content = content or inherited.content
        if schema is None:
            schema = _NOWHERE
        if element is None and (message or substitutes):
            element = name.removesuffix("Type")
        made.declared = Declared(
            schema, element, substitutes, abstract, message, local, content, mixed, own, defaults
        )
        if schema is not _NOWHERE:
            schema.types.append(made)  # type: ignore[arg-type] # made is a Complex
        return made

    def __init__(
        cls, name: str, bases: tuple[type, ...], body: dict[str, Any], **_: object
    ) -> None:
        super().__init__(name, bases, body)

    @property
    def fields(cls) -> tuple[Field, ...]:
        """Attributes, elements and text in declared order, those of the base first."""
        found = cls.__dict__.get("_fields")
        if found is None:
            found = tuple(_fields_of(cls))
            cls._fields = found
        return found


_NOWHERE: Final = Schema("")
_Self = TypeVar("_Self", bound="Complex")


class _DataclassFields:
    """Lets the dataclasses module see a declared class, only when it looks."""

    def __get__(self, instance: object, owner: type["Complex"]) -> dict[str, Any]:
        import dataclasses  # noqa: PLC0415 - 20 ms that a codec need not spend

        view: Any = dataclasses.make_dataclass(
            owner.__name__,
            [
                (name, object)
                if default is _REQUIRED
                else (name, object, dataclasses.field(default=default))
                for name, default in owner.declared.defaults.items()
            ],
            kw_only=True,
        )
        return dict(view.__dataclass_fields__)


class Complex(metaclass=Declaration, abstract=True):
    """The base of all declared types: immutable, equal by value, printable."""

    __dataclass_fields__ = _DataclassFields()

    def __init__(self, **values: object) -> None:
        declared = type(self).declared
        if declared.abstract:
            raise TypeError(f"{type(self).__name__} is abstract: use what substitutes it")
        put = object.__setattr__
        for name, default in declared.defaults.items():
            value = values.pop(name, default)
            if value is _REQUIRED:
                raise TypeError(f"{type(self).__name__} needs {name}")
            put(self, name, value)
        if values:
            raise TypeError(f"{type(self).__name__} has no {', '.join(values)}")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, n) == getattr(other, n) for n in type(self).declared.defaults)

    def __hash__(self) -> int:
        return hash((type(self), *(getattr(self, n) for n in type(self).declared.defaults)))

    def __repr__(self) -> str:
        """As one would write it: absent optional elements are left out."""
        said = (
            f"{name}={value!r}"
            for name, default in type(self).declared.defaults.items()
            if (value := getattr(self, name)) != default
        )
        return f"{type(self).__name__}({', '.join(said)})"

    def __reduce__(self) -> tuple[object, ...]:
        names = type(self).declared.defaults
        return _rebuild, (type(self), {name: getattr(self, name) for name in names})


def _rebuild(cls: type[_Self], values: dict[str, object]) -> _Self:
    return cls(**values)


def _fields_of(cls: Declaration) -> "Iterator[Field]":
    for origin in reversed(cls.__mro__):
        if isinstance(origin, Declaration):
            for name, annotation in origin.declared.annotations.items():
                yield _field(origin, name, annotation)


@cache
def _enumeration(values: type[StrEnum]) -> Enumeration:
    return Enumeration(values)


class _Reading:
    """What an annotation says, gathered from its layers."""

    content: "Datatype | type[Complex] | tuple[type[Complex], ...] | None" = None
    role = Role.ELEMENT
    occurs: Occurs | None = None
    optional = False
    many = False
    reference = False

    def layer(self, annotation: object) -> None:
        origin, args = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            self.layer(args[0])
            for mark in args[1:]:
                self.mark(mark)
        elif origin in (Union, UnionType):
            kept = tuple(arg for arg in args if arg is not NoneType)
            self.optional = self.optional or len(kept) < len(args)
            if len(kept) == 1:
                self.layer(kept[0])
            else:
                self.content = kept
        elif origin is tuple:
            self.many = True
            self.layer(args[0])
        elif annotation is bool:
            self.content = BOOLEAN
        elif annotation is str:
            self.content = STRING
        elif isinstance(annotation, Declaration):
            self.content = annotation  # type: ignore[assignment] # a Declaration is a Complex
        elif isinstance(annotation, type) and issubclass(annotation, StrEnum):
            self.content = _enumeration(annotation)

    def mark(self, mark: object) -> None:
        if isinstance(mark, Datatype):
            self.content = mark
        elif isinstance(mark, Role):
            self.role = mark
        elif isinstance(mark, Occurs):
            self.occurs = mark
        elif mark is REF:
            self.reference = True


def _field(origin: Declaration, name: str, annotation: object) -> Field:
    reading = _Reading()
    reading.layer(annotation)
    if reading.content is None or reading.many != (reading.occurs is not None):
        raise TypeError(f"{origin.__name__}.{name} says too little: {annotation}")
    occurs = reading.occurs or Occurs(0 if reading.optional else 1, 1)
    schema = origin.declared.schema
    qualified = schema.elements_qualified
    if reading.role is Role.ATTRIBUTE:
        qualified = schema.attributes_qualified
    if reading.reference and isinstance(reading.content, Declaration):
        schema, qualified = reading.content.declared.schema, True
    return Field(
        name,
        reading.role,
        reading.content,
        occurs.minimum,
        occurs.maximum,
        reading.many,
        reading.reference,
        Name(name, schema.namespace if qualified else ""),
    )
