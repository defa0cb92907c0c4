"""/v1/local-list: what stations are sent so that they know contracts while they are offline."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Request, Response
from msgspec import Meta

from authz.api import bodies
from authz.api.answers import json_answer
from authz.api.callers import Doorkeeper
from authz.callers import Caller, Scope
from authz.charging_station import parse_identity
from authz.contract import GROUP_CHARACTERS_MAX
from authz.errors import Conflict, MalformedQuestion, NotFound
from authz.local_list import ENTRIES_MAX, payload
from authz.ocpp.protocol import CallFailed, NotConnected, OcppVersion
from authz.ports import ContractChanges, Trusts
from authz.station_ports import Fleet
from authz.steady_clock import SteadyClock
from authz.strict_json import decode

PATH = "/v1/local-list"
SEND = "/v1/stations/{identity}/local-list"
SEND_SECONDS = 30.0  # a station writes thousands of entries to flash
VERSION_DIGITS_MAX = 18

_VERSIONS = {version.value.removeprefix("ocpp"): version for version in OcppVersion}


class SendBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What to send: everything, or what changed since a version that the station holds."""

    since: Annotated[int, Meta(ge=0)] = 0
    group_id: Annotated[str, Meta(min_length=1, max_length=GROUP_CHARACTERS_MAX)] | None = None


class SentDocument(msgspec.Struct, kw_only=True, rename="camel"):
    """What was sent, and the station's own word for what became of it."""

    version: int
    update_type: str
    entries: int
    status: str


class _StationAnswer(msgspec.Struct):
    """SendLocalList.conf, as far as it is used."""

    status: str


def install(
    app: FastAPI,
    doorkeeper: Doorkeeper,
    *,
    changes: ContractChanges,
    trusts: Trusts,
    stations: Fleet,
    clock: SteadyClock,
) -> None:
    """Opens the doors."""

    async def made(
        caller: Caller, *, since: int, group: str | None, version: OcppVersion
    ) -> dict[str, Any]:
        told = await changes.changes(caller.tenant, since=since, count_max=ENTRIES_MAX)
        trust = await trusts.trust(caller.tenant, generation=caller.generation)
        now = clock.moment()
        return payload(told, version=version, policy=trust.policy, now=now, group=group)

    async def show(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        asked = request.query_params
        spelled = asked.get("ocpp", "2.0.1")
        if spelled not in _VERSIONS:
            raise MalformedQuestion(f"ocpp is one of {', '.join(sorted(_VERSIONS))}")
        since, group = _since(asked.get("since", "0")), _group(asked.get("groupId"))
        return json_answer(await made(caller, since=since, group=group, version=_VERSIONS[spelled]))

    async def send(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        body = decode(await bodies.read_managed(request), SendBody)
        identity = parse_identity(request.path_params["identity"])
        station = await stations.find(caller.tenant, identity)
        if station is None:
            raise _not_connected()
        version = station.version
        for since in dict.fromkeys((body.since, 0)):
            sent = await made(caller, since=since, group=body.group_id, version=version)
            status = await _sent(stations, caller.tenant, identity, sent)
            if status != "VersionMismatch":
                break  # else it holds another list than we were told: it gets the whole
        return json_answer(
            SentDocument(
                version=sent.get("versionNumber", sent.get("listVersion", 0)),
                update_type=sent["updateType"],
                entries=len(sent.get("localAuthorizationList", ())),
                status=status,
            )
        )

    app.add_api_route(PATH, show, methods=["GET"], operation_id="showLocalList")
    app.add_api_route(SEND, send, methods=["POST"], operation_id="sendLocalList")


async def _sent(stations: Fleet, tenant: str, identity: str, request: Mapping[str, Any]) -> str:
    """The station's own word for what became of a list."""
    try:
        answer = await stations.call(
            tenant,
            identity,
            "SendLocalList",
            msgspec.json.encode(request),
            timeout_seconds=SEND_SECONDS,
        )
    except NotConnected as gone:
        raise _not_connected() from gone
    except CallFailed as declined:
        raise Conflict("station.declined", declined.detail) from declined
    return msgspec.json.decode(answer, type=_StationAnswer).status


def _not_connected() -> NotFound:
    return NotFound("station.not_connected", "no station of this identity is connected")


def _since(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= VERSION_DIGITS_MAX):
        raise MalformedQuestion("since is a version of the list")
    return int(text)


def _group(text: str | None) -> str | None:
    if text is not None and not 0 < len(text) <= GROUP_CHARACTERS_MAX:
        raise MalformedQuestion(f"groupId has 1 to {GROUP_CHARACTERS_MAX} characters")
    return text
