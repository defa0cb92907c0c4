"""What a vehicle wants of a session, as data."""

from dataclasses import dataclass
from enum import Enum

from exi.iso2.simple_types import EnergyTransferModeType


class Payment(Enum):
    """How the vehicle wants to pay; CONTRACT is Plug & Charge and needs a secured link."""

    CONTRACT = "contract"
    EXTERNAL = "external"


class Installation(Enum):
    """When the vehicle asks for a contract certificate."""

    NEVER = "never"
    WHEN_MISSING = "when-missing"
    ALWAYS = "always"
    UPDATE = "update"  # replace the contract it has


@dataclass(frozen=True, slots=True, kw_only=True)
class Intentions:
    """One visit to a charger. Volts, amperes, watts and watt-hours as integers.

    ``loops``: how many rounds of ChargingStatus or CurrentDemand before it stops by itself;
    ``energy_wh``: stop earlier once the charger's meter has counted so much (None: do not look);
    ``loop_pause_seconds`` and ``poll_pause_seconds``: between rounds, and between repetitions of a
    request the charger is not done with. ``renegotiate_after``: after how many loops, None: never.
    ``pause``: end by pausing, so that the session can be joined again.
    """

    payment: Payment = Payment.CONTRACT
    installation: Installation = Installation.WHEN_MISSING
    mode: EnergyTransferModeType = EnergyTransferModeType.AC_three_phase_core
    loops: int = 3
    energy_wh: int | None = None
    loop_pause_seconds: float = 0.0
    poll_pause_seconds: float = 0.05
    renegotiate_after: int | None = None
    pause: bool = False
    departure_seconds: int | None = None
    evcc_id: bytes = bytes.fromhex("020000000001")
    energy_wanted_wh: int = 40_000
    volts: int = 400
    amperes_max: int = 32
    amperes_min: int = 6
    state_of_charge_percent: int = 30
