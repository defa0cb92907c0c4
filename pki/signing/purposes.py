"""What a private key may be asked to sign: said by who asks, checked by the guard."""

from dataclasses import dataclass

from certs.certificate import Certificate
from certs.profiles.rules import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class SignCertificate:
    """A TBSCertificate of a profile, under an issuer's certificate; None: a root's own."""

    profile: Profile
    issuer: Certificate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOcspResponse:
    """An OCSP ResponseData of a delegated signer, named by its key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignCrl:
    """A TBSCertList of the authority with this certificate."""

    issuer: Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class SignCertificationRequest:
    """A CertificationRequestInfo for the key itself (RFC 2986)."""


Purpose = SignCertificate | SignOcspResponse | SignCrl | SignCertificationRequest
