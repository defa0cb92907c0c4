"""Get15118EVCertificate: a vehicle's message to the provisioning service and back, unread."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

import structlog

from authz.actions.asked import Asked, Payload, status_info
from authz.contract_request import ContractAnswer, ContractRequest, NextAnswer
from authz.errors import Unavailable
from authz.ocpp.protocol import OcppVersion, Station
from authz.ports import ContractAnswers, ContractService

# EVerest stops waiting for CertificateInstallationRes after 4.5 s (EVerest#1292), of ISO 15118-2's
# five; what is left is for the station and the vehicle.
DEADLINE_SECONDS = 3.8

# What a version's exiResponse may have. In 2.0.1 the schema that PyPI ``ocpp`` ships says 7,500
# (mobilityhouse/ocpp#364) and OCA's 5,600: between the two only the station can tell, and Failed
# would be certain.
EXI_CHARACTERS_MAX: Mapping[OcppVersion, int] = MappingProxyType(
    {OcppVersion.V201: 7_500, OcppVersion.V21: 17_000}
)
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")

_log = structlog.get_logger("authz")


class ContractCertificates:
    """Forwards requests. Without a service, or without its answer in time, they fail at once."""

    def __init__(
        self,
        *,
        service: ContractService | None,
        answers: ContractAnswers,
        clock: Callable[[], datetime],
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._service = service
        self._answers = answers
        self._clock = clock
        self._deadline_seconds = deadline_seconds

    async def answer(self, asked: Asked) -> Payload:
        """Get15118EVCertificateResponse. exiResponse is there on Failed, too (EVerest#2245)."""
        told = asked.payload
        request = ContractRequest(
            namespace=told["iso15118SchemaVersion"],
            action=told["action"],
            exi=told["exiRequest"],
            chains_max=told.get("maximumContractCertificateChains"),
            prioritized=tuple(told.get("prioritizedEMAIDs", ())),
        )
        try:
            async with asyncio.timeout(self._deadline_seconds):
                given = await self._next(asked.station, request)
        except TimeoutError:
            return _failed("Timeout", "the provisioning service did not answer in time")
        except Unavailable as silent:
            _log.warning("contract.not_provided", code=silent.code, detail=silent.detail)
            return _failed("ServiceUnavailable", silent.detail)
        if given is None:
            return _failed("NoContract")
        most = EXI_CHARACTERS_MAX[asked.version]
        if len(given.exi) > most or not _BASE64.fullmatch(given.exi):
            _log.warning("contract.answer_unfit", characters=len(given.exi), most=most)
            return _failed("TooLarge" if len(given.exi) > most else "NotBase64")
        answer: Payload = {"status": "Accepted", "exiResponse": given.exi}
        if request.chains_max is not None:
            answer["remainingContracts"] = given.remaining
        return answer

    async def _next(self, station: Station, request: ContractRequest) -> NextAnswer | None:
        """The next of a request's answers (M01.FR.03 to FR.07); None where there is none."""
        if self._service is None:
            raise Unavailable("contract_service", "no provisioning service is configured")
        several = request.chains_max is not None
        if request.chains_max == 0:
            return None
        if several:
            kept = await self._answers.take(station, request.identity, now=self._clock())
            if kept is not None:
                return kept
        given = _ordered(await self._service.provide(request), request)
        if not given:
            return None
        if several and len(given) > 1:
            rest = tuple(answer.exi for answer in given[1:])
            await self._answers.keep(station, request.identity, rest, now=self._clock())
        return NextAnswer(exi=given[0].exi, remaining=len(given) - 1 if several else 0)


def _ordered(
    given: Sequence[ContractAnswer], request: ContractRequest
) -> tuple[ContractAnswer, ...]:
    """The vehicle's favourites first, and no more than it takes."""
    wanted = {_plain(emaid): at for at, emaid in enumerate(request.prioritized)}
    order = sorted(given, key=lambda answer: wanted.get(_plain(answer.emaid), len(wanted)))
    return tuple(order[: request.chains_max])


def _plain(emaid: str) -> str:
    """An eMAID without what differs between its spellings, its check digit apart."""
    return emaid.replace("-", "").upper()[:14]


def _failed(reason: str, detail: str = "") -> Payload:
    return {"status": "Failed", "exiResponse": "", "statusInfo": status_info(reason, detail)}
