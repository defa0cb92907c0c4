"""OpenAPI's words for bodies that msgspec reads and writes."""

from typing import Any

import msgspec
from fastapi import Response

from pki.api.problems import MEDIA_TYPE, Problem


def body(form: type[msgspec.Struct]) -> dict[str, Any]:
    """The body a route takes, as JSON."""
    content = {"application/json": {"schema": schema(form)}}
    return {"requestBody": {"required": True, "content": content}}


def answers(form: type[msgspec.Struct], *, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """What a route answers: the form, or a problem."""
    return {
        status: {
            "description": (form.__doc__ or "").partition("\n")[0],
            "content": {"application/json": {"schema": schema(form)}},
        },
        **_PROBLEM,
    }


def octets(media_type: str, description: str) -> dict[str, Any]:
    """What a route answers that gives octets of a standard's form, or a problem."""
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    return {
        "response_class": Response,  # whose media type FastAPI would name beside this one
        "responses": {200: {"description": description, "content": content}, **_PROBLEM},
    }


def nothing(*, status: int = 204) -> dict[int | str, dict[str, Any]]:
    """What a route answers that has nothing to say: no body, or a problem."""
    return {status: {"description": "Done"}, **_PROBLEM}


def schema(form: type[msgspec.Struct]) -> dict[str, Any]:
    """The form's JSON Schema with nothing left to look up elsewhere."""
    (told,), components = msgspec.json.schema_components([form], ref_template="{name}")
    inlined: dict[str, Any] = _inline(told, components)
    return inlined


def _inline(told: Any, components: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON Schema is any JSON
    match told:
        case {"$ref": str(name)}:
            return _inline(components[name], components)
        case dict():
            return {key: _inline(value, components) for key, value in told.items()}
        case list():
            return [_inline(value, components) for value in told]
        case _:
            return told


_PROBLEM: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem (RFC 9457); its code is permanent",
        "content": {MEDIA_TYPE: {"schema": schema(Problem)}},
    }
}
