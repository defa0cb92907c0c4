"""The values of the authority: issuers, register entries, revocations, audit acts.

Those that every certificate needs are structs: a frozen dataclass takes twice as long to make.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum
from typing import NamedTuple

import msgspec

from certs.certificate import Certificate
from certs.edition import Edition
from certs.profiles.rules import Role


class State(Enum):
    """How far an entry of the register has come."""

    INTENDED = "intended"  # its to-be-signed bytes are recorded; a signature may exist
    ISSUED = "issued"  # signed, compared and recorded
    ABANDONED = "abandoned"  # given up after the intent; a signature may exist all the same


class Reason(IntEnum):
    """Why a certificate is revoked: RFC 5280 5.3.1 CRLReason, those this authority gives.

    7 is unused by the standard and never given (C12). certificateHold (6) and removeFromCRL (8)
    are not offered: a hold asks for a release that a relying party must hear of, and contracts
    are suspended in authorization, where that is heard at once.
    """

    UNSPECIFIED = 0
    KEY_COMPROMISE = 1
    CA_COMPROMISE = 2
    AFFILIATION_CHANGED = 3
    SUPERSEDED = 4
    CESSATION_OF_OPERATION = 5
    PRIVILEGE_WITHDRAWN = 9
    AA_COMPROMISE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """A certificate authority of ours. ``key_id`` is its RFC 5280 method 1 key id in hex.

    ``crl_shards`` and ``crl_base`` are fixed when it is first kept: into how many lists its
    revocations are split and, where that is more than one, under which address those are published.
    """

    key_id: str
    role: Role
    edition: Edition
    tenant: str
    certificate: Certificate
    active: bool = True
    crl_shards: int = 1
    crl_base: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """A delegated OCSP signer: its certificate, issued by the CA it answers for (RFC 6960 2.6)."""

    issuer: str
    key_id: str
    certificate: Certificate
    appointed_at: datetime


class Relation(Enum):
    """How one certificate stands to another."""

    RENEWS = "renews"
    RENEWED_BY = "renewed_by"
    COMPANION = "companion"  # the same charger's leaf of the other edition


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """A certificate that another one is bound to, and how."""

    relation: Relation
    issuer: str
    serial: int


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """What is about to be signed, recorded before it is: from here on it can be revoked."""

    issuer: str
    serial: int
    tenant: str
    profile: str
    common_name: str
    identity: str
    role: Role
    subject_key_id: str
    not_before: datetime
    not_after: datetime
    crl_shard: int
    tbs: bytes
    registration: int | None = None  # the registered name that this uses up
    related: Related | None = None  # the certificate that this one renews or goes beside


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a key belongs to: one identity in one role of one tenant."""

    tenant: str
    role: Role
    identity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredName:
    """A common name registered before anybody asks for its certificate.

    It is used up by the first certificate unless ``standing``. ``number`` is the store's; 0 before.
    """

    number: int = 0
    tenant: str
    role: Role
    edition: Edition
    identity: str
    common_name: str
    standing: bool
    registered_at: datetime
    registered_by: str
    expires_at: datetime | None
    used_at: datetime | None = None
    withdrawn_at: datetime | None = None

    def is_open(self, *, now: datetime) -> bool:
        """Whether it still permits a certificate."""
        in_time = self.expires_at is None or now < self.expires_at
        return in_time and self.used_at is None and self.withdrawn_at is None


class Inquiry(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of the records before a certificate is intended."""

    key_id: str
    holder: Holder
    edition: Edition
    registered: bool  # whether a registered name is looked for


class Precedent(msgspec.Struct, frozen=True, kw_only=True):
    """What the records know of a key and of the one who asks for its certificate.

    ``blocked`` says why the key is never certified; ``recent`` counts the certificates that the
    identity was given lately.
    """

    holder: Holder | None
    blocked: str | None
    recent: int
    name: RegisteredName | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """That a serial is revoked, since when and why. ``not_after`` ends its stay on the CRL."""

    issuer: str
    serial: int
    reason: Reason
    revoked_at: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the register. ``certificate`` is DER, None until issued."""

    issuer: str
    serial: int
    tenant: str
    profile: str
    common_name: str
    not_before: datetime
    not_after: datetime
    state: State
    intended_at: datetime
    tbs: bytes | None = field(repr=False)
    certificate: bytes | None = field(repr=False)
    revocation: Revocation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """As much of an entry as a status answer needs."""

    state: State
    revocation: Revocation | None


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the audit: what was about to happen or had happened, when, and by whose hand."""

    event: str
    at: datetime
    actor: str
    tenant: str
    issuer: str = ""
    serial: int | None = None
    detail: str = ""


class Listed(NamedTuple):
    """As much of a revocation as a list tells. A tuple, because a list may hold a million."""

    serial: int
    revoked_at: datetime
    reason: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Which revocations of an authority a list holds: those of ``shard``...

    ...whose certificates end at ``expiring_from`` or later; counted by ``through`` the authority's
    revision; and, for a delta, not yet by the revision ``beyond``.
    """

    issuer: str
    shard: int
    expiring_from: datetime
    through: int
    beyond: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """A list's number, the revocations counted at that moment, and what a delta may start from.

    ``base`` is the number and the revision of the oldest list that is still in time.
    """

    number: int
    revision: int
    base: tuple[int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCrl:
    """A certificate revocation list as published. ``revision`` counts the revocations it knows.

    ``delta`` says the same as a change to earlier lists (RFC 5280 5.2.4), where such are made.
    """

    issuer: str
    shard: int
    number: int
    this_update: datetime
    next_update: datetime
    revision: int
    der: bytes = field(repr=False)
    delta: bytes | None = field(default=None, repr=False)
