"""Status answers signed ahead, in their table, and who is signing which of them anew."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Update,
    and_,
    bindparam,
    delete,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from pki.authority import failpoints
from pki.authority.answers import AnswerName, Claim, Presigned, Task
from pki.authority.entries import Reason, Revocation, Standing, State
from pki.ports import Failpoint
from pki.storage.database import reading, writing
from pki.storage.kept import Kept
from pki.storage.lookups import Lookup
from pki.storage.prepared import Change, Given
from pki.storage.tables import (
    certificates,
    issuers,
    ocsp_answers,
    ocsp_enrolments,
    revocations,
)

# A certificate's moment is taken before its transaction commits. After so long it is there.
SETTLED = timedelta(seconds=15)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # due before everything else

_FOUND = (
    select(
        ocsp_answers.c.head,
        ocsp_answers.c.responder,
        ocsp_answers.c.this_update,
        ocsp_answers.c.next_update,
        ocsp_answers.c.revision,
    )
    .where(ocsp_answers.c.issuer == bindparam("of_issuer"))
    .where(ocsp_answers.c.serial == bindparam("of_serial"))
    .where(ocsp_answers.c.hash_algorithm == bindparam("of_algorithm"))
    .where(ocsp_answers.c.head.is_not(None))
)
_CLAIMED = (
    select(
        ocsp_answers.c.issuer,
        ocsp_answers.c.serial,
        ocsp_answers.c.hash_algorithm,
        certificates.c.state,
        certificates.c.not_after,
        revocations.c.reason,
        revocations.c.revoked_at,
        issuers.c.revision,
    )
    .join(
        certificates,
        and_(
            certificates.c.issuer == ocsp_answers.c.issuer,
            certificates.c.serial == ocsp_answers.c.serial,
        ),
    )
    .join(issuers, issuers.c.key_id == ocsp_answers.c.issuer)
    .outerjoin(
        revocations,
        and_(
            revocations.c.issuer == ocsp_answers.c.issuer,
            revocations.c.serial == ocsp_answers.c.serial,
        ),
    )
    .where(ocsp_answers.c.claim == bindparam("token"))
    .order_by(ocsp_answers.c.due_at)
)
_MINE = (
    ocsp_answers.c.issuer == bindparam("of_issuer"),
    ocsp_answers.c.serial == bindparam("of_serial"),
    ocsp_answers.c.hash_algorithm == bindparam("of_algorithm"),
    ocsp_answers.c.claim == bindparam("token"),
)
_NAME = {"of_issuer": "issuer", "of_serial": "serial", "of_algorithm": "hash_algorithm"}
_WRITTEN = ("head", "responder", "this_update", "next_update", "revision", "due_at")
_ANSWER = {
    **{name: ocsp_answers.c[column].type for name, column in _NAME.items()},
    "token": ocsp_answers.c.claim.type,
    **{f"new_{name}": ocsp_answers.c[name].type for name in _WRITTEN},
}


def _write(given: Given) -> Update:
    return (
        update(ocsp_answers)
        .where(*(ocsp_answers.c[column] == given[name] for name, column in _NAME.items()))
        .where(ocsp_answers.c.claim == given["token"])
        .values(**{name: given[f"new_{name}"] for name in _WRITTEN}, claim=None, claimed_until=None)
    )


class AnswerTable:
    """pki.ports.PresignedAnswers and pki.ports.Presigning over the ocsp_answers table."""

    def __init__(
        self, engine: Engine, kept: Kept, *, failpoint: Failpoint = failpoints.carry_on
    ) -> None:
        self._engine = engine
        self._kept = kept
        self._failpoint = failpoint
        self._insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert
        self._found = Lookup(_FOUND, engine)
        self._writing = Change(engine, _ANSWER, _write)

    def find(self, name: AnswerName) -> Presigned | None:
        row: Any = self._found.one(name.issuer, name.serial, name.hash_algorithm)
        if row is None:
            return None
        head, responder, this_update, next_update, revision = row
        return Presigned(
            name=name,
            head=bytes(head),
            responder=responder,
            this_update=this_update,
            next_update=next_update,
            revision=revision,
        )

    def stalest(self) -> Presigned | None:
        asked = (
            select(ocsp_answers)
            .where(ocsp_answers.c.head.is_not(None))
            .order_by(ocsp_answers.c.due_at)
            .limit(1)
        )
        with reading(self._engine) as connection:
            row = connection.execute(asked).one_or_none()
        if row is None:
            return None
        return Presigned(
            name=AnswerName(
                issuer=row.issuer, serial=row.serial, hash_algorithm=row.hash_algorithm
            ),
            head=row.head,
            responder=row.responder,
            this_update=row.this_update,
            next_update=row.next_update,
            revision=row.revision,
        )

    def in_time(self, responder: str, *, now: datetime) -> bool:
        asked = (
            select(ocsp_answers.c.serial)
            .where(ocsp_answers.c.head.is_not(None), ocsp_answers.c.responder == responder)
            .where(ocsp_answers.c.next_update >= now)
            .limit(1)
        )
        with reading(self._engine) as connection:
            return connection.execute(asked).first() is not None

    def enrol(self, issuer: str, hash_algorithm: str, *, now: datetime, answers_max: int) -> int:
        here = {"issuer": issuer, "hash_algorithm": hash_algorithm}
        with reading(self._engine) as connection:
            since = connection.execute(
                select(ocsp_enrolments.c.concluded_at, ocsp_enrolments.c.serial).where(
                    ocsp_enrolments.c.issuer == issuer,
                    ocsp_enrolments.c.hash_algorithm == hash_algorithm,
                )
            ).one_or_none()
            beyond = (_EPOCH, 0) if since is None else (since.concluded_at, since.serial)
            place = (certificates.c.concluded_at, certificates.c.serial)
            rows = connection.execute(
                select(*place, certificates.c.not_after)
                .where(certificates.c.issuer == issuer)
                .where(certificates.c.state == State.ISSUED.value)
                .where(certificates.c.concluded_at <= now - SETTLED)
                .where(tuple_(*place) > tuple_(*beyond, types=[each.type for each in place]))
                .order_by(*place)
                .limit(answers_max)
            ).all()
        if not rows:
            return 0
        lasting = [
            {**here, "serial": row.serial, "due_at": now} for row in rows if row.not_after >= now
        ]
        reached = {"concluded_at": rows[-1].concluded_at, "serial": rows[-1].serial}
        with writing(self._engine) as connection:
            if lasting:
                connection.execute(self._insert(ocsp_answers).on_conflict_do_nothing(), lasting)
            connection.execute(
                self._insert(ocsp_enrolments)
                .values(**here, **reached)
                .on_conflict_do_update(index_elements=list(here), set_=reached)
            )
        return len(lasting)

    def claim(
        self,
        *,
        issuers: Collection[str],
        hash_algorithms: Collection[str],
        now: datetime,
        until: datetime,
        token: int,
        answers_max: int,
    ) -> Claim:
        key = (ocsp_answers.c.issuer, ocsp_answers.c.serial, ocsp_answers.c.hash_algorithm)
        free = or_(ocsp_answers.c.claimed_until.is_(None), ocsp_answers.c.claimed_until <= now)
        overdue = (
            select(*key)
            .where(ocsp_answers.c.due_at <= now, free)
            .where(ocsp_answers.c.issuer.in_(issuers))
            .where(ocsp_answers.c.hash_algorithm.in_(hash_algorithms))
            .order_by(ocsp_answers.c.due_at)
            .limit(answers_max)
        )
        with reading(self._engine) as connection:
            if connection.execute(overdue.limit(1)).first() is None:
                return Claim(token=token, tasks=())
        with writing(self._engine) as connection:
            # Rows that another worker is claiming are passed over and not waited for; SQLite has
            # one writer at a time and no such words.
            connection.execute(
                update(ocsp_answers)
                .where(tuple_(*key).in_(overdue.with_for_update(skip_locked=True)))
                .values(claim=token, claimed_until=until)
            )
            rows = connection.execute(_CLAIMED, {"token": token}).all()
        self._failpoint(failpoints.PRESIGN_CLAIMED)
        return Claim(token=token, tasks=tuple(_task(row) for row in rows))

    def write(self, claim: Claim, answers: Sequence[Presigned], over: Sequence[AnswerName]) -> int:
        rows = [
            (
                answer.name.issuer,
                answer.name.serial,
                answer.name.hash_algorithm,
                claim.token,
                answer.head,
                answer.responder,
                answer.this_update,
                answer.next_update,
                answer.revision,
                answer.this_update + (answer.next_update - answer.this_update) / 2,
            )
            for answer in answers
        ]
        written = 0
        if rows:
            with self._kept.transaction() as connection:
                written = self._writing.run(connection, rows)
                self._failpoint(failpoints.PRESIGN_WRITTEN)
        if over:
            with writing(self._engine) as connection:
                connection.execute(
                    delete(ocsp_answers).where(*_MINE), [_named(name, claim) for name in over]
                )
        self._failpoint(failpoints.PRESIGN_COMMITTED)
        return written


def withdraw(connection: Connection, issuer: str, serial: int) -> None:
    """Takes what was signed about a certificate away, within the caller's transaction.

    Also from whoever is signing it this moment: what was read before a revocation is not written
    after it.
    """
    connection.execute(
        update(ocsp_answers)
        .where(ocsp_answers.c.issuer == issuer, ocsp_answers.c.serial == serial)
        .values(head=None, claim=None, claimed_until=None, due_at=_EPOCH)
    )


def _named(name: AnswerName, claim: Claim) -> dict[str, object]:
    return {
        "of_issuer": name.issuer,
        "of_serial": name.serial,
        "of_algorithm": name.hash_algorithm,
        "token": claim.token,
    }


def _task(row: Any) -> Task:  # noqa: ANN401 - a row of _CLAIMED
    revocation = None
    if row.reason is not None:
        revocation = Revocation(
            issuer=row.issuer,
            serial=row.serial,
            reason=Reason(row.reason),
            revoked_at=row.revoked_at,
            not_after=row.not_after,
        )
    return Task(
        name=AnswerName(issuer=row.issuer, serial=row.serial, hash_algorithm=row.hash_algorithm),
        standing=Standing(state=State(row.state), revocation=revocation),
        not_after=row.not_after,
        revision=row.revision,
    )
