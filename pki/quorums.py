"""How many of how many have to approve what: read from one line of the settings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from certs.profiles.ocsp_responder import CERTIFICATE_AUTHORITIES
from certs.profiles.rules import Role
from pki.errors import ConfigurationRefused

PANEL_MAX = 25
_ROLES = {role.value: role for role in CERTIFICATE_AUTHORITIES}
_ENTRY = re.compile(r"(revoke )?(\*|[a-z0-9-]+): ?(\d{1,2}) of (\d{1,2})")


class Undertaking(Enum):
    """What is done with an authority."""

    ISSUE = "issue"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True)
class Quorum:
    """``needed`` approvals of a panel of at most ``panel_max``. Zero needed: nobody is asked."""

    needed: int
    panel_max: int


@dataclass(frozen=True, slots=True)
class Quorums:
    """The quorum of each undertaking and role; None stands for every other role."""

    table: Mapping[tuple[Undertaking, Role | None], Quorum]

    def of(self, undertaking: Undertaking, role: Role) -> Quorum:
        """A revocation has its own quorum where one is written down, else that of issuing."""
        written = (
            (undertaking, role),
            (undertaking, None),
            (Undertaking.ISSUE, role),
            (Undertaking.ISSUE, None),  # which parse_quorums() asks for
        )
        return next(self.table[key] for key in written if key in self.table)


def tell_quorums(quorums: Quorums) -> str:
    """The quorums as parse_quorums() reads them."""
    return ", ".join(
        f"{'revoke ' if undertaking is Undertaking.REVOKE else ''}"
        f"{'*' if role is None else role.value}: {quorum.needed} of {quorum.panel_max}"
        for (undertaking, role), quorum in quorums.table.items()
    )


def parse_quorums(text: str) -> Quorums:
    """``*: 2 of 5, v2g-root: 3 of 5, revoke *: 1 of 5``; ConfigurationRefused.

    ``*`` has to be among them. An authority's own line counts before ``*``, a line with ``revoke``
    before one without.
    """
    table: dict[tuple[Undertaking, Role | None], Quorum] = {}
    for part in text.split(","):
        form = _ENTRY.fullmatch(part.strip())
        if form is None:
            raise _refused("as in '*: 2 of 5, v2g-root: 3 of 5, revoke *: 1 of 5'")
        revoke, name, needed, panel_max = form.groups()
        if name != "*" and name not in _ROLES:
            raise _refused(f"no authority has the role {name}")
        quorum = Quorum(int(needed), int(panel_max))
        if quorum.panel_max > PANEL_MAX or quorum.needed > quorum.panel_max:
            raise _refused(f"{needed} of {panel_max}: at most all, of at most {PANEL_MAX}")
        key = (Undertaking.REVOKE if revoke else Undertaking.ISSUE, _ROLES.get(name))
        if key in table:
            raise _refused(f"{part.strip()}: told twice")
        table[key] = quorum
    if (Undertaking.ISSUE, None) not in table:
        raise _refused("no line for *")
    return Quorums(MappingProxyType(table))


def _refused(detail: str) -> ConfigurationRefused:
    return ConfigurationRefused(f"approvals: {detail}")
