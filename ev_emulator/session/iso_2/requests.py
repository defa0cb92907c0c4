"""The vehicle's requests of ISO 15118-2, from its intentions."""

from collections.abc import Sequence

from certs import names
from certs.certificate import Certificate
from ev_emulator.session.iso_2.values import amperes, volts, watt_hours, watts
from ev_emulator.vehicle.intentions import Intentions
from ev_emulator.vehicle.wallet import Contract
from exi.iso2.ac import ChargingStatusReq
from exi.iso2.certificate import (
    CertificateChainType,
    CertificateInstallationReq,
    CertificateUpdateReq,
    ListOfRootCertificateIDsType,
    SubCertificatesType,
)
from exi.iso2.charge_parameter import (
    AC_EVChargeParameterType,
    ChargeParameterDiscoveryReq,
    DC_EVChargeParameterType,
)
from exi.iso2.dc import CableCheckReq, CurrentDemandReq, PreChargeReq, WeldingDetectionReq
from exi.iso2.metering import MeterInfoType, MeteringReceiptReq
from exi.iso2.payment import (
    AuthorizationReq,
    PaymentDetailsReq,
    PaymentServiceSelectionReq,
    SelectedServiceListType,
    SelectedServiceType,
)
from exi.iso2.power_delivery import (
    ChargingProfileType,
    DC_EVPowerDeliveryParameterType,
    PowerDeliveryReq,
    ProfileEntryType,
)
from exi.iso2.service import ServiceDetailReq, ServiceDiscoveryReq
from exi.iso2.session import SessionSetupReq, SessionStopReq
from exi.iso2.simple_types import (
    DC_EVErrorCodeType,
    chargeProgressType,
    chargingSessionType,
    paymentOptionType,
)
from exi.iso2.values import DC_EVStatusType
from exi.xmldsig import X509IssuerSerialType

SIGNED = "id1"  # the Id of a signed body element
ROOTS_MAX = 20  # ListOfRootCertificateIDs
_AUTHORITIES_MAX = 4  # SubCertificates


def session_setup(wants: Intentions) -> SessionSetupReq:
    """Begin or join a session."""
    return SessionSetupReq(EVCCID=wants.evcc_id)


def service_discovery() -> ServiceDiscoveryReq:
    """Ask for everything there is."""
    return ServiceDiscoveryReq()


def service_detail(service_id: int) -> ServiceDetailReq:
    """Ask for a service's parameter sets."""
    return ServiceDetailReq(ServiceID=service_id)


def payment_service_selection(
    option: paymentOptionType, services: Sequence[tuple[int, int | None]]
) -> PaymentServiceSelectionReq:
    """Choose; ``services`` are identifiers with their parameter sets."""
    return PaymentServiceSelectionReq(
        SelectedPaymentOption=option,
        SelectedServiceList=SelectedServiceListType(
            SelectedService=tuple(
                SelectedServiceType(ServiceID=service, ParameterSetID=parameters)
                for service, parameters in services
            )
        ),
    )


def _roots(roots: Sequence[Certificate]) -> ListOfRootCertificateIDsType:
    return ListOfRootCertificateIDsType(
        RootCertificateID=tuple(
            X509IssuerSerialType(
                X509IssuerName=names.text(root.issuer), X509SerialNumber=root.serial
            )
            for root in roots[:ROOTS_MAX]
        )
    )


def certificate_installation(
    leaf: Certificate, roots: Sequence[Certificate]
) -> CertificateInstallationReq:
    """Ask for a contract, by the provisioning certificate."""
    return CertificateInstallationReq(
        Id=SIGNED, OEMProvisioningCert=leaf.der, ListOfRootCertificateIDs=_roots(roots)
    )


def certificate_update(contract: Contract, roots: Sequence[Certificate]) -> CertificateUpdateReq:
    """Ask for a contract's successor."""
    return CertificateUpdateReq(
        Id=SIGNED,
        ContractSignatureCertChain=_chain(contract),
        eMAID=str(contract.emaid),
        ListOfRootCertificateIDs=_roots(roots),
    )


def _chain(contract: Contract) -> CertificateChainType:
    above = tuple(certificate.der for certificate in contract.chain[1 : 1 + _AUTHORITIES_MAX])
    return CertificateChainType(
        Certificate=contract.leaf.der,
        SubCertificates=SubCertificatesType(Certificate=above) if above else None,
    )


def payment_details(contract: Contract) -> PaymentDetailsReq:
    """Show the contract."""
    return PaymentDetailsReq(eMAID=str(contract.emaid), ContractSignatureCertChain=_chain(contract))


def authorization(challenge: bytes | None = None) -> AuthorizationReq:
    """Answer a challenge, to be signed; or ask again, with nothing [V2G2-684]."""
    if challenge is None:
        return AuthorizationReq()
    return AuthorizationReq(Id=SIGNED, GenChallenge=challenge)


def _dc_status(wants: Intentions) -> DC_EVStatusType:
    return DC_EVStatusType(
        EVReady=True,
        EVErrorCode=DC_EVErrorCodeType.NO_ERROR,
        EVRESSSOC=wants.state_of_charge_percent,
    )


def _is_dc(wants: Intentions) -> bool:
    return wants.mode.value.startswith("DC")


def charge_parameters(wants: Intentions) -> ChargeParameterDiscoveryReq:
    """What the vehicle can do and wants."""
    parameter: AC_EVChargeParameterType | DC_EVChargeParameterType = (
        DC_EVChargeParameterType(
            DepartureTime=wants.departure_seconds,
            DC_EVStatus=_dc_status(wants),
            EVMaximumCurrentLimit=amperes(wants.amperes_max),
            EVMaximumPowerLimit=watts(wants.amperes_max * wants.volts),
            EVMaximumVoltageLimit=volts(wants.volts),
            EVEnergyRequest=watt_hours(wants.energy_wanted_wh),
        )
        if _is_dc(wants)
        else AC_EVChargeParameterType(
            DepartureTime=wants.departure_seconds,
            EAmount=watt_hours(wants.energy_wanted_wh),
            EVMaxVoltage=volts(wants.volts),
            EVMaxCurrent=amperes(wants.amperes_max),
            EVMinCurrent=amperes(wants.amperes_min),
        )
    )
    return ChargeParameterDiscoveryReq(
        RequestedEnergyTransferMode=wants.mode, EVChargeParameter=parameter
    )


def power_delivery(
    progress: str, *, schedule: int, watts_max: int, wants: Intentions
) -> PowerDeliveryReq:
    """Start, stop or renegotiate (``progress``), along a schedule and within its power."""
    starts = progress == "Start"
    profile = ChargingProfileType(
        ProfileEntry=(
            ProfileEntryType(
                ChargingProfileEntryStart=0, ChargingProfileEntryMaxPower=watts(watts_max)
            ),
        )
    )
    dc = DC_EVPowerDeliveryParameterType(DC_EVStatus=_dc_status(wants), ChargingComplete=not starts)
    return PowerDeliveryReq(
        ChargeProgress=chargeProgressType(progress),
        SAScheduleTupleID=schedule,
        ChargingProfile=profile if starts else None,
        EVPowerDeliveryParameter=dc if _is_dc(wants) else None,
    )


def charging_status() -> ChargingStatusReq:
    """How goes it? (AC)"""
    return ChargingStatusReq()


def metering_receipt(session: bytes, schedule: int, reading: MeterInfoType) -> MeteringReceiptReq:
    """The reading that was shown, to be signed."""
    return MeteringReceiptReq(
        Id=SIGNED, SessionID=session, SAScheduleTupleID=schedule, MeterInfo=reading
    )


def cable_check(wants: Intentions) -> CableCheckReq:
    """Is the cable isolated? (DC)"""
    return CableCheckReq(DC_EVStatus=_dc_status(wants))


def pre_charge(wants: Intentions) -> PreChargeReq:
    """Come to the vehicle's voltage (DC)."""
    return PreChargeReq(
        DC_EVStatus=_dc_status(wants),
        EVTargetVoltage=volts(wants.volts),
        EVTargetCurrent=amperes(1),
    )


def current_demand(wants: Intentions, *, complete: bool) -> CurrentDemandReq:
    """Give so much (DC)."""
    return CurrentDemandReq(
        DC_EVStatus=_dc_status(wants),
        EVTargetCurrent=amperes(wants.amperes_max),
        ChargingComplete=complete,
        EVTargetVoltage=volts(wants.volts),
    )


def welding_detection(wants: Intentions) -> WeldingDetectionReq:
    """Is the outlet's voltage gone? (DC)"""
    return WeldingDetectionReq(DC_EVStatus=_dc_status(wants))


def session_stop(*, pause: bool) -> SessionStopReq:
    """The end, for good or for now."""
    return SessionStopReq(
        ChargingSession=chargingSessionType.Pause if pause else chargingSessionType.Terminate
    )
