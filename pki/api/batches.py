"""The door to many certificates in one call, each refusal in its place."""

from typing import Annotated

import msgspec
import structlog
from fastapi import APIRouter, Request, Response

from certs.errors import Malformed, Refused
from pki.api import bodies, described, forms, metrics
from pki.api.answering import at_work, json_answer
from pki.api.callers import FromCaller, FromHouse
from pki.authority.bulk import BATCH_MAX
from pki.authority.request import IssuanceRequest
from pki.authority.service import Issued
from pki.callers import Caller
from pki.house import House

_log = structlog.get_logger("pki")
BATCH_OCTETS_MAX = 4 * 1024 * 1024  # a thousand P-521 requests in PEM have 1.2 MiB


class BatchForm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Certificates asked for together."""

    requests: Annotated[list[forms.IssueForm], msgspec.Meta(min_length=1, max_length=BATCH_MAX)]


class RefusedForm(msgspec.Struct, kw_only=True):
    """Why one request was not fulfilled; the code is permanent."""

    code: str
    detail: str


class OutcomeForm(msgspec.Struct, kw_only=True):
    """What came of one request: a certificate, or a refusal."""

    issued: forms.IssuedForm | None = None
    refused: RefusedForm | None = None


class OutcomesForm(msgspec.Struct, kw_only=True):
    """What came of each request, in their order."""

    outcomes: list[OutcomeForm]


async def _issue_batch(request: Request, house: FromHouse, caller: FromCaller) -> Response:
    """Issue many certificates with two transactions; asked again, those that stand are given."""
    form = await bodies.read_json(request, BatchForm, octets_max=BATCH_OCTETS_MAX)
    outcomes = await at_work(house, lambda: _outcomes(form, house, caller))
    counted = metrics.of(request.app)
    for outcome in outcomes:
        if isinstance(outcome, Issued):
            counted.issued.labels(outcome.profile).inc()
        elif isinstance(outcome, Refused):
            counted.count_refusal(outcome.code)
    told = [_told(outcome) for outcome in outcomes]
    done = sum(each.issued is not None for each in told)
    _log.info("batch.issued", issued=done, refused=len(told) - done)
    return json_answer(OutcomesForm(outcomes=told))


def _outcomes(form: BatchForm, house: House, caller: Caller) -> list[Issued | Refused | Malformed]:
    read = [_read(each) for each in form.requests]
    asked = [each for each in read if isinstance(each, IssuanceRequest)]
    answered = iter(house.authority.issue_batch(asked, caller=caller) if asked else ())
    return [each if isinstance(each, Malformed) else next(answered) for each in read]


def _read(form: forms.IssueForm) -> IssuanceRequest | Malformed:
    try:
        return form.request()
    except Malformed as bad:
        return bad


def _told(outcome: Issued | Refused | Malformed) -> OutcomeForm:
    if isinstance(outcome, Issued):
        return OutcomeForm(issued=forms.IssuedForm.of(outcome))
    return OutcomeForm(refused=RefusedForm(code=outcome.code, detail=outcome.detail))


def router() -> APIRouter:
    """The route of batches."""
    routes = APIRouter(prefix="/v1/certificates", tags=["authority"])
    routes.add_api_route(
        "/batch",
        _issue_batch,
        methods=["POST"],
        operation_id="issueBatch",
        openapi_extra=described.body(BatchForm),
        responses=described.answers(OutcomesForm),
    )
    return routes
