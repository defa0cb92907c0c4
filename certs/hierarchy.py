"""A whole V2G world in memory: every root, sub-CA, leaf and OCSP delegate of one edition.

Beside it an operator's own PKI for its charging stations.
"""

import secrets
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from certs import keys, pem
from certs.certificate import Certificate
from certs.chain.anchors import Anchor, AnchorSet
from certs.chain.roles import Purpose, Use
from certs.edition import Edition
from certs.issuing import Drafter, Request, sign
from certs.keys import KeyKind, PrivateKey, PublicKey, SoftwareSigner
from certs.profiles.catalogue import profile
from certs.profiles.ocsp_responder import CERTIFICATE_AUTHORITIES
from certs.profiles.rules import Presence, Role

OCSP_URL = "http://ocsp.v2g.example"
BACKDATED = timedelta(hours=1)  # not_before lies before now, for clocks that run behind

_SERIAL_OCTETS = 16
_DEFAULT_KINDS: Mapping[Edition, KeyKind] = MappingProxyType(
    {Edition.ISO_2: KeyKind.P256, Edition.ISO_20: KeyKind.P521}
)


class _Place(NamedTuple):
    """A role's place in the world: its issuer and its names."""

    role: Role
    issuer: Role | None
    common_name: str
    organization: str


_V2G, _CPO, _MO, _OEM, _CPS = (
    "V2G Operator",
    "Charge Point Operator",
    "Mobility Operator",
    "Vehicle Maker",
    "Provisioning Service",
)
_CHARGER = "DE-ICE-S-00003C4D557878675645330967543476-2"
_PLACES = (  # issuers before those they issue to
    _Place(Role.V2G_ROOT, None, "V2G Root CA", _V2G),
    _Place(Role.CPO_SUB_1, Role.V2G_ROOT, "CPO Sub-CA 1", _V2G),
    _Place(Role.CPO_SUB_2, Role.CPO_SUB_1, "CPO Sub-CA 2", _V2G),
    _Place(Role.SECC, Role.CPO_SUB_2, _CHARGER, _CPO),
    _Place(Role.MO_ROOT, None, "MO Root CA", _MO),
    _Place(Role.MO_SUB_1, Role.MO_ROOT, "MO Sub-CA 1", _MO),
    _Place(Role.MO_SUB_2, Role.MO_SUB_1, "MO Sub-CA 2", _MO),
    _Place(Role.CONTRACT, Role.MO_SUB_2, "DE8AA001234567", _MO),
    _Place(Role.OEM_ROOT, None, "OEM Root CA", _OEM),
    _Place(Role.OEM_SUB_1, Role.OEM_ROOT, "OEM Sub-CA 1", _OEM),
    _Place(Role.OEM_SUB_2, Role.OEM_SUB_1, "OEM Sub-CA 2", _OEM),
    _Place(Role.OEM_PROVISIONING, Role.OEM_SUB_2, "WPWPROVISIONING01", _OEM),
    _Place(Role.VEHICLE, Role.OEM_SUB_2, "WPWZZZ99ZPS000001", _OEM),
    _Place(Role.CPS_SUB_1, Role.V2G_ROOT, "CPS Sub-CA 1", _CPS),
    _Place(Role.CPS_SUB_2, Role.CPS_SUB_1, "CPS Sub-CA 2", _CPS),
    _Place(Role.CPS, Role.CPS_SUB_2, "Certificate Provisioning Service", _CPS),
    _Place(Role.STATION_ROOT, None, "Station Root CA", _CPO),
    _Place(Role.STATION_SUB, Role.STATION_ROOT, "Station Sub-CA", _CPO),
    _Place(Role.CHARGING_STATION, Role.STATION_SUB, "PLW-0001", _CPO),
)
_PLACE_OF = MappingProxyType({place.role: place for place in _PLACES})
_ROOTS: Mapping[Role, Purpose] = MappingProxyType(
    {Role.V2G_ROOT: Purpose.V2G, Role.MO_ROOT: Purpose.MO, Role.OEM_ROOT: Purpose.OEM}
)
# Which use a sub-CA serves, where it serves one alone; those of OEMs serve two.
_SUB_CA_USES: Mapping[Role, Use] = MappingProxyType(
    {
        Role.CPO_SUB_1: Use.SECC,
        Role.CPO_SUB_2: Use.SECC,
        Role.MO_SUB_1: Use.CONTRACT,
        Role.MO_SUB_2: Use.CONTRACT,
        Role.CPS_SUB_1: Use.CPS,
        Role.CPS_SUB_2: Use.CPS,
        Role.STATION_SUB: Use.CHARGING_STATION,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A certificate, the key it was made for (None where only its public half is here), its issuer.

    ``issuer`` is None for a root.
    """

    role: Role
    certificate: Certificate
    private_key: PrivateKey | None = field(repr=False, compare=False)
    issuer: "Identity | None" = field(repr=False)
    deterministic: bool = False

    @property
    def chain(self) -> tuple[Certificate, ...]:
        """Leaf first, root excluded; a root's chain is empty."""
        found = []
        at: Identity | None = self
        while at is not None and at.issuer is not None:
            found.append(at.certificate)
            at = at.issuer
        return tuple(found)

    @property
    def root(self) -> Certificate:
        """The certificate at the chain's end."""
        at = self
        while at.issuer is not None:
            at = at.issuer
        return at.certificate

    @property
    def pem(self) -> str:
        """The chain as PEM, leaf first, root excluded; a root's is its own certificate."""
        return pem.encode(self.chain or (self.certificate,))

    @property
    def signer(self) -> SoftwareSigner:
        """The door to its key; ValueError where only the public half is here."""
        if self.private_key is None:
            raise ValueError(f"no private key for {self.role.value}")
        return SoftwareSigner(self.private_key, deterministic=self.deterministic)


class World:
    """Every identity of a V2G world by its role, and the means to issue more.

    Made by grow(). ``world[Role.CONTRACT]`` is a role's first identity; ``responder(role)`` the
    OCSP delegate of a CA. The same seed and the same calls give the same octets.
    """

    def __init__(
        self,
        *,
        seed: bytes | None,
        now: datetime,
        edition: Edition,
        key_kind: KeyKind,
        ocsp_url: str,
        crl_url: str | None,
        under_v2g: Collection[Purpose],
    ) -> None:
        self.edition = edition
        self.key_kind = key_kind
        self.now = now
        self._seed = seed
        self._ocsp_url = ocsp_url
        self._crl_url = crl_url
        self._absent = {role for role, purpose in _ROOTS.items() if purpose in under_v2g}
        self._identities: dict[Role, Identity] = {}
        self._responders: dict[Role, Identity] = {}
        self._drafters: dict[bytes, Drafter] = {}
        self._asked: Counter[tuple[Role, str]] = Counter()
        self._populate()

    def __getitem__(self, role: Role) -> Identity:
        return self._identities[role]

    def __contains__(self, role: object) -> bool:
        return role in self._identities

    def __iter__(self) -> Iterator[Identity]:
        """Every first identity of a role, issuers before those they issued to."""
        return iter(self._identities.values())

    def responder(self, role: Role) -> Identity:
        """The OCSP delegate of the CA in this role."""
        return self._responders[role]

    def anchors(self) -> AnchorSet:
        """Its V2G roots, each for its purpose, with the uses of the sub-CAs below on record."""
        return AnchorSet(
            self._anchor(role, purpose) for role, purpose in _ROOTS.items() if role in self
        )

    def station_anchor(self) -> Anchor:
        """The operator's own root, as its central system trusts it, and nobody else."""
        return self._anchor(Role.STATION_ROOT, Purpose.CSMS)

    def issue(
        self,
        role: Role,
        *,
        common_name: str | None = None,
        organization: str | None = None,
        country: str | None = "DE",
        key: PrivateKey | PublicKey | None = None,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        serial: int | None = None,
        issuer: Identity | None = None,
        variant: str = "",
    ) -> Identity:
        """One more certificate of a role, linted and signed like every other.

        What is left out is boring: the role's usual issuer, name and validity (never past the
        issuer's), a key and a serial number of its own. A delegate's ``issuer`` is the CA it
        answers for. Raises Refused as issuing does, KeyError for a role this edition does not have.
        """
        rules = profile(role, self.edition, variant)
        place = _PLACE_OF.get(role)
        if issuer is None and place is not None and place.issuer is not None:
            issuer = self[self._present(place.issuer)]
        if common_name is None:
            common_name = place.common_name if place else "OCSP Responder"
        label = self._label(role, common_name)
        if key is None:
            key = self._fresh_key(label)
        private_key = key if isinstance(key, PrivateKey) else None
        not_before = not_before or self.now - BACKDATED
        if not_after is None:
            not_after = not_before + timedelta(days=rules.validity.issued_days)
            if issuer is not None:
                not_after = min(not_after, issuer.certificate.not_after)
        asked_about = rules.addresses.ocsp is Presence.REQUIRED
        request = Request(
            common_name=common_name,
            organization=organization or (place.organization if place else None),
            country=country,
            public_key=key.public_key() if isinstance(key, PrivateKey) else key,
            serial=self._fresh_serial(label) if serial is None else serial,
            not_before=not_before,
            not_after=not_after,
            ocsp_url=self._ocsp_url if asked_about else None,
            crl_url=self._crl_url_of(issuer) if asked_about else None,
        )
        draft = self._drafter(issuer).draft(request, rules)
        deterministic = self._seed is not None
        identity = Identity(
            role=role,
            certificate=draft.certificate,
            private_key=private_key,
            issuer=issuer,
            deterministic=deterministic,
        )
        return replace(identity, certificate=sign(draft, (issuer or identity).signer))

    def _anchor(self, root: Role, purpose: Purpose) -> Anchor:
        certificate = self[root].certificate
        return Anchor(
            certificate=certificate,
            purpose=purpose,
            sub_ca_roles={
                self[sub].certificate.fingerprint: use
                for sub, use in _SUB_CA_USES.items()
                if self[sub].root == certificate
            },
        )

    def _populate(self) -> None:
        for place in _PLACES:
            known = place.role is not Role.VEHICLE or self.edition is Edition.ISO_20
            if known and place.role not in self._absent:
                self._identities[place.role] = self.issue(place.role)
        for role, identity in self._identities.items():
            if role in CERTIFICATE_AUTHORITIES:
                self._responders[role] = self.issue(
                    Role.OCSP_RESPONDER,
                    issuer=identity,
                    common_name=f"OCSP {_PLACE_OF[role].common_name}",
                    organization=_PLACE_OF[role].organization,
                )

    def _present(self, role: Role) -> Role:
        return Role.V2G_ROOT if role in self._absent else role

    def _drafter(self, issuer: Identity | None) -> Drafter:
        key = b"" if issuer is None else issuer.certificate.fingerprint
        drafter = self._drafters.get(key)
        if drafter is None:
            drafter = self._drafters[key] = (
                Drafter(None)
                if issuer is None
                else Drafter(issuer.certificate, issuer_role=issuer.role)
            )
        return drafter

    def _crl_url_of(self, issuer: Identity | None) -> str | None:
        if self._crl_url is None or issuer is None:
            return None
        return f"{self._crl_url}/{(issuer.certificate.subject_key_id or b'').hex()}.crl"

    def _label(self, role: Role, common_name: str) -> bytes:
        """A name for the n-th certificate of one role and name."""
        nth = self._asked[role, common_name]
        self._asked[role, common_name] += 1
        return (
            f"{self.edition.value}|{self.key_kind.value}|{role.value}|{common_name}|{nth}".encode()
        )

    def _fresh_key(self, label: bytes) -> PrivateKey:
        if self._seed is None:
            return keys.generate(self.key_kind)
        return keys.derive(self.key_kind, _expand(self._seed, b"key|" + label, 64))

    def _fresh_serial(self, label: bytes) -> int:
        octets = (
            secrets.token_bytes(_SERIAL_OCTETS)
            if self._seed is None
            else _expand(self._seed, b"serial|" + label, _SERIAL_OCTETS)
        )
        # Positive, and of one length whatever was drawn.
        return int.from_bytes(octets, "big") >> 2 | 1 << 8 * _SERIAL_OCTETS - 2


def _expand(seed: bytes, info: bytes, octets: int) -> bytes:
    return HKDF(
        algorithm=SHA256(), length=octets, salt=None, info=b"plugward world 1|" + info
    ).derive(seed)


def grow(
    *,
    seed: bytes | None,
    now: datetime,
    edition: Edition = Edition.ISO_2,
    key_kind: KeyKind | None = None,
    ocsp_url: str = OCSP_URL,
    crl_url: str | None = None,
    under_v2g: Collection[Purpose] = (),
) -> World:
    """A V2G world: V2G, MO and OEM roots, all sub-CAs, one leaf a role, a delegate for each CA.

    The operator's own root for its stations stands beside them.

    With a ``seed`` keys, serial numbers and (deterministic) signatures follow from it and the
    arguments, for tests and demonstrations; without one everything is fresh. ``key_kind`` is the
    edition's first choice where it is None. ``crl_url`` is a base: each certificate names
    ``{crl_url}/{issuer's key identifier}.crl``. ``under_v2g`` names the purposes (MO, OEM) whose
    sub-CAs stand under the V2G root, without a root of their own. Raises Refused for keys that the
    edition does not allow.
    """
    return World(
        seed=seed,
        now=now,
        edition=edition,
        key_kind=key_kind or _DEFAULT_KINDS[edition],
        ocsp_url=ocsp_url,
        crl_url=crl_url,
        under_v2g=under_v2g,
    )
