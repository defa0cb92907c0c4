"""/v1/ocpp/{version}/{action}: for backends that keep their own stations and forward messages."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any
from uuid import uuid4

import msgspec
from fastapi import FastAPI, Request, Response
from msgspec import Meta

from authz.actions.catalogue import ACTIONS
from authz.api import bodies
from authz.api.answers import json_answer, raw_answer
from authz.api.callers import Doorkeeper
from authz.api.problems import Problem, problem_of
from authz.callers import Scope
from authz.charging_station import IDENTITY_PATTERN, parse_identity
from authz.errors import MalformedQuestion, NotFound
from authz.ocpp.protocol import CallErrorCode, CallRefused, OcppVersion, Station
from authz.ocpp.schemas import MessageKind, validate
from authz.ports import Answering
from authz.strict_json import decode
from certs.errors import Malformed

PATH = "/v1/ocpp/{version}/{action}"
BATCH = "/v1/ocpp/{version}/batch"
STATION_HEADER = "OCPP-Station"
CALLS_MAX = 100
BATCH_OCTETS_MAX = 4_194_304  # a hundred messages of 40 KB
ACTION_CHARACTERS_MAX = 50

VERSIONS: Mapping[str, OcppVersion] = MappingProxyType(
    {version.value.removeprefix("ocpp"): version for version in OcppVersion}
)
# What a backend may forward: questions that need nothing but us. Everything else is between the
# backend and its stations.
FORWARDED = frozenset(
    {
        "Authorize",
        "DataTransfer",
        "Get15118EVCertificate",
        "GetCertificateChainStatus",
        "GetCertificateStatus",
        "SignCertificate",
    }
)


class ForwardedCall(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One message of a station. ``payload`` is OCPP's, as it came."""

    station: Annotated[str, Meta(pattern=IDENTITY_PATTERN)]
    action: Annotated[str, Meta(max_length=ACTION_CHARACTERS_MAX)]
    payload: dict[str, Any]


class ForwardedCalls(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Several messages at once."""

    calls: Annotated[list[ForwardedCall], Meta(min_length=1, max_length=CALLS_MAX)]


class ForwardedResult(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The answer's payload, or the problem that there is instead."""

    status: int
    payload: msgspec.Raw | None = None
    problem: Problem | None = None


class ForwardedResults(msgspec.Struct, kw_only=True):
    """A result for every message, in the order of the messages."""

    results: list[ForwardedResult]


def install(app: FastAPI, doorkeeper: Doorkeeper, answering: Answering) -> None:
    """Opens the doors."""

    async def one(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.AUTHORIZE)
        version = _version(request)
        identity = parse_identity(bodies.header(request.scope, STATION_HEADER.lower().encode()))
        octets = await bodies.read(request.scope, request.receive)
        station = Station(tenant=caller.tenant, identity=identity, version=version)
        action = request.path_params["action"]
        return raw_answer(await _answer(answering, station, action, octets))

    async def several(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.AUTHORIZE)
        version = _version(request)
        octets = await bodies.read(request.scope, request.receive, octets_max=BATCH_OCTETS_MAX)
        asked = decode(octets, ForwardedCalls)

        async def result(call: ForwardedCall) -> ForwardedResult:
            station = Station(tenant=caller.tenant, identity=call.station, version=version)
            try:
                payload = msgspec.json.encode(call.payload)
                told = await _answer(answering, station, call.action, payload)
            except (CallRefused, Malformed, NotFound) as refused:
                problem = problem_of(refused, instance=uuid4().urn)
                return ForwardedResult(status=problem.status, problem=problem)
            return ForwardedResult(status=200, payload=msgspec.Raw(told))

        results = await asyncio.gather(*(result(call) for call in asked.calls))
        return json_answer(ForwardedResults(results=list(results)))

    # the batch first: its path would fit the other's form
    app.add_api_route(BATCH, several, methods=["POST"], operation_id="forwardCalls")
    app.add_api_route(PATH, one, methods=["POST"], operation_id="forwardCall")


async def _answer(answering: Answering, station: Station, action: str, octets: bytes) -> bytes:
    if action not in FORWARDED or (station.version, action) not in ACTIONS:
        raise CallRefused(CallErrorCode.NOT_IMPLEMENTED, "not among the actions forwarded here")
    if len(octets) > bodies.BODY_OCTETS_MAX:
        raise MalformedQuestion(f"a payload of more than {bodies.BODY_OCTETS_MAX} octets")
    validate(station.version, action, MessageKind.REQUEST, octets)
    return await answering.answer(station, action, octets)


def _version(request: Request) -> OcppVersion:
    version = VERSIONS.get(request.path_params["version"])
    if version is None:
        raise NotFound("ocpp.version", "the versions are 1.6, 2.0.1 and 2.1")
    return version
