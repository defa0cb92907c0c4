"""Which tenant may have which certificates, for which identities: rules kept as data."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from certs.edition import Edition
from certs.errors import Malformed, MalformedIdentifier, Refused
from certs.identifiers import prefixes
from certs.profiles import catalogue
from certs.profiles.rules import NameForm, Profile, Role
from pki.authority.identity import Identity

ANY = "*"  # every identity, written down on purpose
GRANTS_MAX = 64
PREFIXES_MAX = 1_000
TEXT_CHARACTERS_MAX = 64

# How a prefix of each form of common name is read; names without a form are compared as they are.
_READERS = {
    NameForm.EMAID: prefixes.provider_id,
    NameForm.PCID: prefixes.wmi,
    NameForm.CHARGER: prefixes.operator_id,
    NameForm.SECCID: prefixes.operator_id,
}
_OPTIONAL = {"editions", "registered", "key_reuse"}
_FIELDS = {"role", "prefixes"} | _OPTIONAL


class MalformedPolicy(Malformed):
    """A policy that cannot be read; the detail says where."""

    code = "malformed.policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One thing a tenant may have: certificates of a role in some editions, for some identities.

    ``prefixes`` are canonical (``DE8AA``, ``WPW``), ``*`` among them covers everything.
    ``registered`` asks that each common name was registered beforehand. ``key_reuse`` lets a
    subject have a further certificate for the key that it has already.
    """

    role: Role
    editions: frozenset[Edition]
    prefixes: frozenset[str]
    registered: bool = False
    key_reuse: bool = True

    def covers(self, identity: Identity) -> bool:
        """Whether the identity lies below one of the prefixes."""
        if ANY in self.prefixes:
            return True
        if identity.prefix is not None:
            return identity.prefix in self.prefixes
        # A name that is no identifier is covered only where the role's names are plain text.
        return self.is_text and any(map(identity.canonical.startswith, self.prefixes))

    @property
    def is_text(self) -> bool:
        """Whether the role's common names are plain text, its prefixes then beginnings of it."""
        return all(form not in _READERS for form in _forms(self.role, self.editions))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What one tenant may have. Versions count up from 1; the highest one counts, others stay."""

    tenant: str
    version: int
    grants: tuple[Grant, ...]
    set_at: datetime
    set_by: str


def grant_for(policy: Policy | None, profile: Profile, identity: Identity) -> Grant:
    """The grant that permits this; Refused where there is none (E04, E05).

    The least demanding of several counts, since each of them alone permits it.
    """
    if policy is None:
        raise Refused("registration.policy_absent", "this tenant has no issuance policy")
    fit = [
        grant
        for grant in policy.grants
        if grant.role is profile.role and profile.edition in grant.editions
    ]
    if not fit:
        raise Refused(
            "registration.profile_not_permitted", f"this tenant may not have {profile.name}"
        )
    covering = [grant for grant in fit if grant.covers(identity)]
    if not covering:
        told = "no identifier" if identity.prefix is None else f"prefix {identity.prefix}"
        raise Refused(
            "registration.identity_not_permitted",
            f"{told}: not among this tenant's for {profile.name}",
        )
    return min(covering, key=lambda grant: (grant.registered, not grant.key_reuse))


def everything() -> tuple[Grant, ...]:
    """Grants of every leaf role for every identity: for a world of one's own."""
    roles = {
        profile.role: frozenset(
            each.edition for each in catalogue.PROFILES if each.role is profile.role
        )
        for profile in catalogue.PROFILES
        if not profile.basic_constraints.ca and profile.role is not Role.OCSP_RESPONDER
    }
    return tuple(
        Grant(role=role, editions=editions, prefixes=frozenset({ANY}))
        for role, editions in roles.items()
    )


def parse_grants(told: object) -> tuple[Grant, ...]:
    """Grants of a decoded JSON list, their prefixes made canonical; MalformedPolicy."""
    if not isinstance(told, list) or len(told) > GRANTS_MAX:
        raise MalformedPolicy(f"grants are a list of at most {GRANTS_MAX}")
    return tuple(_grant(each, f"grants[{number}]") for number, each in enumerate(told))


def tell_grants(grants: Sequence[Grant]) -> list[dict[str, object]]:
    """Grants as JSON values, every field written out."""
    return [
        {
            "role": grant.role.value,
            "editions": sorted(edition.value for edition in grant.editions),
            "prefixes": sorted(grant.prefixes),
            "registered": grant.registered,
            "key_reuse": grant.key_reuse,
        }
        for grant in grants
    ]


def decode_grants(text: str) -> tuple[Grant, ...]:
    """Grants of a JSON text; MalformedPolicy."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as bad:
        raise MalformedPolicy("not JSON") from bad
    return parse_grants(told)


def encode_grants(grants: Sequence[Grant]) -> str:
    """Grants as a JSON text, as decode_grants() reads it."""
    return json.dumps(tell_grants(grants), separators=(",", ":"))


def _grant(told: object, where: str) -> Grant:
    if not isinstance(told, dict) or set(told) - _FIELDS or {"role", "prefixes"} - set(told):
        raise MalformedPolicy(f"{where}: role and prefixes, perhaps {', '.join(sorted(_OPTIONAL))}")
    role = _leaf_role(told["role"], where)
    editions = _editions(told, role, where)
    return Grant(
        role=role,
        editions=editions,
        prefixes=_prefixes(told["prefixes"], role, editions, where),
        registered=_flag(told, "registered", where, default=False),
        key_reuse=_flag(told, "key_reuse", where, default=True),
    )


def _leaf_role(told: object, where: str) -> Role:
    roles = {grant.role.value: grant.role for grant in everything()}
    if not isinstance(told, str) or told not in roles:
        raise MalformedPolicy(f"{where}.role: one of {', '.join(roles)}")
    return roles[told]


def _editions(told: Mapping[str, object], role: Role, where: str) -> frozenset[Edition]:
    known = next(grant.editions for grant in everything() if grant.role is role)
    if "editions" not in told:
        return known
    words = {edition.value: edition for edition in known}
    given = _texts(told["editions"], f"{where}.editions", at_most=len(Edition))
    if set(given) - set(words):
        raise MalformedPolicy(f"{where}.editions: of {', '.join(sorted(words))}")
    return frozenset(words[word] for word in given)


def _prefixes(told: object, role: Role, editions: frozenset[Edition], where: str) -> frozenset[str]:
    given = _texts(told, f"{where}.prefixes", at_most=PREFIXES_MAX)
    (form, *_) = _forms(role, editions)
    read = _READERS.get(form, str)
    try:
        return frozenset(prefix if prefix == ANY else read(prefix) for prefix in given)
    except MalformedIdentifier as bad:
        raise MalformedPolicy(f"{where}.prefixes: {bad.detail}") from bad


def _texts(told: object, where: str, *, at_most: int) -> list[str]:
    if not isinstance(told, list) or not 0 < len(told) <= at_most:
        raise MalformedPolicy(f"{where}: a list of 1 to {at_most}")
    for each in told:
        if not isinstance(each, str) or not 0 < len(each) <= TEXT_CHARACTERS_MAX:
            raise MalformedPolicy(f"{where}: texts of 1 to {TEXT_CHARACTERS_MAX} characters")
    return told


def _flag(told: Mapping[str, object], name: str, where: str, *, default: bool) -> bool:
    flag = told.get(name, default)
    if not isinstance(flag, bool):
        raise MalformedPolicy(f"{where}.{name}: true or false")
    return flag


def _forms(role: Role, editions: frozenset[Edition]) -> tuple[NameForm, ...]:
    return tuple(
        profile.subject.form
        for profile in catalogue.PROFILES
        if profile.role is role and profile.edition in editions
    )
