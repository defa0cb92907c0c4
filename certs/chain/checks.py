"""What RFC 5280 6.1 asks of each certificate of a path, signatures and names aside."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from certs import extensions
from certs.certificate import Certificate
from certs.extensions import Extension, KeyUsage
from certs.findings.catalogue import found
from certs.findings.finding import Finding

# Extensions that are processed, or that need no processing where they stand: certificatePolicies
# bind nobody while the initial policy set is any-policy and nothing requires an explicit one.
UNDERSTOOD = frozenset(
    {
        extensions.BASIC_CONSTRAINTS,
        extensions.KEY_USAGE,
        extensions.EXTENDED_KEY_USAGE,
        extensions.SUBJECT_KEY_IDENTIFIER,
        extensions.AUTHORITY_KEY_IDENTIFIER,
        extensions.AUTHORITY_INFORMATION_ACCESS,
        extensions.CRL_DISTRIBUTION_POINTS,
        extensions.CERTIFICATE_POLICIES,
        extensions.SUBJECT_ALTERNATIVE_NAME,
        extensions.OCSP_NO_CHECK,
    }
)
# Refused wherever they stand, critical or not: they restrict, and are not processed.
_POLICY_RESTRICTIONS = frozenset(
    {extensions.POLICY_CONSTRAINTS, extensions.POLICY_MAPPINGS, extensions.INHIBIT_ANY_POLICY}
)

Problem = tuple[str, str]  # code, detail


def position(index: int, length: int) -> str:
    """The place of a path's certificate in words: leaf, sub_ca_2, sub_ca_1, root."""
    if index == 0:
        return "leaf"
    if index == length - 1:
        return "root"
    return f"sub_ca_{length - 1 - index}"


@lru_cache(maxsize=4096)
def restrictions(shape: tuple[Extension, ...]) -> tuple[Problem, ...]:
    """Extensions that may forbid the use and are not understood."""
    problems = []
    for extension in shape:
        if extension.oid == extensions.NAME_CONSTRAINTS:
            problems.append(("chain.name_constraints_unsupported", ""))
        elif extension.oid in _POLICY_RESTRICTIONS:
            problems.append(("chain.policy_constraints_unsupported", extension.oid))
        elif extension.critical and extension.oid not in UNDERSTOOD:
            problems.append(("chain.unknown_critical_extension", extension.oid))
    return tuple(problems)


@lru_cache(maxsize=4096)
def authority(shape: tuple[Extension, ...]) -> tuple[Problem, ...]:
    """What keeps a certificate with these extensions from issuing others."""
    problems = list(restrictions(shape))
    constraints = extensions.of(shape, extensions.BASIC_CONSTRAINTS)
    if constraints is None or not extensions.read_basic_constraints(constraints).ca:
        problems.append(("chain.not_a_ca", "basicConstraints missing or cA FALSE"))
    usage = extensions.of(shape, extensions.KEY_USAGE)
    if usage is None or not extensions.read_key_usage(usage) & KeyUsage.KEY_CERT_SIGN:
        problems.append(("chain.key_usage_wrong", "keyUsage without keyCertSign"))
    return tuple(problems)


@lru_cache(maxsize=4096)
def path_length(shape: tuple[Extension, ...]) -> int | None:
    """The pathLenConstraint, None where there is none."""
    constraints = extensions.of(shape, extensions.BASIC_CONSTRAINTS)
    if constraints is None:
        return None
    return extensions.read_basic_constraints(constraints).path_length


def validity(certificate: Certificate, now: datetime, where: str) -> tuple[Finding, ...]:
    """Whether ``now`` is inside the validity, its last second included (RFC 5280 4.1.2.5)."""
    # the last second lasts until the next one begins: fractions of ``now`` do not count
    if now > certificate.not_after and now.replace(microsecond=0) > certificate.not_after:
        detail = f"notAfter {certificate.not_after:%Y-%m-%dT%H:%M:%SZ}"
        return (found("chain.expired", where=where, detail=detail),)
    if now < certificate.not_before:
        detail = f"notBefore {certificate.not_before:%Y-%m-%dT%H:%M:%SZ}"
        return (found("chain.not_yet_valid", where=where, detail=detail),)
    return ()


def key_identifiers(child: Certificate, issuer: Certificate, where: str) -> tuple[Finding, ...]:
    """Whether the child names the key that signed it. An aid to path building, not a check."""
    named = child.authority_key_id
    if named is None or issuer.subject_key_id is None or named == issuer.subject_key_id:
        return ()
    return (found("chain.key_identifier_mismatch", where=where),)


def authorities(path: Sequence[Certificate], now: datetime) -> tuple[Finding, ...]:
    """What RFC 5280 says against the CAs of a path.

    ``path`` goes from leaf to root, signatures and names already chained. The root's extensions
    are its owner's to judge when it becomes an anchor; its validity and pathLenConstraint bind
    (X30, X01), its extendedKeyUsage does not (real V2G roots carry OCSPSigning).
    """
    findings: list[Finding] = []
    length = len(path)
    below = 0  # intermediates so far that are not self-issued (RFC 5280 6.1.4 (l), X18)
    for index in range(1, length):
        certificate = path[index]
        where = position(index, length)
        findings += validity(certificate, now, where)
        limit = path_length(certificate.shape)
        if limit is not None and below > limit:
            detail = f"{below} below a pathLenConstraint of {limit}"
            findings.append(found("chain.path_length_exceeded", where=where, detail=detail))
        if index < length - 1:
            problems = authority(certificate.shape)
            findings += [found(code, where=where, detail=detail) for code, detail in problems]
            constraints = extensions.of(certificate.shape, extensions.BASIC_CONSTRAINTS)
            if constraints is not None and not constraints.critical:
                findings.append(found("chain.basic_constraints_not_critical", where=where))
            findings += key_identifiers(certificate, path[index + 1], where)
            if not certificate.self_issued:
                below += 1
    return tuple(findings)


def end_entity(leaf: Certificate, now: datetime) -> tuple[Finding, ...]:
    """What RFC 5280 says against the leaf of a path."""
    problems = restrictions(leaf.shape)
    if not problems:
        return validity(leaf, now, "leaf")
    findings = [found(code, where="leaf", detail=detail) for code, detail in problems]
    return (*findings, *validity(leaf, now, "leaf"))
