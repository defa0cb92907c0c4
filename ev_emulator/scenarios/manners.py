"""Vehicles that misbehave: each takes the place of an honest speaker and changes one request."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ev_emulator.framing.v2gtp import Frame
from ev_emulator.scenarios.scenario import Manner
from ev_emulator.session.iso_2 import requests, wire
from ev_emulator.session.speaking import EvccSpeaker, Heard, Request, Taken
from ev_emulator.session.states import Rulebook
from ev_emulator.vehicle.intentions import Intentions
from ev_emulator.vehicle.wallet import Wallet
from exi.codec import decode, encode
from exi.iso2.message import BodyType, V2G_Message
from exi.iso2.payment import AuthorizationReq
from exi.protocol import Protocol

_AUTHORIZATION = "AuthorizationReq"
_ANOTHER_CHALLENGE = bytes(range(16))
_ANOTHER_SESSION = bytes.fromhex("00000000000000FF")


@dataclass(slots=True, kw_only=True)
class Accomplice:
    """What an attacker knows: the wallet it uses, and an authorization that it overheard."""

    wallet: Wallet
    overheard: V2G_Message | None = field(default=None, repr=False)


class Crooked:
    """An honest speaker whose first AuthorizationReq is exchanged; all else is its own."""

    def __init__(self, honest: EvccSpeaker, change: Callable[[Request], Request]) -> None:
        self._honest = honest
        self._change = change
        self._done = False

    @property
    def rulebook(self) -> Rulebook:
        return self._honest.rulebook

    def read(self, frame: Frame) -> Heard:
        return self._honest.read(frame)

    def speak(self, state: str, session_id: bytes | None) -> Request:
        request = self._honest.speak(state, session_id)
        if request.name != _AUTHORIZATION or self._done:
            return request
        self._done = True
        return self._change(request)

    def hear(self, request: Request, response: Heard) -> Taken:
        return self._honest.hear(request, response)


def speaking(manner: Manner, accomplice: Accomplice) -> Callable[[EvccSpeaker], EvccSpeaker]:
    """What makes a vehicle of this manner out of an honest one."""

    def changed(honest: EvccSpeaker, change: Callable[[V2G_Message], V2G_Message]) -> Crooked:
        def of_request(request: Request) -> Request:
            message = change(decode(request.payload, Protocol.ISO_2))
            return replace(request, payload=encode(message))

        return Crooked(honest, of_request)

    def honestly(honest: EvccSpeaker) -> EvccSpeaker:
        def overhear(message: V2G_Message) -> V2G_Message:
            accomplice.overheard = message
            return message

        return changed(honest, overhear)

    def crookedly(honest: EvccSpeaker) -> EvccSpeaker:
        return changed(honest, lambda message: _changed(message, manner, accomplice))

    return honestly if manner is Manner.HONEST else crookedly


def _changed(message: V2G_Message, manner: Manner, accomplice: Accomplice) -> V2G_Message:
    session_id = message.Header.SessionID
    match manner:
        case Manner.REPLAYS if accomplice.overheard is not None:
            # the header is not signed: what was overheard fits any session
            header = replace(accomplice.overheard.Header, SessionID=session_id)
            return replace(accomplice.overheard, Header=header)
        case Manner.FOREIGN_CHALLENGE:
            contract = accomplice.wallet.latest()
            signer = contract.signer if contract else None
            body = requests.authorization(_ANOTHER_CHALLENGE)
            return decode(wire.write(body, session_id=session_id, signer=signer), Protocol.ISO_2)
        case Manner.WRAPS:
            # the signature stays that of id1; the element that is read calls itself id2
            honest = message.Body.BodyElement
            if isinstance(honest, AuthorizationReq):
                return replace(message, Body=BodyType(BodyElement=replace(honest, Id="id2")))
            return message
        case Manner.SKIPS:
            body_element = requests.charge_parameters(Intentions())
            return replace(
                message,
                Header=replace(message.Header, Signature=None),
                Body=BodyType(BodyElement=body_element),
            )
        case Manner.HIJACKS:
            header = replace(message.Header, SessionID=_ANOTHER_SESSION)
            return replace(message, Header=header)
        case _:
            return message
