"""ISO 15118-2 messages and types about services: what the charger offers."""
# ruff: noqa: N815 - names are the schemas' own

from typing import Annotated

from exi.declaration import ATTRIBUTE, Choice, Complex, Occurs
from exi.iso2.body import BodyBaseType
from exi.iso2.schemas import MSG_DATA_TYPES
from exi.iso2.simple_types import (
    EnergyTransferModeType,
    paymentOptionType,
    responseCodeType,
    serviceCategoryType,
    serviceIDType,
    serviceNameType,
    serviceScopeType,
)
from exi.iso2.values import PhysicalValueType
from exi.xsd import byte, short, xs_int


class ServiceType(Complex, schema=MSG_DATA_TYPES):
    """A service offered, and whether it costs nothing."""

    ServiceID: serviceIDType
    ServiceName: serviceNameType | None = None
    ServiceCategory: serviceCategoryType
    ServiceScope: serviceScopeType | None = None
    FreeService: bool


class ServiceListType(Complex, schema=MSG_DATA_TYPES):
    """The value-added services."""

    Service: Annotated[tuple[ServiceType, ...], Occurs(1, 8)]


class SupportedEnergyTransferModeType(Complex, schema=MSG_DATA_TYPES):
    """The ways in which energy can be delivered."""

    EnergyTransferMode: Annotated[tuple[EnergyTransferModeType, ...], Occurs(1, 6)]


class ChargeServiceType(ServiceType):
    """The charging service itself."""

    SupportedEnergyTransferMode: SupportedEnergyTransferModeType


class PaymentOptionListType(Complex, schema=MSG_DATA_TYPES):
    """Contract, external payment, or both."""

    PaymentOption: Annotated[tuple[paymentOptionType, ...], Occurs(1, 2)]


class ParameterType(
    Complex,
    schema=MSG_DATA_TYPES,
    content=Choice(
        "boolValue", "byteValue", "shortValue", "intValue", "physicalValue", "stringValue"
    ),
):
    """A named parameter with one value."""

    Name: Annotated[str, ATTRIBUTE]
    boolValue: bool | None = None
    byteValue: byte | None = None
    shortValue: short | None = None
    intValue: xs_int | None = None
    physicalValue: PhysicalValueType | None = None
    stringValue: str | None = None


class ParameterSetType(Complex, schema=MSG_DATA_TYPES):
    """The parameters of a service that are chosen together."""

    ParameterSetID: short
    Parameter: Annotated[tuple[ParameterType, ...], Occurs(1, 16)]


class ServiceParameterListType(Complex, schema=MSG_DATA_TYPES):
    """The parameter sets of a service."""

    ParameterSet: Annotated[tuple[ParameterSetType, ...], Occurs(1, 255)]


class ServiceDiscoveryReq(BodyBaseType, substitutes="BodyElement"):
    """Asks for the services, of one scope or category if given."""

    ServiceScope: serviceScopeType | None = None
    ServiceCategory: serviceCategoryType | None = None


class ServiceDiscoveryRes(BodyBaseType, substitutes="BodyElement"):
    """Payment options, the charging service, other services."""

    ResponseCode: responseCodeType
    PaymentOptionList: PaymentOptionListType
    ChargeService: ChargeServiceType
    ServiceList: ServiceListType | None = None


class ServiceDetailReq(BodyBaseType, substitutes="BodyElement"):
    """Asks for the parameters of a service."""

    ServiceID: serviceIDType


class ServiceDetailRes(BodyBaseType, substitutes="BodyElement"):
    """The parameters of a service."""

    ResponseCode: responseCodeType
    ServiceID: serviceIDType
    ServiceParameterList: ServiceParameterListType | None = None
