"""Revocations in their table, which only grows."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Engine, and_, bindparam, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from pki.authority import failpoints
from pki.authority.entries import Act, Reason, Revocation, Standing, State
from pki.errors import NotFound
from pki.ports import Failpoint
from pki.storage import audit
from pki.storage.database import reading, writing
from pki.storage.tables import certificates, issuers, revocations

# Built once: the responder asks it for every certificate.
_STANDING = (
    select(
        certificates.c.state,
        certificates.c.not_after,
        revocations.c.reason,
        revocations.c.revoked_at,
    )
    .outerjoin(
        revocations,
        and_(
            revocations.c.issuer == certificates.c.issuer,
            revocations.c.serial == certificates.c.serial,
        ),
    )
    .where(certificates.c.issuer == bindparam("of_issuer"))
    .where(certificates.c.serial == bindparam("of_serial"))
)


class RevocationTable:
    """pki.ports.Revocations and pki.ports.Standings over the revocations table."""

    def __init__(self, engine: Engine, *, failpoint: Failpoint = failpoints.carry_on) -> None:
        self._engine = engine
        self._failpoint = failpoint

    def revoke(self, revocation: Revocation, act: Act) -> Revocation:
        mine = and_(
            certificates.c.issuer == revocation.issuer,
            certificates.c.serial == revocation.serial,
        )
        insert = sqlite.insert if self._engine.dialect.name == "sqlite" else postgresql.insert
        with writing(self._engine) as connection:
            entry = connection.execute(
                select(certificates.c.crl_shard, certificates.c.not_after).where(mine)
            ).one_or_none()
            if entry is None:
                raise NotFound("no certificate with this issuer and serial")
            added = connection.execute(
                insert(revocations)
                .values(
                    issuer=revocation.issuer,
                    serial=revocation.serial,
                    crl_shard=entry.crl_shard,
                    reason=revocation.reason.value,
                    revoked_at=revocation.revoked_at,
                    not_after=entry.not_after,
                )
                .on_conflict_do_nothing()
            )
            if added.rowcount:
                connection.execute(
                    update(issuers)
                    .where(issuers.c.key_id == revocation.issuer)
                    .values(revision=issuers.c.revision + 1)
                )
                audit.write(connection, [act])
                self._failpoint(failpoints.REVOKE_WRITTEN)
            standing = connection.execute(
                select(revocations)
                .where(revocations.c.issuer == revocation.issuer)
                .where(revocations.c.serial == revocation.serial)
            ).one()
        self._failpoint(failpoints.REVOKE_COMMITTED)
        return Revocation(
            issuer=revocation.issuer,
            serial=revocation.serial,
            reason=Reason(standing.reason),
            revoked_at=standing.revoked_at,
            not_after=standing.not_after,
        )

    def revision(self, issuer: str) -> int:
        asked = select(issuers.c.revision).where(issuers.c.key_id == issuer)
        with reading(self._engine) as connection:
            counted: int | None = connection.execute(asked).scalar_one_or_none()
        if counted is None:
            raise NotFound("no such authority")
        return counted

    def listed(self, issuer: str, *, shard: int, expiring_from: datetime) -> Sequence[Revocation]:
        asked = (
            select(revocations)
            .where(revocations.c.issuer == issuer)
            .where(revocations.c.crl_shard == shard)
            .where(revocations.c.not_after >= expiring_from)
            .order_by(revocations.c.serial)
        )
        with reading(self._engine) as connection:
            return [
                Revocation(
                    issuer=row.issuer,
                    serial=row.serial,
                    reason=Reason(row.reason),
                    revoked_at=row.revoked_at,
                    not_after=row.not_after,
                )
                for row in connection.execute(asked)
            ]

    def standing(self, issuer: str, serial: int) -> Standing | None:
        with reading(self._engine) as connection:
            row = connection.execute(
                _STANDING, {"of_issuer": issuer, "of_serial": serial}
            ).one_or_none()
        if row is None:
            return None
        revocation = None
        if row.reason is not None:
            revocation = Revocation(
                issuer=issuer,
                serial=serial,
                reason=Reason(row.reason),
                revoked_at=row.revoked_at,
                not_after=row.not_after,
            )
        return Standing(state=State(row.state), revocation=revocation)

    def revisions(self) -> dict[str, int]:
        asked = select(issuers.c.key_id, issuers.c.revision)
        with reading(self._engine) as connection:
            return {row.key_id: row.revision for row in connection.execute(asked)}

    def revoked_among(self, named: Collection[tuple[str, int]]) -> frozenset[tuple[str, int]]:
        asked = select(revocations.c.issuer, revocations.c.serial).where(
            tuple_(revocations.c.issuer, revocations.c.serial).in_(named)
        )
        with reading(self._engine) as connection:
            return frozenset((row.issuer, row.serial) for row in connection.execute(asked))
