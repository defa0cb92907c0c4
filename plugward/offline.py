"""A decision without a service: anchors, lists and responders given by hand, the same judge."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from authz.contract import Contract, ContractState
from authz.decision import Decision, decision_id
from authz.evidence import CertificateEvidence, ChainProof, Evidence, Source
from authz.judgement import judge
from authz.policy import Policy
from authz.question import Question
from authz.record import encode_answer
from certs import pem
from certs.certificate import Certificate
from certs.chain.anchors import AnchorSet
from certs.chain.checks import position
from certs.chain.roles import Use
from certs.chain.verification import verify
from certs.identifiers.emaid import EMAID
from certs.identifiers.evse_id import EVSEID
from certs.revocation import crl
from certs.revocation.ocsp import judge_response
from certs.revocation.ocsp_request import encode_request, question_for
from certs.revocation.status import RevocationStatus, Unknown
from plugward import http
from plugward.errors import Complaint
from plugward.home import TENANT


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a user asserts where a service would know it: the contract, and revocation evidence.

    ``crls`` are DER; ``ask_ocsp`` lets the URLs in the certificates be asked.
    """

    anchors: AnchorSet
    crls: Sequence[bytes]
    ask_ocsp: bool
    state: ContractState


def decide(
    chain: Sequence[Certificate],
    statement: Statement,
    *,
    emaid: EMAID,
    evse_id: EVSEID | None,
    now: datetime,
) -> bytes:
    """The JSON that POST /v1/authorize would answer with. What is not given is not assumed."""
    verdict = verify(chain, use=Use.CONTRACT, anchors=statement.anchors, now=now)
    statuses = []
    if verdict.anchor is not None:
        for index, (certificate, issuer) in enumerate(pairwise(verdict.path)):
            status, source = _status(certificate, issuer, statement, now)
            statuses.append(
                CertificateEvidence(
                    where=position(index, len(verdict.path)),
                    certificate=certificate,
                    status=status,
                    source=source,
                )
            )
    evidence = Evidence(
        question=Question(
            token_type="eMAID",  # noqa: S106 - OCPP's name of a kind of token
            emaid=emaid,
            chain_pem=pem.encode(chain),
            evse_id=evse_id,
        ),
        proof=ChainProof(verdict=verdict, statuses=tuple(statuses)),
        standing=Contract(emaid=emaid, state=statement.state),
        gathered_at=now,
    )
    return encode_answer(
        Decision(
            decision_id=decision_id(now=now, random=secrets.token_bytes(10)),
            tenant=TENANT,
            decided_at=now,
            evidence=evidence,
            judgement=judge(evidence, Policy(), now),
        )
    )


def _status(
    certificate: Certificate, issuer: Certificate, statement: Statement, now: datetime
) -> tuple[RevocationStatus, Source]:
    """The first believable statement: a CRL that was given, then the responder."""
    status: RevocationStatus = Unknown("revocation.source_missing")
    for listed in statement.crls:
        told = crl.judge(listed, certificate=certificate, issuer=issuer, now=now)
        if not isinstance(told, Unknown):
            return told, Source.CRL
        if told.code != "revocation.crl_other_issuer":
            status = told
    if statement.ask_ocsp and certificate.ocsp_urls:
        status = _asked(certificate, issuer, now)
        if not isinstance(status, Unknown):
            return status, Source.OCSP
    return status, Source.NONE


def _asked(certificate: Certificate, issuer: Certificate, now: datetime) -> RevocationStatus:
    question = question_for(certificate, issuer)
    try:
        answer = http.fetch(
            "POST",
            certificate.ocsp_urls[0],
            headers=http.OCSP_HEADERS,
            octets=encode_request(question),
        )
    except Complaint as silent:
        return Unknown("revocation.source_unreachable", silent.text)
    return judge_response(answer, question=question, issuer=issuer, now=now)
