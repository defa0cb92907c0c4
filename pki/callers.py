"""Who calls: tenant-bound API keys, kept only as digests."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest

from certs.errors import Refused
from certs.profiles.rules import Role

KEY_PREFIX = "pnc_live_"
KEY_CHARACTERS_MAX = 128  # ours have 74; longer ones are not looked at
IDENTITY_OCTETS = 8
SECRET_OCTETS = 24

READ = "read"
REVOKE = "revoke"  # leaves
REVOKE_AUTHORITY = "revoke:authority"  # together with revoke: sub-CAs and roots as well
REGISTER = "register"  # common names, before their certificates are asked for
APPROVE = "approve"  # authorities and their ends, that others asked for
REQUEST_AUTHORITY = "request:authority"
OPERATOR = "operator"  # policies and blocked keys, of every tenant
ISSUE = "issue:"  # followed by a role's name, or by * for every leaf role
ISSUE_ANY = "issue:*"
_OTHERS = frozenset({REGISTER, APPROVE, REQUEST_AUTHORITY, OPERATOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """One API key's holder. ``scopes`` are ``read``, ``revoke``, ``revoke:authority``,
    ``register``, ``approve``, ``request:authority``, ``operator``, ``issue:<role>``, ``issue:*``.

    The digest is SHA-256 over a key of 192 random bits: nothing a slow hash would make harder.
    """

    identity: str
    tenant: str
    name: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None = None
    withdrawn_at: datetime | None = None
    key_digest: bytes = field(repr=False)

    def admits(self, key: str, *, now: datetime) -> bool:
        """Whether this key is the caller's own and still good."""
        own = compare_digest(sha256(key.encode()).digest(), self.key_digest)
        return own and self.is_good(now=now)

    def is_good(self, *, now: datetime) -> bool:
        """Whether the key was neither withdrawn nor has it expired."""
        return self.withdrawn_at is None and (self.expires_at is None or now < self.expires_at)

    def demand(self, scope: str) -> None:
        """Refuses what no scope of this caller covers."""
        if scope not in self.scopes and not (scope.startswith(ISSUE) and ISSUE_ANY in self.scopes):
            raise Refused("caller.scope_missing", f"this API key has no scope {scope}")


def issue_scope(role: Role) -> str:
    """The scope that lets a caller have certificates of a role."""
    return ISSUE + role.value


def identity_of(key: str) -> str | None:
    """The public part of an API key; None where the text is no API key of this house."""
    if len(key) > KEY_CHARACTERS_MAX or not key.startswith(KEY_PREFIX) or not key.isascii():
        return None
    identity, _, secret = key.removeprefix(KEY_PREFIX).partition("_")
    return identity if identity and secret else None


def new_caller(
    *,
    tenant: str,
    name: str,
    scopes: frozenset[str],
    now: datetime,
    random: Callable[[int], bytes],
    expires_at: datetime | None = None,
) -> tuple[Caller, str]:
    """A caller and its API key, which is shown this once and kept nowhere."""
    leaf_scopes = {issue_scope(role) for role in Role}
    unknown = scopes - leaf_scopes - {READ, REVOKE, REVOKE_AUTHORITY, ISSUE_ANY, *_OTHERS}
    if unknown:
        raise Refused("caller.scope_unknown", f"no such scope: {', '.join(sorted(unknown))}")
    identity = random(IDENTITY_OCTETS).hex()
    key = f"{KEY_PREFIX}{identity}_{random(SECRET_OCTETS).hex()}"
    caller = Caller(
        identity=identity,
        tenant=tenant,
        name=name,
        scopes=scopes,
        created_at=now,
        expires_at=expires_at,
        key_digest=sha256(key.encode()).digest(),
    )
    return caller, key


def operator(*, tenant: str, name: str, now: datetime) -> Caller:
    """Whoever runs this process and needs no key: every scope, but approving is for others."""
    return Caller(
        identity=f"operator:{name}",
        tenant=tenant,
        name=name,
        scopes=frozenset({READ, REVOKE, REVOKE_AUTHORITY, ISSUE_ANY, *_OTHERS} - {APPROVE}),
        created_at=now,
        key_digest=b"",
    )
