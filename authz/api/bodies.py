"""Request bodies: capped before they are read, decoded without leniency."""

import asyncio
import json
import re
from typing import TYPE_CHECKING, NoReturn, TypeVar

import msgspec
from starlette.requests import Request
from starlette.types import Receive, Scope

from authz.errors import MalformedBody, MalformedQuestion, UnfinishedBody, UnsupportedBody
from certs.errors import TooLarge
from certs.pem import PEM_CHARACTERS_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable

BODY_SECONDS_MAX = 10.0  # a client that drips its body is let go
# A chain of 10,000 characters, each line feed two, and four times hash data of 2,400 make 20,000
# octets; the rest is room for customData.
BODY_OCTETS_MAX = 65_536
# What is managed may come with a file of certificates; each of its line feeds is two octets.
MANAGED_OCTETS_MAX = 3 * PEM_CHARACTERS_MAX
DETAIL_CHARACTERS_MAX = 200  # of what msgspec says: it repeats the name of an unknown field

T = TypeVar("T")

_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def header(scope: Scope, name: bytes) -> str:
    """A header's value, "" where it is missing; the first where there are several."""
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    for key, value in headers:
        if key == name:
            return value.decode("latin-1")
    return ""


async def read(scope: Scope, receive: Receive, *, octets_max: int = BODY_OCTETS_MAX) -> bytes:
    """A JSON body's octets: TooLarge before it is read where its length says so (H04)."""
    media_type = header(scope, b"content-type").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise UnsupportedBody("the body is application/json")
    if header(scope, b"content-encoding") not in {"", "identity"}:
        raise UnsupportedBody("bodies are taken as they are, not compressed")
    declared = header(scope, b"content-length")
    if declared.isdecimal() and int(declared[:20]) > octets_max:
        raise TooLarge(f"a body of more than {octets_max} octets")
    octets, more = b"", True
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            while more:
                part, more = await _next(receive)
                octets += part
                if len(octets) > octets_max:
                    raise TooLarge(f"a body of more than {octets_max} octets")
    except TimeoutError as late:
        raise UnfinishedBody(f"no whole body within {BODY_SECONDS_MAX:.0f} seconds") from late
    return octets


async def read_managed(request: Request) -> bytes:
    """The body of a door that manages: certificate files may come with it."""
    return await read(request.scope, request.receive, octets_max=MANAGED_OCTETS_MAX)


async def _next(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise UnfinishedBody("the client went away")
    return message.get("body", b""), message.get("more_body", False)


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


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
