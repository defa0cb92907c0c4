"""The demo's second half: a vehicle without a contract plugs in, charges, and is later refused."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv6Address

import httpx

from certs import keys, pem
from certs.chain.verifier import ChainVerifier
from certs.hierarchy import Identity
from certs.identifiers.evse_id import EVSEID
from certs.keys import KeyKind
from certs.profiles.rules import Role
from ev_emulator.backend.http import Addresses, HttpBackend
from ev_emulator.charger.contract_check import ContractCheck
from ev_emulator.charger.meter import Meter
from ev_emulator.charger.offer import Offer
from ev_emulator.charger.paused import PausedSessions
from ev_emulator.driving.plug_in import Direct, Discovered, Outcome, Target, Vehicle, plug_in
from ev_emulator.driving.station import Charger, Doors, Station
from ev_emulator.framing import sdp
from ev_emulator.framing.sdp import Security
from ev_emulator.network import udp
from ev_emulator.network.tls import TlsIdentity
from ev_emulator.scenarios.stage import key_of
from ev_emulator.session.events import Event, ReceiptSigned, SessionFailed
from ev_emulator.session.iso_2.visit import Outlet
from ev_emulator.stand_in.provisioning import ProvisioningService
from ev_emulator.vehicle.intentions import Intentions
from ev_emulator.vehicle.wallet import ProvisioningIdentity, Wallet
from plugward.authority import request_of
from plugward.demo import provisioning
from plugward.demo.story import CONTRACTS, DEADLINE_SECONDS, OCSP_LIFETIME_SECONDS, Stage, client
from plugward.founding import emaid_of
from plugward.reading import serial
from plugward.serve import Door, in_background, listen, url_of

_LOOPBACK, _LOOPBACK_6 = "lo", "::1"
_EVSE = EVSEID.parse("DE*ICE*E45B*78C")
_WANTS = Intentions(loops=2)
_SPEED = 3600.0  # an hour of charging in a second


@dataclass(frozen=True, slots=True, kw_only=True)
class PlugIn:
    """One plug-in as it went, and whether that was the only right way."""

    name: str
    outcome: Outcome
    receipts: int
    reason: str
    expected: bool


@contextmanager
def driven(stage: Stage) -> Iterator["Drive"]:
    """A charger's surroundings: a contract that our PKI issued, a door that provisions it."""
    with ExitStack() as stack:
        listening = stack.enter_context(listen("127.0.0.1", 0))
        drive = Drive(stage, f"{url_of(listening)}{provisioning.DOOR}")
        app = partial(provisioning.create_app, drive.provisioning, clock=stage.clock.now)
        stack.enter_context(in_background([Door("provisioning", listening, app)]))
        yield drive


class Drive:
    """A vehicle, a charger and what they have been through; mutable."""

    def __init__(self, stage: Stage, provisioning_url: str) -> None:
        self._stage = stage
        world = stage.founded.world
        self._contract = _issued(stage)
        oem = world[Role.OEM_PROVISIONING]
        self._wallet = Wallet(
            anchors=world.anchors(),
            provisioning=ProvisioningIdentity(chain=oem.chain, private_key=key_of(oem)),
        )
        self.provisioning = ProvisioningService(
            cps=world[Role.CPS],
            anchors=world.anchors(),
            oem_authorities=oem.chain[1:],
            contract_for=lambda _pcid: self._contract,
            random_bytes=secrets.token_bytes,
        )
        self._addresses = Addresses(
            authorize=stage.authz_url,
            provisioning=provisioning_url,
            api_key=stage.founded.authz_key,
        )
        self._check = ContractCheck(ChainVerifier(world.anchors()))
        self._failed = ""

    async def plug_ins(self) -> AsyncIterator[PlugIn]:
        """First without a contract; then with the one it got, which was revoked meanwhile."""
        outcome, receipts = await self._visit()
        yield PlugIn(
            name="without a contract: installs one",
            outcome=outcome,
            receipts=receipts,
            reason=self._reason(outcome),
            expected=outcome.good and outcome.installed and receipts > 0,
        )
        await self._revoke()
        outcome, receipts = await self._visit()
        yield PlugIn(
            name="again, the contract revoked meanwhile",
            outcome=outcome,
            receipts=receipts,
            reason=self._reason(outcome),
            expected=not outcome.authorized
            and outcome.response_code == "FAILED_CertificateRevoked",
        )

    def _reason(self, outcome: Outcome) -> str:
        return self._failed or (outcome.failure.code if outcome.failure else "charged")

    async def _revoke(self) -> None:
        """The PKI revokes; what it said before is believed no longer than its nextUpdate."""
        leaf = self._contract.certificate
        issuer = (leaf.authority_key_id or b"").hex()
        path = f"/v1/certificates/{issuer}/{serial(leaf.serial)}/revoke"
        stage = self._stage
        body = {"reason": "keyCompromise"}
        async with httpx.AsyncClient(trust_env=False, timeout=DEADLINE_SECONDS) as pki:
            headers = {"Authorization": f"Bearer {stage.founded.pki_key}"}
            answer = await pki.post(stage.pki_url + path, json=body, headers=headers)
            answer.raise_for_status()
        await asyncio.sleep(OCSP_LIFETIME_SECONDS + 0.1)

    async def _visit(self) -> tuple[Outcome, int]:
        """The charger opens, the vehicle comes and goes; with how many receipts it signed."""
        clock = self._stage.clock
        receipts = 0
        self._failed = ""

        def note(event: Event) -> None:
            nonlocal receipts
            receipts += isinstance(event, ReceiptSigned)

        async with AsyncExitStack() as stack:
            http = httpx.AsyncClient(trust_env=False, follow_redirects=False)
            backend = HttpBackend(await stack.enter_async_context(http), self._addresses)
            host = _host()
            charger = Charger(
                identity=self._identity(),
                backend=backend,
                clock=clock,
                outlet_for=self._outlet,
                doors=Doors(host=host),
                note=self._hear,
            )
            station = await stack.enter_async_context(Station(charger))
            target = await _found(host, station.tls_port, stack)
            vehicle = Vehicle(wallet=self._wallet, intentions=_WANTS)
            outcome = await plug_in(vehicle, target, clock=clock, note=note)
        return outcome, receipts

    def _hear(self, _session: int, event: Event) -> None:
        if isinstance(event, SessionFailed):
            self._failed = event.failure.code

    def _identity(self) -> TlsIdentity:
        secc = self._stage.founded.world[Role.SECC]
        return TlsIdentity(chain=secc.chain, private_key=key_of(secc))

    def _outlet(self) -> Outlet:
        clock = self._stage.clock
        return Outlet(
            offer=Offer(evse_id=_EVSE, receipt_every=2, asks_tariffs=False),
            meter=Meter("METER-0001", clock=clock, start_wh=12_000, speed=_SPEED),
            contract_check=self._check,
            paused=PausedSessions(),
            clock=clock,
            random_bytes=secrets.token_bytes,
        )


def _issued(stage: Stage) -> Identity:
    """A contract for the vehicle: its key made here, its certificate issued by our PKI, its eMAID
    known to our authorization service.
    """
    world = stage.founded.world
    key = keys.generate(KeyKind.P256)
    emaid = emaid_of(CONTRACTS + 1)
    wanted = {
        "role": Role.CONTRACT.value,
        "edition": world.edition.value,
        "csr": request_of(key, emaid),
    }
    with client(stage.pki_url, stage.founded.pki_key) as pki:
        told = pki.post("/v1/certificates", json=wanted).raise_for_status().json()
    with client(stage.authz_url, stage.founded.authz_key) as authz:
        authz.put(f"/v1/contracts/{emaid}", json={}).raise_for_status()
    (certificate,) = pem.parse_chain(told["certificate"])
    return Identity(
        role=Role.CONTRACT,
        certificate=certificate,
        private_key=key,
        issuer=world[Role.MO_SUB_2],
    )


def _host() -> str:
    """Loopback of IPv6, which discovery needs, where this machine has it."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind((_LOOPBACK_6, 0))
    except OSError:
        return "127.0.0.1"
    return _LOOPBACK_6


async def _found(host: str, port: int, stack: AsyncExitStack) -> Target:
    """Where the vehicle looks: by SDP on loopback, whose answer the charger gives; directly where
    this machine's loopback cannot do that.
    """
    response = sdp.Response(address=IPv6Address(_LOOPBACK_6), port=port, security=Security.TLS)
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as free:
            free.bind((_LOOPBACK_6, 0))
            discovery_port = free.getsockname()[1]
        answering = await udp.respond(_LOOPBACK, lambda _asked: response, port=discovery_port)
    except OSError:
        return Direct(host=host, port=port)
    stack.callback(answering.close)
    return Discovered(interface=_LOOPBACK, port=discovery_port, group=_LOOPBACK_6)
