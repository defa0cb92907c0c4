"""Operators that are slow, absent, or without an answer, over one that is neither."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from certs.certificate import Certificate
from ev_emulator.errors import Unavailable
from ev_emulator.ports import (
    AuthorizationAnswer,
    AuthorizationQuestion,
    Backend,
    CertificateQuestion,
    SignedTariff,
    TariffQuestion,
    TransactionReport,
)
from ev_emulator.scenarios.scenario import Operator


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """Seconds that answers take; ``down``: none come; ``staples``: OCSP responses are had."""

    authorization_seconds: float = 0.0
    certificate_seconds: float = 0.0
    down: bool = False
    staples: bool = True


HABITS: Mapping[Operator, Habits] = MappingProxyType(
    {
        Operator.HONEST: Habits(),
        Operator.REVOKED: Habits(),
        Operator.SUSPENDED: Habits(),
        Operator.SLOW: Habits(authorization_seconds=1.5),
        Operator.SLOW_TO_INSTALL: Habits(certificate_seconds=6.0),
        Operator.DOWN: Habits(down=True),
        Operator.NO_STAPLE: Habits(staples=False),
    }
)


class Habitual:
    """Fulfils ev_emulator.ports.Backend: another one, with habits.

    ``hurry`` shortens every wait by this factor, for tests.
    """

    def __init__(self, backend: Backend, habits: Habits, *, hurry: float = 1.0) -> None:
        self._backend = backend
        self._habits = habits
        self._hurry = hurry

    async def authorize(self, question: AuthorizationQuestion) -> AuthorizationAnswer:
        await self._wait(self._habits.authorization_seconds)
        return await self._backend.authorize(question)

    async def contract_certificate(self, question: CertificateQuestion) -> bytes:
        await self._wait(self._habits.certificate_seconds)
        return await self._backend.contract_certificate(question)

    async def certificate_status(self, certificate: Certificate, issuer: Certificate) -> bytes:
        """Answered even by an operator that is down: the charger asked while it was up."""
        if not self._habits.staples:
            raise Unavailable("ocsp", "no response is had")
        return await self._backend.certificate_status(certificate, issuer)

    async def sales_tariff(self, question: TariffQuestion) -> SignedTariff | None:
        await self._wait(0.0)
        return await self._backend.sales_tariff(question)

    async def report(self, report: TransactionReport) -> None:
        await self._wait(0.0)
        await self._backend.report(report)

    async def _wait(self, seconds: float) -> None:
        if self._habits.down:
            raise Unavailable("operator", "connection refused")
        if seconds:
            await asyncio.sleep(seconds / self._hurry)
