"""A decision as JSON: what is answered, and what the log keeps of it.

Names are in camel case as OCPP has them, and what is not there is left out, as its schemas ask.
"""

from datetime import datetime, timedelta
from typing import Literal, assert_never

import msgspec

from authz.contract import Contract
from authz.decision import (
    AuthorizationStatus,
    CertificateStatus,
    Decision,
    Judgement,
    LoggedDecision,
)
from authz.evidence import (
    CertificateEvidence,
    ChainProof,
    HashProof,
    NoProof,
    Proof,
    Source,
    UnknownHashes,
)
from certs.findings.finding import Severity
from certs.revocation.status import Good, Revoked, Unknown
from certs.revocation.status import Source as ProofSource


class GroupIdToken(msgspec.Struct, kw_only=True, rename="camel"):
    """OCPP's IdTokenType for a group; its type is the backend's own."""

    id_token: str
    type: str = "Central"


class IdTokenInfo(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """OCPP's IdTokenInfoType, as far as a contract decides it."""

    status: AuthorizationStatus
    cache_expiry_date_time: datetime | None = None
    group_id_token: GroupIdToken | None = None


class FindingDocument(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """One fact. ``code`` is permanent; ``detail`` is for people."""

    code: str
    severity: Severity
    where: str = ""
    detail: str = ""


class EvidenceDocument(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """The revocation status of one certificate, and how it is known."""

    where: str
    fingerprint: str  # SHA-256, hexadecimal
    serial_number: str  # hexadecimal
    source: Source  # cache: known before this question
    status: Literal["good", "revoked", "unknown"]
    proof: ProofSource | None = None  # what the status was first read from
    this_update: datetime | None = None
    next_update: datetime | None = None
    age_seconds: int | None = None  # from thisUpdate to the decision
    revoked_at: datetime | None = None
    reason: str | None = None  # RFC 5280 5.3.1
    digest: str | None = None  # SHA-256 of the OCSP response or CRL


class Answer(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """The answer to POST /v1/authorize. ``reason`` is the code that decided, or "accepted"."""

    id_token_info: IdTokenInfo
    certificate_status: CertificateStatus | None = None
    decision_id: str
    reason: str
    findings: list[FindingDocument]
    evidence: list[EvidenceDocument]


class QuestionDocument(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """What was asked."""

    token_type: str
    proof: str  # chain, hashes or none
    emaid: str | None = None
    evse_id: str | None = None
    path: list[str] = []  # SHA-256 fingerprints, leaf to root, of the path that was found


class Record(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """A decision as the log shows it."""

    decision_id: str
    decided_at: datetime
    question: QuestionDocument
    answer: msgspec.Raw


_ENCODER = msgspec.json.Encoder()
_SECOND = timedelta(seconds=1)


def mode(proof: Proof) -> str:
    """By what a question is proved: chain, hashes or none."""
    match proof:
        case ChainProof():
            return "chain"
        case HashProof() | UnknownHashes():
            return "hashes"
        case NoProof():
            return "none"
        case _:
            assert_never(proof)


def encode_answer(decision: Decision) -> bytes:
    """The JSON that the caller gets."""
    judgement, decided_at = decision.judgement, decision.decided_at
    proof = decision.evidence.proof
    statuses = proof.statuses if isinstance(proof, ChainProof | HashProof) else ()
    return _ENCODER.encode(
        Answer(
            id_token_info=IdTokenInfo(
                status=judgement.id_token_status,
                cache_expiry_date_time=judgement.valid_until,
                group_id_token=_group(decision),
            ),
            certificate_status=judgement.certificate_status,
            decision_id=decision.decision_id,
            reason=judgement.reason,
            findings=_findings(judgement),
            evidence=[_evidence(one, decided_at) for one in statuses],
        )
    )


def logged(decision: Decision, answer: bytes) -> LoggedDecision:
    """A decision as the log keeps it."""
    question, proof = decision.evidence.question, decision.evidence.proof
    path = proof.verdict.path if isinstance(proof, ChainProof | HashProof) else ()
    emaid, evse_id, seen = question.emaid, question.evse_id, None
    if decision.judgement.granted and emaid is not None and evse_id is not None:
        seen = (emaid.canonical, evse_id.canonical)
    return LoggedDecision(
        decision_id=decision.decision_id,
        tenant=decision.tenant,
        decided_at=decision.decided_at,
        granted=decision.judgement.granted,
        seen=seen,
        body=_ENCODER.encode(
            Record(
                decision_id=decision.decision_id,
                decided_at=decision.decided_at,
                question=QuestionDocument(
                    token_type=question.token_type,
                    emaid=None if emaid is None else emaid.as_received,
                    evse_id=None if evse_id is None else str(evse_id),
                    proof=mode(proof),
                    path=[certificate.fingerprint.hex() for certificate in path],
                ),
                answer=msgspec.Raw(answer),
            )
        ),
    )


def _group(decision: Decision) -> GroupIdToken | None:
    """The group of a contract that may charge; a refusal tells nothing of it."""
    standing = decision.evidence.standing
    if not decision.judgement.granted or not isinstance(standing, Contract):
        return None
    return None if standing.group is None else GroupIdToken(id_token=standing.group)


def _findings(judgement: Judgement) -> list[FindingDocument]:
    return [
        FindingDocument(
            code=finding.code,
            severity=finding.severity,
            where=finding.where,
            detail=finding.detail,
        )
        for finding in judgement.findings
    ]


def _evidence(one: CertificateEvidence, decided_at: datetime) -> EvidenceDocument:
    status = one.status
    fingerprint, serial = one.certificate.fingerprint.hex(), format(one.certificate.serial, "x")
    if isinstance(status, Unknown):
        return EvidenceDocument(
            where=one.where,
            fingerprint=fingerprint,
            serial_number=serial,
            source=one.source,
            status="unknown",
        )
    revoked = status if isinstance(status, Revoked) else None
    proof = status.proof
    return EvidenceDocument(
        where=one.where,
        fingerprint=fingerprint,
        serial_number=serial,
        source=one.source,
        status="good" if isinstance(status, Good) else "revoked",
        proof=proof.source,
        this_update=proof.this_update,
        next_update=proof.next_update,
        age_seconds=(decided_at - proof.this_update) // _SECOND,
        revoked_at=None if revoked is None else revoked.revoked_at,
        reason=None if revoked is None else revoked.reason.word,
        digest=proof.digest.hex(),
    )
