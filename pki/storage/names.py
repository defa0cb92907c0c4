"""Common names registered beforehand, in their table."""

from collections.abc import Sequence

from sqlalchemy import Engine, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from certs.edition import Edition
from certs.profiles.rules import Role
from pki.authority.entries import Act, Holder, Inquiry, RegisteredName
from pki.errors import Conflict, NotFound
from pki.storage import audit
from pki.storage.database import reading, writing
from pki.storage.tables import registered_names

_OPEN = registered_names.c.used_at.is_(None) & registered_names.c.withdrawn_at.is_(None)


class NameTable:
    """pki.ports.Names over the registered_names table."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def register(self, names: Sequence[RegisteredName], act: Act) -> tuple[RegisteredName, ...]:
        adding = insert(registered_names).returning(registered_names)
        with writing(self._engine) as connection:
            try:
                kept = tuple(
                    _name(connection.execute(adding, _columns(name)).one()) for name in names
                )
            except IntegrityError as bad:
                raise Conflict(
                    "one of these names is registered already", code="conflict.name_registered"
                ) from bad
            audit.write(connection, [act])
        return kept

    def listed(self, tenant: str, *, after: int, names_max: int) -> tuple[RegisteredName, ...]:
        asked = (
            select(registered_names)
            .where(registered_names.c.tenant == tenant, registered_names.c.number > after)
            .order_by(registered_names.c.number)
            .limit(names_max)
        )
        with reading(self._engine) as connection:
            return tuple(_name(row) for row in connection.execute(asked))

    def withdraw(self, number: int, *, tenant: str, act: Act) -> None:
        with writing(self._engine) as connection:
            ended = connection.execute(
                update(registered_names)
                .where(registered_names.c.number == number, registered_names.c.tenant == tenant)
                .where(_OPEN)
                .values(withdrawn_at=act.at)
            )
            if not ended.rowcount:
                raise NotFound("no open registration has this number")
            audit.write(connection, [act])


def open_names(
    engine: Engine, asked: Sequence[Inquiry]
) -> dict[tuple[Holder, Edition], RegisteredName]:
    """The names that stand open for some inquiries, expired ones among them."""
    identities = {each.holder.identity for each in asked}
    question = select(registered_names).where(registered_names.c.identity.in_(identities), _OPEN)
    with reading(engine) as connection:
        names = [_name(row) for row in connection.execute(question)]
    return {
        (Holder(tenant=name.tenant, role=name.role, identity=name.identity), name.edition): name
        for name in names
    }


def _columns(name: RegisteredName) -> dict[str, object]:
    return {
        "tenant": name.tenant,
        "role": name.role.value,
        "edition": name.edition.value,
        "identity": name.identity,
        "common_name": name.common_name,
        "standing": name.standing,
        "registered_at": name.registered_at,
        "registered_by": name.registered_by,
        "expires_at": name.expires_at,
    }


def _name(row: Row[tuple[object, ...]]) -> RegisteredName:
    return RegisteredName(
        number=row.number,
        tenant=row.tenant,
        role=Role(row.role),
        edition=Edition(row.edition),
        identity=row.identity,
        common_name=row.common_name,
        standing=row.standing,
        registered_at=row.registered_at,
        registered_by=row.registered_by,
        expires_at=row.expires_at,
        used_at=row.used_at,
        withdrawn_at=row.withdrawn_at,
    )
