"""A vehicle's request for contract certificates, and what a provisioning service answers."""

from dataclasses import dataclass, field
from hashlib import sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractRequest:
    """OCPP's Get15118EVCertificateRequest. ``exi`` is the vehicle's message in base64, unread.

    ``chains_max`` is None in ISO 15118-2, which installs one contract at a time.
    """

    namespace: str  # iso15118SchemaVersion
    action: str  # Install or Update
    exi: str = field(repr=False)
    chains_max: int | None = None
    prioritized: tuple[str, ...] = ()

    @property
    def identity(self) -> bytes:
        """What two requests have in common that are the same (M01.FR.03): 32 octets."""
        digest = sha256()
        for part in (self.namespace, self.action, self.exi):
            digest.update(len(part).to_bytes(8))
            digest.update(part.encode())
        return digest.digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractAnswer:
    """A CertificateInstallationRes or CertificateUpdateRes in base64, and whose contract it is."""

    exi: str = field(repr=False)
    emaid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextAnswer:
    """One of several answers, and how many remain."""

    exi: str = field(repr=False)
    remaining: int
