"""All of DIN SPEC 70121, loaded: importing this registers every class with its schema."""

from exi import xmldsig
from exi.din import (
    ac,
    body,
    certificate,
    charge_parameter,
    dc,
    header,
    message,
    metering,
    payment,
    power_delivery,
    schedule,
    schemas,
    service,
    session,
    values,
)

FAMILIES = (
    session, service, payment, certificate, charge_parameter, schedule, power_delivery, metering,
    ac, dc, values, header, body, message,
)  # fmt: skip

SCHEMAS = (
    schemas.MSG_DEF,
    schemas.MSG_HEADER,
    schemas.MSG_BODY,
    schemas.MSG_DATA_TYPES,
    xmldsig.XMLDSIG,
)
