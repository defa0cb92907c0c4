"""/v1/policy: how the caller's tenant wants its contracts judged."""

from fastapi import FastAPI, Request, Response

from authz.api import bodies
from authz.api.answers import json_answer
from authz.api.callers import Doorkeeper
from authz.callers import Scope
from authz.policy_document import PolicyDocument, from_policy, to_policy
from authz.ports import Trusts
from authz.strict_json import decode

PATH = "/v1/policy"


def install(app: FastAPI, doorkeeper: Doorkeeper, trusts: Trusts) -> None:
    """Opens the doors."""

    async def show(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        trust = await trusts.trust(caller.tenant, generation=caller.generation)
        return json_answer(from_policy(trust.policy))

    async def put(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        body = decode(await bodies.read_managed(request), PolicyDocument)
        policy = to_policy(body)
        await trusts.put_policy(caller.tenant, policy)
        return json_answer(from_policy(policy))

    app.add_api_route(PATH, show, methods=["GET"], operation_id="showPolicy")
    app.add_api_route(PATH, put, methods=["PUT"], operation_id="putPolicy")
