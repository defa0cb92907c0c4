"""The vehicle's side of an ISO 15118-2 session: what it says in each state."""

from certs.keys import Signer
from ev_emulator.clock import Clock
from ev_emulator.errors import LocalProtocolError, RemoteProtocolError
from ev_emulator.framing.v2gtp import Frame
from ev_emulator.session.iso_2 import requests, wire
from ev_emulator.session.iso_2.hearing import CERTIFICATE_SERVICE, OPTIONS, Hearing
from ev_emulator.session.iso_2.table import RULEBOOK
from ev_emulator.session.speaking import Heard, Request, Taken
from ev_emulator.session.states import Rulebook
from ev_emulator.vehicle.intentions import Installation, Intentions
from ev_emulator.vehicle.wallet import Contract, Wallet
from exi.iso2.body import BodyBaseType
from exi.iso2.power_delivery import PowerDeliveryReq

VOLTS_APART_MAX = 20  # IEC 61851-23: how far pre-charge may be from the battery's voltage


class Iso2Evcc:
    """One visit of a vehicle to a charger, by its intentions and with its wallet.

    ``secured``: the link is TLS; without it Plug & Charge is never spoken. ``resume`` is the
    identifier of a session this vehicle paused here.
    """

    def __init__(
        self,
        intentions: Intentions,
        wallet: Wallet,
        *,
        clock: Clock,
        secured: bool,
        resume: bytes | None = None,
    ) -> None:
        self._intentions = intentions
        self._wallet = wallet
        self._clock = clock
        self._resume = resume
        self._heard = Hearing(intentions, wallet, clock=clock, secured=secured, resume=resume)

    @property
    def rulebook(self) -> Rulebook:
        return RULEBOOK

    def read(self, frame: Frame) -> Heard:
        """Decode a response."""
        return wire.read(frame)

    def hear(self, request: Request, response: Heard) -> Taken:
        """What a response means that did not fail; RemoteProtocolError where it is not believed."""
        return self._heard.take(request, response)

    def speak(self, state: str, session_id: bytes | None) -> Request:
        """The next request in this state; RemoteProtocolError where the vehicle gives up."""
        session = session_id or self._resume or wire.NO_SESSION
        wants, pause = self._intentions, self._intentions.poll_pause_seconds
        match state:
            case "session_setup":
                return _say(requests.session_setup(wants), session)
            case "service_discovery":
                return _say(requests.service_discovery(), session)
            case "service_selection":
                return self._select(session)
            case "contract_selected":
                return self._identify(session)
            case "contract_installed":
                return _say(requests.payment_details(self._must_have_contract()), session)
            case "contract_challenged":
                return self._authorize(session)
            case "contract_pending" | "external_pending":
                return _say(requests.authorization(), session, pause=pause)
            case "external_selected":
                return _say(requests.authorization(), session)
            case "charge_parameters" | "renegotiation":
                return _say(requests.charge_parameters(wants), session)
            case "cable_check":
                return _say(requests.cable_check(wants), session)
            case "pre_charge":
                return _say(requests.pre_charge(wants), session)
            case "pre_charging" if abs(self._heard.present_volts - wants.volts) > VOLTS_APART_MAX:
                return _say(requests.pre_charge(wants), session, pause=pause)
            case "ac_ready" | "pre_charging" | "dc_ready":
                return _say(self._power("Start"), session)
            case "ac_charging" | "dc_charging":
                return self._charge(state, session)
            case "ac_receipt" | "dc_receipt":
                return self._confirm(session)
            case "dc_stopped" if not self._heard.welding_checked:
                return _say(requests.welding_detection(wants), session)
            case "dc_stopped" | "ac_stopped":
                return _say(requests.session_stop(pause=wants.pause), session)
            case _:
                raise LocalProtocolError(f"nothing to say in {state}")

    def _select(self, session: bytes) -> Request:
        """Ask what the certificate service is, then choose."""
        if self._heard.wants_certificate and not self._heard.detailed:
            return _say(requests.service_detail(CERTIFICATE_SERVICE), session)
        services: list[tuple[int, int | None]] = [(1, None)]
        if self._heard.wants_certificate:
            updates = self._intentions.installation is Installation.UPDATE
            wanted = "Update" if updates else "Installation"
            if wanted not in self._heard.parameter_sets:
                raise RemoteProtocolError("installation.not_offered", wanted)
            services.append((CERTIFICATE_SERVICE, self._heard.parameter_sets[wanted]))
        option = OPTIONS[self._intentions.payment]
        return _say(requests.payment_service_selection(option, services), session)

    def _identify(self, session: bytes) -> Request:
        """Ask for a contract, or show the one there is."""
        if not self._heard.wants_certificate:
            return _say(requests.payment_details(self._must_have_contract()), session)
        roots = [anchor.certificate for anchor in self._wallet.anchors.anchors]
        if self._intentions.installation is Installation.UPDATE:
            old = self._must_have_contract()
            update = requests.certificate_update(old, roots)
            return _say(update, session, signer=old.signer)
        identity = self._wallet.provisioning
        if identity is None:
            raise RemoteProtocolError("payment.no_contract", "no provisioning identity either")
        install = requests.certificate_installation(identity.leaf, roots)
        return _say(install, session, signer=identity.signer)

    def _must_have_contract(self) -> Contract:
        """The contract of this visit: within its time if there is one, else the latest."""
        if self._heard.contract is None:
            now = self._clock.now()
            self._heard.contract = self._wallet.usable(now) or self._wallet.latest()
        if self._heard.contract is None:
            raise RemoteProtocolError("payment.no_contract")
        return self._heard.contract

    def _authorize(self, session: bytes) -> Request:
        if self._heard.challenge is None:
            raise LocalProtocolError("no challenge to answer")
        body = requests.authorization(self._heard.challenge)
        return _say(body, session, signer=self._must_have_contract().signer)

    def _power(self, progress: str) -> PowerDeliveryReq:
        return requests.power_delivery(
            progress,
            schedule=self._heard.schedule,
            watts_max=self._heard.watts_max,
            wants=self._intentions,
        )

    def _charge(self, state: str, session: bytes) -> Request:
        """One more round, or a reason to leave the loop."""
        wants = self._intentions
        if self._heard.stopping or self._heard.rounds >= wants.loops:
            return _say(self._power("Stop"), session)
        if self._heard.renegotiating:
            self._heard.renegotiating = False
            return _say(self._power("Renegotiate"), session)
        pause = wants.loop_pause_seconds if self._heard.rounds else 0.0
        if state == "ac_charging":
            return _say(requests.charging_status(), session, pause=pause)
        done = self._heard.rounds == wants.loops - 1
        return _say(requests.current_demand(wants, complete=done), session, pause=pause)

    def _confirm(self, session: bytes) -> Request:
        """Sign the reading that was shown."""
        if self._heard.reading is None:
            raise LocalProtocolError("a receipt of no reading")
        body = requests.metering_receipt(session, self._heard.schedule, self._heard.reading)
        return _say(body, session, signer=self._must_have_contract().signer)


def _say(
    body: BodyBaseType,
    session: bytes,
    *,
    signer: Signer | None = None,
    pause: float = 0.0,
) -> Request:
    return Request(
        name=type(body).__name__,
        message=body,
        payload=wire.write(body, session_id=session, signer=signer),
        pause_seconds=pause,
    )
