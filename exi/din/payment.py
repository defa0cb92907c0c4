"""DIN SPEC 70121 messages of identification: payment selection, contract and challenge."""

from typing import Annotated

from exi.declaration import ATTRIBUTE, UNBOUNDED, Complex, Occurs
from exi.din.body import BodyBaseType
from exi.din.certificate import CertificateChainType
from exi.din.schemas import MSG_BODY, MSG_DATA_TYPES
from exi.din.simple_types import (
    EVSEProcessingType,
    contractIDType,
    genChallengeType,
    paymentOptionType,
    responseCodeType,
    serviceIDType,
)
from exi.xsd import IDREF, long, short


class SelectedServiceType(Complex, schema=MSG_DATA_TYPES):
    """A service, with the parameter set chosen."""

    ServiceID: serviceIDType
    ParameterSetID: short | None = None


class SelectedServiceListType(Complex, schema=MSG_DATA_TYPES):
    """The services chosen."""

    SelectedService: Annotated[tuple[SelectedServiceType, ...], Occurs(1, UNBOUNDED)]


class ServicePaymentSelectionReq(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """Chooses services and the way of payment."""

    SelectedPaymentOption: paymentOptionType
    SelectedServiceList: SelectedServiceListType


class ServicePaymentSelectionRes(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """Whether the choice is accepted."""

    ResponseCode: responseCodeType


class PaymentDetailsReq(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """The contract: its eMAID and certificate chain."""

    ContractID: contractIDType
    ContractSignatureCertChain: CertificateChainType


class PaymentDetailsRes(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """A challenge for the contract's key; EVSETimeStamp: Unix seconds."""

    ResponseCode: responseCodeType
    GenChallenge: genChallengeType
    DateTimeNow: long


class ContractAuthenticationReq(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """Answers the challenge; empty with external payment."""

    Id: Annotated[IDREF, ATTRIBUTE] | None = None
    GenChallenge: genChallengeType | None = None


class ContractAuthenticationRes(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """Whether the vehicle may charge, or that it is not known yet."""

    ResponseCode: responseCodeType
    EVSEProcessing: EVSEProcessingType
