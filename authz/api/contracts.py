"""/v1/contracts/{emaid}: the registry of the caller's tenant."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Request, Response
from msgspec import UNSET, Meta, UnsetType

from authz.api import bodies
from authz.api.answers import json_answer, no_content
from authz.api.callers import Doorkeeper
from authz.callers import Scope
from authz.contract import EVSES_MAX, GROUP_CHARACTERS_MAX, Contract, ContractState
from authz.errors import MalformedQuestion
from authz.registration import Kept, Registrar
from authz.relay import VEHICLE_ID_CHARACTERS_MAX, VEHICLE_IDS_MAX, canonical_vehicle_id
from authz.restriction_document import (
    RestrictionsDocument,
    from_restrictions,
    to_restrictions,
)
from authz.restrictions import UNRESTRICTED
from authz.strict_json import decode
from certs.edition import Edition
from certs.identifiers.emaid import EMAID
from certs.identifiers.evse_id import CHARACTERS_MAX as EVSE_ID_CHARACTERS_MAX
from certs.identifiers.evse_id import EVSEID
from certs.pem import PEM_CHARACTERS_MAX

PATH = "/v1/contracts/{emaid}"

_Moment = Annotated[datetime, Meta(tz=True)]
_EvseIds = Annotated[
    list[
        Annotated[
            str,
            Meta(
                max_length=EVSE_ID_CHARACTERS_MAX,
                extra_json_schema={
                    "pattern": "^[A-Za-z]{2}([A-Za-z0-9]{3}|[*][A-Za-z0-9]{3}[*])"
                    "[Ee][A-Za-z0-9][A-Za-z0-9*]{0,30}$"
                },
            ),
        ]
    ],
    Meta(max_length=EVSES_MAX),
]
_VehicleIds = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=VEHICLE_ID_CHARACTERS_MAX)]],
    Meta(max_length=VEHICLE_IDS_MAX),
]
_Group = Annotated[str, Meta(min_length=1, max_length=GROUP_CHARACTERS_MAX)]
_Chain = Annotated[str, Meta(max_length=PEM_CHARACTERS_MAX)]


class ContractBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A contract as it is put. What is left out is unbounded or empty."""

    state: ContractState = ContractState.ACTIVE
    not_before: _Moment | None = None
    not_after: _Moment | None = None
    evse_ids: _EvseIds = []
    group_id: _Group | None = None
    restrictions: RestrictionsDocument = msgspec.field(default_factory=RestrictionsDocument)
    vehicle_ids: _VehicleIds = []
    certificate_chain: _Chain | None = None


class ContractChanges(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Changes to a contract. What is left out stays; null takes a bound away."""

    state: ContractState | UnsetType = UNSET
    not_before: _Moment | UnsetType | None = UNSET
    not_after: _Moment | UnsetType | None = UNSET
    evse_ids: _EvseIds | UnsetType = UNSET
    group_id: _Group | UnsetType | None = UNSET
    restrictions: RestrictionsDocument | UnsetType = UNSET
    vehicle_ids: _VehicleIds | UnsetType = UNSET
    certificate_chain: _Chain | UnsetType = UNSET


class CertificateDocument(msgspec.Struct, kw_only=True, rename="camel"):
    """A certificate known to be a contract's."""

    fingerprint: str
    origin: str
    added_at: datetime


class ContractDocument(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """A contract as it is kept."""

    emaid: str
    state: ContractState
    evse_ids: list[str]
    certificates: list[CertificateDocument]
    not_before: datetime | None = None
    not_after: datetime | None = None
    group_id: str | None = None
    restrictions: RestrictionsDocument | None = None
    vehicle_ids: list[str] = []


def install(app: FastAPI, doorkeeper: Doorkeeper, registrar: Registrar) -> None:
    """Opens the doors."""

    async def show(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        return json_answer(_document(await registrar.show(caller, _emaid(request))))

    async def put(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        body = decode(await bodies.read_managed(request), ContractBody)
        contract = contract_of(_emaid(request), body)
        kept, created = await registrar.put(caller, contract, chain_pem=body.certificate_chain)
        return json_answer(_document(kept), status=201 if created else 200)

    async def change(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        body = decode(await bodies.read_managed(request), ContractChanges)
        chain = None if body.certificate_chain is UNSET else body.certificate_chain
        return json_answer(
            _document(
                await registrar.change(caller, _emaid(request), _change(body), chain_pem=chain)
            )
        )

    async def delete(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        await registrar.delete(caller, _emaid(request))
        return no_content()

    app.add_api_route(PATH, show, methods=["GET"], operation_id="showContract")
    app.add_api_route(PATH, put, methods=["PUT"], operation_id="putContract")
    app.add_api_route(PATH, change, methods=["PATCH"], operation_id="changeContract")
    app.add_api_route(PATH, delete, methods=["DELETE"], operation_id="deleteContract")


def contract_of(emaid: EMAID, body: ContractBody) -> Contract:
    """The contract that a body tells of; Malformed for what cannot be meant."""
    _check_term(body.not_before, body.not_after)
    return Contract(
        emaid=emaid,
        state=body.state,
        not_before=body.not_before,
        not_after=body.not_after,
        evse_ids=frozenset(map(EVSEID.parse, body.evse_ids)),
        group=body.group_id,
        restrictions=to_restrictions(body.restrictions),
        vehicle_ids=frozenset(map(canonical_vehicle_id, body.vehicle_ids)),
    )


def _emaid(request: Request) -> EMAID:
    return EMAID.parse(request.path_params["emaid"], edition=Edition.ISO_20)


def _check_term(not_before: datetime | None, not_after: datetime | None) -> None:
    if not_before is not None and not_after is not None and not_after < not_before:
        raise MalformedQuestion("notAfter is before notBefore")


def _change(body: ContractChanges) -> Callable[[Contract], Contract]:
    """What a body asks, as a function: it is applied to the contract as it stands by then."""
    given: dict[str, Any] = {}
    for name in ("state", "not_before", "not_after"):
        if getattr(body, name) is not UNSET:
            given[name] = getattr(body, name)
    if body.evse_ids is not UNSET:
        given["evse_ids"] = frozenset(map(EVSEID.parse, body.evse_ids))
    if body.group_id is not UNSET:
        given["group"] = body.group_id
    if body.restrictions is not UNSET:
        given["restrictions"] = to_restrictions(body.restrictions)
    if body.vehicle_ids is not UNSET:
        given["vehicle_ids"] = frozenset(map(canonical_vehicle_id, body.vehicle_ids))

    def change(contract: Contract) -> Contract:
        changed = replace(contract, **given)
        _check_term(changed.not_before, changed.not_after)
        return changed

    return change


def _document(kept: Kept) -> ContractDocument:
    contract = kept.contract
    return ContractDocument(
        emaid=str(contract.emaid),
        state=contract.state,
        evse_ids=sorted(str(evse_id) for evse_id in contract.evse_ids),
        certificates=[
            CertificateDocument(
                fingerprint=known.fingerprint.hex(),
                origin=known.origin.value,
                added_at=known.added_at,
            )
            for known in kept.certificates
        ],
        not_before=contract.not_before,
        not_after=contract.not_after,
        group_id=contract.group,
        vehicle_ids=sorted(contract.vehicle_ids),
        restrictions=None
        if contract.restrictions == UNRESTRICTED
        else from_restrictions(contract.restrictions),
    )
