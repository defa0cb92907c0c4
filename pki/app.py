"""The pki house as an ASGI application."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from traceback import format_exception

import structlog
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from certs.errors import Malformed, Refused
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
    upkeep = _upkeep(house)
    for each in upkeep[:2]:
        await _attempt(each)  # before the doors open: what is stale, and what others revoked
    rounds = [asyncio.create_task(_keep(each)) for each in upkeep]
    try:
        yield
    finally:
        for task in rounds:
            task.cancel()
        await asyncio.gather(*rounds, return_exceptions=True)
        house.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Upkeep:
    """Something that is done again and again while the doors are open.

    ``work`` says whether there may be more of it at once; else the next round has time.
    """

    name: str
    work: Callable[[], bool]
    threads: ThreadPoolExecutor
    seconds: float


def _upkeep(house: House) -> tuple[_Upkeep, ...]:
    return (
        _Upkeep(
            name="maintenance",
            work=partial(_maintain, house),
            threads=house.authority_threads,
            seconds=house.settings.maintenance_interval_seconds,
        ),
        _Upkeep(
            name="renewal",
            work=partial(_renew, house),
            threads=house.status_threads,
            seconds=RENEWAL_SECONDS,
        ),
        _Upkeep(
            name="presigning",
            work=partial(_sign_ahead, house),
            threads=house.status_threads,
            seconds=RENEWAL_SECONDS,
        ),
    )


def _maintain(house: House) -> bool:
    for key_id in house.maintain():
        _log.info("key.destroyed", key_id=key_id, why="an OCSP signer that was succeeded")
    return False


def _renew(house: House) -> bool:
    house.renew_answers()
    return False


def _sign_ahead(house: House) -> bool:
    return house.presigner.sign() > 0 or house.presigner.enrol() > 0


async def _keep(upkeep: _Upkeep) -> None:
    while True:
        await asyncio.sleep(upkeep.seconds)
        while await _attempt(upkeep):
            pass  # a batch at a time, so that the doors can close in between


async def _attempt(upkeep: _Upkeep) -> bool:
    """One round, and whether there is more; what cannot be done now is left to the next."""
    loop = asyncio.get_running_loop()
    try:
        return await loop.run_in_executor(upkeep.threads, upkeep.work)
    except (PkiError, Refused, Malformed) as bad:
        _log.warning(f"{upkeep.name}.failed", code=bad.code)
    except Exception as bad:  # noqa: BLE001 - upkeep outlives a bug of ours, which is told
        # As text: renderers of tracebacks may show local variables, and keys are among them.
        _log.error(
            f"{upkeep.name}.failed", code="internal", traceback="".join(format_exception(bad))
        )
    return False
