"""Revocation statuses already proved: in memory to their nextUpdate, revocations for ever."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from authz.adapters.database import Database
from authz.adapters.signed_answers import ASKED_MAX, Kept, SignedAnswers, Tampered
from authz.adapters.tables import REVOCATIONS, SIGNED_ANSWERS
from authz.adapters.writer import Writer
from authz.errors import Unavailable
from authz.monotone import lasting, merged
from authz.told import Told, refresh_at
from certs.certificate import Certificate
from certs.revocation.status import (
    Good,
    Proof,
    Reason,
    RevocationStatus,
    Revoked,
    Source,
    Unknown,
)

_Key = tuple[bytes, bytes]  # certificate's fingerprint, issuer's public key

ENTRIES_MAX = 200_000  # of some 500 octets: 100 MB at most


class RevocationCache:
    """RevocationMemory over memory and the tables of revocations and signed answers.

    An entry belongs to one certificate, by fingerprint, and one issuer's key: what an issuer says
    is never used for another's certificate. Entries beyond ``entries_max`` are forgotten, the
    longest unused first; they stay in the tables and are found there again, also by other
    processes and after a restart. A signed answer is verified again before it is used. A
    revocation is believed as it stands there: forging one could only refuse.
    """

    def __init__(
        self,
        database: Database,
        writer: Writer,
        *,
        random: Callable[[], float],
        tampered: Callable[[str], None],
        entries_max: int = ENTRIES_MAX,
    ) -> None:
        self._database = database
        self._writer = writer
        self._answers = SignedAnswers(database, writer)
        self._random = random
        self._tampered = tampered
        self._entries: OrderedDict[_Key, Good | Revoked] = OrderedDict()
        self._entries_max = entries_max
        self._used: set[_Key] = set()
        self._keeping: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """How many statuses are held in memory."""
        return len(self._entries)

    async def close(self) -> None:
        """Waits for what is still being kept."""
        await asyncio.gather(*self._keeping)

    def recall(
        self, certificate: Certificate, issuer: Certificate, *, now: datetime
    ) -> RevocationStatus | None:
        key = (certificate.fingerprint, issuer.subject_public_key)
        held = self._entries.get(key)
        if held is None:
            return None
        if not held.proof.this_update <= now <= held.proof.next_update and not lasting(held):
            return None
        self._entries.move_to_end(key)
        self._used.add(key)
        return held

    async def recall_kept(
        self, certificate: Certificate, issuer: Certificate, *, now: datetime
    ) -> RevocationStatus | None:
        revoked = await self._revocation(certificate, issuer)
        if revoked is not None:
            return revoked
        kept = await self._answers.recall(certificate, issuer, now=now)
        if isinstance(kept, Tampered):
            self._tampered(kept.reason)
            return None
        if kept is None:
            return None
        key = (certificate.fingerprint, issuer.subject_public_key)
        status = merged(self._entries.get(key), kept)
        if isinstance(status, Unknown):  # another process kept less than this one knows
            return None
        self._hold(key, status)
        return self.recall(certificate, issuer, now=now)

    async def remember(
        self,
        certificate: Certificate,
        issuer: Certificate,
        told: Told,
        *,
        now: datetime,
        wanted: bool = True,
    ) -> RevocationStatus:
        key = (certificate.fingerprint, issuer.subject_public_key)
        status = merged(self._entries.get(key), told.status)
        if isinstance(status, Unknown):
            return status
        if lasting(status) and isinstance(status, Revoked):
            if status is told.status:
                await self._writer.run(
                    lambda connection: _keep(connection, certificate, issuer, status, now)
                )
        elif status is told.status:
            ends = status.proof.next_update
            self._keep_later(
                Kept(
                    certificate=certificate,
                    issuer=issuer,
                    told=told,
                    wanted=wanted,
                    kept_at=now,
                    refresh_at=refresh_at(ends, now=now, draw=self._random()),
                )
            )
        self._hold(key, status)
        return status

    async def catch_up(self, *, since: datetime) -> int:
        """Takes over the revocations that any process kept since; how many it held otherwise."""
        asked = select(REVOCATIONS).where(REVOCATIONS.c.recorded_at >= since)
        rows = await self._database.read(lambda connection: connection.execute(asked).all())
        news = {(row.certificate, row.issuer_key): row for row in rows}
        named = {certificate for certificate, _ in news}
        changed = 0
        for key in [key for key in self._entries if key[0] in named] if named else []:
            row = news.get((key[0], sha256(key[1]).digest()))
            if row is not None and not lasting(self._entries[key]):
                self._entries[key] = _revoked(row)
                changed += 1
        return changed

    async def note_asked(self, *, now: datetime) -> None:
        """Writes down which certificates were asked about since the last time."""
        used, self._used = self._used, set()
        keys = [{"own": own, "of": sha256(key).digest()} for own, key in islice(used, ASKED_MAX)]
        await self._answers.asked(keys, now=now)

    async def _revocation(self, certificate: Certificate, issuer: Certificate) -> Revoked | None:
        """The revocation that was ever proved, by any process."""
        asked = select(REVOCATIONS).where(
            REVOCATIONS.c.certificate == certificate.fingerprint,
            REVOCATIONS.c.issuer_key == sha256(issuer.subject_public_key).digest(),
        )
        row = await self._database.read(lambda connection: connection.execute(asked).one_or_none())
        if row is None:
            return None
        revoked = _revoked(row)
        self._hold((certificate.fingerprint, issuer.subject_public_key), revoked)
        return revoked

    def _keep_later(self, kept: Kept) -> None:
        """Keeps a status without letting the question wait for the disk; it may be asked again."""

        async def keep() -> None:
            with suppress(Unavailable):
                await self._answers.keep(kept)

        task = asyncio.create_task(keep())
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)

    def _hold(self, key: _Key, status: Good | Revoked) -> None:
        self._entries[key] = status
        self._entries.move_to_end(key)
        if len(self._entries) > self._entries_max:
            self._entries.popitem(last=False)


def _revoked(row: Row[Any]) -> Revoked:
    return Revoked(
        revoked_at=row.revoked_at,
        reason=Reason(row.reason),
        proof=Proof(
            source=Source(row.source),
            this_update=row.this_update,
            next_update=row.next_update,
            produced_at=row.produced_at,
            number=None if row.crl_number is None else int(row.crl_number),
            signer_fingerprint=row.signer_fingerprint,
            digest=row.digest,
        ),
    )


def _keep(
    connection: Connection,
    certificate: Certificate,
    issuer: Certificate,
    revoked: Revoked,
    now: datetime,
) -> None:
    identity = {
        "certificate": certificate.fingerprint,
        "issuer_key": sha256(issuer.subject_public_key).digest(),
    }
    for table in (REVOCATIONS, SIGNED_ANSWERS):  # what is revoked for ever is watched no longer
        connection.execute(
            delete(table).where(
                table.c.certificate == identity["certificate"],
                table.c.issuer_key == identity["issuer_key"],
            )
        )
    proof = revoked.proof
    connection.execute(
        insert(REVOCATIONS).values(
            **identity,
            revoked_at=revoked.revoked_at,
            reason=revoked.reason.value,
            source=proof.source.value,
            this_update=proof.this_update,
            next_update=proof.next_update,
            produced_at=proof.produced_at,
            crl_number=None if proof.number is None else str(proof.number),
            signer_fingerprint=proof.signer_fingerprint,
            digest=proof.digest,
            recorded_at=now,
        )
    )
