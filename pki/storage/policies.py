"""Issuance policies in their table, whose versions stay."""

from sqlalchemy import Engine, Row, Select, and_, func, select
from sqlalchemy.dialects import postgresql, sqlite

from pki.authority.entries import Act
from pki.authority.policy import Policy, decode_grants, encode_grants
from pki.errors import Conflict
from pki.storage import audit
from pki.storage.database import reading, writing
from pki.storage.tables import policies


class PolicyTable:
    """pki.ports.Policies over the policies table."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert

    def current(self) -> tuple[Policy, ...]:
        newest = (
            select(policies.c.tenant, func.max(policies.c.version).label("version"))
            .group_by(policies.c.tenant)
            .subquery()
        )
        return self._read(
            select(policies).join(
                newest,
                and_(policies.c.tenant == newest.c.tenant, policies.c.version == newest.c.version),
            )
        )

    def history(self, tenant: str) -> tuple[Policy, ...]:
        return self._read(
            select(policies).where(policies.c.tenant == tenant).order_by(policies.c.version.desc())
        )

    def _read(self, asked: Select[tuple[object, ...]]) -> tuple[Policy, ...]:
        with reading(self._engine) as connection:
            return tuple(_policy(row) for row in connection.execute(asked))

    def add(self, policy: Policy, act: Act) -> None:
        newest = select(func.coalesce(func.max(policies.c.version), 0)).where(
            policies.c.tenant == policy.tenant
        )
        taken = Conflict(
            "the policy was changed meanwhile: read it again", code="conflict.policy_version"
        )
        with writing(self._engine) as connection:
            if connection.execute(newest).scalar_one() != policy.version - 1:
                raise taken
            added = connection.execute(
                self._insert(policies)
                .values(
                    tenant=policy.tenant,
                    version=policy.version,
                    grants=encode_grants(policy.grants),
                    set_at=policy.set_at,
                    set_by=policy.set_by,
                )
                .on_conflict_do_nothing()
            )
            if not added.rowcount:
                raise taken
            audit.write(connection, [act])


def _policy(row: Row[tuple[object, ...]]) -> Policy:
    return Policy(
        tenant=row.tenant,
        version=row.version,
        grants=decode_grants(row.grants),
        set_at=row.set_at,
        set_by=row.set_by,
    )
