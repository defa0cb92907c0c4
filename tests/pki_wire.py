"""What strangers send to a pki house, made with another library than ours."""

import base64

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from certs import keys
from certs.keys import KeyKind
from certs.profiles.rules import Role
from tests.world import CONTRACT_CN, valid_world

KEY = keys.derive(KeyKind.P256, b"requested")
_HASHES = {"secp256r1": hashes.SHA256, "secp384r1": hashes.SHA384, "secp521r1": hashes.SHA512}


def csr(key=KEY, *, names=((NameOID.COMMON_NAME, CONTRACT_CN),), algorithm=None, extensions=()):
    """A certification request, DER."""
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in names])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    if algorithm is None and isinstance(key, ec.EllipticCurvePrivateKey):
        algorithm = _HASHES.get(key.curve.name, hashes.SHA256)()
    return builder.sign(key, algorithm).public_bytes(Encoding.DER)


def armoured(data, label=b"CERTIFICATE REQUEST"):
    """PEM of these octets."""
    body = base64.encodebytes(data)
    return b"-----BEGIN " + label + b"-----\n" + body + b"-----END " + label + b"-----\n"


def question(certificate=None, issuer=None, algorithm=None, nonce=None):
    """An OCSP request about one certificate, DER."""
    world = valid_world()
    certificate = certificate or world[Role.CONTRACT].certificate
    issuer = issuer or world[Role.MO_SUB_2].certificate
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        certificate.x509(), issuer.x509(), algorithm or hashes.SHA256()
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)
