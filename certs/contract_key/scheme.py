"""The points of the ISO 15118-20 scheme on which public sources disagree, each a named choice.

docs/contract-keys.md says where each candidate comes from.
"""

from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from certs.identifiers.pcid import PCID

SESSION_KEY_OCTETS = 32


class KeyDerivation(Enum):
    """How the session key follows from the agreed secret."""

    CONCAT_SHA512 = "concat-sha512"  # SHA-512(00000001 | Z | 01 55 56), first 32 octets
    CONCAT_SHA512_BARE = "concat-sha512-bare"  # the same without 01 55 56
    HKDF_SHA256 = "hkdf-sha256"  # RFC 5869, no salt, no info

    def derive(self, secret: bytes) -> bytes:
        """32 octets of session key."""
        match self:
            case KeyDerivation.CONCAT_SHA512:
                derivation: ConcatKDFHash | HKDF = _concat(bytes.fromhex("015556"))
            case KeyDerivation.CONCAT_SHA512_BARE:
                derivation = _concat(b"")
            case KeyDerivation.HKDF_SHA256:
                derivation = HKDF(
                    algorithm=SHA256(), length=SESSION_KEY_OCTETS, salt=None, info=None
                )
            case _:
                assert_never(self)
        return derivation.derive(secret)


class SubjectKeyIdForm(Enum):
    """How the contract certificate's subject key identifier is written behind the PCID."""

    HEX = "hex"  # capital hexadecimal: 16 characters of an identifier of 8 octets
    OCTETS = "octets"  # as it stands in the certificate

    def additional_data(self, pcid: PCID, subject_key_id: bytes) -> bytes:
        """The additional authenticated data: PCID and subject key identifier ([V2G20-2492])."""
        match self:
            case SubjectKeyIdForm.HEX:
                written = subject_key_id.hex().upper().encode()
            case SubjectKeyIdForm.OCTETS:
                written = subject_key_id
            case _:
                assert_never(self)
        return pcid.canonical.encode() + written


class X448Form(Enum):
    """How an ephemeral X448 public key is written in ``DHPublicKey``."""

    TAGGED = "tagged"  # 57 octets: 04 and the key
    BARE = "bare"  # 56 octets: the key of RFC 7748
    FILLED = "filled"  # 133 octets: zeros and the key, as the schema's fixed length asks

    def write(self, key: bytes) -> bytes:
        """The octets of ``DHPublicKey``."""
        return _BEFORE[self] + key


_BEFORE = {X448Form.TAGGED: b"\x04", X448Form.BARE: b"", X448Form.FILLED: bytes(133 - 56)}


def read_x448(written: bytes) -> bytes | None:
    """The 56 octets of a key in any of the forms, which their lengths tell apart; or None."""
    before, key = written[:-56], written[-56:]
    return key if len(key) == 56 and before in _BEFORE.values() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """One choice for each open point; both sides must have made the same."""

    key_derivation: KeyDerivation = KeyDerivation.CONCAT_SHA512
    subject_key_id: SubjectKeyIdForm = SubjectKeyIdForm.HEX
    x448: X448Form = X448Form.TAGGED  # for writing; reading knows all of them


DEFAULT = Scheme()


def _concat(other_info: bytes) -> ConcatKDFHash:
    return ConcatKDFHash(algorithm=SHA512(), length=SESSION_KEY_OCTETS, otherinfo=other_info)
