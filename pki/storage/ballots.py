"""Requests that need approvals, with their votes, in their tables."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, insert, or_, select, update

from certs.edition import Edition
from certs.keys import KeyKind
from certs.profiles.rules import Role
from pki.authority.approval import Approval, Progress, Target, Terms, Verdict, Vote
from pki.authority.entries import Act, Reason
from pki.errors import Conflict
from pki.quorums import Undertaking
from pki.storage import audit
from pki.storage.database import reading, writing
from pki.storage.tables import approvals, votes

_OPEN = (Progress.PENDING.value, Progress.APPROVED.value)


class BallotTable:
    """pki.ports.Ballots and pki.ports.Docket over the approvals and votes tables."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, approval: Approval, act: Act) -> None:
        with writing(self._engine) as connection:
            connection.execute(
                insert(approvals).values(
                    number=approval.number,
                    tenant=approval.tenant,
                    undertaking=approval.undertaking.value,
                    wanted=_encode(approval.wanted),
                    requested_by=approval.requested_by,
                    requested_at=approval.requested_at,
                    expires_at=approval.expires_at,
                    needed=approval.needed,
                    panel=" ".join(sorted(approval.panel)),
                    progress=approval.progress.value,
                )
            )
            audit.write(connection, [act])

    def find(self, number: str) -> Approval | None:
        with reading(self._engine) as connection:
            found = _read(connection, select(approvals).where(approvals.c.number == number))
        return found[0] if found else None

    def listed(self, tenant: str, *, approvals_max: int) -> tuple[Approval, ...]:
        asked = (
            select(approvals)
            .where(approvals.c.tenant == tenant)
            .order_by(approvals.c.requested_at.desc(), approvals.c.number)
            .limit(approvals_max)
        )
        with reading(self._engine) as connection:
            return _read(connection, asked)

    def vote(
        self, number: str, vote: Vote, *, after: Approval, progress: Progress, act: Act
    ) -> Approval:
        changed = Conflict("another vote came first: read it again", code="conflict.vote")
        with writing(self._engine) as connection:
            # The row's lock keeps two votes from each being the last but one.
            moved = connection.execute(
                update(approvals)
                .where(approvals.c.number == number)
                .where(approvals.c.progress == Progress.PENDING.value)
                .values(progress=progress.value)
            )
            found = connection.execute(select(votes).where(votes.c.number == number)).all()
            if not moved.rowcount or len(found) != len(after.votes):
                raise changed
            connection.execute(
                insert(votes).values(
                    number=number, voter=vote.voter, verdict=vote.verdict.value, at=vote.at
                )
            )
            audit.write(connection, [act])
            (approval,) = _read(connection, select(approvals).where(approvals.c.number == number))
        return approval

    def open(self) -> tuple[Approval, ...]:
        asked = (
            select(approvals)
            .where(approvals.c.progress.in_(_OPEN))
            .order_by(approvals.c.requested_at)
        )
        with reading(self._engine) as connection:
            return _read(connection, asked)

    def claim(self, number: str, *, now: datetime, until: datetime | None) -> bool:
        free = or_(approvals.c.claimed_until.is_(None), approvals.c.claimed_until <= now)
        taking = (
            update(approvals)
            .where(approvals.c.number == number)
            .where(approvals.c.progress == Progress.APPROVED.value)
            .values(claimed_until=until)
        )
        with writing(self._engine) as connection:
            claimed = connection.execute(taking if until is None else taking.where(free))
        return bool(claimed.rowcount)

    def move(self, approval: Approval, act: Act) -> None:
        issuer, serial = approval.outcome or (None, None)
        with writing(self._engine) as connection:
            moved = connection.execute(
                update(approvals)
                .where(approvals.c.number == approval.number)
                .where(approvals.c.progress.in_(_OPEN))
                .values(
                    progress=approval.progress.value,
                    key_id=approval.key_id,
                    issuer=issuer,
                    serial=serial,
                )
            )
            if not moved.rowcount:
                raise Conflict("the request is concluded", code="conflict.approval_concluded")
            audit.write(connection, [act])


def _read(connection: Connection, asked: Select[tuple[object, ...]]) -> tuple[Approval, ...]:
    rows = connection.execute(asked).all()
    cast = connection.execute(
        select(votes)
        .where(votes.c.number.in_([row.number for row in rows]))
        .order_by(votes.c.at, votes.c.voter)
    ).all()
    return tuple(
        _approval(row, [each for each in cast if each.number == row.number]) for row in rows
    )


def _approval(row: Row[Any], cast: Sequence[Row[Any]]) -> Approval:
    return Approval(
        number=row.number,
        wanted=_decode(Undertaking(row.undertaking), row.wanted),
        tenant=row.tenant,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        expires_at=row.expires_at,
        needed=row.needed,
        panel=frozenset(row.panel.split()),
        progress=Progress(row.progress),
        votes=tuple(
            Vote(voter=each.voter, verdict=Verdict(each.verdict), at=each.at) for each in cast
        ),
        key_id=row.key_id,
        outcome=None if row.issuer is None else (row.issuer, row.serial),
    )


def _encode(wanted: Terms | Target) -> str:
    if isinstance(wanted, Terms):
        told: dict[str, str | int | None] = {
            "role": wanted.role.value,
            "edition": wanted.edition.value,
            "common_name": wanted.common_name,
            "organization": wanted.organization,
            "country": wanted.country,
            "key_kind": wanted.key_kind.value,
        }
    else:
        told = {
            "role": wanted.role.value,
            "issuer": wanted.issuer,
            "serial": f"{wanted.serial:x}",
            "reason": wanted.reason.value,
        }
    return json.dumps(told)


def _decode(undertaking: Undertaking, text: str) -> Terms | Target:
    told = json.loads(text)
    role = Role(told["role"])
    if undertaking is Undertaking.REVOKE:
        return Target(
            role=role,
            issuer=told["issuer"],
            serial=int(told["serial"], 16),
            reason=Reason(told["reason"]),
        )
    return Terms(
        role=role,
        edition=Edition(told["edition"]),
        common_name=told["common_name"],
        organization=told["organization"],
        country=told["country"],
        key_kind=KeyKind(told["key_kind"]),
    )
