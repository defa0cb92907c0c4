"""Fetching certificate revocation lists, and keeping each to its nextUpdate."""

import asyncio
from collections import OrderedDict
from datetime import datetime

from authz.adapters.guarded import Fetches
from authz.adapters.outbound import Ask
from authz.errors import Unavailable
from authz.outbound_rule import OutboundRule, Target
from certs.certificate import Certificate
from certs.revocation import crl
from certs.revocation.crl import CrlPolicy, VerifiedCrl
from certs.revocation.status import RevocationStatus, Unknown

LISTS_MAX = 64  # that are kept; each may be megabytes


class CrlClient:
    """CRLs over HTTP GET, judged before they are believed."""

    def __init__(self, outbound: Fetches, *, bytes_max: int) -> None:
        self._outbound = outbound
        self._policy = CrlPolicy(crl_bytes_max=bytes_max)
        # By place as well: an issuer may split its revocations into lists of several addresses.
        self._lists: OrderedDict[tuple[bytes, Target], VerifiedCrl] = OrderedDict()

    async def status(
        self,
        certificate: Certificate,
        issuer: Certificate,
        *,
        place: tuple[Target, OutboundRule],
        now: datetime,
        deadline_seconds: float,
    ) -> RevocationStatus:
        """What the issuer's list establishes; Unknown where there is none, or none believed."""
        key = (issuer.fingerprint, place[0])
        kept = self._lists.get(key)
        if kept is None or not kept.proof.this_update <= now <= kept.proof.next_update:
            read = await self._read(issuer, kept, place, now, deadline_seconds=deadline_seconds)
            if isinstance(read, Unknown):
                return read
            kept = self._lists[key] = read
        self._lists.move_to_end(key)
        while len(self._lists) > LISTS_MAX:
            self._lists.popitem(last=False)
        return kept.status_of(certificate, now=now)

    async def _read(
        self,
        issuer: Certificate,
        kept: VerifiedCrl | None,
        place: tuple[Target, OutboundRule],
        now: datetime,
        *,
        deadline_seconds: float,
    ) -> VerifiedCrl | Unknown:
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
        # A list of megabytes takes a while to check, and others wait on this event loop.
        return await asyncio.to_thread(
            crl.read,
            octets,
            issuer=issuer,
            now=now,
            policy=self._policy,
            number_seen=None if kept is None else kept.number,
        )
