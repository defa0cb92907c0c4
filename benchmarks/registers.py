"""Registers filled with as many certificates as a benchmark asks for, quickly and realistically."""

import contextlib

from sqlalchemy import Connection, Engine, text

from pki.house import House
from tests.pki_house import issue, issuer_id
from tests.world import NOW

# Octets, hexadecimal digits and whole numbers as each database draws them. Serials have sixteen
# octets, the first from 0x40 to 0x7f, as the authority draws them.
_DRAWN = {
    "sqlite": {
        "numbers": "WITH RECURSIVE numbers(n) AS "
        "(SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)",
        "serial": "CAST(x'55' || randomblob(15) AS BLOB)",
        "key": "lower(hex(randomblob(20)))",
        "name": "printf('DE8AA%09d', :first + n)",
        "at": "'2026-10-01 12:00:00.000000'",
        "until": "'2028-10-01 12:00:00.000000'",
        "second": "printf('2026-10-%02d %02d:%02d:%02d.000000', 1 + n % 28, n % 24, n % 60,"
        " (n / 60) % 60)",
    },
    "postgresql": {
        "numbers": "WITH numbers(n) AS (SELECT generate_series(1, CAST(:count AS int)))",
        "serial": r"'\x55'::bytea || substr(sha256(uuid_send(gen_random_uuid())), 1, 15)",
        "key": "left(encode(sha256(uuid_send(gen_random_uuid())), 'hex'), 40)",
        "name": "'DE8AA' || lpad((CAST(:first AS int) + n)::text, 9, '0')",
        "at": "timestamptz '2026-10-01 12:00:00+00'",
        "until": "timestamptz '2028-10-01 12:00:00+00'",
        "second": "timestamptz '2026-10-01 00:00:00+00' + n * interval '2 seconds'",
    },
}
_CERTIFICATES = """
INSERT INTO certificates (issuer, serial, tenant, profile, common_name, identity, subject_key_id,
    not_before, not_after, crl_shard, state, tbs, certificate, intended_at, concluded_at)
{numbers} SELECT :issuer, {serial}, 'default', 'iso15118-2/contract', {name}, {name}, {key},
    {at}, {until}, 0, 'issued', :tbs, :certificate, {at}, {at} FROM numbers
"""
_KEYS = """
INSERT INTO subject_keys (key_id, tenant, role, identity)
SELECT subject_key_id, tenant, 'contract', identity FROM certificates
WHERE issuer = :issuer AND common_name BETWEEN {first_name} AND {last_name}
ON CONFLICT DO NOTHING
"""
_AUDIT = """
INSERT INTO audit (at, event, actor, tenant, issuer, serial, detail)
SELECT intended_at, {event}, 'benchmark', tenant, issuer, serial, profile FROM certificates
WHERE issuer = :issuer AND common_name BETWEEN {first_name} AND {last_name}
"""
_REVOCATIONS = """
INSERT INTO revocations (issuer, serial, crl_shard, reason, revoked_at, not_after, revision)
SELECT issuer, serial, 0, CASE n & 3 WHEN 0 THEN 0 WHEN 1 THEN 1 WHEN 2 THEN 4 ELSE 5 END,
    {second}, not_after, :before + n
FROM (SELECT issuer, serial, not_after, row_number() OVER (ORDER BY serial) AS n FROM certificates
    WHERE issuer = :issuer AND common_name BETWEEN {first_name} AND {last_name}
    ORDER BY serial LIMIT :count) AS drawn
"""


def fill(house: House, engine: Engine, *, certificates: int, revoked: int, first: int = 0) -> None:
    """Adds issued contract certificates, the first of them revoked, as the house's authority's.

    One certificate is really issued; the others are its octets under serials, keys and names of
    their own, in every table and index that issuing writes to. ``first`` numbers their names.
    """
    issued = issue(house, 900_000_000 + first)
    entry = house.stores.register.find(issued.issuer, issued.certificate.serial)
    assert entry is not None
    drawn = _DRAWN[engine.dialect.name]
    names = {
        "first_name": f"'DE8AA{first + 1:09d}'",
        "last_name": f"'DE8AA{first + certificates:09d}'",
    }
    given = {"issuer": issuer_id(), "first": first, "count": certificates}
    with engine.begin() as connection:
        _run(
            connection,
            _CERTIFICATES.format(**drawn),
            {**given, "tbs": entry.tbs, "certificate": entry.certificate},
        )
        _run(connection, _KEYS.format(**names), given)
        for event in ("'issuance.intended'", "'issuance.signed'"):
            _run(connection, _AUDIT.format(**names, event=event), given)
        before = house.stores.revocations.revision(issuer_id())
        _run(
            connection,
            _REVOCATIONS.format(**names, second=drawn["second"]),
            {**given, "count": revoked, "before": before},
        )
        _run(
            connection,
            "UPDATE issuers SET revision = :revision WHERE key_id = :issuer",
            {**given, "revision": before + revoked},
        )
    # PostgreSQL gathers statistics by itself, SQLite only when told, which nobody does here. What
    # was filled in is in its place before anything is measured.
    with contextlib.closing(engine.raw_connection()) as connection:
        settled = {"sqlite": "PRAGMA wal_checkpoint(TRUNCATE)", "postgresql": "ANALYZE"}
        connection.cursor().execute(settled[engine.dialect.name])
        connection.commit()
    assert entry.not_after > NOW


def _run(connection: Connection, statement: str, given: dict[str, object]) -> None:
    statement_of = text(statement)
    named = statement_of.compile().params
    connection.execute(statement_of, {name: given[name] for name in named})
