"""Keys that sign and verify in ISO 15118's messages: r and s side by side instead of in DER."""

from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from certs.keys import KeyKind, PublicKey, Signer, kind_of, verifier

# Octets of a field element, and so of r and of s.
_FIELD_OCTETS = {KeyKind.P256: 32, KeyKind.P384: 48, KeyKind.P521: 66}


class RawSigner:
    """A signer whose ECDSA signatures are r and s, each as long as the curve's field.

    Ed448's are as they are. ``curve`` is the key kind's name: "P-256", "P-521", "Ed448".
    """

    __slots__ = ("_field_octets", "_signer", "curve")

    def __init__(self, signer: Signer) -> None:
        kind = kind_of(signer.public_key)
        self.curve = kind.value
        self._signer = signer
        self._field_octets = _FIELD_OCTETS.get(kind)

    def sign(self, data: bytes) -> bytes:
        """A signature over ``data``, big-endian; hashes inside."""
        signature = self._signer.sign(data)
        if self._field_octets is None:
            return signature
        r, s = decode_dss_signature(signature)
        return r.to_bytes(self._field_octets, "big") + s.to_bytes(self._field_octets, "big")


class RawVerifier:
    """A public key that verifies signatures in RawSigner's form, and none in another."""

    __slots__ = ("_field_octets", "_verifies", "curve")

    def __init__(self, public_key: PublicKey) -> None:
        kind = kind_of(public_key)
        self.curve = kind.value
        self._verifies = verifier(public_key)
        self._field_octets = _FIELD_OCTETS.get(kind)

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether ``signature`` over ``data`` was made with this key's private half."""
        octets = self._field_octets
        if octets is None:
            return self._verifies(signature, data)
        if len(signature) != 2 * octets:
            return False
        r = int.from_bytes(signature[:octets], "big")
        s = int.from_bytes(signature[octets:], "big")
        return self._verifies(encode_dss_signature(r, s), data)
