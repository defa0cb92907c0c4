"""Revocations in their table, which only grows."""

from collections.abc import Iterator

from sqlalchemy import (
    Engine,
    and_,
    insert,
    select,
    update,
)

from pki.authority import failpoints
from pki.authority.entries import (
    Act,
    Extent,
    Listed,
    Reason,
    Revocation,
)
from pki.errors import NotFound
from pki.ports import Failpoint
from pki.storage import audit, claims
from pki.storage.answers import withdraw
from pki.storage.database import reading, writing
from pki.storage.kept import Kept
from pki.storage.revocation_pages import RevocationPages
from pki.storage.tables import certificates, issuers, revocations

# After these the key is never certified again (E09).
_KEY_LOST = frozenset({Reason.KEY_COMPROMISE, Reason.CA_COMPROMISE, Reason.AA_COMPROMISE})


class RevocationTable:
    """pki.ports.Revocations over the revocations table."""

    def __init__(
        self, engine: Engine, kept: Kept, *, failpoint: Failpoint = failpoints.carry_on
    ) -> None:
        self._engine = engine
        self._failpoint = failpoint
        self._pages = RevocationPages(engine, kept)

    def revoke(self, revocation: Revocation, act: Act) -> Revocation:
        mine = and_(
            certificates.c.issuer == revocation.issuer,
            certificates.c.serial == revocation.serial,
        )
        present = (
            select(revocations)
            .where(revocations.c.issuer == revocation.issuer)
            .where(revocations.c.serial == revocation.serial)
        )
        counted = select(issuers.c.revision).where(issuers.c.key_id == revocation.issuer)
        with writing(self._engine) as connection:
            entry = connection.execute(
                select(
                    certificates.c.crl_shard,
                    certificates.c.not_after,
                    certificates.c.subject_key_id,
                ).where(mine)
            ).one_or_none()
            if entry is None:
                raise NotFound("no certificate with this issuer and serial")
            # The count is locked first: whoever reads it finds every row that it counts.
            revision = connection.execute(counted.with_for_update(key_share=True)).scalar_one() + 1
            standing = connection.execute(present).one_or_none()
            if standing is None:
                connection.execute(
                    insert(revocations).values(
                        issuer=revocation.issuer,
                        serial=revocation.serial,
                        crl_shard=entry.crl_shard,
                        reason=revocation.reason.value,
                        revoked_at=revocation.revoked_at,
                        not_after=entry.not_after,
                        revision=revision,
                    )
                )
                connection.execute(
                    update(issuers)
                    .where(issuers.c.key_id == revocation.issuer)
                    .values(revision=revision)
                )
                if revocation.reason in _KEY_LOST:
                    claims.block(connection, entry.subject_key_id, why="compromised", at=act.at)
                withdraw(connection, revocation.issuer, revocation.serial)
                audit.write(connection, [act])
                self._failpoint(failpoints.REVOKE_WRITTEN)
                standing = connection.execute(present).one()
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

    def listed(self, extent: Extent) -> Iterator[Listed]:
        return self._pages.listed(extent)

    def serials(self, extent: Extent) -> Iterator[int]:
        return self._pages.serials(extent)
