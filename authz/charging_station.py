"""A charging station as its operator registers it, and how it proves who it is."""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from hashlib import sha256
from hmac import compare_digest
from re import compile as expression

from authz.errors import MalformedQuestion
from certs.errors import MalformedIdentifier

# OCPP's identifierString, SecurityCtrlr.Identity, without the colon that ends a name in RFC 7617.
IDENTITY_PATTERN = r"^[A-Za-z0-9*_=+|@.-]{1,48}$"
# OCPP 2.0.1 A00.FR.205 (16 to 40 characters, chosen at random)
PASSWORD_CHARACTERS_MIN, PASSWORD_CHARACTERS_MAX = 16, 40
DIFFERENT_CHARACTERS_MIN = 8  # "aaaaaaaaaaaaaaaa" was not chosen at random
COMMON_NAME_CHARACTERS_MAX = 64  # RFC 5280 ub-common-name
SALT_OCTETS = 16
_PASSWORD_OCTETS = 24

_IDENTITY = expression(IDENTITY_PATTERN)


class SecurityProfile(Enum):
    """OCPP's security profiles; a station comes by its own."""

    BASIC = 1  # a password, in networks that are trusted
    TLS_BASIC = 2  # a password over TLS
    TLS_CERTIFICATE = 3  # mutual TLS


@dataclass(frozen=True, slots=True, kw_only=True)
class Password:
    """A password as it is kept: SHA-256 over salt and password.

    OCPP's passwords are chosen at random and have at least 16 characters, so a slow hash would
    protect nothing, and ten thousand stations that come back after a power cut would wait for it.
    """

    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)

    @classmethod
    def of(cls, text: str, *, salt: bytes) -> "Password":
        """What is kept of a password; MalformedQuestion for one that OCPP does not allow."""
        if not PASSWORD_CHARACTERS_MIN <= len(text) <= PASSWORD_CHARACTERS_MAX:
            raise MalformedQuestion("a password has 16 to 40 characters")
        if len(set(text)) < DIFFERENT_CHARACTERS_MIN or not (text.isascii() and text.isprintable()):
            raise MalformedQuestion("a password has 8 different characters, all of them of ASCII")
        return cls(salt=salt, digest=_digest(text.encode(), salt))

    def admits(self, octets: bytes) -> bool:
        """Whether this is the password; in the same time whether or not."""
        return compare_digest(_digest(octets, self.salt), self.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingStation:
    """A tenant's station. ``common_name`` is that of its certificate where it is not its identity.

    ``generation`` is that of the tenant's anchors and policy.
    """

    tenant: str
    identity: str
    profile: SecurityProfile
    password: Password | None = None
    common_name: str | None = None
    updated_at: datetime
    generation: int = 0

    @property
    def certificate_name(self) -> str:
        """The common name that its certificate has to bear."""
        return self.identity if self.common_name is None else self.common_name


def parse_identity(text: str) -> str:
    """A station's identity; MalformedIdentifier for what OCPP does not allow as one."""
    if _IDENTITY.fullmatch(text) is None:
        raise MalformedIdentifier("a station's identity has 1 to 48 of A-Za-z0-9*_=+|@.-")
    return text


def new_password(random: Callable[[int], bytes]) -> str:
    """A password of 192 random bits, which is shown once and kept nowhere."""
    return urlsafe_b64encode(random(_PASSWORD_OCTETS)).decode()


def _digest(octets: bytes, salt: bytes) -> bytes:
    return sha256(salt + octets).digest()


# Compared with where there is no station, so that silence takes as long as refusal.
NOBODY = Password(salt=bytes(SALT_OCTETS), digest=bytes(32))
