"""TBSCertificates and their parts, written as RFC 5280 and DER have them."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from certs import der, names
from certs.extensions import (
    AUTHORITY_INFORMATION_ACCESS,
    AUTHORITY_KEY_IDENTIFIER,
    BASIC_CONSTRAINTS,
    CRL_DISTRIBUTION_POINTS,
    EXTENDED_KEY_USAGE,
    KEY_USAGE,
    OCSP_NO_CHECK,
    SUBJECT_KEY_IDENTIFIER,
    KeyUsage,
)

_PRINTABLE = re.compile(r"[A-Za-z0-9 '()+,\-./:=?]*")  # X.680 41.4
_PRINTABLE_STRING = 0x13
_UTF8_STRING = 0x0C
_IA5_STRING = 0x16
_NULL = b"\x05\x00"
_TRUE = b"\x01\x01\xff"  # critical; FALSE is the default and left out
_KEY_ID_OCTETS = 20
# Extension { OID 2.5.29.14, OCTET STRING { OCTET STRING of 20 octets }}, up to those.
_SUBJECT_KEY_IDENTIFIER = bytes.fromhex("301d0603551d0e04160414")
_VERSION_3 = b"\xa0\x03\x02\x01\x02"
_UTC_TIME_UNTIL = 2050  # RFC 5280 4.1.2.5
_AD_OCSP = "1.3.6.1.5.5.7.48.1"
_AD_CA_ISSUERS = "1.3.6.1.5.5.7.48.2"


def is_printable(text: str) -> bool:
    """Whether a PrintableString holds this text."""
    return _PRINTABLE.fullmatch(text) is not None


@lru_cache(maxsize=256)
def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER of ours, whole."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    content = bytearray()
    for arc in (40 * first + second, *rest):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(0x80 | arc & 0x7F)
        content += bytes(reversed(septets))
    return der.encode(der.OID, bytes(content))


def integer(value: int) -> bytes:
    """An INTEGER that is not negative, with the fewest octets."""
    return der.encode(der.INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def attribute(kind: str, value: str) -> bytes:
    """One RelativeDistinguishedName of one attribute.

    PrintableString where it holds the value, as V2G roots have it; UTF8String elsewhere
    (RFC 5280 4.1.2.4); IA5String for domain components (RFC 4519 2.4).
    """
    if kind == names.DOMAIN_COMPONENT:
        text = der.encode(_IA5_STRING, value.encode("ascii"))
    elif is_printable(value):
        text = der.encode(_PRINTABLE_STRING, value.encode("ascii"))
    else:
        text = der.encode(_UTF8_STRING, value.encode("utf-8"))
    return der.encode(der.SET, der.encode(der.SEQUENCE, oid(kind) + text))


kept_attribute = lru_cache(maxsize=256)(attribute)  # organisations, countries, domain components


@lru_cache(maxsize=256)  # batches share their moments
def time(moment: datetime) -> bytes:
    """UTCTime until 2049, GeneralizedTime from 2050; fractions of a second are cut off."""
    moment = moment.astimezone(UTC)
    if moment.year < _UTC_TIME_UNTIL:
        return b"\x17\x0d" + f"{moment:%y%m%d%H%M%S}Z".encode("ascii")
    return b"\x18\x0f" + f"{moment.year:04}{moment:%m%d%H%M%S}Z".encode("ascii")


def extension(kind: str, value: bytes, *, critical: bool = False) -> bytes:
    """One Extension around the DER octets of its value."""
    inner = oid(kind) + (_TRUE if critical else b"") + der.encode(der.OCTET_STRING, value)
    return der.encode(der.SEQUENCE, inner)


def basic_constraints(*, ca: bool, path_length: int | None) -> bytes:
    """RFC 5280 4.2.1.9, critical; an end entity's is an empty SEQUENCE."""
    value = (_TRUE if ca else b"") + (b"" if path_length is None else integer(path_length))
    return extension(BASIC_CONSTRAINTS, der.encode(der.SEQUENCE, value), critical=True)


def key_usage(usage: KeyUsage) -> bytes:
    """RFC 5280 4.2.1.3, critical, without trailing zero bits."""
    bits = f"{usage:b}"[::-1]  # bit 0 comes first
    unused = -len(bits) % 8
    octets = int(bits + "0" * unused, 2).to_bytes((len(bits) + unused) // 8, "big")
    return extension(
        KEY_USAGE, der.encode(der.BIT_STRING, bytes((unused,)) + octets), critical=True
    )


def extended_key_usage(purposes: Sequence[str]) -> bytes:
    """RFC 5280 4.2.1.12, not critical."""
    value = der.encode(der.SEQUENCE, b"".join(oid(purpose) for purpose in purposes))
    return extension(EXTENDED_KEY_USAGE, value)


def subject_key_identifier(key_id: bytes) -> bytes:
    """RFC 5280 4.2.1.2."""
    if len(key_id) == _KEY_ID_OCTETS:  # as method 1 has it, and nearly every certificate
        return _SUBJECT_KEY_IDENTIFIER + key_id
    return extension(SUBJECT_KEY_IDENTIFIER, der.encode(der.OCTET_STRING, key_id))


def authority_key_identifier(key_id: bytes) -> bytes:
    """RFC 5280 4.2.1.1, the key identifier alone."""
    return extension(AUTHORITY_KEY_IDENTIFIER, der.encode(der.SEQUENCE, der.encode(0x80, key_id)))


def authority_information_access(*, ocsp_url: str | None, ca_issuers_url: str | None) -> bytes:
    """RFC 5280 4.2.2.1; at least one of the two is given."""
    descriptions = b"".join(
        der.encode(der.SEQUENCE, oid(method) + der.encode(0x86, url.encode("ascii")))
        for method, url in ((_AD_OCSP, ocsp_url), (_AD_CA_ISSUERS, ca_issuers_url))
        if url is not None
    )
    return extension(AUTHORITY_INFORMATION_ACCESS, der.encode(der.SEQUENCE, descriptions))


def crl_distribution_points(url: str) -> bytes:
    """RFC 5280 4.2.1.13: one point, one full name."""
    full_name = der.encode(0xA0, der.encode(0x86, url.encode("ascii")))
    point = der.encode(der.SEQUENCE, der.encode(0xA0, full_name))
    return extension(CRL_DISTRIBUTION_POINTS, der.encode(der.SEQUENCE, point))


def ocsp_no_check() -> bytes:
    """RFC 6960 4.2.2.2.1."""
    return extension(OCSP_NO_CHECK, _NULL)


@lru_cache(maxsize=256)  # certificates issued together share theirs
def _validity(not_before: datetime, not_after: datetime) -> bytes:
    return der.encode(der.SEQUENCE, time(not_before) + time(not_after))


def tbs_certificate(
    *,
    serial: int,
    algorithm: bytes,
    issuer: bytes,
    not_before: datetime,
    not_after: datetime,
    subject: bytes,
    spki: bytes,
    extensions: bytes,
) -> bytes:
    """A version 3 TBSCertificate; names, keys and extensions come encoded."""
    return der.encode(
        der.SEQUENCE,
        b"".join(
            (
                _VERSION_3,
                integer(serial),
                algorithm,
                issuer,
                _validity(not_before, not_after),
                subject,
                spki,
                der.encode(0xA3, der.encode(der.SEQUENCE, extensions)),
            )
        ),
    )


def signed(tbs: bytes, algorithm: bytes, signature: bytes) -> bytes:
    """The Certificate (or other signed structure) of its three fields."""
    return der.encode(
        der.SEQUENCE, tbs + algorithm + der.encode(der.BIT_STRING, b"\x00" + signature)
    )
