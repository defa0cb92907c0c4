"""The authority's door: issue, look up, revoke."""

import structlog
from fastapi import APIRouter, Request, Response

from pki.api import bodies, described, forms
from pki.api.answering import at_work, counting, json_answer
from pki.api.callers import FromCaller, FromHouse
from pki.authority import revocation

_log = structlog.get_logger("pki")


async def _issue(request: Request, house: FromHouse, caller: FromCaller) -> Response:
    """Issue a certificate for a certification request."""
    form = await bodies.read_json(request, forms.IssueForm)
    with counting(request.app) as count:
        issued = await at_work(house, lambda: house.authority.issue(form.request(), caller=caller))
        count(issued)
    _log.info("certificate.issued", issuer=issued.issuer, profile=issued.profile)
    return json_answer(forms.IssuedForm.of(issued), 201)


async def _find(issuer: str, serial: str, house: FromHouse, caller: FromCaller) -> Response:
    """Look up a certificate of this tenant's."""
    key_id, number = forms.key_id(issuer), forms.serial(serial)
    entry = await at_work(house, lambda: house.authority.find(key_id, number, caller=caller))
    related = await at_work(house, lambda: house.succession.relatives(entry, caller=caller))
    return json_answer(forms.EntryForm.of(entry, related))


async def _revoke(
    issuer: str, serial: str, request: Request, house: FromHouse, caller: FromCaller
) -> Response:
    """Revoke a certificate; asking again answers the revocation that stands."""
    key_id, number = forms.key_id(issuer), forms.serial(serial)
    form = await bodies.read_json(request, forms.RevokeForm)
    reason = revocation.parse_reason(form.reason)
    standing = await at_work(
        house, lambda: house.authority.revoke(key_id, number, reason, caller=caller)
    )
    _log.info("certificate.revoked", issuer=key_id, reason=form.reason)
    return json_answer(forms.RevocationForm.of(standing))


def router() -> APIRouter:
    """The authority's routes."""
    routes = APIRouter(prefix="/v1/certificates", tags=["authority"])
    routes.add_api_route(
        "",
        _issue,
        methods=["POST"],
        status_code=201,
        operation_id="issueCertificate",
        openapi_extra=described.body(forms.IssueForm),
        responses=described.answers(forms.IssuedForm, status=201),
    )
    routes.add_api_route(
        "/{issuer}/{serial}",
        _find,
        methods=["GET"],
        operation_id="findCertificate",
        responses=described.answers(forms.EntryForm),
    )
    routes.add_api_route(
        "/{issuer}/{serial}/revoke",
        _revoke,
        methods=["POST"],
        operation_id="revokeCertificate",
        openapi_extra=described.body(forms.RevokeForm),
        responses=described.answers(forms.RevocationForm),
    )
    return routes
