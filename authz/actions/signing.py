"""SignCertificate: a station's request, taken; its certificate, signed and brought to it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import structlog

from authz.actions.asked import Asked, Payload, encoded, status_info
from authz.actions.catalogue import VENDOR_ID
from authz.actions.data_transfer import FORMS
from authz.errors import Unavailable
from authz.ocpp.protocol import (
    CallFailed,
    CallRefused,
    NotConnected,
    OcppVersion,
    Station,
)
from authz.ocpp.schemas import MessageKind, validate
from authz.ports import CertificateAuthority, SigningRequests, StationRegister, Stations
from authz.signing_request import (
    CHAIN_CHARACTERS_MAX,
    CLIENT,
    KINDS,
    V2G,
    Csr,
    Kind,
    MalformedCsr,
    SigningRequest,
    SigningState,
    Wish,
    read_csr,
    same_name,
)
from certs import pem
from certs.errors import Malformed, Refused
from certs.profiles.rules import Role

CLAIM_SECONDS = 60  # nobody else takes up a request for as long
SIGNED_A_DAY_MAX = 24  # of one station; it renews one or two every few weeks
ATTEMPTS_MAX = 40  # of an hour each, at the end: a day and a half
FIRST_RETRY = timedelta(seconds=5)
RETRY_MAX = timedelta(hours=1)
CALL_SECONDS = 30.0  # a station checks the chain and writes it to flash
AT_ONCE = 16  # requests that are taken up together
PAUSE_SECONDS = 5.0

_log = structlog.get_logger("authz")


class SigningDesk:
    """Takes SignCertificate (A02, A03). What it accepts is on disk before it is answered."""

    def __init__(
        self,
        *,
        signed_here: Collection[Role],
        requests: SigningRequests,
        register: StationRegister,
        names: Mapping[tuple[str, str], frozenset[str]],
        operators: Mapping[str, frozenset[str]],
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        """``names`` are those of chargers, by tenant and identity, beside the identities.

        ``operators`` are the organisations that a tenant's stations may name in their client
        certificates; a tenant that has none listed leaves it to the authority.
        """
        self._signed_here = signed_here
        self._requests = requests
        self._register = register
        self._names = names
        self._operators = operators
        self._clock = clock
        self._wake = wake

    async def answer(self, asked: Asked) -> Payload:
        """SignCertificateResponse: Rejected with the reason, or Accepted, and then it is kept."""
        if asked.version is not OcppVersion.V16:
            return await self._judged(asked, asked.payload.get("certificateType"))
        # OCPP 1.6's own SignCertificate (security whitepaper) is for the station's client
        # certificate; the wrapped one of the application note is for ISO 15118.
        judged = await self._judged(asked, CLIENT)
        return {"status": judged["status"]}  # 1.6 has no room for a reason

    async def _judged(self, asked: Asked, named: str | None) -> Payload:
        told, station = asked.payload, asked.station
        kind = KINDS.get(named or V2G)
        if kind is None:
            return _rejected("NotSupported", f"{named} is not signed here")
        if kind.role not in self._signed_here:
            return _rejected("NoAuthority")
        wish = Wish(
            tenant=station.tenant,
            identity=station.identity,
            csr=told["csr"],
            certificate_type=named,
            request_id=told.get("requestId"),
            wrapped=asked.wrapped,
        )
        try:
            csr = read_csr(wish.csr, wish.kind)
        except MalformedCsr as bad:
            return _rejected("InvalidCSR", bad.detail)
        if not await self._may_be_named(station, csr, kind):
            _log.warning("certificate.name_refused", station=station.identity)
            return _rejected("NameNotPermitted", "the request names another station or operator")
        if await self._asks_too_often(station):
            return _rejected("TooMany", f"{SIGNED_A_DAY_MAX} certificates a day")
        await self._requests.keep(wish, now=self._clock())
        self._wake()
        return {"status": "Accepted"}

    async def _asks_too_often(self, station: Station) -> bool:
        """Whether a station has used up its day: an authority's signatures are not for free."""
        since = self._clock() - timedelta(days=1)
        latest = await self._requests.of_station(station.tenant, station.identity)
        signed = [one for one in latest if one.chain is not None and one.asked_at > since]
        return len(signed) >= SIGNED_A_DAY_MAX

    async def _may_be_named(self, station: Station, csr: Csr, kind: Kind) -> bool:
        """Whether a station's certificate may bear this name: its own, or one told by settings."""
        known = await self._register.find(station.tenant, station.identity)
        if kind.role is Role.CHARGING_STATION:
            # Octet for octet, as the entrance compares: another spelling would lock it out.
            own = station.identity if known is None else known.certificate_name
            operators = self._operators.get(station.tenant)
            return csr.common_name == own and (operators is None or csr.organization in operators)
        permitted = {station.identity, *self._names.get((station.tenant, station.identity), ())}
        if known is not None:
            permitted.add(known.certificate_name)
        return any(same_name(csr.common_name, one) for one in permitted)


class CertificateCourier:
    """Has requests signed and brings certificates to stations, until each has an end."""

    def __init__(
        self,
        *,
        authority: CertificateAuthority,
        requests: SigningRequests,
        stations: Stations,
        clock: Callable[[], datetime],
    ) -> None:
        self._authority = authority
        self._requests = requests
        self._stations = stations
        self._clock = clock
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """There is something to do."""
        self._woken.set()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Works in the background for as long as the block lasts."""
        task = asyncio.create_task(self.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def run(self) -> None:
        """Works until it is cancelled."""
        while True:
            try:
                worked = await self.work()
            except Unavailable as missing:
                _log.warning("certificate.courier_waits", code=missing.code)
                worked = 0
            if worked < AT_ONCE:
                self._woken.clear()
                try:
                    await asyncio.wait_for(self._woken.wait(), PAUSE_SECONDS)
                except TimeoutError:
                    continue

    async def work(self) -> int:
        """Takes up what is due, and returns how many requests that were."""
        claimed = await self._requests.claim(
            self._stations.connected,
            limit=AT_ONCE,
            now=self._clock(),
            until=self._clock() + timedelta(seconds=CLAIM_SECONDS),
        )
        await asyncio.gather(*(self._advance(request) for request in claimed))
        return len(claimed)

    async def _advance(self, request: SigningRequest) -> None:
        state = request.state
        if state is SigningState.ASKED:
            request = await self._sign(request)
            if request.state is not SigningState.SIGNED:
                return
        await self._deliver(request)

    async def _sign(self, request: SigningRequest) -> SigningRequest:
        try:
            chain = await self._authority.sign(request.wish)
            _check(chain, request.wish)
        except Refused as refused:
            return await self._move(request, SigningState.REFUSED, reason=refused.code)
        except Unavailable as silent:
            return await self._later(request, silent.code)
        return await self._move(request, SigningState.SIGNED, chain=chain)

    async def _deliver(self, request: SigningRequest) -> SigningRequest:
        wish = request.wish
        station = self._stations.find(wish.tenant, wish.identity)
        if station is None:  # whoever it is connected to finds the request
            return await self._move(request, request.state, reason=NotConnected.code)
        try:
            status = await self._call(station, request)
        except NotConnected as gone:
            return await self._later(request, gone.code)
        except (Unavailable, CallFailed, CallRefused) as failed:
            return await self._later(request, _code(failed))
        accepted = status == "Accepted"
        state = SigningState.DELIVERED if accepted else SigningState.REJECTED
        return await self._move(request, state, reason=None if accepted else status)

    async def _call(self, station: Station, request: SigningRequest) -> str:
        """CertificateSigned, and the station's word."""
        action, payload = certificate_signed(station, request)
        told = json.loads(
            await self._stations.call(
                station.tenant, station.identity, action, payload, timeout_seconds=CALL_SECONDS
            )
        )
        if request.wish.wrapped:
            if told["status"] != "Accepted" or "data" not in told:
                raise CallFailed(str(told["status"]))
            data = told["data"].encode()
            validate(FORMS, "CertificateSigned", MessageKind.RESPONSE, data)
            told = json.loads(data)
        return str(told["status"])

    async def _later(self, request: SigningRequest, reason: str) -> SigningRequest:
        if request.attempts >= ATTEMPTS_MAX:
            return await self._move(request, SigningState.ABANDONED, reason=reason)
        wait = min(FIRST_RETRY * 2 ** min(request.attempts - 1, 20), RETRY_MAX)
        return await self._move(request, request.state, reason=reason, due_at=self._clock() + wait)

    async def _move(
        self,
        request: SigningRequest,
        state: SigningState,
        *,
        reason: str | None = None,
        chain: str | None = None,
        due_at: datetime | None = None,
    ) -> SigningRequest:
        _log.info("certificate.request", number=request.number, state=state.value, reason=reason)
        return await self._requests.move(
            request, state, reason=reason, chain=chain, due_at=due_at, now=self._clock()
        )


def certificate_signed(station: Station, request: SigningRequest) -> tuple[str, bytes]:
    """CertificateSigned in a station's forms: the action, and the payload's octets."""
    wish = request.wish
    payload: Payload = {"certificateChain": request.chain}
    newer = wish.wrapped or station.version is not OcppVersion.V16
    if newer and wish.certificate_type is not None:
        payload["certificateType"] = wish.certificate_type
    if station.version is OcppVersion.V21 and wish.request_id is not None:
        payload["requestId"] = wish.request_id  # A02.FR.25
    if not wish.wrapped:
        return "CertificateSigned", encoded(payload)
    return "DataTransfer", encoded(
        {
            "vendorId": VENDOR_ID,
            "messageId": "CertificateSigned",
            "data": encoded(payload).decode(),
        }
    )


def _check(chain: str, wish: Wish) -> None:
    """Refused("certificate.unfit") where an authority's chain is not what was asked for."""
    if len(chain) > CHAIN_CHARACTERS_MAX:
        raise Refused("certificate.unfit", f"a chain of {len(chain)} characters")
    try:
        leaf, *_ = pem.parse_chain(chain, characters_max=CHAIN_CHARACTERS_MAX)
        csr = read_csr(wish.csr, wish.kind)
    except Malformed as bad:
        raise Refused("certificate.unfit", bad.code) from bad
    if leaf.spki != csr.spki or leaf.common_name != csr.common_name:
        raise Refused("certificate.unfit", "another key or another name")


def _code(failed: Exception) -> str:
    if isinstance(failed, CallRefused):
        return failed.code.value
    return failed.error_code if isinstance(failed, CallFailed) else getattr(failed, "code", "")


def _rejected(reason: str, detail: str = "") -> Payload:
    return {"status": "Rejected", "statusInfo": status_info(reason, detail)}
