"""The one pure judge: evidence, a policy and a moment in, a judgement out."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import assert_never

from authz import relay
from authz.contract import Contract, ContractState
from authz.decision import (
    PAIRS,
    AuthorizationStatus,
    CertificateStatus,
    ChainResult,
    Judgement,
)
from authz.evidence import (
    CertificateEvidence,
    ChainProof,
    Evidence,
    HashProof,
    NoProof,
    NotKnown,
    NotTold,
    Standing,
    UnknownHashes,
)
from authz.policy import Policy, RelayRule, UnprovenToken
from authz.question import Question
from authz.restrictions import Evse, Restrictions
from certs.certificate import Certificate
from certs.chain.checks import position
from certs.chain.verification import ChainVerdict
from certs.edition import Edition
from certs.findings.catalogue import ENTRIES, found
from certs.findings.finding import Finding, Severity
from certs.identifiers import emaid as emaids
from certs.identifiers.binding import bind
from certs.keys import SIGNING_KEYS, key_identifier
from certs.revocation import hash_dialects
from certs.revocation.hash_dialects import Dialect, Reading
from certs.revocation.status import Good, Unknown
from certs.revocation.status import findings as status_findings

ACCEPTED = "accepted"  # the reason of an acceptance

# What a finding's OCPP word says about the certificates. Every other word, and none, says that
# nothing is proved.
_RESULTS = {
    CertificateStatus.CERTIFICATE_EXPIRED.value: ChainResult.EXPIRED,
    CertificateStatus.CERTIFICATE_REVOKED.value: ChainResult.REVOKED,
    CertificateStatus.CONTRACT_CANCELLED.value: ChainResult.VALID,
    CertificateStatus.ACCEPTED.value: ChainResult.VALID,
}

_NOBODY_ASKED = Unknown("revocation.unknown")

_ISO_20_KEYS = SIGNING_KEYS[Edition.ISO_20]

# The contract's answer that an ERROR finding gives. It cannot be Accepted.
_ANSWERS = {
    status.value: status
    for status in AuthorizationStatus
    if status is not AuthorizationStatus.ACCEPTED
}

# The state of a contract as a finding; an active one has none.
_STATES = {
    ContractState.BLOCKED: "contract.blocked",
    ContractState.SUSPENDED: "contract.suspended",
    ContractState.EXPIRED: "contract.expired",
    ContractState.UNKNOWN: "contract.unknown",
    ContractState.NO_CREDIT: "contract.no_credit",
    ContractState.CONCURRENT_TX: "contract.concurrent_tx",
    ContractState.NOT_ALLOWED_TYPE_EVSE: "contract.not_allowed_type_evse",
    ContractState.NOT_AT_THIS_LOCATION: "contract.not_at_this_location",
    ContractState.NOT_AT_THIS_TIME: "contract.not_at_this_time",
}


def chain_result(finding: Finding) -> ChainResult:
    """What an ERROR finding says about the certificates it was found in."""
    return _RESULTS.get(ENTRIES[finding.code].certificate_status, ChainResult.UNVERIFIABLE)


def sound(verdict: ChainVerdict) -> bool:
    """Whether a path to an anchor stands, though its time may be over."""
    return verdict.anchor is not None and all(
        chain_result(finding) is not ChainResult.UNVERIFIABLE
        for finding in verdict.findings
        if finding.severity is Severity.ERROR
    )


def judge(evidence: Evidence, policy: Policy, now: datetime) -> Judgement:
    """May the token of this question charge now?

    Pure: equal arguments give equal judgements. What it refuses it names by findings; all that
    is known of a sound path is reported, and the strongest finding decides.
    """
    match evidence.proof:
        case NoProof():
            return _judge_unproven(evidence, policy, now)
        case UnknownHashes():
            finding = found("identity.hash_data_unknown", where="iso15118CertificateHashData")
            return _refused((finding,), (finding,))
        case ChainProof() | HashProof() as proof:
            return _judge_proven(evidence, proof, policy, now)
        case _:
            assert_never(evidence.proof)


def _judge_proven(
    evidence: Evidence, proof: ChainProof | HashProof, policy: Policy, now: datetime
) -> Judgement:
    question, verdict = evidence.question, proof.verdict
    if not sound(verdict):
        errors = _errors(verdict.findings)
        if errors:
            return _refused(verdict.findings, errors)
        unverified = found("contract.unverified", where="chain")
        return _refused((*verdict.findings, unverified), (unverified,))
    binding = _binding(question, proof, policy)
    statuses = _statuses(verdict.path, proof.statuses)
    contract = (*_standing(evidence, now), *_suspicions(evidence, policy, now))
    findings = (*verdict.findings, *binding, *statuses, *contract)
    if not _errors(findings):
        return _accepted(evidence, proof, findings, policy, now)
    certificates = _errors((*verdict.findings, *statuses))
    # Strongest first. A path or a binding that does not hold proves nothing about expiry or
    # revocation, so it comes before both; a revocation is signed and final, so it comes before an
    # expiry that merely passed; a status that nobody told matters only for a chain that would
    # otherwise do; and the contract is asked last.
    deciding = (
        *_errors(binding),
        *_saying(ChainResult.REVOKED, certificates),
        *_saying(ChainResult.EXPIRED, certificates),
        *_saying(ChainResult.UNVERIFIABLE, certificates),
        *_errors(contract),
        *certificates,  # whatever else its word may be: an error about a certificate refuses
    )
    return _refused(findings, deciding)


def _accepted(
    evidence: Evidence,
    proof: ChainProof | HashProof,
    findings: tuple[Finding, ...],
    policy: Policy,
    now: datetime,
) -> Judgement:
    """An acceptance, until the first piece of its evidence ends."""
    return Judgement(
        certificate_status=CertificateStatus.ACCEPTED,
        id_token_status=AuthorizationStatus.ACCEPTED,
        reason=ACCEPTED,
        findings=findings,
        valid_until=min(
            now + timedelta(seconds=policy.cache_seconds),
            *[certificate.not_after for certificate in proof.verdict.path],
            *_evidence_ends(proof.statuses, now),
            *_term_ends(evidence.standing, now),
        ),
    )


def _judge_unproven(evidence: Evidence, policy: Policy, now: datetime) -> Judgement:
    """No certificate came: external identification (C08), or an eMAID that nothing proves."""
    question = evidence.question
    if question.emaid is None:
        finding = found("contract.token_not_held", where="idToken.type")
        return _without_certificates((finding,), (finding,))
    if policy.unproven_token is UnprovenToken.REFUSE:
        finding = found("contract.proof_missing", where="idToken")
        return _refused((finding,), (finding,))
    findings = (
        *emaids.findings(question.emaid, policy.check_digit),
        *_standing(evidence, now),
        *_suspicions(evidence, policy, now),
    )
    errors = _errors(findings)
    if errors:
        return _without_certificates(findings, errors)
    ends = _term_ends(evidence.standing, now)
    return Judgement(
        certificate_status=None,
        id_token_status=AuthorizationStatus.ACCEPTED,
        reason=ACCEPTED,
        findings=findings,
        valid_until=min([now + timedelta(seconds=policy.cache_seconds), *ends]),
    )


def offline_status(contract: Contract, now: datetime) -> AuthorizationStatus:
    """What a station may be told beforehand about a contract, knowing neither place nor time.

    A contract that is bound to places, hours or kinds of EVSE is none that may be decided there.
    """
    if contract.state is not ContractState.ACTIVE:
        return _answer(found(_STATES[contract.state]))
    restrictions = contract.restrictions
    begins, ends = contract.not_before, contract.not_after
    bound = (
        (ends is not None and now > ends, "contract.expired"),
        (begins is not None and now < begins, "contract.not_at_this_time"),
        (bool(contract.evse_ids or restrictions.evse_prefixes), "contract.not_at_this_location"),
        (bool(restrictions.power_types), "contract.not_allowed_type_evse"),
        (restrictions.schedule is not None, "contract.not_at_this_time"),
    )
    code = next((code for holds, code in bound if holds), None)
    return AuthorizationStatus.ACCEPTED if code is None else _answer(found(code))


def _refused(findings: tuple[Finding, ...], deciding: Sequence[Finding]) -> Judgement:
    """A refusal in the pair that C07 has for the first of the deciding findings."""
    first = deciding[0]
    certificate_status, id_token_status = PAIRS[chain_result(first), _answer(first)]
    return Judgement(
        certificate_status=certificate_status,
        id_token_status=id_token_status,
        reason=first.code,
        findings=findings,
    )


def _without_certificates(findings: tuple[Finding, ...], deciding: Sequence[Finding]) -> Judgement:
    """A refusal of a token that came without certificates: OCPP has no certificateStatus then."""
    return Judgement(
        certificate_status=None,
        id_token_status=_answer(deciding[0]),
        reason=deciding[0].code,
        findings=findings,
    )


def _answer(finding: Finding) -> AuthorizationStatus:
    return _ANSWERS.get(ENTRIES[finding.code].id_token_status, AuthorizationStatus.INVALID)


def _errors(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple([finding for finding in findings if finding.severity is Severity.ERROR])


def _saying(result: ChainResult, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple([finding for finding in findings if chain_result(finding) is result])


def _binding(
    question: Question, proof: ChainProof | HashProof, policy: Policy
) -> tuple[Finding, ...]:
    """Whether certificate, token and registry speak of one contract (X10, X11, K20)."""
    presented, path = question.emaid, proof.verdict.path
    leaf = path[0]
    findings = list(
        bind(
            leaf.common_names,
            presented=presented,
            permitted_providers=_permitted_providers(path, policy),
            check_digit=policy.check_digit,
            edition=Edition.ISO_20 if leaf.key_kind in _ISO_20_KEYS else Edition.ISO_2,
        ).findings
    )
    if presented is None:
        findings.append(found("contract.token_type_wrong", where="idToken.type"))
    if isinstance(proof, HashProof):
        if proof.registered_emaid != presented:
            # Hash data prove which certificate is meant, never who came with it.
            findings.append(found("identity.emaid_mismatch", where="iso15118CertificateHashData"))
        for at, readings in enumerate(question.hashes):
            findings += _hash(readings, path, f"iso15118CertificateHashData[{at}]")
    return tuple(findings)


def _permitted_providers(path: tuple[Certificate, ...], policy: Policy) -> frozenset[str] | None:
    """The providers that every authority of a path may name; None where none is restricted."""
    permitted: frozenset[str] | None = None
    if policy.permitted_providers:
        for authority in path[1:]:
            listed = policy.permitted_providers.get(key_identifier(authority.subject_public_key))
            if listed is not None:
                permitted = listed if permitted is None else permitted & listed
    return permitted


def _hash(
    readings: tuple[Reading, ...], path: tuple[Certificate, ...], where: str
) -> list[Finding]:
    """Whether hash data name a certificate of this path, and in which dialect."""
    for reading in readings:
        for certificate, issuer in zip(path, (*path[1:], path[-1]), strict=True):
            if hash_dialects.names(reading, certificate, issuer):
                dialects = set(reading.dialects)
                if certificate is path[-1]:
                    dialects.add(Dialect.ROOT_INCLUDED)
                said = ", ".join(sorted(dialect.value for dialect in dialects))
                return [found("revocation.dialect", where=where, detail=said)] if said else []
    return [found("contract.hash_unmatched", where=where)]


def _statuses(
    path: tuple[Certificate, ...], statuses: tuple[CertificateEvidence, ...]
) -> tuple[Finding, ...]:
    """What the statuses along the path say; a certificate that nobody asked about is unknown."""
    told = {status.certificate: status.status for status in statuses}
    findings: list[Finding] = []
    for at, certificate in enumerate(path[:-1]):
        status = told.get(certificate, _NOBODY_ASKED)
        findings += status_findings(status, where=position(at, len(path)))
    return tuple(findings)


def _standing(evidence: Evidence, now: datetime) -> tuple[Finding, ...]:
    """What stands between the contract and this EVSE at this moment."""
    match evidence.standing:
        case NotKnown():
            return (found("contract.unknown"),)
        case NotTold(reason=reason):
            return (found("contract.unavailable", detail=reason),)
        case Contract() as contract:
            return tuple(_contract(contract, evidence, now))
        case _:
            assert_never(evidence.standing)


def _contract(contract: Contract, evidence: Evidence, now: datetime) -> list[Finding]:
    findings = []
    if contract.state is not ContractState.ACTIVE:
        findings.append(found(_STATES[contract.state]))
    if contract.not_after is not None and now > contract.not_after:
        findings.append(found("contract.expired", detail=contract.not_after.isoformat()))
    if contract.not_before is not None and now < contract.not_before:
        findings.append(found("contract.not_at_this_time", detail=contract.not_before.isoformat()))
    if not _is_place(contract, evidence.question):
        findings.append(found("contract.not_at_this_location", where="evseId"))
    restrictions = contract.restrictions
    if not _is_kind(restrictions, evidence.evse):
        findings.append(found("contract.not_allowed_type_evse", where="evseId"))
    schedule = restrictions.schedule
    if schedule is not None and schedule.open_until(now) is None:
        findings.append(found("contract.not_at_this_time", detail=schedule.zone.key))
    return findings


def _suspicions(evidence: Evidence, policy: Policy, now: datetime) -> tuple[Finding, ...]:
    """What speaks for a contract being relayed or copied; errors where the policy refuses it."""
    question, standing = evidence.question, evidence.standing
    if not isinstance(standing, Contract):
        return ()
    found_here: list[Finding] = []
    other = relay.still_there(evidence.sightings, now=now)
    if other is not None:
        found_here.append(found("contract.concurrent_use", detail=f"at {other.place}"))
    far = relay.out_of_reach(evidence.sightings, here=_position(evidence.evse), now=now)
    if far is not None:
        minutes = (now - far[0].seen_at).total_seconds() / 60
        detail = f"{far[1]:.0f} km from {far[0].place} in {minutes:.0f} minutes"
        found_here.append(found("contract.impossible_travel", detail=detail))
    known, told = standing.vehicle_ids, question.vehicle_ids
    if known and told and not known & told:
        found_here.append(found("contract.vehicle_mismatch", where="idToken.additionalInfo"))
    if found_here and policy.relay is RelayRule.REFUSE:
        codes = ", ".join(finding.code for finding in found_here)
        found_here.append(found("contract.concurrent_tx", detail=codes))
    return tuple(found_here)


def _position(evse: Evse | None) -> relay.Position | None:
    if evse is None or evse.latitude is None or evse.longitude is None:
        return None
    return evse.latitude, evse.longitude


def _is_place(contract: Contract, question: Question) -> bool:
    """Whether a contract may charge at the EVSE asked for; one that binds it must be named."""
    prefixes, evse_id = contract.restrictions.evse_prefixes, question.evse_id
    if not contract.evse_ids and not prefixes:
        return True
    return evse_id is not None and (
        evse_id in contract.evse_ids or any(evse_id.canonical.startswith(p) for p in prefixes)
    )


def _is_kind(restrictions: Restrictions, evse: Evse | None) -> bool:
    """Whether an EVSE is of a kind that is permitted; one whose kind nobody told is not."""
    return not restrictions.power_types or (
        evse is not None and evse.power_type in restrictions.power_types
    )


def _evidence_ends(statuses: tuple[CertificateEvidence, ...], now: datetime) -> list[datetime]:
    """When each status ends. One that is used within a grace allows no caching beyond now."""
    return [
        now if status.stale else status.proof.next_update
        for status in (evidence.status for evidence in statuses)
        if isinstance(status, Good)
    ]


def _term_ends(standing: Standing, now: datetime) -> list[datetime]:
    """When the contract's term ends, and the hours in which it may charge."""
    contract = standing if isinstance(standing, Contract) else None
    schedule = None if contract is None else contract.restrictions.schedule
    ends = (
        None if contract is None else contract.not_after,
        None if schedule is None else schedule.open_until(now),
    )
    return [end for end in ends if end is not None]
