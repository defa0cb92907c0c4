"""ISO 15118-2 messages of identification: payment selection, contract and challenge."""
# ruff: noqa: N815 - names are the schemas' own

from typing import Annotated

from exi.declaration import ATTRIBUTE, Complex, Occurs
from exi.iso2.body import BodyBaseType
from exi.iso2.certificate import CertificateChainType
from exi.iso2.schemas import MSG_DATA_TYPES
from exi.iso2.simple_types import (
    EVSEProcessingType,
    eMAIDType,
    genChallengeType,
    paymentOptionType,
    responseCodeType,
    serviceIDType,
)
from exi.xsd import ID, long, short


class SelectedServiceType(Complex, schema=MSG_DATA_TYPES):
    """A service, with the parameter set chosen."""

    ServiceID: serviceIDType
    ParameterSetID: short | None = None


class SelectedServiceListType(Complex, schema=MSG_DATA_TYPES):
    """The services chosen."""

    SelectedService: Annotated[tuple[SelectedServiceType, ...], Occurs(1, 16)]


class PaymentServiceSelectionReq(BodyBaseType, substitutes="BodyElement"):
    """Chooses services and the way of payment."""

    SelectedPaymentOption: paymentOptionType
    SelectedServiceList: SelectedServiceListType


class PaymentServiceSelectionRes(BodyBaseType, substitutes="BodyElement"):
    """Whether the choice is accepted."""

    ResponseCode: responseCodeType


class PaymentDetailsReq(BodyBaseType, substitutes="BodyElement"):
    """The contract: its eMAID and certificate chain."""

    eMAID: eMAIDType
    ContractSignatureCertChain: CertificateChainType


class PaymentDetailsRes(BodyBaseType, substitutes="BodyElement"):
    """A challenge for the contract's key [V2G2-697]; EVSETimeStamp: Unix seconds."""

    ResponseCode: responseCodeType
    GenChallenge: genChallengeType
    EVSETimeStamp: long


class AuthorizationReq(BodyBaseType, substitutes="BodyElement"):
    """Answers the challenge, signed by the contract's key; empty when it is repeated [V2G2-684]."""

    Id: Annotated[ID, ATTRIBUTE] | None = None
    GenChallenge: genChallengeType | None = None


class AuthorizationRes(BodyBaseType, substitutes="BodyElement"):
    """Whether the vehicle may charge, or that it is not known yet."""

    ResponseCode: responseCodeType
    EVSEProcessing: EVSEProcessingType
