"""What HTTP caches are told about signed answers that hold until a moment."""

from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256

from fastapi import Request, Response

# Caches ask again well before nextUpdate, so that a revocation is heard of; an entity tag makes
# that cheap (RFC 5019 6.2 leaves the age to us, below nextUpdate).
KEPT_SECONDS_MAX = 300


def respond(
    request: Request,
    body: bytes,
    *,
    media_type: str,
    now: datetime,
    this_update: datetime,
    next_update: datetime,
) -> Response:
    """The body with its validators, or 304 where the client has it already (RFC 9110 13.1.2)."""
    age = max(0, min(KEPT_SECONDS_MAX, int((next_update - now).total_seconds())))
    headers = validators(body, age=age, this_update=this_update, next_update=next_update)
    tag = headers["ETag"]
    known = {entry.strip().removeprefix("W/") for entry in _if_none_match(request).split(",")}
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def validators(
    body: bytes, *, age: int, this_update: datetime, next_update: datetime
) -> dict[str, str]:
    """The headers by which a cache keeps a body for ``age`` seconds and asks again."""
    return {
        "ETag": f'"{sha256(body).hexdigest()}"',
        "Cache-Control": f"max-age={age}, public, no-transform, must-revalidate",
        "Last-Modified": _http_date(this_update),
        "Expires": _http_date(next_update),
    }


def _if_none_match(request: Request) -> str:
    return request.headers.get("if-none-match", "")


def _http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)
