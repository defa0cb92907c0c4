"""Lets a story happen: a world, an operator, a charger that listens on loopback, a vehicle."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec

from certs.chain.verifier import ChainVerifier
from certs.hierarchy import Identity, World, grow
from certs.identifiers.emaid import EMAID
from certs.identifiers.evse_id import EVSEID
from certs.profiles.rules import Role
from ev_emulator.charger.contract_check import ContractCheck
from ev_emulator.charger.meter import Meter
from ev_emulator.charger.offer import Offer, Patience
from ev_emulator.charger.paused import PausedSessions
from ev_emulator.clock import Clock
from ev_emulator.driving.plug_in import Direct, Outcome, Vehicle, plug_in
from ev_emulator.driving.station import Charger, Station
from ev_emulator.network.tls import TlsIdentity
from ev_emulator.ports import Backend
from ev_emulator.scenarios.manners import Accomplice, speaking
from ev_emulator.scenarios.operators import HABITS, Habitual
from ev_emulator.scenarios.scenario import Carries, End, Operator, Scenario, Visit
from ev_emulator.session.events import Event, ReceiptSigned, SessionEnded, SessionFailed
from ev_emulator.session.iso_2.visit import Outlet
from ev_emulator.stand_in.backend import StandIn
from ev_emulator.trace import Recorder
from ev_emulator.vehicle.wallet import Contract, ProvisioningIdentity, Wallet, contract

EVSE = EVSEID.parse("DE*ICE*E45B*78C")
EMAID_TEXT = "DE8AA0STORY001"
ANOTHER_EMAID_TEXT = "DE8AA0STORY002"
CHARGER_SECONDS = 5.0  # beyond, a charger did not notice that the vehicle is gone
METER_SPEED = 3600.0  # an hour of charging in a second
_LASTED, _OVER_SINCE, _NOT_BEFORE = timedelta(days=60), timedelta(days=1), timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How a visit ended, beside how it had to."""

    visit: Visit
    end: End
    outcome: Outcome

    @property
    def expected(self) -> bool:
        return self.end == self.visit.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A story told, with everything that was said in it."""

    scenario: Scenario
    seen: tuple[Seen, ...]
    recorder: Recorder

    @property
    def expected(self) -> bool:
        """Whether every visit ended as it had to."""
        return all(each.expected for each in self.seen)


async def tell(
    scenario: Scenario,
    *,
    clock: Clock,
    world: World | None = None,
    hurry: float = 1.0,
) -> Told:
    """Let it happen. ``hurry`` shortens the operator's and the charger's waits by this factor.

    OSError where no port can be had.
    """
    now = clock.now()
    world = world or grow(seed=None, now=now)
    stand_in = StandIn(
        world, now=clock.now, random_bytes=secrets.token_bytes, tariffs=scenario.tariffs
    )
    wallet = wallet_of(scenario.carries, world, now=now)
    _prepare(scenario.operator, stand_in, wallet)
    stand_in.assign(world[Role.OEM_PROVISIONING].certificate.common_name or "", EMAID_TEXT)
    backend = Habitual(stand_in, HABITS[scenario.operator], hurry=hurry)
    recorder = Recorder(clock.now)
    told: list[Event] = []
    over = asyncio.Event()

    def note(_session: int, event: Event) -> None:
        told.append(event)
        recorder.charger(event)
        if isinstance(event, SessionEnded | SessionFailed):
            over.set()

    usual = Patience()
    offer = Offer(
        evse_id=EVSE,
        payments=scenario.payments,
        receipt_every=scenario.receipt_every,
        asks_tariffs=scenario.tariffs,
        patience=Patience(
            payment_details_seconds=usual.payment_details_seconds / hurry,
            certificate_seconds=usual.certificate_seconds / hurry,
        ),
    )
    charger = charger_of(world, backend, offer=offer, clock=clock, note=note)
    accomplice = Accomplice(wallet=wallet)
    seen: list[Seen] = []
    paused: bytes | None = None
    async with Station(charger) as station:
        for visit in scenario.visits:
            signed_before = _receipts(told)
            vehicle = Vehicle(
                wallet=wallet,
                intentions=visit.intentions,
                resume=paused,
                manner=speaking(visit.manner, accomplice),
            )
            target = Direct(host="127.0.0.1", port=station.tls_port)
            ahead = Ahead(clock, visit.ahead_seconds)
            outcome = await plug_in(vehicle, target, clock=ahead, note=recorder.vehicle)
            await _until(over)
            paused = outcome.paused_session
            end = _end(outcome, told, receipts=_receipts(told) - signed_before)
            seen.append(Seen(visit=visit, end=end, outcome=outcome))
            told.clear()
    return Told(scenario=scenario, seen=tuple(seen), recorder=recorder)


async def _until(over: asyncio.Event) -> None:
    """Wait until the charger, too, is done with the visit."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CHARGER_SECONDS):
            await over.wait()
    over.clear()


def _receipts(told: list[Event]) -> int:
    return sum(isinstance(event, ReceiptSigned) for event in told)


def _end(outcome: Outcome, told: list[Event], *, receipts: int) -> End:
    failures = [event for event in told if isinstance(event, SessionFailed)]
    return End(
        vehicle=outcome.failure.code if outcome.failure else "",
        response_code=outcome.response_code,
        charger=failures[-1].failure.code if failures else "",
        installed=outcome.installed,
        authorized=outcome.authorized,
        paused=outcome.paused_session is not None,
        receipts=receipts,
    )


def _prepare(operator: Operator, stand_in: StandIn, wallet: Wallet) -> None:
    """What the operator did before the vehicle came."""
    held = wallet.latest()
    if held is None:
        return
    if operator is Operator.REVOKED:
        stand_in.revoke(held.leaf)
    if operator is Operator.SUSPENDED:
        stand_in.deny(held.emaid, "contract.suspended")


def charger_of(
    world: World,
    backend: Backend,
    *,
    offer: Offer,
    clock: Clock,
    note: Callable[[int, Event], None],
) -> Charger:
    """A charger of this world, with one outlet."""
    secc = world[Role.SECC]
    check = ContractCheck(ChainVerifier(world.anchors()))
    paused = PausedSessions()

    def outlet() -> Outlet:
        return Outlet(
            offer=offer,
            meter=Meter("METER-0001", clock=clock, start_wh=12_000, speed=METER_SPEED),
            contract_check=check,
            paused=paused,
            clock=clock,
            random_bytes=secrets.token_bytes,
        )

    return Charger(
        identity=TlsIdentity(chain=secc.chain, private_key=key_of(secc)),
        backend=backend,
        clock=clock,
        outlet_for=outlet,
        note=note,
    )


def wallet_of(carries: Carries, world: World, *, now: datetime) -> Wallet:
    """What a vehicle of this world carries."""
    oem = world[Role.OEM_PROVISIONING]
    provisioning = ProvisioningIdentity(chain=oem.chain, private_key=key_of(oem))
    held = _contract(carries, world, now=now)
    contracts = [] if held is None else [held]
    return Wallet(anchors=world.anchors(), provisioning=provisioning, contracts=contracts)


def _contract(carries: Carries, world: World, *, now: datetime) -> Contract | None:
    match carries:
        case Carries.NOTHING:
            return None
        case Carries.CONTRACT:
            return _held(world.issue(Role.CONTRACT, common_name=EMAID_TEXT))
        case Carries.EXPIRED:
            return _within(world, now - _LASTED, now - _OVER_SINCE)
        case Carries.NOT_YET_VALID:
            return _within(world, now + _NOT_BEFORE, now + _LASTED)
        case Carries.FOREIGN:
            elsewhere = grow(seed=None, now=now)
            return _held(elsewhere.issue(Role.CONTRACT, common_name=EMAID_TEXT))
        case Carries.OF_ANOTHER:
            mine = world.issue(Role.CONTRACT, common_name=EMAID_TEXT)
            return Contract(
                emaid=EMAID.parse(ANOTHER_EMAID_TEXT), chain=mine.chain, private_key=key_of(mine)
            )


def _within(world: World, not_before: datetime, not_after: datetime) -> Contract:
    """A contract for this time."""
    return _held(
        world.issue(
            Role.CONTRACT, common_name=EMAID_TEXT, not_before=not_before, not_after=not_after
        )
    )


def _held(identity: Identity) -> Contract:
    return contract(identity.chain, key_of(identity))


def key_of(identity: Identity) -> ec.EllipticCurvePrivateKey:
    """An identity's P-256 private key; TypeError where it has none."""
    if not isinstance(identity.private_key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{identity.role.value} has no P-256 key here")
    return identity.private_key


@dataclass(frozen=True, slots=True)
class Ahead:
    """A clock whose moment goes ahead of another's."""

    clock: Clock
    ahead_seconds: float = field(default=0.0)

    def seconds(self) -> float:
        return self.clock.seconds()

    def now(self) -> datetime:
        return self.clock.now() + timedelta(seconds=self.ahead_seconds)
