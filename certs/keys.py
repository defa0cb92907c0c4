"""Which keys Plug & Charge certificates bear, and what is signed and verified with them."""

from collections.abc import Callable, Mapping
from enum import Enum
from hashlib import sha1, sha512
from types import MappingProxyType
from typing import Protocol, assert_never

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certs import der
from certs.edition import Edition
from certs.errors import MalformedCertificate, MalformedDer

PublicKey = ec.EllipticCurvePublicKey | ed448.Ed448PublicKey
PrivateKey = ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey


class KeyKind(Enum):
    """What a subjectPublicKeyInfo holds, told by its AlgorithmIdentifier alone."""

    # Enum hashes names in Python; members are single objects, and keys of every hot table
    __hash__ = object.__hash__

    P256 = "P-256"
    P384 = "P-384"
    P521 = "P-521"
    ED448 = "Ed448"
    X448 = "X448"
    ED25519 = "Ed25519"
    SECP256K1 = "secp256k1"
    RSA = "RSA"
    EC_EXPLICIT = "explicit curve parameters"
    OTHER = "other"


# [V2G2-007] and the -20 counterpart as quoted in public code: P-256 for -2; secp521r1 or Ed448
# for -20. One edition's keys never serve the other.
SIGNING_KEYS: Mapping[Edition, frozenset[KeyKind]] = MappingProxyType(
    {
        Edition.ISO_2: frozenset({KeyKind.P256}),
        Edition.ISO_20: frozenset({KeyKind.P521, KeyKind.ED448}),
    }
)

_EC = bytes.fromhex("06072a8648ce3d0201")
# AlgorithmIdentifiers of keys, whole: parameters must be the named curve's OID and nothing else.
_KINDS = {
    bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107"): KeyKind.P256,
    bytes.fromhex("301006072a8648ce3d020106052b81040022"): KeyKind.P384,
    bytes.fromhex("301006072a8648ce3d020106052b81040023"): KeyKind.P521,
    bytes.fromhex("300506032b6571"): KeyKind.ED448,
    bytes.fromhex("300506032b656f"): KeyKind.X448,
    bytes.fromhex("300506032b6570"): KeyKind.ED25519,
    bytes.fromhex("301006072a8648ce3d020106052b8104000a"): KeyKind.SECP256K1,
    bytes.fromhex("300d06092a864886f70d0101010500"): KeyKind.RSA,
}
_CURVES: dict[KeyKind, ec.EllipticCurve] = {
    KeyKind.P256: ec.SECP256R1(),
    KeyKind.P384: ec.SECP384R1(),
    KeyKind.P521: ec.SECP521R1(),
}
# AlgorithmIdentifier of the one signature algorithm that goes with each kind of key
# (ecdsa-with-SHA256, -SHA384, -SHA512, Ed448; RFC 5758, RFC 8410: no parameters).
SIGNATURE_ALGORITHMS: Mapping[KeyKind, bytes] = MappingProxyType(
    {
        KeyKind.P256: bytes.fromhex("300a06082a8648ce3d040302"),
        KeyKind.P384: bytes.fromhex("300a06082a8648ce3d040303"),
        KeyKind.P521: bytes.fromhex("300a06082a8648ce3d040304"),
        KeyKind.ED448: bytes.fromhex("300506032b6571"),
    }
)
_ECDSA = {
    256: ec.ECDSA(hashes.SHA256()),
    384: ec.ECDSA(hashes.SHA384()),
    521: ec.ECDSA(hashes.SHA512()),
}
_ECDSA_DETERMINISTIC = {
    256: ec.ECDSA(hashes.SHA256(), deterministic_signing=True),
    384: ec.ECDSA(hashes.SHA384(), deterministic_signing=True),
    521: ec.ECDSA(hashes.SHA512(), deterministic_signing=True),
}
_ORDERS = {
    KeyKind.P256: 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    KeyKind.P521: int(
        "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa"
        "51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
        16,
    ),
}


def _unlisted(spki: bytes, start: int, stop: int) -> KeyKind:
    """The kind of an AlgorithmIdentifier that is not in the table, whose content this is."""
    oid, at = der.expect(spki, start, stop, der.OID)
    der.oid(spki[oid:at])
    parameters = None
    if at < stop:
        parameters, _, at = der.tlv(spki, at, stop)
    if at != stop:
        raise MalformedDer("octets after the algorithm's parameters")
    explicit = spki[start : start + len(_EC)] == _EC and parameters != der.OID
    return KeyKind.EC_EXPLICIT if explicit else KeyKind.OTHER


def kind_of_spki(spki: bytes) -> tuple[KeyKind, bytes]:
    """What key a DER subjectPublicKeyInfo holds, and its BIT STRING value.

    Raises MalformedCertificate where it is no SubjectPublicKeyInfo. Curve parameters that are not
    an OBJECT IDENTIFIER are told apart, because libraries load them as the named curve (X21).
    """
    try:
        start, stop = der.whole(spki, der.SEQUENCE)
        algorithm, algorithm_stop = der.expect(spki, start, stop, der.SEQUENCE)
        key, key_stop = der.expect(spki, algorithm_stop, stop, der.BIT_STRING)
        if key_stop != stop:
            raise MalformedCertificate("octets after the public key")
        value = der.bit_string(spki[key:key_stop])
        kind = _KINDS.get(spki[start:algorithm_stop])
        if kind is None:
            kind = _unlisted(spki, algorithm, algorithm_stop)
    except MalformedDer as bad:
        raise MalformedCertificate(f"subjectPublicKeyInfo: {bad.detail}") from bad
    return kind, value


def load(kind: KeyKind, value: bytes) -> PublicKey:
    """The public key of a BIT STRING value; MalformedCertificate where it is none.

    Points must be uncompressed and on the curve (X22).
    """
    try:
        if kind in _CURVES:
            if value[:1] != b"\x04":
                raise MalformedCertificate("public key is not an uncompressed point")
            return ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[kind], value)
        if kind is KeyKind.ED448:
            return ed448.Ed448PublicKey.from_public_bytes(value)
    except ValueError as bad:
        if isinstance(bad, MalformedCertificate):
            raise
        raise MalformedCertificate("public key is not a point on its curve") from bad
    raise MalformedCertificate(f"no signatures are verified with {kind.value} keys")


# SEC 2 curves y2 = x3 - 3x + b over a prime: octets of a coordinate, the prime, b.
_EQUATIONS = {
    KeyKind.P256: (
        32,
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    ),
    KeyKind.P521: (
        66,
        2**521 - 1,
        int(
            "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e1"
            "56193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
            16,
        ),
    ),
}
# Of an uncompressed point: its octets, and as one number a coordinate's bits and their mask.
_POINTS = {
    kind: (2 * octets + 1, 8 * octets, (1 << 8 * octets) - 1, prime, b)
    for kind, (octets, prime, b) in _EQUATIONS.items()
}


def plausible(kind: KeyKind, value: bytes) -> bool:
    """Whether a BIT STRING value is an uncompressed point on its curve, without loading a key.

    A few multiplications instead of a library object: leaves are judged by the thousand and
    their keys used later, if at all. Ed448 keys are only measured here; a bad one verifies
    nothing.
    """
    curve = _POINTS.get(kind)
    if curve is None:
        return kind is KeyKind.ED448 and len(value) == 57
    octets, bits, mask, prime, b = curve
    if len(value) != octets or value[0] != 4:
        return False
    point = int.from_bytes(value)
    x, y = point >> bits & mask, point & mask
    return x < prime and y < prime and not (y * y - (x * x - 3) * x - b) % prime


def kind_of(key: PublicKey | PrivateKey) -> KeyKind:
    """The kind of a loaded key."""
    match key:
        case ed448.Ed448PublicKey() | ed448.Ed448PrivateKey():
            return KeyKind.ED448
        case ec.EllipticCurvePublicKey() | ec.EllipticCurvePrivateKey():
            for kind, curve in _CURVES.items():
                if curve.name == key.curve.name:
                    return kind
            return KeyKind.SECP256K1 if key.curve.name == "secp256k1" else KeyKind.OTHER
        case _:
            assert_never(key)


def spki(key: PublicKey) -> bytes:
    """The DER subjectPublicKeyInfo of a key."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def key_identifier(subject_public_key: bytes) -> bytes:
    """RFC 5280 4.2.1.2 method 1: SHA-1 over the BIT STRING value, 20 octets."""
    return sha1(subject_public_key, usedforsecurity=False).digest()


def generate(kind: KeyKind) -> PrivateKey:
    """A fresh private key of a kind that signs."""
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind])
    if kind is KeyKind.ED448:
        return ed448.Ed448PrivateKey.generate()
    raise ValueError(f"{kind.value} keys do not sign here")


def derive(kind: KeyKind, seed: bytes) -> PrivateKey:
    """A private key that follows from ``seed``: for tests and reproducible worlds only."""
    if kind in _ORDERS:
        wide = sha512(b"plugward key 1" + seed).digest() + sha512(b"plugward key 2" + seed).digest()
        return ec.derive_private_key(
            int.from_bytes(wide, "big") % (_ORDERS[kind] - 1) + 1, _CURVES[kind]
        )
    if kind is KeyKind.ED448:
        return ed448.Ed448PrivateKey.from_private_bytes(
            sha512(b"plugward key 1" + seed).digest()[:57]
        )
    raise ValueError(f"{kind.value} keys are not derived here")


def sign(key: PrivateKey, data: bytes, *, deterministic: bool = False) -> bytes:
    """A signature over ``data``: DER ECDSA with the curve's hash, or Ed448 (114 octets).

    ``deterministic`` signs by RFC 6979; Ed448 always does.
    """
    if isinstance(key, ed448.Ed448PrivateKey):
        return key.sign(data)
    algorithms = _ECDSA_DETERMINISTIC if deterministic else _ECDSA
    return key.sign(data, algorithms[key.key_size])


def verifier(key: PublicKey) -> Callable[[bytes, bytes], bool]:
    """A function (signature, data) -> bool that verifies with this key and nothing else.

    ECDSA signatures are DER with the curve's own hash; r and s in range, minimal, nothing after
    (X23; the library re-encodes and compares). A high s is accepted, as RFC 5480 has no rule.
    """
    if isinstance(key, ed448.Ed448PublicKey):
        check = key.verify

        def ed448_verifies(signature: bytes, data: bytes) -> bool:
            try:
                check(signature, data)
            except InvalidSignature:
                return False
            return True

        return ed448_verifies

    check_ecdsa, algorithm = key.verify, _ECDSA[key.key_size]

    def ecdsa_verifies(signature: bytes, data: bytes) -> bool:
        try:
            check_ecdsa(signature, data, algorithm)
        except InvalidSignature:
            return False
        return True

    return ecdsa_verifies


def verifies(key: PublicKey, signature: bytes, data: bytes) -> bool:
    """Whether ``signature`` over ``data`` was made with this key's private half."""
    return verifier(key)(signature, data)


class Signer(Protocol):
    """The door to one private key, wherever it lives."""

    @property
    def public_key(self) -> PublicKey: ...

    def sign(self, data: bytes) -> bytes:
        """DER ECDSA with the curve's hash over ``data``, or Ed448; hashes inside."""
        ...


class SoftwareSigner:
    """A signer whose key is in this process's memory."""

    __slots__ = ("_deterministic", "_key", "_public_key")

    def __init__(self, key: PrivateKey, *, deterministic: bool = False) -> None:
        self._key = key
        self._public_key = key.public_key()
        self._deterministic = deterministic

    @property
    def public_key(self) -> PublicKey:
        return self._public_key

    def sign(self, data: bytes) -> bytes:
        return sign(self._key, data, deterministic=self._deterministic)
