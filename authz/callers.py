"""Who asks: tenant-bound API keys, kept only as digests."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from hashlib import sha256
from hmac import compare_digest

import msgspec

from certs.errors import Refused

KEY_PREFIX = "pnc_live_"
KEY_CHARACTERS_MAX = 128  # ours have 74; longer ones are not looked at
KEY_ID_OCTETS = 8
SECRET_OCTETS = 24


class Scope(Enum):
    """What a key is good for."""

    AUTHORIZE = "authorize"  # ask, and read back decisions
    MANAGE = "manage"  # contracts, anchors, policy


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key as it is kept. Its digest is SHA-256 over a key of 192 random bits: nothing that a
    slow hash would make harder to find.
    """

    key_id: str
    tenant: str
    scopes: frozenset[Scope]
    label: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    secret_hash: bytes = field(repr=False)

    def admits(self, key: str, *, now: datetime) -> bool:
        """Whether this text is the key, and the key is in use."""
        own = compare_digest(digest(key), self.secret_hash)
        in_use = self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
        return own and in_use


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who showed a key. ``generation`` is that of the tenant's anchors and policy."""

    key_id: str
    tenant: str
    scopes: frozenset[Scope]
    generation: int

    def demand(self, scope: Scope) -> None:
        """Refuses what the key is not good for."""
        if scope not in self.scopes:
            raise Refused("caller.scope_missing", f"this API key has no scope {scope.value}")


def digest(key: str) -> bytes:
    """What is kept of a key."""
    return sha256(key.encode("utf-8", "surrogateescape")).digest()


def key_id_of(key: str) -> str | None:
    """The public part of an API key; None where the text is no API key of this house."""
    if len(key) > KEY_CHARACTERS_MAX or not key.startswith(KEY_PREFIX) or not key.isascii():
        return None
    key_id, _, secret = key.removeprefix(KEY_PREFIX).partition("_")
    return key_id if len(key_id) == 2 * KEY_ID_OCTETS and secret else None


def new_key(
    *,
    tenant: str,
    scopes: frozenset[Scope],
    label: str,
    now: datetime,
    random: Callable[[int], bytes],
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A key as it is kept, and its text, which is shown this once and kept nowhere."""
    key_id = random(KEY_ID_OCTETS).hex()
    text = f"{KEY_PREFIX}{key_id}_{random(SECRET_OCTETS).hex()}"
    kept = ApiKey(
        key_id=key_id,
        tenant=tenant,
        scopes=scopes,
        label=label,
        created_at=now,
        expires_at=expires_at,
        secret_hash=digest(text),
    )
    return kept, text
