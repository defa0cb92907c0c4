"""All of ISO 15118-20's CommonTypes, which every part imports, loaded."""

from exi import xmldsig
from exi.iso20 import control_modes, header, schemas, values

FAMILIES = (values, header, control_modes)

SCHEMAS = (schemas.COMMON_TYPES, xmldsig.XMLDSIG)
