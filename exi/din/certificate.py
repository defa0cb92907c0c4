"""DIN SPEC 70121 messages and types of contract certificates: chains, installation, update."""

from typing import Annotated

from exi.declaration import ATTRIBUTE, UNBOUNDED, Complex, Occurs
from exi.din.body import BodyBaseType
from exi.din.schemas import MSG_BODY, MSG_DATA_TYPES
from exi.din.simple_types import (
    certificateType,
    contractIDType,
    dHParamsType,
    privateKeyType,
    responseCodeType,
    rootCertificateIDType,
)
from exi.xsd import IDREF, short


class SubCertificatesType(Complex, schema=MSG_DATA_TYPES):
    """Sub-CA certificates (DER), from the leaf upwards."""

    Certificate: Annotated[tuple[certificateType, ...], Occurs(1, UNBOUNDED)]


class CertificateChainType(Complex, schema=MSG_DATA_TYPES):
    """A leaf certificate (DER) and its sub-CAs; the root is not part of it."""

    Certificate: certificateType
    SubCertificates: SubCertificatesType | None = None


class ListOfRootCertificateIDsType(Complex, schema=MSG_DATA_TYPES):
    """The roots that the vehicle knows."""

    RootCertificateID: Annotated[tuple[rootCertificateIDType, ...], Occurs(1, UNBOUNDED)]


class CertificateInstallationReq(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """Asks for a contract, signed by the OEM provisioning key."""

    Id: Annotated[IDREF, ATTRIBUTE] | None = None
    OEMProvisioningCert: certificateType
    ListOfRootCertificateIDs: ListOfRootCertificateIDsType
    DHParams: dHParamsType


class CertificateInstallationRes(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """A contract with its sealed key and the parameters to open it."""

    Id: Annotated[IDREF, ATTRIBUTE]
    ResponseCode: responseCodeType
    ContractSignatureCertChain: CertificateChainType
    ContractSignatureEncryptedPrivateKey: privateKeyType
    DHParams: dHParamsType
    ContractID: contractIDType


class CertificateUpdateReq(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """Asks for a successor of a contract, signed by the contract's key."""

    Id: Annotated[IDREF, ATTRIBUTE] | None = None
    ContractSignatureCertChain: CertificateChainType
    ContractID: contractIDType
    ListOfRootCertificateIDs: ListOfRootCertificateIDsType
    DHParams: dHParamsType


class CertificateUpdateRes(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """The successor; RetryCounter: days to wait before asking again (-1: do not)."""

    Id: Annotated[IDREF, ATTRIBUTE]
    ResponseCode: responseCodeType
    ContractSignatureCertChain: CertificateChainType
    ContractSignatureEncryptedPrivateKey: privateKeyType
    DHParams: dHParamsType
    ContractID: contractIDType
    RetryCounter: short
