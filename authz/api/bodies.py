"""Request bodies: capped before they are read."""

import asyncio
from collections.abc import Iterable

from starlette.requests import Request
from starlette.types import Message, Receive, Scope

from authz.begun import begun
from authz.errors import UnfinishedBody, UnsupportedBody
from certs.errors import TooLarge
from certs.pem import PEM_CHARACTERS_MAX

JSON = "application/json"
BODY_SECONDS_MAX = 10.0  # a client that drips its body is let go
# A chain of 10,000 characters, each line feed two, and four times hash data of 2,400 make 20,000
# octets; the rest is room for customData.
BODY_OCTETS_MAX = 65_536
# What is managed may come with a file of certificates; each of its line feeds is two octets.
MANAGED_OCTETS_MAX = 3 * PEM_CHARACTERS_MAX


def header(scope: Scope, name: bytes) -> str:
    """A header's value, "" where it is missing; the first where there are several."""
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    for key, value in headers:
        if key == name:
            return value.decode("latin-1")
    return ""


async def read(
    scope: Scope,
    receive: Receive,
    *,
    octets_max: int = BODY_OCTETS_MAX,
    media_types: tuple[str, ...] = (JSON,),
) -> bytes:
    """A JSON body's octets: TooLarge before it is read where its length says so (H04)."""
    _check_head(scope["headers"], octets_max, media_types)
    octets, more = b"", True
    first = begun(receive())
    if first.finished:  # the whole body had come along with its head: nothing to wait for
        octets, more = _part(first.result)
    if len(octets) > octets_max:
        raise TooLarge(f"a body of more than {octets_max} octets")
    if not more:
        return octets
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            message = None if first.finished else await first
            while more:
                part, more = _part(message or await receive())
                message = None
                octets += part
                if len(octets) > octets_max:
                    raise TooLarge(f"a body of more than {octets_max} octets")
    except TimeoutError as late:
        raise UnfinishedBody(f"no whole body within {BODY_SECONDS_MAX:.0f} seconds") from late
    return octets


def _check_head(
    headers: Iterable[tuple[bytes, bytes]], octets_max: int, media_types: tuple[str, ...]
) -> None:
    """Refuses by the head alone what would not be read; the first of equal names counts."""
    told: dict[bytes, bytes] = {}
    for name, value in headers:
        told.setdefault(name, value)
    media_type = told.get(b"content-type", b"").decode("latin-1")
    if media_type not in media_types and (
        media_type.partition(";")[0].strip().lower() not in media_types
    ):
        raise UnsupportedBody(f"the body is {' or '.join(media_types)}")
    if told.get(b"content-encoding", b"identity") not in {b"", b"identity"}:
        raise UnsupportedBody("bodies are taken as they are, not compressed")
    declared = told.get(b"content-length", b"")
    if declared.isdigit() and int(declared[:20]) > octets_max:
        raise TooLarge(f"a body of more than {octets_max} octets")


async def read_managed(request: Request) -> bytes:
    """The body of a door that manages: certificate files may come with it."""
    return await read(request.scope, request.receive, octets_max=MANAGED_OCTETS_MAX)


def _part(message: Message) -> tuple[bytes, bool]:
    if message["type"] == "http.disconnect":
        raise UnfinishedBody("the client went away")
    return message.get("body", b""), message.get("more_body", False)
