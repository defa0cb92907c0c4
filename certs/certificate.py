"""X.509 certificates as they stand: read once, strictly or tolerantly, in microseconds."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType

from cryptography import x509

from certs import der, extensions, names
from certs.errors import Malformed, MalformedCertificate, MalformedDer, TooLarge
from certs.extensions import BasicConstraints, Extension, KeyUsage
from certs.keys import KeyKind, PublicKey, kind_of_spki, load, plausible, verifier

CERTIFICATE_OCTETS_MAX = 16_384  # foreign roots may be large; V2G's own stay below 1,600
SERIAL_OCTETS_MAX = 20  # RFC 5280 4.1.2.2


class Reading(Enum):
    """How a certificate is read."""

    STRICT = "strict"  # ours: DER to the letter
    TOLERANT = "tolerant"  # foreign: known deviations pass, each named in ``quirks``


class Certificate:
    """A certificate's facts. Immutable by convention; equal when the octets are.

    A plain class and not a dataclass: it is built for every authorization, and a frozen dataclass
    of this width costs more than reading the octets does.
    """

    __slots__ = (
        "_extensions",
        "_fingerprint",
        "_public_key",
        "_verifies",
        "common_names",
        "der",
        "domain_components",
        "issuer",
        "key_kind",
        "not_after",
        "not_before",
        "quirks",
        "serial",
        "shape",
        "signature",
        "signature_algorithm",
        "spki",
        "subject",
        "subject_key_id",
        "subject_public_key",
        "tbs",
        "version",
    )

    der: bytes
    tbs: bytes  # TBSCertificate, tag and length included: what is signed
    version: int  # 1, 2 or 3
    serial: int
    signature_algorithm: bytes  # DER AlgorithmIdentifier; the inner and the outer one are equal
    signature: bytes  # the BIT STRING's octets
    issuer: bytes  # DER Name
    subject: bytes  # DER Name
    common_names: tuple[str, ...]  # of the subject, in encoded order
    domain_components: tuple[str, ...]  # of the subject, in encoded order
    not_before: datetime  # aware, UTC
    not_after: datetime  # aware, UTC; valid up to and with this second (RFC 5280 4.1.2.5)
    spki: bytes  # DER SubjectPublicKeyInfo
    key_kind: KeyKind
    subject_public_key: bytes  # the BIT STRING's octets
    subject_key_id: bytes | None
    shape: tuple[Extension, ...]  # in encoded order, all but subjectKeyIdentifier: certificates
    # of one issuer and profile share it, so what follows from it is worked out once
    quirks: tuple[str, ...]  # finding codes of what the tolerant reader let pass
    _fingerprint: bytes | None
    _public_key: PublicKey | None
    _verifies: Callable[[bytes, bytes], bool] | None
    _extensions: Mapping[str, Extension] | None

    def __init__(self) -> None:
        """An empty one, for parse() to fill."""
        self._fingerprint = self._public_key = self._verifies = self._extensions = None
        self.subject_key_id = None
        self.shape = self.quirks = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and self.der == other.der

    def __hash__(self) -> int:
        return hash(self.der)

    def __repr__(self) -> str:
        return f"<Certificate {names.text(self.subject)!r} serial {self.serial:x}>"

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 over the DER octets."""
        if self._fingerprint is None:
            self._fingerprint = sha256(self.der).digest()
        return self._fingerprint

    @property
    def extensions(self) -> Mapping[str, Extension]:
        """Every extension by its dotted OID; each stands once."""
        if self._extensions is None:
            every = {extension.oid: extension for extension in self.shape}
            if self.subject_key_id is not None:
                every.setdefault(
                    extensions.SUBJECT_KEY_IDENTIFIER, extensions.own(self.subject_key_id)
                )
            self._extensions = MappingProxyType(every)
        return self._extensions

    @property
    def basic_constraints(self) -> BasicConstraints | None:
        extension = self.extensions.get(extensions.BASIC_CONSTRAINTS)
        return None if extension is None else extensions.read_basic_constraints(extension)

    @property
    def key_usage(self) -> KeyUsage | None:
        extension = self.extensions.get(extensions.KEY_USAGE)
        return None if extension is None else extensions.read_key_usage(extension)

    @property
    def extended_key_usage(self) -> tuple[str, ...] | None:
        extension = self.extensions.get(extensions.EXTENDED_KEY_USAGE)
        return None if extension is None else extensions.read_extended_key_usage(extension)

    @property
    def authority_key_id(self) -> bytes | None:
        return extensions.authority_key_id(self.shape)

    @property
    def ocsp_urls(self) -> tuple[str, ...]:
        extension = self.extensions.get(extensions.AUTHORITY_INFORMATION_ACCESS)
        return () if extension is None else extensions.read_ocsp_urls(extension)

    @property
    def crl_urls(self) -> tuple[str, ...]:
        extension = self.extensions.get(extensions.CRL_DISTRIBUTION_POINTS)
        return () if extension is None else extensions.read_crl_urls(extension)

    @property
    def common_name(self) -> str | None:
        """The subject's one common name; None where it has none or several (X11)."""
        return self.common_names[0] if len(self.common_names) == 1 else None

    @property
    def self_issued(self) -> bool:
        """Whether issuer and subject are the same name (RFC 5280 3.2)."""
        return names.same(self.issuer, self.subject)

    def public_key(self) -> PublicKey:
        """The subject's key; MalformedCertificate where it cannot verify signatures here."""
        if self._public_key is None:
            self._public_key = load(self.key_kind, self.subject_public_key)
        return self._public_key

    def key_plausible(self) -> bool:
        """Whether the subject's key is a point on its curve: loaded as one, or looked at."""
        return self._public_key is not None or plausible(self.key_kind, self.subject_public_key)

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether the subject's key made this signature; False where the key cannot be loaded."""
        if self._verifies is None:
            try:
                self._verifies = verifier(self.public_key())
            except MalformedCertificate:
                return False
        return self._verifies(signature, data)

    def x509(self) -> x509.Certificate:
        """The same octets as cryptography reads them; MalformedCertificate where it does not."""
        try:
            return x509.load_der_x509_certificate(self.der)
        except ValueError as bad:
            raise MalformedCertificate("refused by cryptography's reader") from bad


def utc_time(digits: bytes) -> datetime:
    """The moment of a UTCTime from its twelve octets YYMMDDhhmmss, the Z left out.

    MalformedDer for other octets, and where they name no moment (RFC 5280 4.1.2.5.1).
    """
    if not digits.isdigit() or digits[6:8] > b"23":
        raise MalformedDer("validity is no time in Zulu")
    text = digits.decode("ascii")
    century = "19" if digits[0] > 0x34 else "20"  # YY of 50 and above is 19YY
    try:
        return datetime.fromisoformat(century + text[:6] + "T" + text[6:] + "Z")
    except ValueError as bad:
        raise MalformedDer("validity names no moment") from bad


def _moment(text: bytes, tag: int) -> datetime:
    """Time as RFC 5280 4.1.2.5 restricts it: seconds given, no fractions, Zulu."""
    if text[-1:] != b"Z":
        raise MalformedDer("validity is no time in Zulu")
    if tag == der.UTC_TIME and len(text) == 13:
        return utc_time(text[:12])
    if tag != der.GENERALIZED_TIME or len(text) != 15:
        raise MalformedDer("validity is neither UTCTime nor GeneralizedTime with seconds")
    if not text[:14].isdigit() or text[8:10] > b"23":
        raise MalformedDer("validity is no time in Zulu")
    try:
        return datetime.fromisoformat(f"{text[:8].decode('ascii')}T{text[8:].decode('ascii')}")
    except ValueError as bad:
        raise MalformedDer("validity names no moment") from bad


_kept_time = lru_cache(maxsize=1024)(utc_time)  # certificates issued together share theirs

_UTC_PAIR = bytes.fromhex("301e170d")  # SEQUENCE of 30 octets, UTCTime of 13
_UTC_NEXT = b"Z\x17\r"  # the first one's Z, and the second UTCTime of 13


def _read_validity(made: Certificate, data: bytes, at: int, stop: int) -> int:
    """Validity at ``at``; where it ends."""
    if data[at : at + 4] == _UTC_PAIR and data[at + 16 : at + 19] == _UTC_NEXT:
        # two UTCTimes, as nearly every certificate has them
        if at + 32 > stop or data[at + 31] != 0x5A:
            raise MalformedDer("validity cut short, or no time in Zulu")
        made.not_before = _kept_time(data[at + 4 : at + 16])
        made.not_after = _kept_time(data[at + 19 : at + 31])
        return at + 32
    begin, after = der.expect(data, at, stop, der.SEQUENCE)
    first, start, end = der.tlv(data, begin, after)
    made.not_before = _moment(data[start:end], first)
    second, start, end = der.tlv(data, end, after)
    made.not_after = _moment(data[start:end], second)
    if end != after:
        raise MalformedDer("validity of more than two times")
    # RFC 5280 4.1.2.5: UTCTime up to 2049, but readers take both
    if (first == der.GENERALIZED_TIME and 1950 <= made.not_before.year < 2050) or (
        second == der.GENERALIZED_TIME and 1950 <= made.not_after.year < 2050
    ):
        made.quirks = ("profile.time_encoding",)
    return after


# What follows reads a certificate from front to back; why ours does it:
# docs/decisions/0001-own-certificate-reader.md

# SubjectPublicKeyInfo up to the point of the keys Plug & Charge has, and its whole length
_KEY_HEADERS = {
    bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200"): (KeyKind.P256, 91),
}


def _read_key(made: Certificate, data: bytes, at: int, stop: int) -> int:
    known = _KEY_HEADERS.get(data[at : at + 26])
    if known is not None:
        kind, length = known
        end = at + length
        if end > stop:
            raise MalformedDer("subjectPublicKeyInfo cut short")
        made.spki = data[at:end]
        made.key_kind = kind
        made.subject_public_key = data[at + 26 : end]
        return end
    _, end = der.expect(data, at, stop, der.SEQUENCE)
    made.spki = data[at:end]
    made.key_kind, made.subject_public_key = kind_of_spki(made.spki)
    return end


_VERSIONS = {b"\xa0\x03\x02\x01\x02": 3, b"\xa0\x03\x02\x01\x01": 2}


def _read_serial(made: Certificate, data: bytes, at: int, stop: int) -> int:
    version = _VERSIONS.get(data[at : at + 5], 1)
    made.version = version
    if version != 1:
        at += 5
    begin, end = der.expect(data, at, stop, der.INTEGER)
    serial = made.serial = der.integer(data[begin:end])
    if serial <= 0 or end - begin > SERIAL_OCTETS_MAX + (data[begin] == 0):
        raise MalformedCertificate(
            "serialNumber is not positive or over 20 octets", code="malformed.serial_number"
        )
    return end


def _read_extensions(made: Certificate, data: bytes, at: int, stop: int) -> None:
    tag, begin, end = der.tlv(data, at, stop)
    if tag != 0xA3 or end != stop or made.version != 3:
        # RFC 5280 4.1.2.8 forbids issuerUniqueID and subjectUniqueID
        raise MalformedDer("what follows the key is not the extensions of a version 3")
    begin, end = der.expect(data, begin, stop, der.SEQUENCE)
    if end != stop:
        raise MalformedDer("octets after the extensions")
    made.shape, made.subject_key_id = extensions.read_all(data[begin:stop])
    made.quirks += extensions.quirks(made.shape)


def _read(data: bytes) -> Certificate:
    made = Certificate()
    made.der = data
    expect = der.expect
    start, stop = der.whole(data, der.SEQUENCE)
    at, tbs_stop = expect(data, start, stop, der.SEQUENCE)
    made.tbs = data[start:tbs_stop]
    _, end = expect(data, tbs_stop, stop, der.SEQUENCE)
    algorithm = made.signature_algorithm = data[tbs_stop:end]
    begin, end = expect(data, end, stop, der.BIT_STRING)
    if end != stop:
        raise MalformedDer("certificate of more than its three fields")
    made.signature = der.bit_string(data[begin:end])

    end = _read_serial(made, data, at, tbs_stop)
    at = end + len(algorithm)
    if data[end:at] != algorithm:  # RFC 5280 4.1.1.2 (X19)
        raise MalformedCertificate(
            "inner and outer signature algorithm differ", code="malformed.signature_algorithm"
        )
    _, end = expect(data, at, tbs_stop, der.SEQUENCE)
    made.issuer = data[at:end]
    if end - at == 2:
        raise MalformedDer("empty issuer")  # RFC 5280 4.1.2.4
    names.comparable(made.issuer)  # read now, once for all its certificates, and never in vain
    at = _read_validity(made, data, end, tbs_stop)
    _, end = expect(data, at, tbs_stop, der.SEQUENCE)
    made.subject = data[at:end]
    made.common_names, made.domain_components = names.identity(made.subject)
    at = _read_key(made, data, end, tbs_stop)
    if at != tbs_stop:
        _read_extensions(made, data, at, tbs_stop)
    return made


def parse(data: bytes, reading: Reading = Reading.TOLERANT) -> Certificate:
    """Read one DER certificate (RFC 5280 4.1).

    TOLERANT lets pass what real Plug & Charge certificates get wrong, each deviation named in
    ``quirks``: a basicConstraints or a critical flag with its default written out, GeneralizedTime
    before 2050. STRICT refuses these. Everything else is refused by both: trailing octets,
    non-minimal or indefinite lengths, serials that are not positive or exceed 20 octets, repeated
    extensions, algorithms that differ.

    Raises TooLarge over CERTIFICATE_OCTETS_MAX, MalformedCertificate otherwise.
    """
    if len(data) > CERTIFICATE_OCTETS_MAX:
        raise TooLarge(f"certificate over {CERTIFICATE_OCTETS_MAX} octets")
    try:
        made = _read(data)
    except MalformedCertificate:
        raise
    except (Malformed, UnicodeDecodeError) as bad:
        detail = bad.detail if isinstance(bad, Malformed) else "text outside its character set"
        raise MalformedCertificate(detail) from bad
    if made.quirks and reading is Reading.STRICT:
        raise MalformedCertificate(
            f"not DER: {', '.join(made.quirks)}", code="malformed.certificate_not_der"
        )
    return made


# What a certificate tells whoever signed it; its key and extensions, once looked at, among it.
_OF_TBS = tuple(
    name for name in Certificate.__slots__ if name not in {"der", "signature", "_fingerprint"}
)


def signed_anew(certificate: Certificate, data: bytes) -> Certificate:
    """What ``parse(data)`` gives where only the signature differs from a certificate's that was.

    The three fields are read from ``data``; what stands in the first is not read again, because it
    has to be the same octets. Raises MalformedCertificate where it is not, or the form is not DER.
    """
    try:
        start, stop = der.whole(data, der.SEQUENCE)
        at = start + len(certificate.tbs)
        end = at + len(certificate.signature_algorithm)
        if data[start:at] != certificate.tbs or data[at:end] != certificate.signature_algorithm:
            raise MalformedCertificate("the signed octets are not those that were read")
        begin, last = der.expect(data, end, stop, der.BIT_STRING)
        if last != stop:
            raise MalformedCertificate("certificate of more than its three fields")
        signature = der.bit_string(data[begin:last])
    except MalformedDer as bad:
        raise MalformedCertificate(bad.detail) from bad
    made = Certificate()
    for name in _OF_TBS:
        setattr(made, name, getattr(certificate, name))
    made.der = data
    made.signature = signature
    return made
