"""Certificate revocation lists as RFC 5280 5 writes them, encoded by hand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from certs import der
from certs.certificate import Certificate
from certs.keys import SIGNATURE_ALGORITHMS, Signer, kind_of
from pki.authority.entries import Listed, Reason

_VERSION_2 = bytes.fromhex("020101")
_CRL_NUMBER = bytes.fromhex("0603551d14")
_REASON_CODE = bytes.fromhex("0603551d15")
_DELTA_CRL_INDICATOR = bytes.fromhex("0603551d1b")
_ISSUING_DISTRIBUTION_POINT = bytes.fromhex("0603551d1c")
_AUTHORITY_KEY_IDENTIFIER = bytes.fromhex("0603551d23")
_FRESHEST_CRL = bytes.fromhex("0603551d2e")
_CRITICAL = bytes.fromhex("0101ff")
_ENUMERATED = 0x0A
_IMPLICIT_0 = 0x80
_EXPLICIT_0 = 0xA0
_URI = 0x86
_GENERALIZED_FROM = 2050  # RFC 5280 5.1.2.4: UTCTime through 2049
_AT_ONCE = 10_000  # entries that are objects of their own at one moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Which list this is, beside its number.

    ``scope_url``: it speaks of the certificates that name this distribution point; None: of all.
    ``freshest_url``: where its deltas are published. ``base``: it is a delta itself, to the lists
    from this number on.
    """

    scope_url: str | None = None
    freshest_url: str | None = None
    base: int | None = None


COMPLETE = Kind()


def encode(
    listed: Iterable[Listed],
    *,
    issuer: Certificate,
    number: int,
    this_update: datetime,
    next_update: datetime,
    signer: Signer,
    kind: Kind = COMPLETE,
) -> bytes:
    """A CRL, version 2, with its number and the issuer's key id, signed once.

    Takes the octets of the list and as many again; no object for an entry stays.
    """
    algorithm = SIGNATURE_ALGORITHMS[kind_of(signer.public_key)]
    entries = bytearray()
    remaining = iter(listed)
    while page := b"".join(map(_entry, islice(remaining, _AT_ONCE))):
        entries += page
    before = _VERSION_2 + algorithm + issuer.subject + time(this_update) + time(next_update)
    # RFC 5280 5.1.2.6: the list is absent where nothing is revoked.
    if entries:
        before += _head(der.SEQUENCE, len(entries))
    after = der.encode(_EXPLICIT_0, der.encode(der.SEQUENCE, _extensions(issuer, number, kind)))
    head = _head(der.SEQUENCE, len(before) + len(entries) + len(after))
    tbs = b"".join((head, before, entries, after))
    entries.clear()
    signature = der.encode(der.BIT_STRING, b"\x00" + signer.sign(tbs))
    length = len(tbs) + len(algorithm) + len(signature)
    return b"".join((_head(der.SEQUENCE, length), tbs, algorithm, signature))


def time(moment: datetime) -> bytes:
    """UTCTime through 2049 and GeneralizedTime after, to the second."""
    year = moment.year
    head = b"\x17\x0d" if year < _GENERALIZED_FROM else b"\x18\x0f%02d" % (year // 100)
    return b"%b%02d%02d%02d%02d%02d%02dZ" % (
        head,
        year % 100,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
    )


def integer(value: int) -> bytes:
    """A non-negative INTEGER."""
    return der.encode(der.INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _entry(listed: Listed) -> bytes:
    serial, revoked_at, reason = listed
    octets = serial.bit_length() // 8 + 1
    when, why = time(revoked_at), _REASONS[reason]
    # Serials have at most 20 octets, so that every length here is one octet.
    head = bytes((der.SEQUENCE, 2 + octets + len(when) + len(why), der.INTEGER, octets))
    return head + serial.to_bytes(octets, "big") + when + why


def _extensions(issuer: Certificate, number: int, kind: Kind) -> bytes:
    extensions = _extension(_CRL_NUMBER, integer(number))
    if issuer.subject_key_id is not None:
        key_id = der.encode(_IMPLICIT_0, issuer.subject_key_id)
        extensions += _extension(_AUTHORITY_KEY_IDENTIFIER, der.encode(der.SEQUENCE, key_id))
    if kind.scope_url is not None:
        point = der.encode(der.SEQUENCE, _point(kind.scope_url))
        extensions += _extension(_ISSUING_DISTRIBUTION_POINT, point, critical=True)
    if kind.base is not None:
        extensions += _extension(_DELTA_CRL_INDICATOR, integer(kind.base), critical=True)
    elif kind.freshest_url is not None:
        point = der.encode(der.SEQUENCE, _point(kind.freshest_url))
        extensions += _extension(_FRESHEST_CRL, der.encode(der.SEQUENCE, point))
    return extensions


def _point(url: str) -> bytes:
    """A DistributionPointName of one full name (RFC 5280 4.2.1.13)."""
    full_name = der.encode(_EXPLICIT_0, der.encode(_URI, url.encode("ascii")))
    return der.encode(_EXPLICIT_0, full_name)


def _extension(oid: bytes, value: bytes, *, critical: bool = False) -> bytes:
    flag = _CRITICAL if critical else b""
    return der.encode(der.SEQUENCE, oid + flag + der.encode(der.OCTET_STRING, value))


def _head(tag: int, length: int) -> bytes:
    """An element's tag and length, its content to follow."""
    if length < 0x80:
        return bytes((tag, length))
    octets = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | octets)) + length.to_bytes(octets, "big")


def _reason(reason: Reason) -> bytes:
    # RFC 5280 5.3.1: unspecified is said by leaving the reason out.
    if reason is Reason.UNSPECIFIED:
        return b""
    code = _extension(_REASON_CODE, der.encode(_ENUMERATED, bytes((reason,))))
    return der.encode(der.SEQUENCE, code)


_REASONS = {reason.value: _reason(reason) for reason in Reason}
