"""The ISO 15118-20 scheme: ECDH on P-521 or X448, AES-256-GCM bound to vehicle and certificate.

From third-party text of [V2G20-2487] to [V2G20-2535]; what is not settled there is in scheme.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, ed448, x448
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certs.contract_key.edwards448 import SCALAR_OCTETS as X448_OCTETS
from certs.contract_key.edwards448 import Ed448Scalar
from certs.contract_key.ephemeral import Ephemeral
from certs.contract_key.scheme import DEFAULT, Scheme, read_x448
from certs.errors import Malformed, Refused
from certs.identifiers.pcid import PCID

IV_OCTETS = 12
TAG_OCTETS = 16
P521_OCTETS = 66  # 521 bits behind seven zeros
_CURVE = ec.SECP521R1()

AgreementPrivateKey = ec.EllipticCurvePrivateKey | x448.X448PrivateKey
AgreementPublicKey = ec.EllipticCurvePublicKey | x448.X448PublicKey


class EcdhCurve(Enum):
    """``ECDHCurve`` of the schema: where the session key was agreed."""

    SECP521 = "SECP521"
    X448 = "X448"


# SECP521_EncryptedPrivateKey, X448_EncryptedPrivateKey: IV, ciphertext, tag.
ENCRYPTED_PRIVATE_KEY_OCTETS = {
    EcdhCurve.SECP521: IV_OCTETS + P521_OCTETS + TAG_OCTETS,  # 94
    EcdhCurve.X448: IV_OCTETS + X448_OCTETS + TAG_OCTETS,  # 84
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What travels: ``ECDHCurve``, ``DHPublicKey`` and the ``..._EncryptedPrivateKey`` that goes
    with the curve (94 or 84 octets).
    """

    ecdh_curve: EcdhCurve
    dh_public_key: bytes
    encrypted_private_key: bytes


def fresh(curve: EcdhCurve, random_bytes: Callable[[int], bytes]) -> Ephemeral[AgreementPrivateKey]:
    """A new ephemeral key on ``curve`` and ``random_bytes(12)`` for one ``seal``."""
    match curve:
        case EcdhCurve.SECP521:
            key: AgreementPrivateKey = ec.generate_private_key(_CURVE)
        case EcdhCurve.X448:
            key = x448.X448PrivateKey.generate()
        case _:
            assert_never(curve)
    return Ephemeral(key, iv=random_bytes(IV_OCTETS))


def seal(
    contract_private_key: ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey,
    *,
    recipient: AgreementPublicKey,
    pcid: PCID,
    subject_key_id: bytes,
    ephemeral: Ephemeral[AgreementPrivateKey],
    scheme: Scheme = DEFAULT,
) -> Sealed:
    """Seal a contract key for the vehicle ``pcid``: P-521 for P-521, Ed448 for X448.

    ``subject_key_id`` is the contract certificate's. Refused("contract_key.curve") for any other
    pair, Refused("contract_key.spent") for an ephemeral key that was used before; ValueError for
    an initialisation vector that is not of 12 octets.
    """
    own, iv = ephemeral.spend()
    if len(iv) != IV_OCTETS:
        raise ValueError(f"initialisation vector of {len(iv)} octets, not {IV_OCTETS}")
    cipher = _cipher(own, recipient, scheme)
    additional = scheme.subject_key_id.additional_data(pcid, subject_key_id)
    match own:
        case ec.EllipticCurvePrivateKey():
            curve = EcdhCurve.SECP521
            dh_public_key = own.public_key().public_bytes(
                Encoding.X962, PublicFormat.UncompressedPoint
            )
        case x448.X448PrivateKey():
            curve = EcdhCurve.X448
            dh_public_key = scheme.x448.write(own.public_key().public_bytes_raw())
        case _:
            assert_never(own)
    return Sealed(
        ecdh_curve=curve,
        dh_public_key=dh_public_key,
        # The scalar is in no local variable here, where an exception could carry it away.
        encrypted_private_key=iv
        + cipher.encrypt(iv, _scalar(contract_private_key, recipient), additional),
    )


def open(  # noqa: A001 - the house's verb; always written iso_20.open
    sealed: Sealed,
    *,
    recipient_private_key: AgreementPrivateKey,
    contract_public_key: ec.EllipticCurvePublicKey | ed448.Ed448PublicKey,
    pcid: PCID,
    subject_key_id: bytes,
    scheme: Scheme = DEFAULT,
) -> ec.EllipticCurvePrivateKey | Ed448Scalar:
    """The contract key, proven to belong to the contract certificate's public key.

    Malformed for wrong sizes and points off the curve (K04); Refused("contract_key.not_authentic")
    where key, vehicle, certificate or ciphertext differ from what was sealed (K06, [V2G20-2504]);
    Refused("contract_key.does_not_fit") where the certificate's key is another ([V2G20-2507],
    [V2G20-2510]); Refused("contract_key.curve") where the keys are not of the curve.
    """
    if len(sealed.encrypted_private_key) != ENCRYPTED_PRIVATE_KEY_OCTETS[sealed.ecdh_curve]:
        raise _malformed("encrypted private key has the wrong size for its curve")
    cipher = _cipher(recipient_private_key, _peer(sealed), scheme)
    opened = _opened(
        cipher,
        sealed.encrypted_private_key,
        scheme.subject_key_id.additional_data(pcid, subject_key_id),
        contract_public_key,
    )
    match opened:
        case _Failure.NOT_AUTHENTIC:
            raise Refused(
                "contract_key.not_authentic", "sealed for another vehicle or contract, or altered"
            )
        case _Failure.DOES_NOT_FIT:
            raise Refused(
                "contract_key.does_not_fit", "not the private key of the contract certificate"
            )
        case ec.EllipticCurvePrivateKey() | Ed448Scalar():
            return opened
        case _:
            assert_never(opened)


class _Failure(Enum):
    NOT_AUTHENTIC = "not authentic"
    DOES_NOT_FIT = "does not fit"


def _opened(
    cipher: AESGCM,
    encrypted: bytes,
    additional: bytes,
    public_key: ec.EllipticCurvePublicKey | ed448.Ed448PublicKey,
) -> ec.EllipticCurvePrivateKey | Ed448Scalar | _Failure:
    """Returns rather than raises, so that no traceback holds this frame and the scalar in it."""
    try:
        plaintext = cipher.decrypt(encrypted[:IV_OCTETS], encrypted[IV_OCTETS:], additional)
    except InvalidTag:
        return _Failure.NOT_AUTHENTIC
    scalar = int.from_bytes(plaintext, "big")  # [V2G20-2498], [V2G20-2501]
    if isinstance(public_key, ed448.Ed448PublicKey):
        return Ed448Scalar.fitting(scalar, public_key) or _Failure.DOES_NOT_FIT
    try:
        private_key = ec.derive_private_key(scalar, public_key.curve)
    except ValueError:  # zero, or not below the order of the curve
        return _Failure.DOES_NOT_FIT
    return private_key if private_key.public_key() == public_key else _Failure.DOES_NOT_FIT


def _scalar(
    contract_private_key: ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey,
    recipient: AgreementPublicKey,
) -> bytes:
    match contract_private_key, recipient:
        case ec.EllipticCurvePrivateKey(), ec.EllipticCurvePublicKey() if (
            contract_private_key.curve.name == _CURVE.name
        ):
            value = contract_private_key.private_numbers().private_value
            return value.to_bytes(P521_OCTETS, "big")
        case ed448.Ed448PrivateKey(), x448.X448PublicKey():
            return Ed448Scalar.of(contract_private_key).value.to_bytes(X448_OCTETS, "big")
        case _:
            raise _foreign_curve()


def _cipher(own: AgreementPrivateKey, peer: AgreementPublicKey, scheme: Scheme) -> AESGCM:
    match own, peer:
        case ec.EllipticCurvePrivateKey(), ec.EllipticCurvePublicKey() if (
            own.curve.name == peer.curve.name == _CURVE.name
        ):
            return AESGCM(scheme.key_derivation.derive(own.exchange(ec.ECDH(), peer)))
        case x448.X448PrivateKey(), x448.X448PublicKey():
            try:
                return AESGCM(scheme.key_derivation.derive(own.exchange(peer)))
            except ValueError:  # RFC 7748 6.2: the agreed secret is all zero
                raise _malformed("DH public key is of small order") from None
        case _:
            raise _foreign_curve()


def _peer(sealed: Sealed) -> AgreementPublicKey:
    match sealed.ecdh_curve:
        case EcdhCurve.SECP521:
            if len(sealed.dh_public_key) != 1 + 2 * P521_OCTETS:
                raise _malformed("DH public key is not of 133 octets")
            try:
                return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, sealed.dh_public_key)
            except ValueError:
                raise _malformed("DH public key is not a point on P-521") from None
        case EcdhCurve.X448:
            key = read_x448(sealed.dh_public_key)
            if key is None:
                raise _malformed("DH public key is not an X448 key in any known form")
            return x448.X448PublicKey.from_public_bytes(key)
        case _:
            assert_never(sealed.ecdh_curve)


def _foreign_curve() -> Refused:
    return Refused(
        "contract_key.curve", "ISO 15118-20 seals P-521 keys for P-521 keys, Ed448 for X448"
    )


def _malformed(detail: str) -> Malformed:
    return Malformed(detail, code="malformed.contract_key")
