"""OCSP responses as RFC 6960 4.2 writes them, encoded by hand: the responder's hot path."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from functools import lru_cache
from typing import assert_never

from certs import der
from certs.certificate import Certificate
from certs.keys import SIGNATURE_ALGORITHMS, Signer
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
_SUCCESSFUL = bytes((_ENUMERATED, 1, ResponseStatus.SUCCESSFUL))
_HEADINGS_MAX = 4_096
_FRAMES_MAX = 1_024  # responders; a house has one or two an authority
_MOMENTS_MAX = 1_024  # of these there are two new ones a second


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
    responder_id, algorithm, end = _frame(responder)
    data = (
        responder_id
        + generalized_time(produced_at)
        + _element(der.SEQUENCE, b"".join([_single(response) for response in responses]))
    )
    if nonce is not None:
        extension = _element(der.SEQUENCE, _NONCE + _element(der.OCTET_STRING, nonce))
        data += _element(_EXPLICIT_1, _element(der.SEQUENCE, extension))
    tbs = _element(der.SEQUENCE, data)
    signature = _element(der.BIT_STRING, b"\x00" + signer.sign(tbs))
    basic = _element(der.SEQUENCE, tbs + algorithm + signature + end)
    response_bytes = _element(der.SEQUENCE, _BASIC_RESPONSE + _element(der.OCTET_STRING, basic))
    return _element(der.SEQUENCE, _SUCCESSFUL + _element(_EXPLICIT_0, response_bytes))


def ending(responder: Certificate) -> bytes:
    """The octets with which every response signed by this responder ends: its certificate."""
    return _frame(responder)[2]


@lru_cache(maxsize=_HEADINGS_MAX)
def _heading(tag: int, octets: int) -> bytes:
    return der.encode(tag, bytes(octets))[: -octets or None]


def _element(tag: int, content: bytes) -> bytes:
    """As der.encode(): an answer has fourteen, and few lengths that are not seen again."""
    return _heading(tag, len(content)) + content


@lru_cache(maxsize=_FRAMES_MAX)
def _frame(responder: Certificate) -> tuple[bytes, bytes, bytes]:
    """What is the same in all of a responder's answers: responderID, signatureAlgorithm, certs."""
    key_id = der.encode(der.OCTET_STRING, responder.subject_key_id or b"")
    return (
        der.encode(_EXPLICIT_2, key_id),
        SIGNATURE_ALGORITHMS[responder.key_kind],
        der.encode(_EXPLICIT_0, der.encode(der.SEQUENCE, responder.der)),
    )


@lru_cache(maxsize=_MOMENTS_MAX)
def generalized_time(moment: datetime) -> bytes:
    """A GeneralizedTime in UTC to the second, as RFC 5280 4.1.2.5.2 restricts it."""
    return der.encode(der.GENERALIZED_TIME, moment.strftime("%Y%m%d%H%M%SZ").encode())


def _single(response: SingleResponse) -> bytes:
    return _element(
        der.SEQUENCE,
        response.cert_id
        + _status(response.status)
        + generalized_time(response.this_update)
        + _element(_EXPLICIT_0, generalized_time(response.next_update)),
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
                told += _element(_EXPLICIT_0, _element(_ENUMERATED, bytes((reason,))))
            return _element(_EXPLICIT_1, told)
        case _:
            assert_never(status)
