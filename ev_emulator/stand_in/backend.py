"""The memory twin of an operator's backend: judges, provisions, staples, keeps books."""

from collections.abc import Callable
from datetime import datetime

from certs.certificate import Certificate
from certs.chain.roles import Use
from certs.chain.verifier import ChainVerifier
from certs.edition import Edition
from certs.errors import MalformedIdentifier
from certs.findings.catalogue import found
from certs.findings.finding import Finding
from certs.hierarchy import Identity, World
from certs.identifiers.emaid import EMAID
from certs.keys import Signer
from certs.profiles.rules import Role
from certs.raw_signatures import RawSigner
from ev_emulator.errors import Unavailable
from ev_emulator.ports import (
    AuthorizationAnswer,
    AuthorizationQuestion,
    CertificateQuestion,
    ContractQuestion,
    Denied,
    Permitted,
    SignedTariff,
    TariffQuestion,
    TransactionReport,
)
from ev_emulator.reasons import of_findings
from ev_emulator.stand_in import ocsp
from ev_emulator.stand_in.provisioning import ProvisioningService
from exi.iso2.schedule import (
    RelativeTimeIntervalType,
    SalesTariffEntryType,
    SalesTariffType,
)
from exi.protocol import Protocol
from exi.schema_set import Fragment
from exi.signature.signing import sign_elements

_TARIFF_ID = "id1"
_REPORTS_MAX = 10_000  # beyond, the oldest books are closed


class StandIn:
    """A backend over one world of certificates; fulfils ev_emulator.ports.Backend.

    Mutable: ``revoke``, ``deny`` and ``assign`` change what it answers from then on. Contracts are
    issued when a vehicle first asks for one that was assigned to it.
    """

    def __init__(
        self,
        world: World,
        *,
        now: Callable[[], datetime],
        random_bytes: Callable[[int], bytes],
        tariffs: bool = False,
    ) -> None:
        self._world = world
        self._now = now
        self._verifier = ChainVerifier(world.anchors())
        self._tariffs = tariffs
        self._assigned: dict[str, str] = {}
        self._issued: dict[str, Identity] = {}
        self._revoked: dict[bytes, datetime] = {}
        self._denied: dict[EMAID, str] = {}
        self.reports: list[TransactionReport] = []
        self._provisioning = ProvisioningService(
            cps=world[Role.CPS],
            anchors=world.anchors(),
            oem_authorities=world[Role.OEM_PROVISIONING].chain[1:],
            contract_for=self._contract_for,
            random_bytes=random_bytes,
        )

    # What its owner tells it

    def assign(self, pcid: str, emaid: str) -> None:
        """From now on the vehicle of this PCID gets a contract of this eMAID, issued when asked."""
        self._assigned[pcid] = emaid

    def revoke(self, certificate: Certificate) -> None:
        """Revoke a certificate, now."""
        self._revoked.setdefault(certificate.fingerprint, self._now())

    def deny(self, emaid: EMAID, code: str) -> None:
        """Answer for this contract with a finding of contract.*, such as contract.suspended."""
        self._denied[emaid] = code

    # What chargers ask it

    async def authorize(self, question: AuthorizationQuestion) -> AuthorizationAnswer:
        """A contract is judged by chain, revocation and state; external payment is permitted."""
        if not isinstance(question, ContractQuestion):
            return Permitted()
        findings = self._findings(question)
        if of_findings(findings, edition=question.edition) is not None:
            return Denied(findings=findings)
        return Permitted()

    async def contract_certificate(self, question: CertificateQuestion) -> bytes:
        """The provisioning service's response."""
        return self._provisioning.answer(question.exi, now=self._now())

    async def certificate_status(self, certificate: Certificate, issuer: Certificate) -> bytes:
        """A response of the issuer's delegate; Unavailable for an issuer of another world."""
        for role in Role:
            known = role in self._world and self._world[role].certificate == issuer
            if known:
                return ocsp.respond(
                    certificate,
                    delegate=self._world.responder(role),
                    now=self._now(),
                    revoked_at=self._revoked.get(certificate.fingerprint),
                )
        raise Unavailable("ocsp", "no delegate of this issuer")

    async def sales_tariff(self, question: TariffQuestion) -> SignedTariff | None:
        """One price level for a day, signed by the MO Sub-CA 2; None where tariffs are off."""
        if not self._tariffs or question.edition is not Edition.ISO_2:
            return None
        return sign_tariff(day_tariff(), self._world[Role.MO_SUB_2].signer)

    async def report(self, report: TransactionReport) -> None:
        """Keep the books."""
        self.reports.append(report)
        del self.reports[:-_REPORTS_MAX]

    def _findings(self, question: ContractQuestion) -> tuple[Finding, ...]:
        verdict = self._verifier.verify(
            question.chain, use=Use.CONTRACT, now=self._now(), edition=question.edition
        )
        findings = verdict.findings
        for certificate in question.chain:
            if certificate.fingerprint in self._revoked:
                findings += (found("revocation.revoked", where="chain"),)
        if question.emaid in self._denied:
            findings += (found(self._denied[question.emaid]),)
        return findings

    def _contract_for(self, asked: str) -> Identity | None:
        """The contract of a PCID, or the successor for an eMAID."""
        emaid = self._assigned.get(asked)
        if emaid is not None:
            if asked not in self._issued:
                self._issued[asked] = self._world.issue(Role.CONTRACT, common_name=emaid)
            return self._issued[asked]
        try:
            canonical = EMAID.parse(asked)
        except MalformedIdentifier:
            return None
        if canonical in self._denied:
            return None
        return self._world.issue(Role.CONTRACT, common_name=str(canonical))


def day_tariff() -> SalesTariffType:
    """A tariff of one price level for a whole day."""
    return SalesTariffType(
        Id=_TARIFF_ID,
        SalesTariffID=1,
        SalesTariffDescription="one price all day",
        NumEPriceLevels=1,
        SalesTariffEntry=(
            SalesTariffEntryType(
                TimeInterval=RelativeTimeIntervalType(start=0, duration=86_400), EPriceLevel=1
            ),
        ),
    )


def sign_tariff(tariff: SalesTariffType, signer: Signer) -> SignedTariff:
    """The tariff with the Signature that goes into the header of the message that carries it."""
    signature = sign_elements(
        (Fragment("SalesTariff", tariff),), key=RawSigner(signer), protocol=Protocol.ISO_2
    )
    return SignedTariff(tariff=tariff, signature=signature)
