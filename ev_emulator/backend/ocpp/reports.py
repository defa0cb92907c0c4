"""A session's news as TransactionEvent requests, numbered, and kept while nobody listens."""

from collections import OrderedDict, deque
from datetime import UTC, datetime

from ocpp.v201 import call  # type: ignore[import-untyped]  # ocpp ships no types

from ev_emulator.ports import Phase, TransactionReport

KEPT_MAX = 1_000  # reports of a long outage; the oldest readings go first
TRANSACTIONS_MAX = 1_000

# eventType, triggerReason, chargingState, the reading's context
_WORDS = {
    Phase.BEGAN: ("Started", "Authorized", "EVConnected", "Transaction.Begin"),
    Phase.METERED: ("Updated", "MeterValuePeriodic", "Charging", "Sample.Periodic"),
    Phase.CONFIRMED: ("Updated", "SignedDataReceived", "Charging", "Other"),
    Phase.ENDED: ("Ended", "StopAuthorized", "EVConnected", "Transaction.End"),
}


class Reports:
    """Numbers each transaction's reports from 0 and queues them; mutable and bounded."""

    def __init__(self, *, evse: int = 1) -> None:
        self._evse = evse
        self._numbers: OrderedDict[str, int] = OrderedDict()
        self._kept: deque[object] = deque(maxlen=KEPT_MAX)

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, report: TransactionReport, *, offline: bool) -> None:
        """Put a report at the end of the queue."""
        number = self._numbers.pop(report.transaction_id, -1) + 1
        if report.phase is not Phase.ENDED:
            self._numbers[report.transaction_id] = number
        while len(self._numbers) > TRANSACTIONS_MAX:
            self._numbers.popitem(last=False)
        self._kept.append(_event(report, number=number, offline=offline, evse=self._evse))

    def first(self) -> object | None:
        """What is to be sent next."""
        return self._kept[0] if self._kept else None

    def sent(self) -> None:
        """The first one arrived."""
        if self._kept:
            self._kept.popleft()


def _event(report: TransactionReport, *, number: int, offline: bool, evse: int) -> object:
    event, trigger, state, context = _WORDS[report.phase]
    transaction = {"transactionId": report.transaction_id[:36], "chargingState": state}
    if report.phase is Phase.ENDED:
        transaction["stoppedReason"] = "StoppedByEV"
    reading = {
        "value": report.meter_wh,
        "context": context,
        "measurand": "Energy.Active.Import.Register",
        "unitOfMeasure": {"unit": "Wh"},
    }
    token = None
    if report.phase is Phase.BEGAN:
        token = {"idToken": "", "type": "NoAuthorization"}
        if report.emaid is not None:
            token = {"idToken": str(report.emaid), "type": "eMAID"}
    moment = timestamp(report.moment)
    return call.TransactionEvent(
        event_type=event,
        timestamp=moment,
        trigger_reason=trigger,
        seq_no=number,
        transaction_info=transaction,
        meter_value=[{"timestamp": moment, "sampledValue": [reading]}],
        offline=offline or None,
        evse={"id": evse, "connectorId": 1},
        id_token=token,
    )


def timestamp(moment: datetime) -> str:
    """OCPP's dateTime: RFC 3339, UTC, milliseconds at most."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
