"""The charger's side of an ISO 15118-2 session: which room answers which request."""

from ev_emulator.errors import LocalProtocolError, RemoteProtocolError
from ev_emulator.framing.v2gtp import Frame
from ev_emulator.ports import (
    Answer,
    ContractQuestion,
    ExternalQuestion,
)
from ev_emulator.session.iso_2 import charging, identification, services, wire
from ev_emulator.session.iso_2.table import RULEBOOK
from ev_emulator.session.iso_2.visit import Outlet, Pending, Visit
from ev_emulator.session.speaking import Heard, Reply, Wait
from ev_emulator.session.states import Rulebook
from exi.iso2.ac import ChargingStatusReq
from exi.iso2.certificate import CertificateInstallationReq, CertificateUpdateReq
from exi.iso2.charge_parameter import ChargeParameterDiscoveryReq
from exi.iso2.dc import CableCheckReq, CurrentDemandReq, PreChargeReq, WeldingDetectionReq
from exi.iso2.metering import MeteringReceiptReq
from exi.iso2.payment import AuthorizationReq, PaymentDetailsReq, PaymentServiceSelectionReq
from exi.iso2.power_delivery import PowerDeliveryReq
from exi.iso2.service import ServiceDetailReq, ServiceDiscoveryReq
from exi.iso2.session import SessionSetupReq, SessionStopReq


class Iso2Secc:
    """Answers the requests of one session at an outlet; ``secured``: the link is TLS."""

    def __init__(self, outlet: Outlet, *, secured: bool) -> None:
        self._visit = Visit(outlet, secured=secured)
        self._pending: Pending | None = None

    @property
    def rulebook(self) -> Rulebook:
        return RULEBOOK

    def read(self, frame: Frame) -> Heard:
        """Decode a request; anything that is none of this edition's requests is malformed."""
        heard = wire.read(frame)
        if heard.name not in RULEBOOK.responses:
            raise RemoteProtocolError("message.malformed", f"{heard.name} is no request")
        return heard

    def respond(self, state: str, request: Heard) -> Reply | Wait:
        """Answer a request that may come in this state."""
        step = self._step(state, request)
        if isinstance(step, Reply):
            return step
        self._pending = step
        return Wait(seconds=step.seconds, question=step.question)

    def refuse(self, request: Heard, code: str) -> Reply:
        """Answer any request with a failure."""
        return self._visit.fail(request.name, code)

    def answered(self, question: object, answer: object) -> Reply | None:
        """Take the backend's answer; late ones about the authorization are kept for the next
        request.
        """
        if not isinstance(answer, Answer):
            raise TypeError(type(answer).__name__)
        pending, about = self._pending, isinstance(question, ContractQuestion | ExternalQuestion)
        waits_for_this = pending is not None and (
            pending.question == question or (pending.question is None and about)
        )
        if pending is not None and waits_for_this:
            self._pending = None
            return pending.answered(answer)
        if about:
            identification.learn(self._visit, answer)
        return None

    def overdue(self) -> Reply:
        """The reply without the answer."""
        pending, self._pending = self._pending, None
        if pending is None:
            raise LocalProtocolError("nothing is waited for")
        return pending.overdue()

    def _step(self, state: str, request: Heard) -> Reply | Pending:
        visit = self._visit
        message = wire.message_of(request)
        match message.Body.BodyElement:
            case SessionSetupReq() as body:
                return services.session_setup(visit, body, request.session_id)
            case ServiceDiscoveryReq() as body:
                return services.service_discovery(visit, body)
            case ServiceDetailReq() as body:
                return services.service_detail(visit, body)
            case PaymentServiceSelectionReq() as body:
                return services.payment_service_selection(visit, body)
            case CertificateInstallationReq() | CertificateUpdateReq():
                return identification.certificate(visit, request.name, request.payload)
            case PaymentDetailsReq() as body:
                return identification.payment_details(visit, body)
            case AuthorizationReq() as body if state == "contract_challenged":
                return identification.first_authorization(visit, body, message)
            case AuthorizationReq() as body if state == "contract_pending":
                return identification.repeated_authorization(visit, body, message)
            case AuthorizationReq():
                return identification.external_authorization(visit)
            case ChargeParameterDiscoveryReq() as body:
                return charging.charge_parameters(visit, body)
            case PowerDeliveryReq() as body:
                return charging.power_delivery(visit, state, body)
            case ChargingStatusReq():
                return charging.charging_status(visit)
            case MeteringReceiptReq() as body:
                return charging.metering_receipt(visit, body, message)
            case CableCheckReq():
                return charging.cable_check(visit)
            case PreChargeReq() as body:
                return charging.pre_charge(visit, body)
            case CurrentDemandReq() as body:
                return charging.current_demand(visit, body)
            case WeldingDetectionReq():
                return charging.welding_detection(visit)
            case SessionStopReq() as body:
                return charging.session_stop(visit, state, body)
            case _:
                raise LocalProtocolError(f"no room answers {request.name}")
