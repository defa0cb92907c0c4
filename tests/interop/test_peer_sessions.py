"""Whole Plug & Charge sessions with a stranger, both ways, over a real link with discovery."""

import asyncio
import secrets
import time
from datetime import UTC, datetime

import pytest

from certs import pem
from certs.chain.verifier import ChainVerifier
from certs.edition import Edition
from certs.hierarchy import grow
from certs.identifiers.emaid import EMAID
from certs.profiles.rules import Role
from ev_emulator.asking import ask
from ev_emulator.charger.contract_check import ContractCheck
from ev_emulator.charger.meter import Meter
from ev_emulator.charger.offer import Offer
from ev_emulator.charger.paused import PausedSessions
from ev_emulator.driving.plug_in import Discovered, Vehicle, plug_in
from ev_emulator.driving.station import Charger, Doors, Station
from ev_emulator.network.tls import TlsIdentity
from ev_emulator.ports import (
    CertificateAction,
    CertificateQuestion,
    ContractQuestion,
    Permitted,
)
from ev_emulator.reasons import of_findings, response_word
from ev_emulator.session.events import (
    Authorized,
    ContractInstalled,
    ReceiptSigned,
    SessionEnded,
    SessionFailed,
    TariffReceived,
)
from ev_emulator.session.iso_2.table import RULEBOOK
from ev_emulator.session.iso_2.visit import Outlet
from ev_emulator.stand_in.backend import StandIn
from ev_emulator.vehicle.intentions import Intentions
from ev_emulator.vehicle.trust import Staple
from exi.iso2.simple_types import EnergyTransferModeType
from tests.ev_pair import EVSE, PCID, names, told, wallet
from tests.iso15118_peer import PeerSide, write_pki
from tests.netns_link import Link

pytestmark = [pytest.mark.needs("java", "netns"), pytest.mark.slow]
INSTALLED = "DE8AA00TESTCAR"


class SystemClock:
    def seconds(self):
        return time.monotonic()

    def now(self):
        return datetime.now(UTC)


CLOCK = SystemClock()


@pytest.fixture(scope="module")
def world():
    return grow(seed=None, now=CLOCK.now())


@pytest.fixture(scope="module")
def link():
    with Link() as made:
        yield made


def backend(world):
    made = StandIn(world, now=CLOCK.now, random_bytes=secrets.token_bytes)
    made.assign(PCID, INSTALLED)
    return made


# Our charger, the stranger's vehicle


@pytest.fixture(scope="module")
def vehicle(world, link, tmp_path_factory):
    home = tmp_path_factory.mktemp("peer-evcc")
    pki = write_pki(world, home / "pki")
    with PeerSide("evcc", link, pki, log=home / "log") as running:
        yield running


def serve(world, link, vehicle, *, offer=None, deny=None, **wants):
    """The stranger plugs in at our charger; what each side says of it, and our backend."""
    judge = ContractCheck(ChainVerifier(world.anchors()))
    ours = backend(world)
    if deny is not None:
        ours.deny(*deny)
    events = []

    def outlet():
        return Outlet(
            offer=offer or Offer(evse_id=EVSE),
            meter=Meter("METER-0001", clock=CLOCK, start_wh=12_000, speed=100),
            contract_check=judge,
            paused=PausedSessions(),
            clock=CLOCK,
            random_bytes=secrets.token_bytes,
        )

    async def run():
        secc = world[Role.SECC]
        charger = Charger(
            identity=TlsIdentity(chain=secc.chain, private_key=secc.private_key),
            backend=ours,
            clock=CLOCK,
            outlet_for=outlet,
            doors=Doors(host="::", interface=link.here),
            note=lambda _session, event: events.append(event),
        )
        async with Station(charger):
            vehicle.visit(
                supportedProtocols=["ISO_15118_2"],
                useTls=True,
                enforceTls=True,
                **{
                    "supportedEnergyServices": ["AC"],
                    "energyTransferMode": "AC_three_phase_core",
                    "chargeLoopCycle": 3,
                    "isCertInstallNeeded": False,
                    **wants,
                },
            )
            return await asyncio.to_thread(vehicle.wait_for, "ended", seconds=45)

    return link.run(run), events, ours


def test_strangers_vehicle_pays_by_contract_at_our_charger(world, link, vehicle):
    ended, events, _ = serve(world, link, vehicle)
    assert ended["good"], ended
    (authorized,) = told(events, Authorized)
    assert authorized.emaid == EMAID.parse(world[Role.CONTRACT].certificate.common_name)
    assert told(events, SessionFailed) == []
    assert len(told(events, SessionEnded)) == 1


def test_strangers_vehicle_signs_metering_receipts_that_verify(world, link, vehicle):
    offer = Offer(evse_id=EVSE, receipt_every=2)
    ended, events, _ = serve(world, link, vehicle, offer=offer)
    assert ended["good"], ended
    assert told(events, ReceiptSigned) != []
    assert told(events, SessionFailed) == []


def test_strangers_vehicle_charges_with_dc(world, link, vehicle):
    ended, events, _ = serve(
        world,
        link,
        vehicle,
        supportedEnergyServices=["DC"],
        energyTransferMode="DC_extended",
    )
    assert ended["good"], ended
    assert {"CableCheckReq", "PreChargeReq", "CurrentDemandReq"} <= set(names(events))


def test_strangers_vehicle_is_told_why_a_suspended_contract_is_refused(world, link, vehicle):
    emaid = EMAID.parse(world[Role.CONTRACT].certificate.common_name)
    ended, events, _ = serve(world, link, vehicle, deny=(emaid, "contract.suspended"))
    assert not ended["good"]
    (failed,) = told(events, SessionFailed)
    assert (failed.failure.code, failed.response_code) == ("contract.suspended", "FAILED")


def test_strangers_vehicle_opens_the_contract_key_that_we_sealed(world, link, vehicle):
    # last: it replaces the vehicle's contract
    ended, events, ours = serve(world, link, vehicle, isCertInstallNeeded=True)
    assert ended["good"], ended
    assert "CertificateInstallationReq" in names(events)
    (authorized,) = told(events, Authorized)
    assert authorized.emaid == EMAID.parse(INSTALLED)
    assert ours.reports[-1].emaid == EMAID.parse(INSTALLED)


# The stranger's charger, our vehicle


class OurBackend:
    """What the stranger's charger asks, answered by our provisioning and our judge."""

    def __init__(self, world):
        self.backend = backend(world)
        self.asked = []

    def __call__(self, question):
        kind = next(iter(question))
        self.asked.append(kind)
        return getattr(self, kind)(question)

    def install(self, question):
        asked = CertificateQuestion(
            action=CertificateAction.INSTALL,
            edition=Edition.ISO_2,
            namespace=RULEBOOK.namespace,
            exi=bytes.fromhex(question["install"]),
        )
        return asyncio.run(ask(self.backend, asked)).exi.hex()

    def authorize(self, question):
        asked = ContractQuestion(
            emaid=EMAID.parse(question["authorize"]),
            chain=pem.parse_chain(question["chain"]),
            path=(),
            evse_id=str(EVSE),
            edition=Edition.ISO_2,
        )
        answer = asyncio.run(ask(self.backend, asked))
        if isinstance(answer, Permitted):
            return "OK"
        failure = of_findings(answer.findings, edition=Edition.ISO_2)
        return response_word(failure.code, Edition.ISO_2)


@pytest.fixture(scope="module")
def charger(world, link, tmp_path_factory):
    home = tmp_path_factory.mktemp("peer-secc")
    ours = OurBackend(world)
    settings = {
        "SECC_ENFORCE_TLS": "true",
        "PROTOCOLS": "ISO_15118_2",
        "AUTH_MODES": "PNC",
        "USE_CPO_BACKEND": "true",
    }
    pki = write_pki(world, home / "pki")
    with PeerSide("secc", link, pki, log=home / "log", answer=ours, **settings) as running:
        running.ours = ours
        yield running


def visit(link, charger, carried, **wants):
    """Our vehicle finds the stranger's charger and charges; the outcome and what it noted."""
    events = []
    vehicle = Vehicle(
        wallet=carried,
        intentions=Intentions(**wants),
        staple=Staple.ACCEPT_ABSENT,  # the stranger staples nothing
    )

    async def run():
        return await plug_in(
            vehicle, Discovered(interface=link.here), clock=CLOCK, note=events.append
        )

    outcome = link.run(run)
    return outcome, charger.wait_for("ended", seconds=30), events


def test_our_vehicle_pays_by_contract_and_signs_receipts_at_strangers_charger(world, link, charger):
    carried = wallet(world[Role.CONTRACT], world=world)
    outcome, ended, events = visit(link, charger, carried, loops=3)
    assert outcome.failure is None
    assert ended["good"], ended
    assert outcome.authorized
    # its charger verifies the signed receipt, or it would have answered with a failure
    assert told(events, ReceiptSigned) != []
    # its tariff is signed by the MO Sub-CA 2 above our contract
    assert [tariff.believed for tariff in told(events, TariffReceived)] == [True]


def test_our_vehicle_charges_with_dc_at_strangers_charger(world, link, charger):
    carried = wallet(world[Role.CONTRACT], world=world)
    wants = {"mode": EnergyTransferModeType.DC_extended, "amperes_max": 10}
    outcome, ended, events = visit(link, charger, carried, loops=3, **wants)
    assert outcome.failure is None
    assert ended["good"], ended
    assert names(events).count("CurrentDemandReq") == 3


def test_our_vehicle_installs_a_contract_that_strangers_charger_passes_on(world, link, charger):
    outcome, ended, events = visit(link, charger, wallet(world=world), loops=1)
    assert outcome.failure is None
    assert ended["good"], ended
    (installed,) = told(events, ContractInstalled)
    assert installed.emaid == EMAID.parse(INSTALLED)
    assert charger.ours.asked[-2:] == ["install", "authorize"]


def test_our_vehicle_hears_why_strangers_charger_refuses_a_revoked_contract(world, link, charger):
    revoked = world.issue(Role.CONTRACT, common_name="DE8AA00REVOKED")
    charger.ours.backend.revoke(revoked.certificate)
    outcome, ended, _ = visit(link, charger, wallet(revoked, world=world))
    assert not ended["good"]
    assert outcome.response_code == "FAILED_CertificateRevoked"
    assert outcome.at == "contract_selected"


def test_our_vehicle_opens_the_contract_key_that_strangers_charger_sealed(world, link, charger):
    # without its backend the peer is its own provisioning service, with our CPS's key
    charger.set(use_cpo_backend=False)
    try:
        outcome, ended, events = visit(link, charger, wallet(world=world), loops=1)
    finally:
        charger.set(use_cpo_backend=True)
    assert outcome.failure is None
    assert ended["good"], ended
    (installed,) = told(events, ContractInstalled)
    assert installed.emaid == EMAID.parse(world[Role.CONTRACT].certificate.common_name)
