"""/v1/stations: the charging stations of the caller's tenant that may connect by OCPP."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from enum import IntEnum
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Request, Response
from msgspec import UNSET, Meta, UnsetType

from authz.api import bodies
from authz.api.answers import json_answer, no_content
from authz.api.callers import Doorkeeper
from authz.callers import Scope
from authz.charging_station import (
    COMMON_NAME_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MIN,
    SALT_OCTETS,
    ChargingStation,
    Password,
    SecurityProfile,
    new_password,
    parse_identity,
)
from authz.errors import Conflict, MalformedQuestion, NotFound
from authz.ocpp.protocol import Station
from authz.ports import StationRegister
from authz.station_ports import Fleet
from authz.stations.hub import Hub
from authz.steady_clock import SteadyClock
from authz.strict_json import decode

PATH = "/v1/stations"
ONE = "/v1/stations/{identity}"
PASSWORD = "/v1/stations/{identity}/password"  # noqa: S105 - a path
PAGE = 200  # stations in one answer


class Profile(IntEnum):
    """OCPP's security profiles."""

    BASIC = 1
    TLS_BASIC = 2
    TLS_CERTIFICATE = 3


class StationBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A station as it is put.

    Without a password, a new station of profile 1 or 2 gets one that is answered once, and a
    known station keeps its own.
    """

    security_profile: Profile = Profile.TLS_BASIC
    password: (
        Annotated[str, Meta(min_length=PASSWORD_CHARACTERS_MIN, max_length=PASSWORD_CHARACTERS_MAX)]
        | UnsetType
    ) = UNSET
    certificate_common_name: (
        Annotated[str, Meta(min_length=1, max_length=COMMON_NAME_CHARACTERS_MAX)] | None
    ) = None


class StationDocument(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """A station as it is kept; ``password`` only where it was made by this request."""

    identity: str
    security_profile: Profile
    connected: bool
    updated_at: datetime
    version: str | None = None
    certificate_common_name: str | None = None
    password: str | None = None


class StationList(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """Stations by identity; ``next`` is what ``?after=`` takes for those that follow."""

    stations: list[StationDocument]
    next: str | None = None


class PasswordDocument(msgspec.Struct, kw_only=True, rename="camel"):
    """A new password, shown this once."""

    password: str


def install(
    app: FastAPI,
    doorkeeper: Doorkeeper,
    *,
    register: StationRegister,
    hub: Hub,
    fleet: Fleet,
    clock: SteadyClock,
    random: Callable[[int], bytes],
) -> None:
    """Opens the doors."""

    async def find(tenant: str, identity: str) -> ChargingStation:
        station = await register.find(tenant, identity)
        if station is None:
            raise _no_station()
        return station

    async def list_all(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        after = request.query_params.get("after")
        begin = "" if after is None else parse_identity(after)
        found = await register.after(caller.tenant, begin, limit=PAGE + 1)
        online = {one.identity: one for one in await fleet.connected(caller.tenant)}
        page = [_document(station, online.get(station.identity)) for station in found[:PAGE]]
        more = page[-1].identity if len(found) > PAGE else None
        return json_answer(StationList(stations=page, next=more))

    async def show(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        station = await find(caller.tenant, _identity(request))
        return json_answer(_document(station, await fleet.find(caller.tenant, station.identity)))

    async def put(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        body = decode(await bodies.read_managed(request), StationBody)
        identity, now = _identity(request), clock.moment()
        made: list[str] = []

        def make(standing: ChargingStation | None) -> ChargingStation:
            made.clear()
            return _made(caller.tenant, identity, body, standing, now=now, random=random, made=made)

        created = await register.put(caller.tenant, identity, make)
        station = await find(caller.tenant, identity)
        # It comes back under what holds from now on.
        hub.disconnect(caller.tenant, identity, "its registration changed")
        document = _document(station, None, password=made[0] if made else None)
        return json_answer(document, status=201 if created else 200)

    async def renew(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        identity, now = _identity(request), clock.moment()
        text = new_password(random)
        password = Password.of(text, salt=random(SALT_OCTETS))

        def make(standing: ChargingStation | None) -> ChargingStation:
            if standing is None:
                raise _no_station()
            if standing.profile is SecurityProfile.TLS_CERTIFICATE:
                raise Conflict("station.no_password", "security profile 3 knows no password")
            return replace(standing, password=password, updated_at=now)

        await register.put(caller.tenant, identity, make)
        hub.disconnect(caller.tenant, identity, "its registration changed")
        return json_answer(PasswordDocument(password=text))

    async def delete(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        identity = _identity(request)
        await register.delete(caller.tenant, identity)
        hub.disconnect(caller.tenant, identity, "its registration ended")
        return no_content()

    app.add_api_route(PATH, list_all, methods=["GET"], operation_id="listStations")
    app.add_api_route(ONE, show, methods=["GET"], operation_id="showStation")
    app.add_api_route(ONE, put, methods=["PUT"], operation_id="putStation")
    app.add_api_route(ONE, delete, methods=["DELETE"], operation_id="deleteStation")
    app.add_api_route(PASSWORD, renew, methods=["POST"], operation_id="renewStationPassword")


def _made(
    tenant: str,
    identity: str,
    body: StationBody,
    standing: ChargingStation | None,
    *,
    now: datetime,
    random: Callable[[int], bytes],
    made: list[str],
) -> ChargingStation:
    """The station that a body asks for; a password that had to be made is put into ``made``."""
    profile = SecurityProfile(body.security_profile.value)
    password = None if standing is None else standing.password
    if profile is SecurityProfile.TLS_CERTIFICATE:
        if body.password is not UNSET:
            raise MalformedQuestion("security profile 3 knows no password")
        password = None
    elif body.password is not UNSET:
        password = Password.of(body.password, salt=random(SALT_OCTETS))
    elif password is None:
        made.append(new_password(random))
        password = Password.of(made[0], salt=random(SALT_OCTETS))
    return ChargingStation(
        tenant=tenant,
        identity=identity,
        profile=profile,
        password=password,
        common_name=body.certificate_common_name,
        updated_at=now,
    )


def _identity(request: Request) -> str:
    return parse_identity(request.path_params["identity"])


def _no_station() -> NotFound:
    return NotFound("station.not_found", "no station of this identity")


def _document(
    station: ChargingStation, online: Station | None, *, password: str | None = None
) -> StationDocument:
    given: dict[str, Any] = {} if online is None else {"version": online.version.value}
    return StationDocument(
        identity=station.identity,
        security_profile=Profile(station.profile.value),
        connected=online is not None,
        updated_at=station.updated_at,
        certificate_common_name=station.common_name,
        password=password,
        **given,
    )
