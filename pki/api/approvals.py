"""The door to requests for authorities and their ends, and to the votes on them."""

from datetime import datetime
from typing import Annotated

import msgspec
import structlog
from fastapi import APIRouter, Request, Response

from certs.edition import Edition
from certs.keys import KeyKind
from certs.profiles.rules import Role
from pki.api import bodies, described, forms
from pki.api.answering import at_work, json_answer
from pki.api.callers import FromCaller, FromHouse
from pki.authority.approval import Approval, Terms, Verdict
from pki.authority.revocation import WORDS, parse_reason
from pki.errors import NotFound

_log = structlog.get_logger("pki")
_NUMBER_CHARACTERS = 16
_HEX = frozenset("0123456789abcdef")
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class WantedForm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An authority asked for; its key is made here. ``key_kind`` left out is P-256 or P-521."""

    role: Role
    edition: Edition
    common_name: _Name
    organization: _Name | None = None
    country: _Name | None = None
    key_kind: KeyKind | None = None

    def terms(self) -> Terms:
        usual = KeyKind.P256 if self.edition is Edition.ISO_2 else KeyKind.P521
        return Terms(
            role=self.role,
            edition=self.edition,
            common_name=self.common_name,
            organization=self.organization,
            country=self.country,
            key_kind=self.key_kind or usual,
        )


class EndForm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An authority's end asked for, by issuer, serial and an RFC 5280 word."""

    issuer_key_id: Annotated[str, msgspec.Meta(max_length=64)]
    serial: Annotated[str, msgspec.Meta(max_length=64)]
    reason: Annotated[str, msgspec.Meta(max_length=64)] = "unspecified"


class VoteForm(msgspec.Struct, kw_only=True):
    """One approver's word, by the public part of the API key."""

    voter: str
    verdict: str
    at: datetime


class ApprovalForm(msgspec.Struct, kw_only=True):
    """A request and how far it has come; ``certificate`` is what came of it, or was revoked."""

    number: str
    undertaking: str
    role: Role
    common_name: str | None
    reason: str | None
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    needed: int
    panel: list[str]
    progress: str
    votes: list[VoteForm]
    key_id: str | None
    issuer_key_id: str | None
    serial: str | None

    @classmethod
    def of(cls, approval: Approval) -> "ApprovalForm":
        wanted, place = approval.wanted, approval.outcome
        common_name = reason = None
        if isinstance(wanted, Terms):
            common_name = wanted.common_name
        else:
            reason, place = WORDS[wanted.reason], (wanted.issuer, wanted.serial)
        return cls(
            number=approval.number,
            undertaking=approval.undertaking.value,
            role=wanted.role,
            common_name=common_name,
            reason=reason,
            requested_by=approval.requested_by,
            requested_at=approval.requested_at,
            expires_at=approval.expires_at,
            needed=approval.needed,
            panel=sorted(approval.panel),
            progress=approval.progress.value,
            votes=[
                VoteForm(voter=vote.voter, verdict=vote.verdict.value, at=vote.at)
                for vote in approval.votes
            ],
            key_id=approval.key_id,
            issuer_key_id=None if place is None else place[0],
            serial=None if place is None else f"{place[1]:x}",
        )


class ApprovalsForm(msgspec.Struct, kw_only=True):
    """This tenant's newest requests."""

    approvals: list[ApprovalForm]


async def _request(request: Request, house: FromHouse, caller: FromCaller) -> Response:
    """Ask for an authority; nothing is signed before others have approved."""
    form = await bodies.read_json(request, WantedForm)
    approval = await at_work(house, lambda: house.council.request(form.terms(), caller=caller))
    _log.info("approval.requested", number=approval.number)
    return json_answer(ApprovalForm.of(approval), 201)


async def _request_end(request: Request, house: FromHouse, caller: FromCaller) -> Response:
    """Ask for an authority's end."""
    form = await bodies.read_json(request, EndForm)
    issuer, serial = forms.key_id(form.issuer_key_id), forms.serial(form.serial)
    reason = parse_reason(form.reason)
    approval = await at_work(
        house,
        lambda: house.council.request_revocation(issuer, serial, reason, caller=caller),
    )
    _log.info("approval.requested", number=approval.number)
    return json_answer(ApprovalForm.of(approval), 201)


async def _listed(house: FromHouse, caller: FromCaller) -> Response:
    """List this tenant's newest requests."""
    found = await at_work(house, lambda: house.council.listed(caller=caller))
    return json_answer(ApprovalsForm(approvals=[ApprovalForm.of(each) for each in found]))


async def _find(number: str, house: FromHouse, caller: FromCaller) -> Response:
    """Look a request up."""
    named = _number(number)
    found = await at_work(house, lambda: house.council.find(named, caller=caller))
    return json_answer(ApprovalForm.of(found))


async def _approve(number: str, house: FromHouse, caller: FromCaller) -> Response:
    """Approve a request; the last approval that is needed has it carried out."""
    return await _vote(number, Verdict.APPROVE, house, caller)


async def _reject(number: str, house: FromHouse, caller: FromCaller) -> Response:
    """Reject a request, for good."""
    return await _vote(number, Verdict.REJECT, house, caller)


async def _vote(number: str, verdict: Verdict, house: FromHouse, caller: FromCaller) -> Response:
    named = _number(number)
    approval = await at_work(house, lambda: house.council.vote(named, verdict, caller=caller))
    _log.info("approval.voted", number=named, progress=approval.progress.value)
    return json_answer(ApprovalForm.of(approval))


def _number(text: str) -> str:
    if len(text) != _NUMBER_CHARACTERS or not set(text) <= _HEX:
        raise NotFound("no request of this number")
    return text


def router() -> APIRouter:
    """The routes of approvals."""
    routes = APIRouter(tags=["approvals"])
    one = described.answers(ApprovalForm)
    made = described.answers(ApprovalForm, status=201)
    routes.add_api_route(
        # Beside approvals and not below: there an approval's number stands.
        "/v1/requests/authorities",
        _request,
        methods=["POST"],
        status_code=201,
        operation_id="requestAuthority",
        openapi_extra=described.body(WantedForm),
        responses=made,
    )
    routes.add_api_route(
        "/v1/requests/revocations",
        _request_end,
        methods=["POST"],
        status_code=201,
        operation_id="requestAuthorityRevocation",
        openapi_extra=described.body(EndForm),
        responses=made,
    )
    routes.add_api_route(
        "/v1/approvals",
        _listed,
        methods=["GET"],
        operation_id="listApprovals",
        responses=described.answers(ApprovalsForm),
    )
    routes.add_api_route(
        "/v1/approvals/{number}", _find, methods=["GET"], operation_id="findApproval", responses=one
    )
    routes.add_api_route(
        "/v1/approvals/{number}/approve",
        _approve,
        methods=["POST"],
        operation_id="approve",
        responses=one,
    )
    routes.add_api_route(
        "/v1/approvals/{number}/reject",
        _reject,
        methods=["POST"],
        operation_id="reject",
        responses=one,
    )
    return routes
