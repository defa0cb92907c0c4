"""All of ISO 15118-20's AC, loaded."""

from exi.iso20 import ac, common_types, schemas

FAMILIES = (ac, *common_types.FAMILIES)

SCHEMAS = (schemas.AC, *common_types.SCHEMAS)
