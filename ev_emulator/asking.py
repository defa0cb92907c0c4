"""Takes a session's question to the backend and brings an answer, always and in time."""

import asyncio
from typing import assert_never

from ev_emulator.errors import Unavailable
from ev_emulator.ports import (
    Answer,
    Backend,
    CertificateAnswer,
    CertificateQuestion,
    ContractQuestion,
    ExternalQuestion,
    Question,
    Silence,
    TariffAnswer,
    TariffQuestion,
)

ANSWER_SECONDS = 60.0  # no question outlives V2G_EVCC_Ongoing_Timeout


async def ask(
    backend: Backend, question: Question, *, within_seconds: float = ANSWER_SECONDS
) -> Answer:
    """The backend's answer; Silence where it cannot be reached or takes too long."""
    try:
        async with asyncio.timeout(within_seconds):
            return await _ask(backend, question)
    except Unavailable as silent:
        return Silence(what=str(silent))
    except TimeoutError:
        return Silence(what=f"no answer within {within_seconds} s")


async def _ask(backend: Backend, question: Question) -> Answer:
    match question:
        case ContractQuestion() | ExternalQuestion():
            return await backend.authorize(question)
        case CertificateQuestion():
            return CertificateAnswer(exi=await backend.contract_certificate(question))
        case TariffQuestion():
            return TariffAnswer(tariff=await backend.sales_tariff(question))
        case _:
            assert_never(question)
