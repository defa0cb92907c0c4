"""What authorities publish for everyone: their revocation lists and their certificates."""

import asyncio

from fastapi import APIRouter, Request, Response

from pki.api import caching, described, forms
from pki.api.callers import FromHouse
from pki.authority.entries import PublishedCrl
from pki.errors import NotFound
from pki.house import House


async def _crl(request: Request, issuer: str, house: FromHouse) -> Response:
    """The authority's current revocation list, DER."""
    key_id = forms.key_id(issuer)
    loop = asyncio.get_running_loop()
    crl = await loop.run_in_executor(house.status_threads, _current, house, key_id)
    return caching.respond(
        request,
        crl.der,
        media_type="application/pkix-crl",
        now=house.clock.now(),
        this_update=crl.this_update,
        next_update=crl.next_update,
    )


def _current(house: House, key_id: str) -> PublishedCrl:
    issuer = house.authority.authority(key_id)
    if not house.stores.keys.holds(key_id):
        raise NotFound("the key of this authority is kept elsewhere, and so is its list")
    return house.publisher.current(issuer, now=house.clock.now())


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
    routes.add_api_route(
        "/crl/{issuer}.crl",
        _crl,
        methods=["GET"],
        operation_id="fetchRevocationList",
        **described.octets("application/pkix-crl", "A CRL (RFC 5280), DER"),
    )
    routes.add_api_route(
        "/ca/{issuer}.cer",
        _certificate,
        methods=["GET"],
        operation_id="fetchAuthority",
        **described.octets("application/pkix-cert", "A certificate (RFC 5280), DER"),
    )
    return routes
