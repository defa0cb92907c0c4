"""ISO 15118-20 messages and types of contract installation."""

from typing import Annotated

from exi.declaration import ATTRIBUTE, Choice, Complex, Occurs, Sequence
from exi.iso20.authorization import ContractCertificateChainType, SubCertificatesType
from exi.iso20.header import V2GRequestType, V2GResponseType
from exi.iso20.schemas import COMMON_MESSAGES
from exi.iso20.simple_types import (
    certificateType,
    dhPublicKeyType,
    ecdhCurveType,
    identifierType,
    processingType,
    secp521_EncryptedPrivateKeyType,
    tpm_EncryptedPrivateKeyType,
    x448_EncryptedPrivateKeyType,
)
from exi.iso20.values import ListOfRootCertificateIDsType
from exi.xsd import ID, unsignedByte


class EMAIDListType(Complex, schema=COMMON_MESSAGES):
    """Contracts in the order wanted."""

    EMAID: Annotated[tuple[identifierType, ...], Occurs(1, 8)]


class CertificateChainType(Complex, schema=COMMON_MESSAGES):
    """A leaf certificate (DER) and its sub-CAs; the root is not part of it."""

    Certificate: certificateType
    SubCertificates: SubCertificatesType | None = None


class SignedCertificateChainType(Complex, schema=COMMON_MESSAGES):
    """A chain with an Id so that it can be signed."""

    Id: Annotated[ID, ATTRIBUTE]
    Certificate: certificateType
    SubCertificates: SubCertificatesType | None = None


class SignedInstallationDataType(
    Complex,
    schema=COMMON_MESSAGES,
    element="SignedInstallationData",
    content=Sequence(
        "ContractCertificateChain",
        "ECDHCurve",
        "DHPublicKey",
        Choice(
            "SECP521_EncryptedPrivateKey", "X448_EncryptedPrivateKey", "TPM_EncryptedPrivateKey"
        ),
    ),
):
    """A contract chain with its sealed private key; the element that the CPS signs."""

    Id: Annotated[ID, ATTRIBUTE]
    ContractCertificateChain: ContractCertificateChainType
    ECDHCurve: ecdhCurveType
    DHPublicKey: dhPublicKeyType
    SECP521_EncryptedPrivateKey: secp521_EncryptedPrivateKeyType | None = None
    X448_EncryptedPrivateKey: x448_EncryptedPrivateKeyType | None = None
    TPM_EncryptedPrivateKey: tpm_EncryptedPrivateKeyType | None = None


class CertificateInstallationReq(V2GRequestType, schema=COMMON_MESSAGES, message=True):
    """Asks for contracts, with a signed OEM provisioning chain."""

    OEMProvisioningCertificateChain: SignedCertificateChainType
    ListOfRootCertificateIDs: ListOfRootCertificateIDsType
    MaximumContractCertificateChains: unsignedByte
    PrioritizedEMAIDs: EMAIDListType | None = None


class CertificateInstallationRes(V2GResponseType, schema=COMMON_MESSAGES, message=True):
    """One contract, and how many more there are."""

    EVSEProcessing: processingType
    CPSCertificateChain: CertificateChainType
    SignedInstallationData: SignedInstallationDataType
    RemainingContractCertificateChains: unsignedByte
