"""What a responder or a list said of a certificate that a station named by its hash data."""

from dataclasses import dataclass, field

from certs.revocation.status import RevocationStatus

SIGNED_UNKNOWN = "revocation.ocsp_status_unknown"  # the issuer's own word, unlike other Unknowns


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusAnswer:
    """A status, and the DER OCSPResponse that it was read from; empty where none is believed.

    A response that its issuer signed and that says "unknown" is believed, too: the status is then
    Unknown with the code SIGNED_UNKNOWN.
    """

    status: RevocationStatus
    response: bytes = field(default=b"", repr=False)
