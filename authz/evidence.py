"""Everything gathered before a judgement, silence included."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import msgspec

from authz.contract import Contract
from authz.question import Question
from authz.relay import Sighting
from authz.restrictions import Evse
from certs.certificate import Certificate
from certs.chain.verification import ChainVerdict
from certs.identifiers.emaid import EMAID
from certs.revocation.status import RevocationStatus


class Source(Enum):
    """Where a revocation status came from."""

    OCSP = "ocsp"
    CRL = "crl"
    CACHE = "cache"  # asked earlier, and its evidence still holds; or revoked once and remembered
    NONE = "none"  # nobody answered


class CertificateEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """The revocation status of one certificate of a path, and who told it."""

    where: str
    certificate: Certificate
    status: RevocationStatus
    source: Source


class ChainProof(msgspec.Struct, frozen=True, kw_only=True):
    """A presented chain: what path validation says, and the statuses along its path."""

    verdict: ChainVerdict
    statuses: tuple[CertificateEvidence, ...] = ()


class HashProof(msgspec.Struct, frozen=True, kw_only=True):
    """Hash data that name a contract certificate we hold.

    The verdict is on the chain we hold; ``registered_emaid`` is the contract it is registered with.
    """

    verdict: ChainVerdict
    registered_emaid: EMAID
    statuses: tuple[CertificateEvidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownHashes:
    """Hash data of which none names a contract certificate we hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoProof:
    """Neither chain nor hash data came."""


Proof = ChainProof | HashProof | UnknownHashes | NoProof


@dataclass(frozen=True, slots=True, kw_only=True)
class NotKnown:
    """The registry was asked and holds no such contract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTold:
    """The registry did not answer in time."""

    reason: str


Standing = Contract | NotKnown | NotTold


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """All that a judgement rests on. ``evse`` is None where nothing is known of the EVSE.

    ``sightings`` are where the contract was of late, as far as it was learnt in time.
    """

    question: Question
    proof: Proof
    standing: Standing
    gathered_at: datetime
    evse: Evse | None = None
    sightings: tuple[Sighting, ...] = ()
