"""Every certificate profile there is, found by role or by name."""

from types import MappingProxyType

from certs.edition import Edition
from certs.profiles import cpo, cps, mo, ocsp_responder, oem, station, v2g
from certs.profiles.rules import Profile, Role

PROFILES: tuple[Profile, ...] = tuple(
    profile
    for table in (v2g, cpo, mo, oem, cps, station, ocsp_responder)
    for profile in table.PROFILES
)

_BY_NAME = MappingProxyType({profile.name: profile for profile in PROFILES})
_BY_ROLE = MappingProxyType(
    {(profile.role, profile.edition, profile.variant): profile for profile in PROFILES}
)


def profile(role: Role, edition: Edition, variant: str = "") -> Profile:
    """The profile of a role in an edition; KeyError where the edition has no such role."""
    return _BY_ROLE[role, edition, variant]


def by_name(name: str) -> Profile:
    """The profile of this name, as in ``iso15118-2/contract``; KeyError where there is none."""
    return _BY_NAME[name]


def names() -> tuple[str, ...]:
    """The names of all profiles, in the catalogue's order."""
    return tuple(_BY_NAME)
