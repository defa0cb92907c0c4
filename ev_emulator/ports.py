"""What a charger asks of its operator's backend: questions, answers, and the one port.

Adapters (HTTP, OCPP) and the memory twin (charger/stand_in.py) fulfil it. Whatever cannot be
reached or takes too long raises Unavailable, and a session treats that as a refusal.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from certs.certificate import Certificate
from certs.edition import Edition
from certs.findings.finding import Finding
from certs.identifiers.emaid import EMAID
from exi.iso2.schedule import SalesTariffType
from exi.xmldsig import SignatureType


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractQuestion:
    """May this contract charge here, now?

    ``chain`` is what the vehicle presented: leaf first, root excluded. ``path`` is the same up to
    and including the root where the charger verified it itself, and empty where the backend must
    (OCPP's CentralContractValidationAllowed).
    """

    emaid: EMAID
    chain: tuple[Certificate, ...]
    path: tuple[Certificate, ...]
    evse_id: str
    edition: Edition


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalQuestion:
    """May this vehicle charge, paid externally? ``evcc_id`` is its controller's MAC address."""

    evse_id: str
    evcc_id: bytes


AuthorizationQuestion = ContractQuestion | ExternalQuestion


@dataclass(frozen=True, slots=True, kw_only=True)
class Permitted:
    """Yes; where ``valid_until`` is given, for so long it may be remembered."""

    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """No, and why. Findings carry the ISO and OCPP words in the catalogue of certs."""

    findings: tuple[Finding, ...]


AuthorizationAnswer = Permitted | Denied


class CertificateAction(Enum):
    """What a vehicle wants of the provisioning service; the values are OCPP's words."""

    INSTALL = "Install"
    UPDATE = "Update"


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateQuestion:
    """A CertificateInstallationReq or CertificateUpdateReq, unread: the EXI of the whole message.

    ``namespace`` is the protocol's (OCPP's iso15118SchemaVersion).
    """

    action: CertificateAction
    edition: Edition
    namespace: str
    exi: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateAnswer:
    """The EXI of the whole response message, which the charger passes on unread."""

    exi: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffQuestion:
    """Is there a tariff for this contract, signed by its mobility operator?"""

    emaid: EMAID
    edition: Edition


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffAnswer:
    """What the mobility operator says; None: it has no tariff for this contract."""

    tariff: "SignedTariff | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTariff:
    """A SalesTariff with its Id, and the Signature over it that goes into the message's header."""

    tariff: SalesTariffType
    signature: SignatureType


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """No answer, for whatever reason: ``what`` names what could not be asked."""

    what: str


Question = AuthorizationQuestion | CertificateQuestion | TariffQuestion
Answer = AuthorizationAnswer | CertificateAnswer | TariffAnswer | Silence


class Phase(Enum):
    """What happened to a charging transaction."""

    BEGAN = "began"
    METERED = "metered"
    CONFIRMED = "confirmed"  # by the vehicle's signed receipt
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionReport:
    """A charging transaction's news; ``emaid`` is None where it is paid externally."""

    phase: Phase
    transaction_id: str
    evse_id: str
    emaid: EMAID | None
    meter_wh: int
    moment: datetime


class Backend(Protocol):
    """A charge point operator's backend, as its chargers see it.

    Every method raises ev_emulator.errors.Unavailable where it cannot be asked in time.
    """

    async def authorize(self, question: AuthorizationQuestion) -> AuthorizationAnswer:
        """May it charge? A refusal is an answer."""
        ...

    async def contract_certificate(self, question: CertificateQuestion) -> bytes:
        """The EXI of the provisioning service's response."""
        ...

    async def certificate_status(self, certificate: Certificate, issuer: Certificate) -> bytes:
        """A DER OCSP response about one of the charger's own certificates, for stapling."""
        ...

    async def sales_tariff(self, question: TariffQuestion) -> SignedTariff | None:
        """The mobility operator's signed tariff for a contract, if it has one."""
        ...

    async def report(self, report: TransactionReport) -> None:
        """Take note of a transaction's news."""
        ...
