"""Whether a vehicle believes a SalesTariff: the MO Sub-CA 2 above its contract must have signed it.

A tariff that is not believed is ignored, not obeyed: the vehicle charges without one.
"""

from ev_emulator import signatures
from ev_emulator.session.events import TariffReceived
from ev_emulator.vehicle.wallet import Contract
from exi.iso2.message import V2G_Message
from exi.iso2.schedule import SalesTariffType


def judge_tariff(
    tariff: SalesTariffType, message: V2G_Message, contract: Contract | None
) -> TariffReceived:
    """What becomes of a tariff that came with a schedule."""
    issuer = contract.tariff_issuer if contract else None
    if issuer is None:
        reason = "no mobility operator to believe"
    else:
        reason = signatures.objection(message, issuer.public_key())
    return TariffReceived(tariff_id=tariff.SalesTariffID, believed=not reason, reason=reason)
