"""What a second linter says of a draft, and which of its findings are explained and let be."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from certs import issuing
from certs.errors import Refused
from certs.keys import KeyKind
from certs.profiles.rules import Profile, Role


class Scope(Enum):
    """Which drafts a second opinion is asked on."""

    OFF = "off"
    SHAPES = "shapes"  # every authority, and the first leaf of each profile, issuer and kind of key
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """One finding of another linter that is more than a remark."""

    code: str
    detail: str


# Answers for the octets of a certificate; pki.ports.SecondOpinion.findings.
Ask = Callable[[bytes], tuple[Opinion, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A finding that is let be where it says just this of these roles, and why."""

    code: str
    details: frozenset[str]
    roles: frozenset[Role]
    reason: str


_OPERATORS = frozenset({Role.SECC, Role.STATION_ROOT, Role.STATION_SUB, Role.CHARGING_STATION})
# The roles whose subjects have a domain component.
_ROLES_BY_DC = {
    "V2G": frozenset({Role.V2G_ROOT, Role.CPO_SUB_1, Role.CPO_SUB_2}),
    "CPO": _OPERATORS,
    "CSO": _OPERATORS,
    "MO": frozenset({Role.MO_ROOT, Role.MO_SUB_1, Role.MO_SUB_2, Role.CONTRACT}),
    "OEM": frozenset(
        {Role.OEM_ROOT, Role.OEM_SUB_1, Role.OEM_SUB_2, Role.OEM_PROVISIONING, Role.VEHICLE}
    ),
    "CPS": frozenset({Role.CPS_SUB_1, Role.CPS_SUB_2, Role.CPS}),
}

EXPLAINED: tuple[Explained, ...] = (
    *(
        Explained(
            code="pkix.name_domain_components_invalid_domain_name",
            details=frozenset({f'Invalid domain name in domainComponents: "{dc}"'}),
            roles=roles,
            reason="ISO 15118 tells the role by one domain component; the linter reads all of a "
            "name's domain components as a domain of the DNS, which has two labels at least",
        )
        for dc, roles in _ROLES_BY_DC.items()
    ),
    Explained(
        code="pkix.key_usage_value_prohibited_for_ec",
        details=frozenset({"Prohibited key usage value(s) present: keyEncipherment"}),
        roles=frozenset({Role.CONTRACT}),
        reason="public V2G configurations set keyEncipherment on contracts, which RFC 8813 3 does "
        "not want on EC keys; for those who do not want it there is a variant without",
    ),
)


_Shape = tuple[str, str, KeyKind]  # profile, issuer's key id, kind of the subject's key


class SecondOpinions:
    """Asks for a second opinion where the scope wants one; what was found good is remembered.

    Shapes are remembered by this process alone, so that each start asks anew.
    """

    def __init__(self, scope: Scope, ask: Ask | None) -> None:
        self._scope = Scope.OFF if ask is None else scope
        self._ask = ask
        self._good: set[_Shape] = set()

    def examine(self, draft: issuing.Draft, *, issuer: str) -> None:
        """Refused, ``issuance.second_opinion``, where something is found and not explained."""
        if self._ask is None or self._scope is Scope.OFF:
            return
        profile, kind = draft.profile, draft.certificate.key_kind
        shape: _Shape = (profile.name, issuer, kind)
        known = shape in self._good and not profile.basic_constraints.ca
        if self._scope is Scope.SHAPES and known:
            return
        left = [
            opinion
            for opinion in self._ask(draft.certificate.der)
            if explanation(opinion, profile) is None
        ]
        if left:
            told = "; ".join(f"{opinion.code} ({opinion.detail})" for opinion in left)
            raise Refused("issuance.second_opinion", told)
        self._good.add(shape)


def explanation(opinion: Opinion, profile: Profile) -> Explained | None:
    """Why a finding is let be; None where it is not."""
    for explained in EXPLAINED:
        if (
            opinion.code == explained.code
            and opinion.detail in explained.details
            and profile.role in explained.roles
        ):
            return explained
    return None
