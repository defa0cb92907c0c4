"""How a decision shows in the metrics, whichever door it was asked through."""

from authz.adapters.metrics import Metrics
from authz.decision import Decision
from authz.evidence import ChainProof, HashProof
from authz.record import mode
from certs.revocation.status import Unknown


def count(metrics: Metrics, decision: Decision, seconds: float) -> None:
    """Counts a decision, how long it took, and how old the evidence was that it rests on."""
    judgement, proof = decision.judgement, decision.evidence.proof
    metrics.decided(
        result=judgement.id_token_status.value,
        reason=judgement.reason,
        mode=mode(proof),
        seconds=seconds,
    )
    for one in proof.statuses if isinstance(proof, ChainProof | HashProof) else ():
        if not isinstance(one.status, Unknown):
            age = decision.decided_at - one.status.proof.this_update
            metrics.evidence_age(age.total_seconds())
