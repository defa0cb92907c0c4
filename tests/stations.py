"""A served authorization house for tests, and stations that connect to it over real sockets.

``with house(tmp_path) as h, served(h) as s: s.register("CS-1"); s.run(story)`` where the story
connects with ``s.connect("CS-1")``. Who answers is a twin unless a test says otherwise.
"""

import asyncio
import json
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import websockets

from authz.app import create_app
from authz.callers import Scope
from authz.errors import Unavailable
from authz.ocpp.protocol import CallErrorCode, CallRefused, OcppVersion
from plugward.serve import Door, in_background, listen
from tests.authz_house import TENANT, House

NOW = "2026-11-21T05:00:00Z"
PASSWORDS = ("a-password-of-a-station", "another-password-of-it")


class Twin:
    """authz.ports.Answering in a few lines: what stations need to stay, and every kind of no."""

    def __init__(self) -> None:
        self.asked = []
        self.gate = asyncio.Event()

    async def answer(self, station, action, payload):
        self.asked.append((station.identity, action, json.loads(payload)))
        custom = json.loads(payload).get("customData", {})
        if custom.get("wait"):
            await self.gate.wait()
        match action, custom.get("want"):
            case _, "unavailable":
                raise Unavailable("database", "secret detail")
            case _, "bug":
                raise KeyError("secret detail")
            case _, "unfit":
                return b'{"status":5}'
            case "Heartbeat", _:
                return json.dumps({"currentTime": NOW}).encode()
            case "BootNotification", _:
                return json.dumps(
                    {"currentTime": NOW, "interval": 300, "status": "Accepted"}
                ).encode()
            case "StatusNotification" | "NotifyPeriodicEventStream", _:
                return b"{}"
            case "Authorize", _ if station.version is OcppVersion.V16:
                return b'{"idTagInfo":{"status":"Accepted"}}'
            case "Authorize", _:
                return b'{"idTokenInfo":{"status":"Accepted"}}'
        raise CallRefused(CallErrorCode.NOT_SUPPORTED, "not by the twin")


@dataclass(kw_only=True)
class Served:
    """A house behind a socket."""

    house: House
    url: str
    twin: Twin
    app: object = field(repr=False)

    @property
    def origin(self) -> str:
        return self.url.replace("http", "ws", 1)

    def place(self, identity="CS-1", tenant=TENANT) -> str:
        return f"{self.origin}/ocpp/{tenant}/{identity}"

    def manage(self, method, path, *, tenant=TENANT, **more):
        headers = self.house.headers(tenant, Scope.MANAGE)
        return httpx.request(
            method, f"{self.url}{path}", headers=headers, timeout=30, verify=False, **more
        )

    def register(self, identity="CS-1", *, tenant=TENANT, profile=1, password=PASSWORDS[0], **more):
        body = {"securityProfile": profile, **more}
        if password is not None:
            body["password"] = password
        answer = self.manage("PUT", f"/v1/stations/{identity}", json=body, tenant=tenant)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def connect(
        self,
        identity="CS-1",
        *,
        tenant=TENANT,
        password=PASSWORDS[0],
        authorization=None,
        versions=("ocpp2.0.1",),
        headers=None,
        **more,
    ):
        """A WebSocket as ``websockets`` opens it."""
        if self.url.startswith("https") and "ssl" not in more:
            more["ssl"] = ssl._create_unverified_context()
        if authorization is None and password is not None:
            authorization = basic(identity, password)
        headers = dict(headers or {})
        if authorization is not None:
            headers["Authorization"] = authorization
        return websockets.connect(
            self.place(identity, tenant),
            subprotocols=versions or None,
            additional_headers=headers,
            open_timeout=30,
            **more,
        )

    def metrics(self) -> str:
        return httpx.get(f"{self.url}/metrics", timeout=30, verify=False).text


def basic(identity: str, password: str | bytes) -> str:
    octets = password.encode() if isinstance(password, str) else password
    return "Basic " + b64encode(identity.encode() + b":" + octets).decode()


@contextmanager
def served(house: House, **more: object) -> Iterator[Served]:
    """A second app over the house's database, behind a real server on a free port."""
    twin = Twin()
    answering = more.pop("answering", twin)
    apps = []

    def make():
        apps.append(create_app(house.settings, clock=house.clock, answering=answering))
        return apps[0]

    with listen("127.0.0.1", 0) as listening:
        door = Door("authz", listening, make, **more)
        with in_background([door]):
            yield Served(house=house, url=door.url, twin=twin, app=apps[0])


async def call(socket, action, payload, message_id="1"):
    """A frame sent, and the frame that comes back."""
    await socket.send(json.dumps([2, message_id, action, payload]))
    async with asyncio.timeout(30):
        return json.loads(await socket.recv())


async def closed(socket) -> tuple[int, str]:
    """How the other side closes."""
    async with asyncio.timeout(30):
        await socket.wait_closed()
    return socket.close_code, socket.close_reason
