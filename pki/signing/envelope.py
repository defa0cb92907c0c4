"""The encrypted form of one private key: scrypt and AES-256-GCM in a JSON envelope.

    {"format": "plugward-key", "version": 1, "key_id": hex, "role": text, "public_key": base64,
     "kdf": {"name": "scrypt", "n": 131072, "r": 8, "p": 1, "salt": base64},
     "cipher": {"name": "aes-256-gcm", "nonce": base64}, "ciphertext": base64}

The plaintext is the key as PKCS#8 DER. Additional authenticated data is everything but the
ciphertext, as JSON with sorted keys and no white space: a file whose key id, role, version or
cost was changed does not open.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from certs.errors import Malformed
from certs.keys import PrivateKey, kind_of_spki, load, spki
from pki.errors import SignerUnavailable
from pki.signing.store import KeptKey, name_of

FORMAT = "plugward-key"
VERSION = 1
SCRYPT_N_MIN = 2**17  # OWASP's first choice for scrypt: 128 MiB and about half a second
SCRYPT_N_MAX = 2**20  # 1 GiB: a planted file must not exhaust the machine
ENVELOPE_OCTETS_MAX = 8_192  # a P-521 key takes 900
SALT_OCTETS = 16
NONCE_OCTETS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What deriving a key from a passphrase costs (RFC 7914)."""

    n: int = SCRYPT_N_MIN
    r: int = 8
    p: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """A cost and the salt it is paid with."""

    cost: Cost
    salt: bytes


# From a passphrase, a derivation to the 32-octet key that encrypts: kept by the caller, because
# files of one directory share a salt and it is paid once.
Derive = Callable[[Derivation], bytes]


class _Kdf(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    n: int
    r: int
    p: int
    salt: bytes


class _Cipher(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    nonce: bytes


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    version: int
    key_id: str
    role: str
    public_key: bytes
    kdf: _Kdf
    cipher: _Cipher
    ciphertext: bytes


def derive_key(passphrase: bytes, derivation: Derivation) -> bytes:
    """The key-encrypting key: 32 octets, after the time the cost names."""
    cost = derivation.cost
    return Scrypt(salt=derivation.salt, length=32, n=cost.n, r=cost.r, p=cost.p).derive(passphrase)


def seal(
    key: PrivateKey, *, role: str, derivation: Derivation, derive: Derive, nonce: bytes
) -> bytes:
    """The envelope's octets for a private key."""
    public = spki(key.public_key())
    envelope = _Envelope(
        format=FORMAT,
        version=VERSION,
        key_id=key_id_of(key),
        role=role,
        public_key=public,
        kdf=_Kdf(
            name="scrypt",
            n=derivation.cost.n,
            r=derivation.cost.r,
            p=derivation.cost.p,
            salt=derivation.salt,
        ),
        cipher=_Cipher(name="aes-256-gcm", nonce=nonce),
        ciphertext=b"",
    )
    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    envelope.ciphertext = AESGCM(derive(derivation)).encrypt(nonce, plain, _bound(envelope))
    return json.dumps(msgspec.to_builtins(envelope), indent=2).encode() + b"\n"


def unseal(
    envelope: bytes, *, key_id: str, cost_min: Cost, derive: Derive
) -> tuple[PrivateKey, str]:
    """The private key of an envelope, and its role.

    Raises SignerUnavailable where it is not that key's or is not opened, and for a file cheaper
    than ``cost_min``: whoever could write it would learn by it.
    """
    read = _read(envelope)
    kdf = read.kdf
    if (read.format, read.version, kdf.name, read.cipher.name) != (
        FORMAT,
        VERSION,
        "scrypt",
        "aes-256-gcm",
    ):
        raise SignerUnavailable("key file: unknown format, version or algorithm")
    if read.key_id != key_id:
        raise SignerUnavailable("key file: holds another key")
    cheap = kdf.n < cost_min.n or kdf.r < cost_min.r or kdf.p < cost_min.p
    if cheap or kdf.n > SCRYPT_N_MAX or kdf.n & (kdf.n - 1) or kdf.r * kdf.p > 64:
        raise SignerUnavailable("key file: cost of its passphrase out of bounds")
    if len(read.cipher.nonce) != NONCE_OCTETS or len(kdf.salt) != SALT_OCTETS:
        raise SignerUnavailable("key file: salt or nonce of another length")
    kek = derive(Derivation(cost=Cost(n=kdf.n, r=kdf.r, p=kdf.p), salt=kdf.salt))
    try:
        plain = AESGCM(kek).decrypt(read.cipher.nonce, read.ciphertext, _bound(read))
    except InvalidTag as bad:
        raise SignerUnavailable("key file: wrong passphrase, or the file was changed") from bad
    # What authenticates was sealed above, as one of our kinds of key.
    key = cast("PrivateKey", load_der_private_key(plain, None))
    if key_id_of(key) != key_id:
        raise SignerUnavailable("key file: holds another key")
    return key, read.role


def key_id_of(key: PrivateKey) -> str:
    """RFC 5280 4.2.1.2 method 1 over the public half, in hex."""
    return name_of(key.public_key())


def told(envelope: bytes, *, key_id: str) -> KeptKey:
    """What an envelope says of its key, unopened: nothing of it is proven until it opens."""
    read = _read(envelope)
    if read.key_id != key_id:
        raise SignerUnavailable("key file: holds another key")
    try:
        public_key = load(*kind_of_spki(read.public_key))
    except Malformed as bad:
        raise SignerUnavailable("key file: its public key cannot be read") from bad
    return KeptKey(key_id=key_id, role=read.role, public_key=public_key)


def _read(envelope: bytes) -> _Envelope:
    if len(envelope) > ENVELOPE_OCTETS_MAX:
        raise SignerUnavailable("key file: too large")
    try:
        return msgspec.json.decode(envelope, type=_Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError) as bad:
        raise SignerUnavailable("key file: not an envelope") from bad


def _bound(envelope: _Envelope) -> bytes:
    bound = msgspec.to_builtins(envelope)
    del bound["ciphertext"]
    return json.dumps(bound, sort_keys=True, separators=(",", ":")).encode()
