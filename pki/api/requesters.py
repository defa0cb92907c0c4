"""The operator's door to policies, registered names and blocked keys."""

from datetime import datetime
from typing import Annotated

import msgspec
import structlog
from fastapi import APIRouter, Request, Response

from certs.edition import Edition
from certs.profiles.rules import Role
from pki.api import bodies, described, forms
from pki.api.answering import at_work, json_answer
from pki.api.callers import FromCaller, FromHouse
from pki.authority.entries import RegisteredName
from pki.authority.policy import GRANTS_MAX, PREFIXES_MAX, Policy, parse_grants, tell_grants
from pki.authority.requesters import NAMES_MAX, WHY_CHARACTERS_MAX, Announced
from pki.errors import NotFound

_log = structlog.get_logger("pki")
POLICY_OCTETS_MAX = 262_144
NAMES_OCTETS_MAX = 262_144
TENANT_CHARACTERS_MAX = 64
NUMBER_DIGITS_MAX = 18

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class GrantForm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One thing a tenant may have. ``editions`` left out are all that the role has."""

    role: Role
    prefixes: Annotated[list[_Text], msgspec.Meta(min_length=1, max_length=PREFIXES_MAX)]
    editions: Annotated[list[Edition], msgspec.Meta(min_length=1, max_length=2)] | None = None
    registered: bool = False
    key_reuse: bool = True


class SetPolicyForm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A tenant's policy to come after the version ``after``, 0 for its first."""

    after: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
    grants: Annotated[list[GrantForm], msgspec.Meta(max_length=GRANTS_MAX)]


class PolicyForm(msgspec.Struct, kw_only=True):
    """A version of a tenant's policy."""

    tenant: str
    version: int
    set_at: datetime
    set_by: str
    grants: list[GrantForm]

    @classmethod
    def of(cls, policy: Policy) -> "PolicyForm":
        return cls(
            tenant=policy.tenant,
            version=policy.version,
            set_at=policy.set_at,
            set_by=policy.set_by,
            grants=msgspec.convert(tell_grants(policy.grants), list[GrantForm]),
        )


class PolicyHistoryForm(msgspec.Struct, kw_only=True):
    """A tenant's policies: the one that counts, and those before it, the newest first."""

    current: PolicyForm
    earlier: list[PolicyForm]


class AnnounceForm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A common name to be registered; used up by its first certificate unless ``standing``."""

    role: Role
    edition: Edition
    common_name: _Text
    standing: bool = False
    expires_at: _Moment | None = None

    def announced(self) -> Announced:
        return Announced(
            role=self.role,
            edition=self.edition,
            common_name=self.common_name,
            standing=self.standing,
            expires_at=self.expires_at,
        )


class AnnouncesForm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Common names to be registered, all or none."""

    names: Annotated[list[AnnounceForm], msgspec.Meta(min_length=1, max_length=NAMES_MAX)]


class NameForm(msgspec.Struct, kw_only=True):
    """A registered common name."""

    number: int
    role: Role
    edition: Edition
    common_name: str
    standing: bool
    registered_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, name: RegisteredName) -> "NameForm":
        return cls(
            number=name.number,
            role=name.role,
            edition=name.edition,
            common_name=name.common_name,
            standing=name.standing,
            registered_at=name.registered_at,
            expires_at=name.expires_at,
            used_at=name.used_at,
            withdrawn_at=name.withdrawn_at,
        )


class NamesForm(msgspec.Struct, kw_only=True):
    """Registered names by number; ``after`` asks for the next page, null at the end."""

    names: list[NameForm]
    after: int | None


class BlockForm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Why a key is never certified again."""

    why: Annotated[str, msgspec.Meta(min_length=1, max_length=WHY_CHARACTERS_MAX)]


async def _policy(tenant: str, house: FromHouse, caller: FromCaller) -> Response:
    """Read a tenant's policy and its earlier versions."""
    asked = _tenant(tenant)
    history = await at_work(house, lambda: house.requesters.history(asked, caller=caller))
    told = [PolicyForm.of(policy) for policy in history]
    return json_answer(PolicyHistoryForm(current=told[0], earlier=told[1:]))


async def _set_policy(
    tenant: str, request: Request, house: FromHouse, caller: FromCaller
) -> Response:
    """Set a tenant's policy; the earlier version stays readable."""
    asked = _tenant(tenant)
    form = await bodies.read_json(request, SetPolicyForm, octets_max=POLICY_OCTETS_MAX)
    grants = parse_grants(msgspec.to_builtins(form.grants))
    policy = await at_work(
        house,
        lambda: house.requesters.set_policy(asked, grants, after=form.after, caller=caller),
    )
    _log.info("policy.set", tenant=asked, version=policy.version)
    return json_answer(PolicyForm.of(policy))


async def _register(request: Request, house: FromHouse, caller: FromCaller) -> Response:
    """Register common names, before their certificates are asked for."""
    form = await bodies.read_json(request, AnnouncesForm, octets_max=NAMES_OCTETS_MAX)
    announced = [each.announced() for each in form.names]
    names = await at_work(house, lambda: house.requesters.register(announced, caller=caller))
    return json_answer(NamesForm(names=[NameForm.of(name) for name in names], after=None), 201)


async def _names(house: FromHouse, caller: FromCaller, after: str = "0") -> Response:
    """List this tenant's registered names."""
    number = _number(after)
    names = await at_work(house, lambda: house.requesters.names(caller=caller, after=number))
    more = names[-1].number if len(names) == NAMES_MAX else None
    return json_answer(NamesForm(names=[NameForm.of(name) for name in names], after=more))


async def _withdraw(number: str, house: FromHouse, caller: FromCaller) -> Response:
    """Withdraw a registered name that is still open."""
    named = _number(number)
    await at_work(house, lambda: house.requesters.withdraw(named, caller=caller))
    return Response(status_code=204)


async def _block(key_id: str, request: Request, house: FromHouse, caller: FromCaller) -> Response:
    """Let a key never be certified again, whoever asks."""
    named = forms.key_id(key_id)
    form = await bodies.read_json(request, BlockForm)
    await at_work(house, lambda: house.requesters.block_key(named, why=form.why, caller=caller))
    _log.info("key.blocked", key_id=named)
    return Response(status_code=204)


def _tenant(text: str) -> str:
    if not 0 < len(text) <= TENANT_CHARACTERS_MAX or not text.isprintable():
        raise NotFound("no policy for this tenant")
    return text


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= NUMBER_DIGITS_MAX):
        raise NotFound("no open registration has this number")
    return int(text)


def router() -> APIRouter:
    """The routes of policies, registered names and blocked keys."""
    routes = APIRouter(prefix="/v1", tags=["requesters"])
    routes.add_api_route(
        "/policies/{tenant}",
        _policy,
        methods=["GET"],
        operation_id="readPolicy",
        responses=described.answers(PolicyHistoryForm),
    )
    routes.add_api_route(
        "/policies/{tenant}",
        _set_policy,
        methods=["PUT"],
        operation_id="setPolicy",
        openapi_extra=described.body(SetPolicyForm),
        responses=described.answers(PolicyForm),
    )
    routes.add_api_route(
        "/registered-names",
        _register,
        methods=["POST"],
        status_code=201,
        operation_id="registerNames",
        openapi_extra=described.body(AnnouncesForm),
        responses=described.answers(NamesForm, status=201),
    )
    routes.add_api_route(
        "/registered-names",
        _names,
        methods=["GET"],
        operation_id="listNames",
        responses=described.answers(NamesForm),
    )
    routes.add_api_route(
        "/registered-names/{number}",
        _withdraw,
        methods=["DELETE"],
        status_code=204,
        operation_id="withdrawName",
        responses=described.nothing(),
    )
    routes.add_api_route(
        "/blocked-keys/{key_id}",
        _block,
        methods=["PUT"],
        status_code=204,
        operation_id="blockKey",
        openapi_extra=described.body(BlockForm),
        responses=described.nothing(),
    )
    return routes
