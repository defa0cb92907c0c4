"""Keys, names and policies on record, the same over SQLite and PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from alembic import command
from msgspec import structs
from sqlalchemy import select, text

from certs.edition import Edition
from certs.profiles.rules import Role
from pki.authority.entries import Act, Holder, Inquiry, RegisteredName
from pki.authority.policy import Policy, everything
from pki.errors import Conflict, KeyTaken, NotFound, RegistrationUsed, Unavailable
from pki.storage import schema
from pki.storage.database import open_engine, reading, writing
from pki.storage.kept import Kept
from pki.storage.names import NameTable
from pki.storage.policies import PolicyTable
from pki.storage.precedents import PrecedentTable
from pki.storage.register import RegisterTable
from pki.storage.tables import certificates, policies, subject_keys
from tests.pki_house import DATABASES, TENANT, database, furnished_house, issue, wanted
from tests.world import NOW

HOLDER = Holder(tenant=TENANT, role=Role.CONTRACT, identity="DE8AA000000001")


class Records:
    def __init__(self, house, url):
        self.house = house
        self.engine = open_engine(url)
        self.policies = PolicyTable(self.engine)
        self.names = NameTable(self.engine)
        self.precedents = PrecedentTable(self.engine, Kept(self.engine))

    def intents(self, *numbers, **odd):
        """What issuing would intend, and did not."""
        kept = []

        class Watching:
            def intend(self, intents, _acts):
                kept.extend(intents)
                raise Unavailable("only looking")

        issuance = self.house.authority._issuance
        register, issuance._register = issuance._register, Watching()
        try:
            for number in numbers:
                with pytest.raises(Unavailable):
                    issue(self.house, number)
        finally:
            issuance._register = register
        return [structs.replace(intent, **odd) for intent in kept]


@pytest.fixture(params=DATABASES)
def records(request, tmp_path):
    with database(request.param, tmp_path) as url, furnished_house(url) as house:
        records = Records(house, url)
        yield records
        records.engine.dispose()


def act(event="test"):
    return Act(event=event, at=NOW, actor="test", tenant=TENANT)


def name(**odd):
    given = {
        "tenant": TENANT,
        "role": Role.CONTRACT,
        "edition": Edition.ISO_2,
        "identity": HOLDER.identity,
        "common_name": HOLDER.identity,
        "standing": False,
        "registered_at": NOW,
        "registered_by": "test",
        "expires_at": None,
    }
    return RegisteredName(**{**given, **odd})


def inquiry(key_id="00" * 20, **odd):
    given = {"key_id": key_id, "holder": HOLDER, "edition": Edition.ISO_2, "registered": True}
    return Inquiry(**{**given, **odd})


def known(records, *asked, since=NOW - timedelta(days=1)):
    return records.precedents.known(asked, since=since)


def test_nothing_is_known_of_a_key_that_never_came(records):
    (one,) = known(records, inquiry())
    two = known(records, inquiry(), inquiry("11" * 20))
    assert two == [one, one]
    assert (one.holder, one.blocked, one.recent, one.name) == (None, None, 0, None)
    assert known(records) == []


def test_holder_and_count_are_known_after_an_intent_one_by_one_and_in_a_batch(records):
    (intent,) = records.intents(1)
    records.house.stores.register.intend([intent], [act()])
    asked = inquiry(intent.subject_key_id)
    for told in (known(records, asked), known(records, asked, inquiry("11" * 20))):
        assert (told[0].holder, told[0].recent) == (HOLDER, 1)
    assert records.precedents.oldest(HOLDER, since=NOW - timedelta(days=1)) == NOW
    assert known(records, asked, since=NOW)[0].recent == 0
    assert records.precedents.oldest(HOLDER, since=NOW) is None
    other = structs.replace(HOLDER, tenant="other")
    assert known(records, inquiry(holder=other))[0].recent == 0


def test_key_is_given_to_one_holder_for_good(records):
    (intent,) = records.intents(1)
    register = records.house.stores.register
    register.intend([intent], [act()])
    register.intend([structs.replace(intent, serial=2)], [act()])
    for odd in ({"tenant": "other"}, {"identity": "DE8AA000000009"}, {"role": Role.CPS}):
        with pytest.raises(KeyTaken):
            register.intend([structs.replace(intent, serial=3, **odd)], [act()])
    assert register.find(intent.issuer, 3) is None


def test_key_for_two_holders_in_one_batch_is_given_to_neither(records):
    (intent,) = records.intents(1)
    pair = [intent, structs.replace(intent, serial=2, identity="DE8AA000000009")]
    with pytest.raises(KeyTaken):
        records.house.stores.register.intend(pair, [act()])
    assert known(records, inquiry(intent.subject_key_id))[0].holder is None


def test_blocked_key_is_given_to_nobody(records):
    (intent,) = records.intents(1)
    records.precedents.block(intent.subject_key_id, why="lost", act=act("key.blocked"))
    records.precedents.block(intent.subject_key_id, why="found", act=act("key.blocked"))
    told = known(records, inquiry(intent.subject_key_id))[0]
    assert (told.holder, told.blocked) == (None, "lost")
    with pytest.raises(KeyTaken):
        records.house.stores.register.intend([intent], [act()])


def test_two_who_ask_at_once_for_one_key_are_not_both_given_it(records):
    (intent,) = records.intents(1)
    intents = [
        structs.replace(intent, serial=7, identity="a"),
        structs.replace(intent, serial=8, identity="b"),
    ]
    barrier = Barrier(2)

    def ask(one):
        register = RegisterTable(records.engine, Kept(records.engine))
        barrier.wait(timeout=30)
        try:
            register.intend([one], [act()])
        except KeyTaken:
            return "refused"
        return "given"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(ask, intents)) == ["given", "refused"]


def test_registered_name_is_found_open_and_used_up_once(records):
    (kept,) = records.names.register([name()], act())
    assert known(records, inquiry())[0].name == kept
    assert known(records, inquiry(registered=False))[0].name is None
    assert known(records, inquiry(edition=Edition.ISO_20))[0].name is None
    one, two = records.intents(1, 2, registration=kept.number)
    register = records.house.stores.register
    register.intend([one], [act()])
    with pytest.raises(RegistrationUsed):
        register.intend([two], [act()])
    assert register.find(two.issuer, two.serial) is None
    assert known(records, inquiry())[0].name is None
    (used,) = records.names.listed(TENANT, after=0, names_max=9)
    assert used == replace(kept, used_at=NOW)


def test_names_come_in_pages_and_are_withdrawn_once(records):
    kept = records.names.register([name(), name(identity="x"), name(identity="y")], act())
    assert records.names.listed(TENANT, after=0, names_max=2) == kept[:2]
    assert records.names.listed(TENANT, after=kept[1].number, names_max=2) == kept[2:]
    with pytest.raises(Conflict):
        records.names.register([name(identity="z"), name()], act())
    with pytest.raises(NotFound):
        records.names.withdraw(kept[0].number, tenant="other", act=act())
    records.names.withdraw(kept[0].number, tenant=TENANT, act=act())
    with pytest.raises(NotFound):
        records.names.withdraw(kept[0].number, tenant=TENANT, act=act())
    records.names.register([name()], act())


def policy(version, **odd):
    given = {"tenant": "t", "version": version, "grants": everything(), "set_by": "test"}
    return Policy(set_at=NOW, **{**given, **odd})


def test_versions_of_a_policy_follow_one_another(records):
    one, two = policy(1), policy(2, grants=())
    records.policies.add(one, act())
    for bad in (one, policy(3)):
        with pytest.raises(Conflict):
            records.policies.add(bad, act())
    records.policies.add(two, act())
    assert records.policies.history("t") == (two, one)
    assert two in records.policies.current()
    assert one not in records.policies.current()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE policies SET grants = '[]'",
        "DELETE FROM policies",
        "DELETE FROM subject_keys",
        "DELETE FROM registered_names",
    ],
)
def test_what_only_grows_is_not_changed(records, statement):
    records.names.register([name()], act())
    with pytest.raises(Unavailable), writing(records.engine) as connection:
        connection.execute(text(statement))


def test_precedents_of_a_database_that_is_not_there_are_unavailable(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/absent/pki.db")
    with pytest.raises(Unavailable):
        PrecedentTable(engine, Kept(engine)).known([inquiry()], since=NOW)
    engine.dispose()


# A register from before policies and holders were kept.

_BEFORE = """
INSERT INTO audit (at, event, actor, tenant, issuer, detail)
  VALUES ('2026-01-01 00:00:00', 'x', 'x', 'x', '', '');
INSERT INTO issuers (key_id, tenant, role, edition, certificate, not_after, active, added_at)
  VALUES ('ca', 'old', 'mo-sub-2', 'iso15118-2', '', '2036-01-01 00:00:00', true,
          '2026-01-01 00:00:00');
INSERT INTO certificates (issuer, serial, tenant, profile, common_name, subject_key_id,
  not_before, not_after, state, tbs, intended_at) VALUES
  ('ca', '1', 'old', 'iso15118-2/contract', 'DE-8AA-000000001-5', 'k1',
   '2026-01-01 00:00:00', '2027-01-01 00:00:00', 'intended', '', '2026-01-01 00:00:00'),
  ('ca', '2', 'old', 'iso15118-2/contract', 'DE8AA000000002', 'k1',
   '2026-01-01 00:00:00', '2027-01-01 00:00:00', 'intended', '', '2026-01-02 00:00:00'),
  ('ca', '3', 'old', 'iso15118-2/secc', 'de*ice*e45b*78c', 'k2',
   '2026-01-01 00:00:00', '2027-01-01 00:00:00', 'intended', '', '2026-01-01 00:00:00'),
  ('ca', '4', 'old', 'iso15118-2/cps', 'CPS-1', 'k3',
   '2026-01-01 00:00:00', '2027-01-01 00:00:00', 'intended', '', '2026-01-01 00:00:00');
INSERT INTO revocations (issuer, serial, crl_shard, reason, revoked_at, not_after)
  VALUES ('ca', '3', 0, 1, '2026-02-01 00:00:00', '2027-01-01 00:00:00');
"""


@pytest.mark.parametrize("kind", DATABASES)
def test_older_register_keeps_its_tenants_and_learns_its_holders(tmp_path, kind):
    with database(kind, tmp_path) as url:
        engine = open_engine(url)
        with writing(engine) as connection:
            config = schema._config()
            config.attributes["connection"] = connection
            command.upgrade(config, "0002")
            for statement in _BEFORE.split(";")[:-1]:
                connection.execute(text(statement))
        schema.upgrade(engine)
        with reading(engine) as connection:
            told = connection.execute(select(certificates.c.identity)).scalars()
            assert set(told) == {"DE8AA000000001", "DE8AA000000002", "DEICEE45B78C", "CPS-1"}
            held = connection.execute(select(subject_keys).order_by(subject_keys.c.key_id)).all()
            assert [(row.key_id, row.role, row.identity, row.blocked_why) for row in held] == [
                ("k1", "contract", "DE8AA000000001", None),
                ("k2", "secc", "DEICEE45B78C", "compromised"),
                ("k3", "cps", "CPS-1", None),
            ]
            (kept,) = connection.execute(select(policies)).all()
            assert (kept.tenant, kept.version, kept.set_by) == ("old", 1, "migration")
        (told,) = PolicyTable(engine).current()
        then = [each for each in everything() if each.role is not Role.CHARGING_STATION]
        assert list(told.grants) == then, (
            "what there was; a role that came later is granted by hand"
        )
        engine.dispose()


def test_helper_intends_what_issuing_would(records):
    (intent,) = records.intents(5)
    assert intent.common_name == wanted(5).common_name
