"""Fetching certificate revocation lists, and keeping each to its nextUpdate."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from authz.adapters.guarded import Fetches
from authz.adapters.outbound import Ask
from authz.adapters.signed_lists import SignedLists
from authz.errors import Unavailable
from authz.outbound_rule import OutboundRule, Target
from authz.told import refresh_at
from certs.certificate import Certificate
from certs.revocation import crl
from certs.revocation.crl import CrlPolicy, VerifiedCrl
from certs.revocation.status import RevocationStatus, Unknown

LISTS_MAX = 64  # lists that are kept at once; each may be megabytes

_ENDED = frozenset({"revocation.crl_stale", "revocation.crl_number_regressed"})

_Place = tuple[Target, OutboundRule]
_Key = tuple[bytes, Target]  # issuer's fingerprint, and where: an issuer may have a list per shard


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A list in use, whose it is, where it came from and when to fetch the next one."""

    listed: VerifiedCrl
    issuer: Certificate
    place: _Place
    refresh_at: datetime


class CrlClient:
    """CRLs over HTTP GET, judged before they are believed.

    A list that another process fetched is taken from the table and verified again. Whoever asks
    while a list is on its way waits for the same one.
    """

    def __init__(
        self,
        outbound: Fetches,
        *,
        bytes_max: int,
        lists: SignedLists,
        random: Callable[[], float],
        tampered: Callable[[str], None],
    ) -> None:
        self._outbound = outbound
        self._policy = CrlPolicy(crl_bytes_max=bytes_max)
        self._kept = lists
        self._random = random
        self._tampered = tampered
        self._lists: OrderedDict[_Key, _Held] = OrderedDict()
        self._reading: dict[_Key, asyncio.Task[VerifiedCrl | Unknown]] = {}

    async def close(self) -> None:
        """Stops asking."""
        for task in self._reading.values():
            task.cancel()
        await asyncio.gather(*self._reading.values(), return_exceptions=True)

    async def status(
        self,
        certificate: Certificate,
        issuer: Certificate,
        *,
        place: _Place,
        now: datetime,
        deadline_seconds: float,
    ) -> RevocationStatus:
        """What the issuer's list establishes; Unknown where there is none, or none believed."""
        held = self._lists.get((issuer.fingerprint, place[0]))
        if held is not None and _current(held.listed, now):
            self._lists.move_to_end((issuer.fingerprint, place[0]))
            return held.listed.status_of(certificate, now=now)
        try:
            async with asyncio.timeout(deadline_seconds):
                read = await asyncio.shield(self._read(issuer, place, now, deadline_seconds))
        except TimeoutError:
            return Unknown("revocation.source_unreachable", f"no list in {deadline_seconds} s")
        return read if isinstance(read, Unknown) else read.status_of(certificate, now=now)

    async def refresh(self, *, now: datetime, deadline_seconds: float) -> int:
        """Fetches anew the lists whose time has come, and how many it got."""
        due = [held for held in self._lists.values() if held.refresh_at <= now]
        read = await asyncio.gather(
            *(self._read(one.issuer, one.place, now, deadline_seconds, ahead=True) for one in due)
        )
        return sum(not isinstance(one, Unknown) for one in read)

    def _read(
        self,
        issuer: Certificate,
        place: _Place,
        now: datetime,
        deadline_seconds: float,
        *,
        ahead: bool = False,
    ) -> asyncio.Task[VerifiedCrl | Unknown]:
        key = (issuer.fingerprint, place[0])
        task = self._reading.get(key)
        if task is None:
            job = self._fetch(issuer, place, now, deadline_seconds, ahead=ahead)
            task = self._reading[key] = asyncio.create_task(job)
            task.add_done_callback(lambda _: self._reading.pop(key))
        return task

    async def _fetch(
        self,
        issuer: Certificate,
        place: _Place,
        now: datetime,
        deadline_seconds: float,
        *,
        ahead: bool,
    ) -> VerifiedCrl | Unknown:
        held = self._lists.get((issuer.fingerprint, place[0]))
        seen = None if held is None else held.listed.number
        with suppress(Unavailable):
            kept = await self._kept.find(issuer, place[0])
            if kept is not None:
                numbers = (number for number in (seen, kept.number) if number is not None)
                seen = max(numbers, default=None)
                found = None if ahead else await self._recalled(kept.octets, issuer, now, seen)
                if found is not None:
                    self._hold(found, issuer, place, now)
                    return found
        ask = Ask(
            target=place[0],
            rule=place[1],
            accept="application/pkix-crl",
            bytes_max=self._policy.crl_bytes_max,
        )
        try:
            octets = await self._outbound.fetch(ask, deadline_seconds=deadline_seconds)
        except Unavailable as silent:
            return Unknown("revocation.source_unreachable", silent.detail)
        read = await self._judge(octets, issuer, now, seen)
        if isinstance(read, VerifiedCrl):
            self._hold(read, issuer, place, now)
            with suppress(Unavailable):
                await self._kept.keep(issuer, place[0], octets, read.proof)
        return read

    async def _recalled(
        self, octets: bytes, issuer: Certificate, now: datetime, seen: int | None
    ) -> VerifiedCrl | None:
        """The list that another process fetched, verified anew; None where it is none, or ended."""
        found = await self._judge(octets, issuer, now, seen)
        match found:
            case VerifiedCrl():
                return found if _current(found, now) else None
            case Unknown(code=code) if code not in _ENDED:
                self._tampered(code)
        return None

    async def _judge(
        self, octets: bytes, issuer: Certificate, now: datetime, seen: int | None
    ) -> VerifiedCrl | Unknown:
        # A list of megabytes takes a while to check, and others wait on this event loop.
        return await asyncio.to_thread(
            crl.read, octets, issuer=issuer, now=now, policy=self._policy, number_seen=seen
        )

    def _hold(self, read: VerifiedCrl, issuer: Certificate, place: _Place, now: datetime) -> None:
        key = (issuer.fingerprint, place[0])
        self._lists[key] = _Held(
            listed=read,
            issuer=issuer,
            place=place,
            refresh_at=refresh_at(read.proof.next_update, now=now, draw=self._random()),
        )
        self._lists.move_to_end(key)
        while len(self._lists) > LISTS_MAX:
            self._lists.popitem(last=False)


def _current(listed: VerifiedCrl, now: datetime) -> bool:
    return listed.proof.this_update <= now <= listed.proof.next_update
