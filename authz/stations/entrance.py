"""Who is let in: OCPP's security profiles, told apart by what a station brings.

Whether a station is unknown, its password wrong or its certificate another's: the answer is one.
"""

import asyncio
import binascii
from base64 import b64decode
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from itertools import pairwise

from authz.charging_station import NOBODY, ChargingStation, Password, SecurityProfile
from authz.errors import Unavailable
from authz.ports import StationRegister, Trusts
from authz.revocation_ports import RevocationMemory, RevocationSources
from authz.station_rules import RevocationMode, StationRules, within
from authz.stations.attempts import Attempts
from authz.steady_clock import SteadyClock
from certs.chain.path import Path
from certs.chain.roles import Use
from certs.errors import Malformed
from certs.revocation.status import Good, Revoked

AUTHORIZATION_CHARACTERS_MAX = 256  # 48 of identity and 40 of password make 120 in base64

# Somebody who guesses passwords, and somebody behind whose address many stations are.
GUESSES_MAX, GUESSES_SECONDS = 10, 60.0
ADDRESS_FAILURES_MAX, ADDRESS_SECONDS = 200, 60.0


class Reason(Enum):
    """Why somebody was turned away; for metrics and the log."""

    UNENCRYPTED = "unencrypted"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    NOT_PROVED = "not_proved"  # unknown, or the wrong password
    CERTIFICATE_MISSING = "certificate_missing"
    CERTIFICATE_REFUSED = "certificate_refused"
    CERTIFICATE_OF_ANOTHER = "certificate_of_another"
    CERTIFICATE_REVOKED = "certificate_revoked"
    CERTIFICATE_STATUS_UNKNOWN = "certificate_status_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """What a station brings: its place in the URL, and what came with the connection itself.

    ``chain_pem`` is the client certificate chain of this connection's own TLS, leaf first, and
    never anything that a header says (H11).
    """

    tenant: str
    identity: str
    authorization: str
    address: str
    encrypted: bool
    chain_pem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnedAway:
    """The HTTP status of the refusal; the reason is not told to whoever knocked."""

    status: HTTPStatus
    reason: Reason
    retry_seconds: float = 0.0


class Entrance:
    """Lets registered stations in. Raises Unavailable where nobody can tell."""

    def __init__(
        self,
        register: StationRegister,
        trusts: Trusts,
        memory: RevocationMemory,
        sources: RevocationSources,
        *,
        rules: StationRules,
        clock: SteadyClock,
    ) -> None:
        self._register = register
        self._trusts = trusts
        self._memory = memory
        self._sources = sources
        self._rules = rules
        self._clock = clock
        self._guesses = Attempts(failures_max=GUESSES_MAX, seconds=GUESSES_SECONDS)
        self._of_address = Attempts(failures_max=ADDRESS_FAILURES_MAX, seconds=ADDRESS_SECONDS)

    async def admit(self, knock: Knock) -> ChargingStation | TurnedAway:
        """The station that knocks, or why it is turned away."""
        proxied = within(knock.address, self._rules.proxies)
        plain = not knock.encrypted and not proxied
        if plain and not within(knock.address, self._rules.plain):
            return TurnedAway(status=HTTPStatus.FORBIDDEN, reason=Reason.UNENCRYPTED)
        now = asyncio.get_running_loop().time()
        guess = (knock.address, knock.tenant, knock.identity)
        wait = max(
            self._guesses.wait_seconds(guess, now=now),
            self._of_address.wait_seconds(knock.address, now=now),
        )
        if wait > 0.0:
            return TurnedAway(
                status=HTTPStatus.TOO_MANY_REQUESTS,
                reason=Reason.TOO_MANY_ATTEMPTS,
                retry_seconds=wait,
            )
        outcome = await self._proved(knock, plain=plain)
        if isinstance(outcome, TurnedAway) and outcome.status is HTTPStatus.UNAUTHORIZED:
            self._guesses.failed(guess, now=now)
            self._of_address.failed(knock.address, now=now)
        return outcome

    async def _proved(self, knock: Knock, *, plain: bool) -> ChargingStation | TurnedAway:
        station = await self._find(knock)
        # Compared in any case: an unknown name takes as long as a wrong password.
        kept = NOBODY if station is None or station.password is None else station.password
        matches = _admits(kept, _password(knock))
        if station is None:
            return _unauthorized(Reason.NOT_PROVED)
        if station.profile is SecurityProfile.TLS_CERTIFICATE:
            reason = await self._certificate(station, knock)
            return station if reason is None else _unauthorized(reason)
        if not matches:
            return _unauthorized(Reason.NOT_PROVED)
        if station.profile is SecurityProfile.TLS_BASIC and plain:
            return TurnedAway(status=HTTPStatus.FORBIDDEN, reason=Reason.UNENCRYPTED)
        return station

    async def _find(self, knock: Knock) -> ChargingStation | None:
        return await self._register.find(knock.tenant, knock.identity)

    async def _certificate(self, station: ChargingStation, knock: Knock) -> Reason | None:
        """What speaks against the certificate that a station of profile 3 shows."""
        if not knock.chain_pem:
            return Reason.CERTIFICATE_MISSING
        now = self._clock.moment()
        trust = await self._trusts.trust(station.tenant, generation=station.generation)
        try:
            verdict = trust.verifier.verify_pem(knock.chain_pem, use=Use.CHARGING_STATION, now=now)
        except Malformed:
            return Reason.CERTIFICATE_REFUSED
        if not verdict.valid:
            return Reason.CERTIFICATE_REFUSED
        # One name, spelled exactly so (K16; OCPP 2.0.1 A00.FR.405).
        if verdict.path[0].common_name != station.certificate_name:
            return Reason.CERTIFICATE_OF_ANOTHER
        return await self._revocation(verdict.path)

    async def _revocation(self, path: Path) -> Reason | None:
        """Asked anew for each connection, beyond what is proved and not yet out of date (K17)."""
        now = self._clock.moment()
        for certificate, issuer in pairwise(path):
            status = self._memory.recall(certificate, issuer, now=now)
            if status is None:
                status = await self._memory.recall_kept(certificate, issuer, now=now)
            if status is None:
                try:
                    async with asyncio.timeout(self._rules.deadline_seconds):
                        told = await self._sources.ask(certificate, issuer, now=now)
                        status = await self._memory.remember(certificate, issuer, told, now=now)
                except TimeoutError as late:
                    raise Unavailable("revocation", "no answer in time") from late
            if isinstance(status, Revoked):
                return Reason.CERTIFICATE_REVOKED
            hard = self._rules.revocation is RevocationMode.HARD_FAIL
            if not isinstance(status, Good) and hard:
                return Reason.CERTIFICATE_STATUS_UNKNOWN
        return None


def _unauthorized(reason: Reason) -> TurnedAway:
    return TurnedAway(status=HTTPStatus.UNAUTHORIZED, reason=reason)


def _password(knock: Knock) -> bytes:
    """The password of RFC 7617 that comes with the station's own name; empty where there is none.

    Octets, because OCPP 1.6 sends the octets of an AuthorizationKey that was told in hexadecimal.
    """
    scheme, _, encoded = knock.authorization[:AUTHORIZATION_CHARACTERS_MAX].partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        octets = b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""
    name, _, password = octets.partition(b":")
    return password if name == knock.identity.encode() else b""


def _admits(kept: Password, octets: bytes) -> bool:
    """Whether octets are the password, or what its hexadecimal digits stand for."""
    spelled = octets.hex().encode()
    forms = (octets, spelled, spelled.upper())
    admitted = [kept.admits(form) for form in forms]  # each of them, whichever fits
    return any(admitted)
