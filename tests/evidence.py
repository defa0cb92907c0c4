"""Signed statements about revocation for tests: boring by default, odd where a test says so."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha1

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from certs import der, keys
from certs.certificate import Certificate, parse
from certs.keys import SIGNATURE_ALGORITHMS, KeyKind, PrivateKey
from certs.revocation.hash_data import HashAlgorithm
from certs.revocation.ocsp_request import OcspQuestion, encode_integer, encode_nonce, question_for

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A certificate together with its private key."""

    certificate: Certificate
    key: PrivateKey


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def key_usage(*, signs: bool = False, signs_certificates: bool = False, signs_crls: bool = False):
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_crls,
        encipher_only=False,
        decipher_only=False,
    )


CA_KEY_USAGE = key_usage(signs_certificates=True, signs_crls=True)
OCSP_SIGNING = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
UNKNOWN_CRITICAL = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"\5\0")


def certify(
    common_name: str,
    *extensions: tuple[x509.ExtensionType, bool],
    issuer: Holder | None = None,
    kind: KeyKind = KeyKind.P256,
    key: PrivateKey | None = None,
    serial: int | None = None,
    not_before: datetime = NOW - 1000 * HOUR,
    not_after: datetime = NOW + 1000 * HOUR,
) -> Holder:
    """A certificate of any shape; self-signed without an issuer."""
    key = key or keys.generate(kind)
    signing = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(common_name))
        .issuer_name(
            x509.load_der_x509_certificate(issuer.certificate.der).subject
            if issuer
            else name(common_name)
        )
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    digest = {
        KeyKind.P256: hashes.SHA256(),
        KeyKind.P384: hashes.SHA384(),
        KeyKind.P521: hashes.SHA512(),
        KeyKind.ED448: None,
    }[keys.kind_of(signing)]
    return Holder(
        certificate=parse(builder.sign(signing, digest).public_bytes(Encoding.DER)), key=key
    )


def authority(common_name: str = "MO Sub-CA 2", kind: KeyKind = KeyKind.P256, **odd) -> Holder:
    """A CA that signs certificates and CRLs."""
    usage = odd.pop("usage", CA_KEY_USAGE)
    return certify(
        common_name,
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (usage, True),
        kind=kind,
        **odd,
    )


def delegate(issuer: Holder, *more: tuple[x509.ExtensionType, bool], **odd) -> Holder:
    """A responder's certificate as RFC 6960 4.2.2.2 has it; ``without`` leaves extensions out."""
    without = odd.pop("without", ())
    usual = (
        (OCSP_SIGNING, False),
        (key_usage(signs=True), True),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.OCSPNoCheck(), False),
    )
    extensions = [e for e in usual if type(e[0]) not in without]
    return certify(
        odd.pop("common_name", "OCSP responder"), *extensions, *more, issuer=issuer, **odd
    )


def leaf(issuer: Holder, serial: int = 0x3041, *, crl_url: str | None = None, **odd) -> Certificate:
    """A contract leaf, with an OCSP URL, and a CRL URL where one is asked for."""
    access = x509.AccessDescription(
        AuthorityInformationAccessOID.OCSP,
        x509.UniformResourceIdentifier("http://ocsp.example/"),
    )
    extensions = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (key_usage(signs=True), True),
        (x509.AuthorityInformationAccess([access]), False),
    ]
    if crl_url is not None:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl_url)], None, None, None)
        extensions.append((x509.CRLDistributionPoints([point]), False))
    return certify("DE8AAC12345678", *extensions, issuer=issuer, serial=serial, **odd).certificate


def sequence(*parts: bytes) -> bytes:
    return der.encode(der.SEQUENCE, b"".join(parts))


def generalized(moment: datetime) -> bytes:
    return der.encode(der.GENERALIZED_TIME, f"{moment:%Y%m%d%H%M%SZ}".encode())


def utc(moment: datetime) -> bytes:
    return der.encode(der.UTC_TIME, f"{moment:%y%m%d%H%M%SZ}".encode())


def oid(dotted: str) -> bytes:
    """A DER OBJECT IDENTIFIER."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    content = bytearray()
    for arc in (40 * first + second, *rest):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(arc & 0x7F | 0x80)
        content += bytes(reversed(septets))
    return der.encode(der.OID, bytes(content))


def extension(dotted: str, value: bytes, *, critical: bool = False) -> bytes:
    flag = b"\x01\x01\xff" if critical else b""
    return sequence(oid(dotted), flag, der.encode(der.OCTET_STRING, value))


GOOD = b"\x80\x00"
UNKNOWN = b"\x82\x00"


def revoked(at: datetime = NOW - 24 * HOUR, reason: int | None = 1) -> bytes:
    """CertStatus revoked, keyCompromise unless said otherwise."""
    given = b"" if reason is None else der.encode(0xA0, bytes((0x0A, 1, reason)))
    return der.encode(0xA1, generalized(at) + given)


def single(
    question: OcspQuestion,
    status: bytes = GOOD,
    *,
    cert_id: bytes | None = None,
    this_update: datetime = NOW - HOUR,
    next_update: datetime | None = NOW + HOUR,
    extensions: bytes = b"",
) -> bytes:
    """A SingleResponse."""
    fresh_until = b"" if next_update is None else der.encode(0xA0, generalized(next_update))
    more = der.encode(0xA1, sequence(extensions)) if extensions else b""
    return sequence(
        cert_id or question.cert_ids[0], status, generalized(this_update), fresh_until, more
    )


def by_name(certificate: Certificate) -> bytes:
    return der.encode(0xA1, certificate.subject)


def by_key(certificate: Certificate) -> bytes:
    digest = sha1(certificate.subject_public_key, usedforsecurity=False).digest()
    return der.encode(0xA2, der.encode(der.OCTET_STRING, digest))


def response_data(
    *singles: bytes,
    responder: bytes,
    produced_at: datetime = NOW - HOUR,
    extensions: bytes = b"",
    nonce: bytes | None = None,
    version: bytes = b"",
) -> bytes:
    """A tbsResponseData."""
    if nonce is not None:
        extensions += encode_nonce(nonce)
    more = der.encode(0xA1, sequence(extensions)) if extensions else b""
    return sequence(version, responder, generalized(produced_at), sequence(*singles), more)


def signed(
    tbs: bytes,
    signer: Holder,
    *,
    certificates: tuple[bytes, ...] = (),
    algorithm: bytes | None = None,
    signature: bytes | None = None,
) -> bytes:
    """A successful OCSPResponse over ``tbs``."""
    algorithm = algorithm or SIGNATURE_ALGORITHMS[signer.certificate.key_kind]
    signature = keys.sign(signer.key, tbs) if signature is None else signature
    bag = der.encode(0xA0, sequence(*certificates)) if certificates else b""
    return successful(sequence(tbs, algorithm, der.encode(der.BIT_STRING, b"\0" + signature), bag))


def successful(basic: bytes) -> bytes:
    return sequence(
        b"\x0a\x01\x00",
        der.encode(
            0xA0, sequence(oid("1.3.6.1.5.5.7.48.1.1"), der.encode(der.OCTET_STRING, basic))
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A CA, one of its leaves, and the question about it."""

    ca: Holder
    leaf: Certificate
    question: OcspQuestion

    def answer(self, status: bytes = GOOD, *, signer: Holder | None = None, **odd) -> bytes:
        """An OCSP response about the leaf. Signed by the CA, or by a signer that is sent along."""
        certificates = odd.pop("certificates", () if signer is None else (signer.certificate.der,))
        signer = signer or self.ca
        of_response = {
            key: odd.pop(key)
            for key in ("responder", "produced_at", "nonce", "version", "response_extensions")
            if key in odd
        }
        if "response_extensions" in of_response:
            of_response["extensions"] = of_response.pop("response_extensions")
        of_signature = {key: odd.pop(key) for key in ("algorithm", "signature") if key in odd}
        of_response.setdefault("responder", by_name(signer.certificate))
        singles = odd.pop("singles", None)
        if singles is None:
            singles = (single(self.question, status, **odd),)
        tbs = response_data(*singles, **of_response)
        return signed(tbs, signer, certificates=certificates, **of_signature)


def scene(
    kind: KeyKind = KeyKind.P256,
    *,
    hash_algorithm: HashAlgorithm = HashAlgorithm.SHA256,
    nonce: bytes | None = None,
) -> Scene:
    ca = authority(kind=kind)
    certificate = leaf(ca)
    question = question_for(certificate, ca.certificate, hash_algorithm=hash_algorithm, nonce=nonce)
    return Scene(ca=ca, leaf=certificate, question=question)


def crl_entry(
    serial: int,
    *,
    at: datetime = NOW - 24 * HOUR,
    reason: int | None = None,
    extensions: bytes = b"",
) -> bytes:
    """One revokedCertificates entry."""
    if reason is not None:
        extensions += extension("2.5.29.21", bytes((0x0A, 1, reason)))
    return sequence(encode_integer(serial), utc(at), sequence(extensions) if extensions else b"")


CRL_VERSION_2 = b"\x02\x01\x01"


def crl(
    issuer: Holder,
    *entries: bytes,
    number: int | None = 7,
    this_update: bytes | datetime = NOW - HOUR,
    next_update: datetime | None = NOW + HOUR,
    extensions: bytes = b"",
    issuer_name: bytes | None = None,
    version: bytes = CRL_VERSION_2,
    inner: bytes | None = None,
    algorithm: bytes | None = None,
    signature: bytes | None = None,
) -> bytes:
    """A CertificateList."""
    algorithm = algorithm or SIGNATURE_ALGORITHMS[issuer.certificate.key_kind]
    if number is not None:
        extensions += extension("2.5.29.20", encode_integer(number))
    tbs = sequence(
        version,
        inner or algorithm,
        issuer_name or issuer.certificate.subject,
        this_update if isinstance(this_update, bytes) else utc(this_update),
        b"" if next_update is None else utc(next_update),
        sequence(*entries) if entries else b"",
        der.encode(0xA0, sequence(extensions)) if extensions else b"",
    )
    signature = keys.sign(issuer.key, tbs) if signature is None else signature
    return sequence(tbs, algorithm, der.encode(der.BIT_STRING, b"\0" + signature))
