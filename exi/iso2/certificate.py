"""ISO 15118-2 messages and types of contract certificates: chains, installation, update."""
# ruff: noqa: N815 - names are the schemas' own

from typing import Annotated

from exi.declaration import ATTRIBUTE, CONTENT, Complex, Occurs
from exi.iso2.body import BodyBaseType
from exi.iso2.schemas import MSG_DATA_TYPES
from exi.iso2.simple_types import (
    certificateType,
    dHpublickeyType,
    eMAIDType,
    privateKeyType,
    responseCodeType,
)
from exi.xmldsig import X509IssuerSerialType
from exi.xsd import ID, short


class SubCertificatesType(Complex, schema=MSG_DATA_TYPES):
    """Sub-CA certificates (DER), from the leaf upwards."""

    Certificate: Annotated[tuple[certificateType, ...], Occurs(1, 4)]


class CertificateChainType(Complex, schema=MSG_DATA_TYPES):
    """A leaf certificate (DER) and its sub-CAs; the root is not part of it."""

    Id: Annotated[ID, ATTRIBUTE] | None = None
    Certificate: certificateType
    SubCertificates: SubCertificatesType | None = None


class ListOfRootCertificateIDsType(Complex, schema=MSG_DATA_TYPES):
    """The roots that the vehicle knows."""

    RootCertificateID: Annotated[tuple[X509IssuerSerialType, ...], Occurs(1, 20)]


class ContractSignatureEncryptedPrivateKeyType(Complex, schema=MSG_DATA_TYPES):
    """The contract's private key, sealed for the vehicle: IV, then ciphertext."""

    Id: Annotated[ID, ATTRIBUTE]
    value: Annotated[privateKeyType, CONTENT]


class DiffieHellmanPublickeyType(Complex, schema=MSG_DATA_TYPES):
    """The sender's ephemeral public key, an uncompressed point."""

    Id: Annotated[ID, ATTRIBUTE]
    value: Annotated[dHpublickeyType, CONTENT]


class EMAIDType(Complex, schema=MSG_DATA_TYPES):
    """The contract's identifier, with an Id so that it can be signed."""

    Id: Annotated[ID, ATTRIBUTE]
    value: Annotated[eMAIDType, CONTENT]


class CertificateInstallationReq(BodyBaseType, substitutes="BodyElement"):
    """Asks for a contract, signed by the OEM provisioning key."""

    Id: Annotated[ID, ATTRIBUTE]
    OEMProvisioningCert: certificateType
    ListOfRootCertificateIDs: ListOfRootCertificateIDsType


class CertificateInstallationRes(BodyBaseType, substitutes="BodyElement"):
    """A contract with its sealed key; four of its elements are signed by the CPS."""

    ResponseCode: responseCodeType
    SAProvisioningCertificateChain: CertificateChainType
    ContractSignatureCertChain: CertificateChainType
    ContractSignatureEncryptedPrivateKey: ContractSignatureEncryptedPrivateKeyType
    DHpublickey: DiffieHellmanPublickeyType
    eMAID: EMAIDType


class CertificateUpdateReq(BodyBaseType, substitutes="BodyElement"):
    """Asks for a successor of a contract, signed by the contract's key."""

    Id: Annotated[ID, ATTRIBUTE]
    ContractSignatureCertChain: CertificateChainType
    eMAID: eMAIDType
    ListOfRootCertificateIDs: ListOfRootCertificateIDsType


class CertificateUpdateRes(BodyBaseType, substitutes="BodyElement"):
    """The successor; RetryCounter: days to wait before asking again (-1: do not)."""

    ResponseCode: responseCodeType
    SAProvisioningCertificateChain: CertificateChainType
    ContractSignatureCertChain: CertificateChainType
    ContractSignatureEncryptedPrivateKey: ContractSignatureEncryptedPrivateKeyType
    DHpublickey: DiffieHellmanPublickeyType
    eMAID: EMAIDType
    RetryCounter: short | None = None
