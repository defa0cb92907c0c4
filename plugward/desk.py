"""The authority's HTTP doors to ask by: of the house in a home directory, or behind a URL."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import anyio
import httpx
from fastapi import FastAPI

from pki.api.callers import caller_of
from pki.app import open_doors
from pki.callers import Caller, operator
from pki.house import assemble
from plugward import clock, home, inputs, logs
from plugward.authority import API_KEY_VARIABLE
from plugward.configuration import Places, pki_settings
from plugward.errors import Complaint
from plugward.http import Service, refused

_HERE = "http://authority.invalid"


class Desk(Protocol):
    """Whoever answers the authority's requests."""

    def ask(self, method: str, path: str, body: object = None) -> Mapping[str, object]:
        """The JSON a request is answered with; a complaint where it is refused or unanswered."""
        ...


class _InHouse:
    """The doors of a house in this process, without a socket."""

    def __init__(self, app: FastAPI, api_key: str | None) -> None:
        self._app = app
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}

    def ask(self, method: str, path: str, body: object = None) -> Mapping[str, object]:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=transport, base_url=_HERE) as client:
                return await client.request(method, path, json=body, headers=self._headers)

        answer = anyio.run(call)
        if not answer.is_success:
            raise refused("the authority", answer.status_code, answer.content)
        told: dict[str, object] = json.loads(answer.content or b"{}")
        return told


@contextmanager
def open_desk(
    *, directory: str | None, url: str | None, api_key_file: str | None, passphrase_file: str | None
) -> Iterator[Desk]:
    """The desk behind ``url`` where one is given, else that of a home directory.

    Of a home directory whoever can open its key files is the operator; with an API key file he
    asks as that key's holder instead.
    """
    key = None
    if url is not None or api_key_file is not None:
        key = inputs.secret(file=api_key_file, variable=API_KEY_VARIABLE, prompt="API key")
    if url is not None:
        if directory is not None:
            raise Complaint("--home and --url name two authorities")
        if key is None:
            raise Complaint(
                "no API key", hint=f"--api-key-file FILE, or {API_KEY_VARIABLE} in the environment"
            )
        yield Service(url, key)
        return
    logs.to_stderr(logging.ERROR)  # the doors tell of every act, and the user was the one who asked
    places = Places(home=home.directory(directory))
    house = assemble(pki_settings(places, passphrase_file), clock=clock.now_exactly)
    try:
        app = open_doors(house)
        if key is None:
            app.dependency_overrides[caller_of] = _operator
        yield _InHouse(app, key)
    finally:
        house.close()


def _operator() -> Caller:
    return operator(tenant=home.TENANT, name="cli", now=clock.now())
