"""OCPP's certificate hash data: the rule, its strict reading, its making."""

import hashlib
import re
from binascii import unhexlify
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from itertools import pairwise

from certs.certificate import Certificate
from certs.errors import MalformedHashData

# by name, before the enumeration that hides them
_HASHES: Mapping[str, Callable[[bytes], "hashlib._Hash"]] = {
    "SHA1": partial(hashlib.sha1, usedforsecurity=False),
    "SHA256": hashlib.sha256,
    "SHA384": hashlib.sha384,
    "SHA512": hashlib.sha512,
}


class HashAlgorithm(Enum):
    """The hashes of OCSP's CertIDs, by the name OCPP gives them. SHA-1 is OCSP's only."""

    SHA1 = "SHA1"
    SHA256 = "SHA256"
    SHA384 = "SHA384"
    SHA512 = "SHA512"

    def __init__(self, name: str) -> None:
        self._hash = _HASHES[name]
        self.octets: int = self._hash(b"").digest_size  # of a digest

    def digest(self, data: bytes) -> bytes:
        """The digest of ``data``."""
        return self._hash(data).digest()


OCPP_ALGORITHMS: Mapping[str, HashAlgorithm] = {
    algorithm.value: algorithm
    for algorithm in (HashAlgorithm.SHA256, HashAlgorithm.SHA384, HashAlgorithm.SHA512)
}
ENTRIES_MAX = 4  # OCPP: iso15118CertificateHashData holds 1 to 4; leaf, sub 2, sub 1, and one more


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many characters OCPP lets a field of OCSPRequestDataType have."""

    hash_characters_max: int = 128  # SHA-512 in hex, exactly
    serial_characters_max: int = 40  # 20 octets in hex, exactly
    url_characters_max: int


OCPP_2_0_1 = Limits(url_characters_max=512)
OCPP_2_1 = Limits(url_characters_max=2000)


@dataclass(frozen=True, slots=True, kw_only=True)
class HashData:
    """What OCPP names a certificate by: its issuer's hashes and its serial number.

    ``responder_url`` is what a station wrote or a certificate says: never a place to connect to
    because it stands here.
    """

    hash_algorithm: HashAlgorithm
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int
    responder_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """OCSPRequestDataType's fields as they came: texts within their limits, not yet understood."""

    hash_algorithm: HashAlgorithm
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str
    responder_url: str


_NAMES = {"hashAlgorithm", "issuerNameHash", "issuerKeyHash", "serialNumber", "responderURL"}
_OPTIONAL = {"customData"}  # OCPP's own opening for extensions; nothing is read from it
_HEX = re.compile(r"[0-9A-Fa-f]+")
_URL = re.compile(r"[!-~]*")  # RFC 3986: visible ASCII


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise MalformedHashData(f"{name} is missing or no string")
    return value


def parse_fields(fields: Mapping[str, object], *, limits: Limits = OCPP_2_0_1) -> Fields:
    """The fields of one OCSPRequestDataType, typed and within their limits; else MalformedHashData.

    Fields that OCPP does not know are refused, as its schemas refuse them.
    """
    unknown = set(fields) - _NAMES - _OPTIONAL
    if unknown:
        raise MalformedHashData(f"{len(unknown)} fields that OCPP does not know")
    return check_fields(
        hash_algorithm=_text(fields, "hashAlgorithm"),
        issuer_name_hash=_text(fields, "issuerNameHash"),
        issuer_key_hash=_text(fields, "issuerKeyHash"),
        serial_number=_text(fields, "serialNumber"),
        responder_url=_text(fields, "responderURL"),
        limits=limits,
    )


def check_fields(
    *,
    hash_algorithm: str,
    issuer_name_hash: str,
    issuer_key_hash: str,
    serial_number: str,
    responder_url: str,
    limits: Limits = OCPP_2_0_1,
) -> Fields:
    """The texts of one OCSPRequestDataType, within their limits; else MalformedHashData."""
    algorithm = OCPP_ALGORITHMS.get(hash_algorithm)
    if algorithm is None:
        raise MalformedHashData("hashAlgorithm is none of SHA256, SHA384, SHA512")
    for name, text, characters_max in (
        ("issuerNameHash", issuer_name_hash, limits.hash_characters_max),
        ("issuerKeyHash", issuer_key_hash, limits.hash_characters_max),
        ("serialNumber", serial_number, limits.serial_characters_max),
        ("responderURL", responder_url, limits.url_characters_max),
    ):
        if len(text) > characters_max:
            raise MalformedHashData(f"{name} has over {characters_max} characters")
    if not _URL.fullmatch(responder_url):
        raise MalformedHashData("responderURL has characters that no URL has")
    return Fields(
        hash_algorithm=algorithm,
        issuer_name_hash=issuer_name_hash,
        issuer_key_hash=issuer_key_hash,
        serial_number=serial_number,
        responder_url=responder_url,
    )


def hex_hash(text: str, algorithm: HashAlgorithm) -> bytes | None:
    """The digest that ``text`` is in hexadecimal, either case; None where it is none."""
    if len(text) != 2 * algorithm.octets:
        return None
    try:
        return unhexlify(text)
    except ValueError:  # a character that is no digit; unlike bytes.fromhex, white space too
        return None


def hex_serial(text: str) -> int | None:
    """The number that ``text`` is in hexadecimal, either case; None where it is none."""
    return int(text, 16) if _HEX.fullmatch(text) else None


def parse(fields: Mapping[str, object], *, limits: Limits = OCPP_2_0_1) -> HashData:
    """One OCSPRequestDataType as OCPP defines it; MalformedHashData where it is not that.

    Hexadecimal in either case, and leading zeroes of a serial, mean the same and are read; every
    other spelling belongs to ``certs.revocation.hash_dialects``.
    """
    texts = parse_fields(fields, limits=limits)
    name_hash = hex_hash(texts.issuer_name_hash, texts.hash_algorithm)
    key_hash = hex_hash(texts.issuer_key_hash, texts.hash_algorithm)
    serial = hex_serial(texts.serial_number)
    if name_hash is None:
        raise MalformedHashData("issuerNameHash is no digest of that algorithm in hexadecimal")
    if key_hash is None:
        raise MalformedHashData("issuerKeyHash is no digest of that algorithm in hexadecimal")
    if serial is None:
        raise MalformedHashData("serialNumber is no hexadecimal number")
    return HashData(
        hash_algorithm=texts.hash_algorithm,
        issuer_name_hash=name_hash,
        issuer_key_hash=key_hash,
        serial=serial,
        responder_url=texts.responder_url,
    )


def to_ocpp(hash_data: HashData) -> dict[str, str]:
    """OCSPRequestDataType: lower-case hexadecimal, the serial without leading zeroes.

    ValueError for SHA-1, which OCPP has no name for.
    """
    if hash_data.hash_algorithm.value not in OCPP_ALGORITHMS:
        raise ValueError("OCPP has no SHA-1 hash data")
    return {
        "hashAlgorithm": hash_data.hash_algorithm.value,
        "issuerNameHash": hash_data.issuer_name_hash.hex(),
        "issuerKeyHash": hash_data.issuer_key_hash.hex(),
        "serialNumber": format(hash_data.serial, "x"),
        "responderURL": hash_data.responder_url,
    }


def of(
    certificate: Certificate,
    issuer: Certificate,
    algorithm: HashAlgorithm,
    *,
    responder_url: str | None = None,
) -> HashData:
    """A certificate's hash data.

    The name is hashed as the certificate itself encodes its issuer; the key is the issuer's
    subjectPublicKey BIT STRING's value, without tag, length and count of unused bits (RFC 6960
    4.1.1). Without ``responder_url`` the certificate's first OCSP URL stands there, or nothing.
    """
    if responder_url is None:
        responder_url = next(iter(certificate.ocsp_urls), "")
    return HashData(
        hash_algorithm=algorithm,
        issuer_name_hash=algorithm.digest(certificate.issuer),
        issuer_key_hash=algorithm.digest(issuer.subject_public_key),
        serial=certificate.serial,
        responder_url=responder_url,
    )


def of_chain(path: Sequence[Certificate], algorithm: HashAlgorithm) -> tuple[HashData, ...]:
    """The hash data of a path, leaf first; its last certificate is the root, which has none."""
    return tuple(of(certificate, issuer, algorithm) for certificate, issuer in pairwise(path))
