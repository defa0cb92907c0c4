"""What is asked of the authority, its proof of possession checked at birth."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448

from certs import der, names
from certs.edition import Edition
from certs.errors import Malformed, MalformedCertificate, MalformedDer, TooLarge
from certs.keys import SIGNATURE_ALGORITHMS, KeyKind, PublicKey, kind_of_spki, load, spki, verifies
from certs.profiles.rules import Role

CSR_OCTETS_MAX = 4_096  # a P-521 request with a full subject has 600; extensions are not read
CSR_CHARACTERS_MAX = 8_192
_ATTRIBUTES = 0xA0
# AlgorithmIdentifiers of ecdsa-with-SHA256, -SHA384 and -SHA512 (RFC 5758 3.2).
_ECDSA_DIGESTS: Mapping[bytes, hashes.HashAlgorithm] = MappingProxyType(
    {
        SIGNATURE_ALGORITHMS[KeyKind.P256]: hashes.SHA256(),
        SIGNATURE_ALGORITHMS[KeyKind.P384]: hashes.SHA384(),
        SIGNATURE_ALGORITHMS[KeyKind.P521]: hashes.SHA512(),
    }
)
_VERSION_1 = b"\x02\x01\x00"
_PEM = re.compile(
    rb"\s*-----BEGIN (NEW )?CERTIFICATE REQUEST-----\s*([A-Za-z0-9+/=\s]*)"
    rb"-----END (NEW )?CERTIFICATE REQUEST-----\s*"
)


class MalformedCsr(Malformed):
    """A certification request that cannot be read or does not prove possession of its key."""

    code = "malformed.csr"


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificationRequest:
    """As much of a PKCS #10 request (RFC 2986) as is ever used: the key, and the name asked for.

    Extensions and all other attributes are ignored: profiles decide what a certificate holds.
    """

    public_key: PublicKey
    common_name: str | None
    organization: str | None
    country: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuanceRequest:
    """A certificate asked for. Moments left open are the profile's; all others are checked by it.

    ``public_key`` comes out of a CertificationRequest, or from an operator who made the pair.
    """

    role: Role
    edition: Edition
    public_key: PublicKey
    common_name: str
    organization: str | None = None
    country: str | None = None
    variant: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None
    spki: bytes = field(init=False, repr=False)  # the key as DER subjectPublicKeyInfo

    def __post_init__(self) -> None:
        """Encodes the key once for all who look at it."""
        object.__setattr__(self, "spki", spki(self.public_key))


def parse_csr(text: str | bytes) -> CertificationRequest:
    """A certification request in PEM or DER; MalformedCsr or TooLarge where it is none.

    Its signature must verify under its own key, which proves possession (E07). Keys are of the
    kinds that sign Plug & Charge certificates, their curve named and not spelled out (E08, X21).
    """
    octets = text.encode("utf-8", "replace") if isinstance(text, str) else text
    if len(octets) > CSR_CHARACTERS_MAX:
        raise TooLarge(f"more than {CSR_CHARACTERS_MAX} characters of certification request")
    data = octets if octets[:1] == b"\x30" else _unarmoured(octets)
    if len(data) > CSR_OCTETS_MAX:
        raise TooLarge(f"more than {CSR_OCTETS_MAX} octets of certification request")
    try:
        return _read(data)
    except (MalformedDer, MalformedCertificate) as bad:
        raise MalformedCsr(f"certification request: {bad.detail}") from bad


def _unarmoured(text: bytes) -> bytes:
    block = _PEM.fullmatch(text)
    if block is None:
        raise MalformedCsr("neither DER nor one PEM block of a certification request")
    try:
        return base64.b64decode(b"".join(block[2].split()), validate=True)
    except binascii.Error as bad:
        raise MalformedCsr("the PEM block is not base64") from bad


def _read(data: bytes) -> CertificationRequest:
    start, stop = der.whole(data, der.SEQUENCE)
    begin, info_stop = der.expect(data, start, stop, der.SEQUENCE)
    info = data[start:info_stop]
    _, algorithm_stop = der.expect(data, info_stop, stop, der.SEQUENCE)
    at, signature_stop = der.expect(data, algorithm_stop, stop, der.BIT_STRING)
    if signature_stop != stop:
        raise MalformedCsr("octets after the signature")
    signature = der.bit_string(data[at:signature_stop])
    if data[begin : begin + 3] != _VERSION_1:
        raise MalformedCsr("a version other than 1")
    subject = begin + 3
    _, subject_stop = der.expect(data, subject, info_stop, der.SEQUENCE)
    _, spki_stop = der.expect(data, subject_stop, info_stop, der.SEQUENCE)
    if spki_stop != info_stop:
        _, attributes_stop = der.expect(data, spki_stop, info_stop, _ATTRIBUTES)
        if attributes_stop != info_stop:
            raise MalformedCsr("octets after the attributes")
    kind, value = kind_of_spki(data[subject_stop:spki_stop])
    if kind not in SIGNATURE_ALGORITHMS:
        raise MalformedCsr(f"a key of kind {kind.value}", code="malformed.csr_key")
    public_key = load(kind, value)
    if not _proven(public_key, data[info_stop:algorithm_stop], signature, info):
        raise MalformedCsr(
            "the signature does not prove possession of the key", code="malformed.csr_signature"
        )
    name = data[subject:subject_stop]
    return CertificationRequest(
        public_key=public_key,
        common_name=_only(name, names.COMMON_NAME),
        organization=_only(name, names.ORGANIZATION),
        country=_only(name, names.COUNTRY),
    )


def _proven(key: PublicKey, algorithm: bytes, signature: bytes, info: bytes) -> bool:
    """Whether the request was signed with the key it names, by any hash of the SHA-2 kind.

    OpenSSL signs with SHA-256 whatever the curve is; a certificate's own signature is stricter.
    """
    if isinstance(key, ed448.Ed448PublicKey):
        return algorithm == SIGNATURE_ALGORITHMS[KeyKind.ED448] and verifies(key, signature, info)
    digest = _ECDSA_DIGESTS.get(algorithm)
    if digest is None:
        return False
    try:
        key.verify(signature, info, ec.ECDSA(digest))
    except InvalidSignature:
        return False
    return True


def _only(name: bytes, oid: str) -> str | None:
    found = names.values(name, oid)
    return found[0] if len(found) == 1 else None
