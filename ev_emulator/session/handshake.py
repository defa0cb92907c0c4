"""The application protocol handshake: the vehicle's list, the charger's choice (-2, 8.2)."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from ev_emulator.session.states import Rulebook
from exi.app_protocol import (
    AppProtocolType,
    responseCodeType,
    supportedAppProtocolReq,
    supportedAppProtocolRes,
)
from exi.codec import decode, encode
from exi.errors import Malformed
from exi.protocol import Protocol

RESPONSE_SECONDS = 2.0  # V2G_EVCC_Msg_Timeout_SupportedAppProtocolReq
SETUP_SECONDS = 20.0  # V2G_EVCC_CommunicationSetup_Timeout: from the link to SessionSetupRes
REQUEST_SECONDS = 20.0  # how long a charger waits for the handshake of a link that was made

Choice = TypeVar("Choice")


def offer(rulebooks: Sequence[Rulebook]) -> bytes:
    """The handshake's request: what the vehicle speaks, what it likes best first."""
    return encode(
        supportedAppProtocolReq(
            AppProtocol=tuple(
                AppProtocolType(
                    ProtocolNamespace=rulebook.namespace,
                    VersionNumberMajor=rulebook.version[0],
                    VersionNumberMinor=rulebook.version[1],
                    SchemaID=index,
                    Priority=index,
                )
                for index, rulebook in enumerate(rulebooks, start=1)
            )
        )
    )


def choose(payload: bytes, rulebooks: Sequence[Rulebook]) -> tuple[bytes, int | None]:
    """The handshake's response, and the index of the chosen rulebook; None: no protocol.

    The vehicle's priority decides among what both speak; a major version must be equal [V2G2-170],
    another minor one is a minor deviation. Raises exi's Malformed.
    """
    request = decode(payload, Protocol.SAP)
    if not isinstance(request, supportedAppProtocolReq):
        raise Malformed("exi.root_unexpected", type(request).__name__, bit_offset=0)
    known = {(r.namespace, r.version[0]): (i, r) for i, r in enumerate(rulebooks)}
    for wanted in sorted(request.AppProtocol, key=lambda each: each.Priority):
        match = known.get((wanted.ProtocolNamespace, wanted.VersionNumberMajor))
        if match is not None:
            index, rulebook = match
            exact = wanted.VersionNumberMinor == rulebook.version[1]
            code = (
                responseCodeType.OK_SuccessfulNegotiation
                if exact
                else responseCodeType.OK_SuccessfulNegotiationWithMinorDeviation
            )
            return _response(code, wanted.SchemaID), index
    return _response(responseCodeType.Failed_NoNegotiation, None), None


def chosen(payload: bytes, speakers: Sequence[Choice]) -> Choice | None:
    """Which of the offered the response chose; None where it chose none. Raises Malformed."""
    response = decode(payload, Protocol.SAP)
    if not isinstance(response, supportedAppProtocolRes):
        raise Malformed("exi.root_unexpected", type(response).__name__, bit_offset=0)
    if response.ResponseCode is responseCodeType.Failed_NoNegotiation:
        return None
    by_id: Mapping[int, Choice] = dict(enumerate(speakers, start=1))
    # SchemaID may be left out where one protocol was offered
    wanted = 1 if response.SchemaID is None and len(by_id) == 1 else response.SchemaID
    return None if wanted is None else by_id.get(wanted)


def _response(code: responseCodeType, schema_id: int | None) -> bytes:
    return encode(supportedAppProtocolRes(ResponseCode=code, SchemaID=schema_id))
