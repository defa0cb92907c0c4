"""What is asked of stations' connections beyond this process, as ports.

Every method raises Unavailable("database") where its store cannot be asked.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from authz.ocpp.handing import HandedCall, Outcome, Presence
from authz.ocpp.protocol import Station
from authz.ports import StationCalls


class Fleet(StationCalls, Protocol):
    """The stations that are connected to any process of the service."""

    async def find(self, tenant: str, identity: str) -> Station | None:
        """A tenant's station as it is connected; None where it is not."""
        ...

    async def connected(self, tenant: str) -> tuple[Station, ...]:
        """A tenant's connected stations, by identity."""
        ...


class StationPresence(Protocol):
    """Which worker each station is with, and which workers live."""

    async def tell(
        self,
        worker: str,
        *,
        here: Sequence[Station],
        still: Sequence[Station],
        gone: Sequence[tuple[str, str]],
    ) -> None:
        """Stations that came to this worker, are with it still, or (tenant, identity) left it.

        Who came to another worker since is that worker's, and neither told to be still here nor
        gone.
        """
        ...

    async def beat(self, worker: str, *, now: datetime, dead_before: datetime) -> tuple[bool, bool]:
        """Shows that a worker lives; forgets those that have not since ``dead_before``.

        Whether it was known until now (where not, what it told is forgotten), and whether there
        are others.
        """
        ...

    async def find(self, tenant: str, identity: str, *, alive_since: datetime) -> Presence | None:
        """Where a station is, with a worker that has shown itself since."""
        ...

    async def of_tenant(self, tenant: str, *, alive_since: datetime) -> tuple[Presence, ...]:
        """Where a tenant's stations are, by identity."""
        ...

    async def leave(self, worker: str) -> None:
        """A worker ends, and its stations are with nobody."""
        ...


class HandedCalls(Protocol):
    """Calls that one worker hands to another. Each is taken up once, or never."""

    async def put(
        self, worker: str, call: HandedCall, *, now: datetime, expires_at: datetime
    ) -> int:
        """Hands a call to a worker, and returns its number; ``expires_at`` is when it is litter."""
        ...

    async def take(self, worker: str, *, limit: int) -> tuple[tuple[int, HandedCall], ...]:
        """The calls that wait for a worker, oldest first; they are its own from now on."""
        ...

    async def conclude(self, number: int, outcome: Outcome) -> None:
        """What became of a call that was taken; nothing where nobody waits any more."""
        ...

    async def look(self, number: int) -> Outcome:
        """How a call stands. TAKEN where it is there no more."""
        ...

    async def withdraw(self, number: int) -> bool:
        """Ends the waiting; whether nobody had taken the call, who then never will."""
        ...
