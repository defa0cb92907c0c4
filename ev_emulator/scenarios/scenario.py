"""What a story is: who carries what, who behaves how, and how each visit must end."""

from dataclasses import dataclass, field
from enum import Enum

from ev_emulator.charger.offer import Payment as Offered
from ev_emulator.vehicle.intentions import Intentions


class Carries(Enum):
    """What contract the vehicle has when it arrives."""

    CONTRACT = "a valid contract"
    NOTHING = "no contract"
    EXPIRED = "an expired contract"
    NOT_YET_VALID = "a contract that is not valid yet"
    FOREIGN = "a contract under a root that nobody here trusts"
    OF_ANOTHER = "a contract, and the eMAID of another"


class Manner(Enum):
    """How the vehicle behaves; everything but HONEST is an attack."""

    HONEST = "as it should"
    REPLAYS = "answers the challenge with what another vehicle answered before"
    FOREIGN_CHALLENGE = "answers a challenge that another charger gave"
    WRAPS = "shows a good signature beside another element"
    SKIPS = "goes on without being authorized"
    HIJACKS = "speaks in another session's name"


class Operator(Enum):
    """How the charger's operator behaves."""

    HONEST = "answers"
    REVOKED = "has revoked the contract"
    SUSPENDED = "has suspended the contract"
    SLOW = "takes its time with authorizations"
    SLOW_TO_INSTALL = "takes too long to install contracts"
    DOWN = "cannot be reached once the charger is up"
    NO_STAPLE = "has no OCSP response for the charger"


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a visit ends. Codes are of ev_emulator.reasons or findings; empty: it went well.

    ``response_code`` is the word on the wire. ``charger`` is the charger's reason, ``vehicle`` the
    vehicle's.
    """

    vehicle: str = ""
    response_code: str = ""
    charger: str = ""
    installed: bool = False
    authorized: bool = False
    paused: bool = False
    receipts: int = 0


GOOD = End(authorized=True)


def refused(charger: str, response_code: str, *, authorized: bool = False) -> End:
    """The charger says no, and the vehicle believes it."""
    return End(
        vehicle="session.refused",
        response_code=response_code,
        charger=charger,
        authorized=authorized,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One time at the charger. ``ahead_seconds``: how far the vehicle's clock goes ahead."""

    end: End = GOOD
    intentions: Intentions = field(default_factory=Intentions)
    manner: Manner = Manner.HONEST
    ahead_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A story by its name. ``ids`` are those of the adversarial checklist in docs."""

    name: str
    title: str
    visits: tuple[Visit, ...] = (Visit(),)
    carries: Carries = Carries.CONTRACT
    operator: Operator = Operator.HONEST
    receipt_every: int | None = None
    payments: tuple[Offered, ...] = (Offered.CONTRACT, Offered.EXTERNAL)
    tariffs: bool = False
    ids: tuple[str, ...] = ()
