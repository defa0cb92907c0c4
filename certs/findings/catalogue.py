"""Every finding code there is, found by its name."""

from functools import lru_cache
from types import MappingProxyType

from certs.findings import chain, contract, identity, profile, revocation
from certs.findings.finding import Finding, Severity

ENTRIES = MappingProxyType(
    {
        entry.code: entry
        for family in (chain, profile, revocation, identity, contract)
        for entry in family.ENTRIES
    }
)


def found(
    code: str, *, where: str = "", detail: str = "", severity: Severity | None = None
) -> Finding:
    """A finding with its catalogued severity, unless a policy says another one.

    A code that the catalogue does not list is a bug and raises KeyError.
    """
    if not detail and severity is None:
        return _plain(code, where)
    entry = ENTRIES[code]
    return Finding(code=code, severity=severity or entry.severity, where=where, detail=detail)


@lru_cache(maxsize=1_024)
def _plain(code: str, where: str) -> Finding:
    """One that says no more than its code and its place: the same for everybody."""
    return Finding(code=code, severity=ENTRIES[code].severity, where=where)
