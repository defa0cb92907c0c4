"""What a charger can say of a presented contract by itself, before it asks its backend."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum

from certs import names
from certs.certificate import Certificate, parse
from certs.chain import checks
from certs.chain.roles import Use
from certs.chain.verifier import ChainVerifier
from certs.edition import Edition
from certs.errors import Malformed
from certs.findings.finding import Finding
from certs.identifiers.binding import bind
from certs.identifiers.emaid import EMAID
from ev_emulator.ports import ContractQuestion
from ev_emulator.reasons import Failure, of_findings


class UnknownRoot(Enum):
    """What to do with a chain whose root the charger does not have."""

    ASK_BACKEND = "ask-backend"  # OCPP's CentralContractValidationAllowed
    REFUSE = "refuse"


# What a charger without the right root cannot help finding, and its backend may know better.
_FOR_THE_BACKEND = frozenset({"chain.anchor_unknown", "chain.issuer_missing"})
_COMMON_NAME = "2.5.4.3"


class ContractCheck:
    """Judges presented contracts against the roots a charger has; remembers issuers."""

    def __init__(
        self, verifier: ChainVerifier, *, unknown_root: UnknownRoot = UnknownRoot.ASK_BACKEND
    ) -> None:
        self._verifier = verifier
        self._unknown_root = unknown_root

    def examine(
        self,
        presented: Sequence[bytes],
        emaid: str,
        *,
        evse_id: str,
        edition: Edition,
        now: datetime,
    ) -> ContractQuestion | Failure:
        """The question for the backend, or why there is none: leaf first, DER, and the eMAID."""
        try:
            chain = tuple(parse(der) for der in presented)
            claimed = EMAID.parse(emaid, edition=edition)
        except Malformed as bad:
            return Failure(code="contract.unreadable", detail=bad.detail)
        findings = bind(
            names.values(chain[0].subject, _COMMON_NAME), presented=claimed, edition=edition
        ).findings
        verdict = self._verifier.verify(chain, use=Use.CONTRACT, now=now, edition=edition)
        if verdict.valid:
            findings += verdict.findings
        elif self._unknown_root is UnknownRoot.ASK_BACKEND and not verdict.path:
            findings += self._rootless(chain, verdict.findings, now)
        else:
            findings += verdict.findings
        failure = of_findings(findings, edition=edition)
        if failure is not None:
            return failure
        return ContractQuestion(
            emaid=claimed, chain=chain, path=verdict.path, evse_id=evse_id, edition=edition
        )

    @staticmethod
    def _rootless(
        chain: tuple[Certificate, ...], findings: tuple[Finding, ...], now: datetime
    ) -> tuple[Finding, ...]:
        """What speaks against a chain apart from its root being unknown: forgery and time."""
        kept = tuple(each for each in findings if each.code not in _FOR_THE_BACKEND)
        length = len(chain) + 1
        for index, certificate in enumerate(chain):
            kept += checks.validity(certificate, now, checks.position(index, length))
        return kept
