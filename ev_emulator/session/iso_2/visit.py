"""What a charger remembers of one ISO 15118-2 session, and how it words its replies."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ev_emulator.charger.contract_check import ContractCheck
from ev_emulator.charger.meter import Meter
from ev_emulator.charger.offer import Offer, Payment
from ev_emulator.charger.paused import PausedSessions
from ev_emulator.clock import Clock
from ev_emulator.ports import (
    Answer,
    AuthorizationAnswer,
    AuthorizationQuestion,
    ContractQuestion,
    Question,
    Silence,
)
from ev_emulator.reasons import Failure, response_word
from ev_emulator.session.events import Event
from ev_emulator.session.iso_2 import answers, wire
from ev_emulator.session.iso_2.table import RULEBOOK
from ev_emulator.session.speaking import Reply
from exi.iso2.body import BodyBaseType
from exi.xmldsig import SignatureType

if TYPE_CHECKING:
    from exi.iso2.metering import MeterInfoType


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """What every session at one outlet shares.

    ``random_bytes(n)`` gives n octets nobody can guess.
    """

    offer: Offer
    meter: Meter
    contract_check: ContractCheck
    paused: PausedSessions
    clock: Clock
    random_bytes: Callable[[int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A reply that is not known yet: what to do with the answer, and what to say without it."""

    seconds: float
    question: Question | None
    answered: Callable[[Answer], Reply]
    overdue: Callable[[], Reply]


class Visit:
    """One session, as the charger remembers it. Mutable: it grows with every exchange."""

    def __init__(self, outlet: Outlet, *, secured: bool) -> None:
        self.outlet = outlet
        self.secured = secured
        self.session_id = wire.NO_SESSION
        self.evcc_id = b""
        self.joined_payment: Payment | None = None  # of the paused session that goes on
        self.payment: Payment | None = None
        self.services: frozenset[int] = frozenset()
        self.contract: ContractQuestion | None = None
        self.challenge: bytes | None = None  # given and not answered yet
        self.asked: AuthorizationQuestion | None = None
        self.asked_at = 0.0
        self.permission: AuthorizationAnswer | Silence | None = None
        self.authorized = False
        self.dc = False
        self.watts_max = 0
        self.loops = 0
        self.checks = 0
        self.reading: MeterInfoType | None = None  # the one a receipt is asked for

    @property
    def offer(self) -> Offer:
        return self.outlet.offer

    @property
    def payments(self) -> tuple[Payment, ...]:
        """How this session may be paid: contracts on secured links only, no change when joined."""
        return tuple(
            payment
            for payment in self.offer.payments
            if (self.secured or payment is not Payment.CONTRACT)
            and self.joined_payment in {None, payment}
        )

    @property
    def installs(self) -> bool:
        """Whether contract certificates can be had here."""
        return self.offer.installs_contracts and Payment.CONTRACT in self.payments

    def reply(
        self,
        body: BodyBaseType,
        *,
        outcome: str = "ok",
        events: tuple[Event, ...] = (),
        signature: SignatureType | None = None,
        opens: bool = False,
    ) -> Reply:
        """A response that goes well."""
        return Reply(
            name=type(body).__name__,
            payload=wire.write(body, session_id=self.session_id, signature=signature),
            outcome=outcome,
            events=events,
            session_id=self.session_id if opens else None,
        )

    def fail(self, request: str, failure: Failure | str, detail: str = "") -> Reply:
        """The failing response to a request: the session's last word."""
        if isinstance(failure, str):
            failure = Failure(code=failure, detail=detail)
        wanted = response_word(failure.code, RULEBOOK.edition) or "FAILED"
        code = answers.word(request, wanted)
        self.outlet.meter.switch(0)
        body = answers.FAILING[request](code)
        return Reply(
            name=type(body).__name__,
            payload=wire.write(body, session_id=self.session_id),
            failure=failure,
            response_code=code.value,
        )
