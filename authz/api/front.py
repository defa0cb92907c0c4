"""The application with its busiest doors in front of everything that the framework does."""

from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send


class Front(FastAPI):
    """FastAPI, but for doors that are opened ``first``: these are reached without its layers.

    A door in front answers its own errors (``authz.api.problems.answering``). All else, other
    methods of the same path included, goes the framework's way.
    """

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - FastAPI's own settings
        super().__init__(**given)
        self._first: dict[tuple[str, str], ASGIApp] = {}

    def first(self, method: str, path: str, door: ASGIApp) -> None:
        """Opens a door in front."""
        self._first[method, path] = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            door = self._first.get((scope["method"], scope["path"]))
            if door is not None:
                await door(scope, receive, send)
                return
        await super().__call__(scope, receive, send)
