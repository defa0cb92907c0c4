"""/livez, /readyz, /metrics: for those who run the service."""

from collections.abc import Awaitable, Callable, Mapping

import msgspec
from fastapi import FastAPI, Request, Response

from authz.api.answers import json_answer
from authz.breaker import BreakerState
from authz.errors import Unavailable

Check = Callable[[], Awaitable[None]]


class Health(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Whether the service can do its work; each check says "ok" or what is missing.

    ``responders`` are those asked so far: closed, half_open or open. An open one makes nobody
    unready: what it told lives on to its nextUpdate, and a list may stand in.
    """

    status: str
    checks: dict[str, str] = {}
    responders: dict[str, str] = {}


def install(
    app: FastAPI,
    *,
    checks: Mapping[str, Check],
    responders: Callable[[], Mapping[str, BreakerState]],
    metrics: Callable[[], bytes],
) -> None:
    """Opens the doors. They need no key: let nobody reach them from outside."""

    async def alive(_request: Request) -> Response:
        return json_answer(Health(status="alive"))

    async def ready(_request: Request) -> Response:
        told: dict[str, str] = {}
        for name, check in checks.items():
            try:
                await check()
                told[name] = "ok"
            except Unavailable as missing:
                told[name] = missing.detail
        well = all(word == "ok" for word in told.values())
        health = Health(
            status="ready" if well else "unready",
            checks=told,
            responders={name: state.value for name, state in responders().items()},
        )
        return json_answer(health, status=200 if well else 503)

    async def scrape(_request: Request) -> Response:
        return Response(metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    app.add_api_route("/livez", alive, methods=["GET"], operation_id="livez")
    app.add_api_route("/readyz", ready, methods=["GET"], operation_id="readyz")
    app.add_api_route("/metrics", scrape, methods=["GET"], operation_id="metrics")
