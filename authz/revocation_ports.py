"""What the authorization house needs so as to know certificates' statuses, and to keep knowing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from authz.told import Backlog, Told, Watched
from certs.certificate import Certificate
from certs.revocation.status import RevocationStatus


class RevocationSources(Protocol):
    """Where revocation statuses are fetched."""

    async def ask(
        self,
        certificate: Certificate,
        issuer: Certificate,
        *,
        offered: Sequence[str] = (),
        now: datetime,
    ) -> Told:
        """What a permitted source establishes; Unknown for silence. Raises nothing of the network.

        ``offered`` are responder URLs that the question named: followed only where the operator
        lists them.
        """
        ...

    async def refresh_lists(self, *, now: datetime) -> int:
        """Fetches the lists in use that end soon, and how many; silence leaves the old ones."""
        ...


class RevocationMemory(Protocol):
    """Revocation statuses already proved. Raises Unavailable."""

    def recall(
        self, certificate: Certificate, issuer: Certificate, *, now: datetime
    ) -> RevocationStatus | None:
        """The status that still holds; None where a source must be asked."""
        ...

    async def recall_kept(
        self, certificate: Certificate, issuer: Certificate, *, now: datetime
    ) -> RevocationStatus | None:
        """What any process ever proved and still holds, verified again; None for nothing."""
        ...

    async def remember(
        self,
        certificate: Certificate,
        issuer: Certificate,
        told: Told,
        *,
        now: datetime,
        wanted: bool = True,
    ) -> RevocationStatus:
        """Keeps what a source told, and returns what holds now: see authz.monotone.

        ``wanted``: somebody asked for it; what is only watched is not asked for by that.
        """
        ...

    async def catch_up(self, *, since: datetime) -> int:
        """Takes over what other processes learnt to be revoked since; how many statuses changed."""
        ...

    async def note_asked(self, *, now: datetime) -> None:
        """Writes down what was recalled since the last time, so that it stays watched."""
        ...


class Watch(Protocol):
    """Certificates in use, and when to ask for their statuses again. Raises Unavailable."""

    async def due(
        self, *, now: datetime, asked_since: datetime, until: datetime, count_max: int
    ) -> tuple[Watched, ...]:
        """Those whose time has come, longest first; no other process is given them ``until`` then.

        Authorities, certificates registered with a contract, and what somebody asked for since.
        """
        ...

    async def failed(self, watched: Sequence[Watched], *, now: datetime, draw: float) -> None:
        """Puts off those that nobody told about, each for longer than the last time."""
        ...

    async def backlog(self, *, now: datetime) -> Backlog:
        """How far behind the watch is."""
        ...

    async def sweep(self, *, now: datetime, asked_since: datetime) -> int:
        """Forgets what has expired, what nobody asks for, and what is too much; how many."""
        ...
