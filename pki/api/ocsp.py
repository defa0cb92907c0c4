"""The OCSP responder's door: RFC 6960 by POST, RFC 5019 by GET, open to everyone."""

import asyncio

from fastapi import APIRouter, Request, Response

from certs.errors import Malformed
from pki.api import bodies, caching, described, metrics
from pki.api.callers import FromHouse
from pki.house import House
from pki.ocsp.request import REQUEST_OCTETS_MAX, parse_path
from pki.ocsp.responder import Answer, refusal
from pki.ocsp.response import ResponseStatus

MEDIA_TYPE = "application/ocsp-response"


async def _answer(request: Request, house: House, octets: bytes) -> Answer:
    loop = asyncio.get_running_loop()
    answer = await loop.run_in_executor(house.status_threads, house.answer, octets)
    metrics.of(request.app).ocsp.labels(answer.status.name.lower()).inc()
    return answer


def _kept_by_nobody(answer: Answer) -> Response:
    return Response(answer.der, media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})


async def _post(request: Request, house: FromHouse) -> Response:
    """Answer an OCSP request."""
    octets = await bodies.read(request, octets_max=REQUEST_OCTETS_MAX)
    return _kept_by_nobody(await _answer(request, house, octets))


async def _get(request: Request, encoded: str, house: FromHouse) -> Response:
    """Answer an OCSP request written in the address, in base64."""
    try:
        octets = parse_path(encoded)
    except Malformed:
        metrics.of(request.app).ocsp.labels("malformed_request").inc()
        return _kept_by_nobody(refusal(ResponseStatus.MALFORMED_REQUEST))
    answer = await _answer(request, house, octets)
    if not answer.cacheable or answer.this_update is None or answer.next_update is None:
        return _kept_by_nobody(answer)
    return caching.respond(
        request,
        answer.der,
        media_type=MEDIA_TYPE,
        now=house.clock.now(),
        this_update=answer.this_update,
        next_update=answer.next_update,
    )


def router() -> APIRouter:
    """The responder's routes."""
    routes = APIRouter(tags=["status"])
    answers = described.octets(MEDIA_TYPE, "An OCSP response (RFC 6960), DER")
    # Whatever comes is answered in OCSP's own words, nothing and octets of any name among it.
    octets = {"schema": {"type": "string", "format": "binary"}}
    asked = {"application/ocsp-request": octets, "application/octet-stream": octets}
    routes.add_api_route(
        "/ocsp",
        _post,
        methods=["POST"],
        operation_id="askStatus",
        openapi_extra={"requestBody": {"required": False, "content": asked}},
        **answers,
    )
    routes.add_api_route("/ocsp/", _post, methods=["POST"], include_in_schema=False)
    routes.add_api_route(
        "/ocsp/{encoded:path}",
        _get,
        methods=["GET"],
        operation_id="askStatusByAddress",
        **answers,
    )
    return routes
