"""A charger's books: which transaction reports follow from a session's events."""

from datetime import datetime
from typing import TYPE_CHECKING

from ev_emulator.ports import Phase, TransactionReport
from ev_emulator.session.events import (
    Authorized,
    Event,
    Metered,
    PowerSwitched,
    ReceiptSigned,
    SessionEnded,
    SessionFailed,
    SessionOpened,
)

if TYPE_CHECKING:
    from certs.identifiers.emaid import EMAID


class Books:
    """Follows one session; mutable. A transaction runs from power on to power off, or worse."""

    def __init__(self, transaction_id: str) -> None:
        self._transaction_id = transaction_id
        self._evse_id = ""
        self._emaid: EMAID | None = None
        self._running = False
        self._meter_wh = 0

    def follow(self, event: Event, *, moment: datetime) -> TransactionReport | None:
        """The report that an event gives rise to, if any."""
        match event:
            case SessionOpened(evse_id=evse_id):
                self._evse_id = evse_id
            case Authorized(emaid=emaid):
                self._emaid = emaid
            case PowerSwitched(on=on, meter_wh=wh) if on is not self._running:
                self._meter_wh, self._running = wh, on
                return self._report(Phase.BEGAN if on else Phase.ENDED, moment)
            case Metered(meter_wh=wh) if self._running:
                self._meter_wh = wh
                return self._report(Phase.METERED, moment)
            case ReceiptSigned(meter_wh=wh):
                self._meter_wh = wh
                return self._report(Phase.CONFIRMED, moment)
            case SessionFailed() | SessionEnded() if self._running:
                self._running = False
                return self._report(Phase.ENDED, moment)
            case _:
                pass
        return None

    def _report(self, phase: Phase, moment: datetime) -> TransactionReport:
        return TransactionReport(
            phase=phase,
            transaction_id=self._transaction_id,
            evse_id=self._evse_id,
            emaid=self._emaid,
            meter_wh=self._meter_wh,
            moment=moment,
        )
