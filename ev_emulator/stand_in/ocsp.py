"""OCSP responses of a world's own delegates, for stapling where no responder runs (RFC 6960 4.2).

Written here because the moment they are produced at is an argument, which pyca's builder takes
from the machine's clock.
"""

from datetime import datetime, timedelta

from certs import der
from certs.certificate import Certificate
from certs.hierarchy import Identity
from certs.keys import key_identifier
from certs.revocation.ocsp_request import question_for

_BASIC = bytes.fromhex("06092b0601050507300101")  # id-pkix-ocsp-basic
_GOOD = b"\x80\x00"  # [0] IMPLICIT NULL


def respond(
    certificate: Certificate,
    *,
    delegate: Identity,
    now: datetime,
    lifetime_seconds: int = 3600,
    revoked_at: datetime | None = None,
) -> bytes:
    """A DER OCSPResponse about a certificate, by the delegate of the CA that issued it.

    Its CertID is hashed with SHA-256. ValueError for a delegate that answers for nobody, or whose
    private key is not here.
    """
    if delegate.issuer is None:
        raise ValueError(f"{delegate.role.value} answers for nobody")
    question = question_for(certificate, delegate.issuer.certificate)
    status = _GOOD if revoked_at is None else der.encode(0xA1, _moment(revoked_at))
    single = der.encode(
        der.SEQUENCE,
        question.cert_ids[0]
        + status
        + _moment(now)
        + der.encode(0xA0, _moment(now + timedelta(seconds=lifetime_seconds))),
    )
    signer = delegate.certificate
    responder = der.encode(
        0xA2, der.encode(der.OCTET_STRING, key_identifier(signer.subject_public_key))
    )
    data = der.encode(der.SEQUENCE, responder + _moment(now) + der.encode(der.SEQUENCE, single))
    signature = delegate.signer.sign(data)
    basic = der.encode(
        der.SEQUENCE,
        data
        + signer.signature_algorithm  # a delegate's key is of its CA's kind, which signed this one
        + der.encode(der.BIT_STRING, b"\x00" + signature)
        + der.encode(0xA0, der.encode(der.SEQUENCE, signer.der)),
    )
    answer = der.encode(der.SEQUENCE, _BASIC + der.encode(der.OCTET_STRING, basic))
    return der.encode(der.SEQUENCE, b"\x0a\x01\x00" + der.encode(0xA0, answer))  # successful


def _moment(moment: datetime) -> bytes:
    return der.encode(der.GENERALIZED_TIME, f"{moment:%Y%m%d%H%M%SZ}".encode())
