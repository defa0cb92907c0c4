"""/v1/evses/{evse_id}: what the caller's tenant tells of its EVSEs."""

from typing import Annotated

import msgspec
from fastapi import FastAPI, Request, Response
from msgspec import Meta

from authz.api import bodies
from authz.api.answers import json_answer, no_content
from authz.api.callers import Doorkeeper
from authz.callers import Scope
from authz.errors import MalformedQuestion, NotFound
from authz.ports import Evses
from authz.restrictions import Evse, PowerType
from authz.steady_clock import SteadyClock
from authz.strict_json import decode
from certs.identifiers.evse_id import EVSEID

PATH = "/v1/evses/{evse_id}"


class EvseDocument(
    msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True
):
    """An EVSE: what flows out of it, and where it stands (degrees, WGS 84; both or neither)."""

    power_type: PowerType | None = None
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None


def install(app: FastAPI, doorkeeper: Doorkeeper, evses: Evses, clock: SteadyClock) -> None:
    """Opens the doors."""

    async def show(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        found = await evses.find(caller.tenant, _evse_id(request))
        if found is None:
            raise NotFound("evse.not_found", "nothing is told of this EVSE")
        return json_answer(_document(found))

    async def put(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        body = decode(await bodies.read_managed(request), EvseDocument)
        if (body.latitude is None) != (body.longitude is None):
            raise MalformedQuestion("a place has a latitude and a longitude")
        evse = Evse(
            evse_id=_evse_id(request),
            power_type=body.power_type,
            latitude=body.latitude,
            longitude=body.longitude,
        )
        created = await evses.put(caller.tenant, evse, now=clock.moment())
        return json_answer(_document(evse), status=201 if created else 200)

    async def delete(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        await evses.delete(caller.tenant, _evse_id(request))
        return no_content()

    app.add_api_route(PATH, show, methods=["GET"], operation_id="showEvse")
    app.add_api_route(PATH, put, methods=["PUT"], operation_id="putEvse")
    app.add_api_route(PATH, delete, methods=["DELETE"], operation_id="deleteEvse")


def _evse_id(request: Request) -> EVSEID:
    return EVSEID.parse(request.path_params["evse_id"])


def _document(evse: Evse) -> EvseDocument:
    return EvseDocument(
        power_type=evse.power_type, latitude=evse.latitude, longitude=evse.longitude
    )
