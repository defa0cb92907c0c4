"""DIN SPEC 70121 messages and types about services: what the charger offers."""
# ruff: noqa: N815 - names are the schemas' own

from typing import Annotated

from exi.declaration import ATTRIBUTE, UNBOUNDED, Choice, Complex, Occurs
from exi.din.body import BodyBaseType
from exi.din.schemas import MSG_BODY, MSG_DATA_TYPES
from exi.din.simple_types import (
    EVSESupportedEnergyTransferType,
    paymentOptionType,
    responseCodeType,
    serviceCategoryType,
    serviceIDType,
    serviceNameType,
    serviceScopeType,
    valueType,
)
from exi.din.values import PhysicalValueType
from exi.xsd import byte, short, xs_int


class ServiceTagType(Complex, schema=MSG_DATA_TYPES):
    """A service by its number, name, category and scope."""

    ServiceID: serviceIDType
    ServiceName: serviceNameType | None = None
    ServiceCategory: serviceCategoryType
    ServiceScope: serviceScopeType | None = None


class ServiceType(Complex, schema=MSG_DATA_TYPES):
    """A service offered, and whether it costs nothing."""

    ServiceTag: ServiceTagType
    FreeService: bool


class ServiceTagListType(Complex, schema=MSG_DATA_TYPES):
    """Services offered."""

    Service: Annotated[tuple[ServiceType, ...], Occurs(1, UNBOUNDED)]


class ServiceChargeType(ServiceType, element="ServiceCharge"):
    """The charging service and its way of delivering energy."""

    EnergyTransferType: EVSESupportedEnergyTransferType


class PaymentOptionsType(Complex, schema=MSG_DATA_TYPES):
    """Contract, external payment, or both."""

    PaymentOption: Annotated[tuple[paymentOptionType, ...], Occurs(1, UNBOUNDED)]


class ParameterType(
    Complex,
    schema=MSG_DATA_TYPES,
    content=Choice(
        "boolValue", "byteValue", "shortValue", "intValue", "physicalValue", "stringValue"
    ),
):
    """A named parameter with one value."""

    Name: Annotated[str, ATTRIBUTE]
    ValueType: Annotated[valueType, ATTRIBUTE]
    boolValue: bool | None = None
    byteValue: byte | None = None
    shortValue: short | None = None
    intValue: xs_int | None = None
    physicalValue: PhysicalValueType | None = None
    stringValue: str | None = None


class ParameterSetType(Complex, schema=MSG_DATA_TYPES):
    """The parameters of a service that are chosen together."""

    ParameterSetID: short
    Parameter: Annotated[tuple[ParameterType, ...], Occurs(1, UNBOUNDED)]


class ServiceParameterListType(Complex, schema=MSG_DATA_TYPES):
    """The parameter sets of a service."""

    ParameterSet: Annotated[tuple[ParameterSetType, ...], Occurs(1, UNBOUNDED)]


class ServiceDiscoveryReq(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """Asks for the services, of one scope or category if given."""

    ServiceScope: serviceScopeType | None = None
    ServiceCategory: serviceCategoryType | None = None


class ServiceDiscoveryRes(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """Payment options, the charging service, other services."""

    ResponseCode: responseCodeType
    PaymentOptions: PaymentOptionsType
    ChargeService: ServiceChargeType
    ServiceList: ServiceTagListType | None = None


class ServiceDetailReq(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """Asks for the parameters of a service."""

    ServiceID: serviceIDType


class ServiceDetailRes(BodyBaseType, schema=MSG_BODY, substitutes="BodyElement"):
    """The parameters of a service."""

    ResponseCode: responseCodeType
    ServiceID: serviceIDType
    ServiceParameterList: ServiceParameterListType | None = None
