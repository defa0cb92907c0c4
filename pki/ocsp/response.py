"""OCSP responses as RFC 6960 4.2 writes them, encoded by hand: the responder's hot path."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import assert_never

from certs import der
from certs.certificate import Certificate
from certs.keys import SIGNATURE_ALGORITHMS, Signer, kind_of
from pki.authority.entries import Reason


class ResponseStatus(IntEnum):
    """RFC 6960 4.2.1 OCSPResponseStatus; 4 is not used."""

    SUCCESSFUL = 0
    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    SIG_REQUIRED = 5
    UNAUTHORIZED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """Issued by us and not revoked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """Revoked since then, for that reason."""

    revoked_at: datetime
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Not issued by us, or not issued yet."""


CertStatus = Good | Revoked | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleResponse:
    """One certificate's status, the CertID echoed as it came."""

    cert_id: bytes
    status: CertStatus
    this_update: datetime
    next_update: datetime


_BASIC_RESPONSE = bytes.fromhex("06092b0601050507300101")  # id-pkix-ocsp-basic
_NONCE = bytes.fromhex("06092b0601050507300102")  # id-pkix-ocsp-nonce
_ENUMERATED = 0x0A
_IMPLICIT_0 = 0x80
_EXPLICIT_0 = 0xA0
_EXPLICIT_1 = 0xA1
_EXPLICIT_2 = 0xA2
_GOOD = bytes((_IMPLICIT_0, 0))
_UNKNOWN = bytes((0x82, 0))


def encode_error(status: ResponseStatus) -> bytes:
    """An OCSPResponse that says why there is no answer; it is never signed."""
    return der.encode(der.SEQUENCE, der.encode(_ENUMERATED, bytes((status,))))


def encode(
    responses: Sequence[SingleResponse],
    *,
    produced_at: datetime,
    nonce: bytes | None,
    responder: Certificate,
    signer: Signer,
) -> bytes:
    """A successful OCSPResponse, signed once, the delegated signer's certificate in it.

    ``nonce`` is the request's extension value, echoed. The responder is named by key (RFC 6960
    4.2.1 byKey, as RFC 5019 2.2.1 asks), the shorter form.
    """
    key_id = der.encode(der.OCTET_STRING, responder.subject_key_id or b"")
    data = (
        der.encode(_EXPLICIT_2, key_id)
        + generalized_time(produced_at)
        + der.encode(der.SEQUENCE, b"".join(_single(response) for response in responses))
    )
    if nonce is not None:
        extension = der.encode(der.SEQUENCE, _NONCE + der.encode(der.OCTET_STRING, nonce))
        data += der.encode(_EXPLICIT_1, der.encode(der.SEQUENCE, extension))
    tbs = der.encode(der.SEQUENCE, data)
    basic = der.encode(
        der.SEQUENCE,
        tbs
        + SIGNATURE_ALGORITHMS[kind_of(signer.public_key)]
        + der.encode(der.BIT_STRING, b"\x00" + signer.sign(tbs))
        + der.encode(_EXPLICIT_0, der.encode(der.SEQUENCE, responder.der)),
    )
    response_bytes = der.encode(der.SEQUENCE, _BASIC_RESPONSE + der.encode(der.OCTET_STRING, basic))
    return der.encode(
        der.SEQUENCE,
        der.encode(_ENUMERATED, bytes((ResponseStatus.SUCCESSFUL,)))
        + der.encode(_EXPLICIT_0, response_bytes),
    )


def generalized_time(moment: datetime) -> bytes:
    """A GeneralizedTime in UTC to the second, as RFC 5280 4.1.2.5.2 restricts it."""
    return der.encode(der.GENERALIZED_TIME, moment.strftime("%Y%m%d%H%M%SZ").encode())


def _single(response: SingleResponse) -> bytes:
    return der.encode(
        der.SEQUENCE,
        response.cert_id
        + _status(response.status)
        + generalized_time(response.this_update)
        + der.encode(_EXPLICIT_0, generalized_time(response.next_update)),
    )


def _status(status: CertStatus) -> bytes:
    match status:
        case Good():
            return _GOOD
        case Unknown():
            return _UNKNOWN
        case Revoked(revoked_at=revoked_at, reason=reason):
            told = generalized_time(revoked_at)
            # RFC 5280 5.3.1: unspecified is said by leaving the reason out.
            if reason is not Reason.UNSPECIFIED:
                told += der.encode(_EXPLICIT_0, der.encode(_ENUMERATED, bytes((reason,))))
            return der.encode(_EXPLICIT_1, told)
        case _:
            assert_never(status)
