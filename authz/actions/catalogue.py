"""Which actions stations may ask for, by version, and what is done about each: rules as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from authz.ocpp.protocol import OcppVersion

V16, V201, V21 = OcppVersion.V16, OcppVersion.V201, OcppVersion.V21


class Handling(Enum):
    """What is done about an action, in a sentence."""

    AUTHORIZE = "the judge's pair of statuses, logged as POST /v1/authorize logs it"
    ID_TAG = "the judge's status of the idTag as a contract, logged"
    BOOT = "Accepted, the time, and the interval of heartbeats"
    HEARTBEAT = "the time"
    NOTED = "taken, and answered with an empty object"
    NO_SCHEDULE = "Rejected: no charging schedules are made here"
    SCHEDULE_NOTED = "Accepted"
    TRANSACTION_EVENT = "kept; idTokenInfo where a token came"
    START_TRANSACTION = "kept; a transactionId that no other transaction has, and idTagInfo"
    STOP_TRANSACTION = "kept; idTagInfo where an idTag came"
    CONTRACT_CERTIFICATE = "the provisioning service's EXI, unread"
    CERTIFICATE_STATUS = "the OCSP response, verified"
    CHAIN_STATUS = "a status for each certificate, from verified OCSP responses and CRLs"
    SIGN = "Accepted, and CertificateSigned follows; or Rejected"
    DATA_TRANSFER = "the wrapped message's answer, wrapped"
    NO_VENDOR = "UnknownVendorId"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One action, the versions in which stations may ask for it, and what is done."""

    action: str
    versions: frozenset[OcppVersion]
    handling: Handling


def _row(action: str, handling: Handling, *versions: OcppVersion) -> Row:
    return Row(action=action, versions=frozenset(versions), handling=handling)


ROWS: tuple[Row, ...] = (
    _row("Authorize", Handling.AUTHORIZE, V201, V21),
    _row("Authorize", Handling.ID_TAG, V16),
    _row("Get15118EVCertificate", Handling.CONTRACT_CERTIFICATE, V201, V21),
    _row("GetCertificateStatus", Handling.CERTIFICATE_STATUS, V201, V21),
    _row("GetCertificateChainStatus", Handling.CHAIN_STATUS, V21),
    _row("SignCertificate", Handling.SIGN, V16, V201, V21),
    _row("DataTransfer", Handling.DATA_TRANSFER, V16),
    _row("DataTransfer", Handling.NO_VENDOR, V201, V21),
    _row("BootNotification", Handling.BOOT, V16, V201, V21),
    _row("Heartbeat", Handling.HEARTBEAT, V16, V201, V21),
    _row("TransactionEvent", Handling.TRANSACTION_EVENT, V201, V21),
    _row("StartTransaction", Handling.START_TRANSACTION, V16),
    _row("StopTransaction", Handling.STOP_TRANSACTION, V16),
    _row("StatusNotification", Handling.NOTED, V16, V201, V21),
    _row("MeterValues", Handling.NOTED, V16, V201, V21),
    _row("FirmwareStatusNotification", Handling.NOTED, V16, V201, V21),
    _row("SecurityEventNotification", Handling.NOTED, V16, V201, V21),
    _row("LogStatusNotification", Handling.NOTED, V16, V201, V21),
    _row("DiagnosticsStatusNotification", Handling.NOTED, V16),
    _row("SignedFirmwareStatusNotification", Handling.NOTED, V16),
    _row("NotifyEvent", Handling.NOTED, V201, V21),
    _row("NotifyReport", Handling.NOTED, V201, V21),
    _row("NotifyMonitoringReport", Handling.NOTED, V201, V21),
    _row("NotifyChargingLimit", Handling.NOTED, V201, V21),
    _row("ClearedChargingLimit", Handling.NOTED, V201, V21),
    _row("ReportChargingProfiles", Handling.NOTED, V201, V21),
    _row("NotifyCustomerInformation", Handling.NOTED, V201, V21),
    _row("NotifyDisplayMessages", Handling.NOTED, V201, V21),
    _row("PublishFirmwareStatusNotification", Handling.NOTED, V201, V21),
    _row("ReservationStatusUpdate", Handling.NOTED, V201, V21),
    _row("NotifyEVChargingNeeds", Handling.NO_SCHEDULE, V201, V21),
    _row("NotifyEVChargingSchedule", Handling.SCHEDULE_NOTED, V201, V21),
)

ACTIONS: Mapping[tuple[OcppVersion, str], Handling] = MappingProxyType(
    {(version, row.action): row.handling for row in ROWS for version in row.versions}
)

VENDOR_ID = "org.openchargealliance.iso15118pnc"


class Direction(Enum):
    """Who may send a message of the 1.6 application note."""

    FROM_STATION = "station"
    TO_STATION = "central system"


# OCA, "Using ISO 15118 Plug & Charge with OCPP 1.6": its nine messageIds.
WRAPPED: Mapping[str, Direction] = MappingProxyType(
    {
        "Authorize": Direction.FROM_STATION,
        "Get15118EVCertificate": Direction.FROM_STATION,
        "GetCertificateStatus": Direction.FROM_STATION,
        "SignCertificate": Direction.FROM_STATION,
        "CertificateSigned": Direction.TO_STATION,
        "DeleteCertificate": Direction.TO_STATION,
        "GetInstalledCertificateIds": Direction.TO_STATION,
        "InstallCertificate": Direction.TO_STATION,
        "TriggerMessage": Direction.TO_STATION,
    }
)


def printed() -> str:
    """The catalogue as the documentation shows it."""
    spoken = (V16, V201, V21)
    lines = ["| Action | 1.6 | 2.0.1 | 2.1 | Answer |", "|---|---|---|---|---|"]
    for row in ROWS:
        marks = " | ".join("yes" if version in row.versions else "" for version in spoken)
        lines.append(f"| `{row.action}` | {marks} | {row.handling.value} |")
    return "\n".join(lines) + "\n"
