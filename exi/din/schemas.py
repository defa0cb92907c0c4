"""The four schemas of DIN SPEC 70121."""

from exi.declaration import Schema

MSG_DEF = Schema("urn:din:70121:2012:MsgDef", attributes_qualified=False)
MSG_HEADER = Schema("urn:din:70121:2012:MsgHeader", attributes_qualified=False)
MSG_BODY = Schema("urn:din:70121:2012:MsgBody", attributes_qualified=False)
MSG_DATA_TYPES = Schema("urn:din:70121:2012:MsgDataTypes", attributes_qualified=False)
