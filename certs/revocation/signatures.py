"""Whose signatures are believed under statements about a CA's certificates, by which algorithms."""

from certs import names
from certs.certificate import Certificate
from certs.errors import MalformedCertificate
from certs.keys import SIGNATURE_ALGORITHMS, SIGNING_KEYS, KeyKind

# The algorithms that may sign about certificates of an issuer with a given kind of key: those of
# the issuer's edition. P-256 speaks for no -20 CA (X20); P-384, RSA and SHA-1 speak for nobody,
# since no edition of ISO 15118 signs with them.
_BESIDE: dict[KeyKind, frozenset[bytes]] = {
    kind: frozenset(SIGNATURE_ALGORITHMS[beside] for beside in kinds)
    for kinds in SIGNING_KEYS.values()
    for kind in kinds
}


def allowed(algorithm: bytes, issuer: Certificate) -> bool:
    """Whether statements about ``issuer``'s certificates may be signed by this algorithm."""
    return algorithm in _BESIDE.get(issuer.key_kind, ())


def signed_by(signer: Certificate, *, algorithm: bytes, signature: bytes, data: bytes) -> bool:
    """Whether ``signer``'s key made this signature, by the algorithm that goes with the key."""
    expected = SIGNATURE_ALGORITHMS.get(signer.key_kind)
    return algorithm == expected and signer.verifies(signature, data)


def same_name(one: bytes, other: bytes) -> bool:
    """Whether two DER Names are the same; what is no Name is nobody's."""
    try:
        return names.same(one, other)
    except MalformedCertificate:
        return False
