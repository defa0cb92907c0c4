"""/v1/stations/{identity}/certificates: what is asked of a connected station, and the record."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import FastAPI, Request, Response
from msgspec import UNSET, Meta, UnsetType

from authz.actions.commands import CertificateCommands
from authz.api import bodies
from authz.api.answers import json_answer
from authz.api.callers import Doorkeeper
from authz.callers import Scope
from authz.charging_station import parse_identity
from authz.errors import Conflict, MalformedQuestion, NotFound
from authz.ports import SigningRequests, StationCommands
from authz.signing_request import SigningRequest, SigningState
from authz.steady_clock import SteadyClock
from authz.strict_json import decode
from certs.pem import PEM_CHARACTERS_MAX

PATH = "/v1/stations/{identity}/certificates"
DELETE = "/v1/stations/{identity}/certificates/delete"
COMMANDS = "/v1/stations/{identity}/commands"
REQUESTS = "/v1/stations/{identity}/certificate-requests"
ONE_REQUEST = "/v1/stations/{identity}/certificate-requests/{number}"
SHOWN_MAX = 100
_NUMBER_DIGITS_MAX = 10

CertificateType = Literal[
    "V2GRootCertificate",
    "MORootCertificate",
    "CSMSRootCertificate",
    "ManufacturerRootCertificate",
    "OEMRootCertificate",
]
ListedType = Literal[
    "V2GRootCertificate",
    "MORootCertificate",
    "CSMSRootCertificate",
    "ManufacturerRootCertificate",
    "OEMRootCertificate",
    "V2GCertificateChain",
]
LISTED_TYPES: tuple[str, ...] = ListedType.__args__  # type: ignore[attr-defined]  # what a Literal is made of


class InstallBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A root that the station is to trust: one certificate in PEM, self-signed."""

    certificate_type: CertificateType
    certificate: Annotated[str, Meta(max_length=PEM_CHARACTERS_MAX)]


class HashDataBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """OCPP's CertificateHashDataType, as the station listed it."""

    hash_algorithm: Literal["SHA256", "SHA384", "SHA512"]
    issuer_name_hash: Annotated[str, Meta(max_length=128)]
    issuer_key_hash: Annotated[str, Meta(max_length=128)]
    serial_number: Annotated[str, Meta(max_length=40)]


class DeleteBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A certificate to delete: its hash data, or a root in PEM that the station has listed."""

    certificate_hash_data: HashDataBody | UnsetType = UNSET
    certificate: Annotated[str, Meta(max_length=PEM_CHARACTERS_MAX)] | UnsetType = UNSET


class StationAnswer(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """A station's answer, as it came."""

    status: str
    status_info: dict[str, Any] | None = None
    certificate_hash_data_chain: list[dict[str, Any]] = []
    custom_data: dict[str, Any] | None = None


class CommandDocument(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """One command of the record. ``failure`` says why there is no answer."""

    action: str
    asked_at: datetime
    asked: dict[str, Any]
    answer: dict[str, Any] | None = None
    failure: str | None = None


class CommandList(msgspec.Struct, kw_only=True):
    """A station's latest commands, newest first."""

    commands: list[CommandDocument]


class RequestDocument(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """A certificate that a station asked for. ``certificate_chain`` is there once it is signed."""

    number: int
    state: str
    attempts: int
    asked_at: datetime
    certificate_type: str | None = None
    request_id: int | None = None
    certificate_chain: str | None = None
    reason: str | None = None


class RequestList(msgspec.Struct, kw_only=True):
    """A station's latest requests, newest first."""

    requests: list[RequestDocument]


class TakenBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """OCPP's CertificateSignedResponse, told by a backend that brought the certificate itself."""

    status: Literal["Accepted", "Rejected"]


def install(
    app: FastAPI,
    doorkeeper: Doorkeeper,
    commands: CertificateCommands,
    *,
    record: StationCommands,
    requests: SigningRequests,
    clock: SteadyClock,
) -> None:
    """Opens the doors."""

    async def put_in(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        body = decode(await bodies.read_managed(request), InstallBody)
        told = await commands.install(
            caller.tenant,
            _identity(request),
            certificate_type=body.certificate_type,
            certificate=body.certificate,
        )
        return json_answer(told)

    async def listed(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        types = request.query_params.getlist("type")
        if not set(types) <= set(LISTED_TYPES) or len(types) > len(LISTED_TYPES):
            raise MalformedQuestion("a type that OCPP does not list")
        return json_answer(await commands.installed(caller.tenant, _identity(request), types=types))

    async def delete(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        body = decode(await bodies.read_managed(request), DeleteBody)
        named, certificate, identity = (
            body.certificate_hash_data,
            body.certificate,
            _identity(request),
        )
        if certificate is not UNSET and named is UNSET:
            told = await commands.delete_certificate(
                caller.tenant, identity, certificate=certificate
            )
        elif named is not UNSET and certificate is UNSET:
            told = await commands.delete(caller.tenant, identity, named=msgspec.to_builtins(named))
        else:
            raise MalformedQuestion("either certificateHashData or certificate")
        return json_answer(told)

    async def history(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        found = await record.latest(caller.tenant, _identity(request), limit=SHOWN_MAX)
        shown = [
            CommandDocument(
                action=one.action,
                asked_at=one.asked_at,
                asked=one.asked,
                answer=one.answer,
                failure=one.failure,
            )
            for one in found
        ]
        return json_answer(CommandList(commands=shown))

    async def asked_for(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.AUTHORIZE)
        found = await requests.of_station(caller.tenant, _identity(request))
        return json_answer(RequestList(requests=[_document(one) for one in found]))

    async def taken(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.AUTHORIZE)
        body = decode(await bodies.read_managed(request), TakenBody)
        number = _number(request)
        found = await requests.of_station(caller.tenant, _identity(request))
        standing = next((one for one in found if one.number == number), None)
        if standing is None:
            raise NotFound("certificate_request.not_found", "no such request of this station")
        if standing.state is not SigningState.SIGNED:
            raise Conflict("certificate_request.state", f"it is {standing.state.value}")
        accepted = body.status == "Accepted"
        moved = await requests.move(
            standing,
            SigningState.DELIVERED if accepted else SigningState.REJECTED,
            reason=None if accepted else body.status,
            chain=None,
            due_at=None,
            now=clock.moment(),
        )
        return json_answer(_document(moved))

    app.add_api_route(PATH, put_in, methods=["POST"], operation_id="installStationCertificate")
    app.add_api_route(PATH, listed, methods=["GET"], operation_id="listStationCertificates")
    app.add_api_route(DELETE, delete, methods=["POST"], operation_id="deleteStationCertificate")
    app.add_api_route(COMMANDS, history, methods=["GET"], operation_id="listStationCommands")
    app.add_api_route(REQUESTS, asked_for, methods=["GET"], operation_id="listCertificateRequests")
    app.add_api_route(ONE_REQUEST, taken, methods=["POST"], operation_id="tellCertificateTaken")


def _identity(request: Request) -> str:
    return parse_identity(request.path_params["identity"])


def _number(request: Request) -> int:
    text = request.path_params["number"]
    if not (text.isascii() and text.isdecimal() and len(text) <= _NUMBER_DIGITS_MAX):
        raise NotFound("certificate_request.not_found", "no such request of this station")
    return int(text)


def _document(request: SigningRequest) -> RequestDocument:
    return RequestDocument(
        number=request.number,
        state=request.state.value,
        attempts=request.attempts,
        asked_at=request.asked_at,
        certificate_type=request.wish.certificate_type,
        request_id=request.wish.request_id,
        certificate_chain=request.chain,
        reason=request.reason,
    )
