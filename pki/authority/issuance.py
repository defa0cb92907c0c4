"""Issuing a certificate such that there is none without a record of it.

Serial reserved and to-be-signed octets recorded, in one committed transaction; then signed once,
compared octet for octet, recorded, and only then handed out. Whatever goes wrong, the serial is
never used again, and what was intended can be revoked.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from certs import issuing
from certs.certificate import Certificate
from certs.errors import Refused
from certs.keys import PublicKey, Signer
from certs.profiles.rules import Presence, Profile, Role
from pki.authority import failpoints, shards
from pki.authority.entries import Act, Intent, Issuer
from pki.authority.opinions import SecondOpinions
from pki.authority.registration import Approved
from pki.authority.together import Together
from pki.clock import SteadyClock
from pki.errors import (
    KeyTaken,
    RegistrationUsed,
    SerialTaken,
    SignerUnavailable,
    SigningRateExceeded,
    Unavailable,
)
from pki.ports import Failpoint, Keys, Register
from pki.signing.purposes import SignCertificate

SERIAL_OCTETS = 16
SERIAL_DRAWS_MAX = 3  # two equal draws of 126 bits mean that the random source is broken


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where certificates say that their status is asked and published.

    ``public_url`` is the base under which this house's doors are reached, without a slash at the
    end. ``backdate`` forgives relying parties whose clocks are behind.
    """

    public_url: str
    backdate: timedelta

    def ocsp_url(self, profile: Profile) -> str | None:
        silent = profile.addresses.ocsp is Presence.FORBIDDEN or profile.role is Role.OCSP_RESPONDER
        return None if silent else f"{self.public_url}/ocsp"

    def crl_url(self, profile: Profile, issuer: Issuer, serial: int) -> str | None:
        silent = profile.addresses.crl is Presence.FORBIDDEN or profile.role is Role.OCSP_RESPONDER
        if silent:
            return None
        return shards.list_url(issuer, shards.shard_of(serial, issuer), public_url=self.public_url)


class Issuance:
    """The one road to a signature over a certificate."""

    def __init__(
        self,
        *,
        register: Register,
        keys: Keys,
        clock: SteadyClock,
        random: Callable[[int], bytes],
        addresses: Addresses,
        opinions: SecondOpinions,
        failpoint: Failpoint = failpoints.carry_on,
    ) -> None:
        self._register = register
        self._keys = keys
        self._clock = clock
        self._random = random
        self._addresses = addresses
        self._failpoint = failpoint
        self._opinions = opinions
        self._roots = issuing.Drafter(None)
        self._drafters: dict[Certificate, issuing.Drafter] = {}
        self._together: dict[str, Together[Approved, Certificate]] = {}  # by the issuer's key id

    def issue(self, approved: Approved) -> Certificate:
        """The certificate, recorded. Raises Refused (lint), Unavailable; then there is none.

        Threads that ask while another's certificate is under way share the next transactions.
        """
        key_id = approved.issuer.key_id
        together = self._together.get(key_id)
        if together is None:  # one for all threads, whichever came first
            together = self._together.setdefault(key_id, self._new_together())
        return together.do(approved)

    def issue_batch(self, batch: Sequence[Approved]) -> list[Certificate | Refused]:
        """What came of each, all from one authority, in the order given.

        The intents are one transaction and the records another, so that a thousand certificates
        wait for the disk twice. What lint refuses is told in its place. Raises Unavailable where
        the signer fails underway: what was signed is recorded by then, the rest abandoned.
        """
        outcomes = []
        for outcome in self._issue(batch):
            if isinstance(outcome, Unavailable):
                raise outcome
            outcomes.append(outcome)
        return outcomes

    def _new_together(self) -> Together[Approved, Certificate]:
        return Together(self._issue, clashes=(KeyTaken, RegistrationUsed))

    def _issue(self, batch: Sequence[Approved]) -> list[Certificate | Refused | Unavailable]:
        """The order in which a crash at any moment leaves no certificate without its record.

        Raises Unavailable, KeyTaken and RegistrationUsed where the intents are not recorded:
        then nothing was signed.
        """
        self._failpoint(failpoints.ISSUE_PERMITTED)
        issuer = batch[0].issuer
        signers = self._signers(batch)  # absent: before a serial is spent
        drafted = self._intend(batch)
        drafts = _drafts(batch, drafted)
        certificates, failed = self._sign(drafts, signers)
        if certificates:
            now = self._clock.now()
            acts = [
                _act("issuance.signed", approved, certificate.serial, now)
                for (approved, _), certificate in zip(drafts, certificates, strict=False)
            ]
            self._register.record(certificates, issuer.key_id, acts)
        outcomes: list[Certificate | Unavailable] = [*certificates]
        if failed is not None:
            unsigned = drafts[len(certificates) :]
            self._abandon(unsigned, failed.code)
            outcomes += [_told(failed)] * len(unsigned)
        signed = iter(outcomes)
        return [draft if isinstance(draft, Refused) else next(signed) for draft in drafted]

    def _abandon(self, drafts: Sequence[tuple[Approved, issuing.Draft]], why: str) -> None:
        for approved, draft in drafts:
            serial, now = draft.certificate.serial, self._clock.now()
            act = _act("issuance.failed", approved, serial, now, detail=why)
            self._register.abandon(approved.issuer.key_id, serial, act)

    def examine(self, approved: Approved) -> None:
        """Drafts and throws away: Refused where the draft would be, before anything is spent."""
        drafted = self._draft(approved, self._clock.now())
        if isinstance(drafted, Refused):
            raise drafted

    def _sign(
        self, drafts: Sequence[tuple[Approved, issuing.Draft]], signers: Mapping[Profile, Signer]
    ) -> tuple[list[Certificate], Refused | Unavailable | None]:
        """The certificates up to the first that was not signed, and why it was not."""
        certificates: list[Certificate] = []
        for approved, draft in drafts:
            try:
                self._clock.now()  # C13: the clock may have gone back since
                certificates.append(issuing.sign(draft, signers[approved.profile]))
            except (Refused, Unavailable) as bad:
                return certificates, bad
            self._failpoint(failpoints.ISSUE_COMPARED)
        return certificates, None

    def _signers(self, batch: Sequence[Approved]) -> dict[Profile, Signer]:
        """The door to the issuer's key for each profile that is asked for."""
        signers: dict[Profile, Signer] = {}
        for approved in batch:
            profile, issuer = approved.profile, approved.issuer
            if profile not in signers:
                above = None if profile.is_root else issuer.certificate
                purpose = SignCertificate(profile=profile, issuer=above)
                signer = self._keys.signer(issuer.key_id, purpose)
                signers[profile] = _Watched(signer, self._failpoint)
        return signers

    def _intend(self, batch: Sequence[Approved]) -> list[issuing.Draft | Refused]:
        for _ in range(SERIAL_DRAWS_MAX):
            now = self._clock.now()
            drafted = [self._draft(approved, now) for approved in batch]
            drafts = _drafts(batch, drafted)
            if not drafts:
                return drafted
            try:
                self._register.intend(
                    [_intent(approved, draft) for approved, draft in drafts],
                    [
                        _act(
                            "issuance.intended",
                            approved,
                            draft.certificate.serial,
                            now,
                            detail=approved.profile.name,
                        )
                        for approved, draft in drafts
                    ],
                )
            except SerialTaken:
                continue
            return drafted
        raise Unavailable("no free serial was drawn", code="unavailable.serials")

    def _draft(self, approved: Approved, now: datetime) -> issuing.Draft | Refused:
        drafter = self._roots if approved.profile.is_root else self._drafter(approved.issuer)
        try:
            draft = drafter.draft(self._request(approved, now), approved.profile)
            self._opinions.examine(draft, issuer=approved.issuer.key_id)
        except Refused as refused:
            return refused
        self._failpoint(failpoints.ISSUE_DRAFTED)
        return draft

    def _request(self, approved: Approved, now: datetime) -> issuing.Request:
        request, profile, issuer = approved.request, approved.profile, approved.issuer
        not_before = request.not_before or max(
            now - self._addresses.backdate, issuer.certificate.not_before
        )
        # Valid up to and with its last second (RFC 5280 4.1.2.5), hence one less.
        days = timedelta(days=profile.validity.issued_days, seconds=-1)
        not_after = request.not_after or min(not_before + days, issuer.certificate.not_after)
        serial = draw_serial(self._random)
        return issuing.Request(
            common_name=request.common_name,
            organization=request.organization,
            country=request.country,
            public_key=request.public_key,
            spki=request.spki,
            serial=serial,
            not_before=not_before,
            not_after=not_after,
            ocsp_url=self._addresses.ocsp_url(profile),
            crl_url=self._addresses.crl_url(profile, issuer, serial),
        )

    def _drafter(self, issuer: Issuer) -> issuing.Drafter:
        drafter = self._drafters.get(issuer.certificate)
        if drafter is None:
            drafter = issuing.Drafter(issuer.certificate, issuer_role=issuer.role)
            self._drafters[issuer.certificate] = drafter
        return drafter


def _told(failed: Refused | Unavailable) -> Unavailable:
    """Why a certificate was not signed, as its caller is told."""
    if isinstance(failed, SigningRateExceeded):
        return failed
    told = SignerUnavailable(f"not signed: {failed.code}")
    told.__cause__ = failed
    return told


def _drafts(
    batch: Sequence[Approved], drafted: Sequence[issuing.Draft | Refused]
) -> list[tuple[Approved, issuing.Draft]]:
    """What was not refused, beside what it was drafted for."""
    return [
        (approved, draft)
        for approved, draft in zip(batch, drafted, strict=True)
        if isinstance(draft, issuing.Draft)
    ]


def _act(event: str, approved: Approved, serial: int, now: datetime, *, detail: str = "") -> Act:
    return Act(
        event=event,
        at=now,
        actor=approved.actor,
        tenant=approved.tenant,
        issuer=approved.issuer.key_id,
        serial=serial,
        detail=detail,
    )


def _intent(approved: Approved, draft: issuing.Draft) -> Intent:
    certificate = draft.certificate
    return Intent(
        issuer=approved.issuer.key_id,
        serial=certificate.serial,
        tenant=approved.holder.tenant,
        profile=approved.profile.name,
        common_name=approved.request.common_name,
        identity=approved.holder.identity,
        role=approved.profile.role,
        subject_key_id=approved.subject_key_id,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        crl_shard=shards.shard_of(certificate.serial, approved.issuer),
        tbs=draft.tbs,
        registration=approved.registration,
        related=approved.related,
    )


def draw_serial(random: Callable[[int], bytes]) -> int:
    """A serial of exactly 16 octets, positive, 126 bits of it random (RFC 5280 4.1.2.2)."""
    drawn = int.from_bytes(random(SERIAL_OCTETS), "big")
    top = 1 << (8 * SERIAL_OCTETS - 2)
    return drawn % top | top


class _Watched:
    """A signer with a failpoint on either side of its signature."""

    def __init__(self, signer: Signer, failpoint: Failpoint) -> None:
        self._signer = signer
        self._failpoint = failpoint

    @property
    def public_key(self) -> PublicKey:
        return self._signer.public_key

    def sign(self, data: bytes) -> bytes:
        self._failpoint(failpoints.SIGN_ASKED)
        signature = self._signer.sign(data)
        self._failpoint(failpoints.SIGN_DONE)
        return signature
