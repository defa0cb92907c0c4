"""How certificates stand, read briefly and often."""

from collections.abc import Collection
from datetime import datetime
from threading import local

from sqlalchemy import Engine, and_, bindparam, select, tuple_

from pki.authority.entries import Reason, Revocation, Standing, State
from pki.storage.database import reading
from pki.storage.lookups import Lookup
from pki.storage.tables import certificates, issuers, revocations

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
_REVISION = select(issuers.c.revision).where(issuers.c.key_id == bindparam("of_issuer"))
_GOOD = Standing(state=State.ISSUED, revocation=None)


class StandingTable:
    """pki.ports.Standings over the certificates and revocations tables."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._asked = Lookup(_STANDING, engine)
        self._counted = Lookup(_REVISION, engine)
        self._seen = local()
        self._costly = engine.dialect.name != "sqlite"

    def standing(self, issuer: str, serial: int) -> Standing | None:
        row = self._asked.one(issuer, serial)
        if row is None:
            return None
        state, not_after, reason, revoked_at = row
        if reason is None:
            known = State(state)
            return _GOOD if known is State.ISSUED else Standing(state=known, revocation=None)
        assert isinstance(reason, int)
        assert isinstance(revoked_at, datetime)
        assert isinstance(not_after, datetime)
        return Standing(
            state=State(state),
            revocation=Revocation(
                issuer=issuer,
                serial=serial,
                reason=Reason(reason),
                revoked_at=revoked_at,
                not_after=not_after,
            ),
        )

    def still(self, issuer: str, revision: int) -> bool | None:
        version = self._asked.version()
        if version is None:
            return None if self._costly else self._revision(issuer) == revision
        # What this thread read is true until anyone commits anything.
        seen = self._seen
        if getattr(seen, "version", None) != version:
            seen.version, seen.revisions = version, {}
        if issuer not in seen.revisions:
            seen.revisions[issuer] = self._revision(issuer)
        told: bool = seen.revisions[issuer] == revision
        return told

    def _revision(self, issuer: str) -> object:
        row = self._counted.one(issuer)
        return None if row is None else row[0]

    def revisions(self) -> dict[str, int]:
        asked = select(issuers.c.key_id, issuers.c.revision)
        with reading(self._engine) as connection:
            return {row.key_id: row.revision for row in connection.execute(asked)}

    def revoked_since(self, issuer: str, revision: int) -> frozenset[int]:
        asked = (
            select(revocations.c.serial)
            .where(revocations.c.issuer == issuer)
            .where(revocations.c.revision > revision)
        )
        with reading(self._engine) as connection:
            return frozenset(connection.execute(asked).scalars())

    def revoked_among(self, named: Collection[tuple[str, int]]) -> frozenset[tuple[str, int]]:
        asked = select(revocations.c.issuer, revocations.c.serial).where(
            tuple_(revocations.c.issuer, revocations.c.serial).in_(named)
        )
        with reading(self._engine) as connection:
            return frozenset((row.issuer, row.serial) for row in connection.execute(asked))
