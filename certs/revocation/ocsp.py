"""Whether an OCSP response is to be believed about a certificate, and what it then says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType

from certs.certificate import Certificate, parse
from certs.errors import Malformed, MalformedOcsp, TooLarge
from certs.extensions import (
    AUTHORITY_INFORMATION_ACCESS,
    AUTHORITY_KEY_IDENTIFIER,
    BASIC_CONSTRAINTS,
    CERTIFICATE_POLICIES,
    CRL_DISTRIBUTION_POINTS,
    EXTENDED_KEY_USAGE,
    KEY_USAGE,
    OCSP_NO_CHECK,
    OCSP_SIGNING,
    SUBJECT_ALTERNATIVE_NAME,
    SUBJECT_KEY_IDENTIFIER,
    Extension,
    KeyUsage,
)
from certs.keys import key_identifier
from certs.revocation import ocsp_response, signatures
from certs.revocation.hash_data import HashAlgorithm
from certs.revocation.ocsp_request import NONCE, OcspQuestion, read_nonce
from certs.revocation.ocsp_response import BasicResponse, CertStatus, ResponseStatus, SingleResponse
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


class NonceRule(Enum):
    """What becomes of a response without the nonce that was sent; a wrong one is always refused."""

    TOLERATE_MISSING = "tolerate_missing"  # RFC 5019: responses signed in advance have none
    DEMAND = "demand"


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspPolicy:
    """What an operator may decide about OCSP responses; ValueError outside the bounds."""

    response_bytes_max: int = 65_536  # a delegate's response has 927 octets, with its chain 3,500
    clock_skew_seconds: int = 300  # O06: how far another's clock may be ahead of ours
    grace_seconds: int = 0  # past nextUpdate; up to a day, and the status says it is stale
    nonce: NonceRule = NonceRule.TOLERATE_MISSING

    def __post_init__(self) -> None:
        if not 0 <= self.grace_seconds <= GRACE_SECONDS_MAX:
            raise ValueError(f"grace_seconds is 0 to {GRACE_SECONDS_MAX}")


DEFAULT_POLICY = OcspPolicy()

# RFC 6960 4.4.8: a responder that says "revoked" of what was never issued; it is refused alike.
_EXTENDED_REVOKE = "1.3.6.1.5.5.7.48.1.9"
_RESPONSE_UNDERSTOOD = frozenset({NONCE, _EXTENDED_REVOKE})
# Archive cutoff and CRL references (RFC 6960 4.4.2, 4.4.4) inform and change no status.
_SINGLE_UNDERSTOOD = frozenset({"1.3.6.1.5.5.7.48.1.6", "1.3.6.1.5.5.7.48.1.3"})
_DELEGATE_UNDERSTOOD = frozenset(
    {
        AUTHORITY_INFORMATION_ACCESS,
        AUTHORITY_KEY_IDENTIFIER,
        BASIC_CONSTRAINTS,
        CERTIFICATE_POLICIES,
        CRL_DISTRIBUTION_POINTS,
        EXTENDED_KEY_USAGE,
        KEY_USAGE,
        OCSP_NO_CHECK,
        SUBJECT_ALTERNATIVE_NAME,
        SUBJECT_KEY_IDENTIFIER,
    }
)
_NO_STATUSES: Mapping[bytes, RevocationStatus] = MappingProxyType({})


@lru_cache(maxsize=256)  # CAs, validated and few, by four algorithms
def _key_hash(algorithm: HashAlgorithm, subject_public_key: bytes) -> bytes:
    return algorithm.digest(subject_public_key)


def _critical(extensions: tuple[Extension, ...], understood: frozenset[str]) -> Unknown | None:
    for extension in extensions:
        if extension.critical and extension.oid not in understood:
            return Unknown("revocation.ocsp_critical_extension", extension.oid)
    return None


def _is_named(certificate: Certificate, answer: BasicResponse) -> bool:
    """Whether responderID names this certificate (RFC 6960 4.2.2.3)."""
    if answer.responder_name is None:
        return key_identifier(certificate.subject_public_key) == answer.responder_key_hash
    return signatures.same_name(certificate.subject, answer.responder_name)


def _candidates(answer: BasicResponse, issuer: Certificate) -> list[Certificate]:
    """The certificates that responderID may mean, the issuer's own first."""
    found = [issuer] if _is_named(issuer, answer) else []
    for encoded in answer.certificates:
        try:
            certificate = parse(encoded)
        except Malformed:
            continue  # what cannot be read cannot vouch
        if certificate != issuer and _is_named(certificate, answer):
            found.append(certificate)
    return found


def _signer(answer: BasicResponse, issuer: Certificate) -> Certificate | Unknown:
    """The certificate whose key signed the response; whether it may is another question."""
    if not signatures.allowed(answer.signature_algorithm, issuer):
        return Unknown("revocation.ocsp_algorithm_not_allowed", answer.signature_algorithm.hex())
    candidates = _candidates(answer, issuer)
    for candidate in candidates:
        if signatures.signed_by(
            candidate,
            algorithm=answer.signature_algorithm,
            signature=answer.signature,
            data=answer.tbs,
        ):
            return candidate
    if candidates:
        return Unknown("revocation.ocsp_signature_invalid")
    return Unknown("revocation.ocsp_signer_unknown")


def _delegate_profile(delegate: Certificate) -> Unknown | None:
    """Why a certificate of the right issuer may still not answer for it (RFC 6960 4.2.2.2)."""
    if OCSP_SIGNING not in (delegate.extended_key_usage or ()):
        return Unknown("revocation.ocsp_delegate_eku_missing")
    constraints = delegate.basic_constraints
    if constraints is not None and constraints.ca:
        return Unknown("revocation.ocsp_delegate_is_ca")
    if KeyUsage.DIGITAL_SIGNATURE not in (delegate.key_usage or KeyUsage(0)):
        return Unknown("revocation.ocsp_delegate_key_usage_wrong")
    for extension in delegate.shape:
        if extension.critical and extension.oid not in _DELEGATE_UNDERSTOOD:
            return Unknown("revocation.ocsp_delegate_critical_extension", extension.oid)
    return None


def _delegate(
    delegate: Certificate,
    issuer: Certificate,
    now: datetime,
    statuses: Mapping[bytes, RevocationStatus],
) -> Unknown | None:
    """Why a delegate is not believed; None where it is.

    Issued by the same CA *key*: its signature is verified with the issuer's own (O01, O03).
    """
    if not signatures.same_name(delegate.issuer, issuer.subject) or not signatures.signed_by(
        issuer,
        algorithm=delegate.signature_algorithm,
        signature=delegate.signature,
        data=delegate.tbs,
    ):
        return Unknown("revocation.ocsp_delegate_not_issued")
    objection = _delegate_profile(delegate)
    if objection is not None:
        return objection
    if not delegate.not_before <= now <= delegate.not_after:
        return Unknown("revocation.ocsp_delegate_expired")
    match statuses.get(delegate.fingerprint):
        case Revoked():
            return Unknown("revocation.ocsp_delegate_revoked")
        case Good():
            return None
        case _ if OCSP_NO_CHECK in delegate.extensions:
            return None
        case _:
            return Unknown("revocation.ocsp_delegate_unchecked")


def _objection_to_nonce(
    answer: BasicResponse, question: OcspQuestion, rule: NonceRule
) -> Unknown | None:
    seen = next((e.value for e in answer.extensions if e.oid == NONCE), None)
    if seen is None:
        if rule is NonceRule.DEMAND and question.nonce is not None:
            return Unknown("revocation.ocsp_nonce_missing")
        return None
    try:
        nonce = read_nonce(seen)
    except MalformedOcsp as bad:
        return Unknown("revocation.ocsp_nonce_size", bad.detail)
    if question.nonce is not None and nonce != question.nonce:
        return Unknown("revocation.ocsp_nonce_mismatch")
    return None


def _single(answer: BasicResponse, question: OcspQuestion) -> SingleResponse | Unknown:
    """The one statement about the certificate asked about (O11, O15)."""
    spoken = {single for cert_id, single in answer.singles if cert_id in question.cert_ids}
    if not spoken:
        return Unknown("revocation.ocsp_other_certificate")
    if len(spoken) > 1:
        return Unknown("revocation.ocsp_contradictory")
    try:
        single = ocsp_response.read_single(spoken.pop())
    except MalformedOcsp as bad:
        return Unknown("revocation.ocsp_malformed", bad.detail)
    return _critical(single.extensions, _SINGLE_UNDERSTOOD) or single


def _objection_to_times(
    *,
    produced_at: datetime,
    this_update: datetime,
    next_update: datetime,
    now: datetime,
    policy: OcspPolicy,
) -> Unknown | None:
    skew = timedelta(seconds=policy.clock_skew_seconds)
    if this_update - now > skew:
        return Unknown("revocation.ocsp_this_update_in_future", this_update.isoformat())
    if produced_at < this_update or produced_at - now > skew or next_update < this_update:
        return Unknown("revocation.ocsp_times_odd", f"produced {produced_at.isoformat()}")
    if now - next_update > timedelta(seconds=policy.grace_seconds):
        return Unknown("revocation.ocsp_stale", next_update.isoformat())
    return None


def _status(single: SingleResponse, proof: Proof, *, stale: bool) -> RevocationStatus:
    if single.revoked_at is None:
        if single.status is CertStatus.GOOD:
            return Good(proof=proof, stale=stale)
        return Unknown("revocation.ocsp_status_unknown")
    number = 0 if single.reason is None else single.reason
    reason = next((reason for reason in REVOKING if reason.value == number), None)
    if reason is None:
        return Unknown("revocation.ocsp_reason_invalid", str(number))
    return Revoked(revoked_at=single.revoked_at, reason=reason, proof=proof, stale=stale)


def judge_response(
    response: bytes,
    *,
    question: OcspQuestion,
    issuer: Certificate,
    now: datetime,
    policy: OcspPolicy = DEFAULT_POLICY,
    not_before_update: datetime | None = None,
    delegate_statuses: Mapping[bytes, RevocationStatus] = _NO_STATUSES,
) -> RevocationStatus:
    """What a DER OCSPResponse establishes about the certificate asked about.

    Believed are the issuer itself, and a delegate in the response that the issuer's own key
    certified for OCSP signing, valid now, and marked ``id-pkix-ocsp-nocheck`` or good by
    ``delegate_statuses`` (by SHA-256 fingerprint). The caller has validated ``issuer``: this
    function believes its key and looks at nothing else about it.

    ``not_before_update``: the newest thisUpdate already seen for this certificate; an older
    response is a replay. ``now`` is aware UTC; moments equal to nextUpdate are still fresh.

    Never raises for what the response holds: what is not believed is Unknown with a catalogued
    code. Sources: RFC 6960 3.2 and 4.2.2, RFC 5019 2.2.4, RFC 9654, adversarial O01-O16.
    """
    if len(response) > policy.response_bytes_max:
        return Unknown("revocation.ocsp_too_large", f"over {policy.response_bytes_max} octets")
    if _key_hash(question.hash_algorithm, issuer.subject_public_key) != question.issuer_key_hash:
        return Unknown("revocation.ocsp_other_issuer")
    try:
        answer = ocsp_response.read(response)
    except TooLarge as bad:
        return Unknown("revocation.ocsp_too_large", bad.detail)
    except MalformedOcsp as bad:
        return Unknown("revocation.ocsp_malformed", bad.detail)
    if isinstance(answer, ResponseStatus):
        return Unknown("revocation.ocsp_not_successful", answer.name.lower())

    signer = _signer(answer, issuer)
    if isinstance(signer, Unknown):
        return signer
    objection = None if signer is issuer else _delegate(signer, issuer, now, delegate_statuses)
    objection = (
        objection
        or _critical(answer.extensions, _RESPONSE_UNDERSTOOD)
        or _objection_to_nonce(answer, question, policy.nonce)
    )
    if objection is not None:
        return objection
    single = _single(answer, question)
    if isinstance(single, Unknown):
        return single
    this_update, next_update = single.this_update, single.next_update
    if next_update is None:
        return Unknown("revocation.ocsp_next_update_missing")
    objection = _objection_to_times(
        produced_at=answer.produced_at,
        this_update=this_update,
        next_update=next_update,
        now=now,
        policy=policy,
    )
    if objection is not None:
        return objection
    if not_before_update is not None and this_update < not_before_update:
        return Unknown("revocation.ocsp_replayed", this_update.isoformat())
    proof = Proof(
        source=Source.OCSP,
        this_update=this_update,
        next_update=next_update,
        produced_at=answer.produced_at,
        number=None,
        signer_fingerprint=signer.fingerprint,
        digest=sha256(response).digest(),
    )
    return _status(single, proof, stale=now > next_update)
