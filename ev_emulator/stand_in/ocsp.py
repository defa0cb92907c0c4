"""OCSP responses of a world's own delegates, for stapling where no responder runs."""

from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.hashes import SHA256, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import (
    OCSPCertStatus,
    OCSPResponderEncoding,
    OCSPResponseBuilder,
)

from certs.certificate import Certificate
from certs.hierarchy import Identity


def respond(
    certificate: Certificate,
    *,
    delegate: Identity,
    now: datetime,
    lifetime_seconds: int = 3600,
    revoked_at: datetime | None = None,
) -> bytes:
    """A DER OCSPResponse about a certificate, by the delegate of the CA that issued it.

    Its CertID is hashed with SHA-256. ValueError for a delegate whose private key is not here.
    """
    issuer = delegate.issuer
    key = delegate.private_key
    if issuer is None or key is None:
        raise ValueError(f"{delegate.role.value} answers for nobody")
    algorithm: HashAlgorithm | None = None
    if isinstance(key, ec.EllipticCurvePrivateKey):
        algorithm = SHA256() if key.curve.key_size == 256 else SHA512()
    signing_key: ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey = key
    builder = OCSPResponseBuilder().add_response(
        cert=certificate.x509(),
        issuer=issuer.certificate.x509(),
        algorithm=SHA256(),
        cert_status=OCSPCertStatus.REVOKED if revoked_at else OCSPCertStatus.GOOD,
        this_update=now,
        next_update=now + timedelta(seconds=lifetime_seconds),
        revocation_time=revoked_at,
        revocation_reason=None,
    )
    builder = builder.responder_id(OCSPResponderEncoding.HASH, delegate.certificate.x509())
    builder = builder.certificates([delegate.certificate.x509()])
    return builder.sign(signing_key, algorithm).public_bytes(Encoding.DER)
