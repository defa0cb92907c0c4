"""What a tenant trusts: its anchors, its policy, and the issuers already verified under them."""

from dataclasses import dataclass

from authz.policy import Policy
from certs.chain.verifier import ChainVerifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """A tenant's trust at one generation. The verifier remembers issuers and is not copied."""

    tenant: str
    generation: int
    policy: Policy
    verifier: ChainVerifier
