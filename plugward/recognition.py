"""Which profile a certificate was most likely made after."""

from certs.certificate import Certificate
from certs.findings.finding import Finding, Severity
from certs.linting import lint
from certs.profiles.catalogue import PROFILES
from certs.profiles.rules import Profile

Measured = tuple[Profile, tuple[Finding, ...]]

_WEIGHTS = {Severity.ERROR: 100, Severity.WARNING: 10, Severity.NOTICE: 1}


def nearest(certificate: Certificate) -> tuple[Measured, ...]:
    """The profiles that a certificate deviates least from, with the deviations.

    Several where they weigh the same, none where none admits its key. Variants are left out: they
    differ in a disputed rule from a profile that is there already.
    """
    measured = [
        (profile, lint(certificate, profile))
        for profile in PROFILES
        if not profile.variant and certificate.key_kind in profile.algorithms.keys
    ]
    least = min((_weight(findings) for _, findings in measured), default=0)
    return tuple(pair for pair in measured if _weight(pair[1]) == least)


def _weight(findings: tuple[Finding, ...]) -> int:
    return sum(_WEIGHTS[finding.severity] for finding in findings)
