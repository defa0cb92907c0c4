"""OCSP responses as they were signed, kept for every process, and which of them end soon."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    bindparam,
    delete,
    exists,
    false,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from authz.adapters.database import Database, Lookup
from authz.adapters.tables import (
    CONTRACT_CERTIFICATES,
    ISSUER_CERTIFICATES,
    SIGNED_ANSWERS,
    SIGNED_LISTS,
    moment,
)
from authz.adapters.writer import Writer
from authz.told import Backlog, Told, Watched, retry_at
from certs.certificate import Certificate, parse
from certs.errors import Malformed
from certs.revocation.hash_data import HashAlgorithm
from certs.revocation.ocsp import judge_response
from certs.revocation.ocsp_request import question_for
from certs.revocation.status import Good, Revoked

LISTS_KEPT = timedelta(days=90)  # a list's number outlives it: no older one is taken (C03)
ROWS_MAX = 2_000_000  # of some 3,000 octets: 6 GB; beyond it the longest unasked are forgotten
SWEEP_ROWS_MAX = 10_000  # forgotten in one commit
ASKED_MAX = 5_000  # noted in one commit

_OWN = SIGNED_ANSWERS.c
_MINE = (_OWN.certificate == bindparam("own"), _OWN.issuer_key == bindparam("of"))
_ONE = Lookup(
    select(_OWN.response, _OWN.hash_algorithm, _OWN.this_update, _OWN.next_update).where(*_MINE)
)
_KEY = (_OWN.certificate, _OWN.issuer_key)
_Upsert = sqlite.Insert | postgresql.Insert
_REGISTERED = exists().where(CONTRACT_CERTIFICATES.c.fingerprint == _OWN.certificate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A status to keep, and when to ask for it again. ``wanted``: somebody asked, not the watch."""

    certificate: Certificate
    issuer: Certificate
    told: Told
    wanted: bool
    kept_at: datetime
    refresh_at: datetime


@dataclass(frozen=True, slots=True)
class Tampered:
    """A row that does not verify, or says of itself what its response does not."""

    reason: str


def key_of(certificate: Certificate, issuer: Certificate) -> dict[str, bytes]:
    """A row's key as its look-ups name it."""
    return {"own": certificate.fingerprint, "of": sha256(issuer.subject_public_key).digest()}


class SignedAnswers:
    """The table behind RevocationMemory, and Watch of authz.revocation_ports over it."""

    def __init__(self, database: Database, writer: Writer, *, rows_max: int = ROWS_MAX) -> None:
        self._database = database
        self._writer = writer
        self._rows_max = rows_max

    async def recall(
        self, certificate: Certificate, issuer: Certificate, *, now: datetime
    ) -> Good | Revoked | Tampered | None:
        """What the newest response kept says, verified anew under an issuer that a chain led to.

        Where it has ended, what it said in its last second: no newer answer may be older than it.
        """
        row = await self._database.look_up(_ONE, key_of(certificate, issuer))
        if row is None or row[0] is None:
            return None
        response, algorithm, this_update, next_update = row
        try:
            question = question_for(certificate, issuer, hash_algorithm=HashAlgorithm(algorithm))
        except ValueError:
            return Tampered("no hash algorithm")
        ends = moment(next_update) or now
        status = judge_response(
            bytes(response),
            question=question,
            issuer=issuer,
            now=min(now, ends),
        )
        match status:
            case Good() | Revoked() if status.proof.this_update == moment(this_update):
                return status
            case Good() | Revoked():
                return Tampered("another thisUpdate")
            case _:
                return Tampered(status.code)

    async def keep(self, kept: Kept) -> None:
        """Keeps a status, unless a newer one is there; returns when it is on disk."""
        await self._writer.gather(_keep, kept)

    async def asked(self, keys: Iterable[dict[str, bytes]], *, now: datetime) -> None:
        """Notes that somebody asked for these, at most ``ASKED_MAX`` of them."""
        rows = list(keys)[:ASKED_MAX]
        if rows:
            changed = update(SIGNED_ANSWERS).where(*_MINE).values(asked_at=now)
            await self._writer.run(lambda connection: connection.execute(changed, rows))

    async def due(
        self, *, now: datetime, asked_since: datetime, until: datetime, count_max: int
    ) -> tuple[Watched, ...]:
        """Those whose time has come, longest first, kept from other processes ``until`` then.

        Authorities, certificates registered with a contract, and what somebody asked for since;
        whatever else is due rests until somebody does.
        """

        def job(connection: Connection) -> list[Any]:
            wanted = or_(_OWN.authority, _OWN.asked_at >= asked_since, _REGISTERED)
            asked = (
                select(
                    _OWN.certificate,
                    _OWN.issuer_key,
                    _OWN.der,
                    ISSUER_CERTIFICATES.c.der.label("issuer_der"),
                    _OWN.failures,
                    wanted.label("wanted"),
                )
                .join(ISSUER_CERTIFICATES, ISSUER_CERTIFICATES.c.fingerprint == _OWN.issuer)
                .where(_OWN.refresh_at <= now)
                .order_by(_OWN.refresh_at)
                .limit(count_max)
                .with_for_update(of=SIGNED_ANSWERS, skip_locked=True)
            )
            rows = list(connection.execute(asked))
            if rows:
                connection.execute(
                    update(SIGNED_ANSWERS).where(*_MINE).values(refresh_at=bindparam("then")),
                    [
                        {
                            "own": row.certificate,
                            "of": row.issuer_key,
                            "then": until if row.wanted else None,
                        }
                        for row in rows
                    ],
                )
            return [row for row in rows if row.wanted]

        found = []
        for row in await self._writer.run(job):
            try:
                certificate, issuer = parse(bytes(row.der)), parse(bytes(row.issuer_der))
            except Malformed:  # altered: it rests, and whoever asks next replaces it
                continue
            found.append(Watched(certificate=certificate, issuer=issuer, failures=row.failures))
        return tuple(found)

    async def failed(self, watched: Sequence[Watched], *, now: datetime, draw: float) -> None:
        """Puts off those that nobody told about, each for longer than the last time."""
        rows = [
            key_of(one.certificate, one.issuer)
            | {
                "count": one.failures + 1,
                "then": retry_at(one.failures, now=now, draw=draw),
            }
            for one in watched
        ]
        changed = (
            update(SIGNED_ANSWERS)
            .where(*_MINE)
            .values(failures=bindparam("count"), refresh_at=bindparam("then"))
        )
        if rows:
            await self._writer.run(lambda connection: connection.execute(changed, rows))

    async def backlog(self, *, now: datetime) -> Backlog:
        """How many rows are due now, and since when."""
        asked = select(func.count(), func.min(_OWN.refresh_at)).where(_OWN.refresh_at <= now)
        count, since = await self._database.read(lambda connection: connection.execute(asked).one())
        return Backlog(due=count, since=since)

    async def sweep(self, *, now: datetime, asked_since: datetime) -> int:
        """Forgets what has expired, what nobody asks for, and what is too much; how many rows."""

        def job(connection: Connection) -> int:
            unwanted = or_(
                _OWN.not_after < now,
                (_OWN.asked_at < asked_since) & (_OWN.authority == false()) & ~_REGISTERED,
            )
            count = connection.execute(select(func.count()).select_from(SIGNED_ANSWERS))
            excess = count.scalar_one() - self._rows_max
            gone = _forget(connection, select(_OWN.certificate, _OWN.issuer_key).where(unwanted))
            if excess > gone:
                oldest = select(_OWN.certificate, _OWN.issuer_key).order_by(_OWN.asked_at)
                gone += _forget(connection, oldest, rows_max=min(excess - gone, SWEEP_ROWS_MAX))
            ended = SIGNED_LISTS.c.next_update < now - LISTS_KEPT
            connection.execute(delete(SIGNED_LISTS).where(ended))
            return gone

        return await self._writer.run(job)


def _forget(
    connection: Connection, asked: Select[tuple[bytes, bytes]], *, rows_max: int = SWEEP_ROWS_MAX
) -> int:
    rows = [
        {"own": row.certificate, "of": row.issuer_key}
        for row in connection.execute(asked.limit(rows_max))
    ]
    if rows:
        connection.execute(delete(SIGNED_ANSWERS).where(*_MINE), rows)
    return len(rows)


def watch(connection: Connection, path: Sequence[Certificate], *, now: datetime) -> None:
    """Watches every certificate of a path (leaf first, root last), from now on."""
    for certificate, issuer in pairwise(path):
        made = _row(connection, certificate, issuer, refresh_at=now, asked_at=now)
        sooner = func.coalesce(_OWN.refresh_at, made.excluded.refresh_at)
        connection.execute(
            made.on_conflict_do_update(
                index_elements=_KEY, set_={"refresh_at": sooner, "asked_at": now}
            )
        )


def _keep(connection: Connection, items: Sequence[Kept]) -> None:
    for kept in items:
        status = kept.told.status
        if not isinstance(status, Good | Revoked):
            continue
        changes: dict[str, object] = {"refresh_at": kept.refresh_at, "failures": 0}
        if kept.wanted:
            changes["asked_at"] = kept.kept_at
        if kept.told.response:
            changes |= {
                "hash_algorithm": kept.told.hash_algorithm.value,
                "response": kept.told.response,
                "this_update": status.proof.this_update,
                "next_update": status.proof.next_update,
            }
        made = _row(
            connection,
            kept.certificate,
            kept.issuer,
            **({"asked_at": kept.kept_at} | changes),
        )
        older = or_(_OWN.this_update.is_(None), _OWN.this_update <= status.proof.this_update)
        connection.execute(
            made.on_conflict_do_update(
                index_elements=_KEY,
                set_=changes,
                where=older if kept.told.response else None,
            )
        )


def _row(
    connection: Connection, certificate: Certificate, issuer: Certificate, **values: object
) -> _Upsert:
    """A new row; its issuer's certificate is there by then."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    connection.execute(
        dialect.insert(ISSUER_CERTIFICATES)
        .values(fingerprint=issuer.fingerprint, der=issuer.der)
        .on_conflict_do_nothing()
    )
    key = key_of(certificate, issuer)
    constraints = certificate.basic_constraints
    made: _Upsert = dialect.insert(SIGNED_ANSWERS).values(
        {
            "certificate": key["own"],
            "issuer_key": key["of"],
            "der": certificate.der,
            "issuer": issuer.fingerprint,
            "authority": constraints is not None and constraints.ca,
            "not_after": certificate.not_after,
            "failures": 0,
            **values,
        }
    )
    return made
