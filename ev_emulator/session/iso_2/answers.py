"""Failing answers of a charger, one for every response of ISO 15118-2.

A response must be whole whatever it says: elements that the schema requires are there and mean
nothing beside a FAILED code.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from exi.iso2.ac import ChargingStatusRes
from exi.iso2.body import BodyBaseType
from exi.iso2.certificate import (
    CertificateChainType,
    CertificateInstallationRes,
    CertificateUpdateRes,
    ContractSignatureEncryptedPrivateKeyType,
    DiffieHellmanPublickeyType,
    EMAIDType,
)
from exi.iso2.charge_parameter import AC_EVSEChargeParameterType, ChargeParameterDiscoveryRes
from exi.iso2.dc import CableCheckRes, CurrentDemandRes, PreChargeRes, WeldingDetectionRes
from exi.iso2.metering import MeteringReceiptRes
from exi.iso2.payment import AuthorizationRes, PaymentDetailsRes, PaymentServiceSelectionRes
from exi.iso2.power_delivery import PowerDeliveryRes
from exi.iso2.service import (
    ChargeServiceType,
    PaymentOptionListType,
    ServiceDetailRes,
    ServiceDiscoveryRes,
    SupportedEnergyTransferModeType,
)
from exi.iso2.session import SessionSetupRes, SessionStopRes
from exi.iso2.simple_types import (
    DC_EVSEStatusCodeType,
    EnergyTransferModeType,
    EVSENotificationType,
    EVSEProcessingType,
    paymentOptionType,
    responseCodeType,
    serviceCategoryType,
    unitSymbolType,
)
from exi.iso2.values import AC_EVSEStatusType, DC_EVSEStatusType, PhysicalValueType

AC_IDLE = AC_EVSEStatusType(
    NotificationMaxDelay=0, EVSENotification=EVSENotificationType.None_, RCD=False
)
DC_IDLE = DC_EVSEStatusType(
    NotificationMaxDelay=0,
    EVSENotification=EVSENotificationType.None_,
    EVSEStatusCode=DC_EVSEStatusCodeType.EVSE_NotReady,
)
_NO_EVSE = "ZZ00000"  # what EVerest's EvseV2G sends where it has no identifier
_NO_EMAID = "00000000000000"
_NOTHING = PhysicalValueType(Multiplier=0, Unit=unitSymbolType.V, Value=0)
_NO_AMPERES = PhysicalValueType(Multiplier=0, Unit=unitSymbolType.A, Value=0)
_FINISHED = EVSEProcessingType.Finished


def _service_discovery(code: responseCodeType) -> BodyBaseType:
    return ServiceDiscoveryRes(
        ResponseCode=code,
        PaymentOptionList=PaymentOptionListType(PaymentOption=(paymentOptionType.ExternalPayment,)),
        ChargeService=ChargeServiceType(
            ServiceID=1,
            ServiceCategory=serviceCategoryType.EVCharging,
            FreeService=False,
            SupportedEnergyTransferMode=SupportedEnergyTransferModeType(
                EnergyTransferMode=(EnergyTransferModeType.AC_single_phase_core,)
            ),
        ),
    )


def _installation(code: responseCodeType) -> BodyBaseType:
    chain = CertificateChainType(Certificate=b"")
    return CertificateInstallationRes(
        ResponseCode=code,
        SAProvisioningCertificateChain=chain,
        ContractSignatureCertChain=chain,
        ContractSignatureEncryptedPrivateKey=ContractSignatureEncryptedPrivateKeyType(
            Id="id2", value=b""
        ),
        DHpublickey=DiffieHellmanPublickeyType(Id="id3", value=b""),
        eMAID=EMAIDType(Id="id4", value=_NO_EMAID),
    )


def _update(code: responseCodeType) -> BodyBaseType:
    chain = CertificateChainType(Certificate=b"")
    return CertificateUpdateRes(
        ResponseCode=code,
        SAProvisioningCertificateChain=chain,
        ContractSignatureCertChain=chain,
        ContractSignatureEncryptedPrivateKey=ContractSignatureEncryptedPrivateKeyType(
            Id="id2", value=b""
        ),
        DHpublickey=DiffieHellmanPublickeyType(Id="id3", value=b""),
        eMAID=EMAIDType(Id="id4", value=_NO_EMAID),
    )


def _charge_parameters(code: responseCodeType) -> BodyBaseType:
    return ChargeParameterDiscoveryRes(
        ResponseCode=code,
        EVSEProcessing=_FINISHED,
        EVSEChargeParameter=AC_EVSEChargeParameterType(
            AC_EVSEStatus=AC_IDLE, EVSENominalVoltage=_NOTHING, EVSEMaxCurrent=_NO_AMPERES
        ),
    )


def _current_demand(code: responseCodeType) -> BodyBaseType:
    return CurrentDemandRes(
        ResponseCode=code,
        DC_EVSEStatus=DC_IDLE,
        EVSEPresentVoltage=_NOTHING,
        EVSEPresentCurrent=_NO_AMPERES,
        EVSECurrentLimitAchieved=False,
        EVSEVoltageLimitAchieved=False,
        EVSEPowerLimitAchieved=False,
        EVSEID=_NO_EVSE,
        SAScheduleTupleID=1,
    )


# request -> its response, failing
FAILING: Mapping[str, Callable[[responseCodeType], BodyBaseType]] = MappingProxyType(
    {
        "SessionSetupReq": lambda code: SessionSetupRes(ResponseCode=code, EVSEID=_NO_EVSE),
        "ServiceDiscoveryReq": _service_discovery,
        "ServiceDetailReq": lambda code: ServiceDetailRes(ResponseCode=code, ServiceID=1),
        "PaymentServiceSelectionReq": lambda code: PaymentServiceSelectionRes(ResponseCode=code),
        "CertificateInstallationReq": _installation,
        "CertificateUpdateReq": _update,
        "PaymentDetailsReq": lambda code: PaymentDetailsRes(
            ResponseCode=code, GenChallenge=bytes(16), EVSETimeStamp=0
        ),
        "AuthorizationReq": lambda code: AuthorizationRes(
            ResponseCode=code, EVSEProcessing=_FINISHED
        ),
        "ChargeParameterDiscoveryReq": _charge_parameters,
        "PowerDeliveryReq": lambda code: PowerDeliveryRes(ResponseCode=code, EVSEStatus=AC_IDLE),
        "ChargingStatusReq": lambda code: ChargingStatusRes(
            ResponseCode=code, EVSEID=_NO_EVSE, SAScheduleTupleID=1, AC_EVSEStatus=AC_IDLE
        ),
        "MeteringReceiptReq": lambda code: MeteringReceiptRes(
            ResponseCode=code, EVSEStatus=AC_IDLE
        ),
        "CableCheckReq": lambda code: CableCheckRes(
            ResponseCode=code, DC_EVSEStatus=DC_IDLE, EVSEProcessing=_FINISHED
        ),
        "PreChargeReq": lambda code: PreChargeRes(
            ResponseCode=code, DC_EVSEStatus=DC_IDLE, EVSEPresentVoltage=_NOTHING
        ),
        "CurrentDemandReq": _current_demand,
        "WeldingDetectionReq": lambda code: WeldingDetectionRes(
            ResponseCode=code, DC_EVSEStatus=DC_IDLE, EVSEPresentVoltage=_NOTHING
        ),
        "SessionStopReq": lambda code: SessionStopRes(ResponseCode=code),
    }
)

# The codes that a vehicle can be expected to understand where the schema would allow any: those
# that Josev passes on, and those that EVerest's EvseV2G sends. Everything else becomes FAILED.
_ANYWHERE = frozenset({"FAILED", "FAILED_SequenceError", "FAILED_UnknownSession"})
UNDERSTOOD: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "PaymentDetailsReq": _ANYWHERE
        | {
            "FAILED_SignatureError",
            "FAILED_CertificateExpired",
            "FAILED_CertificateRevoked",
            "FAILED_NoCertificateAvailable",
            "FAILED_CertChainError",
            "FAILED_CertificateNotAllowedAtThisEVSE",
        },
        "AuthorizationReq": _ANYWHERE
        | {"FAILED_SignatureError", "FAILED_ChallengeInvalid", "FAILED_CertificateRevoked"},
    }
)


def word(request: str, wanted: str) -> responseCodeType:
    """The ResponseCode for a failing answer: the wanted word where this response may say it."""
    allowed = UNDERSTOOD.get(request)
    if wanted not in responseCodeType.__members__ or (
        allowed is not None and wanted not in allowed
    ):
        return responseCodeType.FAILED
    return responseCodeType(wanted)
