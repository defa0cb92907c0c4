"""The schemas of ISO 15118-20."""

from exi.declaration import Schema

COMMON_TYPES = Schema("urn:iso:std:iso:15118:-20:CommonTypes")
COMMON_MESSAGES = Schema("urn:iso:std:iso:15118:-20:CommonMessages")
AC = Schema("urn:iso:std:iso:15118:-20:AC")
DC = Schema("urn:iso:std:iso:15118:-20:DC")
