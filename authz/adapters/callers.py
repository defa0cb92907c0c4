"""Tenants and their API keys, in their tables."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from authz.adapters.database import Database, Lookup
from authz.adapters.facts import Facts, key_fact, tenant_fact
from authz.adapters.tables import API_KEYS, TENANTS, moment
from authz.callers import ApiKey, Caller, Scope, key_id_of
from authz.errors import Conflict, NotFound

_BY_ID = Lookup(
    select(
        API_KEYS.c.tenant,
        API_KEYS.c.secret_hash,
        API_KEYS.c.scopes,
        API_KEYS.c.created_at,
        API_KEYS.c.expires_at,
        API_KEYS.c.revoked_at,
        TENANTS.c.generation,
    )
    .join(TENANTS, TENANTS.c.tenant == API_KEYS.c.tenant)
    .where(API_KEYS.c.key_id == bindparam("key_id"))
)
_GENERATION = Lookup(select(TENANTS.c.generation).where(TENANTS.c.tenant == bindparam("tenant")))
_ASKS = frozenset({Scope.AUTHORIZE})


class CallerBook:
    """authz.ports.Callers and authz.ports.Tenants over the tables of tenants and keys."""

    def __init__(self, database: Database, facts: Facts) -> None:
        self._database = database
        self._facts = facts

    async def identify(self, key: str, *, now: datetime) -> Caller | None:
        """Who holds this key; None for a text that is no key in use."""
        key_id = key_id_of(key)
        if key_id is None:
            return None
        kept: ApiKey | None = self._facts.recall(key_fact(key_id))
        generation: int | None = None
        if kept is not None:
            generation = self._facts.recall(tenant_fact(kept.tenant))
        if kept is None or generation is None:
            read = await self._read(key_id, now)
            if read is None:
                return None
            kept, generation = read
        if not kept.admits(key, now=now):
            return None
        return Caller(key_id=key_id, tenant=kept.tenant, scopes=kept.scopes, generation=generation)

    async def _read(self, key_id: str, now: datetime) -> tuple[ApiKey, int] | None:
        mark = self._facts.mark()
        row = await self._database.look_up(_BY_ID, {"key_id": key_id})
        if row is None:
            return None
        tenant, secret_hash, scopes, created_at, expires_at, revoked_at, generation = row
        kept = ApiKey(
            key_id=key_id,
            tenant=tenant,
            scopes=frozenset(map(Scope, scopes.split())),
            label="",
            created_at=moment(created_at) or now,
            expires_at=moment(expires_at),
            revoked_at=moment(revoked_at),
            secret_hash=secret_hash,
        )
        self._facts.keep(key_fact(key_id), kept, mark)
        self._facts.keep(tenant_fact(tenant), generation, mark)
        return kept, generation

    async def caller(self, tenant: str, *, name: str) -> Caller:
        """Somebody of this tenant who may ask; NotFound where there is no such tenant."""
        generation: int | None = self._facts.recall(tenant_fact(tenant))
        if generation is None:
            mark = self._facts.mark()
            row = await self._database.look_up(_GENERATION, {"tenant": tenant})
            if row is None:
                raise NotFound("tenant.not_found", "there is no such tenant")
            generation = row[0]
            self._facts.keep(tenant_fact(tenant), generation, mark)
        return Caller(key_id=name, tenant=tenant, scopes=_ASKS, generation=generation)


def add_tenant(connection: Connection, tenant: str, *, name: str, now: datetime) -> None:
    """Makes room for a tenant; Conflict where the name is taken."""
    try:
        connection.execute(
            insert(TENANTS).values(
                tenant=tenant, name=name, policy="{}", generation=0, created_at=now
            )
        )
    except IntegrityError as taken:
        raise Conflict("tenant.exists", f"there is a tenant {tenant} already") from taken


def tenant_exists(connection: Connection, tenant: str) -> bool:
    """Whether a tenant of this name is kept."""
    asked = select(TENANTS.c.tenant).where(TENANTS.c.tenant == tenant)
    return connection.execute(asked).one_or_none() is not None


def add_key(connection: Connection, key: ApiKey) -> None:
    """Keeps a key's digest; NotFound where there is no such tenant."""
    if not tenant_exists(connection, key.tenant):
        raise NotFound("tenant.unknown", f"there is no tenant {key.tenant}")
    connection.execute(
        insert(API_KEYS).values(
            key_id=key.key_id,
            tenant=key.tenant,
            secret_hash=key.secret_hash,
            scopes=" ".join(sorted(scope.value for scope in key.scopes)),
            label=key.label,
            created_at=key.created_at,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
        )
    )


def keys_of(connection: Connection, tenant: str) -> tuple[ApiKey, ...]:
    """A tenant's keys, oldest first."""
    asked = select(API_KEYS).where(API_KEYS.c.tenant == tenant).order_by(API_KEYS.c.created_at)
    return tuple(
        ApiKey(
            key_id=row.key_id,
            tenant=row.tenant,
            scopes=frozenset(map(Scope, row.scopes.split())),
            label=row.label,
            created_at=row.created_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
            secret_hash=row.secret_hash,
        )
        for row in connection.execute(asked)
    )


def revoke_key(connection: Connection, key_id: str, *, now: datetime) -> None:
    """Ends a key; NotFound where none in use has this id."""
    ended = connection.execute(
        update(API_KEYS)
        .where(API_KEYS.c.key_id == key_id, API_KEYS.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    if not ended.rowcount:
        raise NotFound("caller.unknown", "no API key in use has this id")
