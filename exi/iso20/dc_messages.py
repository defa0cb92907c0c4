"""All of ISO 15118-20's DC, loaded."""

from exi.iso20 import common_types, dc, schemas

FAMILIES = (dc, *common_types.FAMILIES)

SCHEMAS = (schemas.DC, *common_types.SCHEMAS)
