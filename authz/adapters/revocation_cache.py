"""Revocation statuses already proved: in memory to their nextUpdate, revocations for ever."""

from collections import OrderedDict
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, delete, insert, select

from authz.adapters.database import Database
from authz.adapters.tables import REVOCATIONS
from authz.adapters.writer import Writer
from authz.monotone import lasting, merged
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

ENTRIES_MAX = 200_000  # of some 500 octets: 100 MB at most


class RevocationCache:
    """authz.ports.RevocationMemory over memory and a table.

    An entry belongs to one certificate, by fingerprint, and one issuer's key: what an issuer says
    is never used for another's certificate. Entries beyond ``entries_max`` are forgotten, the
    longest unused first; revocations stay in the table and are found there again.
    """

    def __init__(
        self, database: Database, writer: Writer, *, entries_max: int = ENTRIES_MAX
    ) -> None:
        self._database = database
        self._writer = writer
        self._entries: OrderedDict[tuple[bytes, bytes], Good | Revoked] = OrderedDict()
        self._entries_max = entries_max

    def __len__(self) -> int:
        """How many statuses are held in memory."""
        return len(self._entries)

    def recall(
        self, certificate: Certificate, issuer: Certificate, *, now: datetime
    ) -> RevocationStatus | None:
        key = (certificate.fingerprint, issuer.subject_public_key)
        held = self._entries.get(key)
        if held is None:
            return None
        if not lasting(held) and not held.proof.this_update <= now <= held.proof.next_update:
            return None
        self._entries.move_to_end(key)
        return held

    async def recall_revoked(
        self, certificate: Certificate, issuer: Certificate
    ) -> RevocationStatus | None:
        asked = select(REVOCATIONS).where(
            REVOCATIONS.c.certificate == certificate.fingerprint,
            REVOCATIONS.c.issuer_key == sha256(issuer.subject_public_key).digest(),
        )
        row = await self._database.read(lambda connection: connection.execute(asked).one_or_none())
        if row is None:
            return None
        revoked = Revoked(
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
        self._hold((certificate.fingerprint, issuer.subject_public_key), revoked)
        return revoked

    async def remember(
        self,
        certificate: Certificate,
        issuer: Certificate,
        told: RevocationStatus,
        *,
        now: datetime,
    ) -> RevocationStatus:
        key = (certificate.fingerprint, issuer.subject_public_key)
        status = merged(self._entries.get(key), told)
        if isinstance(status, Unknown):
            return status
        if isinstance(status, Revoked) and lasting(status) and status is told:
            await self._writer.run(
                lambda connection: _keep(connection, certificate, issuer, status, now)
            )
        self._hold(key, status)
        return status

    def _hold(self, key: tuple[bytes, bytes], status: Good | Revoked) -> None:
        self._entries[key] = status
        self._entries.move_to_end(key)
        if len(self._entries) > self._entries_max:
            self._entries.popitem(last=False)


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
    connection.execute(
        delete(REVOCATIONS).where(
            REVOCATIONS.c.certificate == identity["certificate"],
            REVOCATIONS.c.issuer_key == identity["issuer_key"],
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
