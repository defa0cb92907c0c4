"""OCPP 1.6's Plug & Charge messages: those of 2.0.1 as JSON in the string of a DataTransfer."""

from collections.abc import Mapping

import structlog

from authz.actions.asked import Asked, Handler, Payload, answer_to, asked_by
from authz.actions.catalogue import ACTIONS, VENDOR_ID, WRAPPED, Direction, Handling
from authz.ocpp.protocol import CallRefused, OcppVersion
from authz.ocpp.schemas import MessageKind, validate

FORMS = OcppVersion.V201  # the application note's payloads are those of 2.0.1

_log = structlog.get_logger("authz")


class DataTransfer:
    """Unwraps a message, has it answered, and wraps the answer."""

    def __init__(self, handlers: Mapping[Handling, Handler]) -> None:
        self._handlers = handlers

    async def transfer(self, asked: Asked) -> Payload:
        """DataTransfer.conf.

        UnknownVendorId and UnknownMessageId as OCPP 1.6 4.3 says; Rejected for a message that
        goes the other way, and for data that break the message's schema. Accepted always
        brings data (EVerest#2522).
        """
        told = asked.payload
        if told["vendorId"] != VENDOR_ID:
            return {"status": "UnknownVendorId"}
        message_id = told.get("messageId", "")
        direction = WRAPPED.get(message_id)
        if direction is None:
            return {"status": "UnknownMessageId"}
        if direction is Direction.TO_STATION:
            return {"status": "Rejected"}
        octets = told.get("data", "").encode("utf-8", "surrogatepass")
        try:
            validate(FORMS, message_id, MessageKind.REQUEST, octets)
        except CallRefused as broken:
            _log.info("station.data_broken", message=message_id, rule=broken.description)
            return {"status": "Rejected"}
        handler = self._handlers[ACTIONS[FORMS, message_id]]
        answer = await handler(asked_by(asked.station, octets, version=FORMS))
        # mobilityhouse/ocpp#371: data is a string that holds JSON, not an object
        return {"status": "Accepted", "data": answer_to(FORMS, message_id, answer).decode()}
