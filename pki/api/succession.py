"""The door to certificates that follow others or go beside them."""

from typing import Annotated

import msgspec
import structlog
from fastapi import APIRouter, Request, Response

from certs.edition import Edition
from certs.errors import Malformed
from certs.profiles.rules import Role
from pki.api import bodies, described, forms
from pki.api.answering import at_work, counting, json_answer
from pki.api.callers import FromCaller, FromHouse
from pki.authority.request import CSR_CHARACTERS_MAX, IssuanceRequest, parse_csr

_log = structlog.get_logger("pki")

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Csr = Annotated[str, msgspec.Meta(max_length=CSR_CHARACTERS_MAX)]
_PAIR_OCTETS_MAX = 2 * bodies.JSON_OCTETS_MAX


class RenewForm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A renewal asked for: ``csr`` is PEM and proves possession; its names are not used."""

    csr: _Csr


class PairLeafForm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One of a charger's two leaves; its common name is the request's where it is left out."""

    csr: _Csr
    common_name: _Name | None = None

    def request(self, edition: Edition, pair: "PairForm") -> IssuanceRequest:
        csr = parse_csr(self.csr)
        common_name = self.common_name or csr.common_name
        if common_name is None:
            raise Malformed(
                "neither the form nor the request names one", code="malformed.common_name"
            )
        return IssuanceRequest(
            role=Role.SECC,
            edition=edition,
            public_key=csr.public_key,
            common_name=common_name,
            organization=pair.organization or csr.organization,
            country=pair.country or csr.country,
        )


class PairForm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A charger's leaves of both editions asked for: P-256 for -2, P-521 or Ed448 for -20."""

    iso15118_2: PairLeafForm
    iso15118_20: PairLeafForm
    organization: _Name | None = None
    country: _Name | None = None


class IssuedPairForm(msgspec.Struct, kw_only=True):
    """A charger's leaves of both editions, each naming the other in the register."""

    iso15118_2: forms.IssuedForm
    iso15118_20: forms.IssuedForm


async def _renew(
    issuer: str, serial: str, request: Request, house: FromHouse, caller: FromCaller
) -> Response:
    """Renew a certificate for a new key or its own; the old one stays valid to its end."""
    key_id, number = forms.key_id(issuer), forms.serial(serial)
    form = await bodies.read_json(request, RenewForm)
    with counting(request.app) as count:
        issued = await at_work(
            house,
            lambda: house.succession.renew(
                key_id, number, parse_csr(form.csr).public_key, caller=caller
            ),
        )
        count(issued)
    _log.info("certificate.renewed", issuer=issued.issuer, profile=issued.profile)
    return json_answer(forms.IssuedForm.of(issued), 201)


async def _issue_pair(request: Request, house: FromHouse, caller: FromCaller) -> Response:
    """Issue a charger's leaves of both editions in one call."""
    form = await bodies.read_json(request, PairForm, octets_max=_PAIR_OCTETS_MAX)
    with counting(request.app) as count:
        first, second = await at_work(
            house,
            lambda: house.succession.issue_pair(
                form.iso15118_2.request(Edition.ISO_2, form),
                form.iso15118_20.request(Edition.ISO_20, form),
                caller=caller,
            ),
        )
        count(first)
        count(second)
    _log.info("certificate.pair_issued", issuers=[first.issuer, second.issuer])
    told = IssuedPairForm(
        iso15118_2=forms.IssuedForm.of(first), iso15118_20=forms.IssuedForm.of(second)
    )
    return json_answer(told, 201)


def router() -> APIRouter:
    """The routes of renewal and of pairs."""
    routes = APIRouter(prefix="/v1/certificates", tags=["authority"])
    routes.add_api_route(
        "/{issuer}/{serial}/renew",
        _renew,
        methods=["POST"],
        status_code=201,
        operation_id="renewCertificate",
        openapi_extra=described.body(RenewForm),
        responses=described.answers(forms.IssuedForm, status=201),
    )
    routes.add_api_route(
        "/secc-pair",
        _issue_pair,
        methods=["POST"],
        status_code=201,
        operation_id="issueSeccPair",
        openapi_extra=described.body(PairForm),
        responses=described.answers(IssuedPairForm, status=201),
    )
    return routes
