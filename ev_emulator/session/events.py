"""What sessions tell their owners: frozen, edition-free, and each once."""

from dataclasses import dataclass

from certs.edition import Edition
from certs.identifiers.emaid import EMAID
from ev_emulator.framing.v2gtp import PayloadType
from ev_emulator.reasons import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSent:
    """A message went out; ``payload`` is its EXI."""

    name: str
    payload_type: PayloadType
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived:
    """A message came in and could be decoded."""

    name: str
    payload_type: PayloadType
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolAgreed:
    """The handshake chose an edition."""

    edition: Edition
    namespace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened:
    """The session has its identifier; ``joined``: it goes on where it was paused."""

    session_id: bytes
    evse_id: str
    evcc_id: bytes
    joined: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The session waits for an answer from outside: a question of ev_emulator.ports."""

    question: object


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractInstalled:
    """The vehicle believed, opened and stored a contract."""

    emaid: EMAID
    updated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorized:
    """The vehicle may charge; ``emaid`` is None where it was paid externally."""

    emaid: EMAID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffReceived:
    """The vehicle got a tariff; with findings or a reason it does not believe and ignores it."""

    tariff_id: int
    believed: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerSwitched:
    """The charger switched the power on or off."""

    on: bool
    meter_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """A reading the vehicle was told of."""

    meter_id: str
    meter_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptSigned:
    """The vehicle confirmed a reading by its signature (vehicle), or its signature was verified
    (charger).
    """

    meter_id: str
    meter_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded:
    """The session was stopped or paused in good order; nothing follows."""

    session_id: bytes
    paused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFailed:
    """The session broke off; nothing follows.

    ``response_code`` is the word sent or received, empty where there was none; ``at`` the request
    or state in which it happened.
    """

    failure: Failure
    response_code: str
    at: str


Event = (
    MessageSent
    | MessageReceived
    | ProtocolAgreed
    | SessionOpened
    | Asked
    | ContractInstalled
    | Authorized
    | TariffReceived
    | PowerSwitched
    | Metered
    | ReceiptSigned
    | SessionEnded
    | SessionFailed
)
