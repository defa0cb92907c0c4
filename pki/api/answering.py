"""How the authority's doors have work done and answer it as JSON."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import msgspec
from fastapi import FastAPI, Response

from certs.errors import Refused
from pki.api import metrics
from pki.authority.service import Issued
from pki.house import House

T = TypeVar("T")


@contextmanager
def counting(app: FastAPI) -> Iterator[Callable[[Issued], None]]:
    """Counts certificates that are told of and refusals in the metrics."""
    counted = metrics.of(app)
    try:
        yield lambda issued: counted.issued.labels(issued.profile).inc()
    except Refused as refused:
        counted.count_refusal(refused.code)
        raise


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
