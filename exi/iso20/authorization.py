"""ISO 15118-20 messages and types of authorization: Plug & Charge or external."""
# ruff: noqa: N801 - names are the schemas' own

from typing import Annotated

from exi.declaration import ATTRIBUTE, Choice, Complex, Occurs, Sequence
from exi.iso20.header import V2GRequestType, V2GResponseType
from exi.iso20.schemas import COMMON_MESSAGES
from exi.iso20.simple_types import (
    authorizationType,
    certificateType,
    genChallengeType,
    nameType,
    processingType,
)
from exi.xsd import ID


class SubCertificatesType(Complex, schema=COMMON_MESSAGES):
    """Sub-CA certificates (DER), from the leaf upwards."""

    Certificate: Annotated[tuple[certificateType, ...], Occurs(1, 3)]


class ContractCertificateChainType(Complex, schema=COMMON_MESSAGES):
    """A contract certificate (DER) and its sub-CAs."""

    Certificate: certificateType
    SubCertificates: SubCertificatesType


class SupportedProvidersListType(Complex, schema=COMMON_MESSAGES):
    """The mobility operators whose contracts are accepted."""

    ProviderID: Annotated[tuple[nameType, ...], Occurs(1, 128)]


class PnC_ASResAuthorizationModeType(Complex, schema=COMMON_MESSAGES):
    """A challenge for the contract's key."""

    GenChallenge: genChallengeType
    SupportedProviders: SupportedProvidersListType | None = None


class EIM_ASResAuthorizationModeType(Complex, schema=COMMON_MESSAGES):
    """External identification needs nothing more."""


class PnC_AReqAuthorizationModeType(Complex, schema=COMMON_MESSAGES):
    """Challenge and contract chain; the element that is signed [V2G20-1063]."""

    Id: Annotated[ID, ATTRIBUTE]
    GenChallenge: genChallengeType
    ContractCertificateChain: ContractCertificateChainType


class EIM_AReqAuthorizationModeType(Complex, schema=COMMON_MESSAGES):
    """External identification sends nothing more."""


class AuthorizationSetupReq(V2GRequestType, schema=COMMON_MESSAGES, message=True):
    """Asks how one can authorize."""


class AuthorizationSetupRes(
    V2GResponseType,
    schema=COMMON_MESSAGES,
    message=True,
    content=Sequence(
        "Header",
        "ResponseCode",
        "AuthorizationServices",
        "CertificateInstallationService",
        Choice("EIM_ASResAuthorizationMode", "PnC_ASResAuthorizationMode"),
    ),
):
    """The services of authorization."""

    AuthorizationServices: Annotated[tuple[authorizationType, ...], Occurs(1, 2)]
    CertificateInstallationService: bool
    EIM_ASResAuthorizationMode: EIM_ASResAuthorizationModeType | None = None
    PnC_ASResAuthorizationMode: PnC_ASResAuthorizationModeType | None = None


class AuthorizationReq(
    V2GRequestType,
    schema=COMMON_MESSAGES,
    message=True,
    content=Sequence(
        "Header",
        "SelectedAuthorizationService",
        Choice("EIM_AReqAuthorizationMode", "PnC_AReqAuthorizationMode"),
    ),
):
    """Authorizes by contract, or externally."""

    SelectedAuthorizationService: authorizationType
    EIM_AReqAuthorizationMode: EIM_AReqAuthorizationModeType | None = None
    PnC_AReqAuthorizationMode: PnC_AReqAuthorizationModeType | None = None


class AuthorizationRes(V2GResponseType, schema=COMMON_MESSAGES, message=True):
    """Whether the vehicle may charge, or that it is not known yet."""

    EVSEProcessing: processingType
