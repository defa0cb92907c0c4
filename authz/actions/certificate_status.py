"""GetCertificateStatus and GetCertificateChainStatus: statuses fetched for stations, verified."""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import assert_never

import structlog

from authz.actions.asked import Asked, Handler, Payload, moment_text, status_info
from authz.actions.catalogue import Handling
from authz.ocpp.protocol import OcppVersion, Station
from authz.ports import Authorities, StatusAnswers
from authz.status_answer import SIGNED_UNKNOWN, StatusAnswer
from certs.errors import Malformed
from certs.revocation.hash_data import OCPP_2_0_1, OCPP_2_1, HashData, Limits, parse
from certs.revocation.status import Good, RevocationStatus, Revoked, Unknown

DEADLINE_SECONDS = 3.5  # a vehicle may be waiting for the staple
CACHE_MAX = timedelta(days=7)  # M07.FR.09: no status is kept for longer

LIMITS: Mapping[OcppVersion, Limits] = MappingProxyType(
    {OcppVersion.V201: OCPP_2_0_1, OcppVersion.V21: OCPP_2_1}
)
# ocspResult in base64
RESULT_CHARACTERS_MAX: Mapping[OcppVersion, int] = MappingProxyType(
    {OcppVersion.V201: 5_500, OcppVersion.V21: 18_000}
)

_log = structlog.get_logger("authz")


class CertificateStatuses:
    """Asks for stations, which do not ask responders themselves (M06, M07)."""

    def __init__(
        self, *, authorities: Authorities, answers: StatusAnswers, clock: Callable[[], datetime]
    ) -> None:
        self._authorities = authorities
        self._answers = answers
        self._clock = clock

    @property
    def handlers(self) -> dict[Handling, Handler]:
        """A handler for each of its handlings."""
        return {
            Handling.CERTIFICATE_STATUS: self._one,
            Handling.CHAIN_STATUS: self._several,
        }

    async def _one(self, asked: Asked) -> Payload:
        """GetCertificateStatusResponse.

        Accepted says that a response was fetched and is its issuer's own word, not that the
        certificate is good: one that says "revoked" is Accepted and handed on (M06.FR.08, FR.09).
        """
        try:
            data = parse(asked.payload["ocspRequestData"], limits=LIMITS[asked.version])
        except Malformed as bad:
            return _failed("InvalidHashData", bad.detail)
        told = await self._ask("OCSP", data, (data.responder_url,), asked.station)
        if not told.response:
            detail = told.status.code if isinstance(told.status, Unknown) else ""
            _log.warning("status.not_fetched", code=detail)
            return _failed("NotRetrieved", detail)
        result = b64encode(told.response).decode()
        if len(result) > RESULT_CHARACTERS_MAX[asked.version]:
            return _failed("TooLarge", f"{len(result)} characters")
        return {"status": "Accepted", "ocspResult": result}

    async def _several(self, asked: Asked) -> Payload:
        """GetCertificateChainStatusResponse: one status for each request, in their order."""
        statuses = await asyncio.gather(
            *(
                self._listed(request, asked.station)
                for request in asked.payload["certificateStatusRequests"]
            )
        )
        return {"certificateStatus": list(statuses)}

    async def _listed(self, request: Payload, station: Station) -> Payload:
        status: RevocationStatus
        named = request["certificateHashData"]
        try:
            data = parse(
                {**named, "responderURL": ""},
                limits=OCPP_2_1,
            )
        except Malformed as bad:
            status = Unknown("revocation.source_unreachable", bad.detail)
        else:
            told = await self._ask(request["source"], data, tuple(request["urls"]), station)
            status = told.status
        word, next_update = _word(status, self._clock())
        return {
            "certificateHashData": named,
            "source": request["source"],
            "status": word,
            "nextUpdate": moment_text(next_update),
        }

    async def _ask(
        self, source: str, data: HashData, urls: tuple[str, ...], station: Station
    ) -> StatusAnswer:
        issuer = await self._authorities.issuer(station.tenant, data)
        ask = self._answers.crl if source == "CRL" else self._answers.ocsp
        return await ask(
            data, issuer, urls=urls, now=self._clock(), deadline_seconds=DEADLINE_SECONDS
        )


def _word(status: RevocationStatus, now: datetime) -> tuple[str, datetime]:
    """M07's word for a status, and until when it may be kept; what failed is not kept at all."""
    match status:
        case Good(proof=proof):
            return "Good", min(proof.next_update, now + CACHE_MAX)
        case Revoked(proof=proof):
            return "Revoked", min(proof.next_update, now + CACHE_MAX)
        case Unknown(code=code):
            return "Unknown" if code == SIGNED_UNKNOWN else "Failed", now
        case _:
            assert_never(status)


def _failed(reason: str, detail: str) -> Payload:
    return {"status": "Failed", "statusInfo": status_info(reason, detail)}
