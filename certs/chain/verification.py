"""The verdict on a presented chain: to which anchor it leads, and what speaks against it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from certs import extensions, keys, names
from certs.certificate import Certificate
from certs.chain import checks, roles
from certs.chain.anchors import Anchor, AnchorSet
from certs.chain.link import Budget, issued
from certs.chain.path import PATH_CERTIFICATES_MAX, Path, errors, search
from certs.chain.roles import Use
from certs.edition import Edition
from certs.extensions import Extension, KeyUsage
from certs.findings.catalogue import found
from certs.findings.finding import Finding, Severity

PRESENTED_MAX = 16  # a chain of six with every certificate twice and a stray root or two
# certificateType of the editions' schemas
CERTIFICATE_OCTETS_MAX = {Edition.ISO_2: 800, Edition.ISO_20: 1600}

_ANY_PURPOSE = "2.5.29.37.0"
# The one purpose of RFC 5280 4.2.1.12 that fits each use; contract, provisioning and CPS keys
# sign messages, for which no purpose exists.
_PURPOSES = {
    Use.SECC: "1.3.6.1.5.5.7.3.1",
    Use.VEHICLE: "1.3.6.1.5.5.7.3.2",
    Use.CHARGING_STATION: "1.3.6.1.5.5.7.3.2",
}


# Not frozen, for one is made in every authorization and freezing makes that three times as slow.
@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class ChainVerdict:
    """What became of a chain. Immutable by convention.

    ``path`` goes from leaf to root where one was found, and is empty otherwise; ``findings``
    hold every error and every tolerated deviation.
    """

    path: Path
    anchor: Anchor | None
    findings: tuple[Finding, ...]

    @property
    def valid(self) -> bool:
        """Whether the chain leads to an anchor and nothing speaks against it."""
        return self.anchor is not None and not errors(self.findings)


def edition_of(leaf: Certificate) -> Edition:
    """The edition whose keys a leaf has; -2 where it has neither's."""
    return Edition.ISO_20 if leaf.key_kind in keys.SIGNING_KEYS[Edition.ISO_20] else Edition.ISO_2


def _weighed(problem: tuple[str, str], anchor: Anchor, where: str) -> Finding:
    """A problem as a finding: a warning where the anchor tolerates it."""
    code, detail = problem
    severity = Severity.WARNING if code in anchor.tolerances else None
    return found(code, where=where, detail=detail, severity=severity)


def _material(certificate: Certificate, edition: Edition, where: str) -> list[Finding]:
    """Key, signature algorithm and size as the edition has them."""
    findings = []
    if certificate.key_kind not in keys.SIGNING_KEYS[edition]:
        detail = f"{certificate.key_kind.value} key, {edition.value}"
        findings.append(found("chain.algorithm_not_allowed", where=where, detail=detail))
    elif not certificate.key_plausible():
        findings.append(found("chain.key_malformed", where=where))
    if len(certificate.der) > CERTIFICATE_OCTETS_MAX[edition]:
        detail = f"{len(certificate.der)} DER octets, at most {CERTIFICATE_OCTETS_MAX[edition]}"
        findings.append(found("chain.certificate_too_large", where=where, detail=detail))
    return findings


@lru_cache(maxsize=4096)
def _purposes_fit(shape: tuple[Extension, ...], use: Use) -> bool:
    """Whether extendedKeyUsage, where there is one, has a purpose that fits."""
    purposes = extensions.of(shape, extensions.EXTENDED_KEY_USAGE)
    if purposes is None:
        return True
    allowed = {_ANY_PURPOSE, _PURPOSES.get(use, _ANY_PURPOSE)}
    return not allowed.isdisjoint(extensions.read_extended_key_usage(purposes))


@lru_cache(maxsize=4096)
def _leaf_extensions(shape: tuple[Extension, ...], use: Use) -> tuple[tuple[str, str], ...]:
    """What a leaf's extensions say against its use; tolerable or not is the anchor's to say."""
    by_oid = {extension.oid: extension for extension in shape}
    problems = []
    constraints = by_oid.get(extensions.BASIC_CONSTRAINTS)
    if constraints is None:
        problems.append(("chain.leaf_without_basic_constraints", ""))
    elif extensions.read_basic_constraints(constraints).ca:
        problems.append(("chain.leaf_is_ca", ""))
    usage = by_oid.get(extensions.KEY_USAGE)
    if usage is None:
        problems.append(("chain.leaf_without_key_usage", ""))
    else:
        bits = extensions.read_key_usage(usage)
        if not bits & KeyUsage.DIGITAL_SIGNATURE:
            problems.append(("chain.key_usage_wrong", "keyUsage without digitalSignature"))
        if bits & KeyUsage.KEY_CERT_SIGN:
            problems.append(("chain.key_usage_wrong", "keyCertSign on an end entity"))
    if not _purposes_fit(shape, use):
        problems.append(("chain.extended_key_usage_wrong", ""))
    return tuple(problems)


@lru_cache(maxsize=4096)
def _leaf_text(
    domain_components: tuple[str, ...], use: Use, edition: Edition
) -> tuple[tuple[str, str], ...]:
    code = roles.of_leaf(use, edition, domain_components)
    return ((code, ""),) if code else ()


def leaf_findings(
    leaf: Certificate,
    issuer: Certificate,
    *,
    use: Use,
    edition: Edition,
    anchor: Anchor,
    now: datetime,
) -> tuple[Finding, ...]:
    """What speaks against the leaf of a path whose CAs are judged already."""
    findings = checks.end_entity(leaf, now) + checks.key_identifiers(leaf, issuer, "leaf")
    material = _material(leaf, edition, "leaf")
    problems = (
        *_leaf_extensions(leaf.shape, use),
        *_leaf_text(leaf.domain_components, use, edition),
        *((("chain.encoding_not_der", ", ".join(leaf.quirks)),) if leaf.quirks else ()),
    )
    if not problems and not material:
        return findings
    return (*findings, *material, *(_weighed(p, anchor, "leaf") for p in problems))


def authority_findings(
    path: Path, *, use: Use, edition: Edition, anchor: Anchor, now: datetime
) -> tuple[Finding, ...]:
    """What speaks against the CAs of a path for this use."""
    findings = list(checks.authorities(path, now))
    length = len(path)
    for index in range(1, length):
        certificate = path[index]
        where = checks.position(index, length)
        if index < length - 1:
            findings += _material(certificate, edition, where)
            if not _purposes_fit(certificate.shape, use):
                findings.append(found("chain.extended_key_usage_wrong", where=where))
            if certificate.quirks:
                problem = ("chain.encoding_not_der", ", ".join(certificate.quirks))
                findings.append(_weighed(problem, anchor, where))
        elif certificate.key_kind not in keys.SIGNING_KEYS[edition]:
            detail = f"{certificate.key_kind.value} key, {edition.value}"
            findings.append(found("chain.algorithm_not_allowed", where=where, detail=detail))
    between = path[1:-1]
    findings += roles.of_authorities(
        use,
        purpose=anchor.purpose,
        recorded=tuple([anchor.sub_ca_roles.get(ca.fingerprint) for ca in between]),
        domain_components=tuple([ca.domain_components for ca in between]),
    )
    return tuple(findings)


def verify(
    presented: Sequence[Certificate],
    *,
    use: Use,
    anchors: AnchorSet,
    now: datetime,
    edition: Edition | None = None,
) -> ChainVerdict:
    """Judge a presented chain: leaf first, the rest in any order, the root optional and untrusted.

    ``edition`` follows from the leaf's key where it is not given. Revocation is not asked here.
    Nothing is raised for what a certificate says: whatever is wrong is a finding.
    """
    if not presented:
        missing = found("chain.issuer_missing", where="chain", detail="no certificate")
        return ChainVerdict(path=(), anchor=None, findings=(missing,))
    if len(presented) > PRESENTED_MAX:
        detail = f"{len(presented)} certificates, at most {PRESENTED_MAX}"
        return ChainVerdict(
            path=(), anchor=None, findings=(found("chain.too_long", where="chain", detail=detail),)
        )
    leaf = presented[0]
    edition = edition or edition_of(leaf)
    # an unrelated root in the chain is one more candidate that nothing leads to (X31)
    pool = tuple({certificate.der: certificate for certificate in presented[1:]}.values())
    trusted: dict[Path, Anchor] = {}

    def judge(path: Path) -> tuple[Finding, ...]:
        """The findings under the anchor that has the fewest errors: one root, many purposes."""
        least: tuple[Finding, ...] | None = None
        for anchor in anchors.named(path[-1].subject):
            if anchor.certificate != path[-1]:
                continue
            findings = _judge(path, use=use, edition=edition, anchor=anchor, now=now)
            if least is None or errors(findings) < errors(least):
                least = findings
                trusted[path] = anchor
        return least or ()

    path, findings = search(
        leaf,
        pool,
        roots=anchors.roots,
        judge=judge,
        budget=Budget(issued),
        certificates_max=PATH_CERTIFICATES_MAX,
    )
    return ChainVerdict(path=path, anchor=trusted.get(path), findings=findings)


def _judge(
    path: Path, *, use: Use, edition: Edition, anchor: Anchor, now: datetime
) -> tuple[Finding, ...]:
    if len(path) == 1:  # a root presented as a leaf
        return (
            *leaf_findings(path[0], path[0], use=use, edition=edition, anchor=anchor, now=now),
            found("chain.role_confused", where="leaf", detail=names.text(path[0].subject)),
        )
    return (
        *authority_findings(path, use=use, edition=edition, anchor=anchor, now=now),
        *leaf_findings(path[0], path[1], use=use, edition=edition, anchor=anchor, now=now),
    )
