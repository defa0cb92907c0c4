"""Asking the configured sources about one certificate: OCSP first, then the CRL."""

from collections.abc import Sequence
from datetime import datetime

from authz.adapters.crl import CrlClient
from authz.adapters.metrics import Metrics
from authz.adapters.ocsp import OcspClient
from authz.sources import Sources
from certs.certificate import Certificate
from certs.revocation.status import Good, RevocationStatus, Revoked, Unknown

_OUTCOMES = {Good: "good", Revoked: "revoked"}


class RevocationSources:
    """authz.ports.RevocationSources over HTTP."""

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
    ) -> RevocationStatus:
        status = await self._ask(certificate, issuer, offered, now)
        self._metrics.fetched(
            status.code if isinstance(status, Unknown) else _OUTCOMES[type(status)]
        )
        return status

    async def _ask(
        self,
        certificate: Certificate,
        issuer: Certificate,
        offered: Sequence[str],
        now: datetime,
    ) -> RevocationStatus:
        status: RevocationStatus = Unknown("revocation.source_missing")
        responder = self._sources.ocsp(certificate, issuer, offered=offered)
        if responder is not None:
            status = await self._ocsp.status(
                certificate,
                issuer,
                responder=responder,
                now=now,
                deadline_seconds=self._deadline_seconds,
            )
        if isinstance(status, Unknown):
            place = self._sources.crl(certificate, issuer)
            if place is not None:
                status = await self._crl.status(
                    certificate,
                    issuer,
                    place=place,
                    now=now,
                    deadline_seconds=self._deadline_seconds,
                )
        return status
