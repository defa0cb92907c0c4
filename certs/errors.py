"""What certs raises: bytes or text that are not what they claim to be, and what it declines."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certs.findings.finding import Finding


class Malformed(ValueError):  # noqa: N818 - a kind of input, named as the house names it
    """Input that is not what it claims to be.

    ``code`` is permanent and dotted; ``detail`` is for people and never holds secrets.
    """

    code = "malformed"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code


class MalformedDer(Malformed):
    """Bytes that are not the ASN.1 DER asked for."""

    code = "malformed.der"


class MalformedCertificate(Malformed):
    """Bytes that are not an X.509 certificate as RFC 5280 writes them."""

    code = "malformed.certificate"


class MalformedPem(Malformed):
    """Text that is not a PEM bundle within the size caps."""

    code = "malformed.pem"


class MalformedIdentifier(Malformed):
    """Text that is not the identifier it claims to be."""

    code = "malformed.identifier"


class MalformedHashData(Malformed):
    """OCPP certificate hash data that cannot be read."""

    code = "malformed.hash_data"


class MalformedOcsp(Malformed):
    """Bytes that are not an OCSP request or response."""

    code = "malformed.ocsp"


class MalformedCrl(Malformed):
    """Bytes that are not a certificate revocation list."""

    code = "malformed.crl"


class TooLarge(Malformed):
    """Input over a size cap, refused before it was parsed."""

    code = "malformed.too_large"


class Refused(Exception):  # noqa: N818 - the house's word
    """Understood and declined, with a permanent code and the findings that led to it."""

    def __init__(self, code: str, detail: str, findings: Sequence["Finding"] = ()) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.findings = tuple(findings)
