"""The life of private keys: made, taken in, told, succeeded, ended; each step on the audit."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from certs import der
from certs.errors import Refused
from certs.keys import (
    SIGNATURE_ALGORITHMS,
    KeyKind,
    PrivateKey,
    PublicKey,
    kind_of,
    spki,
)
from certs.profiles.rules import Role
from pki.authority.entries import Act, Issuer, Responder
from pki.authority.service import Authority
from pki.clock import SteadyClock
from pki.errors import NotFound
from pki.ports import AuditLog, Docket, Holdings, Keys, PresignedAnswers
from pki.signing.purposes import SignCertificationRequest
from pki.signing.software import KeyFiles
from pki.signing.store import Custody, KeptKey

REASON_CHARACTERS_MAX = 200
# A process hears of a new signer in its next maintenance round, which settings put off so long.
HEARD_WITHIN = timedelta(hours=1)
ENDED_AGAIN_AFTER = timedelta(hours=1)  # where a key could not be destroyed
_SUCCEEDED = "an OCSP signer that was succeeded, and whose answers are all out of time"
_VERSION_1 = bytes.fromhex("020100")
_NO_ATTRIBUTES = bytes.fromhex("a000")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A key and what it is needed for: an authority's, responder's or request's name, until when.

    ``needed_for`` is empty where nothing unexpired needs it, or where it is not known to us.
    """

    key: KeptKey
    needed_for: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Successor:
    """What follows a key. ``request`` is the authority's to have certified, as PKCS #10 DER."""

    key_id: str
    public_key: PublicKey
    request: bytes | None  # None: an OCSP signer, certified and appointed already


class Custodian:
    """What operators do with keys. ``by`` is who does it; reasons go into the audit.

    Every method raises SignerUnavailable where the keys' place is not reached, and Unavailable as
    the stores do.
    """

    def __init__(
        self,
        *,
        place: Custody,
        keys: Keys,
        holdings: Holdings,
        docket: Docket,
        authority: Authority,
        audit: AuditLog,
        clock: SteadyClock,
        published: PresignedAnswers,
        lifetime: timedelta,
    ) -> None:
        """``lifetime`` is how long an OCSP answer is good for."""
        self._place = place
        self._keys = keys
        self._holdings = holdings
        self._docket = docket
        self._authority = authority
        self._audit = audit
        self._clock = clock
        self._published = published
        self._lifetime = lifetime
        self._not_before: dict[str, datetime] = {}  # when a key may be tried again, by key id

    def listed(self) -> tuple[Held, ...]:
        """Every key of the place, by key id, with what needs it now."""
        now = self._clock.now()
        needs = self._needs(now)
        return tuple(
            Held(key=kept, needed_for=needs[kept.key_id][0], until=needs[kept.key_id][1])
            if kept.key_id in needs
            else Held(key=kept)
            for kept in self._place.listed()
        )

    def generate(self, kind: KeyKind, *, role: Role, by: str, reason: str) -> KeptKey:
        """A fresh key, born in its place."""
        _demand_reason(reason)
        kept = self._keys.generate(kind, role=role.value)
        self._write("key.generated", kept.key_id, by, f"{role.value}: {reason}")
        return kept

    def take_in(self, key: PrivateKey, *, role: Role, by: str, reason: str) -> str:
        """Keeps a key that has lived elsewhere; Conflict, Refused as of Keys.store()."""
        _demand_reason(reason)
        key_id = self._keys.store(key, role=role.value)
        self._write("key.imported", key_id, by, f"{role.value}: {reason}")
        return key_id

    def rotate(self, key_id: str, *, by: str, reason: str) -> Successor:
        """A successor of a key that is in use; the key itself stays until it is destroyed.

        An OCSP signer's is certified by its authority and answers from now on. An authority's
        comes with a request to be certified by those above it. NotFound where nothing uses it.
        """
        _demand_reason(reason)
        for responder in self._holdings.responders():
            if responder.key_id == key_id:
                return self._replaced(responder, by, reason)
        issuer = self._authority.authority(key_id)
        certificate = issuer.certificate
        kept = self._keys.generate(certificate.key_kind, role=issuer.role.value)
        self._write("key.rotated", key_id, by, f"succeeded by {kept.key_id}: {reason}")
        request = self._request(kept, certificate.subject)
        return Successor(key_id=kept.key_id, public_key=kept.public_key, request=request)

    def destroy(self, key_id: str, *, by: str, reason: str, force: bool = False) -> None:
        """Ends a key for good, told on the audit before and after; NotFound.

        Raises Refused, ``keys.needed``, where an unexpired authority or the OCSP signer that
        answers now needs it, unless forced; ``keys.requested``, forced or not, where it was made
        for a request that is approved and not carried out: nothing else would ever end that.
        """
        _demand_reason(reason)
        if key_id not in {kept.key_id for kept in self._place.listed()}:
            raise NotFound("no key of this key id is kept here")
        if key_id in (awaited := self._awaited()):
            raise Refused("keys.requested", f"{awaited[key_id][0]} is being carried out")
        needed = self._needs(self._clock.now()).get(key_id)
        if needed is not None and not force:
            raise Refused("keys.needed", f"{needed[0]} needs it until {needed[1]:%Y-%m-%d}")
        forced = " (forced)" if needed is not None else ""
        self._write("key.destruction_begun", key_id, by, f"{reason}{forced}")
        self._place.destroy(key_id)
        self._write("key.destroyed", key_id, by, f"{reason}{forced}")

    def retire(self) -> tuple[str, ...]:
        """Ends the keys of former OCSP signers, none of whose answers is in time; their key ids.

        Certificates stay: what they signed was good. A key that cannot be destroyed raises
        Unavailable, and is left alone for an hour.
        """
        now = self._clock.now()
        appointed: dict[str, list[Responder]] = {}
        for responder in self._holdings.responders():
            appointed.setdefault(responder.key_id, []).append(responder)
        ended = []
        for key_id, signers in appointed.items():
            if (
                now < self._not_before.get(key_id, now)
                or not self._keys.holds(key_id)
                or not all(self._is_over(signer, now) for signer in signers)
                or self._published.in_time(key_id, now=now)
            ):
                continue
            self._not_before[key_id] = now + ENDED_AGAIN_AFTER
            try:
                self.destroy(key_id, by="maintenance", reason=_SUCCEEDED)
            except NotFound:
                continue  # another process was quicker
            ended.append(key_id)
        return tuple(ended)

    def change_passphrase(self, passphrase: bytes, *, by: str, reason: str) -> tuple[str, ...]:
        """Seals the key files under another passphrase; the key ids of those that were.

        Raises Refused, ``keys.no_passphrase``, where keys are in no files.
        """
        _demand_reason(reason)
        if not isinstance(self._place, KeyFiles):
            raise Refused("keys.no_passphrase", "only key files have a passphrase")
        self._write("key.passphrase_change_begun", "", by, reason)
        changed = self._place.change_passphrase(passphrase)
        self._write("key.passphrase_changed", "", by, f"{len(changed)} files: {reason}")
        return changed

    def _needs(self, now: datetime) -> dict[str, tuple[str, datetime]]:
        """By key id, what needs it now and until when. A revoked authority still signs lists."""
        directory = self._authority.directory
        needs = self._awaited()
        for issuer in self._holdings.issuers():
            standing = directory.responder(issuer.key_id, now=now)
            if standing is not None:
                told = f"OCSP signer of {_name(issuer)}"
                needs[standing.key_id] = (told, standing.certificate.not_after)
            if issuer.certificate.not_after >= now:
                needs[issuer.key_id] = (_name(issuer), issuer.certificate.not_after)
        return needs

    def _is_over(self, signer: Responder, now: datetime) -> bool:
        """Whether nothing that a signer has signed, here or elsewhere, can be in time.

        No answer outlives its signer's certificate. One that outlives this signer's is preferred
        from when it was appointed, by every process that has heard of it.
        """
        if now > signer.certificate.not_after:
            return True
        later = [
            each.appointed_at
            for each in self._authority.directory.responders(signer.issuer)
            if each.certificate.not_after > signer.certificate.not_after
            and each.certificate.not_before <= now
        ]
        return bool(later) and now > min(later) + HEARD_WITHIN + self._lifetime

    def _awaited(self) -> dict[str, tuple[str, datetime]]:
        """By key id, the open request whose authority is to have it."""
        return {
            approval.key_id: (f"request {approval.number}", approval.expires_at)
            for approval in self._docket.open()
            if approval.key_id is not None
        }

    def _replaced(self, responder: Responder, by: str, reason: str) -> Successor:
        new = self._authority.replace_responder(responder.issuer)
        detail = f"succeeded by {new.key_id}: {reason}"
        self._write("key.rotated", responder.key_id, by, detail)
        public_key = new.certificate.public_key()
        return Successor(key_id=new.key_id, public_key=public_key, request=None)

    def _request(self, kept: KeptKey, subject: bytes) -> bytes:
        """A CertificationRequest (RFC 2986 4.2) for the subject that the predecessor has."""
        info = _VERSION_1 + subject + spki(kept.public_key) + _NO_ATTRIBUTES
        info = der.encode(der.SEQUENCE, info)
        signature = self._keys.signer(kept.key_id, SignCertificationRequest()).sign(info)
        algorithm = SIGNATURE_ALGORITHMS[kind_of(kept.public_key)]
        bits = der.encode(der.BIT_STRING, b"\x00" + signature)
        return der.encode(der.SEQUENCE, info + algorithm + bits)

    def _write(self, event: str, key_id: str, by: str, detail: str) -> None:
        now = self._clock.now()
        act = Act(event=event, at=now, actor=by, tenant="", issuer=key_id, detail=detail)
        self._audit.append(act)


def _name(issuer: Issuer) -> str:
    return issuer.certificate.common_name or issuer.role.value


def _demand_reason(reason: str) -> None:
    """A reason is a line that people will read later."""
    if not (reason.strip() and reason.isprintable() and len(reason) <= REASON_CHARACTERS_MAX):
        raise Refused("keys.reason", f"a reason of 1 to {REASON_CHARACTERS_MAX} characters")
