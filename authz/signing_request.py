"""A station's wish for a certificate, from SignCertificate to CertificateSigned."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from types import MappingProxyType

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from certs.edition import Edition
from certs.errors import Malformed
from certs.keys import SIGNING_KEYS, kind_of_spki
from certs.profiles.rules import Role

CSR_CHARACTERS_MAX = 5_500  # OCPP 2.0.1 SignCertificateRequest.csr
CHAIN_CHARACTERS_MAX = 10_000  # OCPP 2.0.1 CertificateSignedRequest.certificateChain


class MalformedCsr(Malformed):
    """A certification request that cannot be read, or does not prove possession of its key."""

    code = "malformed.csr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a certificate type of OCPP is in the PKI. The request's key says which edition."""

    role: Role
    editions: frozenset[Edition]


V2G = "V2GCertificate"
CLIENT = "ChargingStationCertificate"
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        V2G: Kind(role=Role.SECC, editions=frozenset({Edition.ISO_2})),
        "V2G20Certificate": Kind(role=Role.SECC, editions=frozenset({Edition.ISO_20})),
        CLIENT: Kind(role=Role.CHARGING_STATION, editions=frozenset(Edition)),
    }
)


class SigningState(Enum):
    """How far a request has come."""

    ASKED = "asked"  # the authority has not answered
    SIGNED = "signed"  # the station has not taken it
    DELIVERED = "delivered"
    REJECTED = "rejected"  # by the station
    REFUSED = "refused"  # by the authority
    SUPERSEDED = "superseded"  # by a newer request of the station
    ABANDONED = "abandoned"  # after too many attempts


OPEN = frozenset({SigningState.ASKED, SigningState.SIGNED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a station asks for. ``certificate_type`` and ``request_id`` are echoed as they came.

    OCPP 1.6's own message has no room for a type and is always about the client certificate.
    """

    tenant: str
    identity: str
    csr: str = field(repr=False)
    certificate_type: str | None
    request_id: int | None
    wrapped: bool  # came inside a DataTransfer of 1.6, and is answered in one

    @property
    def kind(self) -> Kind:
        """A type that is left out is for ISO 15118, too (OCPP 2.0.1 A02)."""
        return KINDS[self.certificate_type or V2G]


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningRequest:
    """A wish as it is kept. ``chain`` is PEM, leaf first, root excluded; None until signed."""

    number: int
    wish: Wish
    state: SigningState
    attempts: int
    asked_at: datetime
    due_at: datetime
    chain: str | None = field(default=None, repr=False)
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Csr:
    """As much of a PKCS #10 request as is checked before it is forwarded."""

    common_name: str
    spki: bytes
    edition: Edition
    organization: str | None


_PEM = re.compile(r"\s*-----BEGIN (NEW )?CERTIFICATE REQUEST-----[A-Za-z0-9+/=\s]+-----END ")


def read_csr(text: str, kind: Kind) -> Csr:
    """A request in PEM that proves possession of a key of its edition (E07); MalformedCsr.

    A station's own certificate names its operator too (OCPP 2.0.1 A00, number unverified).
    """
    if len(text) > CSR_CHARACTERS_MAX or not _PEM.match(text):
        raise MalformedCsr("no certification request in PEM")
    try:
        request = x509.load_pem_x509_csr(text.encode("ascii"))
        proves = request.is_signature_valid
        spki = request.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        names = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        operators = request.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    except (ValueError, UnsupportedAlgorithm, InvalidSignature) as bad:
        raise MalformedCsr("a certification request that cannot be read") from bad
    if not proves:
        raise MalformedCsr("signed with another key than its own")
    edition = _edition_of(spki)
    if edition not in kind.editions:
        words = " or ".join(sorted(each.value for each in kind.editions))
        raise MalformedCsr(f"a key that {words} does not have")
    if len(names) != 1:
        raise MalformedCsr("not one common name")
    if kind.role is Role.CHARGING_STATION and len(operators) != 1:
        raise MalformedCsr("not one organisation")
    return Csr(
        common_name=str(names[0].value),
        spki=spki,
        edition=edition,
        organization=str(operators[0].value) if len(operators) == 1 else None,
    )


def _edition_of(spki: bytes) -> Edition | None:
    """The edition whose keys this is one of; they have none in common."""
    try:
        kind, _ = kind_of_spki(spki)
    except Malformed:
        return None
    return next((edition for edition, kinds in SIGNING_KEYS.items() if kind in kinds), None)


def same_name(one: str, other: str) -> bool:
    """Whether two names of a station are one: separators and letter case apart."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return name.replace("*", "").replace("-", "").upper()
