"""The stations that are connected to this process, found by tenant and identity."""

import asyncio
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import structlog

from authz.errors import Unavailable
from authz.ocpp.protocol import NotConnected, Station
from authz.ports import StationRegister
from authz.stations.link import GOING_AWAY, REPLACED, Link

if TYPE_CHECKING:
    from collections.abc import Callable

ENDING_SECONDS_MAX = 5.0  # answers under way may end while the service does
# Other processes change registrations too, and so does this one between a station's admission and
# its entry.
SWEEP_SECONDS = 30.0
_AT_ONCE = 50  # look-ups before others have their turn

_log = structlog.get_logger("authz")


class Hub:
    """authz.ports.Stations over the links of this process.

    One identity has one connection: a new one takes the place of the one before, which is closed,
    because a station that lost its network connects again before we hear of the loss.
    ``changed`` is called with the tenant and identity of whoever came or went.
    """

    def __init__(self) -> None:
        self._links: dict[str, dict[str, Link]] = {}
        self._tickets = count(1)
        self._count = 0
        self._watching: asyncio.Task[None] | None = None
        self.changed: Callable[[str, str], None] = _nobody_asks

    def __len__(self) -> int:
        """How many stations are connected."""
        return self._count

    def enter(self, link: Link) -> None:
        """Lets a station in."""
        links = self._links.setdefault(link.station.tenant, {})
        earlier = links.get(link.station.identity)
        links[link.station.identity] = link
        if earlier is None:
            self._count += 1
        else:
            earlier.end(REPLACED, "replaced by a newer connection of this identity")
        self.changed(link.station.tenant, link.station.identity)

    def leave(self, link: Link) -> None:
        """Forgets a link that ended, unless another one took its place."""
        links = self._links.get(link.station.tenant, {})
        if links.get(link.station.identity) is link:
            del links[link.station.identity]
            self._count -= 1
            if not links:
                del self._links[link.station.tenant]
            self.changed(link.station.tenant, link.station.identity)

    def find(self, tenant: str, identity: str) -> Station | None:
        """The station of this identity; None where it is not connected here."""
        link = self._links.get(tenant, {}).get(identity)
        return None if link is None else link.station

    def everybody(self) -> tuple[Station, ...]:
        """Every connected station of every tenant."""
        return tuple(link.station for links in self._links.values() for link in links.values())

    def connected(self, tenant: str) -> tuple[Station, ...]:
        links = self._links.get(tenant, {})
        return tuple(links[identity].station for identity in sorted(links))

    async def call(
        self,
        tenant: str,
        identity: str,
        action: str,
        payload: bytes,
        *,
        timeout_seconds: float,
    ) -> bytes:
        link = self._links.get(tenant, {}).get(identity)
        if link is None:
            raise NotConnected
        try:
            async with asyncio.timeout(timeout_seconds):
                return await link.call(next(self._tickets), action, payload)
        except TimeoutError as late:
            raise Unavailable("station", "no answer in time") from late

    def disconnect(self, tenant: str, identity: str, why: str) -> None:
        """Ends a station's connection, where it has one."""
        link = self._links.get(tenant, {}).get(identity)
        if link is not None:
            link.end(REPLACED, why)

    def watch(self, register: StationRegister) -> None:
        """Begins to look for registrations that changed or ended, whoever changed them."""
        self._watching = asyncio.get_running_loop().create_task(self._watch(register))

    async def _watch(self, register: StationRegister) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self.sweep(register)
            except Unavailable as missing:
                _log.warning("station.unavailable", code=missing.code)

    async def sweep(self, register: StationRegister) -> None:
        """Ends the connections of stations that would not be let in as they were."""
        links = [link for of_tenant in self._links.values() for link in of_tenant.values()]
        for number, link in enumerate(links):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            station, held = link.station, link.registered
            if held is None:
                continue
            found = await register.find(station.tenant, station.identity)
            # What the tenant trusts may have changed since; that is judged at the next connection.
            if found is None or replace(found, generation=held.generation) != held:
                link.end(REPLACED, "its registration changed")

    async def close(self) -> None:
        """Ends every connection; answers under way may still be written."""
        if self._watching is not None:
            self._watching.cancel()
        links = [link for of_tenant in self._links.values() for link in of_tenant.values()]
        for link in links:
            link.end(GOING_AWAY, "the service ends")
        answering = [task for link in links for task in link.tasks]
        if answering:
            await asyncio.wait(answering, timeout=ENDING_SECONDS_MAX)


def _nobody_asks(_tenant: str, _identity: str) -> None:
    """What a change is told to where nobody else has to know."""
