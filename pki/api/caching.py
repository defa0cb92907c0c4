"""What HTTP caches are told about signed answers that hold until a moment."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

# Caches ask again well before nextUpdate, so that a revocation is heard of; an entity tag makes
# that cheap (RFC 5019 6.2 leaves the age to us, below nextUpdate).
KEPT_SECONDS_MAX = 300

# Larger bodies are handed over in pieces, each once the client took the one before: a server's
# write buffer would else hold the rest of megabytes for every slow client.
_PIECE_OCTETS = 256 * 1024


def respond(
    request: Request,
    body: bytes,
    *,
    media_type: str,
    now: datetime,
    this_update: datetime,
    next_update: datetime,
    tag: str | None = None,
) -> Response:
    """The body with its validators, or 304 where the client has it already (RFC 9110 13.1.2).

    ``tag`` names these octets and no others; without it their digest does. To HEAD the headers
    are answered. A Range is ignored, as RFC 9110 14.2 allows (H08), and so is If-Modified-Since:
    two lists may be of one second.
    """
    age = max(0, min(KEPT_SECONDS_MAX, int((next_update - now).total_seconds())))
    headers = validators(body, age=age, this_update=this_update, next_update=next_update, tag=tag)
    known = {entry.strip().removeprefix("W/") for entry in _if_none_match(request).split(",")}
    if headers["ETag"] in known or "*" in known:
        return Response(status_code=304, headers=headers)
    whole = {**headers, "Content-Length": str(len(body))}
    if request.method == "HEAD":
        return Response(media_type=media_type, headers=whole)
    if len(body) > _PIECE_OCTETS:
        return StreamingResponse(_pieces(body), media_type=media_type, headers=whole)
    return Response(body, media_type=media_type, headers=headers)


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(body), _PIECE_OCTETS):
        yield body[at : at + _PIECE_OCTETS]


def validators(
    body: bytes,
    *,
    age: int,
    this_update: datetime,
    next_update: datetime,
    tag: str | None = None,
) -> dict[str, str]:
    """The headers by which a cache keeps a body for ``age`` seconds and asks again."""
    return {
        "ETag": f'"{tag or sha256(body).hexdigest()}"',
        "Cache-Control": f"max-age={age}, public, no-transform, must-revalidate",
        "Last-Modified": _http_date(this_update),
        "Expires": _http_date(next_update),
    }


def _if_none_match(request: Request) -> str:
    return request.headers.get("if-none-match", "")


def _http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)
