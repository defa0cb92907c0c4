"""A transaction at a station, as its messages tell it."""

from dataclasses import dataclass
from datetime import datetime

from certs.identifiers.emaid import EMAID

TRANSACTION_ID_CHARACTERS_MAX = 36  # OCPP 2.0.1 transactionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one message says of a transaction; None is not said.

    ``transaction_id`` is the station's own name for it. A station of 1.6 has none: there it is
    made of what StartTransaction says, so that a repeated one names the same transaction.
    """

    tenant: str
    identity: str
    transaction_id: str
    at: datetime
    evse: int | None = None
    connector: int | None = None
    emaid: EMAID | None = None
    authorized: bool | None = None
    decision_id: str | None = None
    offline: bool = False
    ended: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A transaction as it is kept. ``number`` is its own among all: 1.6's transactionId.

    ``authorized`` is whether its contract was granted; ``offline`` whether the station decided
    that alone. ``evse`` and ``connector`` count from 1 at the station.
    """

    number: int
    tenant: str
    identity: str
    transaction_id: str
    started_at: datetime
    heard_at: datetime
    evse: int | None
    connector: int | None
    emaid: EMAID | None
    authorized: bool
    decision_id: str | None
    offline: bool
    ended_at: datetime | None
    reason: str | None
