"""The algorithms of signatures: what follows from an edition and a key, never from a message."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256, sha512, shake_256
from types import MappingProxyType
from typing import Final

from exi.protocol import Protocol

# Canonicalization and the only transform, in both editions ([V2G2-765], [V2G2-766], [V2G20-766]).
CANONICAL_EXI: Final = "http://www.w3.org/TR/canonical-exi/"

# SHAKE256 gives as many octets as one asks for, and no text seen says how many -20 asks for: 64,
# as RFC 8702 section 2 and the one public implementation of -20 (EVerest/EVerest PR#2849) have it.
SHAKE256_OCTETS: Final = 64


def _sha256(data: bytes) -> bytes:
    return sha256(data).digest()


def _sha512(data: bytes) -> bytes:
    return sha512(data).digest()


def _shake256(data: bytes) -> bytes:
    return shake_256(data).digest(SHAKE256_OCTETS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Algorithms:
    """What one kind of key signs with; ``signature_octets``: r and s side by side, or Ed448's."""

    signature_method: str
    digest_method: str
    signature_octets: int
    digest: Callable[[bytes], bytes] = field(repr=False)


_P256 = Algorithms(
    signature_method="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    digest_method="http://www.w3.org/2001/04/xmlenc#sha256",
    signature_octets=64,
    digest=_sha256,
)
_P521 = Algorithms(
    signature_method="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",  # [V2G20-2473]
    digest_method="http://www.w3.org/2001/04/xmlenc#sha512",  # [V2G20-2475]
    signature_octets=132,  # [V2G20-1000]
    digest=_sha512,
)
_ED448 = Algorithms(
    signature_method="urn:iso:std:iso:15118:-20:Security:xmldsig#Ed448",  # [V2G20-2474]
    digest_method="urn:iso:std:iso:15118:-20:Security:xmlenc#SHAKE256",  # [V2G20-2476]
    signature_octets=114,  # RFC 8032 section 5.2
    digest=_shake256,
)

# By the protocol of the signed message, and the curve of the key.
ALGORITHMS: Mapping[Protocol, Mapping[str, Algorithms]] = MappingProxyType(
    {
        Protocol.ISO_2: MappingProxyType({"P-256": _P256}),
        Protocol.ISO_20_COMMON: MappingProxyType({"P-521": _P521, "Ed448": _ED448}),
    }
)


def algorithms_for(protocol: Protocol, curve: str) -> Algorithms | None:
    """The algorithms of a key of this curve in this protocol; None where it may not sign there."""
    return ALGORITHMS.get(protocol, {}).get(curve)
