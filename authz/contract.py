"""What a charge point operator knows of a contract."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from authz.restrictions import UNRESTRICTED, Restrictions
from certs.identifiers.emaid import EMAID
from certs.identifiers.evse_id import EVSEID


class ContractState(Enum):
    """How a contract stands with its mobility operator."""

    ACTIVE = "Active"
    BLOCKED = "Blocked"
    SUSPENDED = "Suspended"
    EXPIRED = "Expired"
    UNKNOWN = "Unknown"
    NO_CREDIT = "NoCredit"
    CONCURRENT_TX = "ConcurrentTx"
    NOT_ALLOWED_TYPE_EVSE = "NotAllowedTypeEVSE"
    NOT_AT_THIS_LOCATION = "NotAtThisLocation"
    NOT_AT_THIS_TIME = "NotAtThisTime"


EVSES_MAX = 256  # an allow-list of places; larger wishes are a prefix's to express
GROUP_CHARACTERS_MAX = 36  # OCPP 2.0.1 IdTokenType.idToken


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One contract: its state, its term and where it may charge.

    ``not_before`` and ``not_after`` bound its term, both inclusive; None is unbounded.
    ``evse_ids`` names the only EVSEs it may charge at, beside those that the restrictions cover by
    their beginning; neither is everywhere. ``group`` is OCPP's groupIdToken: whoever shares it may
    stop the other's transaction. ``vehicle_ids`` are the only vehicles it is known to be
    installed in (PCID or EVCCID, canonical); empty is not known.
    """

    emaid: EMAID
    state: ContractState
    not_before: datetime | None = None
    not_after: datetime | None = None
    evse_ids: frozenset[EVSEID] = frozenset()
    group: str | None = None
    restrictions: Restrictions = UNRESTRICTED
    vehicle_ids: frozenset[str] = frozenset()


CERTIFICATES_MAX = 8  # of one contract: renewals overlap, and a driver may have several vehicles


class Origin(Enum):
    """How a contract's certificate came to be known."""

    IMPORTED = "imported"  # registered with the contract, its chain verified then
    LEARNT = "learnt"  # presented, verified in full and accepted with its eMAID


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractCertificate:
    """A certificate known to be a contract's: its chain as PEM, leaf first, root excluded."""

    emaid: EMAID
    fingerprint: bytes
    chain_pem: str
    origin: Origin
    added_at: datetime
