"""What is done to a service from its own machine: tenants, their keys, the walk over the log."""

from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self

from authz.adapters import callers
from authz.adapters.database import Database
from authz.adapters.decision_log import Break, first_break
from authz.adapters.schema import check_current, upgrade
from authz.callers import ApiKey, Scope, new_key
from authz.settings import Settings
from certs.errors import Refused

TENANT_CHARACTERS_MAX = 64


class Provisioning:
    """Opens the database of a service, which may be running; a context manager.

    Conflict for what is there already, NotFound for what is not, Unavailable without the database.
    """

    def __init__(self, settings: Settings) -> None:
        self._database = Database(settings.database_url)
        self._migrates = settings.migrate_at_start

    def __enter__(self) -> Self:
        if self._migrates:
            upgrade(self._database)
        check_current(self._database)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    def add_tenant(self, tenant: str, *, name: str = "", now: datetime) -> None:
        """Makes room for a tenant. Its name has letters, digits, ``-`` and ``_``."""
        plain = tenant.replace("-", "").replace("_", "")
        if not (plain.isascii() and plain.isalnum() and len(tenant) <= TENANT_CHARACTERS_MAX):
            raise Refused("tenant.name", "letters, digits, - and _, at most 64")
        with self._database.writing() as connection:
            callers.add_tenant(connection, tenant, name=name or tenant, now=now)

    def has_tenant(self, tenant: str) -> bool:
        """Whether there is a tenant of this name."""
        with self._database.reading() as connection:
            return callers.tenant_exists(connection, tenant)

    def add_key(
        self,
        tenant: str,
        *,
        scopes: frozenset[Scope],
        label: str,
        now: datetime,
        random: Callable[[int], bytes],
        expires_at: datetime | None = None,
    ) -> str:
        """A new API key: show it once, it is kept only as a digest."""
        kept, text = new_key(
            tenant=tenant,
            scopes=scopes,
            label=label,
            now=now,
            random=random,
            expires_at=expires_at,
        )
        with self._database.writing() as connection:
            callers.add_key(connection, kept)
        return text

    def keys(self, tenant: str) -> tuple[ApiKey, ...]:
        """A tenant's keys, oldest first; those revoked, too."""
        with self._database.reading() as connection:
            return callers.keys_of(connection, tenant)

    def revoke_key(self, key_id: str, *, now: datetime) -> None:
        """Ends a key at once."""
        with self._database.writing() as connection:
            callers.revoke_key(connection, key_id, now=now)

    def first_break_of_log(self) -> Break | None:
        """The first decision that is not as it was written; None where all are."""
        with self._database.reading() as connection:
            return first_break(connection)
