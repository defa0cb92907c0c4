"""The registry of contracts and of the certificates that are known to be theirs."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from authz import restriction_document
from authz.adapters.database import Database, Lookup
from authz.adapters.facts import Facts, certificate_fact, contract_fact
from authz.adapters.list_entries import list_changed
from authz.adapters.signed_answers import watch
from authz.adapters.tables import (
    CONTRACT_CERTIFICATES,
    CONTRACTS,
    ISSUER_HASHES,
    LIST_ENTRIES,
    LIST_VERSIONS,
    moment,
)
from authz.adapters.writer import Writer
from authz.contract import CERTIFICATES_MAX, Contract, ContractCertificate, ContractState, Origin
from authz.errors import Conflict, NotFound, Unavailable
from authz.local_list import Change, ListChanges, listed
from certs import pem
from certs.certificate import Certificate
from certs.edition import Edition
from certs.errors import Malformed
from certs.identifiers.emaid import EMAID
from certs.identifiers.evse_id import EVSEID
from certs.revocation.hash_data import OCPP_ALGORITHMS, HashAlgorithm, HashData
from certs.revocation.hash_dialects import Reading, whole_spki_hash

_HELD = (
    CONTRACTS.c.as_received,
    CONTRACTS.c.state,
    CONTRACTS.c.not_before,
    CONTRACTS.c.not_after,
    CONTRACTS.c.evse_ids,
    CONTRACTS.c.group_id,
    CONTRACTS.c.restrictions,
    CONTRACTS.c.vehicle_ids,
)
_MINE = (CONTRACTS.c.tenant == bindparam("tenant"), CONTRACTS.c.emaid == bindparam("emaid"))
_BY_EMAID = Lookup(select(*_HELD).where(*_MINE))
_STANDING = select(*_HELD).where(*_MINE).with_for_update()
_CERTIFICATES = (
    select(CONTRACT_CERTIFICATES)
    .where(
        CONTRACT_CERTIFICATES.c.tenant == bindparam("tenant"),
        CONTRACT_CERTIFICATES.c.emaid == bindparam("emaid"),
    )
    .order_by(CONTRACT_CERTIFICATES.c.added_at, CONTRACT_CERTIFICATES.c.fingerprint)
)
_BY_FINGERPRINT = Lookup(
    select(CONTRACT_CERTIFICATES.c.emaid).where(
        CONTRACT_CERTIFICATES.c.tenant == bindparam("tenant"),
        CONTRACT_CERTIFICATES.c.fingerprint == bindparam("fingerprint"),
    )
)
_BY_HASHES = Lookup(
    select(
        CONTRACT_CERTIFICATES.c.emaid,
        CONTRACT_CERTIFICATES.c.fingerprint,
        CONTRACT_CERTIFICATES.c.chain_pem,
        CONTRACT_CERTIFICATES.c.origin,
        CONTRACT_CERTIFICATES.c.added_at,
    )
    .join(ISSUER_HASHES, ISSUER_HASHES.c.issuer_id == CONTRACT_CERTIFICATES.c.issuer_id)
    .where(
        ISSUER_HASHES.c.algorithm == bindparam("algorithm"),
        ISSUER_HASHES.c.name_hash == bindparam("name_hash"),
        ISSUER_HASHES.c.key_hash == bindparam("key_hash"),
        CONTRACT_CERTIFICATES.c.tenant == bindparam("tenant"),
        CONTRACT_CERTIFICATES.c.serial == bindparam("serial"),
    )
)


_Hashes = tuple[HashAlgorithm, bytes, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is remembered of contract certificates of one serial number.

    ``learnt`` are fingerprints that are in the table; ``named`` what their hash data name.
    """

    learnt: frozenset[bytes] = frozenset()
    named: Mapping[_Hashes, ContractCertificate] = field(default_factory=dict)


_LIST_VERSION = select(LIST_VERSIONS.c.version).where(LIST_VERSIONS.c.tenant == bindparam("tenant"))
_LIST_CHANGES = (
    select(LIST_ENTRIES.c.as_received, *_HELD)
    .outerjoin(
        CONTRACTS,
        (CONTRACTS.c.tenant == LIST_ENTRIES.c.tenant) & (CONTRACTS.c.emaid == LIST_ENTRIES.c.emaid),
    )
    .where(
        LIST_ENTRIES.c.tenant == bindparam("tenant"), LIST_ENTRIES.c.version > bindparam("since")
    )
    .limit(bindparam("count"))
)


class ContractBook:
    """authz.ports.Contracts over the registry's tables."""

    def __init__(self, database: Database, writer: Writer, facts: Facts) -> None:
        self._database = database
        self._writer = writer
        self._facts = facts

    def recall(self, tenant: str, emaid: EMAID) -> Contract | None:
        held: Contract | None = self._facts.recall(contract_fact(tenant, emaid.canonical))
        return held

    async def find(self, tenant: str, emaid: EMAID) -> Contract | None:
        held = self.recall(tenant, emaid)
        if held is not None:
            return held
        mark = self._facts.mark()
        asked = {"tenant": tenant, "emaid": emaid.canonical}
        row = await self._database.look_up(_BY_EMAID, asked)
        if row is None:
            return None
        as_received, state, not_before, not_after, *rest = row
        contract = _contract((as_received, state, moment(not_before), moment(not_after), *rest))
        self._facts.keep(contract_fact(tenant, emaid.canonical), contract, mark)
        return contract

    async def certificates_of(self, tenant: str, emaid: EMAID) -> tuple[ContractCertificate, ...]:
        asked = {"tenant": tenant, "emaid": emaid.canonical}
        rows = await self._database.read(
            lambda connection: connection.execute(_CERTIFICATES, asked).all()
        )
        return tuple(
            _certificate(row.emaid, row.fingerprint, row.chain_pem, row.origin, row.added_at)
            for row in rows
        )

    async def named_by(
        self, tenant: str, hashes: Sequence[tuple[Reading, ...]]
    ) -> ContractCertificate | None:
        # The leaf's hash data come first in every station seen, so one look-up is the rule.
        for readings in hashes:
            for reading in readings:
                found = await self._named(tenant, reading.hash_data)
                if found is not None:
                    return found
        return None

    async def _named(self, tenant: str, data: HashData) -> ContractCertificate | None:
        fact = certificate_fact(tenant, data.serial)
        named = (data.hash_algorithm, data.issuer_name_hash, data.issuer_key_hash)
        known: _Known | None = self._facts.recall(fact)
        if known is not None and named in known.named:
            return known.named[named]
        mark = self._facts.mark()
        asked = {
            "tenant": tenant,
            "algorithm": data.hash_algorithm.value,
            "name_hash": data.issuer_name_hash,
            "key_hash": data.issuer_key_hash,
            "serial": format(data.serial, "x"),
        }
        row = await self._database.look_up(_BY_HASHES, asked)
        if row is None:
            return None
        emaid, fingerprint, chain_pem, origin, added_at = row
        found = _certificate(emaid, fingerprint, chain_pem, origin, moment(added_at))
        known = known or _Known()
        self._facts.keep(fact, replace(known, named={**known.named, named: found}), mark)
        return found

    async def put(
        self,
        tenant: str,
        emaid: EMAID,
        make: Callable[[Contract | None], Contract],
        *,
        path: tuple[Certificate, ...] = (),
        now: datetime,
    ) -> bool:
        asked = {"tenant": tenant, "emaid": emaid.canonical}

        def job(connection: Connection) -> bool:
            row = connection.execute(_STANDING, asked).one_or_none()
            contract = make(None if row is None else _contract(row))
            _put(connection, tenant, contract, now)
            list_changed(connection, tenant, [contract.emaid])
            if path:
                _keep(connection, tenant, emaid, path, origin=Origin.IMPORTED, now=now)
            return row is None

        is_new = await self._writer.run(job)
        self._facts.forget(contract_fact(tenant, emaid.canonical))
        return is_new

    async def put_all(
        self,
        tenant: str,
        wanted: Sequence[tuple[Contract, tuple[Certificate, ...]]],
        *,
        now: datetime,
    ) -> int:
        def job(connection: Connection) -> int:
            created = 0
            for contract, path in wanted:
                created += _put(connection, tenant, contract, now)
                if path:
                    origin = Origin.IMPORTED
                    _keep(connection, tenant, contract.emaid, path, origin=origin, now=now)
            list_changed(connection, tenant, [contract.emaid for contract, _ in wanted])
            return created

        created = await self._writer.run(job)
        for contract, _ in wanted:
            self._facts.forget(contract_fact(tenant, contract.emaid.canonical))
        return created

    async def changes(self, tenant: str, *, since: int, count_max: int) -> ListChanges:
        def query(connection: Connection) -> ListChanges:
            # The version is read before the entries: what falls between is told again, not lost.
            known = {"tenant": tenant}
            version = connection.execute(_LIST_VERSION, known).scalar_one_or_none() or 0
            since_known = since if 0 <= since <= version else 0
            asked = known | {"since": since_known, "count": count_max + 1}
            rows = connection.execute(_LIST_CHANGES, asked).all()
            if len(rows) > count_max:
                raise Conflict("local_list.too_large", f"more than {count_max} contracts")
            changes = [
                Change(
                    emaid=EMAID.parse(row[0], edition=Edition.ISO_20),
                    contract=None if row[1] is None else _contract(row[1:]),
                )
                for row in rows
            ]
            return ListChanges(since=since_known, version=version, changes=listed(changes))

        return await self._database.read(query)

    async def learn(
        self, tenant: str, emaid: EMAID, path: tuple[Certificate, ...], *, now: datetime
    ) -> None:
        leaf = path[0]
        fact = certificate_fact(tenant, leaf.serial)
        known: _Known = self._facts.recall(fact) or _Known()
        if leaf.fingerprint in known.learnt:
            return
        mark = self._facts.mark()
        asked = {"tenant": tenant, "fingerprint": leaf.fingerprint}
        if await self._database.look_up(_BY_FINGERPRINT, asked) is not None:
            learnt = known.learnt | {leaf.fingerprint}
            self._facts.keep(fact, replace(known, learnt=learnt), mark)
            return

        def job(connection: Connection) -> None:
            mine = {"tenant": tenant, "emaid": emaid.canonical}
            if connection.execute(_STANDING, mine).one_or_none():  # it may be deleted meanwhile
                _keep(connection, tenant, emaid, path, origin=Origin.LEARNT, now=now)

        await self._writer.run(job)

    async def delete(self, tenant: str, emaid: EMAID) -> None:
        def job(connection: Connection) -> None:
            for table in (CONTRACT_CERTIFICATES, CONTRACTS):
                gone = connection.execute(
                    delete(table).where(table.c.tenant == tenant, table.c.emaid == emaid.canonical)
                )
            if not gone.rowcount:
                raise NotFound("contract.not_found", "no contract of this eMAID")
            list_changed(connection, tenant, [emaid])

        await self._writer.run(job)
        # Its certificates go by serial numbers that are not at hand here.
        self._facts.forget_all()


def _put(connection: Connection, tenant: str, contract: Contract, now: datetime) -> bool:
    """Keeps a contract, and whether it is new."""
    values = {
        "as_received": contract.emaid.as_received,
        "state": contract.state.value,
        "not_before": contract.not_before,
        "not_after": contract.not_after,
        "evse_ids": json.dumps(sorted(str(evse_id) for evse_id in contract.evse_ids)),
        "group_id": contract.group,
        "restrictions": restriction_document.encode(contract.restrictions),
        "vehicle_ids": json.dumps(sorted(contract.vehicle_ids)),
        "updated_at": now,
    }
    changed = connection.execute(
        update(CONTRACTS)
        .where(CONTRACTS.c.tenant == tenant, CONTRACTS.c.emaid == contract.emaid.canonical)
        .values(values)
    )
    if not changed.rowcount:
        connection.execute(
            insert(CONTRACTS).values(tenant=tenant, emaid=contract.emaid.canonical, **values)
        )
    return not changed.rowcount


def _keep(
    connection: Connection,
    tenant: str,
    emaid: EMAID,
    path: tuple[Certificate, ...],
    *,
    origin: Origin,
    now: datetime,
) -> None:
    """Keeps a certificate with its contract, and its issuer's hashes; the oldest make room."""
    leaf, issuer = path[0], path[1]
    mine = (CONTRACT_CERTIFICATES.c.tenant == tenant) & (
        CONTRACT_CERTIFICATES.c.emaid == emaid.canonical
    )
    kept = connection.execute(
        select(CONTRACT_CERTIFICATES.c.fingerprint)
        .where(mine)
        .order_by(CONTRACT_CERTIFICATES.c.added_at, CONTRACT_CERTIFICATES.c.fingerprint)
    ).scalars()
    fingerprints = list(kept)
    if leaf.fingerprint in fingerprints:
        return
    for fingerprint in fingerprints[: max(0, len(fingerprints) - CERTIFICATES_MAX + 1)]:
        connection.execute(
            delete(CONTRACT_CERTIFICATES).where(
                mine, CONTRACT_CERTIFICATES.c.fingerprint == fingerprint
            )
        )
    connection.execute(
        insert(CONTRACT_CERTIFICATES).values(
            tenant=tenant,
            fingerprint=leaf.fingerprint,
            emaid=emaid.canonical,
            issuer_id=_issuer_id(leaf, issuer),
            serial=format(leaf.serial, "x"),
            chain_pem=pem.encode(path[:-1]),
            origin=origin.value,
            added_at=now,
        )
    )
    _keep_issuer(connection, leaf, issuer)
    watch(connection, path, now=now)


def _issuer_id(leaf: Certificate, issuer: Certificate) -> bytes:
    """An issuer as hash data tell it apart: the name as its leaves encode it, and its key."""
    return sha256(sha256(leaf.issuer).digest() + issuer.subject_public_key).digest()


def _keep_issuer(connection: Connection, leaf: Certificate, issuer: Certificate) -> None:
    issuer_id = _issuer_id(leaf, issuer)
    known = select(func.count()).where(ISSUER_HASHES.c.issuer_id == issuer_id)
    if connection.execute(known).scalar_one():
        return
    connection.execute(
        insert(ISSUER_HASHES),
        [
            {
                "algorithm": algorithm.value,
                "name_hash": algorithm.digest(leaf.issuer),
                "key_hash": key_hash,
                "issuer_id": issuer_id,
            }
            for algorithm in OCPP_ALGORITHMS.values()
            for key_hash in (
                algorithm.digest(issuer.subject_public_key),
                whole_spki_hash(issuer, algorithm),
            )
        ],
    )


def _contract(row: Sequence[Any]) -> Contract:
    """A contract from the columns in _HELD, its moments read."""
    as_received, state, not_before, not_after, evse_ids, group_id, restrictions, vehicles = row
    places = json.loads(evse_ids) if evse_ids != "[]" else ()
    try:
        bound = restriction_document.decode(restrictions)
    except Malformed as bad:  # written by a machine that knows more time zones than this one
        raise Unavailable("contract", "its restrictions cannot be read here") from bad
    return Contract(
        emaid=EMAID.parse(as_received, edition=Edition.ISO_20),
        state=ContractState(state),
        not_before=not_before,
        not_after=not_after,
        evse_ids=frozenset(map(EVSEID.parse, places)),
        group=group_id,
        restrictions=bound,
        vehicle_ids=frozenset(json.loads(vehicles)) if vehicles != "[]" else frozenset(),
    )


def _certificate(
    emaid: str, fingerprint: bytes, chain_pem: str, origin: str, added_at: datetime
) -> ContractCertificate:
    return ContractCertificate(
        emaid=EMAID.parse(emaid, edition=Edition.ISO_20),
        fingerprint=fingerprint,
        chain_pem=chain_pem,
        origin=Origin(origin),
        added_at=added_at,
    )
