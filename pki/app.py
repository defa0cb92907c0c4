"""The pki house as an ASGI application."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import structlog
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from pki.api import (
    approvals,
    authority,
    batches,
    health,
    metrics,
    ocsp,
    problems,
    publications,
    requesters,
    succession,
)
from pki.api.ocsp_memory import FromMemory
from pki.api.ocsp_protocol import OcspProtocol
from pki.errors import PkiError
from pki.house import House, assemble
from pki.settings import Settings

_log = structlog.get_logger("pki")

RENEWAL_SECONDS = 1.0  # so long another process's revocation may stay unheard


class _Doors(FastAPI):
    """FastAPI with the OCSP door's front before all of it, which alone costs twice the answer."""

    front: FromMemory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.front(scope, receive, send)

    async def behind(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().__call__(scope, receive, send)


def system_clock() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


def create_app(settings: Settings, *, clock: Callable[[], datetime] = system_clock) -> FastAPI:
    """The application over a house of its own, which it closes when it shuts down.

    Raises as assemble() does.
    """
    return open_doors(assemble(settings, clock=clock))


def open_doors(house: House) -> FastAPI:
    """The application over a house that is there; maintained and closed by its lifespan."""
    app = _Doors(
        title="Plugward PKI",
        summary="Issues, revokes and publishes the certificates of a V2G PKI",
        openapi_url="/openapi.json",
        docs_url=None,  # those pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # nothing here sends a client to another address
        lifespan=_lifespan,
    )
    app.state.house = house
    app.state.metrics = metrics.Metrics()
    app.state.http_front = OcspProtocol  # for whoever serves it with uvicorn
    app.front = FromMemory(app.behind, house=house, counted=app.state.metrics.ocsp)
    problems.install(app)
    for room in (authority, batches, succession, requesters, approvals, ocsp, publications, health):
        app.include_router(room.router())
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    house: House = app.state.house
    await _round(house)
    await _hear(house)
    rounds = [
        asyncio.create_task(_keep_house(house)),
        asyncio.create_task(_keep_answers(house)),
        asyncio.create_task(_sign_ahead(house)),
    ]
    try:
        yield
    finally:
        for task in rounds:
            task.cancel()
        await asyncio.gather(*rounds, return_exceptions=True)
        house.close()


async def _keep_house(house: House) -> None:
    while True:
        await asyncio.sleep(house.settings.maintenance_interval_seconds)
        await _round(house)


async def _keep_answers(house: House) -> None:
    while True:
        await asyncio.sleep(RENEWAL_SECONDS)
        await _hear(house)


async def _hear(house: House) -> None:
    loop = asyncio.get_running_loop()
    try:
        await loop.run_in_executor(house.status_threads, house.renew_answers)
    except PkiError as bad:
        _log.warning("renewal.failed", code=bad.code)


async def _sign_ahead(house: House) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(RENEWAL_SECONDS)
        try:
            taken = await loop.run_in_executor(house.status_threads, house.presigner.enrol)
            signed = await loop.run_in_executor(house.status_threads, house.presigner.sign)
            while taken or signed:
                signed = await loop.run_in_executor(house.status_threads, house.presigner.sign)
                taken = 0
        except PkiError as bad:
            _log.warning("presigning.failed", code=bad.code)


async def _round(house: House) -> None:
    """One round; what cannot be done now is tried again in the next."""
    loop = asyncio.get_running_loop()
    try:
        await loop.run_in_executor(house.authority_threads, house.maintain)
    except PkiError as bad:
        _log.warning("maintenance.failed", code=bad.code)
