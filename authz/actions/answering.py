"""The one door for what stations ask: found in the catalogue, handled, and held to its schema."""

from collections.abc import Mapping

import structlog

from authz.actions.asked import Handler, answer_to, asked_by
from authz.actions.catalogue import ACTIONS, Handling
from authz.errors import NotFound, Unavailable
from authz.ocpp.protocol import CallErrorCode, CallRefused, Station
from certs.errors import Malformed, Refused

_log = structlog.get_logger("authz")


class Actions:
    """authz.ports.Answering over a handler for each handling."""

    def __init__(self, handlers: Mapping[Handling, Handler]) -> None:
        missing = set(Handling) - set(handlers)
        if missing:
            raise ValueError(f"no handler for {sorted(one.name for one in missing)}")
        self._handlers = handlers

    async def answer(self, station: Station, action: str, payload: bytes) -> bytes:
        """The payload of the answer.

        Raises CallRefused: NotImplemented for what the catalogue does not name,
        PropertyConstraintViolation for a value that its schema lets pass and its meaning does
        not, InternalError where something needed is out of reach, or an answer of ours would
        break its schema.
        """
        handling = ACTIONS.get((station.version, action))
        if handling is None:
            raise CallRefused(CallErrorCode.NOT_IMPLEMENTED, "not among the actions answered here")
        try:
            told = await self._handlers[handling](asked_by(station, payload))
        except (Unavailable, NotFound) as missing:
            _log.warning("station.unavailable", action=action, code=missing.code)
            raise CallRefused(CallErrorCode.INTERNAL_ERROR, missing.code) from missing
        except Refused as refused:
            raise CallRefused(CallErrorCode.SECURITY_ERROR, refused.code) from refused
        except Malformed as bad:
            raise CallRefused(CallErrorCode.PROPERTY_CONSTRAINT_VIOLATION, bad.code) from bad
        try:
            return answer_to(station.version, action, told)
        except CallRefused as odd:
            # Never sent: a station that trusts its schema may fall over it (EVerest#2245).
            _log.error("station.answer_broken", action=action, rule=odd.description)
            raise CallRefused(CallErrorCode.INTERNAL_ERROR, "the answer breaks its schema") from odd
