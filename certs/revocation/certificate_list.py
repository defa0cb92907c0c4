"""What a CRL says about itself, read octet by octet and not yet believed (RFC 5280 5.1, 5.2)."""

from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509

from certs import der
from certs.certificate import SERIAL_OCTETS_MAX
from certs.errors import Malformed, MalformedCrl, MalformedDer
from certs.extensions import EXTENSIONS_MAX, Extension, read_unshared
from certs.revocation import moments

AUTHORITY_KEY_IDENTIFIER = "2.5.29.35"
CRL_NUMBER = "2.5.29.20"
DELTA_CRL_INDICATOR = "2.5.29.27"
ISSUING_DISTRIBUTION_POINT = "2.5.29.28"
REASON_CODE = "2.5.29.21"
INVALIDITY_DATE = "2.5.29.24"

_VERSION_2 = b"\x02\x01\x01"
_TIMES = frozenset({der.UTC_TIME, der.GENERALIZED_TIME})
_EXTENSIONS = 0xA0
_ENUMERATED = 0x0A


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which certificates a CRL speaks of (IssuingDistributionPoint, RFC 5280 5.2.5)."""

    distribution_point: tuple[str, ...] | None = None  # its URIs; None: the issuer's only CRL
    only_users: bool = False
    only_cas: bool = False
    only_attributes: bool = False
    some_reasons: bool = False
    indirect: bool = False

    @property
    def complete(self) -> bool:
        """Whether it speaks of every certificate of its issuer."""
        return self == Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateList:
    """A CRL's parts. ``entries``: where in ``data`` the content of revokedCertificates stands."""

    data: bytes = field(repr=False)
    tbs: tuple[int, int]  # tbsCertList, tag and length included: what is signed
    signature_algorithm: bytes  # DER AlgorithmIdentifier; the inner and the outer one are equal
    signature: bytes
    issuer: bytes  # DER Name
    this_update: datetime
    next_update: datetime | None
    entries: tuple[int, int]
    extensions: tuple[Extension, ...]
    number: int | None
    scope: Scope


@dataclass(frozen=True, slots=True)
class Entry:
    """One revoked certificate. ``reason`` is CRLReason's number, where one is given."""

    serial: int
    revoked_at: datetime
    reason: int | None
    extensions: tuple[Extension, ...]


def _extensions(data: bytes, start: int, stop: int) -> tuple[Extension, ...]:
    found = tuple(
        read_unshared(data[at:end])
        for _, at, _, end in der.children(data, start, stop, EXTENSIONS_MAX)
    )
    if len({extension.oid for extension in found}) != len(found):
        raise MalformedDer("an extension stands twice")
    return found


def base_number(listed: CertificateList) -> int | None:
    """The number of the list a delta starts from (RFC 5280 5.2.4); None for a complete list.

    MalformedDer where it is no number.
    """
    return _number(_value(listed.extensions, DELTA_CRL_INDICATOR))


def _value(extensions: tuple[Extension, ...], oid: str) -> bytes | None:
    return next((extension.value for extension in extensions if extension.oid == oid), None)


def _number(value: bytes | None) -> int | None:
    if value is None:
        return None
    start, stop = der.whole(value, der.INTEGER)
    number = der.integer(value[start:stop])
    if number < 0 or stop - start > SERIAL_OCTETS_MAX:  # RFC 5280 5.2.3
        raise MalformedDer("cRLNumber is negative or over 20 octets")
    return number


def _uris(value: bytes, start: int, stop: int) -> tuple[str, ...]:
    """The URIs of a DistributionPointName's fullName; other forms of name give none."""
    tag, start, end = der.tlv(value, start, stop)
    if end != stop:
        raise MalformedDer("octets after a distribution point's name")
    if tag != 0xA0:
        return ()
    return tuple(
        value[begin:end].decode("ascii")
        for kind, _, begin, end in der.children(value, start, stop, EXTENSIONS_MAX)
        if kind == 0x86
    )


def _scope(value: bytes | None) -> Scope:
    if value is None:
        return Scope()
    start, stop = der.whole(value, der.SEQUENCE)
    fields = der.children(value, start, stop, 6)
    tags = [tag for tag, *_ in fields]
    if tags != sorted(set(tags), key=lambda tag: tag & 0x1F) or not set(tags) <= {
        0xA0,  # distributionPoint
        0x81,  # onlyContainsUserCerts
        0x82,  # onlyContainsCACerts
        0x83,  # onlySomeReasons: that it stands here is enough, its bits are not read (C08)
        0x84,  # indirectCRL
        0x85,  # onlyContainsAttributeCerts
    }:
        raise MalformedDer("issuingDistributionPoint has other fields than its six")
    flags = {
        tag: der.boolean(value[begin:end])
        for tag, _, begin, end in fields
        if tag not in {0xA0, 0x83}
    }
    named = next(((begin, end) for tag, _, begin, end in fields if tag == 0xA0), None)
    return Scope(
        distribution_point=None if named is None else _uris(value, *named),
        only_users=flags.get(0x81, False),
        only_cas=flags.get(0x82, False),
        only_attributes=flags.get(0x85, False),
        some_reasons=0x83 in tags,
        indirect=flags.get(0x84, False),
    )


def _read(data: bytes) -> CertificateList:
    start, stop = der.whole(data, der.SEQUENCE)
    at, tbs_stop = der.expect(data, start, stop, der.SEQUENCE)
    _, algorithm_stop = der.expect(data, tbs_stop, stop, der.SEQUENCE)
    algorithm = data[tbs_stop:algorithm_stop]
    signature, end = der.expect(data, algorithm_stop, stop, der.BIT_STRING)
    if end != stop:
        raise MalformedDer("CertificateList of more than its three fields")

    version = data[at : at + len(_VERSION_2)]
    if version == _VERSION_2:
        at += len(_VERSION_2)
    inner, at = at, at + len(algorithm)
    if data[inner:at] != algorithm:  # RFC 5280 5.1.1.2
        raise MalformedDer("inner and outer signature algorithm differ")
    _, end = der.expect(data, at, tbs_stop, der.SEQUENCE)
    issuer = data[at:end]
    tag, begin, end = der.tlv(data, end, tbs_stop)
    this_update = moments.read(data[begin:end], tag)

    next_update = None
    entries = (end, end)
    extensions: tuple[Extension, ...] = ()
    if end < tbs_stop and data[end] in _TIMES:
        tag, begin, end = der.tlv(data, end, tbs_stop)
        next_update = moments.read(data[begin:end], tag)
    if end < tbs_stop and data[end] == der.SEQUENCE:
        entries = der.expect(data, end, tbs_stop, der.SEQUENCE)
        end = entries[1]
    if end < tbs_stop:
        begin, end = der.expect(data, end, tbs_stop, _EXTENSIONS)
        begin, last = der.expect(data, begin, end, der.SEQUENCE)
        if last != tbs_stop or version != _VERSION_2:
            raise MalformedDer("extensions are not the last field of a version 2")
        extensions = _extensions(data, begin, last)
    return CertificateList(
        data=data,
        tbs=(start, tbs_stop),
        signature_algorithm=algorithm,
        signature=der.bit_string(data[signature:stop]),
        issuer=issuer,
        this_update=this_update,
        next_update=next_update,
        entries=entries,
        extensions=extensions,
        number=_number(_value(extensions, CRL_NUMBER)),
        scope=_scope(_value(extensions, ISSUING_DISTRIBUTION_POINT)),
    )


def _malformed(bad: Malformed | UnicodeDecodeError) -> MalformedCrl:
    return MalformedCrl(
        bad.detail if isinstance(bad, Malformed) else "text outside its character set"
    )


def read(data: bytes) -> CertificateList:
    """A CRL's parts, with the form of every entry checked; MalformedCrl where it is none.

    The size in octets is the caller's to cap. Entries are walked by cryptography's reader, which
    takes 0.1 microseconds for each and makes no Python objects.
    """
    try:
        listed = _read(data)
        x509.load_der_x509_crl(data)
    except (Malformed, UnicodeDecodeError) as bad:
        raise _malformed(bad) from bad
    except (ValueError, x509.InvalidVersion) as bad:
        raise MalformedCrl("an entry is malformed") from bad
    return listed


def _entry(data: bytes) -> Entry:
    start, stop = der.whole(data, der.SEQUENCE)
    begin, end = der.expect(data, start, stop, der.INTEGER)
    serial = der.integer(data[begin:end])
    tag, begin, end = der.tlv(data, end, stop)
    revoked_at = moments.read(data[begin:end], tag)
    extensions: tuple[Extension, ...] = ()
    if end != stop:
        begin, last = der.expect(data, end, stop, der.SEQUENCE)
        if last != stop:
            raise MalformedDer("entry of more than its three fields")
        extensions = _extensions(data, begin, last)
    reason = None
    value = _value(extensions, REASON_CODE)
    if value is not None:
        begin, end = der.whole(value, _ENUMERATED)
        reason = der.integer(value[begin:end])
    return Entry(serial, revoked_at, reason, extensions)


def read_entry(data: bytes) -> Entry:
    """One DER entry of revokedCertificates; MalformedCrl where it is none."""
    try:
        return _entry(data)
    except (Malformed, UnicodeDecodeError) as bad:
        raise _malformed(bad) from bad
