"""A vehicle plugs in: it finds the charger, secures the link, believes or not, and charges."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from OpenSSL import SSL

from certs.edition import Edition
from ev_emulator.clock import Clock
from ev_emulator.driving.sessions import Note, drive_evcc
from ev_emulator.errors import Unavailable
from ev_emulator.framing import sdp
from ev_emulator.framing.sdp import Security
from ev_emulator.network import channel as tcp
from ev_emulator.network import tls, udp
from ev_emulator.network.channel import Channel, TcpChannel
from ev_emulator.reasons import Failure
from ev_emulator.session.evcc import EvccSession
from ev_emulator.session.events import (
    Authorized,
    ContractInstalled,
    Event,
    SessionEnded,
    SessionFailed,
)
from ev_emulator.session.iso_2.evcc import Iso2Evcc
from ev_emulator.session.speaking import EvccSpeaker
from ev_emulator.vehicle.intentions import Intentions, Payment
from ev_emulator.vehicle.trust import Staple, objection_to_charger
from ev_emulator.vehicle.wallet import Wallet

CONNECT_SECONDS = 5.0
_EDITION = Edition.ISO_2


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """A charger at a known address, without discovery."""

    host: str
    port: int
    security: Security = Security.TLS


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """A charger to be found by SDP on an interface."""

    interface: str
    requests_max: int = sdp.REQUESTS_MAX
    port: int = sdp.PORT
    group: str = sdp.GROUP


Target = Direct | Discovered


def _honestly(speaker: EvccSpeaker) -> EvccSpeaker:
    """Says what it has to say."""
    return speaker


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """What plugs in. ``security``: what it asks the charger for; contracts are never paid with
    over an unsecured link, whatever is asked or answered. ``manner`` may put another speaker in
    front of the honest one: scenarios' attackers do.
    """

    wallet: Wallet
    intentions: Intentions = field(default_factory=Intentions)
    staple: Staple = Staple.REQUIRE
    security: Security = Security.TLS
    resume: bytes | None = None
    manner: Callable[[EvccSpeaker], EvccSpeaker] = field(default=_honestly, repr=False)


@dataclass(slots=True, kw_only=True)
class Outcome:
    """How a visit went. ``failure`` is None where the session ended in good order.

    ``response_code`` is the charger's word where it refused. ``marks``: seconds since the visit
    began at which discovered, connected, secured, authorized and ended. Mutable while it lasts.
    """

    failure: Failure | None = None
    response_code: str = ""
    at: str = ""
    authorized: bool = False
    installed: bool = False
    paused_session: bytes | None = None
    marks: dict[str, float] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return self.failure is None


async def plug_in(
    vehicle: Vehicle,
    target: Target,
    *,
    clock: Clock,
    note: Note = lambda _event: None,
) -> Outcome:
    """One visit, from discovery to the end. Nothing is raised for what chargers and links do."""
    visit = _Visit(vehicle, clock, note)
    try:
        found = await _find(vehicle, target)
    except Unavailable as nobody:
        return visit.fail("link.no_charger", str(nobody), at="discovery")
    visit.mark("discovered")
    if vehicle.intentions.payment is Payment.CONTRACT and found.security is not Security.TLS:
        return visit.fail("link.not_secured", "the charger offers no TLS", at="discovery")
    try:
        link = await tcp.connect(found.host, found.port, within_seconds=CONNECT_SECONDS)
    except (OSError, TimeoutError) as broken:
        return visit.fail("link.refused", str(broken), at="connection")
    visit.mark("connected")
    if found.security is Security.TLS:
        return await visit.secured(link)
    return await visit.charge(link, secured=False)


class _Visit:
    """A visit under way: who visits, and how it goes."""

    def __init__(self, vehicle: Vehicle, clock: Clock, note: Note) -> None:
        self._vehicle = vehicle
        self._clock = clock
        self._note = note
        self._began = clock.seconds()
        self._outcome = Outcome()

    def mark(self, what: str) -> None:
        """Remember when this happened first."""
        self._outcome.marks.setdefault(what, self._clock.seconds() - self._began)

    def fail(self, failure: Failure | str, detail: str = "", *, at: str) -> Outcome:
        """The outcome of a visit that ends before its session begins."""
        if isinstance(failure, str):
            failure = Failure(code=failure, detail=detail)
        self._keep(SessionFailed(failure=failure, response_code="", at=at))
        return self._outcome

    async def secured(self, link: TcpChannel) -> Outcome:
        """TLS first; no octet of the session before the charger is believed."""
        vehicle = self._vehicle
        try:
            channel = await tls.secure(link, _context(), server=False)
        except Unavailable as broken:
            await link.close()
            return self.fail("link.handshake", str(broken), at="tls")
        failure = objection_to_charger(
            channel.evidence.chain,
            channel.evidence.staple,
            anchors=vehicle.wallet.anchors,
            now=self._clock.now(),
            policy=vehicle.staple,
            edition=_EDITION,
        )
        if failure is not None:
            await channel.close()
            return self.fail(failure, at="tls")
        self.mark("secured")
        return await self.charge(channel, secured=True)

    async def charge(self, channel: Channel, *, secured: bool) -> Outcome:
        """The session itself."""
        vehicle = self._vehicle
        speaker = Iso2Evcc(
            vehicle.intentions,
            vehicle.wallet,
            clock=self._clock,
            secured=secured,
            resume=vehicle.resume,
        )
        session = EvccSession(speakers=[vehicle.manner(speaker)], clock=self._clock)
        try:
            await drive_evcc(session, channel, clock=self._clock, note=self._keep)
        finally:
            await channel.close()
        self.mark("ended")
        return self._outcome

    def _keep(self, event: Event) -> None:
        outcome = self._outcome
        match event:
            case Authorized():
                outcome.authorized = True
                self.mark("authorized")
            case ContractInstalled():
                outcome.installed = True
                self.mark("installed")
            case SessionEnded(session_id=session_id, paused=paused):
                outcome.paused_session = session_id if paused else None
            case SessionFailed(failure=failure, response_code=code, at=at):
                outcome.failure, outcome.response_code, outcome.at = failure, code, at
            case _:
                pass
        self._note(event)


@cache
def _context() -> SSL.Context:
    return tls.client_context(edition=_EDITION)


async def _find(vehicle: Vehicle, target: Target) -> Direct:
    match target:
        case Direct():
            return target
        case Discovered(interface=interface, requests_max=requests_max, port=port, group=group):
            response = await udp.discover(
                interface,
                sdp.Request(security=vehicle.security),
                requests_max=requests_max,
                port=port,
                group=group,
            )
            scope = f"%{interface}" if response.address.is_link_local else ""
            return Direct(
                host=f"{response.address}{scope}",
                port=response.port,
                security=response.security,
            )
