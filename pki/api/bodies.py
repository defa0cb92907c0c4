"""Request bodies: capped before they are read, decoded without leniency."""

import asyncio
import json
from typing import NoReturn, TypeVar

import msgspec
from fastapi import Request

from certs.errors import Malformed, TooLarge

BODY_SECONDS_MAX = 10.0  # a client that drips its body is let go
JSON_OCTETS_MAX = 16_384  # a certification request in PEM and a few names

T = TypeVar("T")


class MalformedBody(Malformed):
    """A body that is not JSON, or JSON that two readers would read differently."""

    code = "malformed.body"


class InvalidBody(Malformed):
    """JSON that lacks a field, has one too many, or one of another type."""

    code = "malformed.body_fields"


class UnsupportedBody(Malformed):
    """A body in a form or a compression that is not taken here."""

    code = "malformed.body_form"


class UnfinishedBody(Malformed):
    """A body that did not arrive in time."""

    code = "malformed.body_unfinished"


async def read(request: Request, *, octets_max: int) -> bytes:
    """The body; TooLarge before it is read where its length says so, else as soon as it shows."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedBody("bodies are taken as they are, not compressed")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > octets_max:
        raise TooLarge(f"a body of more than {octets_max} octets")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            async for chunk in request.stream():
                body += chunk
                if len(body) > octets_max:
                    raise TooLarge(f"a body of more than {octets_max} octets")
    except TimeoutError as bad:
        raise UnfinishedBody(f"no whole body within {BODY_SECONDS_MAX:.0f} seconds") from bad
    return bytes(body)


async def read_json(request: Request, form: type[T], *, octets_max: int = JSON_OCTETS_MAX) -> T:
    """The body as a form; MalformedBody, InvalidBody, TooLarge, UnsupportedBody."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise UnsupportedBody("the body is application/json")
    return decode(await read(request, octets_max=octets_max), form)


def decode(body: bytes, form: type[T]) -> T:
    """JSON octets as a form. Names that stand twice, NaN and huge numbers are refused (H05)."""
    try:
        told = json.loads(body, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as bad:
        raise MalformedBody("the body is not JSON that all readers read alike") from bad
    try:
        return msgspec.convert(told, type=form)
    except msgspec.ValidationError as bad:
        raise InvalidBody(str(bad)) from bad


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
