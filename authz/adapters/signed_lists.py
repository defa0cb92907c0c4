"""CRLs as they were signed, kept for every process; believed by nobody before they are verified."""

from dataclasses import dataclass, field
from hashlib import sha256

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from authz.adapters.database import Database
from authz.adapters.tables import SIGNED_LISTS
from authz.adapters.writer import Writer
from authz.outbound_rule import Target
from certs.certificate import Certificate
from certs.revocation.status import Proof

_OWN = SIGNED_LISTS.c
_ONE = select(_OWN.octets, _OWN.number).where(
    _OWN.issuer_key == bindparam("of"), _OWN.place == bindparam("at")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptList:
    """A list from the table. ``number`` is what the list before may not go back to."""

    octets: bytes = field(repr=False)
    number: int | None


class SignedLists:
    """The newest list of each issuer and place."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def find(self, issuer: Certificate, place: Target) -> KeptList | None:
        """The list that any process kept last; None where none did."""
        row = await self._database.read(
            lambda connection: connection.execute(_ONE, _key(issuer, place)).one_or_none()
        )
        if row is None:
            return None
        number = row.number
        return KeptList(
            octets=bytes(row.octets),
            number=int(number) if number is not None and number.isdecimal() else None,
        )

    async def keep(self, issuer: Certificate, place: Target, octets: bytes, proof: Proof) -> None:
        """Keeps a list, unless a newer one is there; returns when it is on disk."""
        key = _key(issuer, place)
        values = {
            "octets": octets,
            "number": None if proof.number is None else str(proof.number),
            "this_update": proof.this_update,
            "next_update": proof.next_update,
        }

        def job(connection: Connection) -> None:
            dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
            made = dialect.insert(SIGNED_LISTS).values(
                issuer_key=key["of"], place=key["at"], **values
            )
            connection.execute(
                made.on_conflict_do_update(
                    index_elements=[_OWN.issuer_key, _OWN.place],
                    set_=values,
                    where=_OWN.this_update <= proof.this_update,
                )
            )

        await self._writer.run(job)


def _key(issuer: Certificate, place: Target) -> dict[str, bytes]:
    url = f"{place.scheme}://{place.host}:{place.port}{place.path}"
    return {
        "of": sha256(issuer.subject_public_key).digest(),
        "at": sha256(url.encode()).digest(),
    }
