"""How real stations misspell OCPP's certificate hash data: every reading a text admits."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from certs.certificate import Certificate
from certs.revocation.hash_data import Fields, HashAlgorithm, HashData, hex_hash, hex_serial

SERIAL_BITS_MAX = 160  # RFC 5280 4.1.2.2: 20 octets


class Dialect(Enum):
    """One deviation from OCPP's spelling, and who writes it."""

    UPPER_CASE = "upper_case"  # SAP's simulator, BN_bn2hex
    LEADING_ZEROES = "leading_zeroes"  # whole octets instead of digits
    BASE64URL = "base64url"  # PyPI iso15118 0.31.2: the hashes
    DECIMAL_SERIAL = "decimal_serial"  # PyPI iso15118 0.31.2, MaEVe's own tests
    WHOLE_SPKI = "whole_spki"  # SAP's simulator: the key hash is over subjectPublicKeyInfo
    ROOT_INCLUDED = "root_included"  # PyPI iso15118 0.31.2: the root as the last entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One thing the fields may mean, and the dialects it takes to mean it.

    A reading is a candidate and proves nothing: it counts when it matches a known certificate.
    """

    hash_data: HashData
    dialects: frozenset[Dialect]


_DIGITS = re.compile(r"[0-9]+")


_PLAIN: frozenset[Dialect] = frozenset()
_UPPER_CASE = frozenset({Dialect.UPPER_CASE})
_LEADING_ZEROES = frozenset({Dialect.LEADING_ZEROES})
_BASE64URL = frozenset({Dialect.BASE64URL})
_DECIMAL_SERIAL = frozenset({Dialect.DECIMAL_SERIAL})
_WHOLE_SPKI = frozenset({Dialect.WHOLE_SPKI})


def _spelling(text: str) -> frozenset[Dialect]:
    return _UPPER_CASE if text != text.lower() else _PLAIN


def _hash(text: str, algorithm: HashAlgorithm) -> tuple[bytes, frozenset[Dialect]] | None:
    """The digest in hexadecimal or base64url; their lengths differ, so one at most fits."""
    digest = hex_hash(text, algorithm)
    if digest is not None:
        return digest, _spelling(text)
    bare = text.rstrip("=")
    padded = bare + "=" * (-len(bare) % 4)
    if text not in (bare, padded):
        return None
    try:
        digest = urlsafe_b64decode(padded)
    except ValueError:  # binascii.Error is one; so is text that is not ASCII
        return None
    # Decoding skips foreign characters and stray bits: only what encodes back was base64url.
    if len(digest) != algorithm.octets or urlsafe_b64encode(digest).decode() != padded:
        return None
    return digest, _BASE64URL


def _serials(text: str) -> list[tuple[int, frozenset[Dialect]]]:
    """The numbers that ``text`` may be: hexadecimal first, and decimal where it has digits only.

    "12345" is a number in both bases, and another certificate in each.
    """
    found = []
    number = hex_serial(text)
    if number is not None and number.bit_length() <= SERIAL_BITS_MAX:
        spelling = _spelling(text)
        if text != "0" and text.startswith("0"):
            spelling |= _LEADING_ZEROES
        found.append((number, spelling))
    if _DIGITS.fullmatch(text):
        decimal = int(text)
        if decimal != number and decimal.bit_length() <= SERIAL_BITS_MAX:
            found.append((decimal, _DECIMAL_SERIAL))
    return found


def readings(fields: Fields) -> tuple[Reading, ...]:
    """Everything the fields may mean, OCPP's own reading first; empty where they mean nothing.

    At most four: two bases of the serial, and the key hash over the key or over the whole
    subjectPublicKeyInfo, which no octet tells apart.
    """
    name = _hash(fields.issuer_name_hash, fields.hash_algorithm)
    key = _hash(fields.issuer_key_hash, fields.hash_algorithm)
    if name is None or key is None:
        return ()
    hashes = name[1] | key[1]
    found = [
        (
            HashData(
                hash_algorithm=fields.hash_algorithm,
                issuer_name_hash=name[0],
                issuer_key_hash=key[0],
                serial=serial,
                responder_url=fields.responder_url,
            ),
            hashes | spelling,
        )
        for serial, spelling in _serials(fields.serial_number)
    ]
    return tuple(
        [
            Reading(hash_data=hash_data, dialects=dialects | over)
            for over in (_PLAIN, _WHOLE_SPKI)
            for hash_data, dialects in found
        ]
    )


def whole_spki_hash(issuer: Certificate, algorithm: HashAlgorithm) -> bytes:
    """What the dialect WHOLE_SPKI writes as an issuer's key hash."""
    return algorithm.digest(issuer.spki)


def names(reading: Reading, certificate: Certificate, issuer: Certificate) -> bool:
    """Whether a reading names this certificate of this issuer."""
    data = reading.hash_data
    if data.serial != certificate.serial:  # the cheapest to tell apart comes first
        return False
    key = issuer.spki if Dialect.WHOLE_SPKI in reading.dialects else issuer.subject_public_key
    digest = data.hash_algorithm.digest
    return data.issuer_name_hash == digest(certificate.issuer) and (
        data.issuer_key_hash == digest(key)
    )


def may_include_root(chain: Sequence[HashData]) -> bool:
    """Whether the last entry may be the root's own (ROOT_INCLUDED).

    A root issued itself and the sub-CA before it, so both entries name one issuer; in a chain
    without its root no two neighbours do. Only a known root's serial number settles it.
    """
    if len(chain) < 2:
        return False
    above, last = chain[-2], chain[-1]
    return (
        above.hash_algorithm is last.hash_algorithm
        and above.issuer_name_hash == last.issuer_name_hash
        and above.issuer_key_hash == last.issuer_key_hash
        and above.serial != last.serial
    )
