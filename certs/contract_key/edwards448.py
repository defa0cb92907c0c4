"""The arithmetic of edwards448 that cryptographic libraries keep to themselves (RFC 8032, 7748).

ISO 15118-20 sends the 448-bit contract key as a scalar, and libraries take Ed448 keys only as the
seed that the scalar is hashed from. Whole numbers of Python take time that depends on their
value: right for checks, emulators and a service alone on its machine, not for a vehicle.
"""

from dataclasses import dataclass, field
from hashlib import shake_256
from typing import Self

from cryptography.hazmat.primitives.asymmetric import ed448, x448

from certs.errors import Malformed

ORDER = 2**446 - 13818066809895115352007386748515426880336692474882178609894547503885
SCALAR_OCTETS = 56
_POINT_OCTETS = 57
_P = 2**448 - 2**224 - 1
_D = -39081
_BASE_X = int(
    "224580040295924300187604334099896036246789641632564134246125461686950415"
    "467406032909029192869357953282578032075146446173674602635247710"
)
_BASE_Y = int(
    "298819210078481492676017930443930673437544040154080242095928241372331506"
    "189835876003536878655418784733982303233503462500531545062832660"
)
_DOM4 = b"SigEd448\x00\x00"  # RFC 8032 5.2.6: pure Ed448 without context

_Point = tuple[int, int, int]  # projective X, Y, Z


def _double(point: _Point) -> _Point:
    x, y, z = point  # RFC 8032 5.2.4
    b = (x + y) ** 2 % _P
    c = x * x % _P
    d = y * y % _P
    e = c + d
    j = (e - 2 * z * z) % _P
    return (b - e) * j % _P, e * (c - d) % _P, e * j % _P


def _add(one: _Point, other: _Point) -> _Point:
    x1, y1, z1 = one  # RFC 8032 5.2.4
    x2, y2, z2 = other
    a = z1 * z2 % _P
    b = a * a % _P
    c = x1 * x2 % _P
    d = y1 * y2 % _P
    e = _D * c * d % _P
    f = b - e
    g = b + e
    h = (x1 + y1) * (x2 + y2) % _P
    return a * f * (h - c - d) % _P, a * g * (d - c) % _P, f * g % _P


def times_base(scalar: int) -> bytes:
    """``scalar`` times the base point, encoded as an Ed448 public key: 57 octets."""
    point: _Point = (0, 1, 1)
    base: _Point = (_BASE_X, _BASE_Y, 1)
    for bit in range(ORDER.bit_length() - 1, -1, -1):
        point = _double(point)
        added = _add(point, base)
        point = added if scalar >> bit & 1 else point
    inverse = pow(point[2], -1, _P)
    x = point[0] * inverse % _P
    y = point[1] * inverse % _P
    return (y | (x & 1) << 455).to_bytes(_POINT_OCTETS, "little")


def _clamped(key: ed448.Ed448PrivateKey) -> bytes:
    """The 56 octets that an Ed448 seed is hashed to, clamped (RFC 8032 5.2.5, RFC 7748 5)."""
    octets = bytearray(shake_256(key.private_bytes_raw()).digest(SCALAR_OCTETS))
    octets[0] &= 0xFC
    octets[-1] |= 0x80
    return bytes(octets)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ed448Scalar:
    """An Ed448 private key as its secret scalar, below the order of the base point."""

    value: int = field(repr=False)
    public_bytes: bytes  # 57 octets

    @classmethod
    def of(cls, key: ed448.Ed448PrivateKey) -> Self:
        """The secret scalar of a library's private key, reduced by the order."""
        return cls(
            value=int.from_bytes(_clamped(key), "little") % ORDER,
            public_bytes=key.public_key().public_bytes_raw(),
        )

    @classmethod
    def fitting(cls, value: int, public_key: ed448.Ed448PublicKey) -> Self | None:
        """The scalar, if it is below the order and its public key is the one asked for."""
        public_bytes = public_key.public_bytes_raw()
        if not 0 < value < ORDER or times_base(value) != public_bytes:
            return None
        return cls(value=value, public_bytes=public_bytes)

    @property
    def public_key(self) -> ed448.Ed448PublicKey:
        """The public key as the library knows it."""
        return ed448.Ed448PublicKey.from_public_bytes(self.public_bytes)

    def sign(self, data: bytes) -> bytes:
        """An Ed448 signature, 114 octets, that any verifier of RFC 8032 accepts.

        The half of the seed's hash that RFC 8032 draws nonces from did not travel; they are drawn
        from the scalar instead, so equal data still gives equal signatures.
        """
        secret = shake_256(
            b"plugward Ed448 nonces" + self.value.to_bytes(SCALAR_OCTETS, "little")
        ).digest(_POINT_OCTETS)
        nonce = int.from_bytes(shake_256(_DOM4 + secret + data).digest(114), "little") % ORDER
        commitment = times_base(nonce)
        challenge = shake_256(_DOM4 + commitment + self.public_bytes + data).digest(114)
        answer = (nonce + int.from_bytes(challenge, "little") * self.value) % ORDER
        return commitment + answer.to_bytes(_POINT_OCTETS, "little")


def agreement_private_key(key: ed448.Ed448PrivateKey) -> x448.X448PrivateKey:
    """The X448 key with the same secret scalar as an Ed448 key (RFC 7748 4.2)."""
    return x448.X448PrivateKey.from_private_bytes(_clamped(key))


def agreement_public_key(key: ed448.Ed448PublicKey) -> x448.X448PublicKey:
    """The X448 key that belongs to an Ed448 public key, by the 4-isogeny of RFC 7748 4.2.

    u = y^2/x^2, where x^2 = (1 - y^2)/(1 - d y^2). Raises Malformed for the points of small order,
    where x is zero.
    """
    y = int.from_bytes(key.public_bytes_raw()[:SCALAR_OCTETS], "little")
    square = y * y % _P
    if square in {0, 1}:
        raise Malformed("public key is of small order", code="malformed.contract_key")
    u = square * (1 - _D * square) * pow(1 - square, -1, _P) % _P
    return x448.X448PublicKey.from_public_bytes(u.to_bytes(SCALAR_OCTETS, "little"))
