"""All of ISO 15118-20's CommonMessages, loaded."""

from exi.iso20 import (
    authorization,
    certificate,
    common_types,
    energy_offer,
    metering,
    parking,
    power_delivery,
    price,
    schedule,
    schemas,
    service,
    session,
)

FAMILIES = (
    session, authorization, certificate, service, schedule, price, energy_offer, power_delivery,
    metering, parking, *common_types.FAMILIES,
)  # fmt: skip

SCHEMAS = (schemas.COMMON_MESSAGES, *common_types.SCHEMAS)
