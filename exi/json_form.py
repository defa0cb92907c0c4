"""Messages as JSON and back, without loss, in the form that ISO 15118 engineers know.

``{"V2G_Message": {"Header": {"SessionID": "82DBA3A44ED6E5B9"}, "Body": {"SessionStopReq": ...}}}``:
elements and attributes are keys by their names, what is absent has no key, repeated elements are
lists. hexBinary is upper-case hex, base64Binary is base64, numbers and booleans are JSON's,
enumerations their text, the text of simple content is "value". An element that stands for another
(AC_EVSEStatus for EVSEStatus) has its own name. KeyInfo's and X509Data's children, of which the
order counts, are a list "items" of objects with one key each.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import TypeAlias

from exi.datatypes import Binary, Boolean, Datatype, Encoding, Enumeration, Integer, Simple
from exi.declaration import Complex, Declaration, Field, Role
from exi.errors import Malformed, NotEncodable
from exi.protocol import Protocol, schema_set
from exi.schema_set import Fragment, SchemaSet

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json]"


def to_json(message: Complex) -> dict[str, Json]:
    """A message under its element's name; the element may be wrong, encode tells."""
    declared = type(message).declared
    return {declared.element or type(message).__name__: _object(message)}


def fragment_to_json(fragment: Fragment, protocol: Protocol) -> dict[str, Json]:
    """A signed element under its name."""
    element = fragment.element
    if isinstance(element, Complex):
        return {fragment.name: _object(element)}
    datatype = _simple_type(schema_set(protocol), fragment.name)
    return {fragment.name: _value(datatype, element)}


def from_json(document: object, protocol: Protocol) -> Complex:
    """The message of a JSON object with one key; raises Malformed (without bit offset)."""
    schemas = schema_set(protocol)
    name, content = _only(document, ())
    for declared in schemas.messages.values():
        if declared.declared.element == name:
            return _element(schemas, declared, content, (name,))
    raise _malformed(f"{name} is no message of {protocol.name}", ())


def fragment_from_json(document: object, protocol: Protocol) -> Fragment:
    """The signed element of a JSON object with one key; raises Malformed (without bit offset).

    Where a name has several types (eMAID), an object means the one with attributes.
    """
    schemas = schema_set(protocol)
    name, content = _only(document, ())
    for known, types in schemas.fragment_elements.items():
        for declared in types if schemas.fragment_names[known] == name else ():
            if isinstance(declared, Datatype) != isinstance(content, Mapping):
                return Fragment(name, _parsed(schemas, declared, content, (name,)))
    raise _malformed(f"{name} is no element of {protocol.name} in this form", ())


def _object(element: Complex) -> dict[str, Json]:
    written: dict[str, Json] = {}
    for field in type(element).fields:
        value = getattr(element, field.name)
        if value is None or value == ():
            continue
        if field.role is Role.ALTERNATIVES:
            written[field.name] = [{_name_of(item): _written(field, item)} for item in value]
            continue
        name = field.name
        if field.reference:
            name = _name_of(value[0] if field.many else value)
        written[name] = (
            [_written(field, item) for item in value] if field.many else _written(field, value)
        )
    return written


def _name_of(element: object) -> str:
    if not isinstance(element, Complex):
        raise NotEncodable("exi.type_wrong", f"{element!r} is no element")
    return type(element).declared.element or type(element).__name__


def _written(field: Field, value: "Complex | Simple") -> Json:
    if isinstance(value, Complex):
        return _object(value)
    if not isinstance(field.content, Datatype):
        raise NotEncodable("exi.type_wrong", f"{value!r} is no element", path=(field.name,))
    return _value(field.content, value)


def _value(datatype: Datatype, value: Simple) -> Json:
    if isinstance(value, bytes):
        if isinstance(datatype, Binary) and datatype.encoding is Encoding.HEX:
            return value.hex().upper()
        return b64encode(value).decode("ascii")
    return str(value) if isinstance(value, str) else value


def _simple_type(schemas: SchemaSet, name: str) -> Datatype:
    for known, types in schemas.fragment_elements.items():
        for declared in types if schemas.fragment_names[known] == name else ():
            if isinstance(declared, Datatype):
                return declared
    raise NotEncodable("exi.fragment_name", f"{name} is no element of simple type")


def _malformed(detail: str, path: tuple[str, ...]) -> Malformed:
    return Malformed("exi.json", detail, bit_offset=-1, path=path)


def _only(document: object, path: tuple[str, ...]) -> tuple[str, object]:
    if isinstance(document, Mapping) and len(document) == 1:
        ((name, content),) = document.items()
        if isinstance(name, str):
            return name, content
    raise _malformed("an object with one key wanted", path)


def _parsed(
    schemas: SchemaSet,
    declared: type[Complex] | Datatype,
    content: object,
    path: tuple[str, ...],
) -> Complex | Simple:
    if isinstance(declared, Datatype):
        return _simple(declared, content, path)
    return _element(schemas, declared, content, path)


def _element(
    schemas: SchemaSet, declared: type[Complex], content: object, path: tuple[str, ...]
) -> Complex:
    if not isinstance(content, Mapping):
        raise _malformed("an object wanted", path)
    if declared.declared.abstract:
        raise _malformed(f"{declared.__name__} is abstract", path)
    keys = _keys(schemas, declared)
    values: dict[str, object] = {}
    for key, item in content.items():
        if key not in keys:
            raise _malformed(f"{declared.__name__} has no {key!r}", path)
        field, kind = keys[key]
        if field.name in values:
            raise _malformed(f"{key} beside another {field.name}", path)
        values[field.name] = _field(schemas, field, kind, item, (*path, key))
    try:
        return declared(**values)
    except TypeError as error:
        raise Malformed("exi.element_missing", str(error), bit_offset=-1, path=path) from None


def _keys(
    schemas: SchemaSet, declared: type[Complex]
) -> dict[object, tuple[Field, type[Complex] | Datatype | None]]:
    """What each key means: the field, and the type of its value (None: alternatives)."""
    found: dict[object, tuple[Field, type[Complex] | Datatype | None]] = {}
    for field in declared.fields:
        if field.reference:
            for member in schemas.members(field):
                found[member.name.local] = field, member.type
        elif isinstance(field.content, Datatype | Declaration):
            found[field.name] = field, field.content
        else:
            found[field.name] = field, None
    return found


def _field(
    schemas: SchemaSet,
    field: Field,
    kind: type[Complex] | Datatype | None,
    content: object,
    path: tuple[str, ...],
) -> object:
    if not field.many and kind is not None:
        return _parsed(schemas, kind, content, path)
    if not isinstance(content, list | tuple):
        raise _malformed("a list wanted", path)
    if kind is not None:
        return tuple(_parsed(schemas, kind, item, path) for item in content)
    members = {member.name.local: member.type for member in schemas.members(field)}
    items = []
    for item in content:
        name, inner = _only(item, path)
        if name not in members:
            raise _malformed(f"{name} is none of {', '.join(members)}", path)
        items.append(_element(schemas, members[name], inner, (*path, name)))
    return tuple(items)


def _simple(datatype: Datatype, content: object, path: tuple[str, ...]) -> Simple:
    value = _from_text(datatype, content, path)
    try:
        datatype.write(value)
    except NotEncodable as error:
        raise Malformed(error.code, error.detail, bit_offset=-1, path=path) from None
    if isinstance(datatype, Enumeration):
        return datatype.type(str(value))
    return value


def _from_text(datatype: Datatype, content: object, path: tuple[str, ...]) -> Simple:
    if isinstance(datatype, Boolean) and isinstance(content, bool):
        return content
    if isinstance(datatype, Integer) and isinstance(content, int) and not isinstance(content, bool):
        return content
    if isinstance(content, str):
        if isinstance(datatype, Binary):
            return _octets(datatype, content, path)
        if not isinstance(datatype, Boolean | Integer):
            return content
    raise _malformed(f"{datatype!r} wanted, this is {type(content).__name__}", path)


def _octets(datatype: Binary, content: str, path: tuple[str, ...]) -> bytes:
    try:
        if datatype.encoding is Encoding.HEX:
            return bytes.fromhex(content)
        return b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise _malformed(f"no {datatype.encoding.value}", path) from None
