"""The published revocation lists in their table."""

from datetime import datetime

from sqlalchemy import Engine, delete, func, insert, select, update

from pki.authority import failpoints
from pki.authority.entries import Act, PublishedCrl, Reserved
from pki.ports import Failpoint
from pki.storage import audit
from pki.storage.database import reading, writing
from pki.storage.tables import crls, issuers


class ListTable:
    """pki.ports.Lists over the crls table."""

    def __init__(self, engine: Engine, *, failpoint: Failpoint = failpoints.carry_on) -> None:
        self._engine = engine
        self._failpoint = failpoint

    def latest(self, issuer: str, shard: int, *, beyond: int = 0) -> PublishedCrl | None:
        asked = (
            select(crls)
            .where(crls.c.issuer == issuer, crls.c.crl_shard == shard, crls.c.der.is_not(None))
            .where(crls.c.number > beyond)
            .order_by(crls.c.number.desc())
            .limit(1)
        )
        with reading(self._engine) as connection:
            row = connection.execute(asked).one_or_none()
        if row is None:
            return None
        return PublishedCrl(
            issuer=row.issuer,
            shard=row.crl_shard,
            number=row.number,
            this_update=row.this_update,
            next_update=row.next_update,
            revision=row.revision,
            der=row.der,
            delta=row.delta,
        )

    def reserve(
        self,
        issuer: str,
        shard: int,
        *,
        least: int,
        this_update: datetime,
        next_update: datetime,
        act: Act,
    ) -> Reserved:
        mine = (crls.c.issuer == issuer, crls.c.crl_shard == shard)
        with writing(self._engine) as connection:
            # The issuer's row is locked, so that two builders take two numbers; not its key, which
            # every certificate that is issued meanwhile refers to.
            revision: int = connection.execute(
                select(issuers.c.revision)
                .where(issuers.c.key_id == issuer)
                .with_for_update(key_share=True)
            ).scalar_one()
            highest: int = connection.execute(
                select(func.coalesce(func.max(crls.c.number), 0)).where(*mine)
            ).scalar_one()
            number = max(highest + 1, least)
            base = connection.execute(
                select(crls.c.number, crls.c.revision)
                .where(*mine, crls.c.next_update >= this_update)
                .order_by(crls.c.number)
                .limit(1)
            ).one_or_none()
            connection.execute(
                insert(crls).values(
                    issuer=issuer,
                    crl_shard=shard,
                    number=number,
                    this_update=this_update,
                    next_update=next_update,
                    revision=revision,
                )
            )
            audit.write(connection, [act])
            self._failpoint(failpoints.CRL_NUMBER_WRITTEN)
        self._failpoint(failpoints.CRL_NUMBER_COMMITTED)
        return Reserved(
            number=number,
            revision=revision,
            base=None if base is None else (base.number, base.revision),
        )

    def publish(self, crl: PublishedCrl, act: Act) -> None:
        shard = (crls.c.issuer == crl.issuer, crls.c.crl_shard == crl.shard)
        with writing(self._engine) as connection:
            connection.execute(
                update(crls)
                .where(*shard, crls.c.number == crl.number)
                .values(der=crl.der, delta=crl.delta)
            )
            connection.execute(
                update(crls)
                .where(*shard, crls.c.number < crl.number, crls.c.der.is_not(None))
                .values(der=None, delta=None)
            )
            # No delta starts from a list whose time is over.
            connection.execute(
                delete(crls).where(
                    *shard,
                    crls.c.number < crl.number,
                    crls.c.next_update < crl.this_update,
                )
            )
            audit.write(connection, [act])
            self._failpoint(failpoints.CRL_WRITTEN)
        self._failpoint(failpoints.CRL_COMMITTED)
