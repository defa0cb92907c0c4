"""Whether one certificate issued another, asked on a budget."""

from collections.abc import Callable
from dataclasses import dataclass, field

from certs import keys
from certs.certificate import Certificate

SIGNATURES_MAX = 24  # honest chains need four; pyca's verifier stops near here too

Issued = Callable[[Certificate, Certificate], bool]


def issued(child: Certificate, issuer: Certificate) -> bool:
    """Whether ``child``'s signature verifies under ``issuer``'s key, by that key's algorithm.

    The algorithm follows from the key and never from the certificate: a signature that claims
    another one does not verify. A key that cannot be loaded verifies nothing.
    """
    return child.signature_algorithm == keys.SIGNATURE_ALGORITHMS.get(
        issuer.key_kind
    ) and issuer.verifies(child.signature, child.tbs)


class BudgetExhausted(Exception):  # noqa: N818 - a fact of path building, turned into a finding
    """More signatures than an honest chain needs. Fatal: never "try the next path"."""


@dataclass(slots=True)
class Budget:
    """Signature checks that are left; each pair is checked once."""

    issued: Issued
    left: int = SIGNATURES_MAX
    known: dict[tuple[bytes, bytes], bool] = field(default_factory=dict)

    def links(self, child: Certificate, issuer: Certificate) -> bool:
        """Whether ``issuer`` signed ``child``; raises BudgetExhausted instead of checking on."""
        pair = (child.der, issuer.der)
        answer = self.known.get(pair)
        if answer is None:
            if self.left == 0:
                raise BudgetExhausted
            self.left -= 1
            answer = self.known[pair] = self.issued(child, issuer)
        return answer
