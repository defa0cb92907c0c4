"""The charger's answers of ISO 15118-2 from session setup to the selection of services."""

from ev_emulator.charger.offer import Payment
from ev_emulator.session.events import SessionOpened
from ev_emulator.session.iso_2.visit import Visit
from ev_emulator.session.speaking import Reply
from exi.iso2.payment import (
    PaymentServiceSelectionReq,
    PaymentServiceSelectionRes,
    SelectedServiceType,
)
from exi.iso2.service import (
    ChargeServiceType,
    ParameterSetType,
    ParameterType,
    PaymentOptionListType,
    ServiceDetailReq,
    ServiceDetailRes,
    ServiceDiscoveryReq,
    ServiceDiscoveryRes,
    ServiceListType,
    ServiceParameterListType,
    ServiceType,
    SupportedEnergyTransferModeType,
)
from exi.iso2.session import SessionSetupReq, SessionSetupRes
from exi.iso2.simple_types import paymentOptionType, responseCodeType, serviceCategoryType

# Table 105 of the standard: reserved service identifiers
CHARGING = 1
CERTIFICATE = 2
# Parameter sets of the certificate service
INSTALLATION = 1
UPDATE = 2

OPTIONS = {
    Payment.CONTRACT: paymentOptionType.Contract,
    Payment.EXTERNAL: paymentOptionType.ExternalPayment,
}
_PAYMENTS = {option: payment for payment, option in OPTIONS.items()}
_SESSION_OCTETS = 8


def session_setup(visit: Visit, request: SessionSetupReq, asked: bytes) -> Reply:
    """Open a session, or join the one that this vehicle paused; ``asked``: the header's SessionID.

    An identifier of zeros, of any length, asks for a new session (Josev sends one octet); so does
    one that this vehicle did not pause here [V2G2-754].
    """
    outlet = visit.outlet
    visit.evcc_id = request.EVCCID
    paused = outlet.paused.join(asked, evcc_id=request.EVCCID) if any(asked) else None
    if paused is None:
        visit.session_id = _fresh(visit)
        code = responseCodeType.OK_NewSessionEstablished
    else:
        visit.session_id = asked
        visit.joined_payment = paused.payment
        code = responseCodeType.OK_OldSessionJoined
    evse_id = str(visit.offer.evse_id)
    opened = SessionOpened(
        session_id=visit.session_id,
        evse_id=evse_id,
        evcc_id=request.EVCCID,
        joined=paused is not None,
    )
    body = SessionSetupRes(
        ResponseCode=code,
        EVSEID=evse_id,
        EVSETimeStamp=int(outlet.clock.now().timestamp()),
    )
    return visit.reply(body, events=(opened,), opens=True)


def _fresh(visit: Visit) -> bytes:
    """A new identifier; never zero, which means none."""
    octets = visit.outlet.random_bytes(_SESSION_OCTETS)
    return octets if any(octets) else b"\x01" * _SESSION_OCTETS


def service_discovery(visit: Visit, request: ServiceDiscoveryReq) -> Reply:
    """The ways of payment and the services; of one category only, if the vehicle names one."""
    category = request.ServiceCategory
    wanted = category in {None, serviceCategoryType.ContractCertificate}
    certificate = ServiceType(
        ServiceID=CERTIFICATE,
        ServiceName="Certificate",
        ServiceCategory=serviceCategoryType.ContractCertificate,
        FreeService=True,
    )
    options = tuple(OPTIONS[payment] for payment in visit.payments)
    if not options:
        return visit.fail("ServiceDiscoveryReq", "payment.not_offered", "none on this link")
    return visit.reply(
        ServiceDiscoveryRes(
            ResponseCode=responseCodeType.OK,
            PaymentOptionList=PaymentOptionListType(PaymentOption=options),
            ChargeService=ChargeServiceType(
                ServiceID=CHARGING,
                ServiceName="AC_DC_Charging",
                ServiceCategory=serviceCategoryType.EVCharging,
                FreeService=False,
                SupportedEnergyTransferMode=SupportedEnergyTransferModeType(
                    EnergyTransferMode=visit.offer.modes
                ),
            ),
            ServiceList=(
                ServiceListType(Service=(certificate,)) if wanted and visit.installs else None
            ),
        )
    )


def service_detail(visit: Visit, request: ServiceDetailReq) -> Reply:
    """The parameter sets of a service."""
    if request.ServiceID == CHARGING:
        parameters = None
    elif request.ServiceID == CERTIFICATE and visit.installs:
        parameters = ServiceParameterListType(
            ParameterSet=tuple(
                ParameterSetType(
                    ParameterSetID=number,
                    Parameter=(ParameterType(Name="Service", stringValue=name),),
                )
                for number, name in ((INSTALLATION, "Installation"), (UPDATE, "Update"))
            )
        )
    else:
        return visit.fail("ServiceDetailReq", "service.unknown", str(request.ServiceID))
    return visit.reply(
        ServiceDetailRes(
            ResponseCode=responseCodeType.OK,
            ServiceID=request.ServiceID,
            ServiceParameterList=parameters,
        )
    )


def payment_service_selection(visit: Visit, request: PaymentServiceSelectionReq) -> Reply:
    """Take the vehicle's choice of payment and services."""
    name = "PaymentServiceSelectionReq"
    payment = _PAYMENTS[request.SelectedPaymentOption]
    if payment not in visit.payments:
        return visit.fail(name, "payment.not_offered", payment.value)
    selected = request.SelectedServiceList.SelectedService
    services = [service.ServiceID for service in selected]
    if len(set(services)) != len(services) or not all(_offered(visit, each) for each in selected):
        return visit.fail(name, "service.selection", ", ".join(map(str, services)))
    if CHARGING not in services:
        return visit.fail(name, "service.no_charging")
    visit.payment = payment
    visit.services = frozenset(services)
    return visit.reply(
        PaymentServiceSelectionRes(ResponseCode=responseCodeType.OK), outcome=payment.value
    )


def _offered(visit: Visit, selected: SelectedServiceType) -> bool:
    """Whether a selected service and its parameter set are among those offered."""
    match selected.ServiceID:
        case 1:
            return True
        case 2:
            return visit.installs and selected.ParameterSetID in {None, INSTALLATION, UPDATE}
        case _:
            return False
