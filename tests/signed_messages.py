"""Every message that is signed, boring and not signed yet, and keys to sign it with."""

from certs.keys import KeyKind, PrivateKey, SoftwareSigner, derive
from certs.raw_signatures import RawSigner, RawVerifier
from exi.declaration import Complex
from exi.iso2.body import BodyBaseType
from exi.iso2.certificate import (
    CertificateChainType,
    CertificateInstallationReq,
    CertificateInstallationRes,
    CertificateUpdateReq,
    CertificateUpdateRes,
    ContractSignatureEncryptedPrivateKeyType,
    DiffieHellmanPublickeyType,
    EMAIDType,
    ListOfRootCertificateIDsType,
    SubCertificatesType,
)
from exi.iso2.charge_parameter import AC_EVSEChargeParameterType, ChargeParameterDiscoveryRes
from exi.iso2.header import MessageHeaderType
from exi.iso2.message import BodyType, V2G_Message
from exi.iso2.metering import MeterInfoType, MeteringReceiptReq
from exi.iso2.payment import AuthorizationReq
from exi.iso2.schedule import (
    PMaxScheduleEntryType,
    PMaxScheduleType,
    RelativeTimeIntervalType,
    SalesTariffEntryType,
    SalesTariffType,
    SAScheduleListType,
    SAScheduleTupleType,
)
from exi.iso2.simple_types import (
    EVSENotificationType,
    EVSEProcessingType,
    responseCodeType,
    unitSymbolType,
)
from exi.iso2.values import AC_EVSEStatusType, PhysicalValueType
from exi.iso20 import authorization as authorization_20
from exi.iso20 import certificate as certificate_20
from exi.iso20 import header as header_20
from exi.iso20 import metering as metering_20
from exi.iso20 import simple_types as simple_types_20
from exi.iso20 import values as values_20
from exi.xmldsig import X509IssuerSerialType

SESSION = bytes.fromhex("82DBA3A44ED6E5B9")
CHALLENGE = bytes(range(16))

_ROOT = X509IssuerSerialType(X509IssuerName="CN=OEM Root", X509SerialNumber=2**64 + 1)
_ROOTS = ListOfRootCertificateIDsType(RootCertificateID=(_ROOT,))
_CHAIN = CertificateChainType(
    Certificate=b"contract", SubCertificates=SubCertificatesType(Certificate=(b"sub 2", b"sub 1"))
)
_CPS_CHAIN = CertificateChainType(
    Certificate=b"cps", SubCertificates=SubCertificatesType(Certificate=(b"cps sub 2",))
)
_METER = MeterInfoType(MeterID="METER-0001", MeterReading=12345, TMeter=1_795_223_984)
_POWER = PhysicalValueType(Multiplier=3, Unit=unitSymbolType.W, Value=22)
_VOLTAGE = PhysicalValueType(Multiplier=0, Unit=unitSymbolType.V, Value=400)
_CURRENT = PhysicalValueType(Multiplier=0, Unit=unitSymbolType.A, Value=32)


def installed(name: type[CertificateInstallationRes | CertificateUpdateRes]) -> BodyBaseType:
    """A contract as the CPS answers it."""
    return name(
        ResponseCode=responseCodeType.OK,
        SAProvisioningCertificateChain=_CPS_CHAIN,
        ContractSignatureCertChain=_CHAIN,
        ContractSignatureEncryptedPrivateKey=ContractSignatureEncryptedPrivateKeyType(
            Id="id2", value=bytes(48)
        ),
        DHpublickey=DiffieHellmanPublickeyType(Id="id3", value=bytes(65)),
        eMAID=EMAIDType(Id="id4", value="UKSWI123456791A"),
    )


def schedule(number: int, *, tariff: bool) -> SAScheduleTupleType:
    """One schedule, with or without prices."""
    interval = RelativeTimeIntervalType(start=0)
    prices = SalesTariffType(
        SalesTariffID=number,
        NumEPriceLevels=2,
        SalesTariffEntry=(SalesTariffEntryType(TimeInterval=interval, EPriceLevel=1),),
    )
    return SAScheduleTupleType(
        SAScheduleTupleID=number,
        PMaxSchedule=PMaxScheduleType(
            PMaxScheduleEntry=(PMaxScheduleEntryType(TimeInterval=interval, PMax=_POWER),)
        ),
        SalesTariff=prices if tariff else None,
    )


def offer(*schedules: SAScheduleTupleType) -> V2G_Message:
    """The charger's schedules."""
    status = AC_EVSEStatusType(
        NotificationMaxDelay=0, EVSENotification=EVSENotificationType.None_, RCD=False
    )
    parameters = AC_EVSEChargeParameterType(
        AC_EVSEStatus=status, EVSENominalVoltage=_VOLTAGE, EVSEMaxCurrent=_CURRENT
    )
    return message(
        ChargeParameterDiscoveryRes(
            ResponseCode=responseCodeType.OK,
            EVSEProcessing=EVSEProcessingType.Finished,
            SASchedules=SAScheduleListType(SAScheduleTuple=schedules) if schedules else None,
            EVSEChargeParameter=parameters,
        )
    )


def message(body: BodyBaseType | None) -> V2G_Message:
    """A message of ISO 15118-2."""
    return V2G_Message(Header=MessageHeaderType(SessionID=SESSION), Body=BodyType(BodyElement=body))


def header_of_20() -> header_20.MessageHeaderType:
    """The header of a message of ISO 15118-20."""
    return header_20.MessageHeaderType(SessionID=SESSION, TimeStamp=1_795_223_984)


_CONTRACT_20 = authorization_20.ContractCertificateChainType(
    Certificate=b"contract",
    SubCertificates=authorization_20.SubCertificatesType(Certificate=(b"sub 2",)),
)

ISO_2: dict[str, V2G_Message] = {
    "AuthorizationReq": message(AuthorizationReq(GenChallenge=CHALLENGE)),
    "CertificateInstallationReq": message(
        CertificateInstallationReq(
            Id="id1", OEMProvisioningCert=b"oem", ListOfRootCertificateIDs=_ROOTS
        )
    ),
    "CertificateUpdateReq": message(
        CertificateUpdateReq(
            Id="id1",
            ContractSignatureCertChain=_CHAIN,
            eMAID="UKSWI123456791A",
            ListOfRootCertificateIDs=_ROOTS,
        )
    ),
    "MeteringReceiptReq": message(
        MeteringReceiptReq(SessionID=SESSION, SAScheduleTupleID=1, MeterInfo=_METER)
    ),
    "CertificateInstallationRes": message(installed(CertificateInstallationRes)),
    "CertificateUpdateRes": message(installed(CertificateUpdateRes)),
    "ChargeParameterDiscoveryRes": offer(
        schedule(1, tariff=True), schedule(2, tariff=False), schedule(3, tariff=True)
    ),
}
ISO_20: dict[str, Complex] = {
    "AuthorizationReq": authorization_20.AuthorizationReq(
        Header=header_of_20(),
        SelectedAuthorizationService=simple_types_20.authorizationType.PnC,
        PnC_AReqAuthorizationMode=authorization_20.PnC_AReqAuthorizationModeType(
            Id="id1", GenChallenge=CHALLENGE, ContractCertificateChain=_CONTRACT_20
        ),
    ),
    "CertificateInstallationReq": certificate_20.CertificateInstallationReq(
        Header=header_of_20(),
        OEMProvisioningCertificateChain=certificate_20.SignedCertificateChainType(
            Id="id1", Certificate=b"oem"
        ),
        ListOfRootCertificateIDs=values_20.ListOfRootCertificateIDsType(RootCertificateID=(_ROOT,)),
        MaximumContractCertificateChains=1,
    ),
    "CertificateInstallationRes": certificate_20.CertificateInstallationRes(
        Header=header_of_20(),
        ResponseCode=simple_types_20.responseCodeType.OK,
        EVSEProcessing=simple_types_20.processingType.Finished,
        CPSCertificateChain=certificate_20.CertificateChainType(Certificate=b"cps"),
        SignedInstallationData=certificate_20.SignedInstallationDataType(
            Id="id1",
            ContractCertificateChain=_CONTRACT_20,
            ECDHCurve=simple_types_20.ecdhCurveType.SECP521,
            DHPublicKey=bytes(133),
            SECP521_EncryptedPrivateKey=bytes(94),
        ),
        RemainingContractCertificateChains=0,
    ),
    "MeteringConfirmationReq": metering_20.MeteringConfirmationReq(
        Header=header_of_20(),
        SignedMeteringData=metering_20.SignedMeteringDataType(
            Id="id1",
            SessionID=SESSION,
            MeterInfo=values_20.MeterInfoType(MeterID="METER-0001", ChargedEnergyReadingWh=12345),
            Dynamic_SMDTControlMode=metering_20.Dynamic_SMDTControlModeType(),
        ),
    ),
}


def key(kind: KeyKind, seed: bytes = b"signer") -> PrivateKey:
    """The same key every time."""
    return derive(kind, seed)


def signer(kind: KeyKind, seed: bytes = b"signer") -> RawSigner:
    """Signs with the same octets every time."""
    return RawSigner(SoftwareSigner(key(kind, seed), deterministic=True))


def verifier(kind: KeyKind, seed: bytes = b"signer") -> RawVerifier:
    """Verifies what ``signer`` made."""
    return RawVerifier(key(kind, seed).public_key())
