"""Answers in JSON."""

import msgspec
from fastapi import Response
from starlette.types import Scope, Send

_ENCODER = msgspec.json.Encoder()

# An extension of ASGI, where the server has it: scope, head and body in, whether they were written.
_WHOLE_ANSWER = "plugward.whole_answer"
_HEADERS = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))
_HEAD = b"HTTP/1.1 200 OK\r\n%b\r\ncontent-length: %%d\r\n" % b"\r\n".join(
    [b"%b: %b" % header for header in _HEADERS]
)


def json_answer(document: object, *, status: int = 200) -> Response:
    """A document as an HTTP answer that nobody on the way keeps."""
    return raw_answer(_ENCODER.encode(document), status=status)


def raw_answer(octets: bytes, *, status: int = 200) -> Response:
    """JSON octets as an HTTP answer that nobody on the way keeps."""
    return Response(
        octets,
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def whole(scope: Scope, send: Send, octets: bytes) -> None:
    """Answers 200 with JSON octets, without Starlette and, where the server can, in one write."""
    write = scope.get("extensions", {}).get(_WHOLE_ANSWER)
    if write is not None and write(scope, _HEAD % len(octets), octets):
        return
    length = (b"content-length", str(len(octets)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS, length]})
    await send({"type": "http.response.body", "body": octets})


def no_content() -> Response:
    """204."""
    return Response(status_code=204, headers={"Cache-Control": "no-store"})
