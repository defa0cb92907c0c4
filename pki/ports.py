"""What the pki house needs from outside itself: a register, key storage, failpoints."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from certs.certificate import Certificate
from certs.keys import KeyKind, PrivateKey, Signer
from pki.authority.answers import AnswerName, Claim, Presigned
from pki.authority.approval import Approval, Progress, Vote
from pki.authority.entries import (
    Act,
    Entry,
    Extent,
    Holder,
    Inquiry,
    Intent,
    Issuer,
    Listed,
    Precedent,
    PublishedCrl,
    RegisteredName,
    Related,
    Reserved,
    Responder,
    Revocation,
    Standing,
)
from pki.authority.opinions import Opinion
from pki.authority.policy import Policy
from pki.callers import Caller
from pki.signing.purposes import Purpose
from pki.signing.store import KeptKey

# Called with a name at each step between which a crash must lose nothing; a crash harness kills
# the process there. The names are in pki.authority.failpoints.
Failpoint = Callable[[str], None]


class Register(Protocol):
    """The certificates we issued. Each method is one transaction, its acts audited within it.

    Every method raises Unavailable where the database is not there, and then nothing was done.
    """

    def intend(self, intents: Sequence[Intent], acts: Sequence[Act]) -> None:
        """Reserves the serials and records what will be signed; SerialTaken: none was.

        In the same transaction keys are given to their holders for good (KeyTaken where another
        has one of them, or one is blocked) and registered names used up (RegistrationUsed).
        """
        ...

    def record(self, issued: Sequence[Certificate], issuer: str, acts: Sequence[Act]) -> None:
        """Concludes intents with their certificates; Conflict where one is intended no longer."""
        ...

    def abandon(self, issuer: str, serial: int, act: Act) -> None:
        """Concludes an intent without a certificate; one concluded already stays as it is."""
        ...

    def find(self, issuer: str, serial: int) -> Entry | None:
        """The entry of a serial, its revocation with it."""
        ...

    def pending(self, *, intended_before: datetime, entries_max: int) -> tuple[Entry, ...]:
        """Intents that were never concluded, the oldest first."""
        ...


class Inventory(Protocol):
    """Which certificates a key was given, how they hang together. Unavailable as in Register."""

    def issued_for(
        self, issuer: str, subject_key_ids: Collection[str]
    ) -> tuple[tuple[str, Entry], ...]:
        """The issued entries of these keys, each beside its subject key id, the oldest first."""
        ...

    def relatives(self, issuer: str, serial: int) -> tuple[Related, ...]:
        """The certificates that one renews, is renewed by or goes beside, the oldest first."""
        ...


class Precedents(Protocol):
    """What is on record of keys, identities and names before a certificate is intended.

    Unavailable as in Register.
    """

    def known(self, asked: Sequence[Inquiry], *, since: datetime) -> list[Precedent]:
        """What is known for each inquiry, certificates counted since a moment."""
        ...

    def oldest(self, holder: Holder, *, since: datetime) -> datetime | None:
        """When the first certificate since a moment was intended for a holder."""
        ...

    def block(self, key_id: str, *, why: str, act: Act) -> None:
        """Lets a key never be certified again; one blocked already keeps its reason."""
        ...


class Policies(Protocol):
    """Which tenant may have what, in versions that stay. Unavailable as in Register."""

    def current(self) -> tuple[Policy, ...]:
        """The policy that counts, of every tenant that has one."""
        ...

    def history(self, tenant: str) -> tuple[Policy, ...]:
        """Every version a tenant's policy had, the newest first."""
        ...

    def add(self, policy: Policy, act: Act) -> None:
        """A version more; Conflict where a policy of this version, or a later one, is there."""
        ...


class Names(Protocol):
    """The common names registered beforehand. Unavailable as in Register."""

    def register(self, names: Sequence[RegisteredName], act: Act) -> tuple[RegisteredName, ...]:
        """Keeps names, numbered; Conflict where one of them is registered and open already."""
        ...

    def listed(self, tenant: str, *, after: int, names_max: int) -> tuple[RegisteredName, ...]:
        """A tenant's names by number, from the one after ``after``."""
        ...

    def withdraw(self, number: int, *, tenant: str, act: Act) -> None:
        """Ends a name that is still open; NotFound where the tenant has none such."""
        ...


class Ballots(Protocol):
    """Requests that need approvals, and the votes on them. Unavailable as in Register."""

    def add(self, approval: Approval, act: Act) -> None:
        """Keeps a request."""
        ...

    def find(self, number: str) -> Approval | None:
        """A request with its votes."""
        ...

    def listed(self, tenant: str, *, approvals_max: int) -> tuple[Approval, ...]:
        """A tenant's requests, the newest first."""
        ...

    def vote(
        self, number: str, vote: Vote, *, after: Approval, progress: Progress, act: Act
    ) -> Approval:
        """Adds a vote to a request that is as it was read; Conflict where it is not any more."""
        ...


class Docket(Protocol):
    """Requests that are to be carried out, or ended. Unavailable as in Register."""

    def open(self) -> tuple[Approval, ...]:
        """Those pending or approved, the oldest first."""
        ...

    def claim(self, number: str, *, now: datetime, until: datetime | None) -> bool:
        """Whether an approved request is this process's until then; None lets go of it."""
        ...

    def move(self, approval: Approval, act: Act) -> None:
        """Keeps how far a request has come, its key and outcome; Conflict where it is concluded."""
        ...


class Holdings(Protocol):
    """Which authorities and OCSP responders are ours. Unavailable as in Register."""

    def issuers(self) -> tuple[Issuer, ...]:
        """All authorities, also those that issue no more."""
        ...

    def add_issuer(self, issuer: Issuer, act: Act) -> None:
        """Keeps an authority; one with this key id is kept already: its certificate is renewed."""
        ...

    def announce(self, issuer: Issuer, act: Act) -> None:
        """Makes room for a root's intent under itself; it is no authority before add_issuer()."""
        ...

    def responders(self) -> tuple[Responder, ...]:
        """All delegated OCSP signers, the newest first."""
        ...

    def appoint(self, responder: Responder, act: Act) -> None:
        """Keeps a delegated OCSP signer."""
        ...

    def enter(self, certificate: Certificate, intent: Intent, act: Act) -> None:
        """Enters a certificate that came signed; one entered before stays, byte for byte equal.

        Raises SerialTaken where another certificate has this issuer and serial.
        """
        ...


class Revocations(Protocol):
    """Which serials are revoked. Rows are only ever added. Unavailable as in Register."""

    def revoke(self, revocation: Revocation, act: Act) -> Revocation:
        """What stands after it: an earlier revocation stays as it was. NotFound: no such entry."""
        ...

    def revision(self, issuer: str) -> int:
        """How many revocations this issuer has."""
        ...

    def listed(self, extent: Extent) -> Iterator[Listed]:
        """The revocations a list of this extent holds, the oldest first. Read as they are taken."""
        ...

    def serials(self, extent: Extent) -> Iterator[int]:
        """Their serials alone, asked for once more: what a list is checked against."""
        ...


class Standings(Protocol):
    """How certificates stand, asked briefly and often. Unavailable as in Register."""

    def standing(self, issuer: str, serial: int) -> Standing | None:
        """How the serial of this issuer stands; None where no intent for it was ever recorded."""
        ...

    def revisions(self) -> dict[str, int]:
        """How many revocations each authority has, by key id."""
        ...

    def still(self, issuer: str, revision: int) -> bool | None:
        """Whether it is so many this moment; None where that costs as much as a standing does."""
        ...

    def revoked_since(self, issuer: str, revision: int) -> frozenset[int]:
        """The serials of an authority that were revoked since it had so many revocations."""
        ...

    def revoked_among(self, named: Collection[tuple[str, int]]) -> frozenset[tuple[str, int]]:
        """Those of some (issuer, serial) that are revoked."""
        ...


class PresignedAnswers(Protocol):
    """Status answers signed ahead, shared by all processes. Unavailable as in Register.

    Revoking a certificate takes what was signed about it away, in the same transaction.
    """

    def find(self, name: AnswerName) -> Presigned | None:
        """The answer as it was last signed; None where there is none."""
        ...

    def stalest(self) -> Presigned | None:
        """The answer that has waited longest to be signed anew."""
        ...

    def in_time(self, responder: str, *, now: datetime) -> bool:
        """Whether an answer that this responder's key signed is not past its nextUpdate."""
        ...


class Presigning(Protocol):
    """Which answers are to be signed ahead, and by whom. Unavailable as in Register."""

    def enrol(self, issuer: str, hash_algorithm: str, *, now: datetime, answers_max: int) -> int:
        """Takes in certificates issued since the last time, those just issued left; how many."""
        ...

    def claim(
        self,
        *,
        issuers: Collection[str],
        hash_algorithms: Collection[str],
        now: datetime,
        until: datetime,
        token: int,
        answers_max: int,
    ) -> Claim:
        """Those most overdue, which nobody else is given until then, or until they are written."""
        ...

    def write(self, claim: Claim, answers: Sequence[Presigned], over: Sequence[AnswerName]) -> int:
        """Keeps answers, and lets those go that are over; how many were still this claim's.

        A revocation since the claim takes its answer out of it.
        """
        ...


class Lists(Protocol):
    """The published CRLs of each issuer and shard. Unavailable as in Register."""

    def latest(self, issuer: str, shard: int, *, beyond: int = 0) -> PublishedCrl | None:
        """The CRL that stands; None where there is none of a number above ``beyond``."""
        ...

    def reserve(
        self,
        issuer: str,
        shard: int,
        *,
        least: int,
        this_update: datetime,
        next_update: datetime,
        act: Act,
    ) -> Reserved:
        """A number higher than any before and not under ``least``."""
        ...

    def publish(self, crl: PublishedCrl, act: Act) -> None:
        """Concludes a reserved number; older CRLs of the shard are let go."""
        ...


class Callers(Protocol):
    """Who may call, by API key. Unavailable as in Register."""

    def add(self, caller: Caller, act: Act) -> None: ...

    def by_id(self, identity: str) -> Caller | None: ...

    def all(self, tenant: str) -> tuple[Caller, ...]: ...

    def withdraw(self, identity: str, *, at: datetime, act: Act) -> None:
        """Ends a key for good; NotFound where there is none."""
        ...


class SecondOpinion(Protocol):
    """Another linter than ours."""

    def findings(self, der: bytes) -> tuple[Opinion, ...]:
        """What it finds wrong with a certificate, remarks left out; never raises."""
        ...


class AuditLog(Protocol):
    """What was done here, oldest first. Unavailable as in Register."""

    def acts(self) -> AbstractContextManager[Iterator[Act]]: ...

    def append(self, act: Act) -> None:
        """Adds an act that stands alone; all others are written with what they tell of."""
        ...

    def last_moment(self) -> datetime | None:
        """When the newest act was; None where there is none."""
        ...


class Keys(Protocol):
    """Private keys of authorities and responders. They are asked to sign and never come out."""

    def generate(self, kind: KeyKind, *, role: str) -> KeptKey:
        """Makes a key where it will live; SignerUnavailable where this kind cannot live there."""
        ...

    def store(self, key: PrivateKey, *, role: str) -> str:
        """Keeps a key under its key id, which is returned; Conflict where it is kept already.

        Raises Refused where keys may only be born in their place.
        """
        ...

    def holds(self, key_id: str) -> bool: ...

    def signer(self, key_id: str, purpose: Purpose) -> Signer:
        """The door to a key for one purpose; SignerUnavailable where it is absent or does not open.

        Signing raises SigningRefused for octets that are not of that purpose and this key, and
        SigningRateExceeded above the key's ceiling.
        """
        ...
