"""What is on record of keys, identities and registered names, asked in one go."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Engine, bindparam, func, literal, null, select, union_all
from sqlalchemy.sql.selectable import CompoundSelect

from certs.profiles.rules import Role
from pki.authority.entries import Act, Holder, Inquiry, Precedent
from pki.storage import audit, claims
from pki.storage.database import reading, writing
from pki.storage.kept import Kept
from pki.storage.names import open_names
from pki.storage.prepared import Question
from pki.storage.tables import certificates, subject_keys

_CHUNK = 250  # values in one IN; SQLite takes 32,766 in all, and no batch has as many

_Owner = tuple[Holder | None, str | None]


class PrecedentTable:
    """pki.ports.Precedents over subject_keys, certificates and registered_names."""

    def __init__(self, engine: Engine, kept: Kept) -> None:
        self._engine = engine
        self._kept = kept
        # One certificate's question runs at the driver: it is asked before each one is issued.
        self._one = Question(_question(many=False), engine, ["keys", "identities", "since"])

    def known(self, asked: Sequence[Inquiry], *, since: datetime) -> list[Precedent]:
        rows: list[Sequence[Any]] = []
        if len(asked) == 1:
            (one,) = asked
            rows += self._one.ask(self._kept, one.key_id, one.holder.identity, since)
        else:
            with reading(self._engine) as connection:
                for at in range(0, len(asked), _CHUNK):
                    part = asked[at : at + _CHUNK]
                    values = {
                        "keys": [each.key_id for each in part],
                        "identities": [each.holder.identity for each in part],
                        "since": since,
                    }
                    rows += connection.execute(_QUESTION, values).all()
        owners, counts = _sorted_out(rows)
        wanted = [each for each in asked if each.registered]
        names = open_names(self._engine, wanted) if wanted else {}
        told = []
        for each in asked:
            holder, blocked = owners.get(each.key_id, (None, None))
            told.append(
                Precedent(
                    holder=holder,
                    blocked=blocked,
                    recent=counts.get((each.holder.tenant, each.holder.identity), 0),
                    name=names.get((each.holder, each.edition)) if each.registered else None,
                )
            )
        return told

    def oldest(self, holder: Holder, *, since: datetime) -> datetime | None:
        asked = select(func.min(certificates.c.intended_at)).where(
            certificates.c.identity == holder.identity,
            certificates.c.tenant == holder.tenant,
            certificates.c.intended_at > since,
        )
        with reading(self._engine) as connection:
            moment: datetime | None = connection.execute(asked).scalar_one()
        return moment

    def block(self, key_id: str, *, why: str, act: Act) -> None:
        with writing(self._engine) as connection:
            if claims.block(connection, key_id, why=why, at=act.at):
                audit.write(connection, [act])


def _question(*, many: bool) -> CompoundSelect[tuple[object, ...]]:
    """Owners of keys, and how many certificates identities were given, in one statement."""
    keys: BindParameter[Any] = bindparam("keys", expanding=many)
    identities: BindParameter[Any] = bindparam("identities", expanding=many)
    moment: BindParameter[datetime] = bindparam("since", type_=certificates.c.intended_at.type)
    key, identity = subject_keys.c.key_id, certificates.c.identity
    return union_all(
        select(
            key,
            subject_keys.c.tenant,
            subject_keys.c.role,
            subject_keys.c.identity,
            subject_keys.c.blocked_why,
            literal(0),
        ).where(key.in_(keys) if many else key == keys),
        select(null(), certificates.c.tenant, null(), identity, null(), func.count())
        .where(identity.in_(identities) if many else identity == identities)
        .where(certificates.c.intended_at > moment)
        .group_by(certificates.c.tenant, identity),
    )


_QUESTION = _question(many=True)


def _sorted_out(
    rows: Iterable[Sequence[Any]],
) -> tuple[dict[str, _Owner], dict[tuple[str, str], int]]:
    owners: dict[str, _Owner] = {}
    counts: dict[tuple[str, str], int] = {}
    for key, tenant, role, identity, blocked, issued in rows:
        if key is None:
            counts[tenant, identity] = issued
        elif identity is None:
            owners[key] = None, blocked
        else:
            owners[key] = Holder(tenant=tenant, role=Role(role), identity=identity), blocked
    return owners, counts
