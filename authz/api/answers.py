"""Answers in JSON."""

import msgspec
from fastapi import Response

_ENCODER = msgspec.json.Encoder()


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


def no_content() -> Response:
    """204."""
    return Response(status_code=204, headers={"Cache-Control": "no-store"})
