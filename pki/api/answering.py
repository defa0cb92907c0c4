"""How the authority's doors have work done and answer it as JSON."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import msgspec
from fastapi import Response

from pki.house import House

T = TypeVar("T")


async def at_work(house: House, work: Callable[[], T]) -> T:
    """What a piece of work in one of the authority's threads returns or raises."""
    return await asyncio.get_running_loop().run_in_executor(house.authority_threads, work)


def json_answer(form: msgspec.Struct, status: int = 200) -> Response:
    """A form as a response that nobody keeps."""
    return Response(
        msgspec.json.encode(form),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
