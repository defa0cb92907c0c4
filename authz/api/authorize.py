"""POST /v1/authorize: the door that every plug-in comes through.

A plain ASGI callable and not a FastAPI route: between the socket and the judgement stands only
what is needed. Its part of the OpenAPI document is in ``authz.api.openapi``.
"""

from time import perf_counter

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from authz.adapters.metrics import Metrics
from authz.api import answers, bodies, problems
from authz.api.callers import Doorkeeper
from authz.api.front import Front
from authz.authorize_request import read_question
from authz.callers import Scope as CallerScope
from authz.counting import count
from authz.idempotency import parse_key
from authz.once import Once
from authz.service import Authorizer, Decided

PATH = "/v1/authorize"


def install(
    app: Front, doorkeeper: Doorkeeper, authorizer: Authorizer, once: Once, metrics: Metrics
) -> None:
    """Opens the door."""
    door = AuthorizeDoor(doorkeeper, authorizer, once, metrics)
    app.first("POST", PATH, problems.answering(door, count=metrics.refused))
    # For other methods of the path, which are answered with the list of its own.
    app.router.routes.insert(0, Route(PATH, door, methods=["POST"], name="authorize"))


class AuthorizeDoor:
    """Reads a question, has it decided, writes the answer."""

    def __init__(
        self, doorkeeper: Doorkeeper, authorizer: Authorizer, once: Once, metrics: Metrics
    ) -> None:
        self._doorkeeper = doorkeeper
        self._authorizer = authorizer
        self._once = once
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        caller = await self._doorkeeper.admit(scope, CallerScope.AUTHORIZE)
        body = await bodies.read(scope, receive)
        question = read_question(body)
        keys = [value for name, value in scope["headers"] if name == b"idempotency-key"]
        decided: Decided | bytes
        if keys:
            key = parse_key(b",".join(keys).decode("latin-1"))
            decided = await self._once.authorize(caller, question, key=key, body=body)
        else:
            decided = await self._authorizer.authorize(caller, question)
        answer = decided.answer if isinstance(decided, Decided) else decided
        await answers.whole(scope, send, answer)
        if isinstance(decided, Decided):  # an answer that is told again is no new decision
            count(self._metrics, decided.decision, perf_counter() - started)
