"""JSON octets read without leniency: what two readers would read differently is refused."""

import json
import re
from typing import NoReturn, TypeVar

import msgspec

from authz.errors import MalformedBody, MalformedQuestion

DETAIL_CHARACTERS_MAX = 200  # of what msgspec says: it repeats the name of an unknown field

T = TypeVar("T")

_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def decode(body: bytes, form: type[T]) -> T:
    """JSON octets as a form. Names that stand twice, NaN and huge numbers are refused (H05)."""
    try:
        told = json.loads(body, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as bad:
        raise MalformedBody("the body is not JSON that all readers read alike") from bad
    try:
        return msgspec.convert(told, type=form)
    except msgspec.ValidationError as bad:
        raise MalformedQuestion(str(bad)[:DETAIL_CHARACTERS_MAX]) from bad


def decode_fast(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """JSON octets as a form, in one pass; the caller compares ``members`` with what it got."""
    try:
        if not body.isascii():
            body.decode()
        return decoder.decode(body)
    except msgspec.ValidationError as bad:
        raise MalformedQuestion(str(bad)[:DETAIL_CHARACTERS_MAX]) from bad
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as bad:
        raise MalformedBody("the body is not JSON that all readers read alike") from bad


def members(octets: bytes) -> int:
    """How many members all objects in some JSON have together: the colons outside its strings.

    msgspec keeps the last of two members with one name. A form knows how many members it was
    read from, so a difference shows that one stood twice, at a tenth of the cost of a second
    parser (H05).
    """
    return _STRINGS.sub(b"", octets).count(b":")


def stands_twice(octets: bytes, *, members_read: int, colons_read: int) -> bool:
    """Whether a name stands twice in octets of which a form was read.

    ``members_read`` are the form's members, ``colons_read`` the colons in its strings. Where no
    character is written as its number, every colon of the octets is one of either, and counting
    them is enough; where the count does not come out, all strings are looked at.
    """
    if b"\\u" not in octets and octets.count(b":") == members_read + colons_read:
        return False
    return members(octets) != members_read


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
