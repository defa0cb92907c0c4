"""The register of certificates in its tables."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    Update,
    and_,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from certs.certificate import Certificate
from pki.authority import failpoints
from pki.authority.entries import Act, Entry, Intent, Reason, Related, Relation, Revocation, State
from pki.errors import Conflict, SerialTaken
from pki.ports import Failpoint
from pki.storage import audit
from pki.storage.claims import Claims, claims_of
from pki.storage.database import reading, writing
from pki.storage.kept import Kept, Values
from pki.storage.prepared import Change, Changes, Given, inserting
from pki.storage.tables import certificates, relations, revocations

_INTENT_COLUMNS = (
    "issuer",
    "serial",
    "tenant",
    "profile",
    "common_name",
    "identity",
    "subject_key_id",
    "not_before",
    "not_after",
    "crl_shard",
    "tbs",
    "intended_at",
    "state",
)
_RECORDED = {
    "of_issuer": certificates.c.issuer.type,
    "of_serial": certificates.c.serial.type,
    "of_state": certificates.c.state.type,
    "of_certificate": certificates.c.certificate.type,
    "at": certificates.c.concluded_at.type,
}


def _record(given: Given) -> Update:
    # The state before is given as well: written here, PostgreSQL would look for the certificate
    # among the intents, whose index it believes to be empty, and which thousands have just left.
    return (
        update(certificates)
        .where(certificates.c.issuer == given["of_issuer"])
        .where(certificates.c.serial == given["of_serial"])
        .where(certificates.c.state == given["of_state"])
        .values(
            state=State.ISSUED.value, certificate=given["of_certificate"], concluded_at=given["at"]
        )
    )


class RegisterTable:
    """pki.ports.Register and pki.ports.Inventory over the certificates table."""

    def __init__(
        self, engine: Engine, kept: Kept, *, failpoint: Failpoint = failpoints.carry_on
    ) -> None:
        self._engine = engine
        self._kept = kept
        self._failpoint = failpoint
        # Each certificate that is issued runs these, prepared.
        reserving = inserting(engine, certificates, _INTENT_COLUMNS)
        auditing = audit.prepared(engine)
        self._claims = Claims(engine)
        self._intending = Changes(engine, reserving, self._claims.claiming, auditing)
        self._recording = Changes(engine, Change(engine, _RECORDED, _record), auditing)

    def intend(self, intents: Sequence[Intent], acts: Sequence[Act]) -> None:
        at = acts[0].at
        rows = [_intended(intent, at, State.INTENDED) for intent in intents]
        keys = claims_of(intents)
        with self._kept.transaction() as connection:
            try:
                _, claimed, _ = self._intending.run(connection, rows, keys, audit.rows(acts))
            except self._kept.clash as bad:
                raise SerialTaken("the serial is reserved already") from bad
            self._claims.demand(connection, claimed, keys)
            self._claims.use_up(connection, intents, at=at)
            self._claims.relate(connection, intents)
            self._failpoint(failpoints.INTEND_WRITTEN)
        self._failpoint(failpoints.INTEND_COMMITTED)

    def record(self, issued: Sequence[Certificate], issuer: str, acts: Sequence[Act]) -> None:
        at = acts[0].at
        before = State.INTENDED.value
        rows = [(issuer, certificate.serial, before, certificate.der, at) for certificate in issued]
        with self._kept.transaction() as connection:
            recorded, _ = self._recording.run(connection, rows, audit.rows(acts))
            if recorded != len(rows):
                raise Conflict("the intent was concluded meanwhile", code="conflict.concluded")
            self._failpoint(failpoints.RECORD_WRITTEN)
        self._failpoint(failpoints.RECORD_COMMITTED)

    def abandon(self, issuer: str, serial: int, act: Act) -> None:
        with writing(self._engine) as connection:
            concluded = connection.execute(
                update(certificates)
                .where(_is(issuer, serial))
                .where(certificates.c.state == State.INTENDED.value)
                .values(state=State.ABANDONED.value, concluded_at=act.at)
            )
            if concluded.rowcount:
                audit.write(connection, [act])
            self._failpoint(failpoints.ABANDON_WRITTEN)

    def find(self, issuer: str, serial: int) -> Entry | None:
        with reading(self._engine) as connection:
            row = connection.execute(
                _FIND, {"of_issuer": issuer, "of_serial": serial}
            ).one_or_none()
        return None if row is None else _entry(row)

    def pending(self, *, intended_before: datetime, entries_max: int) -> tuple[Entry, ...]:
        asked = (
            _entries()
            .where(certificates.c.state == State.INTENDED.value)
            .where(certificates.c.intended_at <= intended_before)
            .order_by(certificates.c.intended_at)
            .limit(entries_max)
        )
        with reading(self._engine) as connection:
            return tuple(_entry(row) for row in connection.execute(asked))

    def issued_for(
        self, issuer: str, subject_key_ids: Collection[str]
    ) -> tuple[tuple[str, Entry], ...]:
        # The issuer is compared here: given both, SQLite takes a long list of keys for more work
        # than every certificate of the issuer.
        asked = (
            _entries()
            .where(certificates.c.subject_key_id.in_(subject_key_ids))
            .where(certificates.c.state == State.ISSUED.value)
            .order_by(certificates.c.intended_at)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(asked).all()
        return tuple((row.subject_key_id, _entry(row)) for row in rows if row.issuer == issuer)

    def relatives(self, issuer: str, serial: int) -> tuple[Related, ...]:
        own = select(relations).where(relations.c.issuer == issuer, relations.c.serial == serial)
        others = (
            select(relations)
            .where(relations.c.of_issuer == issuer, relations.c.of_serial == serial)
            .join(
                certificates,
                and_(
                    certificates.c.issuer == relations.c.issuer,
                    certificates.c.serial == relations.c.serial,
                ),
            )
            .order_by(certificates.c.intended_at)
        )
        with reading(self._engine) as connection:
            told = [
                Related(relation=Relation(row.relation), issuer=row.of_issuer, serial=row.of_serial)
                for row in connection.execute(own)
            ]
            told += [
                Related(relation=_SEEN_FROM[row.relation], issuer=row.issuer, serial=row.serial)
                for row in connection.execute(others)
            ]
        return tuple(told)


# A relation as the other certificate has it.
_SEEN_FROM = {
    Relation.RENEWS.value: Relation.RENEWED_BY,
    Relation.COMPANION.value: Relation.COMPANION,
}


def intended(intent: Intent, at: datetime, state: State) -> dict[str, object]:
    """An intent as columns."""
    return dict(zip(_INTENT_COLUMNS, _intended(intent, at, state), strict=True))


def _intended(intent: Intent, at: datetime, state: State) -> Values:
    return (
        intent.issuer,
        intent.serial,
        intent.tenant,
        intent.profile,
        intent.common_name,
        intent.identity,
        intent.subject_key_id,
        intent.not_before,
        intent.not_after,
        intent.crl_shard,
        intent.tbs,
        at,
        state.value,
    )


def reserve(connection: Connection, rows: list[dict[str, object]]) -> None:
    """Adds rows within the caller's transaction; SerialTaken where one is there already."""
    try:
        connection.execute(insert(certificates), rows)
    except IntegrityError as bad:
        raise SerialTaken("the serial is reserved already") from bad


def _is(issuer: str, serial: int) -> ColumnElement[bool]:
    return and_(certificates.c.issuer == issuer, certificates.c.serial == serial)


def _entries() -> Select[tuple[object, ...]]:
    return select(
        certificates,
        revocations.c.reason,
        revocations.c.revoked_at,
    ).outerjoin(
        revocations,
        and_(
            revocations.c.issuer == certificates.c.issuer,
            revocations.c.serial == certificates.c.serial,
        ),
    )


# Built once: looking an entry up costs a third of what building this does.
_FIND = (
    _entries()
    .where(certificates.c.issuer == bindparam("of_issuer"))
    .where(certificates.c.serial == bindparam("of_serial"))
)


def _entry(row: Row[tuple[object, ...]]) -> Entry:
    revocation = None
    if row.reason is not None:
        revocation = Revocation(
            issuer=row.issuer,
            serial=row.serial,
            reason=Reason(row.reason),
            revoked_at=row.revoked_at,
            not_after=row.not_after,
        )
    return Entry(
        issuer=row.issuer,
        serial=row.serial,
        tenant=row.tenant,
        profile=row.profile,
        common_name=row.common_name,
        not_before=row.not_before,
        not_after=row.not_after,
        state=State(row.state),
        intended_at=row.intended_at,
        tbs=row.tbs,
        certificate=row.certificate,
        revocation=revocation,
    )
