"""Whether the house lives, is ready, and what it counts."""

import asyncio

import msgspec
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from pki.api import described, metrics
from pki.api.callers import FromHouse
from pki.errors import PkiError, Unavailable
from pki.house import House
from pki.signing.purposes import SignCrl


async def _livez() -> Response:
    """The process answers."""
    return Response('{"status":"ok"}', media_type="application/json")


async def _readyz(house: FromHouse) -> Response:
    """Database, clock, keys and lists can be relied upon; each check by itself."""
    loop = asyncio.get_running_loop()
    told = await loop.run_in_executor(house.authority_threads, check, house)
    ready = all(word == "ok" for word in told.values())
    return Response(
        msgspec.json.encode({"status": "ok" if ready else "failed", "checks": told}),
        status_code=200 if ready else 503,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def _metrics(request: Request, house: FromHouse) -> Response:
    """The counters, as Prometheus reads them."""
    loop = asyncio.get_running_loop()
    counted = metrics.of(request.app)
    text = await loop.run_in_executor(house.authority_threads, counted.exposition, house)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def check(house: House) -> dict[str, str]:
    """Every check by name: ``ok``, or the permanent code of what failed."""
    told = {}
    for name, ask in (
        ("database", _database),
        ("clock", _clock),
        ("signer", _signer),
        ("crl", _crl),
    ):
        try:
            ask(house)
        except PkiError as bad:
            told[name] = bad.code
        else:
            told[name] = "ok"
    return told


def _database(house: House) -> None:
    house.audit.last_moment()


def _clock(house: House) -> None:
    house.clock.now()


def _signer(house: House) -> None:
    for issuer in house.authority.directory.by_key_id.values():
        if house.stores.keys.holds(issuer.key_id):
            house.stores.keys.signer(issuer.key_id, SignCrl(issuer=issuer.certificate))


def _crl(house: House) -> None:
    now = house.clock.now()
    for issuer in house.authority.directory.by_key_id.values():
        if now <= issuer.certificate.not_after and house.stores.keys.holds(issuer.key_id):
            for shard in range(issuer.crl_shards):
                crl = house.publisher.standing(issuer, shard)
                if crl is None or crl.next_update < now:
                    raise Unavailable(
                        "a revocation list is missing or stale", code="unavailable.crl"
                    )


def router() -> APIRouter:
    """The health routes."""
    routes = APIRouter(tags=["health"])
    routes.add_api_route("/livez", _livez, methods=["GET"], operation_id="isAlive")
    routes.add_api_route("/readyz", _readyz, methods=["GET"], operation_id="isReady")
    routes.add_api_route(
        "/metrics",
        _metrics,
        methods=["GET"],
        operation_id="readMetrics",
        **described.octets("text/plain", "Prometheus's text form"),
    )
    return routes
