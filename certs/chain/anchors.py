"""Roots that are trusted, each for a purpose."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType

from certs import extensions, names
from certs.certificate import Certificate
from certs.chain.link import issued
from certs.chain.roles import Purpose, Use
from certs.errors import Refused

ANCHORS_MAX = 10_000  # every V2G, MO and OEM root of the world fits many times

# Deviations of foreign certificates that an anchor may tolerate below it. A tolerated one is
# recorded as a warning, another one refuses.
TOLERABLE = frozenset(
    {
        "chain.domain_component_missing",
        "chain.encoding_not_der",
        "chain.leaf_without_basic_constraints",
        "chain.leaf_without_key_usage",
    }
)
# What is tolerated where nobody said otherwise. A leaf without its role's domain component is not
# among them: its root's owner has to say so.
DEFAULT_TOLERANCES = TOLERABLE - {"chain.domain_component_missing"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A root certificate trusted for one purpose.

    ``sub_ca_roles`` records, by SHA-256 fingerprint, which use a sub-CA below this root serves
    where its own certificate does not say so. ``tolerances`` is a part of TOLERABLE.

    Raises Refused("anchor.…") for a certificate that cannot be a root: not self-signed, no CA,
    without keyCertSign, with constraints that are not processed.
    """

    certificate: Certificate
    purpose: Purpose
    tolerances: frozenset[str] = DEFAULT_TOLERANCES
    sub_ca_roles: Mapping[bytes, Use] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        root = self.certificate
        if self.tolerances - TOLERABLE:
            unknown = ", ".join(sorted(self.tolerances - TOLERABLE))
            raise Refused("anchor.tolerance_unknown", f"cannot be tolerated: {unknown}")
        # EVerest/EVerest#2109: a sub-CA installed as a root can neither be managed nor revoked.
        if not root.self_issued or not issued(root, root):
            raise Refused("anchor.not_self_signed", "a root is signed by its own key")
        constraints = root.basic_constraints
        if constraints is None or not constraints.ca:
            raise Refused("anchor.not_a_ca", "basicConstraints does not say CA")
        usage = root.key_usage
        if usage is not None and not usage & extensions.KeyUsage.KEY_CERT_SIGN:
            raise Refused("anchor.key_usage_wrong", "keyUsage does not allow keyCertSign")
        unsupported = {extensions.NAME_CONSTRAINTS, extensions.POLICY_CONSTRAINTS}
        if unsupported & root.extensions.keys():
            raise Refused("anchor.constraints_unsupported", "name or policy constraints on a root")


class AnchorSet:
    """Every root trusted by somebody; immutable, found by name, with a generation of its own.

    Two sets of the same anchors have the same generation, so caches know when to die.
    """

    __slots__ = ("_by_subject", "_roots", "anchors", "generation")

    def __init__(self, anchors: Iterable[Anchor] = ()) -> None:
        self.anchors = tuple(anchors)
        if len(self.anchors) > ANCHORS_MAX:
            raise Refused("anchor.too_many", f"more than {ANCHORS_MAX} anchors")
        digest = sha256()
        by_subject: dict[object, list[Anchor]] = {}
        for anchor in sorted(
            self.anchors, key=lambda a: (a.certificate.fingerprint, a.purpose.value)
        ):
            by_subject.setdefault(names.comparable(anchor.certificate.subject), []).append(anchor)
            digest.update(anchor.certificate.fingerprint)
            roles = sorted((k.hex(), v.value) for k, v in anchor.sub_ca_roles.items())
            digest.update(repr((anchor.purpose.value, sorted(anchor.tolerances), roles)).encode())
        self._by_subject = {name: tuple(found) for name, found in by_subject.items()}
        self._roots = {
            name: tuple(dict.fromkeys(anchor.certificate for anchor in found))
            for name, found in by_subject.items()
        }
        self.generation = digest.digest()

    def named(self, name: bytes) -> tuple[Anchor, ...]:
        """The anchors whose subject is this DER Name (RFC 5280 7.1)."""
        return self._by_subject.get(names.comparable(name), ())

    def roots(self, name: bytes) -> tuple[Certificate, ...]:
        """The certificates of these anchors, each once however many purposes it serves."""
        return self._roots.get(names.comparable(name), ())

    def __len__(self) -> int:
        return len(self.anchors)
