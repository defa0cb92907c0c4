"""Which operator a charger asks: services over HTTP, a CSMS over OCPP, or one in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from ev_emulator.backend.http import Addresses, HttpBackend
from ev_emulator.backend.ocpp.backend import OcppBackend, StationSettings
from ev_emulator.ports import Backend
from plugward.clock import Running
from plugward.errors import Complaint
from plugward.http import Service

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Csms:
    """An operator's CSMS, and the station's name and password there."""

    url: str
    station: str
    password: str = field(default="", repr=False)


@asynccontextmanager
async def reached(operator: Addresses | Csms | Backend, clock: Running) -> AsyncIterator[Backend]:
    """The operator, ready to be asked; Unavailable where a CSMS does not accept the station."""
    match operator:
        case Addresses():
            client = httpx.AsyncClient(trust_env=False, follow_redirects=False)
            async with client:
                yield HttpBackend(client, operator)
        case Csms(url=url, station=station, password=password):
            settings = StationSettings(url=url, name=station, password=password)
            async with OcppBackend(settings, now=clock.now) as backend:
                await backend.ready()
                yield backend
        case _:
            yield operator


def of_options(
    *,
    authorize_url: str | None,
    api_key: str | None,
    ocsp_url: str | None,
    provisioning_url: str | None,
    csms: str | None,
    station: str,
    password: str | None,
) -> Addresses | Csms | None:
    """The operator that options name; None where they name none, a complaint for two."""
    if authorize_url is not None and csms is not None:
        raise Complaint("either --authorize-url or --csms", hint="a charger has one operator")
    if csms is not None:
        parts = urlsplit(csms)
        if parts.scheme not in {"ws", "wss"} or not parts.hostname:
            raise Complaint(f"{csms} is no WebSocket address", hint="ws://127.0.0.1:9000/ocpp")
        if password and parts.scheme == "ws" and parts.hostname not in _LOOPBACK:
            raise Complaint("a password is not sent unencrypted", hint="wss, or loopback")
        return Csms(url=csms, station=station, password=password or "")
    if authorize_url is None:
        return None
    Service(authorize_url, api_key)  # complains of addresses that a key is not sent to
    return Addresses(
        authorize=authorize_url,
        responder=ocsp_url or "",
        provisioning=provisioning_url or "",
        api_key=api_key or "",
    )
