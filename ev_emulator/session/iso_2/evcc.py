"""The vehicle's side of an ISO 15118-2 session: what it says in each state, what it makes of the
answers.
"""

from certs.keys import Signer
from ev_emulator.clock import Clock
from ev_emulator.errors import LocalProtocolError, RemoteProtocolError
from ev_emulator.framing.v2gtp import Frame
from ev_emulator.reasons import Failure
from ev_emulator.session.events import (
    Authorized,
    ContractInstalled,
    Event,
    Metered,
    PowerSwitched,
    ReceiptSigned,
    SessionOpened,
)
from ev_emulator.session.iso_2 import requests, wire
from ev_emulator.session.iso_2.table import RULEBOOK
from ev_emulator.session.iso_2.tariffs import judge_tariff
from ev_emulator.session.iso_2.values import whole
from ev_emulator.session.speaking import Heard, Request, Taken
from ev_emulator.session.states import Rulebook
from ev_emulator.vehicle import installation
from ev_emulator.vehicle.intentions import Installation, Intentions, Payment
from ev_emulator.vehicle.wallet import Contract, Wallet
from exi.iso2.ac import ChargingStatusRes
from exi.iso2.body import BodyBaseType
from exi.iso2.certificate import CertificateInstallationRes, CertificateUpdateRes
from exi.iso2.charge_parameter import ChargeParameterDiscoveryRes
from exi.iso2.dc import CableCheckRes, CurrentDemandRes, PreChargeRes
from exi.iso2.message import V2G_Message
from exi.iso2.metering import MeterInfoType, MeteringReceiptReq
from exi.iso2.payment import (
    AuthorizationRes,
    PaymentDetailsRes,
    PaymentServiceSelectionReq,
)
from exi.iso2.power_delivery import PowerDeliveryReq
from exi.iso2.schedule import SAScheduleListType
from exi.iso2.service import ServiceDetailRes, ServiceDiscoveryRes
from exi.iso2.session import SessionSetupRes, SessionStopReq
from exi.iso2.simple_types import (
    EVSENotificationType,
    EVSEProcessingType,
    paymentOptionType,
)
from exi.iso2.values import AC_EVSEStatusType, DC_EVSEStatusType

_OPTIONS = {
    Payment.CONTRACT: paymentOptionType.Contract,
    Payment.EXTERNAL: paymentOptionType.ExternalPayment,
}
_CERTIFICATE_SERVICE = 2
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
        self._secured = secured
        self._resume = resume
        self._contract: Contract | None = None
        self._certificate_service = False
        self._detailed = False
        self._parameter_sets: dict[str, int] = {}
        self._challenge: bytes | None = None
        self._schedule = 1
        self._watts_max = 0
        self._present_volts = 0
        self._stopping = False
        self._renegotiating = False
        self._welding_checked = False
        self._rounds = 0
        self._first_wh: int | None = None
        self._reading: MeterInfoType | None = None

    @property
    def rulebook(self) -> Rulebook:
        return RULEBOOK

    def read(self, frame: Frame) -> Heard:
        """Decode a response."""
        return wire.read(frame)

    # What to say

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
            case "pre_charging" if abs(self._present_volts - wants.volts) > VOLTS_APART_MAX:
                return _say(requests.pre_charge(wants), session, pause=pause)
            case "ac_ready" | "pre_charging" | "dc_ready":
                return _say(self._power("Start"), session)
            case "ac_charging" | "dc_charging":
                return self._charge(state, session)
            case "ac_receipt" | "dc_receipt":
                return self._confirm(session)
            case "dc_stopped" if not self._welding_checked:
                return _say(requests.welding_detection(wants), session)
            case "dc_stopped" | "power_stopped":
                return _say(requests.session_stop(pause=wants.pause), session)
            case _:
                raise LocalProtocolError(f"nothing to say in {state}")

    def _select(self, session: bytes) -> Request:
        """Ask what the certificate service is, then choose."""
        if self._wants_certificate and not self._detailed:
            return _say(requests.service_detail(_CERTIFICATE_SERVICE), session)
        services: list[tuple[int, int | None]] = [(1, None)]
        if self._wants_certificate:
            updates = self._intentions.installation is Installation.UPDATE
            wanted = "Update" if updates else "Installation"
            if wanted not in self._parameter_sets:
                raise RemoteProtocolError("installation.not_offered", wanted)
            services.append((_CERTIFICATE_SERVICE, self._parameter_sets[wanted]))
        option = _OPTIONS[self._intentions.payment]
        return _say(requests.payment_service_selection(option, services), session)

    @property
    def _wants_certificate(self) -> bool:
        """Whether a contract certificate is to be asked for; settles which contract is used."""
        if self._intentions.payment is not Payment.CONTRACT:
            return False
        match self._intentions.installation:
            case Installation.NEVER:
                return False
            case Installation.WHEN_MISSING:
                return self._wallet.usable(self._clock.now()) is None
            case Installation.ALWAYS | Installation.UPDATE:
                return True

    def _identify(self, session: bytes) -> Request:
        """Ask for a contract, or show the one there is."""
        if not self._wants_certificate:
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
        if self._contract is None:
            now = self._clock.now()
            self._contract = self._wallet.usable(now) or self._wallet.latest()
        if self._contract is None:
            raise RemoteProtocolError("payment.no_contract")
        return self._contract

    def _authorize(self, session: bytes) -> Request:
        if self._challenge is None:
            raise LocalProtocolError("no challenge to answer")
        body = requests.authorization(self._challenge)
        return _say(body, session, signer=self._must_have_contract().signer)

    def _power(self, progress: str) -> PowerDeliveryReq:
        return requests.power_delivery(
            progress, schedule=self._schedule, watts_max=self._watts_max, wants=self._intentions
        )

    def _charge(self, state: str, session: bytes) -> Request:
        """One more round, or a reason to leave the loop."""
        wants = self._intentions
        if self._stopping or self._rounds >= wants.loops:
            return _say(self._power("Stop"), session)
        if self._renegotiating:
            self._renegotiating = False
            return _say(self._power("Renegotiate"), session)
        pause = wants.loop_pause_seconds if self._rounds else 0.0
        if state == "ac_charging":
            return _say(requests.charging_status(), session, pause=pause)
        done = self._rounds == wants.loops - 1
        return _say(requests.current_demand(wants, complete=done), session, pause=pause)

    def _confirm(self, session: bytes) -> Request:
        """Sign the reading that was shown."""
        if self._reading is None:
            raise RemoteProtocolError("session.outcome_unexpected", "a receipt of no reading")
        body = requests.metering_receipt(session, self._schedule, self._reading)
        return _say(body, session, signer=self._must_have_contract().signer)

    # What to make of the answers

    def hear(self, request: Request, response: Heard) -> Taken:
        """What a response means that did not fail; RemoteProtocolError where it is not believed."""
        message = wire.message_of(response)
        match message.Body.BodyElement:
            case SessionSetupRes() as body:
                return self._opened(body, response.session_id)
            case ServiceDiscoveryRes() as body:
                return self._discovered(body)
            case ServiceDetailRes() as body:
                return self._details(body)
            case CertificateInstallationRes() | CertificateUpdateRes() as body:
                return self._installed(body, message)
            case PaymentDetailsRes() as body:
                self._challenge = body.GenChallenge
                return Taken(outcome="ok")
            case AuthorizationRes() as body:
                return self._authorized(body)
            case ChargeParameterDiscoveryRes() as body:
                return self._scheduled(body, message)
            case CableCheckRes() as body:
                return Taken(outcome=_processing(body.EVSEProcessing))
            case PreChargeRes() as body:
                self._present_volts = whole(body.EVSEPresentVoltage)
                return Taken(outcome="ok")
            case ChargingStatusRes() as body:
                return self._looped(body, body.AC_EVSEStatus)
            case CurrentDemandRes() as body:
                return self._looped(body, body.DC_EVSEStatus)
            case _:
                return self._followed(request)

    def _followed(self, request: Request) -> Taken:
        """A response that says nothing more than that it went as the request asked."""
        match request.message:
            case PaymentServiceSelectionReq(SelectedPaymentOption=option):
                contract = option is paymentOptionType.Contract
                return Taken(outcome="contract" if contract else "external")
            case PowerDeliveryReq(ChargeProgress=progress):
                on = progress.value == "Start"
                wh = self._reading.MeterReading or 0 if self._reading else 0
                return Taken(
                    outcome=progress.value.lower(), events=(PowerSwitched(on=on, meter_wh=wh),)
                )
            case SessionStopReq(ChargingSession=how):
                return Taken(outcome=how.value.lower())
            case MeteringReceiptReq(MeterInfo=info):
                signed = ReceiptSigned(meter_id=info.MeterID, meter_wh=info.MeterReading or 0)
                return Taken(outcome="ok", events=(signed,))
            case _:
                self._welding_checked |= request.name == "WeldingDetectionReq"
                return Taken(outcome="ok")

    def _opened(self, body: SessionSetupRes, session_id: bytes) -> Taken:
        joined = body.ResponseCode.value == "OK_OldSessionJoined"
        if joined and session_id != self._resume:
            raise RemoteProtocolError("session.unknown", "joined a session nobody paused")
        if not any(session_id):
            raise RemoteProtocolError("session.unknown", "no identifier was given")
        opened = SessionOpened(
            session_id=session_id,
            evse_id=body.EVSEID,
            evcc_id=self._intentions.evcc_id,
            joined=joined,
        )
        return Taken(outcome="ok", events=(opened,))

    def _discovered(self, body: ServiceDiscoveryRes) -> Taken:
        wanted = self._intentions.payment
        if wanted is Payment.CONTRACT and not self._secured:
            raise RemoteProtocolError("link.not_secured")
        if _OPTIONS[wanted] not in body.PaymentOptionList.PaymentOption:
            raise RemoteProtocolError(f"payment.{wanted.value}_not_offered")
        modes = body.ChargeService.SupportedEnergyTransferMode.EnergyTransferMode
        if self._intentions.mode not in modes:
            raise RemoteProtocolError("charge.mode", self._intentions.mode.value)
        offered = body.ServiceList.Service if body.ServiceList else ()
        self._certificate_service = any(s.ServiceID == _CERTIFICATE_SERVICE for s in offered)
        if self._wants_certificate and not self._certificate_service:
            raise RemoteProtocolError("installation.not_offered")
        return Taken(outcome="ok")

    def _details(self, body: ServiceDetailRes) -> Taken:
        self._detailed = True
        sets = body.ServiceParameterList.ParameterSet if body.ServiceParameterList else ()
        self._parameter_sets = {
            parameter.stringValue: each.ParameterSetID
            for each in sets
            for parameter in each.Parameter
            if parameter.Name == "Service" and parameter.stringValue is not None
        }
        return Taken(outcome="ok")

    def _installed(
        self, body: CertificateInstallationRes | CertificateUpdateRes, message: V2G_Message
    ) -> Taken:
        """Believe, open and store the contract, or end the session."""
        updated = isinstance(body, CertificateUpdateRes)
        old = self._wallet.latest() if updated else None
        identity = old or self._wallet.provisioning
        if identity is None:
            raise LocalProtocolError("a contract that nobody asked for")
        outcome = installation.accept(
            message,
            body,
            anchors=self._wallet.anchors,
            recipient_private_key=identity.private_key,
            now=self._clock.now(),
        )
        if isinstance(outcome, Failure):
            raise RemoteProtocolError(outcome.code, outcome.detail, outcome.findings)
        self._wallet.store(outcome)
        self._contract = outcome
        return Taken(
            outcome="ok", events=(ContractInstalled(emaid=outcome.emaid, updated=updated),)
        )

    def _authorized(self, body: AuthorizationRes) -> Taken:
        outcome = _processing(body.EVSEProcessing)
        if outcome == "ongoing":
            return Taken(outcome=outcome)
        emaid = self._contract.emaid if self._contract else None
        return Taken(outcome=outcome, events=(Authorized(emaid=emaid),))

    def _scheduled(self, body: ChargeParameterDiscoveryRes, message: V2G_Message) -> Taken:
        """Take the first schedule; believe its tariff only where the mobility operator signed."""
        if body.EVSEProcessing is not EVSEProcessingType.Finished:
            return Taken(outcome="ongoing")
        if not isinstance(body.SASchedules, SAScheduleListType):
            raise RemoteProtocolError("charge.schedule", "no schedules")
        events = tuple(
            judge_tariff(offered.SalesTariff, message, self._contract)
            for offered in body.SASchedules.SAScheduleTuple
            if offered.SalesTariff is not None
        )
        first = body.SASchedules.SAScheduleTuple[0]
        self._schedule = first.SAScheduleTupleID
        entries = first.PMaxSchedule.PMaxScheduleEntry
        self._watts_max = min(whole(entry.PMax) for entry in entries)
        dc = self._intentions.mode.value.startswith("DC")
        return Taken(outcome="dc" if dc else "ac", events=events)

    def _looped(
        self,
        body: ChargingStatusRes | CurrentDemandRes,
        status: AC_EVSEStatusType | DC_EVSEStatusType,
    ) -> Taken:
        """Count the round, look at the meter, heed what the charger wants."""
        wants = self._intentions
        self._rounds += 1
        self._stopping |= status.EVSENotification is EVSENotificationType.StopCharging
        self._renegotiating |= status.EVSENotification is EVSENotificationType.ReNegotiation
        self._renegotiating |= self._rounds == wants.renegotiate_after
        events: tuple[Event, ...] = ()
        info = body.MeterInfo
        if info is not None:
            reading = info.MeterReading or 0
            if self._first_wh is None:
                self._first_wh = reading
            if wants.energy_wh is not None and reading - self._first_wh >= wants.energy_wh:
                self._stopping = True
            events = (Metered(meter_id=info.MeterID, meter_wh=reading),)
            self._reading = info
        # a receipt is owed for contracts only, and only of a reading
        asked = bool(body.ReceiptRequired) and info is not None and self._contract is not None
        return Taken(outcome="receipt" if asked else "ok", events=events)


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


def _processing(processing: EVSEProcessingType) -> str:
    return "finished" if processing is EVSEProcessingType.Finished else "ongoing"
