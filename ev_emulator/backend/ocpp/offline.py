"""What a station answers for a contract while its operator cannot be reached: C07.FR.07-12."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from certs.findings.catalogue import found
from certs.identifiers.emaid import EMAID
from ev_emulator.backend.ocpp.variables import Variables
from ev_emulator.ports import AuthorizationAnswer, Denied, Permitted

REMEMBERED_MAX = 1_000  # contracts; the longest unused are forgotten first


class Known(Enum):
    """What the station remembers of an eMAID."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_FOUND = "not found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row: where every condition that is not None holds, so does the answer.

    ``refusal`` is the code of the finding that refuses; empty: the contract may charge.
    """

    requirement: str
    validates: bool | None = None  # ContractValidationOffline
    verified: bool | None = None  # the station verified the chain to a root of its own
    looks_up: bool | None = None  # LocalAuthorizeOffline
    known: Known | None = None
    unknown_may: bool | None = None  # OfflineTxForUnknownIdEnabled
    refusal: str = ""


# From top to bottom, the first row that holds; the last one holds always and refuses.
RULES = (
    Rule(requirement="C07.FR.07", validates=False, refusal="contract.unavailable"),
    Rule(requirement="C07.FR.08", verified=False, refusal="contract.unverified"),
    Rule(requirement="C07.FR.09", looks_up=False, refusal="contract.unknown"),
    Rule(requirement="C07.FR.10", known=Known.ACCEPTED),
    Rule(requirement="C07.FR.11", known=Known.REFUSED, refusal="contract.blocked"),
    Rule(requirement="C07.FR.12", known=Known.NOT_FOUND, unknown_may=True),
    Rule(requirement="C07.FR.12", refusal="contract.unknown"),
)


def rule(variables: Variables, *, verified: bool, known: Known) -> Rule:
    """The row that decides."""
    facts = {
        "validates": variables.contract_validation_offline,
        "verified": verified,
        "looks_up": variables.local_authorize_offline,
        "known": known,
        "unknown_may": variables.offline_tx_for_unknown_id_enabled,
    }
    return next(
        row
        for row in RULES
        if all(getattr(row, name) in {None, fact} for name, fact in facts.items())
    )


def decide(variables: Variables, *, verified: bool, known: Known) -> AuthorizationAnswer:
    """The station's own answer."""
    row = rule(variables, verified=verified, known=known)
    if not row.refusal:
        return Permitted()
    return Denied(findings=(found(row.refusal, detail=f"offline, {row.requirement}"),))


class Remembered:
    """The authorization cache: what the operator said of eMAIDs, and until when it counts."""

    def __init__(self, *, entries_max: int = REMEMBERED_MAX) -> None:
        self._entries: OrderedDict[EMAID, tuple[Known, datetime]] = OrderedDict()
        self._entries_max = entries_max

    def __len__(self) -> int:
        return len(self._entries)

    def learn(
        self, emaid: EMAID, answer: AuthorizationAnswer, *, now: datetime, life_time_seconds: int
    ) -> None:
        """Keep an answer until it expires by itself, or after the usual time."""
        until = now + timedelta(seconds=life_time_seconds)
        known = Known.REFUSED
        if isinstance(answer, Permitted):
            known = Known.ACCEPTED
            until = answer.valid_until or until
        self._entries[emaid] = (known, until)
        self._entries.move_to_end(emaid)
        while len(self._entries) > self._entries_max:
            self._entries.popitem(last=False)

    def of(self, emaid: EMAID, *, now: datetime) -> Known:
        """What is remembered and still counts."""
        known, until = self._entries.get(emaid, (Known.NOT_FOUND, now))
        return known if now < until else Known.NOT_FOUND
