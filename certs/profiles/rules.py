"""The vocabulary of certificate profiles: what a rule can say, as data."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import ClassVar

from certs.edition import Edition
from certs.extensions import OCSP_SIGNING, KeyUsage
from certs.keys import KeyKind

SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
_PURPOSE_NAMES = {
    SERVER_AUTH: "serverAuth",
    CLIENT_AUTH: "clientAuth",
    OCSP_SIGNING: "OCSPSigning",
}


class Role(Enum):
    """What a certificate is for in a V2G PKI."""

    # Enum hashes names in Python; members are single objects, and keys of every hot table
    __hash__ = object.__hash__

    V2G_ROOT = "v2g-root"
    CPO_SUB_1 = "cpo-sub-1"
    CPO_SUB_2 = "cpo-sub-2"
    SECC = "secc"
    MO_ROOT = "mo-root"
    MO_SUB_1 = "mo-sub-1"
    MO_SUB_2 = "mo-sub-2"
    CONTRACT = "contract"
    OEM_ROOT = "oem-root"
    OEM_SUB_1 = "oem-sub-1"
    OEM_SUB_2 = "oem-sub-2"
    OEM_PROVISIONING = "oem-provisioning"
    CPS_SUB_1 = "cps-sub-1"
    CPS_SUB_2 = "cps-sub-2"
    CPS = "cps"
    VEHICLE = "vehicle"  # -20 only: the EV's TLS client certificate
    STATION_ROOT = "station-root"  # the operator's own: OCPP's security profile 3
    STATION_SUB = "station-sub"
    CHARGING_STATION = "charging-station"  # the station's TLS client certificate
    OCSP_RESPONDER = "ocsp-responder"


class Presence(Enum):
    """Whether something stands in a certificate."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    FORBIDDEN = "forbidden"


class NameForm(Enum):
    """What a common name must be."""

    TEXT = "a name"
    EMAID = "eMAID"
    PCID = "PCID"
    CHARGER = "EVSEID or SECCID"
    SECCID = "SECCID"
    STATION = "a serial number, no URL or IP address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(ABC):
    """One rule of a profile: where it comes from, and the finding codes it can raise."""

    codes: ClassVar[tuple[str, ...]]
    title: ClassVar[str]

    citation: str

    @abstractmethod
    def sentence(self) -> str:
        """What the rule asks, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding(Rule):
    """Version 3, strict DER, within the octets a message carries."""

    codes = (
        "profile.default_encoded",
        "profile.basic_constraints_not_der",
        "profile.time_encoding",
        "profile.version_wrong",
        "profile.too_large",
        "profile.serial_predictable",
    )
    title = "encoding"

    octets_max: int
    serial_bits_min: int

    def sentence(self) -> str:
        return f"version 3, strict DER, at most {self.octets_max} octets, unpredictable serial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Algorithms(Rule):
    """The kinds of key that may stand here, and by which it may be signed."""

    codes = (
        "profile.key_kind_wrong",
        "profile.key_malformed",
        "profile.signature_algorithm_wrong",
    )
    title = "key"

    keys: frozenset[KeyKind]

    def sentence(self) -> str:
        return " or ".join(sorted(kind.value for kind in self.keys)) + ", signed by the same"


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicConstraintsRule(Rule):
    """basicConstraints: critical, certificate authority or not, how deep."""

    codes = (
        "profile.basic_constraints_absent",
        "profile.basic_constraints_not_critical",
        "profile.basic_constraints_wrong",
        "profile.path_length_wrong",
    )
    title = "basicConstraints"

    ca: bool
    path_length: int | None = None

    def sentence(self) -> str:
        if not self.ca:
            return "critical, no CA"
        depth = "no pathLen" if self.path_length is None else f"pathLen {self.path_length}"
        return f"critical, CA, {depth}"


NO_BITS = KeyUsage(0)
# RFC 9295 3: keys that only sign never claim to encipher or agree.
_BEYOND_SIGNING = (
    KeyUsage.KEY_ENCIPHERMENT
    | KeyUsage.DATA_ENCIPHERMENT
    | KeyUsage.KEY_AGREEMENT
    | KeyUsage.ENCIPHER_ONLY
    | KeyUsage.DECIPHER_ONLY
)

_BIT_NAMES = {
    KeyUsage.DIGITAL_SIGNATURE: "digitalSignature",
    KeyUsage.CONTENT_COMMITMENT: "nonRepudiation",
    KeyUsage.KEY_ENCIPHERMENT: "keyEncipherment",
    KeyUsage.DATA_ENCIPHERMENT: "dataEncipherment",
    KeyUsage.KEY_AGREEMENT: "keyAgreement",
    KeyUsage.KEY_CERT_SIGN: "keyCertSign",
    KeyUsage.CRL_SIGN: "cRLSign",
    KeyUsage.ENCIPHER_ONLY: "encipherOnly",
    KeyUsage.DECIPHER_ONLY: "decipherOnly",
}


def bit_names(usage: KeyUsage) -> str:
    """The names of keyUsage bits as RFC 5280 writes them."""
    return ", ".join(name for bit, name in _BIT_NAMES.items() if bit in usage) or "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUsageRule(Rule):
    """keyUsage: critical; the bits we issue, those that must be there, those that may."""

    codes = (
        "profile.key_usage_absent",
        "profile.key_usage_not_critical",
        "profile.key_usage_wrong",
        "profile.key_usage_extra",
    )
    title = "keyUsage"

    issued: KeyUsage
    required: KeyUsage
    optional: KeyUsage = NO_BITS

    def issued_for(self, kind: KeyKind) -> KeyUsage:
        """The bits we issue for a kind of key."""
        return self.issued & ~_BEYOND_SIGNING if kind is KeyKind.ED448 else self.issued

    def bounds(self, kind: KeyKind) -> tuple[KeyUsage, KeyUsage]:
        """The bits a kind of key must have, and all that it may have."""
        every = self.required | self.optional
        if kind is KeyKind.ED448:
            return self.required & ~_BEYOND_SIGNING, every & ~_BEYOND_SIGNING
        return self.required, every

    def sentence(self) -> str:
        text = f"critical, {bit_names(self.required)}"
        if not self.optional:
            return text
        return f"{text}; also allowed {bit_names(self.optional)}; issued {bit_names(self.issued)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendedKeyUsageRule(Rule):
    """extendedKeyUsage: the purposes we issue, which must be there, and those that may."""

    codes = (
        "profile.extended_key_usage_on_root",
        "profile.ocsp_signing_on_ca",
        "profile.extended_key_usage_wrong",
    )
    title = "extendedKeyUsage"

    issued: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()

    def sentence(self) -> str:
        if self.issued:
            return ", ".join(_PURPOSE_NAMES[purpose] for purpose in self.issued)
        return ", or ".join(["none", *sorted(_PURPOSE_NAMES[purpose] for purpose in self.optional)])


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainComponentRule(Rule):
    """The domain component that tells the role; None issues none and asks for none."""

    codes = ("profile.domain_component_absent", "profile.domain_component_wrong")
    title = "DC"

    issued: str | None
    others_allowed: bool = False

    def sentence(self) -> str:
        if self.issued is None:
            return "any" if self.others_allowed else "none"
        return self.issued


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRule(Rule):
    """The common name's form, and what else a subject names."""

    codes = (
        "profile.common_name_absent",
        "profile.common_name_wrong",
        "profile.common_name_check_digit",
        "profile.organization_absent",
        "profile.country_absent",
        "profile.name_attribute_unexpected",
        "profile.name_utf8",
    )
    title = "CN"

    form: NameForm
    country_expected: bool = False
    organization_expected: bool = False

    def sentence(self) -> str:
        also = (", O required" if self.organization_expected else "") + (
            ", C expected" if self.country_expected else ""
        )
        return self.form.value + also


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidityRule(Rule):
    """How many days we issue for, and between which a certificate may be valid."""

    codes = (
        "profile.validity_inverted",
        "profile.validity_too_long",
        "profile.validity_too_short",
        "profile.validity_odd",
    )
    title = "validity"

    issued_days: int
    shortest_days: int | None = None
    longest_days: int | None = None

    def sentence(self) -> str:
        bounds = []
        if self.shortest_days is not None:
            bounds.append(f"at least {self.shortest_days} days")
        if self.longest_days is not None:
            bounds.append(f"at most {self.longest_days} days")
        return ", ".join([*(bounds or ["its owner's choice"]), f"issued for {self.issued_days}"])


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressesRule(Rule):
    """Where its status is asked (OCSP) and published (CRL)."""

    codes = (
        "profile.ocsp_url_absent",
        "profile.ocsp_url_forbidden",
        "profile.crl_url_forbidden",
        "profile.url_malformed",
    )
    title = "OCSP and CRL addresses"

    ocsp: Presence
    crl: Presence

    def sentence(self) -> str:
        return f"OCSP {self.ocsp.value}, CRL {self.crl.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyIdentifiersRule(Rule):
    """Key identifiers of the subject (always) and of the issuer."""

    codes = (
        "profile.subject_key_id_absent",
        "profile.subject_key_id_short",
        "profile.authority_key_id_absent",
        "profile.authority_key_id_wrong",
    )
    title = "key identifiers"

    authority: Presence

    def sentence(self) -> str:
        return f"subject required, authority {self.authority.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspNoCheckRule(Rule):
    """Whether ocsp-nocheck stands: on delegates and nowhere else."""

    codes = ("profile.ocsp_nocheck_absent", "profile.ocsp_nocheck_misplaced")
    title = "ocsp-nocheck"

    presence: Presence

    def sentence(self) -> str:
        return self.presence.value


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionsRule(Rule):
    """Which extensions are known, may not be critical, may not stand at all."""

    codes = (
        "profile.extension_unknown_critical",
        "profile.extension_criticality_wrong",
        "profile.extension_forbidden",
    )
    title = "other extensions"

    known: frozenset[str]
    never_critical: frozenset[str]
    forbidden: frozenset[str]

    def sentence(self) -> str:
        return "no unknown critical one, no nameConstraints"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerRule(Rule):
    """Which roles may issue it; none but itself for a root. Looked at where the issuer is given."""

    codes = ("profile.issuer_name_wrong", "profile.outlives_issuer")
    title = "issuer"

    roles: frozenset[Role]

    def sentence(self) -> str:
        return " or ".join(sorted(role.value for role in self.roles)) or "itself"


# Equal by identity: the tables are built once, and profiles key the caches of issuing.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """Everything a certificate of one role and edition must be.

    ``variant`` names a choice where sources dispute a rule, empty for the choice we issue by;
    ``revision`` is the month the data was last gone over.
    """

    role: Role
    edition: Edition
    variant: str = ""
    revision: str
    encoding: Encoding
    algorithms: Algorithms
    basic_constraints: BasicConstraintsRule
    key_usage: KeyUsageRule
    extended_key_usage: ExtendedKeyUsageRule
    domain_component: DomainComponentRule
    subject: SubjectRule
    validity: ValidityRule
    addresses: AddressesRule
    key_identifiers: KeyIdentifiersRule
    ocsp_nocheck: OcspNoCheckRule
    extensions: ExtensionsRule
    issuer: IssuerRule
    # As in ``iso15118-2/secc`` or ``iso15118-2/secc+without-key-agreement``.
    name: str = field(init=False)
    is_root: bool = field(init=False)  # issued by itself alone

    def __post_init__(self) -> None:
        """Works out what follows from the rules, and is asked for with every certificate."""
        name = f"{self.edition.value}/{self.role.value}"
        object.__setattr__(self, "name", f"{name}+{self.variant}" if self.variant else name)
        object.__setattr__(self, "is_root", not self.issuer.roles)

    def rules(self) -> Iterator[Rule]:
        """Every rule, in the order of the fields."""
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, Rule):
                yield value

    def codes(self) -> frozenset[str]:
        """Every finding code that linting against this profile can raise."""
        return frozenset(code for rule in self.rules() for code in rule.codes)
