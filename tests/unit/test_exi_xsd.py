"""The declarations beside the schemas they were written from: nothing more, nothing less."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from exi.datatypes import Datatype
from exi.declaration import (
    UNBOUNDED,
    Choice,
    Complex,
    Declaration,
    Field,
    Role,
    Sequence,
    Wildcard,
)
from exi.protocol import Protocol, schema_set
from tests.exi_peer import HOME

XS = "{http://www.w3.org/2001/XMLSchema}"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "xsd"
# The peer's package ships the same files: see tests/exi_peer.py.
PEER = HOME / "lib" / f"python3.{sys.version_info.minor}/site-packages/iso15118/shared/schemas"
XSD = SHARED if SHARED.is_dir() else PEER

pytestmark = pytest.mark.skipif(
    not XSD.is_dir(), reason="neither the reference material nor the peer's package is here"
)

FILES = {
    Protocol.SAP: ["V2G_CI_AppProtocol.xsd"],
    Protocol.XMLDSIG: ["xmldsig-core-schema.xsd"],
    Protocol.ISO_2: [
        f"iso15118_2/V2G_CI_Msg{part}.xsd" for part in ("Def", "Header", "Body", "DataTypes")
    ],
    Protocol.DIN: [
        f"din_spec/V2G_CI_Msg{part}.xsd" for part in ("Def", "Header", "Body", "DataTypes")
    ],
    Protocol.ISO_20_COMMON: [
        "iso15118_20/V2G_CI_CommonMessages.xsd",
        "iso15118_20/V2G_CI_CommonTypes.xsd",
    ],
    Protocol.ISO_20_AC: ["iso15118_20/V2G_CI_AC.xsd", "iso15118_20/V2G_CI_CommonTypes.xsd"],
    Protocol.ISO_20_DC: ["iso15118_20/V2G_CI_DC.xsd", "iso15118_20/V2G_CI_CommonTypes.xsd"],
}
BOUNDS = {
    "byte": (-(2**7), 2**7 - 1),
    "short": (-(2**15), 2**15 - 1),
    "int": (-(2**31), 2**31 - 1),
    "long": (-(2**63), 2**63 - 1),
    "unsignedByte": (0, 2**8 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedLong": (0, 2**64 - 1),
    "integer": (None, None),
}


class Xsd:
    """One schema file."""

    def __init__(self, path: str) -> None:
        text = re.sub(r"<!DOCTYPE.*?\]>", "", (XSD / path).read_text(), flags=re.DOTALL)
        self.root = ET.fromstring(text)
        self.namespace = self.root.get("targetNamespace", "")
        self.elements = {e.get("name", ""): e for e in self.root.findall(XS + "element")}
        self.types = {t.get("name", ""): t for t in self.root.findall(XS + "complexType")}
        for name, element in self.elements.items():
            if (inner := element.find(XS + "complexType")) is not None:
                self.types[name] = inner
        self.simple = {t.get("name", ""): t for t in self.root.findall(XS + "simpleType")}


class Schemas:
    """The schema files of a protocol, xmldsig included where they import it."""

    def __init__(self, protocol: Protocol) -> None:
        files = list(FILES[protocol])
        if protocol not in (Protocol.SAP, Protocol.XMLDSIG):
            files += FILES[Protocol.XMLDSIG]
        self.files = [Xsd(path) for path in files]

    def simple(self, name: str) -> ET.Element | None:
        return next((x.simple[name] for x in self.files if name in x.simple), None)

    def element(self, name: str) -> ET.Element:
        return next(x.elements[name] for x in self.files if name in x.elements)

    def type(self, name: str) -> ET.Element:
        return next(x.types[name] for x in self.files if name in x.types)

    def facets(self, type_name: str | None, inline: ET.Element | None) -> tuple[object, ...] | None:
        """What exi.datatypes should say of a simple type; None for a complex one."""
        if inline is None:
            local = (type_name or "").split(":")[-1]
            declared = self.simple(local)
            if declared is None:
                return self._built_in(local)
            inline = declared
        restriction = inline.find(XS + "restriction")
        assert restriction is not None
        values = {child.tag.removeprefix(XS): child.get("value", "") for child in restriction}
        enumerated = [child.get("value") for child in restriction.iter(XS + "enumeration")]
        if enumerated:
            return ("Enumeration", *enumerated)
        base = self.facets(restriction.get("base"), None)
        assert base is not None
        if base[0] == "Integer":
            low, high = base[1:]
            if "minInclusive" in values:
                low = int(values["minInclusive"])
            if "maxInclusive" in values:
                high = int(values["maxInclusive"])
            return ("Integer", low, high)
        *kind, low, high = base
        low = int(values.get("length", values.get("minLength", low or 0)))
        upper = values.get("length", values.get("maxLength"))
        return (*kind, low, high if upper is None else int(upper))

    @staticmethod
    def _built_in(local: str) -> tuple[object, ...] | None:
        if local == "boolean":
            return ("Boolean",)
        if local in BOUNDS:
            return ("Integer", *BOUNDS[local])
        if local in ("string", "ID", "IDREF", "anyURI"):
            return ("String", 0, None)
        if local in ("base64Binary", "hexBinary"):
            return ("Binary", local, 0, None)
        return None


SCHEMAS = {protocol: Schemas(protocol) for protocol in Protocol} if XSD.is_dir() else {}
TYPES = [
    pytest.param(protocol, xsd.namespace, name, id=f"{protocol.name}-{name}")
    for protocol, schemas in SCHEMAS.items()
    for xsd in schemas.files
    for name in xsd.types
]


def _called(name: str) -> tuple[str, ...]:
    """What a type's class may be called."""
    if name == "SessionStopType":  # of DIN SPEC 70121: the one message whose type is called else
        return ("SessionStopReq",)
    return (name, name.removesuffix("Type"))


def _class(protocol: Protocol, namespace: str, name: str) -> type[Complex]:
    """A type's class is called as the type, or, if it is a message, as its element."""
    found = [
        declared
        for declared in schema_set(protocol).types()
        if declared.declared.schema.namespace == namespace
        and declared.__name__ in _called(name)
        and not (declared.declared.local and declared.__name__ != name)
    ]
    assert len(found) == 1, (name, found)
    return found[0]


def _occurs(minimum: object, maximum: object) -> str:
    return "" if (minimum, maximum) == (1, 1) else f"{{{minimum},{maximum}}}"


def _group(separator: str, parts: list[str], occurs: str) -> str:
    """A sequence or choice as text; one that changes nothing leaves no trace."""
    if len(parts) == 1 and (not occurs or not parts[0].endswith("}")):
        return parts[0] + occurs
    if separator == " " and not occurs:
        return separator.join(parts)
    return f"({separator.join(parts)}){occurs}"


def _xsd_model(schemas: Schemas, node: ET.Element) -> str:
    """The content model of a schema's complex type as text."""
    minimum = int(node.get("minOccurs", "1"))
    maximum = node.get("maxOccurs", "1")
    occurs = _occurs(minimum, UNBOUNDED if maximum == "unbounded" else int(maximum))
    if node.tag == XS + "element":
        return str(node.get("name") or node.get("ref", "").split(":")[-1]) + occurs
    if node.tag == XS + "any":
        return "*" + occurs
    parts = [
        _xsd_model(schemas, child)
        for child in node
        if child.tag.removeprefix(XS) in ("element", "any", "sequence", "choice")
    ]
    return _group("|" if node.tag == XS + "choice" else " ", [p for p in parts if p], occurs)


def _whole_model(schemas: Schemas, node: ET.Element) -> str:
    """With what the type inherits in front."""
    extension = node.find(f"{XS}complexContent/{XS}extension")
    inherited = ""
    if extension is not None:
        base = extension.get("base", "").split(":")[-1]
        inherited = _whole_model(schemas, schemas.type(base))
        node = extension
    own = next(
        (_xsd_model(schemas, n) for k in ("sequence", "choice") for n in node.findall(XS + k)), ""
    )
    return " ".join(part for part in (inherited, own) if part)


def _declared_model(declared: type[Complex]) -> str:
    fields = {field.name: field for field in declared.fields}
    content = declared.declared.content
    if content is None:
        content = Sequence(*(f for f in fields.values() if f.role is Role.ELEMENT))
    return _model(content, fields)


def _model(particle: object, fields: dict[str, Field]) -> str:
    match particle:
        case str():
            field = fields[particle]
            if field.role is Role.ALTERNATIVES:
                assert isinstance(field.content, tuple)
                return "|".join(str(kind.declared.element) for kind in field.content)
            return particle + (_occurs(field.minimum, field.maximum) if field.many else "")
        case Field():
            return particle.name + _occurs(particle.minimum, particle.maximum)
        case Wildcard():
            return "*" + _occurs(particle.minimum, particle.maximum)
        case Sequence(parts):
            texts = [text for part in parts if (text := _model(part, fields))]
            separator = "|" if isinstance(particle, Choice) else " "
            return _group(separator, texts, _occurs(particle.minimum, particle.maximum))
    raise TypeError(particle)


@pytest.mark.parametrize(("protocol", "namespace", "name"), TYPES)
def test_content_model_is_the_schemas(protocol, namespace, name):
    schemas = SCHEMAS[protocol]
    declared = _class(protocol, namespace, name)
    node = schemas.type(name)
    assert _declared_model(declared) == _whole_model(schemas, node)
    assert declared.declared.mixed == (node.get("mixed") == "true")


def _elements(node: ET.Element) -> Iterator[ET.Element]:
    for child in node:
        if child.tag == XS + "element":
            yield child
        elif child.tag != XS + "annotation":
            yield from _elements(child)


@pytest.mark.parametrize(("protocol", "namespace", "name"), TYPES)
def test_types_of_elements_and_attributes_are_the_schemas(protocol, namespace, name):
    schemas = SCHEMAS[protocol]
    declared = _class(protocol, namespace, name)
    node = schemas.type(name)
    own = set(declared.declared.annotations)
    fields = {field.name: field for field in declared.fields if field.name in own}
    for element in _elements(node):
        reference = element.get("ref")
        local = (reference or element.get("name", "")).split(":")[-1]
        field = fields.get(local)
        if field is None:  # one of several in a list whose order counts
            assert any(f.role is Role.ALTERNATIVES for f in fields.values()), local
            continue
        own.discard(local)
        target = schemas.element(local) if reference else element
        _same_type(schemas, field, target.get("type"), target.find(XS + "simpleType"))
        # Only elements of complex type can be substituted here.
        assert field.reference == (bool(reference) and not isinstance(field.content, Datatype))
        assert field.many == (element.get("maxOccurs", "1") != "1") or field.name in (
            "XPath",  # repeated by the choice or sequence around them
            "SPKISexp",
        )
    for attribute in node.iter(XS + "attribute"):
        field = fields[attribute.get("name", "")]
        own.discard(field.name)
        assert field.role is Role.ATTRIBUTE
        assert (field.minimum == 1) == (attribute.get("use") == "required")
        _same_type(schemas, field, attribute.get("type"), None)
    for extension in node.findall(f"{XS}simpleContent/{XS}extension"):
        own.discard("value")
        assert fields["value"].role is Role.CONTENT
        _same_type(schemas, fields["value"], extension.get("base"), None)
    assert own <= {"items"}


def _same_type(schemas: Schemas, field: Field, name: str | None, inline: ET.Element | None) -> None:
    facets = schemas.facets(name, inline)
    if facets is None:
        local = str(name).split(":")[-1]
        assert isinstance(field.content, Declaration)
        assert field.content.__name__ in (local, local.removesuffix("Type"))
    else:
        assert isinstance(field.content, Datatype)
        assert field.content.facets == facets


@pytest.mark.parametrize(("protocol", "namespace", "name"), TYPES)
def test_inheritance_and_abstraction_are_the_schemas(protocol, namespace, name):
    schemas = SCHEMAS[protocol]
    declared = _class(protocol, namespace, name)
    node = schemas.type(name)
    extension = node.find(f"{XS}complexContent/{XS}extension")
    base = declared.__mro__[1].__name__
    if extension is None:
        assert base == "Complex"
    else:
        local = extension.get("base", "").split(":")[-1]
        assert base in (local, local.removesuffix("Type"))
    elements = [
        e
        for x in schemas.files
        for e in x.elements.values()
        if e.get("type", "").split(":")[-1] == name and x.namespace == namespace
    ]
    abstract = node.get("abstract") == "true" or any(e.get("abstract") == "true" for e in elements)
    assert declared.declared.abstract == abstract
    for element in elements:
        assert declared.declared.element == element.get("name")
        head = element.get("substitutionGroup")
        assert declared.declared.substitutes == (head.split(":")[-1] if head else None)


@pytest.mark.parametrize("protocol", list(SCHEMAS))
def test_no_class_is_beyond_the_schemas(protocol):
    schemas = SCHEMAS[protocol]
    names = {
        (x.namespace, called) for x in schemas.files for name in x.types for called in _called(name)
    }
    extra = {
        declared.__name__
        for declared in schema_set(protocol).types()
        if (declared.declared.schema.namespace, declared.__name__) not in names
    }
    # Elements of simple type in KeyInfo and X509Data, whose order counts, need a class each.
    stand_ins = {"KeyName", "MgmtData", "X509SKI", "X509SubjectName", "X509Certificate", "X509CRL"}
    assert extra == (set() if protocol is Protocol.SAP else stand_ins)


@pytest.mark.parametrize("protocol", list(SCHEMAS))
def test_global_elements_are_the_schemas(protocol):
    schemas = SCHEMAS[protocol]
    assert {(name.local, name.namespace) for name in schema_set(protocol).global_elements} == {
        (name, x.namespace) for x in schemas.files for name in x.elements
    }


@pytest.mark.parametrize("protocol", list(SCHEMAS))
def test_fragment_names_are_all_elements_of_the_schemas(protocol):
    schemas = SCHEMAS[protocol]
    found = set()
    for xsd in schemas.files:
        qualified = xsd.root.get("elementFormDefault") == "qualified"
        for element in xsd.root.iter(XS + "element"):
            name = element.get("name")
            if name and (qualified or name in xsd.elements):
                found.add((name, xsd.namespace))
            elif name:
                found.add((name, ""))
    assert {tuple(name) for name in schema_set(protocol).fragment_elements} == found
