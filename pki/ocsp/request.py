"""OCSP requests as RFC 6960 4.1 writes them, within the limits of RFC 5019 and RFC 9654."""

import base64
import binascii
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from certs import der
from certs.certificate import Certificate
from certs.errors import MalformedDer, MalformedOcsp, TooLarge
from pki.authority.directory import issuer_hashes

REQUEST_OCTETS_MAX = 8_192  # sixteen CertIDs by SHA-512, a nonce and a signature with its chain
BASE64_CHARACTERS_MAX = 4 * ((REQUEST_OCTETS_MAX + 2) // 3)
CERT_IDS_MAX = 16  # OCPP asks for four certificates at once; a chain has no more
EXTENSIONS_MAX = 8
NONCE_OCTETS_MAX = 128  # RFC 9654 2.1: 1 to 128; 0 or more than 128 is malformedRequest
SERIAL_OCTETS_MAX = 20  # RFC 5280 4.1.2.2

NONCE = "1.3.6.1.5.5.7.48.1.2"

_EXPLICIT_0 = 0xA0
_EXPLICIT_1 = 0xA1
_EXPLICIT_2 = 0xA2
_NULL = b"\x05\x00"

# Dotted OID of the CertID hash to hashlib's name and its length in octets.
HASHES = MappingProxyType(
    {
        "1.3.14.3.2.26": ("sha1", 20),
        "2.16.840.1.101.3.4.2.1": ("sha256", 32),
        "2.16.840.1.101.3.4.2.2": ("sha384", 48),
        "2.16.840.1.101.3.4.2.3": ("sha512", 64),
    }
)
# AlgorithmIdentifiers as clients write them, with NULL parameters: to hashlib's name and octets.
_USUAL = MappingProxyType(
    {
        bytes.fromhex("300906052b0e03021a0500"): ("sha1", 20),
        bytes.fromhex("300d06096086480165030402010500"): ("sha256", 32),
        bytes.fromhex("300d06096086480165030402020500"): ("sha384", 48),
        bytes.fromhex("300d06096086480165030402030500"): ("sha512", 64),
    }
)
USUAL_ALGORITHMS = MappingProxyType({name: octets for octets, (name, _) in _USUAL.items()})
_NONCE_OID = bytes.fromhex("06092b0601050507300102")
_USUAL_NONCE_AT = 19  # after the CertID, where every length is one octet
_USUAL_NONCE_MAX = 102  # its own tag and length among them, as OcspRequest has it
_LENGTHS_MAX = 4_096  # pairs of lengths of CertIDs and nonces: 4 x 21 x 101 at most


@dataclass(frozen=True, slots=True, kw_only=True)
class CertId:
    """Which certificate is asked about. ``encoded`` is the CertID's DER, echoed in the answer.

    ``hash_algorithm`` is hashlib's name, or empty where it is none of ours: then no authority of
    ours is meant.
    """

    hash_algorithm: str
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int
    encoded: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspRequest:
    """What is asked. ``nonce`` is the extension's value, None where there is none."""

    cert_ids: tuple[CertId, ...]
    nonce: bytes | None


def parse(request: bytes) -> OcspRequest:
    """The request of these octets; MalformedOcsp or TooLarge where they are none.

    A request's signature is not looked at: nothing here is answered to some and not to others.
    """
    if len(request) > REQUEST_OCTETS_MAX:
        raise TooLarge(f"an OCSP request of more than {REQUEST_OCTETS_MAX} octets")
    try:
        return _usual(request) or _request(request)
    except MalformedDer as bad:
        raise MalformedOcsp(f"OCSP request: {bad.detail}") from bad


def parse_path(encoded: str) -> bytes:
    """The request octets in the path of a GET (RFC 5019 5), its percent-encoding already undone.

    Padding may be missing, and a slash may have doubled where the address was joined: a request
    begins with the letter M, never with a slash.
    """
    encoded = encoded.lstrip("/")
    if len(encoded) > BASE64_CHARACTERS_MAX:
        raise TooLarge(f"more than {BASE64_CHARACTERS_MAX} characters of OCSP request")
    try:
        bare = encoded.rstrip("=")
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError) as bad:
        raise MalformedOcsp("the path is not base64") from bad


def shortest(asked: OcspRequest) -> bytes | None:
    """The DER of a request that asks this of one certificate and nothing else; None for others."""
    if len(asked.cert_ids) != 1 or asked.nonce is not None:
        return None
    return request_for(asked.cert_ids[0].encoded)


def cert_id_of(serial: int, issuer: Certificate, hash_algorithm: str) -> bytes:
    """The DER of the CertID of a serial, its hash by hashlib's name, as clients write it."""
    return _written_cert_id(serial, issuer, hash_algorithm, USUAL_ALGORITHMS[hash_algorithm])


def forms(serial: int, issuer: Certificate) -> tuple[bytes, ...]:
    """All requests that ask about one certificate and nothing else.

    By every hash algorithm, its parameters NULL or absent.
    """
    return tuple(
        request_for(_written_cert_id(serial, issuer, name, each))
        for name, algorithm in USUAL_ALGORITHMS.items()
        for each in (algorithm, der.encode(der.SEQUENCE, algorithm[2:].removesuffix(_NULL)))
    )


def _written_cert_id(
    serial: int, issuer: Certificate, hash_algorithm: str, algorithm: bytes
) -> bytes:
    name_hash, key_hash = issuer_hashes(issuer, hash_algorithm)
    return der.encode(
        der.SEQUENCE,
        algorithm
        + der.encode(der.OCTET_STRING, name_hash)
        + der.encode(der.OCTET_STRING, key_hash)
        + der.encode(der.INTEGER, serial.to_bytes(serial.bit_length() // 8 + 1, "big")),
    )


def request_for(cert_id: bytes) -> bytes:
    """The DER of a request that asks about one CertID and holds nothing else."""
    for _ in range(4):  # Request, requestList, TBSRequest, OCSPRequest
        cert_id = der.encode(der.SEQUENCE, cert_id)
    return cert_id


@lru_cache(maxsize=_LENGTHS_MAX)
def _around(cert_id_octets: int, nonce_octets: int) -> tuple[bytes, bytes]:
    """What stands before the content of a request's one CertID, and between it and its nonce.

    Lengths are all that it depends on. Without a nonce nothing stands after the CertID.
    """
    single = der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, bytes(cert_id_octets)))
    nonce = b""
    if nonce_octets:
        nonce = der.encode(der.OCTET_STRING, bytes(nonce_octets))
        nonce = der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, _NONCE_OID + nonce))
        nonce = der.encode(_EXPLICIT_2, nonce)
    tbs = der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, single) + nonce)
    whole = der.encode(der.SEQUENCE, tbs)
    stop = len(whole) - len(nonce)
    return whole[: stop - cert_id_octets], whole[stop : len(whole) - nonce_octets]


def _usual(data: bytes) -> OcspRequest | None:
    """The request, where it asks about one certificate and perhaps bears a nonce, as most do.

    Written anew and compared instead of read. None for every other request, right or wrong.
    """
    try:
        at = 0
        for _ in range(4):  # OCSPRequest, TBSRequest, requestList, Request
            at += 2 if data[at + 1] < 0x80 else 3
        start = at + (2 if data[at + 1] < 0x80 else 3)
        stop = start + data[start - 1]
        algorithm_stop = start + 2 + data[start + 1]
        name, octets = _USUAL[data[start:algorithm_stop]]
    except (IndexError, KeyError):
        return None
    key_at = algorithm_stop + 2 + octets
    name_hash, key_hash = data[algorithm_stop + 2 : key_at], data[key_at + 2 : key_at + 2 + octets]
    serial = data[key_at + 4 + octets : stop]
    nonce = data[stop + _USUAL_NONCE_AT :]
    if not 1 <= len(serial) <= SERIAL_OCTETS_MAX + 1 or len(nonce) > _USUAL_NONCE_MAX:
        return None
    if nonce and (len(nonce) < 3 or nonce[:2] != bytes((der.OCTET_STRING, len(nonce) - 2))):
        return None
    before, between = _around(stop - start, len(nonce))
    written = (
        before
        + data[start:algorithm_stop]
        + bytes((der.OCTET_STRING, octets))
        + name_hash
        + bytes((der.OCTET_STRING, octets))
        + key_hash
        + bytes((der.INTEGER, len(serial)))
        + serial
        + between
        + nonce
    )
    if written != data:
        return None
    cert_id = CertId(
        hash_algorithm=name,
        issuer_name_hash=name_hash,
        issuer_key_hash=key_hash,
        serial=der.integer(serial),
        encoded=data[at:stop],
    )
    return OcspRequest(cert_ids=(cert_id,), nonce=nonce or None)


def _request(data: bytes) -> OcspRequest:
    start, stop = der.whole(data, der.SEQUENCE)
    at, tbs_stop = der.expect(data, start, stop, der.SEQUENCE)
    if tbs_stop != stop:
        # optionalSignature [0]
        _, signature_stop = der.expect(data, tbs_stop, stop, _EXPLICIT_0)
        if signature_stop != stop:
            raise MalformedOcsp("octets after the request's signature")
    tag, _, end = der.tlv(data, at, tbs_stop)
    if tag == _EXPLICIT_0:
        # version DEFAULT v1: DER leaves the default out, and there is no other (RFC 6960 4.1.1).
        raise MalformedOcsp("a version other than the default")
    if tag == _EXPLICIT_1:
        at = end  # requestorName
    begin, end = der.expect(data, at, tbs_stop, der.SEQUENCE)
    asked = der.children(data, begin, end, CERT_IDS_MAX)
    if not asked:
        raise MalformedOcsp("asks about no certificate")
    cert_ids = tuple(_single(data, tag, start, stop) for tag, _, start, stop in asked)
    nonce = None
    if end != tbs_stop:
        begin, extensions_stop = der.expect(data, end, tbs_stop, _EXPLICIT_2)
        if extensions_stop != tbs_stop:
            raise MalformedOcsp("octets after the request's extensions")
        nonce = _nonce(data, begin, extensions_stop)
    return OcspRequest(cert_ids=cert_ids, nonce=nonce)


def _single(data: bytes, tag: int, start: int, stop: int) -> CertId:
    if tag != der.SEQUENCE:
        raise MalformedOcsp("a Request that is no SEQUENCE")
    begin, end = der.expect(data, start, stop, der.SEQUENCE)
    cert_id = _cert_id(data, begin, end, data[start:end])
    if end != stop:
        begin, extensions_stop = der.expect(data, end, stop, _EXPLICIT_0)
        if extensions_stop != stop:
            raise MalformedOcsp("octets after a Request's extensions")
        _extensions(data, begin, extensions_stop)
    return cert_id


def _cert_id(data: bytes, start: int, stop: int, encoded: bytes) -> CertId:
    begin, algorithm_stop = der.expect(data, start, stop, der.SEQUENCE)
    oid_start, oid_stop = der.expect(data, begin, algorithm_stop, der.OID)
    # Parameters are NULL or absent, and both mean the same (O11).
    if data[oid_stop:algorithm_stop] not in {b"", _NULL}:
        raise MalformedOcsp("a hash algorithm with parameters")
    name, octets = HASHES.get(der.oid(data[oid_start:oid_stop]), ("", None))
    begin, name_stop = der.expect(data, algorithm_stop, stop, der.OCTET_STRING)
    name_hash = data[begin:name_stop]
    begin, key_stop = der.expect(data, name_stop, stop, der.OCTET_STRING)
    key_hash = data[begin:key_stop]
    if octets is not None and (len(name_hash), len(key_hash)) != (octets, octets):
        raise MalformedOcsp("a hash of another length than its algorithm's")
    begin, serial_stop = der.expect(data, key_stop, stop, der.INTEGER)
    if serial_stop != stop:
        raise MalformedOcsp("octets after a CertID's serial number")
    if serial_stop - begin > SERIAL_OCTETS_MAX + 1:
        raise MalformedOcsp("a serial number of more than 20 octets")
    return CertId(
        hash_algorithm=name,
        issuer_name_hash=name_hash,
        issuer_key_hash=key_hash,
        serial=der.integer(data[begin:serial_stop]),
        encoded=encoded,
    )


def _extensions(data: bytes, start: int, stop: int) -> dict[str, bytes]:
    begin, end = der.expect(data, start, stop, der.SEQUENCE)
    if end != stop:
        raise MalformedOcsp("octets after the extensions")
    found: dict[str, bytes] = {}
    for tag, _, at, element_stop in der.children(data, begin, end, EXTENSIONS_MAX):
        if tag != der.SEQUENCE:
            raise MalformedOcsp("an extension that is no SEQUENCE")
        oid_start, oid_stop = der.expect(data, at, element_stop, der.OID)
        oid = der.oid(data[oid_start:oid_stop])
        kind, value_start, value_stop = der.tlv(data, oid_stop, element_stop)
        if kind == der.BOOLEAN:
            if der.boolean(data[value_start:value_stop]) and oid != NONCE:
                raise MalformedOcsp(f"the critical extension {oid} is not known here")
            kind, value_start, value_stop = der.tlv(data, value_stop, element_stop)
        if kind != der.OCTET_STRING or value_stop != element_stop:
            raise MalformedOcsp(f"the extension {oid} has no value")
        if oid in found:
            raise MalformedOcsp(f"the extension {oid} stands twice")
        found[oid] = data[value_start:value_stop]
    return found


def _nonce(data: bytes, start: int, stop: int) -> bytes | None:
    value = _extensions(data, start, stop).get(NONCE)
    if value is None:
        return None
    begin, end = der.whole(value, der.OCTET_STRING)
    if not 1 <= end - begin <= NONCE_OCTETS_MAX:
        raise MalformedOcsp(f"a nonce of {end - begin} octets")
    return value
