"""/ocpp/{tenant}/{identity}: where charging stations connect.

An ASGI callable for WebSockets. OCPP-J 2.0.1 part 4, 3: the last part of the URL is the station's
identity, the subprotocol is the version.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

import structlog
from fastapi import FastAPI
from starlette.routing import WebSocketRoute
from starlette.types import Message, Receive, Scope, Send

from authz.adapters.metrics import Metrics
from authz.api.bodies import header
from authz.charging_station import ChargingStation, parse_identity
from authz.errors import Unavailable
from authz.ocpp.protocol import OcppVersion, Station
from authz.ocpp.session import FRAME_OCTETS_MAX, Session
from authz.ports import Answering
from authz.stations.entrance import Entrance, Knock, TurnedAway
from authz.stations.hub import Hub
from authz.stations.link import Link
from certs.errors import MalformedIdentifier

PATH = "/ocpp/{tenant}/{identity}"

_NO_SUBPROTOCOL, _NO_TEXT, _TOO_BIG = 1002, 1003, 1009  # RFC 6455 7.4.1
_RETRY_SECONDS = 5
_log = structlog.get_logger("authz")


def install(
    app: FastAPI,
    entrance: Entrance,
    hub: Hub,
    *,
    answering: Answering,
    metrics: Metrics,
    random: Callable[[int], bytes],
) -> None:
    """Opens the door."""
    socket = OcppSocket(entrance, hub, answering=answering, metrics=metrics, random=random)
    app.router.routes.append(WebSocketRoute(PATH, socket, name="ocpp"))


class OcppSocket:
    """Lets stations in, and carries their messages until they go."""

    def __init__(
        self,
        entrance: Entrance,
        hub: Hub,
        *,
        answering: Answering,
        metrics: Metrics,
        random: Callable[[int], bytes],
    ) -> None:
        self._entrance = entrance
        self._hub = hub
        self._answering = answering
        self._metrics = metrics
        self._random = random

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        knock = _knock(scope)
        try:
            outcome = await self._entrance.admit(knock)
        except Unavailable as missing:
            _log.warning("station.unavailable", code=missing.code)
            self._metrics.turned_away("unavailable")
            await _decline(scope, send, HTTPStatus.SERVICE_UNAVAILABLE, _RETRY_SECONDS)
            return
        if isinstance(outcome, TurnedAway):
            self._metrics.turned_away(outcome.reason.value)
            await _decline(scope, send, outcome.status, outcome.retry_seconds)
            return
        # The newest version that both speak: stations list theirs in their own order.
        offered = scope.get("subprotocols", ())
        version = next((one for one in OcppVersion if one.value in offered), None)
        if version is None:
            # OCPP-J 3.3: complete the handshake without a subprotocol, then close at once.
            self._metrics.turned_away("no_common_version")
            await send({"type": "websocket.accept"})
            await send(_closing(_NO_SUBPROTOCOL, "ocpp2.1, ocpp2.0.1 or ocpp1.6"))
            return
        await send({"type": "websocket.accept", "subprotocol": version.value})
        station = Station(tenant=knock.tenant, identity=knock.identity, version=version)
        await self._converse(station, outcome, receive, send)

    async def _converse(
        self, station: Station, registered: ChargingStation, receive: Receive, send: Send
    ) -> None:
        async def say(octets: bytes) -> None:
            await send({"type": "websocket.send", "text": octets.decode()})

        async def close(code: int, reason: str) -> None:
            await send(_closing(code, reason))

        link = Link(
            station,
            Session(station.version, new_id=lambda: self._random(16).hex()),
            answering=self._answering,
            say=say,
            close=close,
            moment=asyncio.get_running_loop().time,
            tally=self._metrics,
            registered=registered,
        )
        self._hub.enter(link)
        try:
            while (message := await receive())["type"] == "websocket.receive":
                octets = _octets(message)
                if octets is None or len(octets) > FRAME_OCTETS_MAX:
                    code = _NO_TEXT if octets is None else _TOO_BIG
                    link.end(code, "OCPP is text of at most 65,536 octets")
                    continue
                await link.hear(octets)
        finally:
            link.ended()
            self._hub.leave(link)


def _knock(scope: Scope) -> Knock:
    path = scope["path_params"]
    try:
        identity = parse_identity(path["identity"])
    except MalformedIdentifier:
        identity = ""  # nobody's
    client = scope.get("client")
    tls = scope.get("extensions", {}).get("tls", {})
    return Knock(
        tenant=path["tenant"],
        identity=identity,
        authorization=header(scope, b"authorization"),
        address=client[0] if client else "",
        encrypted=scope.get("scheme") == "wss",
        chain_pem="".join(tls.get("client_cert_chain", ())),
    )


def _octets(message: Message) -> bytes | None:
    text = message.get("text")
    return None if text is None else text.encode("utf-8", "surrogatepass")


def _closing(code: int, reason: str) -> Message:
    return {"type": "websocket.close", "code": code, "reason": reason}


async def _decline(scope: Scope, send: Send, status: HTTPStatus, retry_seconds: float) -> None:
    """An HTTP answer instead of a WebSocket; 403 from servers that can give no other."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send(_closing(1008, ""))
        return
    headers = [(b"cache-control", b"no-store"), (b"content-length", b"0")]
    if status is HTTPStatus.UNAUTHORIZED:
        headers.append((b"www-authenticate", b'Basic realm="ocpp"'))
    if retry_seconds > 0.0:
        headers.append((b"retry-after", str(int(retry_seconds) + 1).encode()))
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b""})
