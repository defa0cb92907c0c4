"""Charging stations that may connect, and what is kept of their passwords."""

from dataclasses import dataclass, field
from hashlib import scrypt
from hmac import compare_digest
from typing import Self

from certs.errors import Refused

NAME_CHARACTERS_MAX = 48  # OCPP 2.0.1 SecurityCtrlr.Identity
PASSWORD_CHARACTERS_MAX = 40  # OCPP 2.0.1 A00.FR.205: BasicAuthPassword has 16 to 40
PASSWORD_CHARACTERS_MIN = 16
SALT_OCTETS_MIN = 16

_COST, _BLOCK, _LANES = 16_384, 8, 1  # RFC 7914: 16 MiB and some tens of milliseconds
_DIGEST_OCTETS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A station of a tenant. Its password may be one that people chose, hence the slow hash."""

    name: str
    tenant: str
    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)

    @classmethod
    def parse(cls, name: str, tenant: str, password_hash: str) -> Self:
        """A station from its settings; Refused("settings.stations") where they are none."""
        scheme, _, rest = password_hash.partition("$")
        salt, _, digest = rest.partition("$")
        try:
            made = cls(
                name=name, tenant=tenant, salt=bytes.fromhex(salt), digest=bytes.fromhex(digest)
            )
        except ValueError as bad:
            raise Refused("settings.stations", "a hash is not hexadecimal") from bad
        if (
            scheme != "scrypt"
            or len(made.salt) < SALT_OCTETS_MIN
            or len(made.digest) != _DIGEST_OCTETS
            or not 0 < len(name) <= NAME_CHARACTERS_MAX
        ):
            raise Refused("settings.stations", "a station has a name and scrypt$SALT$DIGEST")
        return made

    def admits(self, password: str) -> bool:
        """Whether this is the station's password. Slow on purpose."""
        if len(password) > PASSWORD_CHARACTERS_MAX:
            return False
        return compare_digest(_digest(password, self.salt), self.digest)


def hash_password(password: str, *, salt: bytes) -> str:
    """What the settings keep of a password; Refused for one that OCPP does not allow."""
    if not PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARACTERS_MAX:
        raise Refused("station.password", "a password has 16 to 40 characters")
    return f"scrypt${salt.hex()}${_digest(password, salt).hex()}"


def _digest(password: str, salt: bytes) -> bytes:
    octets = password.encode("utf-8", "surrogateescape")
    return scrypt(octets, salt=salt, n=_COST, r=_BLOCK, p=_LANES, dklen=_DIGEST_OCTETS)
