"""Tenants' anchors and policies in their tables, and the trust made of them."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select, update

from authz.adapters.database import Database
from authz.adapters.facts import Facts, tenant_fact
from authz.adapters.tables import ANCHORS, TENANTS
from authz.adapters.writer import Writer
from authz.errors import Conflict, NotFound
from authz.policy import Policy
from authz.policy_document import PolicyDocument, from_policy, to_policy
from authz.trust import Trust
from certs.certificate import parse
from certs.chain.anchors import Anchor, AnchorSet
from certs.chain.roles import Purpose, Use
from certs.chain.verifier import ChainVerifier

T = TypeVar("T")

ANCHORS_PER_TENANT_MAX = 1_000  # every V2G and MO root of the world, twice


class TrustBook:
    """authz.ports.Trusts over the tables of tenants and anchors."""

    def __init__(self, database: Database, writer: Writer, facts: Facts) -> None:
        self._database = database
        self._writer = writer
        self._facts = facts
        self._trusts: dict[str, Trust] = {}

    async def trust(self, tenant: str, *, generation: int) -> Trust:
        kept = self._trusts.get(tenant)
        if kept is not None and kept.generation == generation:
            return kept
        policy, now_generation, anchors = await self._database.read(
            lambda connection: _read(connection, tenant)
        )
        verifier = ChainVerifier(AnchorSet()) if kept is None else kept.verifier
        verifier.replace_anchors(AnchorSet(anchors))
        made = Trust(tenant=tenant, generation=now_generation, policy=policy, verifier=verifier)
        self._trusts[tenant] = made
        return made

    async def add_anchor(self, tenant: str, anchor: Anchor, *, now: datetime) -> bool:
        def job(connection: Connection) -> bool:
            mine = ANCHORS.c.tenant == tenant
            kept = connection.execute(
                select(ANCHORS.c.fingerprint, ANCHORS.c.purpose).where(mine)
            ).all()
            identity = (anchor.certificate.fingerprint, anchor.purpose.value)
            known = identity in [tuple(row) for row in kept]
            if not known and len(kept) >= ANCHORS_PER_TENANT_MAX:
                raise Conflict("anchor.too_many", f"more than {ANCHORS_PER_TENANT_MAX} anchors")
            connection.execute(
                delete(ANCHORS).where(
                    mine, ANCHORS.c.fingerprint == identity[0], ANCHORS.c.purpose == identity[1]
                )
            )
            connection.execute(insert(ANCHORS).values(_columns(tenant, anchor, now)))
            _next_generation(connection, tenant)
            return not known

        return await self._changed(tenant, job)

    async def anchors(self, tenant: str) -> tuple[Anchor, ...]:
        _, _, anchors = await self._database.read(lambda connection: _read(connection, tenant))
        return anchors

    async def delete_anchor(self, tenant: str, fingerprint: bytes) -> None:
        def job(connection: Connection) -> None:
            gone = connection.execute(
                delete(ANCHORS).where(
                    ANCHORS.c.tenant == tenant, ANCHORS.c.fingerprint == fingerprint
                )
            )
            if not gone.rowcount:
                raise NotFound("anchor.not_found", "no anchor has this fingerprint")
            _next_generation(connection, tenant)

        await self._changed(tenant, job)

    async def put_policy(self, tenant: str, policy: Policy) -> None:
        def job(connection: Connection) -> None:
            text = msgspec.json.encode(from_policy(policy)).decode()
            connection.execute(
                update(TENANTS).where(TENANTS.c.tenant == tenant).values(policy=text)
            )
            _next_generation(connection, tenant)

        await self._changed(tenant, job)

    async def _changed(self, tenant: str, job: Callable[[Connection], T]) -> T:
        """Writes, and is heard by the very next question before the database could tell it."""
        done = await self._writer.run(job)
        self._facts.forget(tenant_fact(tenant))
        return done


def _next_generation(connection: Connection, tenant: str) -> None:
    connection.execute(
        update(TENANTS)
        .where(TENANTS.c.tenant == tenant)
        .values(generation=TENANTS.c.generation + 1)
    )


def _read(connection: Connection, tenant: str) -> tuple[Policy, int, tuple[Anchor, ...]]:
    # The generation is read before the anchors: should a change fall between, the copy is taken
    # for older than it is and read again, never for newer.
    kept = connection.execute(select(TENANTS).where(TENANTS.c.tenant == tenant)).one()
    rows = connection.execute(
        select(ANCHORS)
        .where(ANCHORS.c.tenant == tenant)
        .order_by(ANCHORS.c.added_at, ANCHORS.c.fingerprint, ANCHORS.c.purpose)
    ).all()
    document = msgspec.json.decode(kept.policy, type=PolicyDocument)
    return to_policy(document), kept.generation, tuple(_anchor(row) for row in rows)


def _columns(tenant: str, anchor: Anchor, now: datetime) -> dict[str, object]:
    return {
        "tenant": tenant,
        "fingerprint": anchor.certificate.fingerprint,
        "purpose": anchor.purpose.value,
        "der": anchor.certificate.der,
        "tolerances": json.dumps(sorted(anchor.tolerances)),
        "sub_ca_roles": json.dumps({k.hex(): v.value for k, v in anchor.sub_ca_roles.items()}),
        "added_at": now,
    }


def _anchor(row: Row[tuple[object, ...]]) -> Anchor:
    roles = json.loads(row.sub_ca_roles)
    return Anchor(
        certificate=parse(row.der),
        purpose=Purpose(row.purpose),
        tolerances=frozenset(json.loads(row.tolerances)),
        sub_ca_roles={bytes.fromhex(key): Use(value) for key, value in roles.items()},
    )
