"""The backend port over OCPP 2.0.1: connects, boots, keeps connected, asks, reports."""

import asyncio
import ssl
from base64 import b64decode, b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric import ec
from ocpp.v201 import call  # type: ignore[import-untyped]  # ocpp ships no types
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from certs.certificate import Certificate
from certs.revocation.hash_data import OCPP_2_0_1, HashAlgorithm, of, to_ocpp
from ev_emulator.backend.answers import moment_of, of_pair
from ev_emulator.backend.http import DEADLINE_SECONDS, exi_of
from ev_emulator.backend.ocpp import offline
from ev_emulator.backend.ocpp.certificates import CertificateStore, StationName
from ev_emulator.backend.ocpp.offline import Remembered
from ev_emulator.backend.ocpp.proof import Chain, Hashes, Nothing, proof
from ev_emulator.backend.ocpp.reports import Reports, timestamp
from ev_emulator.backend.ocpp.station import Station
from ev_emulator.backend.ocpp.variables import Variables
from ev_emulator.errors import Unavailable
from ev_emulator.ports import (
    AuthorizationAnswer,
    AuthorizationQuestion,
    CertificateQuestion,
    ContractQuestion,
    Denied,
    Phase,
    SignedTariff,
    TariffQuestion,
    TransactionReport,
)

MESSAGE_OCTETS_MAX = 65_536  # four times the longest message that OCPP 2.0.1 has for a station
CONNECT_SECONDS = 10.0
RETRY_SECONDS_MAX = 64.0  # RetryBackOffWaitMinimum doubled, as OCPP's part 4 has it
REPORT_ATTEMPTS_MAX = 3  # MessageAttempts of TransactionEvent
HEARTBEAT_SECONDS_MIN, HEARTBEAT_SECONDS_MAX = 1.0, 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StationSettings:
    """Who the station is and where its CSMS is; ``url`` without the station's name at its end.

    ``password`` is that of security profiles 1 and 2 (HTTP Basic); ``tls`` that of wss.
    """

    url: str
    name: str
    vendor: str = "Plugward"
    model: str = "ev_emulator"
    password: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = None
    variables: Variables = field(default_factory=Variables)
    deadline_seconds: float = DEADLINE_SECONDS
    retry_seconds: float = 1.0


class OcppBackend:
    """Fulfils ev_emulator.ports.Backend; ``async with`` it: connected in the background, and again
    after every loss.
    """

    def __init__(
        self,
        settings: StationSettings,
        *,
        now: Callable[[], datetime],
        store: CertificateStore | None = None,
    ) -> None:
        self._settings = settings
        self._now = now
        self.store = store or CertificateStore()
        self._remembered = Remembered()
        self._reports = Reports()
        self._station: Station | None = None
        self._ready = asyncio.Event()
        self._told = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running

    async def ready(self, *, within_seconds: float = CONNECT_SECONDS) -> None:
        """Return once the CSMS accepted the station; Unavailable("csms") after that time."""
        try:
            async with asyncio.timeout(within_seconds):
                await self._ready.wait()
        except TimeoutError as late:
            raise Unavailable("csms", f"not accepted within {within_seconds} s") from late

    # The port

    async def authorize(self, question: AuthorizationQuestion) -> AuthorizationAnswer:
        """Authorize, with what proves the contract; without a connection C07's rules decide."""
        if not isinstance(question, ContractQuestion):
            token = {"idToken": question.evcc_id.hex().upper(), "type": "MacAddress"}
            return self._answer(await self._ask(call.Authorize(id_token=token)), proof_sent=False)
        variables = self._settings.variables
        if self._station is None:
            known = self._remembered.of(question.emaid, now=self._now())
            return offline.decide(variables, verified=bool(question.path), known=known)
        request = call.Authorize(id_token={"idToken": str(question.emaid), "type": "eMAID"})
        match proof(question, variables):
            case Hashes(entries=entries):
                request.iso15118_certificate_hash_data = list(entries)
            case Chain(text=text):
                request.certificate = text
            case Nothing(finding=finding):
                return Denied(findings=(finding,))
        answer = self._answer(await self._ask(request), proof_sent=True)
        self._remembered.learn(
            question.emaid,
            answer,
            now=self._now(),
            life_time_seconds=variables.auth_cache_life_time_seconds,
        )
        return answer

    async def contract_certificate(self, question: CertificateQuestion) -> bytes:
        """Get15118EVCertificate."""
        response = await self._ask(
            call.Get15118EVCertificate(
                iso15118_schema_version=question.namespace,
                action=question.action.value,
                exi_request=b64encode(question.exi).decode(),
            )
        )
        return exi_of(response.status, response.exi_response)

    async def certificate_status(self, certificate: Certificate, issuer: Certificate) -> bytes:
        """GetCertificateStatus, whose status says that a response was had, not that it is good."""
        fields = to_ocpp(of(certificate, issuer, HashAlgorithm.SHA256))
        if not 0 < len(fields["responderURL"]) <= OCPP_2_0_1.url_characters_max:
            raise Unavailable("ocsp", "the certificate names no responder that OCPP has room for")
        response = await self._ask(call.GetCertificateStatus(ocsp_request_data=fields))
        if response.status != "Accepted" or not response.ocsp_result:
            raise Unavailable("ocsp", f"GetCertificateStatus: {response.status}")
        try:
            return b64decode(response.ocsp_result, validate=True)
        except ValueError as bad:
            raise Unavailable("ocsp", "an ocspResult that is not base64") from bad

    async def sales_tariff(
        self,
        question: TariffQuestion,  # noqa: ARG002 - the port's
    ) -> SignedTariff | None:
        """None: OCPP 2.0.1 brings tariffs unsigned, in charging profiles."""
        return None

    async def report(self, report: TransactionReport) -> None:
        """TransactionEvent, in the background and in order; kept while there is no connection."""
        self._reports.add(report, offline=self._station is None)
        self._told.set()
        if report.phase in {Phase.BEGAN, Phase.ENDED} and self._station is not None:
            with suppress(Unavailable):
                await self._occupied(self._station, occupied=report.phase is Phase.BEGAN)

    # What a station does by itself

    async def renew_certificate(
        self, name: StationName, private_key: ec.EllipticCurvePrivateKey
    ) -> None:
        """SignCertificate for a V2G certificate; the chain comes later, by CertificateSigned.

        Raises Unavailable("csms") where the operator rejects it: no Plug & Charge then (A02.FR.21).
        """
        csr = self.store.request(name, private_key)
        request = call.SignCertificate(csr=csr, certificate_type="V2GCertificate")
        response = await self._ask(request)
        if response.status != "Accepted":
            raise Unavailable("csms", f"SignCertificate: {response.status}")

    async def _run(self) -> None:
        """Connect, boot, work until the connection is lost; again, after ever longer waits."""
        settings = self._settings
        wait = settings.retry_seconds
        while True:
            with suppress(OSError, WebSocketException, Unavailable, TimeoutError):
                await self._connected()
                wait = settings.retry_seconds
            await asyncio.sleep(wait)
            wait = min(2 * wait, RETRY_SECONDS_MAX)

    async def _connected(self) -> None:
        """One connection, from its first octet to its last."""
        settings = self._settings
        headers = {}
        if settings.password:
            basic = b64encode(f"{settings.name}:{settings.password}".encode()).decode()
            headers["Authorization"] = f"Basic {basic}"
        async with connect(
            f"{settings.url.rstrip('/')}/{settings.name}",
            subprotocols=["ocpp2.0.1"],  # type: ignore[list-item]  # a NewType of str
            additional_headers=headers,
            ssl=settings.tls,
            open_timeout=CONNECT_SECONDS,
            max_size=MESSAGE_OCTETS_MAX,
            proxy=None,
        ) as connection:
            if connection.subprotocol != "ocpp2.0.1":
                raise Unavailable("csms", "does not speak OCPP 2.0.1")
            station = Station(settings.name, connection, self.store, now=self._now)
            reading = asyncio.create_task(station.serve())
            working = asyncio.create_task(self._work(station))
            try:
                await asyncio.wait({reading, working}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._station = None
                self._ready.clear()
                reading.cancel()
                working.cancel()
                await asyncio.gather(reading, working, return_exceptions=True)

    async def _work(self, station: Station) -> None:
        interval = await self._boot(station)
        await self._occupied(station, occupied=False)
        self._station = station
        self._ready.set()
        sending = asyncio.create_task(self._send_reports(station))
        try:
            while True:
                await asyncio.wait({sending}, timeout=interval)
                if sending.done():
                    return
                await self._tell(station, call.Heartbeat())
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _boot(self, station: Station) -> float:
        """BootNotification until it is accepted; the seconds between heartbeats."""
        settings = self._settings
        about = {"vendorName": settings.vendor, "model": settings.model}
        request = call.BootNotification(charging_station=about, reason="PowerUp")
        while True:
            response = await self._tell(station, request)
            # an integer of any size: bounded before it is a float
            interval = float(
                min(max(response.interval, HEARTBEAT_SECONDS_MIN), HEARTBEAT_SECONDS_MAX)
            )
            if response.status == "Accepted":
                return interval
            await asyncio.sleep(interval)

    async def _occupied(self, station: Station, *, occupied: bool) -> None:
        request = call.StatusNotification(
            timestamp=timestamp(self._now()),
            connector_status="Occupied" if occupied else "Available",
            evse_id=1,
            connector_id=1,
        )
        await self._tell(station, request)

    async def _send_reports(self, station: Station) -> None:
        """Send what is queued, in order; what is never answered leaves the queue after a while."""
        attempts = 0
        while True:
            request = self._reports.first()
            if request is None:
                self._told.clear()
                await self._told.wait()
                continue
            attempts += 1
            try:
                await self._tell(station, request)
            except Unavailable:
                if attempts < REPORT_ATTEMPTS_MAX:
                    await asyncio.sleep(attempts * self._settings.retry_seconds)
                    continue
            self._reports.sent()
            attempts = 0

    async def _ask(self, request: object) -> Any:  # noqa: ANN401 - ocpp ships no types
        if self._station is None:
            raise Unavailable("csms", f"{type(request).__name__}: not connected")
        return await self._tell(self._station, request)

    async def _tell(self, station: Station, request: object) -> Any:  # noqa: ANN401 - as above
        return await station.ask(request, within_seconds=self._settings.deadline_seconds)

    @staticmethod
    def _answer(response: Any, *, proof_sent: bool) -> AuthorizationAnswer:  # noqa: ANN401 - as above
        info = response.id_token_info
        return of_pair(
            info.get("status"),
            response.certificate_status,
            proof_sent=proof_sent,
            valid_until=moment_of(info.get("cache_expiry_date_time")),
        )
