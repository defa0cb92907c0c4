"""Asking the configured sources about one certificate: OCSP first, then the CRL."""

from collections.abc import Sequence
from datetime import datetime

from authz.adapters.crl import CrlClient
from authz.adapters.metrics import Metrics
from authz.adapters.ocsp import OcspClient
from authz.sources import Sources
from authz.told import Told
from certs.certificate import Certificate
from certs.revocation.status import Good, Revoked, Unknown

LIST_SECONDS = 30.0  # nobody waits for a list that is fetched ahead of its time

_OUTCOMES = {Good: "good", Revoked: "revoked"}


class RevocationSources:
    """authz.revocation_ports.RevocationSources over HTTP."""

    def __init__(
        self,
        sources: Sources,
        *,
        ocsp: OcspClient,
        crl: CrlClient,
        deadline_seconds: float,
        metrics: Metrics,
    ) -> None:
        self._sources = sources
        self._metrics = metrics
        self._ocsp = ocsp
        self._crl = crl
        self._deadline_seconds = deadline_seconds

    async def ask(
        self,
        certificate: Certificate,
        issuer: Certificate,
        *,
        offered: Sequence[str] = (),
        now: datetime,
    ) -> Told:
        told = await self._ask(certificate, issuer, offered, now)
        status = told.status
        self._metrics.fetched(
            status.code if isinstance(status, Unknown) else _OUTCOMES[type(status)]
        )
        return told

    async def refresh_lists(self, *, now: datetime) -> int:
        return await self._crl.refresh(now=now, deadline_seconds=LIST_SECONDS)

    async def _ask(
        self,
        certificate: Certificate,
        issuer: Certificate,
        offered: Sequence[str],
        now: datetime,
    ) -> Told:
        told = Told(status=Unknown("revocation.source_missing"))
        responder = self._sources.ocsp(certificate, issuer, offered=offered)
        if responder is not None:
            told = await self._ocsp.status(
                certificate,
                issuer,
                responder=responder,
                now=now,
                deadline_seconds=self._deadline_seconds,
            )
        if isinstance(told.status, Unknown):
            place = self._sources.crl(certificate, issuer)
            if place is not None:
                told = Told(
                    status=await self._crl.status(
                        certificate,
                        issuer,
                        place=place,
                        now=now,
                        deadline_seconds=self._deadline_seconds,
                    )
                )
        return told
