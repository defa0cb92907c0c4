"""What a vehicle makes of the answers of an ISO 15118-2 session, and remembers of them."""

from typing import assert_never

from ev_emulator.clock import Clock
from ev_emulator.errors import LocalProtocolError, RemoteProtocolError
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
from ev_emulator.session.iso_2 import wire
from ev_emulator.session.iso_2.tariffs import judge_tariff
from ev_emulator.session.iso_2.values import whole
from ev_emulator.session.speaking import Heard, Request, Taken
from ev_emulator.vehicle import installation
from ev_emulator.vehicle.intentions import Installation, Intentions, Payment
from ev_emulator.vehicle.wallet import Contract, Wallet
from exi.iso2.ac import ChargingStatusRes
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

OPTIONS = {
    Payment.CONTRACT: paymentOptionType.Contract,
    Payment.EXTERNAL: paymentOptionType.ExternalPayment,
}
CERTIFICATE_SERVICE = 2


class Hearing:
    """The memory of one session, as the vehicle has it. Mutable: it grows with every answer."""

    def __init__(
        self,
        intentions: Intentions,
        wallet: Wallet,
        *,
        clock: Clock,
        secured: bool,
        resume: bytes | None,
    ) -> None:
        self._intentions = intentions
        self._wallet = wallet
        self._clock = clock
        self._secured = secured
        self._resume = resume
        self.contract: Contract | None = None
        self.detailed = False
        self.parameter_sets: dict[str, int] = {}
        self.challenge: bytes | None = None
        self.schedule = 1
        self.watts_max = 0
        self.present_volts = 0
        self.stopping = False
        self.renegotiating = False
        self.welding_checked = False
        self.rounds = 0
        self._first_wh: int | None = None
        self.reading: MeterInfoType | None = None

    @property
    def wants_certificate(self) -> bool:
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
            case _:
                assert_never(self._intentions.installation)

    def take(self, request: Request, response: Heard) -> Taken:
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
                self.challenge = body.GenChallenge
                return Taken(outcome="ok")
            case AuthorizationRes() as body:
                return self._authorized(body)
            case ChargeParameterDiscoveryRes() as body:
                return self._scheduled(body, message)
            case CableCheckRes() as body:
                return Taken(outcome=_processing(body.EVSEProcessing))
            case PreChargeRes() as body:
                self.present_volts = whole(body.EVSEPresentVoltage)
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
                wh = self.reading.MeterReading or 0 if self.reading else 0
                return Taken(
                    outcome=progress.value.lower(), events=(PowerSwitched(on=on, meter_wh=wh),)
                )
            case SessionStopReq(ChargingSession=how):
                return Taken(outcome=how.value.lower())
            case MeteringReceiptReq(MeterInfo=info):
                signed = ReceiptSigned(meter_id=info.MeterID, meter_wh=info.MeterReading or 0)
                return Taken(outcome="ok", events=(signed,))
            case _:
                self.welding_checked |= request.name == "WeldingDetectionReq"
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
        if OPTIONS[wanted] not in body.PaymentOptionList.PaymentOption:
            raise RemoteProtocolError(f"payment.{wanted.value}_not_offered")
        modes = body.ChargeService.SupportedEnergyTransferMode.EnergyTransferMode
        if self._intentions.mode not in modes:
            raise RemoteProtocolError("charge.mode", self._intentions.mode.value)
        offered = body.ServiceList.Service if body.ServiceList else ()
        certificates = any(service.ServiceID == CERTIFICATE_SERVICE for service in offered)
        if self.wants_certificate and not certificates:
            raise RemoteProtocolError("installation.not_offered")
        return Taken(outcome="ok")

    def _details(self, body: ServiceDetailRes) -> Taken:
        self.detailed = True
        sets = body.ServiceParameterList.ParameterSet if body.ServiceParameterList else ()
        self.parameter_sets = {
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
        identity = self.contract if updated else self._wallet.provisioning
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
        self.contract = outcome
        return Taken(
            outcome="ok", events=(ContractInstalled(emaid=outcome.emaid, updated=updated),)
        )

    def _authorized(self, body: AuthorizationRes) -> Taken:
        outcome = _processing(body.EVSEProcessing)
        if outcome == "ongoing":
            return Taken(outcome=outcome)
        emaid = self.contract.emaid if self.contract else None
        return Taken(outcome=outcome, events=(Authorized(emaid=emaid),))

    def _scheduled(self, body: ChargeParameterDiscoveryRes, message: V2G_Message) -> Taken:
        """Take the first schedule; believe its tariff only where the mobility operator signed."""
        if body.EVSEProcessing is not EVSEProcessingType.Finished:
            return Taken(outcome="ongoing")
        if not isinstance(body.SASchedules, SAScheduleListType):
            raise RemoteProtocolError("charge.schedule", "no schedules")
        events = tuple(
            judge_tariff(offered.SalesTariff, message, self.contract)
            for offered in body.SASchedules.SAScheduleTuple
            if offered.SalesTariff is not None
        )
        first = body.SASchedules.SAScheduleTuple[0]
        self.schedule = first.SAScheduleTupleID
        entries = first.PMaxSchedule.PMaxScheduleEntry
        self.watts_max = max(0, min(whole(entry.PMax) for entry in entries))
        dc = self._intentions.mode.value.startswith("DC")
        return Taken(outcome="dc" if dc else "ac", events=events)

    def _looped(
        self,
        body: ChargingStatusRes | CurrentDemandRes,
        status: AC_EVSEStatusType | DC_EVSEStatusType,
    ) -> Taken:
        """Count the round, look at the meter, heed what the charger wants."""
        wants = self._intentions
        self.rounds += 1
        self.stopping |= status.EVSENotification is EVSENotificationType.StopCharging
        self.renegotiating |= status.EVSENotification is EVSENotificationType.ReNegotiation
        self.renegotiating |= self.rounds == wants.renegotiate_after
        events: tuple[Event, ...] = ()
        info = body.MeterInfo
        if info is not None:
            reading = info.MeterReading or 0
            if self._first_wh is None:
                self._first_wh = reading
            if wants.energy_wh is not None and reading - self._first_wh >= wants.energy_wh:
                self.stopping = True
            events = (Metered(meter_id=info.MeterID, meter_wh=reading),)
            self.reading = info
        # a receipt is owed for contracts only, and only of a reading
        asked = bool(body.ReceiptRequired) and info is not None and self.contract is not None
        return Taken(outcome="receipt" if asked else "ok", events=events)


def _processing(processing: EVSEProcessingType) -> str:
    return "finished" if processing is EVSEProcessingType.Finished else "ongoing"
