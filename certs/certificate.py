"""X.509 certificates as they stand: read once, strictly or tolerantly, in microseconds."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType

from cryptography import x509

from certs import der, extensions, names
from certs.errors import Malformed, MalformedCertificate, MalformedDer, TooLarge
from certs.extensions import EXTENSIONS_MAX, BasicConstraints, Extension, KeyUsage
from certs.keys import KeyKind, PublicKey, kind_of_spki, load

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
        "_own",
        "_public_key",
        "der",
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
    not_before: datetime  # aware, UTC
    not_after: datetime  # aware, UTC; valid up to and with this second (RFC 5280 4.1.2.5)
    spki: bytes  # DER SubjectPublicKeyInfo
    key_kind: KeyKind
    subject_public_key: bytes  # the BIT STRING's octets
    subject_key_id: bytes | None
    shape: tuple[Extension, ...]  # in encoded order, all but subjectKeyIdentifier: certificates
    # of one issuer and profile share it, so what follows from it is worked out once
    quirks: tuple[str, ...]  # finding codes of what the tolerant reader let pass
    _own: Extension | None  # subjectKeyIdentifier
    _fingerprint: bytes | None
    _public_key: PublicKey | None
    _extensions: Mapping[str, Extension] | None

    def __init__(self) -> None:
        """An empty one, for parse() to fill."""
        self._own = self._fingerprint = self._public_key = self._extensions = None
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
            own = () if self._own is None else (self._own,)
            self._extensions = MappingProxyType({e.oid: e for e in (*self.shape, *own)})
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
        extension = self.extensions.get(extensions.AUTHORITY_KEY_IDENTIFIER)
        return None if extension is None else extensions.read_authority_key_id(extension)

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
        found = names.values(self.subject, names.COMMON_NAME)
        return found[0] if len(found) == 1 else None

    @property
    def domain_components(self) -> tuple[str, ...]:
        return names.values(self.subject, names.DOMAIN_COMPONENT)

    @property
    def self_issued(self) -> bool:
        """Whether issuer and subject are the same name (RFC 5280 3.2)."""
        return names.same(self.issuer, self.subject)

    def public_key(self) -> PublicKey:
        """The subject's key; MalformedCertificate where it cannot verify signatures here."""
        if self._public_key is None:
            self._public_key = load(self.key_kind, self.subject_public_key)
        return self._public_key

    def x509(self) -> x509.Certificate:
        """The same octets as cryptography reads them; MalformedCertificate where it does not."""
        try:
            return x509.load_der_x509_certificate(self.der)
        except ValueError as bad:
            raise MalformedCertificate("refused by cryptography's reader") from bad


def _time(octets: bytes, tag: int) -> datetime:
    """Time as RFC 5280 4.1.2.5 restricts it: seconds given, no fractions, Zulu."""
    text = octets.decode("ascii", "replace")
    if tag == der.UTC_TIME and len(text) == 13:
        # 4.1.2.5.1: YY of 50 and above is 19YY
        digits, text = text[:12], ("19" if text[:1] >= "5" else "20") + text
    elif tag == der.GENERALIZED_TIME and len(text) == 15:
        digits = text[:14]
    else:
        raise MalformedDer("validity is neither UTCTime nor GeneralizedTime with seconds")
    if not digits.isdecimal() or not digits.isascii() or text[14] != "Z" or text[8:10] == "24":
        raise MalformedDer("validity is no time in Zulu")
    try:
        return datetime.fromisoformat(f"{text[:8]}T{text[8:]}")
    except ValueError as bad:
        raise MalformedDer("validity names no moment") from bad


_SUBJECT_KEY_IDENTIFIER = bytes.fromhex("0603551d0e")


@lru_cache(maxsize=1024)
def _quirks(shape: tuple[Extension, ...]) -> tuple[str, ...]:
    """The deviations in a certificate's extensions; MalformedDer where one stands twice."""
    if len({extension.oid for extension in shape}) != len(shape):
        raise MalformedDer("an extension stands twice")  # RFC 5280 4.2
    return tuple([extension.quirk for extension in shape if extension.quirk])


def _read_extensions(made: Certificate, data: bytes, at: int, stop: int) -> None:
    shared = []
    own = None
    while at < stop:
        tag, start, end = der.tlv(data, at, stop)
        if tag != der.SEQUENCE:
            raise MalformedDer("extension is no SEQUENCE")
        if data[start : start + 5] == _SUBJECT_KEY_IDENTIFIER:
            if own is not None:
                raise MalformedDer("subjectKeyIdentifier stands twice")
            own = extensions.read_unshared(data[at:end])
            made.subject_key_id = extensions.read_subject_key_id(own)
        else:
            shared.append(extensions.read(data[at:end]))
        at = end
        if len(shared) > EXTENSIONS_MAX:
            raise MalformedDer(f"more than {EXTENSIONS_MAX} extensions")
    if not shared and own is None:
        raise MalformedDer("empty list of extensions")
    made.shape = tuple(shared)
    made._own = own  # noqa: SLF001 - its builder
    made.quirks += _quirks(made.shape)
    if own is not None and own.quirk:
        made.quirks += (own.quirk,)


_VERSIONS = {b"\xa0\x03\x02\x01\x02": 3, b"\xa0\x03\x02\x01\x01": 2}


def _read_serial(made: Certificate, data: bytes, at: int, stop: int) -> int:
    version = _VERSIONS.get(data[at : at + 5])
    made.version = version or 1
    if version is not None:
        at += 5
    begin, end = der.expect(data, at, stop, der.INTEGER)
    serial = made.serial = der.integer(data[begin:end])
    if serial <= 0 or serial.bit_length() > 8 * SERIAL_OCTETS_MAX:
        raise MalformedCertificate(
            "serialNumber is not positive or over 20 octets", code="malformed.serial_number"
        )
    return end


def _read_validity(made: Certificate, data: bytes, at: int, stop: int) -> int:
    begin, after = der.expect(data, at, stop, der.SEQUENCE)
    tag, begin, end = der.tlv(data, begin, after)
    made.not_before = _time(data[begin:end], tag)
    other, begin, end = der.tlv(data, end, after)
    made.not_after = _time(data[begin:end], other)
    if end != after:
        raise MalformedDer("validity of more than two times")
    # RFC 5280 4.1.2.5: UTCTime up to 2049, but readers take both
    if (tag == der.GENERALIZED_TIME and 1950 <= made.not_before.year < 2050) or (
        other == der.GENERALIZED_TIME and 1950 <= made.not_after.year < 2050
    ):
        made.quirks = ("profile.time_encoding",)
    return after


def _read_tbs(made: Certificate, data: bytes, at: int, stop: int) -> None:
    end = _read_serial(made, data, at, stop)
    algorithm = made.signature_algorithm
    at = end + len(algorithm)
    if data[end:at] != algorithm:  # RFC 5280 4.1.1.2 (X19)
        raise MalformedCertificate(
            "inner and outer signature algorithm differ", code="malformed.signature_algorithm"
        )
    _, end = der.expect(data, at, stop, der.SEQUENCE)
    made.issuer = data[at:end]
    if end - at == 2:
        raise MalformedDer("empty issuer")  # RFC 5280 4.1.2.4
    at = _read_validity(made, data, end, stop)
    _, end = der.expect(data, at, stop, der.SEQUENCE)
    made.subject = data[at:end]
    names.rdns(made.subject)
    _, at = der.expect(data, end, stop, der.SEQUENCE)
    made.spki = data[end:at]
    made.key_kind, made.subject_public_key = kind_of_spki(made.spki)
    if at == stop:
        return
    tag, begin, end = der.tlv(data, at, stop)
    if tag != 0xA3 or end != stop or made.version != 3:
        # RFC 5280 4.1.2.8 forbids issuerUniqueID and subjectUniqueID
        raise MalformedDer("what follows the key is not the extensions of a version 3")
    begin, end = der.expect(data, begin, stop, der.SEQUENCE)
    if end != stop:
        raise MalformedDer("octets after the extensions")
    _read_extensions(made, data, begin, stop)


def _read(data: bytes) -> Certificate:
    made = Certificate()
    made.der = data
    start, stop = der.whole(data, der.SEQUENCE)
    at, tbs_stop = der.expect(data, start, stop, der.SEQUENCE)
    made.tbs = data[start:tbs_stop]
    _, end = der.expect(data, tbs_stop, stop, der.SEQUENCE)
    made.signature_algorithm = data[tbs_stop:end]
    begin, end = der.expect(data, end, stop, der.BIT_STRING)
    if end != stop:
        raise MalformedDer("certificate of more than its three fields")
    made.signature = der.bit_string(data[begin:end])
    _read_tbs(made, data, at, tbs_stop)
    return made


def parse(data: bytes, reading: Reading = Reading.TOLERANT) -> Certificate:
    """Read one DER certificate (RFC 5280 4.1).

    TOLERANT lets pass what real Plug & Charge certificates get wrong, each deviation named in
    ``quirks``: a basicConstraints or a critical flag with its default written out, GeneralizedTime
    before 2050. STRICT refuses these. Everything else is refused by both: trailing octets, non-minimal or indefinite lengths,
    serials that are not positive or exceed 20 octets, repeated extensions, algorithms that differ.

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
