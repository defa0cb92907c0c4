"""The extensions of certificates, each read as RFC 5280 writes it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntFlag
from functools import lru_cache

from certs import der
from certs.errors import MalformedDer

EXTENSIONS_MAX = 32  # in one certificate, and of values in one list

BASIC_CONSTRAINTS = "2.5.29.19"
KEY_USAGE = "2.5.29.15"
EXTENDED_KEY_USAGE = "2.5.29.37"
SUBJECT_KEY_IDENTIFIER = "2.5.29.14"
AUTHORITY_KEY_IDENTIFIER = "2.5.29.35"
AUTHORITY_INFORMATION_ACCESS = "1.3.6.1.5.5.7.1.1"
CRL_DISTRIBUTION_POINTS = "2.5.29.31"
CERTIFICATE_POLICIES = "2.5.29.32"
NAME_CONSTRAINTS = "2.5.29.30"
POLICY_CONSTRAINTS = "2.5.29.36"
POLICY_MAPPINGS = "2.5.29.33"
INHIBIT_ANY_POLICY = "2.5.29.54"
FRESHEST_CRL = "2.5.29.46"
SUBJECT_ALTERNATIVE_NAME = "2.5.29.17"
OCSP_NO_CHECK = "1.3.6.1.5.5.7.48.1.5"
OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"
_OCSP = "1.3.6.1.5.5.7.48.1"


class KeyUsage(IntFlag):
    """The bits of keyUsage (RFC 5280 4.2.1.3)."""

    DIGITAL_SIGNATURE = 1
    CONTENT_COMMITMENT = 2  # nonRepudiation
    KEY_ENCIPHERMENT = 4
    DATA_ENCIPHERMENT = 8
    KEY_AGREEMENT = 16
    KEY_CERT_SIGN = 32
    CRL_SIGN = 64
    ENCIPHER_ONLY = 128
    DECIPHER_ONLY = 256


@dataclass(frozen=True, slots=True)
class BasicConstraints:
    """Whether the subject is a CA, and how many intermediates may follow it."""

    ca: bool
    path_length: int | None


# Identity is equality here: equal encodings are the same object (see read), and the path
# logic keys its own caches on these objects.
@dataclass(frozen=True, slots=True, eq=False)
class Extension:
    """One extension: dotted OID, critical or not, the octets inside its OCTET STRING."""

    oid: str
    critical: bool
    value: bytes
    quirk: str = ""  # finding code of a deviation in its encoding


def read_unshared(encoded: bytes) -> Extension:
    """One DER Extension; MalformedDer where it is none, or where a known one is misspelt."""
    start, stop = der.whole(encoded, der.SEQUENCE)
    oid, at = der.expect(encoded, start, stop, der.OID)
    dotted = der.oid(encoded[oid:at])
    tag, begin, end = der.tlv(encoded, at, stop)
    critical = False
    quirk = ""
    if tag == der.BOOLEAN:
        critical = der.boolean(encoded[begin:end])
        if not critical:
            quirk = "profile.default_encoded"
        tag, begin, end = der.tlv(encoded, end, stop)
    if tag != der.OCTET_STRING or end != stop:
        raise MalformedDer(f"extension {dotted} without its OCTET STRING, or with more")
    value = encoded[begin:end]
    if dotted == BASIC_CONSTRAINTS and not quirk and value == _NOT_DER_NOT_A_CA:
        quirk = "profile.basic_constraints_not_der"
    extension = Extension(dotted, critical, value, quirk)
    reader = _READERS.get(dotted)
    if reader is not None:
        reader(extension)
    return extension


# Certificates of one issuer share nearly all of their extensions. They are kept, so that equal
# encodings are one object and are judged once.
read = lru_cache(maxsize=4096)(read_unshared)


@lru_cache(maxsize=4096)
def _several(encoded: bytes) -> tuple[Extension, ...]:
    """Extensions that stand one after the other."""
    found: list[Extension] = []
    at, stop = 0, len(encoded)
    while at < stop:
        _, _, end = der.tlv(encoded, at, stop)
        found.append(read(encoded[at:end]))
        if len(found) > EXTENSIONS_MAX:
            raise MalformedDer(f"more than {EXTENSIONS_MAX} extensions")
        at = end
    return tuple(found)


@lru_cache(maxsize=4096)
def _joined(before: tuple[Extension, ...], after: tuple[Extension, ...]) -> tuple[Extension, ...]:
    """One list of both, the same object for the same parts; MalformedDer for a repetition."""
    shape = before + after
    if len(shape) > EXTENSIONS_MAX or len({extension.oid for extension in shape}) != len(shape):
        raise MalformedDer("an extension stands twice, or too many do")  # RFC 5280 4.2
    return shape


_OWN = bytes.fromhex(
    "0603551d0e04"
)  # subjectKeyIdentifier's OID and its OCTET STRING: not critical


def own(key_id: bytes) -> Extension:
    """SubjectKeyIdentifier as RFC 5280 4.2.1.2 writes it."""
    return Extension(SUBJECT_KEY_IDENTIFIER, False, der.encode(der.OCTET_STRING, key_id))


def read_all(encoded: bytes) -> tuple[tuple[Extension, ...], bytes | None]:
    """The content of an Extensions SEQUENCE: all but subjectKeyIdentifier, and that one's octets.

    subjectKeyIdentifier is the one extension that certificates of one issuer do not share. What
    stands before and after it is read once for all of them; that those octets are whole
    extensions follows from their having been read as such. One that is marked critical stays
    among the others.
    """
    at = encoded.find(_OWN) - 2
    if at >= 0:
        length = encoded[at + 1]
        # SEQUENCE { OID, OCTET STRING { OCTET STRING { key identifier }}}, all lengths agreeing
        if (
            encoded[at : at + 1] == b"0"
            and encoded[at + 8 : at + 11] == bytes((length - 7 & 0xFF, 4, length - 9 & 0xFF))
            and 9 < length < 0x80
            and at + 2 + length <= len(encoded)
        ):
            end = at + 2 + length
            try:
                shape = _joined(_several(encoded[:at]), _several(encoded[end:]))
            except MalformedDer:
                pass  # the octets stood inside another extension, or what is malformed is so below
            else:
                if not _has_own(shape):
                    return shape, encoded[at + 11 : end]
    every = _several.__wrapped__(encoded)
    if not every:
        raise MalformedDer("empty list of extensions")
    shape = _joined(every, ())
    found = next((e for e in shape if e.oid == SUBJECT_KEY_IDENTIFIER), None)
    if found is None:
        return shape, None
    key_id = read_subject_key_id(found)
    if not found.critical and not found.quirk:
        shape = _joined(tuple(e for e in every if e is not found), ())
    return shape, key_id


def own_in(data: bytes, at: int, stop: int) -> tuple[int, int] | None:
    """Where subjectKeyIdentifier's octets start and stop in the extensions [3] at ``at``.

    None where there is none as own() writes it. The extensions were read before.
    """
    if at == stop:
        return None
    _, begin, _ = der.tlv(data, at, stop)
    begin, _ = der.expect(data, begin, stop, der.SEQUENCE)
    for _, _, start, end in der.children(data, begin, stop, EXTENSIONS_MAX):
        if data[start : start + len(_OWN)] == _OWN:
            _, value, _ = der.tlv(data, start + len(_OWN) - 1, end)
            _, value, _ = der.tlv(data, value, end)
            return value, end
    return None


@lru_cache(maxsize=4096)
def _has_own(shape: tuple[Extension, ...]) -> bool:
    return any(extension.oid == SUBJECT_KEY_IDENTIFIER for extension in shape)


def of(shape: tuple[Extension, ...], oid: str) -> Extension | None:
    """The extension with this dotted OID among these."""
    return next((extension for extension in shape if extension.oid == oid), None)


@lru_cache(maxsize=4096)
def authority_key_id(shape: tuple[Extension, ...]) -> bytes | None:
    """AuthorityKeyIdentifier's keyIdentifier among these extensions."""
    extension = of(shape, AUTHORITY_KEY_IDENTIFIER)
    return None if extension is None else read_authority_key_id(extension)


@lru_cache(maxsize=4096)
def quirks(shape: tuple[Extension, ...]) -> tuple[str, ...]:
    """The deviations in these extensions' encoding, by finding code."""
    return tuple([extension.quirk for extension in shape if extension.quirk])


_NOT_DER_NOT_A_CA = bytes.fromhex(
    "3003010100"
)  # cA FALSE written out: real contract leaves have it


@lru_cache(maxsize=1024)
def read_basic_constraints(extension: Extension) -> BasicConstraints:
    """RFC 5280 4.2.1.9. A written-out cA FALSE is read; the reader names it as a quirk."""
    value = extension.value
    at, stop = der.whole(value, der.SEQUENCE)
    ca = False
    path_length = None
    if at < stop and value[at] == der.BOOLEAN:
        begin, at = der.expect(value, at, stop, der.BOOLEAN)
        ca = der.boolean(value[begin:at])
    if at < stop:
        begin, at = der.expect(value, at, stop, der.INTEGER)
        path_length = der.integer(value[begin:at])
        if path_length < 0:
            raise MalformedDer("negative pathLenConstraint")
    if at != stop:
        raise MalformedDer("basicConstraints with more than its two fields")
    return BasicConstraints(ca, path_length)


@lru_cache(maxsize=1024)
def read_key_usage(extension: Extension) -> KeyUsage:
    """RFC 5280 4.2.1.3: at least one bit, and none beyond the nine."""
    start, stop = der.whole(extension.value, der.BIT_STRING)
    bits = der.named_bits(extension.value[start:stop])
    if not 0 < bits < 512:
        raise MalformedDer("keyUsage without a bit, or with unknown ones")
    return KeyUsage(bits)


@lru_cache(maxsize=1024)
def read_extended_key_usage(extension: Extension) -> tuple[str, ...]:
    """RFC 5280 4.2.1.12: one purpose or more (an empty SEQUENCE is refused, X08)."""
    value = extension.value
    start, stop = der.whole(value, der.SEQUENCE)
    found = []
    for tag, _, begin, end in der.children(value, start, stop, EXTENSIONS_MAX):
        if tag != der.OID:
            raise MalformedDer("extendedKeyUsage holds what is no OBJECT IDENTIFIER")
        found.append(der.oid(value[begin:end]))
    if not found:
        raise MalformedDer("extendedKeyUsage without a purpose")
    return tuple(found)


def read_subject_key_id(extension: Extension) -> bytes:
    """RFC 5280 4.2.1.2: the identifier's octets."""
    start, stop = der.whole(extension.value, der.OCTET_STRING)
    return extension.value[start:stop]


@lru_cache(maxsize=1024)
def read_authority_key_id(extension: Extension) -> bytes | None:
    """RFC 5280 4.2.1.1: the keyIdentifier [0], None where only names are given."""
    value = extension.value
    start, stop = der.whole(value, der.SEQUENCE)
    found = None
    for tag, _, begin, end in der.children(value, start, stop, 3):
        if tag == 0x80:
            found = value[begin:end]
        elif tag not in {0xA1, 0x82}:
            raise MalformedDer("authorityKeyIdentifier with an unknown field")
    return found


def _general_name_urls(value: bytes, start: int, stop: int) -> list[str]:
    return [
        value[begin:end].decode("ascii")
        for tag, _, begin, end in der.children(value, start, stop, EXTENSIONS_MAX)
        if tag == 0x86  # uniformResourceIdentifier
    ]


@lru_cache(maxsize=1024)
def read_ocsp_urls(extension: Extension) -> tuple[str, ...]:
    """RFC 5280 4.2.2.1: the URIs of accessMethod id-ad-ocsp."""
    value = extension.value
    start, stop = der.whole(value, der.SEQUENCE)
    found: list[str] = []
    for tag, _, begin, end in der.children(value, start, stop, EXTENSIONS_MAX):
        if tag != der.SEQUENCE:
            raise MalformedDer("authorityInfoAccess holds what is no AccessDescription")
        method, method_stop = der.expect(value, begin, end, der.OID)
        if der.oid(value[method:method_stop]) == _OCSP:
            found += _general_name_urls(value, method_stop, end)
    return tuple(found)


@lru_cache(maxsize=1024)
def read_crl_urls(extension: Extension) -> tuple[str, ...]:
    """RFC 5280 4.2.1.13: the URIs of full names of distribution points without an own issuer."""
    value = extension.value
    start, stop = der.whole(value, der.SEQUENCE)
    found: list[str] = []
    for tag, _, begin, end in der.children(value, start, stop, EXTENSIONS_MAX):
        if tag != der.SEQUENCE:
            raise MalformedDer("cRLDistributionPoints holds what is no DistributionPoint")
        fields = {kind: (a, b) for kind, _, a, b in der.children(value, begin, end, 3)}
        if 0xA0 in fields and 0xA2 not in fields:
            for kind, _, a, b in der.children(value, *fields[0xA0], 1):
                if kind == 0xA0:
                    found += _general_name_urls(value, a, b)
    return tuple(found)


_READERS: dict[str, Callable[[Extension], object]] = {
    BASIC_CONSTRAINTS: read_basic_constraints,
    KEY_USAGE: read_key_usage,
    EXTENDED_KEY_USAGE: read_extended_key_usage,
    SUBJECT_KEY_IDENTIFIER: read_subject_key_id,
    AUTHORITY_KEY_IDENTIFIER: read_authority_key_id,
    AUTHORITY_INFORMATION_ACCESS: read_ocsp_urls,
    CRL_DISTRIBUTION_POINTS: read_crl_urls,
}
