"""The ISO 15118-2 scheme: ECDH on P-256, ConcatKDF with SHA-256, AES-128-CBC without padding.

As Josev and RISE-V2G do it; the known answer in tests/vectors was opened by Josev's code.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certs.contract_key.ephemeral import Ephemeral
from certs.errors import Malformed, Refused

SCALAR_OCTETS = 32
IV_OCTETS = 16
DH_PUBLIC_KEY_OCTETS = 65  # 04, X, Y; at most 65 in the schema's dHpublickeyType
ENCRYPTED_PRIVATE_KEY_OCTETS = IV_OCTETS + SCALAR_OCTETS
_CURVE = ec.SECP256R1()
_OTHER_INFO = bytes.fromhex("015556")  # AlgorithmID 01, party U, party V


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What travels: ``DHpublickey`` (65 octets) and ``ContractSignatureEncryptedPrivateKey``
    (initialisation vector and ciphertext, 48 octets).
    """

    dh_public_key: bytes
    encrypted_private_key: bytes


def fresh(random_bytes: Callable[[int], bytes]) -> Ephemeral[ec.EllipticCurvePrivateKey]:
    """A new ephemeral key and ``random_bytes(16)`` for one ``seal``."""
    return Ephemeral(ec.generate_private_key(_CURVE), iv=random_bytes(IV_OCTETS))


def seal(
    contract_private_key: ec.EllipticCurvePrivateKey,
    *,
    recipient: ec.EllipticCurvePublicKey,
    ephemeral: Ephemeral[ec.EllipticCurvePrivateKey],
) -> Sealed:
    """Seal a P-256 contract key for a P-256 provisioning key (an update: the old contract key).

    Refused("contract_key.curve") for other curves, Refused("contract_key.spent") for an ephemeral
    key that was used before.
    """
    if any(key.curve.name != _CURVE.name for key in (contract_private_key, recipient)):
        raise Refused("contract_key.curve", "ISO 15118-2 seals P-256 keys for P-256 keys")
    own, iv = ephemeral.spend()
    encryptor = _cipher(own, recipient, iv).encryptor()
    scalar = contract_private_key.private_numbers().private_value.to_bytes(SCALAR_OCTETS, "big")
    return Sealed(
        dh_public_key=own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        encrypted_private_key=iv + encryptor.update(scalar) + encryptor.finalize(),
    )


def open(  # noqa: A001 - the house's verb; always written iso_2.open
    sealed: Sealed,
    *,
    recipient_private_key: ec.EllipticCurvePrivateKey,
    contract_public_key: ec.EllipticCurvePublicKey,
) -> ec.EllipticCurvePrivateKey:
    """The contract key, proven to belong to the contract certificate's public key.

    Nothing in the scheme authenticates the ciphertext, so this comparison is the only proof that
    the key was sealed for this vehicle and came unchanged. Malformed for wrong sizes and points
    off the curve (K04); Refused("contract_key.does_not_fit") for any other key (K06).
    """
    if len(sealed.encrypted_private_key) != ENCRYPTED_PRIVATE_KEY_OCTETS:
        raise _malformed(f"encrypted private key is not of {ENCRYPTED_PRIVATE_KEY_OCTETS} octets")
    if len(sealed.dh_public_key) != DH_PUBLIC_KEY_OCTETS:
        raise _malformed(f"DH public key is not of {DH_PUBLIC_KEY_OCTETS} octets")
    try:
        peer = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, sealed.dh_public_key)
    except ValueError:
        raise _malformed("DH public key is not a point on P-256") from None
    if any(key.curve.name != _CURVE.name for key in (recipient_private_key, contract_public_key)):
        raise Refused("contract_key.curve", "ISO 15118-2 seals P-256 keys for P-256 keys")
    iv = sealed.encrypted_private_key[:IV_OCTETS]
    decryptor = _cipher(recipient_private_key, peer, iv).decryptor()
    opened = _fitting(
        decryptor.update(sealed.encrypted_private_key[IV_OCTETS:]) + decryptor.finalize(),
        contract_public_key,
    )
    if opened is None:
        raise Refused(
            "contract_key.does_not_fit", "not the private key of the contract certificate"
        )
    return opened


def _cipher(
    own: ec.EllipticCurvePrivateKey, peer: ec.EllipticCurvePublicKey, iv: bytes
) -> Cipher[CBC]:
    derivation = ConcatKDFHash(algorithm=SHA256(), length=16, otherinfo=_OTHER_INFO)
    return Cipher(AES128(derivation.derive(own.exchange(ec.ECDH(), peer))), CBC(iv))


def _fitting(
    scalar: bytes, public_key: ec.EllipticCurvePublicKey
) -> ec.EllipticCurvePrivateKey | None:
    """The private key of a scalar, if its public key is the one asked for.

    Returns rather than raises, so that no traceback holds this frame and the scalar in it.
    """
    try:
        private_key = ec.derive_private_key(int.from_bytes(scalar, "big"), public_key.curve)
    except ValueError:  # zero, or not below the order of the curve
        return None
    return private_key if private_key.public_key() == public_key else None


def _malformed(detail: str) -> Malformed:
    return Malformed(detail, code="malformed.contract_key")
