"""Reading the revocations of a list page by page, a million of them without their objects."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Engine,
    LargeBinary,
    bindparam,
    cast,
    extract,
    func,
    select,
    tuple_,
)

from pki.authority.entries import Extent, Listed
from pki.storage.kept import Kept
from pki.storage.prepared import Question
from pki.storage.tables import revocations

_PAGE_ROWS = 10_000
_BEYOND_EVERY_SERIAL = b"\xff" * 21  # of octets; serials have at most 20
_NO_REVISION = -1
_IN_UTC = "+00:00"  # pki.storage.columns.Moment: SQLite keeps moments without their zone
# What starts where the page before ended.
_PLACE = tuple_(revocations.c.revision, revocations.c.serial)
_AFTER = tuple_(
    bindparam("after_revision", type_=BigInteger), bindparam("after_serial", type_=LargeBinary)
)

# PostgreSQL's driver spends more on a timestamp than on the rest of a row; lists tell seconds.
_SECONDS = cast(func.floor(extract("epoch", revocations.c.revoked_at)), BigInteger)


class RevocationPages:
    """What a list of some extent holds, in the order in which it was revoked.

    Pages make one picture, though each is asked for by itself: rows are added only, and those
    added meanwhile are counted by a later revision.
    """

    def __init__(self, engine: Engine, kept: Kept) -> None:
        self._kept = kept
        sqlite = engine.dialect.name == "sqlite"
        self._moment = _of_text if sqlite else _of_seconds
        revoked_at = revocations.c.revoked_at if sqlite else _SECONDS
        self._listed = _query(engine, revoked_at, revocations.c.reason)
        self._serials = _query(engine)

    def listed(self, extent: Extent) -> Iterator[Listed]:
        moment = self._moment
        for page in self._pages(self._listed, extent):
            yield from [
                Listed(int.from_bytes(serial, "big"), moment(revoked_at), reason)
                for _, serial, revoked_at, reason in page
            ]

    def serials(self, extent: Extent) -> Iterator[int]:
        for page in self._pages(self._serials, extent):
            yield from [int.from_bytes(serial, "big") for _, serial in page]

    def _pages(self, query: Question, extent: Extent) -> Iterator[Sequence[tuple[Any, ...]]]:
        place = (_NO_REVISION if extent.beyond is None else extent.beyond, _BEYOND_EVERY_SERIAL)
        while True:
            page = query.ask(
                self._kept,
                extent.issuer,
                extent.shard,
                *place,
                extent.expiring_from,
                extent.through,
                _PAGE_ROWS,
            )
            yield page
            if len(page) < _PAGE_ROWS:
                return
            place = page[-1][:2]


def _query(engine: Engine, *columns: ColumnElement[Any]) -> Question:
    return Question(
        select(revocations.c.revision, revocations.c.serial, *columns)
        .where(revocations.c.issuer == bindparam("of_issuer"))
        .where(revocations.c.crl_shard == bindparam("of_shard"))
        .where(_PLACE > _AFTER)
        .where(revocations.c.not_after >= bindparam("expiring_from"))
        .where(revocations.c.revision <= bindparam("through"))
        .order_by(revocations.c.revision, revocations.c.serial)
        .limit(bindparam("page_rows")),
        engine,
        [
            "of_issuer",
            "of_shard",
            "after_revision",
            "after_serial",
            "expiring_from",
            "through",
            "page_rows",
        ],
    )


def _of_text(kept: str) -> datetime:
    return datetime.fromisoformat(kept + _IN_UTC)


def _of_seconds(kept: int) -> datetime:
    return datetime.fromtimestamp(kept, UTC)
