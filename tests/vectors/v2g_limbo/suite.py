"""What a v2g-limbo case is, and the file that all of them are written to."""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256

from certs.certificate import Certificate
from certs.chain.anchors import Anchor, AnchorSet
from certs.chain.roles import Purpose, Use
from certs.edition import Edition
from certs.hierarchy import Identity, World
from certs.keys import KeyKind
from certs.profiles.rules import Role
from tests.world import NOW, crooked, valid_world

LEAVES = {
    Use.CONTRACT: Role.CONTRACT,
    Use.SECC: Role.SECC,
    Use.OEM_PROVISIONING: Role.OEM_PROVISIONING,
    Use.CPS: Role.CPS,
    Use.VEHICLE: Role.VEHICLE,
}
PURPOSES = {
    Purpose.V2G: Role.V2G_ROOT,
    Purpose.MO: Role.MO_ROOT,
    Purpose.OEM: Role.OEM_ROOT,
}


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A valid world that cases stray from, and its short name in their ids."""

    tag: str
    world: World

    @property
    def uses(self) -> list[Use]:
        return [use for use, role in LEAVES.items() if role in self.world]

    def chain(self, role: Role = Role.CONTRACT, *exchanged: Identity) -> tuple[Certificate, ...]:
        """A role's chain, leaf first and without the root, some of its members exchanged."""
        instead = {identity.role: identity for identity in exchanged}
        chain = []
        identity = self.world[role]
        while identity.issuer is not None:
            chain.append(instead.get(identity.role, identity).certificate)
            identity = identity.issuer
        return tuple(chain)

    def anchors(self, *exchanged: Identity) -> AnchorSet:
        """The world's anchors, some of its roots exchanged."""
        instead = {self.world[e.role].certificate: e.certificate for e in exchanged}
        return AnchorSet(
            replace(anchor, certificate=instead.get(anchor.certificate, anchor.certificate))
            for anchor in self.world.anchors().anchors
        )


P256 = Ground(tag="p256", world=valid_world())
P521 = Ground(tag="p521", world=valid_world(Edition.ISO_20, KeyKind.P521))
ED448 = Ground(tag="ed448", world=valid_world(Edition.ISO_20, KeyKind.ED448))
GROUNDS = (P256, P521, ED448)
_BELOW_V2G = frozenset({Purpose.MO, Purpose.OEM})
ONE_ROOT = tuple(
    Ground(
        tag=f"{ground.tag}-one-root",
        world=valid_world(ground.world.edition, ground.world.key_kind, _BELOW_V2G),
    )
    for ground in GROUNDS
)


def under(identity: Identity, issuer: Identity) -> Identity:
    """An identity as a CA of the same names would have issued it, the chain following."""
    return crooked(identity, under=issuer)


def _stamp(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@dataclass
class Suite:
    """Cases, and every certificate they name once."""

    certificates: dict[str, str] = field(default_factory=dict)
    stores: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    cases: dict[str, dict[str, object]] = field(default_factory=dict)
    _names: dict[bytes, str] = field(default_factory=dict)

    def _named(self, certificate: Certificate | bytes) -> str:
        octets = certificate if isinstance(certificate, bytes) else certificate.der
        name = sha256(octets).hexdigest()
        self.certificates[name] = base64.b64encode(octets).decode()
        return name

    def _anchor(self, anchor: Anchor) -> dict[str, object]:
        found: dict[str, object] = {
            "certificate": self._named(anchor.certificate),
            "purpose": anchor.purpose.value,
            "tolerances": sorted(anchor.tolerances),
        }
        if anchor.sub_ca_roles:
            roles = sorted((k.hex(), use.value) for k, use in anchor.sub_ca_roles.items())
            found["sub_ca_roles"] = dict(roles)
        return found

    def _store(self, anchors: AnchorSet) -> str:
        known = self._names.get(anchors.generation)
        if known is None:
            known = self._names[anchors.generation] = f"store-{len(self._names) + 1}"
            self.stores[known] = [self._anchor(anchor) for anchor in anchors.anchors]
        return known

    def _add(
        self,
        identifier: str,
        description: str,
        citation: str,
        *,
        result: str,
        chain: Sequence[Certificate | bytes] = (),
        pem: str | None = None,
        anchors: AnchorSet,
        use: Use = Use.CONTRACT,
        edition: Edition | None = None,
        now: datetime = NOW,
        findings: Iterable[str] = (),
        **more: object,
    ) -> None:
        if identifier in self.cases:
            raise ValueError(f"two cases are called {identifier}")
        case: dict[str, object] = {
            "id": identifier,
            "description": description,
            "citation": citation,
            "validation_time": _stamp(now),
            "trusted_certs": self._store(anchors),
        }
        if pem is None:
            case["peer_certificate"] = self._named(chain[0])
            case["untrusted_intermediates"] = [self._named(other) for other in chain[1:]]
        else:
            case["presented_pem"] = pem
        case["use"] = use.value
        case["edition"] = edition.value if edition else None
        case.update(more)
        case["expected_result"] = result
        case["expected_findings"] = sorted(findings)
        self.cases[identifier] = case

    def accept(self, identifier: str, description: str, citation: str, **more) -> None:
        """A chain that must be accepted, with these findings and no others."""
        self._add(identifier, description, citation, result="SUCCESS", **more)

    def refuse(
        self, identifier: str, description: str, citation: str, *findings: str, **more
    ) -> None:
        """A chain that must be refused for these findings and no others."""
        if not findings:
            raise ValueError(f"{identifier}: refused for no reason")
        self._add(identifier, description, citation, result="FAILURE", findings=findings, **more)

    def encode(self) -> str:
        """The file's text: one line for every certificate, store and case."""

        def lines(mapping: dict[str, object]) -> str:
            return ",\n".join(
                f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'))}"
                for key, value in sorted(mapping.items())
            )

        cases = ",\n".join(
            json.dumps(case, separators=(",", ":")) for _, case in sorted(self.cases.items())
        )
        return (
            '{"version":1,\n"certificates":{\n'
            + lines(dict(self.certificates))
            + '\n},\n"trust_stores":{\n'
            + lines(dict(self.stores))
            + '\n},\n"testcases":[\n'
            + cases
            + "\n]}\n"
        )
