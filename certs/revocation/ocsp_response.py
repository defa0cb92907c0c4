"""What an OCSP response says, read octet by octet and not yet believed (RFC 6960 4.2.1)."""

from datetime import datetime
from enum import Enum
from typing import NamedTuple

from certs import der
from certs.errors import Malformed, MalformedDer, MalformedOcsp, TooLarge
from certs.extensions import Extension, read_unshared
from certs.revocation import moments

# Responders pre-sign batches; the response's byte cap would admit some 900.
SINGLE_RESPONSES_MAX = 64
CERTIFICATES_MAX = 4  # the delegate, and what a responder likes to send above it
EXTENSIONS_MAX = 8

_BASIC = bytes.fromhex("06092b0601050507300101")  # id-pkix-ocsp-basic
_VERSION_1 = b"\x02\x01\x00"  # DER omits it, some responders do not

_CONTEXT_0 = 0xA0
_CONTEXT_1 = 0xA1
_CONTEXT_2 = 0xA2
_GOOD = 0x80
_REVOKED = 0xA1
_UNKNOWN = 0x82
_ENUMERATED = 0x0A


class ResponseStatus(Enum):
    """OCSPResponseStatus: the number in DER. 4 is not used."""

    SUCCESSFUL = 0
    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    SIG_REQUIRED = 5
    UNAUTHORIZED = 6


_RESPONSE_STATUSES = {bytes((status.value,)): status for status in ResponseStatus}


class CertStatus(Enum):
    """CertStatus, by its choice's tag."""

    GOOD = _GOOD
    REVOKED = _REVOKED
    UNKNOWN = _UNKNOWN


_CERT_STATUSES = {status.value: status for status in CertStatus}


# Tuples and not frozen dataclasses, which take four times as long to build, response by response.
class SingleResponse(NamedTuple):
    """What is said about one certificate. ``reason`` is CRLReason's number, where one is given."""

    status: CertStatus
    revoked_at: datetime | None
    reason: int | None
    this_update: datetime
    next_update: datetime | None
    extensions: tuple[Extension, ...]


class BasicResponse(NamedTuple):
    """A successful response's parts, as DER slices where they are not needed by all."""

    tbs: bytes  # tbsResponseData, tag and length included: what is signed
    signature_algorithm: bytes  # DER AlgorithmIdentifier
    signature: bytes
    responder_name: bytes | None  # DER Name; one of the two is given
    responder_key_hash: bytes | None  # SHA-1 over the subjectPublicKey's value
    produced_at: datetime
    singles: tuple[tuple[bytes, bytes], ...]  # (DER CertID, DER SingleResponse)
    extensions: tuple[Extension, ...]
    certificates: tuple[bytes, ...]  # DER


def _extensions(data: bytes, start: int, stop: int) -> tuple[Extension, ...]:
    start, end = der.expect(data, start, stop, der.SEQUENCE)
    if end != stop:
        raise MalformedDer("octets after the extensions")
    found = tuple(
        read_unshared(data[at:end])
        for _, at, _, end in der.children(data, start, stop, EXTENSIONS_MAX)
    )
    if len({extension.oid for extension in found}) != len(found):
        raise MalformedDer("an extension stands twice")
    return found


def _moment(data: bytes, start: int, stop: int) -> datetime:
    begin, end = der.expect(data, start, stop, der.GENERALIZED_TIME)
    if end != stop:
        raise MalformedDer("octets after a time")
    return moments.read(data[begin:end], der.GENERALIZED_TIME)


def _revoked_info(data: bytes, start: int, stop: int) -> tuple[datetime, int | None]:
    begin, at = der.expect(data, start, stop, der.GENERALIZED_TIME)
    revoked_at = moments.read(data[begin:at], der.GENERALIZED_TIME)
    if at == stop:
        return revoked_at, None
    begin, end = der.expect(data, at, stop, _CONTEXT_0)
    if end != stop:
        raise MalformedDer("RevokedInfo of more than its two fields")
    begin, end = der.expect(data, begin, stop, _ENUMERATED)
    if end != stop:
        raise MalformedDer("octets after a reason")
    return revoked_at, der.integer(data[begin:end])


def _single(data: bytes) -> SingleResponse:
    start, stop = der.whole(data, der.SEQUENCE)
    _, at = der.expect(data, start, stop, der.SEQUENCE)  # certID
    tag, begin, end = der.tlv(data, at, stop)
    revoked_at = reason = None
    if tag == _REVOKED:
        revoked_at, reason = _revoked_info(data, begin, end)
    elif tag not in {_GOOD, _UNKNOWN} or begin != end:
        raise MalformedDer("certStatus is none of its choices")
    status = _CERT_STATUSES[tag]
    begin, at = der.expect(data, end, stop, der.GENERALIZED_TIME)
    this_update = moments.read(data[begin:at], der.GENERALIZED_TIME)
    next_update = None
    extensions: tuple[Extension, ...] = ()
    if at < stop and data[at] == _CONTEXT_0:
        begin, at = der.expect(data, at, stop, _CONTEXT_0)
        next_update = _moment(data, begin, at)
    if at < stop:
        begin, at = der.expect(data, at, stop, _CONTEXT_1)
        extensions = _extensions(data, begin, at)
    if at != stop:
        raise MalformedDer("SingleResponse of more than its fields")
    return SingleResponse(status, revoked_at, reason, this_update, next_update, extensions)


def read_single(data: bytes) -> SingleResponse:
    """One DER SingleResponse; MalformedOcsp where it is none."""
    try:
        return _single(data)
    except (Malformed, UnicodeDecodeError) as bad:
        raise _malformed(bad) from bad


def _singles(data: bytes, start: int, stop: int) -> tuple[tuple[bytes, bytes], ...]:
    found = []
    at = start
    while at < stop:
        begin, end = der.expect(data, at, stop, der.SEQUENCE)
        _, cert_id = der.expect(data, begin, end, der.SEQUENCE)
        found.append((data[begin:cert_id], data[at:end]))
        if len(found) > SINGLE_RESPONSES_MAX:
            raise TooLarge(f"over {SINGLE_RESPONSES_MAX} single responses")
        at = end
    return tuple(found)


def _certificates(data: bytes, start: int, stop: int) -> tuple[bytes, ...]:
    tag, begin, end = der.tlv(data, start, stop)
    if tag != _CONTEXT_0 or end != stop:
        raise MalformedDer("BasicOCSPResponse of more than its fields")
    start, end = der.expect(data, begin, stop, der.SEQUENCE)
    if end != stop:
        raise MalformedDer("octets after the certificates")
    found = []
    while start < stop:
        _, end = der.expect(data, start, stop, der.SEQUENCE)
        found.append(data[start:end])
        if len(found) > CERTIFICATES_MAX:
            raise TooLarge(f"over {CERTIFICATES_MAX} certificates")
        start = end
    return tuple(found)


def _basic(data: bytes, start: int, stop: int) -> BasicResponse:
    start, end = der.expect(data, start, stop, der.SEQUENCE)
    if end != stop:
        raise MalformedDer("octets after the BasicOCSPResponse")
    begin, tbs_stop = der.expect(data, start, stop, der.SEQUENCE)
    _, algorithm_stop = der.expect(data, tbs_stop, stop, der.SEQUENCE)
    signature, signature_stop = der.expect(data, algorithm_stop, stop, der.BIT_STRING)
    certificates: tuple[bytes, ...] = ()
    if signature_stop != stop:
        certificates = _certificates(data, signature_stop, stop)

    tag, at, end = der.tlv(data, begin, tbs_stop)
    if tag == _CONTEXT_0:
        if data[at:end] != _VERSION_1:
            raise MalformedDer("version is not 1")
        tag, at, end = der.tlv(data, end, tbs_stop)
    name = key_hash = None
    if tag == _CONTEXT_1:
        name = data[at:end]
    elif tag == _CONTEXT_2:
        at, last = der.expect(data, at, end, der.OCTET_STRING)
        if last != end:
            raise MalformedDer("octets after the responder's key hash")
        key_hash = data[at:end]
    else:
        raise MalformedDer("responderID is none of its choices")
    at, end = der.expect(data, end, tbs_stop, der.GENERALIZED_TIME)
    produced_at = moments.read(data[at:end], der.GENERALIZED_TIME)
    at, end = der.expect(data, end, tbs_stop, der.SEQUENCE)
    singles = _singles(data, at, end)
    extensions: tuple[Extension, ...] = ()
    if end != tbs_stop:
        at, last = der.expect(data, end, tbs_stop, _CONTEXT_1)
        if last != tbs_stop:
            raise MalformedDer("tbsResponseData of more than its fields")
        extensions = _extensions(data, at, last)
    return BasicResponse(
        data[start:tbs_stop],
        data[tbs_stop:algorithm_stop],
        der.bit_string(data[signature:signature_stop]),
        name,
        key_hash,
        produced_at,
        singles,
        extensions,
        certificates,
    )


def _read(data: bytes) -> BasicResponse | ResponseStatus:
    start, stop = der.whole(data, der.SEQUENCE)
    begin, at = der.expect(data, start, stop, _ENUMERATED)
    status = _RESPONSE_STATUSES.get(data[begin:at])
    if status is None:
        raise MalformedDer("responseStatus is not defined")
    if status is not ResponseStatus.SUCCESSFUL:
        return status  # whatever follows is not read: it is no answer (O13)
    begin, end = der.expect(data, at, stop, _CONTEXT_0)
    if end != stop:
        raise MalformedDer("OCSPResponse of more than its two fields")
    begin, end = der.expect(data, begin, stop, der.SEQUENCE)
    at = begin + len(_BASIC)
    if end != stop or data[begin:at] != _BASIC:
        raise MalformedDer("responseType is not id-pkix-ocsp-basic")
    begin, end = der.expect(data, at, stop, der.OCTET_STRING)
    if end != stop:
        raise MalformedDer("ResponseBytes of more than its two fields")
    return _basic(data, begin, end)


def _malformed(bad: Malformed | UnicodeDecodeError) -> MalformedOcsp:
    return MalformedOcsp(
        bad.detail if isinstance(bad, Malformed) else "text outside its character set"
    )


def read(data: bytes) -> BasicResponse | ResponseStatus:
    """A response's parts, or the status with which the responder declined.

    Raises TooLarge for more single responses or certificates than the caps, MalformedOcsp
    otherwise. The size in octets is the caller's to cap.
    """
    try:
        return _read(data)
    except TooLarge:
        raise
    except (Malformed, UnicodeDecodeError) as bad:
        raise _malformed(bad) from bad
