"""/ocpp/{station}: lets a station in by name and password, then answers it until it goes."""

import asyncio
import binascii
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import structlog
from starlette.types import Receive, Scope, Send

from authz.adapters.outbound import Outbound
from authz.api.bodies import BODY_OCTETS_MAX, header
from authz.api.csms.actions import Actions
from authz.api.csms.frames import BrokenCallError, Version, error, read, result
from authz.callers import Caller
from authz.errors import Unavailable
from authz.service import Authorizer
from authz.sources import Sources
from authz.stations import Station

PATH = "/ocpp/{station}"

_TOO_BIG, _UNSUPPORTED = 1009, 1003  # RFC 6455 7.4.1
_log = structlog.get_logger("authz")


class CsmsDoor:
    """An ASGI callable for WebSockets: one frame after the other, so one call is open at a time."""

    def __init__(
        self,
        *,
        stations: tuple[Station, ...],
        caller: Callable[[Station], Awaitable[Caller]],
        authorizer: Authorizer,
        outbound: Outbound,
        sources: Sources,
        clock: Callable[[], datetime],
    ) -> None:
        self._stations: Mapping[str, Station] = {station.name: station for station in stations}
        self._caller = caller
        self._authorizer = authorizer
        self._outbound = outbound
        self._sources = sources
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        station = await self._admitted(scope)
        offered = scope["subprotocols"]
        version = next((one for one in Version if one.value in offered), None)
        if station is None or version is None:
            await _decline(scope, send, 401 if station is None else 400)
            return
        await send({"type": "websocket.accept", "subprotocol": version.value})
        actions = Actions(
            version=version,
            caller=lambda: self._caller(station),
            authorizer=self._authorizer,
            outbound=self._outbound,
            sources=self._sources,
            clock=self._clock,
        )
        while (message := await receive())["type"] == "websocket.receive":
            text = message.get("text")
            if text is None or len(text) > BODY_OCTETS_MAX:
                code = _UNSUPPORTED if text is None else _TOO_BIG
                await send({"type": "websocket.close", "code": code})
                return
            answer = await _answered(text, version, actions)
            if answer is not None:
                await send({"type": "websocket.send", "text": answer})

    async def _admitted(self, scope: Scope) -> Station | None:
        """The station of the path, where its password says so (security profiles 1 and 2)."""
        scheme, _, encoded = header(scope, b"authorization").partition(" ")
        try:
            name, _, password = b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        station = self._stations.get(name)
        if scheme.lower() != "basic" or station is None or name != scope["path_params"]["station"]:
            return None
        admitted = await asyncio.to_thread(station.admits, password)
        return station if admitted else None


async def _answered(text: str, version: Version, actions: Actions) -> str | None:
    message_id = ""
    try:
        call = read(text, version, actions.names)
        if call is None:
            return None
        message_id = call.message_id
        return result(message_id, await actions.answer(call.action, call.payload))
    except BrokenCallError as broken:
        return error(broken)
    except Unavailable as missing:
        _log.warning("station.unavailable", code=missing.code)
        return error(BrokenCallError("InternalError", message_id))


async def _decline(scope: Scope, send: Send, status: int) -> None:
    """An HTTP answer instead of a WebSocket, where the server can give one."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"www-authenticate", b'Basic realm="ocpp"')] if status == 401 else []
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b""})
