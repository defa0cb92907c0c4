"""OCSP requests: which certificates are asked about, and their octets (RFC 6960 4.1)."""

from dataclasses import dataclass, field

from certs import der
from certs.certificate import SERIAL_OCTETS_MAX, Certificate
from certs.errors import Malformed, MalformedDer, MalformedOcsp, TooLarge
from certs.extensions import read_unshared
from certs.revocation import hash_data
from certs.revocation.hash_data import HashAlgorithm, HashData

QUESTIONS_MAX = 4  # OCPP names at most four certificates at once: leaf, sub 2, sub 1, and one more
NONCE_OCTETS_MAX = 128  # RFC 9654 2.1: 1 to 128
# Four SHA-512 CertIDs of 20-octet serials and a nonce make 820 octets; the rest is room for
# extensions and a requestor's name. A signed request with certificates is not ours to serve.
REQUEST_OCTETS_MAX = 8_192
EXTENSIONS_MAX = 8

NONCE = "1.3.6.1.5.5.7.48.1.2"
# RFC 6960 4.4: what a responder may be asked for and may leave undone.
_UNDERSTOOD = frozenset({NONCE, "1.3.6.1.5.5.7.48.1.4", "1.3.6.1.5.5.7.48.1.8"})

_ALGORITHMS = {
    HashAlgorithm.SHA1: bytes.fromhex("06052b0e03021a"),
    HashAlgorithm.SHA256: bytes.fromhex("0609608648016503040201"),
    HashAlgorithm.SHA384: bytes.fromhex("0609608648016503040202"),
    HashAlgorithm.SHA512: bytes.fromhex("0609608648016503040203"),
}
_NULL = b"\x05\x00"
# AlgorithmIdentifiers come with parameters absent (RFC 5754 2) or NULL (everyone): both are read.
_IDENTIFIERS = {
    der.encode(der.SEQUENCE, oid + parameters): algorithm
    for algorithm, oid in _ALGORITHMS.items()
    for parameters in (_NULL, b"")
}
_BY_ALGORITHM = {
    algorithm: tuple(octets for octets, of in _IDENTIFIERS.items() if of is algorithm)
    for algorithm in HashAlgorithm
}
_NONCE_OID = bytes.fromhex("06092b0601050507300102")


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspQuestion:
    """One certificate asked about, by its CertID. ``nonce`` has 1 to 128 octets; 32 is advised.

    ValueError where the hashes do not fit the algorithm or the nonce does not fit RFC 9654.
    """

    hash_algorithm: HashAlgorithm
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int
    nonce: bytes | None = None
    cert_ids: tuple[bytes, ...] = field(init=False, repr=False, compare=False)
    """The CertID in DER with NULL parameters, as it is sent, and without parameters (O11)."""

    def __post_init__(self) -> None:
        octets = self.hash_algorithm.octets
        if len(self.issuer_name_hash) != octets or len(self.issuer_key_hash) != octets:
            raise ValueError(f"{self.hash_algorithm.value} digests have {octets} octets")
        if self.nonce is not None and not 0 < len(self.nonce) <= NONCE_OCTETS_MAX:
            raise ValueError(f"a nonce has 1 to {NONCE_OCTETS_MAX} octets")
        rest = (
            der.encode(der.OCTET_STRING, self.issuer_name_hash)
            + der.encode(der.OCTET_STRING, self.issuer_key_hash)
            + encode_integer(self.serial)
        )
        cert_ids = tuple(
            der.encode(der.SEQUENCE, identifier + rest)
            for identifier in _BY_ALGORITHM[self.hash_algorithm]
        )
        object.__setattr__(self, "cert_ids", cert_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspRequest:
    """A request as a responder reads it: what is asked, and the nonce to repeat."""

    questions: tuple[OcspQuestion, ...]
    nonce: bytes | None


def encode_integer(value: int) -> bytes:
    """A DER INTEGER, minimal."""
    octets = (value + (value < 0)).bit_length() // 8 + 1
    return der.encode(der.INTEGER, value.to_bytes(octets, "big", signed=True))


def question_for(
    certificate: Certificate,
    issuer: Certificate,
    *,
    hash_algorithm: HashAlgorithm = HashAlgorithm.SHA256,
    nonce: bytes | None = None,
) -> OcspQuestion:
    """The question about a certificate of which issuer and serial are at hand.

    Many responders index SHA-1 CertIDs only: ask those with ``hash_algorithm=SHA1``.
    """
    return question_from(
        hash_data.of(certificate, issuer, hash_algorithm, responder_url=""), nonce=nonce
    )


def question_from(data: HashData, *, nonce: bytes | None = None) -> OcspQuestion:
    """The question about a certificate of which only OCPP's hash data is at hand."""
    return OcspQuestion(
        hash_algorithm=data.hash_algorithm,
        issuer_name_hash=data.issuer_name_hash,
        issuer_key_hash=data.issuer_key_hash,
        serial=data.serial,
        nonce=nonce,
    )


def encode_nonce(nonce: bytes) -> bytes:
    """The nonce as a DER Extension (RFC 9654 2.1), not critical."""
    value = der.encode(der.OCTET_STRING, der.encode(der.OCTET_STRING, nonce))
    return der.encode(der.SEQUENCE, _NONCE_OID + value)


def encode_request(*questions: OcspQuestion) -> bytes:
    """The DER OCSPRequest for one to four questions, which share a nonce or have none.

    ValueError for none or more than four, and for differing nonces.
    """
    if not 0 < len(questions) <= QUESTIONS_MAX:
        raise ValueError(f"a request asks 1 to {QUESTIONS_MAX} questions")
    nonces = {question.nonce for question in questions}
    if len(nonces) != 1:
        raise ValueError("questions of one request share their nonce")
    body = der.encode(
        der.SEQUENCE,
        b"".join(der.encode(der.SEQUENCE, question.cert_ids[0]) for question in questions),
    )
    nonce = questions[0].nonce
    if nonce is not None:
        body += der.encode(0xA2, der.encode(der.SEQUENCE, encode_nonce(nonce)))
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, body))


def read_nonce(value: bytes) -> bytes:
    """The nonce in an extension's value, an OCTET STRING of 1 to 128 octets; else MalformedOcsp."""
    try:
        start, stop = der.whole(value, der.OCTET_STRING)
    except MalformedDer as bad:
        raise MalformedOcsp("nonce is no OCTET STRING", code="malformed.ocsp_nonce") from bad
    if not 0 < stop - start <= NONCE_OCTETS_MAX:
        raise MalformedOcsp("nonce outside 1 to 128 octets", code="malformed.ocsp_nonce")
    return value[start:stop]


def _nonce(data: bytes, start: int, stop: int) -> bytes | None:
    """The nonce among a request's extensions; a critical one nobody understands is refused."""
    found: dict[str, bytes] = {}
    start, end = der.expect(data, start, stop, der.SEQUENCE)
    if end != stop:
        raise MalformedDer("octets after the request's extensions")
    for _, at, _, end in der.children(data, start, stop, EXTENSIONS_MAX):
        extension = read_unshared(data[at:end])
        if extension.oid in found:
            raise MalformedDer("an extension stands twice")
        if extension.critical and extension.oid not in _UNDERSTOOD:
            raise MalformedOcsp(
                f"critical extension {extension.oid}", code="malformed.ocsp_critical_extension"
            )
        found[extension.oid] = extension.value
    return read_nonce(found[NONCE]) if NONCE in found else None


def _question(data: bytes, start: int, stop: int) -> OcspQuestion:
    """The question in one Request, whose CertID is all that is used."""
    at, end = der.expect(data, start, stop, der.SEQUENCE)
    if end != stop:
        # singleRequestExtensions [0]: serviceLocator only (RFC 6960 4.4.6), which we do not follow
        tag, begin, last = der.tlv(data, end, stop)
        if tag != 0xA0 or last != stop:
            raise MalformedDer("Request of more than its two fields")
        _nonce(data, begin, last)
    fields = der.children(data, at, end, 4)
    tags = [tag for tag, *_ in fields]
    if tags != [der.SEQUENCE, der.OCTET_STRING, der.OCTET_STRING, der.INTEGER]:
        raise MalformedDer("CertID is not its four fields")
    (_, begin, _, last), name, key, serial = fields
    algorithm = _IDENTIFIERS.get(data[begin:last])
    if algorithm is None:
        raise MalformedOcsp("CertID's hash is not served", code="malformed.ocsp_hash_algorithm")
    name_hash, key_hash = data[name[2] : name[3]], data[key[2] : key[3]]
    if len(name_hash) != algorithm.octets or len(key_hash) != algorithm.octets:
        raise MalformedDer("CertID's digests do not fit their algorithm")
    if serial[3] - serial[2] > SERIAL_OCTETS_MAX + 1:
        raise MalformedDer(f"serialNumber over {SERIAL_OCTETS_MAX} octets")
    return OcspQuestion(
        hash_algorithm=algorithm,
        issuer_name_hash=name_hash,
        issuer_key_hash=key_hash,
        serial=der.integer(data[serial[2] : serial[3]]),
    )


def _decode(data: bytes, questions_max: int) -> OcspRequest:
    start, stop = der.whole(data, der.SEQUENCE)
    fields = der.children(data, start, stop, 2)  # the second is optionalSignature, never needed
    if not fields or fields[0][0] != der.SEQUENCE or [f[0] for f in fields[1:]] not in ([], [0xA0]):
        raise MalformedDer("OCSPRequest is not its TBSRequest and a signature")
    _, _, start, stop = fields[0]
    parts = der.children(data, start, stop, 4)
    if parts and parts[0][0] == 0xA0:
        if data[parts[0][2] : parts[0][3]] != b"\x02\x01\x00":
            raise MalformedDer("version is not 1")
        del parts[0]
    if parts and parts[0][0] == 0xA1:  # requestorName: anybody may claim any
        del parts[0]
    if [part[0] for part in parts] not in ([der.SEQUENCE], [der.SEQUENCE, 0xA2]):
        raise MalformedDer("TBSRequest without its list of requests")
    requests = der.children(data, parts[0][2], parts[0][3], questions_max)
    if not requests or any(tag != der.SEQUENCE for tag, *_ in requests):
        raise MalformedDer("requestList without a Request")
    return OcspRequest(
        questions=tuple(_question(data, begin, end) for _, _, begin, end in requests),
        nonce=_nonce(data, parts[1][2], parts[1][3]) if len(parts) > 1 else None,
    )


def decode_request(data: bytes, *, questions_max: int = QUESTIONS_MAX) -> OcspRequest:
    """What an OCSPRequest asks, for a responder (RFC 6960 4.1).

    The questions carry no nonce of their own: it stands beside them. A signature is not looked
    at. Raises TooLarge over REQUEST_OCTETS_MAX, MalformedOcsp otherwise: also for hashes that are
    not served, for critical extensions, for more than ``questions_max`` questions.
    """
    if len(data) > REQUEST_OCTETS_MAX:
        raise TooLarge(f"OCSP request over {REQUEST_OCTETS_MAX} octets")
    try:
        return _decode(data, questions_max)
    except MalformedOcsp:
        raise
    except (Malformed, UnicodeDecodeError) as bad:
        detail = bad.detail if isinstance(bad, Malformed) else "text outside its character set"
        raise MalformedOcsp(detail) from bad
