"""ISO 15118-20 messages and types about services: what is offered and chosen."""
# ruff: noqa: N815 - names are the schemas' own

from typing import Annotated

from exi.declaration import ATTRIBUTE, Choice, Complex, Occurs
from exi.iso20.header import V2GRequestType, V2GResponseType
from exi.iso20.schemas import COMMON_MESSAGES
from exi.iso20.simple_types import nameType, serviceIDType
from exi.iso20.values import RationalNumberType
from exi.xsd import byte, short, xs_int


class ServiceIDListType(Complex, schema=COMMON_MESSAGES):
    """The services that the vehicle understands."""

    ServiceID: Annotated[tuple[serviceIDType, ...], Occurs(1, 16)]


class ServiceType(Complex, schema=COMMON_MESSAGES):
    """A service offered, and whether it costs nothing."""

    ServiceID: serviceIDType
    FreeService: bool


class ServiceListType(Complex, schema=COMMON_MESSAGES):
    """Services offered."""

    Service: Annotated[tuple[ServiceType, ...], Occurs(1, 8)]


class ParameterType(
    Complex,
    schema=COMMON_MESSAGES,
    content=Choice(
        "boolValue", "byteValue", "shortValue", "intValue", "rationalNumber", "finiteString"
    ),
):
    """A named parameter with one value."""

    Name: Annotated[nameType, ATTRIBUTE]
    boolValue: bool | None = None
    byteValue: byte | None = None
    shortValue: short | None = None
    intValue: xs_int | None = None
    rationalNumber: RationalNumberType | None = None
    finiteString: nameType | None = None


class ParameterSetType(Complex, schema=COMMON_MESSAGES):
    """The parameters of a service that are chosen together."""

    ParameterSetID: serviceIDType
    Parameter: Annotated[tuple[ParameterType, ...], Occurs(1, 32)]


class ServiceParameterListType(Complex, schema=COMMON_MESSAGES):
    """The parameter sets of a service."""

    ParameterSet: Annotated[tuple[ParameterSetType, ...], Occurs(1, 32)]


class SelectedServiceType(Complex, schema=COMMON_MESSAGES):
    """A service, with the parameter set chosen."""

    ServiceID: serviceIDType
    ParameterSetID: serviceIDType


class SelectedServiceListType(Complex, schema=COMMON_MESSAGES):
    """The value-added services chosen."""

    SelectedService: Annotated[tuple[SelectedServiceType, ...], Occurs(1, 16)]


class ServiceDiscoveryReq(V2GRequestType, schema=COMMON_MESSAGES, message=True):
    """Asks for the services."""

    SupportedServiceIDs: ServiceIDListType | None = None


class ServiceDiscoveryRes(V2GResponseType, schema=COMMON_MESSAGES, message=True):
    """Energy transfer services and value-added services."""

    ServiceRenegotiationSupported: bool
    EnergyTransferServiceList: ServiceListType
    VASList: ServiceListType | None = None


class ServiceDetailReq(V2GRequestType, schema=COMMON_MESSAGES, message=True):
    """Asks for the parameters of a service."""

    ServiceID: serviceIDType


class ServiceDetailRes(V2GResponseType, schema=COMMON_MESSAGES, message=True):
    """The parameters of a service."""

    ServiceID: serviceIDType
    ServiceParameterList: ServiceParameterListType


class ServiceSelectionReq(V2GRequestType, schema=COMMON_MESSAGES, message=True):
    """Chooses services."""

    SelectedEnergyTransferService: SelectedServiceType
    SelectedVASList: SelectedServiceListType | None = None


class ServiceSelectionRes(V2GResponseType, schema=COMMON_MESSAGES, message=True):
    """Whether the choice is accepted."""
