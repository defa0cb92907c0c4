"""/v1/decisions/{id}: what was answered, and on what evidence."""

from fastapi import FastAPI, Request, Response

from authz.api.answers import raw_answer
from authz.api.callers import Doorkeeper
from authz.callers import Scope
from authz.errors import NotFound
from authz.ports import DecisionLog

PATH = "/v1/decisions/{decision_id}"


def install(app: FastAPI, doorkeeper: Doorkeeper, log: DecisionLog) -> None:
    """Opens the door."""

    async def show(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.AUTHORIZE)
        found = await log.find(caller.tenant, request.path_params["decision_id"])
        if found is None:
            raise NotFound("decision.not_found", "no decision has this id")
        return raw_answer(found)

    app.add_api_route(PATH, show, methods=["GET"], operation_id="showDecision")
