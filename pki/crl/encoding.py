"""Certificate revocation lists as RFC 5280 5 writes them, encoded by hand."""

from collections.abc import Sequence
from datetime import datetime

from certs import der
from certs.certificate import Certificate
from certs.keys import SIGNATURE_ALGORITHMS, Signer, kind_of
from pki.authority.entries import Reason, Revocation

_VERSION_2 = bytes.fromhex("020101")
_CRL_NUMBER = bytes.fromhex("0603551d14")
_REASON_CODE = bytes.fromhex("0603551d15")
_AUTHORITY_KEY_IDENTIFIER = bytes.fromhex("0603551d23")
_ENUMERATED = 0x0A
_IMPLICIT_0 = 0x80
_EXPLICIT_0 = 0xA0
_GENERALIZED_FROM = 2050  # RFC 5280 5.1.2.4: UTCTime through 2049


def encode(
    revocations: Sequence[Revocation],
    *,
    issuer: Certificate,
    number: int,
    this_update: datetime,
    next_update: datetime,
    signer: Signer,
) -> bytes:
    """A complete CRL, version 2, with its number and the issuer's key id, signed once."""
    algorithm = SIGNATURE_ALGORITHMS[kind_of(signer.public_key)]
    body = (
        _VERSION_2
        + algorithm
        + issuer.subject
        + time(this_update)
        + time(next_update)
        # RFC 5280 5.1.2.6: the list is absent where nothing is revoked.
        + (der.encode(der.SEQUENCE, b"".join(map(_entry, revocations))) if revocations else b"")
        + der.encode(_EXPLICIT_0, der.encode(der.SEQUENCE, _extensions(issuer, number)))
    )
    tbs = der.encode(der.SEQUENCE, body)
    signature = der.encode(der.BIT_STRING, b"\x00" + signer.sign(tbs))
    return der.encode(der.SEQUENCE, tbs + algorithm + signature)


def time(moment: datetime) -> bytes:
    """UTCTime through 2049 and GeneralizedTime after, to the second."""
    if moment.year < _GENERALIZED_FROM:
        return der.encode(der.UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode())
    return der.encode(der.GENERALIZED_TIME, moment.strftime("%Y%m%d%H%M%SZ").encode())


def integer(value: int) -> bytes:
    """A non-negative INTEGER."""
    return der.encode(der.INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _entry(revocation: Revocation) -> bytes:
    entry = integer(revocation.serial) + time(revocation.revoked_at)
    # RFC 5280 5.3.1: unspecified is said by leaving the reason out.
    if revocation.reason is not Reason.UNSPECIFIED:
        reason = der.encode(_ENUMERATED, bytes((revocation.reason,)))
        entry += der.encode(der.SEQUENCE, _extension(_REASON_CODE, reason))
    return der.encode(der.SEQUENCE, entry)


def _extensions(issuer: Certificate, number: int) -> bytes:
    extensions = _extension(_CRL_NUMBER, integer(number))
    if issuer.subject_key_id is not None:
        key_id = der.encode(_IMPLICIT_0, issuer.subject_key_id)
        extensions += _extension(_AUTHORITY_KEY_IDENTIFIER, der.encode(der.SEQUENCE, key_id))
    return extensions


def _extension(oid: bytes, value: bytes) -> bytes:
    return der.encode(der.SEQUENCE, oid + der.encode(der.OCTET_STRING, value))
