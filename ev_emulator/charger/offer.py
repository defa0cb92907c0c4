"""What a charger offers: its identity on the wire, services, powers and habits, as data."""

from dataclasses import dataclass
from enum import Enum

from certs.identifiers.evse_id import EVSEID
from exi.iso2.simple_types import EnergyTransferModeType


class Payment(Enum):
    """Ways of payment."""

    CONTRACT = "contract"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a charger lets a vehicle wait for a response while its backend thinks, in seconds.

    All lie below what the vehicle waits: 5 for PaymentDetails and CertificateInstallation, 2 for
    Authorization, ChargeParameterDiscovery; 60 for all of Authorization's repetitions together.
    EVerest gives an installation 4.5 (EVerest/EVerest#1292).
    """

    payment_details_seconds: float = 1.0
    authorization_seconds: float = 1.0
    authorization_all_seconds: float = 55.0
    certificate_seconds: float = 4.5
    tariff_seconds: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One outlet's intentions. Volts, amperes and watts as integers.

    ``receipt_every``: every how many loops a signed metering receipt is asked for, None for never.
    ``cable_check_rounds``: how often an isolation check is Ongoing before it is finished.
    ``renegotiate_after`` and ``stop_after``: after how many loops the charger asks for either.
    ``expires_soon_days``: how long before its end a contract is answered to expire soon, 0: never.
    """

    evse_id: EVSEID
    payments: tuple[Payment, ...] = (Payment.CONTRACT, Payment.EXTERNAL)
    modes: tuple[EnergyTransferModeType, ...] = (
        EnergyTransferModeType.AC_three_phase_core,
        EnergyTransferModeType.DC_extended,
    )
    installs_contracts: bool = True
    asks_tariffs: bool = True
    nominal_volts: int = 230
    amperes_max: int = 32
    watts_max: int = 22_000
    dc_volts_max: int = 920
    dc_amperes_max: int = 200
    dc_watts_max: int = 150_000
    receipt_every: int | None = None
    cable_check_rounds: int = 1
    renegotiate_after: int | None = None
    stop_after: int | None = None
    expires_soon_days: int = 0
    patience: Patience = Patience()
