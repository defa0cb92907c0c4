"""What authorities publish for everyone: their revocation lists and their certificates."""

import asyncio
from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from pki.api import caching, described, forms
from pki.api.callers import FromHouse
from pki.authority.entries import PublishedCrl
from pki.errors import NotFound
from pki.house import House


async def _crl(request: Request, issuer: str, house: FromHouse) -> Response:
    """The authority's current revocation list, DER; of one that is divided, its shard 0."""
    return await _list(request, house, issuer, 0, _complete)


async def _shard(request: Request, issuer: str, shard: str, house: FromHouse) -> Response:
    """One shard of the authority's current revocation lists, DER."""
    return await _list(request, house, issuer, forms.shard(shard), _complete)


async def _delta(request: Request, issuer: str, house: FromHouse) -> Response:
    """What the authority's current revocation list adds to its earlier ones, DER."""
    return await _list(request, house, issuer, 0, _change)


async def _shard_delta(request: Request, issuer: str, shard: str, house: FromHouse) -> Response:
    """What one shard's current revocation list adds to its earlier ones, DER."""
    return await _list(request, house, issuer, forms.shard(shard), _change)


async def _list(
    request: Request,
    house: House,
    issuer: str,
    shard: int,
    form: Callable[[PublishedCrl], bytes],
) -> Response:
    key_id = forms.key_id(issuer)
    loop = asyncio.get_running_loop()
    crl = await loop.run_in_executor(house.status_threads, _current, house, key_id, shard)
    return caching.respond(
        request,
        form(crl),
        media_type="application/pkix-crl",
        now=house.clock.now(),
        this_update=crl.this_update,
        next_update=crl.next_update,
        tag=f"{crl.number:x}",  # a number is given to one list and its delta, which is elsewhere
    )


def _current(house: House, key_id: str, shard: int) -> PublishedCrl:
    issuer = house.authority.authority(key_id)
    if not house.stores.keys.holds(key_id):
        raise NotFound("the key of this authority is kept elsewhere, and so is its list")
    if shard >= issuer.crl_shards:
        raise NotFound("this authority's revocations are not split so far")
    return house.publisher.current(issuer, shard, now=house.clock.now())


def _complete(crl: PublishedCrl) -> bytes:
    return crl.der


def _change(crl: PublishedCrl) -> bytes:
    if crl.delta is None:
        raise NotFound("delta lists are not published here")
    return crl.delta


async def _certificate(request: Request, issuer: str, house: FromHouse) -> Response:
    """The authority's certificate, DER."""
    certificate = house.authority.authority(forms.key_id(issuer)).certificate
    return caching.respond(
        request,
        certificate.der,
        media_type="application/pkix-cert",
        now=certificate.not_before,
        this_update=certificate.not_before,
        next_update=certificate.not_after,
    )


def router() -> APIRouter:
    """The publications' routes."""
    routes = APIRouter(tags=["status"])
    crl = described.octets("application/pkix-crl", "A CRL (RFC 5280), DER")
    certificate = described.octets("application/pkix-cert", "A certificate (RFC 5280), DER")
    # Deltas first: their addresses end like the others.
    for path, answer, operation, answers in (
        ("/crl/{issuer}.delta.crl", _delta, "fetchRevocationListDelta", crl),
        ("/crl/{issuer}/{shard}.delta.crl", _shard_delta, "fetchRevocationListShardDelta", crl),
        ("/crl/{issuer}.crl", _crl, "fetchRevocationList", crl),
        ("/crl/{issuer}/{shard}.crl", _shard, "fetchRevocationListShard", crl),
        ("/ca/{issuer}.cer", _certificate, "fetchAuthority", certificate),
    ):
        routes.add_api_route(path, answer, methods=["GET"], operation_id=operation, **answers)
        routes.add_api_route(path, answer, methods=["HEAD"], include_in_schema=False)
    return routes
