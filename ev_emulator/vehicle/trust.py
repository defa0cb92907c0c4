"""Whether a vehicle believes the charger it is connected to: chain, role and staple."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum

from certs.certificate import parse
from certs.chain.anchors import AnchorSet
from certs.chain.roles import Use
from certs.chain.verification import verify
from certs.edition import Edition
from certs.errors import Malformed
from certs.revocation.hash_data import HashAlgorithm
from certs.revocation.ocsp import OcspPolicy, judge_response
from certs.revocation.ocsp_request import question_for
from certs.revocation.status import Good, RevocationStatus
from certs.revocation.status import findings as status_findings
from ev_emulator.reasons import Failure, of_findings

# Responders index their answers by one hash; deployed ones by SHA-1 more often than not.
_HASHES = (HashAlgorithm.SHA256, HashAlgorithm.SHA1)
_POLICY = OcspPolicy()


class Staple(Enum):
    """What to do about a charger that sends no OCSP response."""

    REQUIRE = "require"
    ACCEPT_ABSENT = "accept-absent"  # a bad one is refused all the same


def objection_to_charger(
    chain: Sequence[bytes],
    staple: bytes,
    *,
    anchors: AnchorSet,
    now: datetime,
    policy: Staple,
    edition: Edition,
) -> Failure | None:
    """Why the vehicle does not believe a charger; None where it does.

    The chain (DER, leaf first) has to lead to a V2G root as a charger's, its leaf with the domain
    component CPO; the staple has to say that the leaf is good.
    """
    try:
        certificates = tuple(parse(der) for der in chain)
    except Malformed as bad:
        return Failure(code="link.charger_not_trusted", detail=bad.detail)
    verdict = verify(certificates, use=Use.SECC, anchors=anchors, now=now, edition=edition)
    failure = of_findings(verdict.findings, edition=edition)
    if failure is not None or not verdict.valid:
        return failure or Failure(code="link.charger_not_trusted")
    if not staple:
        absent = Failure(code="link.staple_missing")
        return absent if policy is Staple.REQUIRE else None
    leaf, issuer = verdict.path[0], verdict.path[1]
    statuses: list[RevocationStatus] = []
    for algorithm in _HASHES:
        question = question_for(leaf, issuer, hash_algorithm=algorithm)
        status = judge_response(staple, question=question, issuer=issuer, now=now, policy=_POLICY)
        if isinstance(status, Good):
            return None
        statuses.append(status)
    return of_findings(status_findings(statuses[0], where="leaf"), edition=edition)
