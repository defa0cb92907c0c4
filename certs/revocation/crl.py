"""Whether a CRL is to be believed about an issuer's certificates, and what it then says of one."""

from array import array
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from certs import der
from certs.certificate import Certificate
from certs.errors import MalformedCrl
from certs.extensions import FRESHEST_CRL, KeyUsage
from certs.revocation import certificate_list, signatures
from certs.revocation.certificate_list import CertificateList, Entry, Scope
from certs.revocation.ocsp_request import encode_integer
from certs.revocation.status import (
    GRACE_SECONDS_MAX,
    REVOKING,
    Good,
    Proof,
    RevocationStatus,
    Revoked,
    Source,
    Unknown,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlPolicy:
    """What an operator may decide about CRLs; ValueError outside the bounds."""

    crl_bytes_max: int = 64 * 1024 * 1024  # a million entries with reasons are 49 MB
    clock_skew_seconds: int = 300
    grace_seconds: int = 0  # past nextUpdate; up to a day, and the status says it is stale

    def __post_init__(self) -> None:
        if not 0 <= self.grace_seconds <= GRACE_SECONDS_MAX:
            raise ValueError(f"grace_seconds is 0 to {GRACE_SECONDS_MAX}")


DEFAULT_POLICY = CrlPolicy()

_UNDERSTOOD = frozenset(
    {
        certificate_list.AUTHORITY_KEY_IDENTIFIER,
        certificate_list.CRL_NUMBER,
        certificate_list.ISSUING_DISTRIBUTION_POINT,
    }
)
# certificateIssuer is not among them: it makes a CRL indirect (RFC 5280 5.3.3).
_ENTRY_UNDERSTOOD = frozenset({certificate_list.REASON_CODE, certificate_list.INVALIDITY_DATE})
_CRITICAL = b"\x01\x01\xff"  # BOOLEAN TRUE, as every critical extension has it
# The same three octets stand by chance in every sixteen million; a CRL of the largest size has
# four such places. One with more than these has critical extensions in its entries.
_CRITICAL_PLACES_MAX = 256
_FRESHER = "a delta CRL may revoke what this one does not, and deltas are not processed"
_STRIDE = 1024  # entries from one remembered place to the next: 8 octets for each 1,024


def _places(listed: CertificateList) -> "array[int]":  # quoted: subscriptable from Python 3.12 on
    """Where every 1,024th entry starts. The reader has checked that entries fill their list."""
    data = listed.data
    at, stop = listed.entries
    found = array("Q")
    while at < stop:
        found.append(at)
        for _ in range(_STRIDE):
            length = data[at + 1]
            at = at + 2 + length if length < 0x80 else der.tlv(data, at, stop)[2]
            if at >= stop:
                break
    return found


class VerifiedCrl:
    """A CRL whose issuer signed it, fit to be asked about certificates until it is stale.

    Immutable by convention. It keeps the CRL's octets and 8 more for every 1,024 entries, and no
    object for an entry: a serial number is looked for in the octets (12 ms in a million entries,
    microseconds in a thousand).
    """

    __slots__ = ("_listed", "_places", "_policy", "_proof")

    def __init__(self, listed: CertificateList, proof: Proof, policy: CrlPolicy) -> None:
        self._listed = listed
        self._proof = proof
        self._policy = policy
        self._places = _places(listed)

    @property
    def issuer(self) -> bytes:
        """The issuer's DER Name, as the CRL encodes it."""
        return self._listed.issuer

    @property
    def number(self) -> int | None:
        """The CRL's number, if it has one: what ``number_seen`` of the next reading should be."""
        return self._proof.number

    @property
    def scope(self) -> Scope:
        return self._listed.scope

    @property
    def proof(self) -> Proof:
        return self._proof

    def _entry_at(self, place: int) -> bytes:
        """The DER entry that the octet at ``place`` belongs to."""
        data = self._listed.data
        stop = self._listed.entries[1]
        end = self._places[bisect_right(self._places, place) - 1]
        at = end
        while end <= place:
            at = end
            end = der.tlv(data, at, stop)[2]
        return data[at:end]

    def _find(self, serial: int) -> Entry | None:
        """The serial number's entry; MalformedCrl where it cannot be read."""
        data = self._listed.data
        start, stop = self._listed.entries
        encoded = encode_integer(serial)
        at = data.find(encoded, start, stop)
        while at >= 0:
            after = at + len(encoded)
            # In an entry a time follows the serial number; elsewhere hardly ever.
            if data[after] in {der.UTC_TIME, der.GENERALIZED_TIME}:
                entry = certificate_list.read_entry(self._entry_at(at))
                if entry.serial == serial:
                    return entry
            at = data.find(encoded, at + 1, stop)
        return None

    def objection_to_entries(self) -> Unknown | None:
        """Why no entry may be used: one has a critical extension nobody understands.

        RFC 5280 5.3: then the CRL says nothing about any certificate.
        """
        data = self._listed.data
        start, stop = self._listed.entries
        at = data.find(_CRITICAL, start, stop)
        places = 0
        while at >= 0:
            places += 1
            if places > _CRITICAL_PLACES_MAX:
                return Unknown("revocation.crl_critical_extension", "in many entries")
            try:
                entry = certificate_list.read_entry(self._entry_at(at))
            except MalformedCrl as bad:
                return Unknown("revocation.crl_malformed", bad.detail)
            for extension in entry.extensions:
                if extension.critical and extension.oid not in _ENTRY_UNDERSTOOD:
                    return Unknown("revocation.crl_critical_extension", extension.oid)
            at = data.find(_CRITICAL, at + 1, stop)
        return None

    def status_of_serial(self, serial: int, *, now: datetime) -> RevocationStatus:
        """What the CRL says of its issuer's certificate with this serial number.

        Where the CRL speaks of some certificates only, a serial number is not enough to tell:
        Unknown. The caller knows that the certificate is the issuer's.
        """
        if not self._listed.scope.complete:
            return Unknown("revocation.crl_out_of_scope", "it is not the issuer's complete one")
        return self._status(serial, now)

    def status_of(self, certificate: Certificate, *, now: datetime) -> RevocationStatus:
        """What the CRL says of one certificate, which must be its issuer's and in its scope."""
        if not signatures.same_name(certificate.issuer, self._listed.issuer):
            return Unknown("revocation.crl_other_issuer")
        objection = _objection_to_scope(self._listed.scope, certificate)
        status = objection or self._status(certificate.serial, now)
        if isinstance(status, Good) and FRESHEST_CRL in certificate.extensions:
            return Unknown("revocation.crl_delta", _FRESHER)
        return status

    def _status(self, serial: int, now: datetime) -> RevocationStatus:
        objection = _objection_to_times(
            self._proof.this_update, self._proof.next_update, now, self._policy
        )
        if objection is not None:
            return objection
        try:
            entry = self._find(serial)
        except MalformedCrl as bad:
            return Unknown("revocation.crl_malformed", bad.detail)
        stale = now > self._proof.next_update
        if entry is None:
            if any(extension.oid == FRESHEST_CRL for extension in self._listed.extensions):
                return Unknown("revocation.crl_delta", _FRESHER)
            return Good(proof=self._proof, stale=stale)
        number = 0 if entry.reason is None else entry.reason
        reason = next((reason for reason in REVOKING if reason.value == number), None)
        if reason is None:
            return Unknown("revocation.crl_reason_invalid", str(number))
        return Revoked(revoked_at=entry.revoked_at, reason=reason, proof=self._proof, stale=stale)


def _objection_to_times(
    this_update: datetime, next_update: datetime, now: datetime, policy: CrlPolicy
) -> Unknown | None:
    if this_update - now > timedelta(seconds=policy.clock_skew_seconds):
        return Unknown("revocation.crl_this_update_in_future", this_update.isoformat())
    if next_update < this_update:
        return Unknown("revocation.crl_times_odd", next_update.isoformat())
    if now - next_update > timedelta(seconds=policy.grace_seconds):
        return Unknown("revocation.crl_stale", next_update.isoformat())
    return None


def _objection_to_scope(scope: Scope, certificate: Certificate) -> Unknown | None:
    constraints = certificate.basic_constraints
    is_ca = constraints is not None and constraints.ca
    if scope.only_attributes or (scope.only_users and is_ca) or (scope.only_cas and not is_ca):
        return Unknown("revocation.crl_out_of_scope", "the CRL is of another kind of certificate")
    if scope.distribution_point is not None and not set(scope.distribution_point) & set(
        certificate.crl_urls
    ):
        return Unknown("revocation.crl_out_of_scope", "the CRL is of another distribution point")
    return None


def _objection_to_kind(listed: CertificateList) -> Unknown | None:
    """Why this kind of CRL is not used at all."""
    for extension in listed.extensions:
        if extension.oid == certificate_list.DELTA_CRL_INDICATOR:
            return Unknown("revocation.crl_delta")
        if extension.critical and extension.oid not in _UNDERSTOOD:
            return Unknown("revocation.crl_critical_extension", extension.oid)
    if listed.scope.indirect:
        return Unknown("revocation.crl_indirect")
    if listed.scope.some_reasons:
        return Unknown("revocation.crl_reasons_limited")
    return None


def _objection_to_number(number: int | None, seen: int | None) -> Unknown | None:
    if seen is None:
        return None
    if number is None:
        return Unknown("revocation.crl_number_missing")
    if number < seen:
        return Unknown("revocation.crl_number_regressed", f"{number} after {seen}")
    return None


def _objection_to_issuer(listed: CertificateList, issuer: Certificate) -> Unknown | None:
    """Why the issuer's certificate does not vouch for this CRL (RFC 5280 6.3.3 b, f, g)."""
    if not signatures.same_name(listed.issuer, issuer.subject):
        return Unknown("revocation.crl_other_issuer")
    if KeyUsage.CRL_SIGN not in (issuer.key_usage or KeyUsage(0)):
        return Unknown("revocation.crl_key_usage_wrong")
    if not signatures.allowed(listed.signature_algorithm, issuer):
        return Unknown("revocation.crl_algorithm_not_allowed", listed.signature_algorithm.hex())
    start, stop = listed.tbs
    if not signatures.signed_by(
        issuer,
        algorithm=listed.signature_algorithm,
        signature=listed.signature,
        data=listed.data[start:stop],
    ):
        return Unknown("revocation.crl_signature_invalid")
    return None


def read(
    crl: bytes,
    *,
    issuer: Certificate,
    now: datetime,
    policy: CrlPolicy = DEFAULT_POLICY,
    number_seen: int | None = None,
) -> VerifiedCrl | Unknown:
    """A DER CRL that ``issuer`` signed and that is usable now; else Unknown with the reason.

    Direct, complete in its reasons, not a delta; of one issuer, whose certificate the caller has
    validated and which must carry cRLSign. ``number_seen`` is the highest number accepted from
    this issuer before: a lower one, or none, is a rollback (C03). ``now`` is aware UTC.

    Never raises for what the CRL holds. Sources: RFC 5280 5 and 6.3.3, adversarial C01-C12.
    """
    if len(crl) > policy.crl_bytes_max:
        return Unknown("revocation.crl_too_large", f"over {policy.crl_bytes_max} octets")
    try:
        listed = certificate_list.read(crl)
    except MalformedCrl as bad:
        return Unknown("revocation.crl_malformed", bad.detail)
    objection = _objection_to_issuer(listed, issuer) or _objection_to_kind(listed)
    if objection is not None:
        return objection
    next_update = listed.next_update
    if next_update is None:
        return Unknown("revocation.crl_next_update_missing")
    objection = _objection_to_times(
        listed.this_update, next_update, now, policy
    ) or _objection_to_number(listed.number, number_seen)
    if objection is not None:
        return objection
    proof = Proof(
        source=Source.CRL,
        this_update=listed.this_update,
        next_update=next_update,
        produced_at=None,
        number=listed.number,
        signer_fingerprint=issuer.fingerprint,
        digest=sha256(crl).digest(),
    )
    verified = VerifiedCrl(listed, proof, policy)
    return verified.objection_to_entries() or verified


def judge(
    crl: bytes,
    *,
    certificate: Certificate,
    issuer: Certificate,
    now: datetime,
    policy: CrlPolicy = DEFAULT_POLICY,
    number_seen: int | None = None,
) -> RevocationStatus:
    """What a DER CRL establishes about one certificate: ``read``, then ``status_of``."""
    verified = read(crl, issuer=issuer, now=now, policy=policy, number_seen=number_seen)
    if isinstance(verified, Unknown):
        return verified
    return verified.status_of(certificate, now=now)
