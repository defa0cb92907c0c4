"""Counting the changes of a tenant's contracts, so that a station's list can follow them."""

from collections.abc import Sequence

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from authz.adapters.tables import LIST_ENTRIES, LIST_VERSIONS
from certs.identifiers.emaid import EMAID


def list_changed(connection: Connection, tenant: str, emaids: Sequence[EMAID]) -> int:
    """Gives some contracts the tenant's next version, and which; in their change's transaction.

    The row of the tenant's version is locked until the commit, so that versions become visible
    in their order.
    """
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    counted = dialect.insert(LIST_VERSIONS).values(tenant=tenant, version=1)
    version: int = connection.execute(
        counted.on_conflict_do_update(
            index_elements=[LIST_VERSIONS.c.tenant],
            set_={"version": LIST_VERSIONS.c.version + 1},
        ).returning(LIST_VERSIONS.c.version)
    ).scalar_one()
    named = {emaid.canonical: emaid.as_received for emaid in emaids}
    made = dialect.insert(LIST_ENTRIES)
    connection.execute(
        made.on_conflict_do_update(
            index_elements=[LIST_ENTRIES.c.tenant, LIST_ENTRIES.c.emaid],
            set_={
                "version": made.excluded.version,
                "as_received": made.excluded.as_received,
            },
        ),
        [
            {"tenant": tenant, "emaid": canonical, "as_received": received, "version": version}
            for canonical, received in named.items()
        ],
    )
    return version
