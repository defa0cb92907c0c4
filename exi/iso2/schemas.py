"""The four schemas of ISO 15118-2."""

from exi.declaration import Schema

MSG_DEF = Schema("urn:iso:15118:2:2013:MsgDef")
MSG_HEADER = Schema("urn:iso:15118:2:2013:MsgHeader")
MSG_BODY = Schema("urn:iso:15118:2:2013:MsgBody")
MSG_DATA_TYPES = Schema("urn:iso:15118:2:2013:MsgDataTypes")
