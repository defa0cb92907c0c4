"""Building paths from a leaf to a root, on a budget."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from certs import names
from certs.certificate import Certificate
from certs.chain.link import Budget, BudgetExhausted
from certs.findings.catalogue import found
from certs.findings.finding import Finding, Severity

PATH_CERTIFICATES_MAX = 6  # leaf, four sub-CAs (-2 SubCertificates maxOccurs 4), root
PATHS_MAX = 16  # complete paths that are judged before the best is taken

Roots = Callable[[bytes], Sequence[Certificate]]  # the roots of this DER Name
Judge = Callable[[tuple[Certificate, ...]], tuple[Finding, ...]]  # of a complete path
Path = tuple[Certificate, ...]  # leaf first, root last


def errors(findings: Sequence[Finding]) -> int:
    """How many of these findings refuse."""
    return sum([finding.severity is Severity.ERROR for finding in findings]) if findings else 0


@dataclass(slots=True)
class _Search:
    pool: Sequence[Certificate]
    roots: Roots
    budget: Budget
    certificates_max: int
    deepest: Path = ()
    broken: list[tuple[int, Certificate]] = field(default_factory=list)  # links that did not hold
    too_long: bool = False

    def _linked(self, path: Path, issuers: Sequence[Certificate]) -> Iterator[Certificate]:
        """Those of ``issuers`` that signed the path's last certificate, likeliest first."""
        child = path[-1]
        named = child.authority_key_id
        if len(issuers) > 1:
            # sorted, not filtered: a wrong key identifier costs an issuer its place and no more
            issuers = sorted(issuers, key=lambda issuer: issuer.subject_key_id != named)
        for issuer in issuers:
            if self.budget.links(child, issuer):
                yield issuer
            elif named is None or issuer.subject_key_id in {None, named}:
                self.broken.append((len(path) - 1, child))

    def complete(self, path: Path) -> Iterator[Path]:
        """Every path that goes on from this one to a root, likeliest first."""
        if len(path) > len(self.deepest):
            self.deepest = path
        child = path[-1]
        roots = self.roots(child.issuer)
        if child in roots:
            yield path
            return
        if roots:
            for root in self._linked(path, roots):
                yield (*path, root)
        # a certificate stands in a path once: cycles end here (X12)
        name = child.issuer
        onward = [
            issuer
            for issuer in self.pool
            if names.same(issuer.subject, name) and issuer not in path
        ]
        if not onward:
            return
        if len(path) + 1 >= self.certificates_max:
            self.too_long = True
            return
        for issuer in self._linked(path, onward):
            yield from self.complete((*path, issuer))

    def failure(self) -> tuple[Finding, ...]:
        """Why no path reached a root."""
        if self.broken:
            index, certificate = self.broken[-1]
            where = "leaf" if index == 0 else "chain"
            detail = names.text(certificate.subject)
            return (found("chain.signature_invalid", where=where, detail=detail),)
        if self.too_long:
            return (found("chain.too_long", where="chain"),)
        top = self.deepest[-1]
        code = "chain.issuer_missing"
        if len(self.deepest) > 1 or top.self_issued:
            code = "chain.anchor_unknown"
        detail = f"nobody named {names.text(top.issuer)} is trusted or was presented"
        return (found(code, where="chain", detail=detail),)


def search(
    leaf: Certificate,
    pool: Sequence[Certificate],
    *,
    roots: Roots,
    judge: Judge,
    budget: Budget,
    certificates_max: int = PATH_CERTIFICATES_MAX,
) -> tuple[Path, tuple[Finding, ...]]:
    """The first path from ``leaf`` over ``pool`` to a root that ``judge`` finds no error in.

    Where all have errors, the one with the fewest, so that its findings explain the refusal.
    Where none reaches a root, an empty path and the reason. Roots come before the pool, issuers
    whose key identifier matches before others; the budget's end is final.
    """
    state = _Search(pool, roots, budget, certificates_max)
    best: tuple[Path, tuple[Finding, ...]] | None = None
    judged = 0
    try:
        for path in state.complete((leaf,)):
            findings = judge(path)
            judged += 1
            if not errors(findings):
                return path, findings
            if best is None or errors(findings) < errors(best[1]):
                best = (path, findings)
            if judged == PATHS_MAX:
                break
    except BudgetExhausted:
        detail = f"{len(pool)} certificates presented"
        return (), (found("chain.budget_exhausted", where="chain", detail=detail),)
    return best if best is not None else ((), state.failure())
