"""What every database keeps of the pki house's promises: one suite, SQLite and PostgreSQL."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import DBAPIError

from certs.profiles.rules import Role
from pki.authority.entries import (
    Act,
    Extent,
    Intent,
    Issuer,
    Listed,
    PublishedCrl,
    Reason,
    Responder,
    Revocation,
    State,
)
from pki.callers import new_caller
from pki.errors import Conflict, NotFound, SerialTaken, Unavailable
from pki.storage import audit, lookups, revocation_pages, tables
from pki.storage.audit import AuditTable
from pki.storage.callers import CallerTable
from pki.storage.database import check_durable, open_engine, reading, writing
from pki.storage.holdings import HoldingTable
from pki.storage.kept import Kept
from pki.storage.lists import ListTable
from pki.storage.register import RegisterTable
from pki.storage.revocations import RevocationTable
from pki.storage.schema import check_current, upgrade
from pki.storage.standings import StandingTable
from tests.pki_house import DATABASES, TENANT, database, issuer_id, key_id
from tests.world import NOW, valid_world

ISSUER = issuer_id()
LATER = NOW + timedelta(minutes=1)


class Stores:
    def __init__(self, engine):
        self.engine = engine
        self.register = RegisterTable(engine, Kept(engine))
        self.holdings = HoldingTable(engine)
        self.revocations = RevocationTable(engine, Kept(engine))
        self.standings = StandingTable(engine)
        self.lists = ListTable(engine)
        self.callers = CallerTable(engine, Kept(engine))
        self.audit = AuditTable(engine)

    def events(self):
        with self.audit.acts() as acts:
            return [act.event for act in acts]


@pytest.fixture(params=DATABASES)
def stores(request, tmp_path):
    with database(request.param, tmp_path) as url:
        engine = open_engine(url)
        check_durable(engine)
        upgrade(engine)
        check_current(engine)
        stores = Stores(engine)
        stores.holdings.add_issuer(issuer(), act("authority.imported"))
        yield stores
        engine.dispose()


def issuer(role=Role.MO_SUB_2, **odd):
    world = valid_world()
    given = {
        "key_id": key_id(world[role].certificate),
        "role": role,
        "edition": world.edition,
        "tenant": TENANT,
        "certificate": world[role].certificate,
    }
    return Issuer(**{**given, **odd})


def act(event="test", at=NOW, **odd):
    return Act(event=event, at=at, actor="test", tenant=TENANT, issuer=ISSUER, **odd)


def intent(certificate, **odd):
    given = {
        "issuer": ISSUER,
        "serial": certificate.serial,
        "tenant": TENANT,
        "profile": "iso15118-2/contract",
        "common_name": certificate.common_name,
        "identity": certificate.common_name,
        "role": Role.CONTRACT,
        "subject_key_id": key_id(certificate),
        "not_before": certificate.not_before,
        "not_after": certificate.not_after,
        "crl_shard": 0,
        "tbs": certificate.tbs,
    }
    return Intent(**{**given, **odd})


@pytest.fixture(scope="module")
def leaf():
    return valid_world()[Role.CONTRACT].certificate


@pytest.fixture(scope="module")
def other_leaf():
    return valid_world().issue(Role.CONTRACT, common_name="DE8AA007654321").certificate


def revoked(certificate, reason=Reason.KEY_COMPROMISE, at=NOW):
    return Revocation(
        issuer=ISSUER,
        serial=certificate.serial,
        reason=reason,
        revoked_at=at,
        not_after=certificate.not_after,
    )


def test_intent_is_found_with_its_bytes_before_any_certificate(stores, leaf):
    stores.register.intend([intent(leaf)], [act("issuance.intended", serial=leaf.serial)])
    entry = stores.register.find(ISSUER, leaf.serial)
    assert (entry.state, entry.tbs, entry.certificate) == (State.INTENDED, leaf.tbs, None)
    assert (entry.not_before, entry.not_after) == (leaf.not_before, leaf.not_after)
    assert (entry.intended_at, entry.revocation) == (NOW, None)


def test_issued_certificate_is_kept_byte_for_byte(stores, leaf):
    stores.register.intend([intent(leaf)], [act()])
    stores.register.record([leaf], ISSUER, [act("issuance.signed")])
    entry = stores.register.find(ISSUER, leaf.serial)
    assert (entry.state, entry.certificate) == (State.ISSUED, leaf.der)
    assert stores.register.pending(intended_before=LATER, entries_max=10) == ()


def test_serial_is_taken_once_per_issuer(stores, leaf):
    stores.register.intend([intent(leaf)], [act("first")])
    with pytest.raises(SerialTaken):
        stores.register.intend([intent(leaf)], [act("second")])
    assert "second" not in stores.events()


def test_same_serial_under_another_issuer_is_another_certificate(stores, leaf):
    other = issuer(Role.OEM_SUB_2)
    stores.holdings.add_issuer(other, act())
    stores.register.intend([intent(leaf)], [act()])
    stores.register.intend([intent(leaf, issuer=other.key_id)], [act()])
    stores.revocations.revoke(revoked(leaf), act())
    assert stores.register.find(other.key_id, leaf.serial).revocation is None


def test_batch_of_intents_is_reserved_whole_or_not_at_all(stores, leaf, other_leaf):
    stores.register.intend([intent(leaf)], [act()])
    with pytest.raises(SerialTaken):
        stores.register.intend([intent(other_leaf), intent(leaf)], [act()])
    assert stores.register.find(ISSUER, other_leaf.serial) is None


def test_certificate_without_intent_is_not_recorded(stores, leaf):
    with pytest.raises(Conflict):
        stores.register.record([leaf], ISSUER, [act()])
    assert stores.register.find(ISSUER, leaf.serial) is None


def test_abandoned_intent_does_not_become_a_certificate(stores, leaf):
    stores.register.intend([intent(leaf)], [act()])
    stores.register.abandon(ISSUER, leaf.serial, act("issuance.abandoned"))
    with pytest.raises(Conflict):
        stores.register.record([leaf], ISSUER, [act()])
    assert stores.register.find(ISSUER, leaf.serial).state is State.ABANDONED


def test_abandoning_what_is_concluded_changes_nothing(stores, leaf):
    stores.register.intend([intent(leaf)], [act()])
    stores.register.record([leaf], ISSUER, [act()])
    stores.register.abandon(ISSUER, leaf.serial, act("issuance.abandoned"))
    assert stores.register.find(ISSUER, leaf.serial).state is State.ISSUED
    assert "issuance.abandoned" not in stores.events()


def test_pending_are_the_old_intents_oldest_first(stores, leaf, other_leaf):
    stores.register.intend([intent(other_leaf)], [act(at=LATER)])
    stores.register.intend([intent(leaf)], [act()])
    found = stores.register.pending(intended_before=LATER, entries_max=10)
    assert [entry.serial for entry in found] == [leaf.serial, other_leaf.serial]
    assert len(stores.register.pending(intended_before=NOW, entries_max=10)) == 1
    assert len(stores.register.pending(intended_before=LATER, entries_max=1)) == 1


def test_first_revocation_stands(stores, leaf):
    stores.register.intend([intent(leaf)], [act()])
    first = stores.revocations.revoke(revoked(leaf), act("revocation"))
    again = stores.revocations.revoke(
        revoked(leaf, reason=Reason.SUPERSEDED, at=LATER), act("revocation")
    )
    assert first == again == stores.register.find(ISSUER, leaf.serial).revocation
    assert stores.revocations.revision(ISSUER) == 1
    assert stores.events().count("revocation") == 1


def test_what_has_no_entry_is_not_revoked(stores, leaf):
    with pytest.raises(NotFound):
        stores.revocations.revoke(revoked(leaf), act())
    assert stores.revocations.revision(ISSUER) == 0


def test_revision_of_no_authority_is_not_found(stores):
    with pytest.raises(NotFound):
        stores.revocations.revision("00" * 20)


@pytest.mark.parametrize("concluded", ["intended", "issued", "abandoned"])
def test_o19_standing_tells_intents_from_certificates(stores, leaf, concluded):
    assert stores.standings.standing(ISSUER, leaf.serial) is None
    stores.register.intend([intent(leaf)], [act()])
    if concluded == "issued":
        stores.register.record([leaf], ISSUER, [act()])
    if concluded == "abandoned":
        stores.register.abandon(ISSUER, leaf.serial, act())
    standing = stores.standings.standing(ISSUER, leaf.serial)
    assert (standing.state, standing.revocation) == (State(concluded), None)
    stores.revocations.revoke(revoked(leaf), act())
    assert stores.standings.standing(ISSUER, leaf.serial).revocation == revoked(leaf)


def test_revoked_are_told_apart_by_issuer_and_serial(stores, leaf, other_leaf):
    stores.register.intend([intent(leaf), intent(other_leaf)], [act()])
    stores.revocations.revoke(revoked(leaf), act())
    named = [
        (ISSUER, leaf.serial),
        (ISSUER, other_leaf.serial),
        ("00" * 20, leaf.serial),
        (ISSUER, 4711),
    ]
    assert stores.standings.revoked_among(named) == {(ISSUER, leaf.serial)}
    assert stores.standings.revoked_among([]) == frozenset()


def test_list_holds_a_shard_until_its_certificates_ended(stores, leaf, other_leaf):
    stores.register.intend([intent(leaf), intent(other_leaf, crl_shard=1)], [act()])
    for certificate in (leaf, other_leaf):
        stores.revocations.revoke(revoked(certificate), act())
    listed = Listed(leaf.serial, NOW, Reason.KEY_COMPROMISE)
    assert list(stores.revocations.listed(extent())) == [listed]
    assert list(stores.revocations.serials(extent(shard=1))) == [other_leaf.serial]
    assert list(stores.revocations.serials(extent(expiring_from=leaf.not_after))) == [leaf.serial]
    after = leaf.not_after + timedelta(seconds=1)
    assert list(stores.revocations.serials(extent(expiring_from=after))) == []


def extent(**odd):
    given = {"issuer": ISSUER, "shard": 0, "expiring_from": NOW, "through": 9}
    return Extent(**{**given, **odd})


def test_list_holds_what_a_revision_counts_and_a_delta_what_came_after_another(
    stores, leaf, other_leaf
):
    stores.register.intend([intent(leaf), intent(other_leaf)], [act()])
    first, second = leaf.serial, other_leaf.serial
    told = []
    for certificate in (leaf, other_leaf):
        stores.revocations.revoke(revoked(certificate), act())
        told.append(stores.revocations.revision(ISSUER))
    assert told == [1, 2]
    serials = stores.revocations.serials
    assert list(serials(extent(through=0))) == []
    assert list(serials(extent(through=1))) == [first]
    assert list(serials(extent(through=2))) == [first, second]
    assert list(serials(extent(through=2, beyond=0))) == [first, second]
    assert list(serials(extent(through=2, beyond=1))) == [second]
    assert list(serials(extent(through=2, beyond=2))) == []


def test_list_of_many_is_read_page_by_page(stores, leaf, other_leaf, monkeypatch):
    stores.register.intend([intent(leaf), intent(other_leaf)], [act()])
    for certificate in (leaf, other_leaf):
        stores.revocations.revoke(revoked(certificate), act())
    for rows in (1, 2, 3):
        monkeypatch.setattr(revocation_pages, "_PAGE_ROWS", rows)
        wanted = [leaf.serial, other_leaf.serial]
        assert list(stores.revocations.serials(extent())) == wanted
        assert [each.serial for each in stores.revocations.listed(extent())] == wanted


def test_authority_keeps_the_shards_it_began_with(stores):
    url = "http://pki.v2g.example"
    other = issuer(Role.OEM_SUB_2, crl_shards=4, crl_base=url)
    for given in (other, replace(other, crl_shards=8, crl_base="http://elsewhere.example")):
        stores.holdings.add_issuer(given, act())
        assert other in stores.holdings.issuers()


def test_c12_unused_reason_is_no_row(stores, leaf):
    stores.register.intend([intent(leaf)], [act()])
    row = {
        "issuer": ISSUER,
        "serial": leaf.serial,
        "crl_shard": 0,
        "reason": 7,
        "revoked_at": NOW,
        "not_after": NOW,
    }
    with pytest.raises(DBAPIError), stores.engine.begin() as connection:
        connection.execute(insert(tables.revocations).values(row))


@pytest.mark.parametrize(
    "statement",
    [
        update(tables.audit).values(actor="nobody"),
        delete(tables.audit),
        delete(tables.revocations),
    ],
    ids=["audit-update", "audit-delete", "C11-revocation-delete"],
)
def test_what_only_grows_is_not_changed(stores, leaf, statement):
    stores.register.intend([intent(leaf)], [act()])
    stores.revocations.revoke(revoked(leaf), act())
    with pytest.raises(DBAPIError), stores.engine.begin() as connection:
        connection.execute(statement)


def test_revocation_without_entry_is_no_row(stores):
    row = {
        "issuer": ISSUER,
        "serial": 5,
        "crl_shard": 0,
        "reason": 1,
        "revoked_at": NOW,
        "not_after": NOW,
    }
    with pytest.raises(DBAPIError), stores.engine.begin() as connection:
        connection.execute(insert(tables.revocations).values(row))


def crl(number, der=b"list", revision=0, **odd):
    return PublishedCrl(
        issuer=ISSUER,
        shard=0,
        number=number,
        revision=revision,
        der=der,
        **{"this_update": NOW, "next_update": LATER, **odd},
    )


def reserve(stores, least=1, *, this_update=NOW, next_update=LATER):
    return stores.lists.reserve(
        ISSUER, 0, least=least, this_update=this_update, next_update=next_update, act=act()
    )


def test_list_numbers_only_grow_also_when_none_was_published(stores):
    assert [reserve(stores).number for _ in range(3)] == [1, 2, 3]
    assert [reserve(stores, least).number for least in (2, 9, 9)] == [4, 9, 10]
    assert stores.lists.latest(ISSUER, 0) is None
    stores.lists.publish(crl(2, b"two"), act())
    assert stores.lists.latest(ISSUER, 0) == crl(2, b"two")
    assert stores.lists.latest(ISSUER, 0, beyond=1) == crl(2, b"two")
    assert stores.lists.latest(ISSUER, 0, beyond=2) is None


def test_delta_starts_from_the_oldest_list_that_is_in_time(stores, leaf):
    assert reserve(stores).base is None
    stores.lists.publish(crl(1, delta=b"delta"), act())
    assert stores.lists.latest(ISSUER, 0).delta == b"delta"
    stores.register.intend([intent(leaf)], [act()])
    stores.revocations.revoke(revoked(leaf), act())
    assert reserve(stores).base == (1, 0)
    assert reserve(stores, this_update=LATER, next_update=LATER).base == (1, 0)
    after = LATER + timedelta(seconds=1)
    ended = reserve(stores, this_update=after, next_update=after)
    assert (ended.number, ended.revision, ended.base) == (4, 1, None)
    stores.lists.publish(crl(4, this_update=after, next_update=after), act())
    assert reserve(stores, this_update=after).base == (4, 1)
    with stores.engine.begin() as connection:
        numbers = connection.execute(select(tables.crls.c.number)).scalars().all()
    assert sorted(numbers) == [4, 5]


def test_late_older_list_does_not_replace_the_newer(stores):
    reserve(stores), reserve(stores)
    stores.lists.publish(crl(2, b"two"), act())
    stores.lists.publish(crl(1, b"one"), act())
    assert stores.lists.latest(ISSUER, 0).der == b"two"


def test_two_builders_take_two_numbers(stores):
    taken = []
    threads = [
        threading.Thread(target=lambda: taken.append(reserve(stores).number)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [1, 2, 3, 4]


def test_authority_comes_back_as_it_was_kept(stores):
    assert stores.holdings.issuers() == (issuer(),)
    retired = issuer(active=False)
    stores.holdings.add_issuer(retired, act())
    assert stores.holdings.issuers() == (retired,)


def test_responder_comes_back_as_it_was_appointed(stores):
    certificate = valid_world().responder(Role.MO_SUB_2).certificate
    responder = Responder(
        issuer=ISSUER, key_id=key_id(certificate), certificate=certificate, appointed_at=NOW
    )
    stores.holdings.appoint(responder, act())
    stores.holdings.appoint(responder, act())
    assert stores.holdings.responders() == (responder,)


def test_signed_elsewhere_is_entered_once(stores, leaf, other_leaf):
    stores.holdings.enter(leaf, intent(leaf), act("certificate.imported"))
    stores.holdings.enter(leaf, intent(leaf), act("certificate.imported"))
    assert stores.events().count("certificate.imported") == 1
    assert stores.register.find(ISSUER, leaf.serial).state is State.ISSUED
    with pytest.raises(SerialTaken):
        stores.holdings.enter(other_leaf, intent(other_leaf, serial=leaf.serial), act())


def test_caller_comes_back_as_added_and_is_withdrawn_once(stores):
    caller, _key = new_caller(
        tenant=TENANT,
        name="cpo",
        scopes=frozenset({"read", "issue:contract"}),
        now=NOW,
        random=lambda n: b"r" * n,
        expires_at=LATER,
    )
    stores.callers.add(caller, act())
    assert stores.callers.by_id(caller.identity) == caller
    assert stores.callers.all(TENANT) == (caller,)
    assert stores.callers.all("another") == ()
    assert stores.callers.by_id("nobody") is None
    stores.callers.withdraw(caller.identity, at=LATER, act=act())
    assert stores.callers.by_id(caller.identity).withdrawn_at == LATER
    with pytest.raises(NotFound):
        stores.callers.withdraw(caller.identity, at=LATER, act=act())


def test_audit_tells_acts_in_order_with_their_moments(stores):
    assert stores.audit.last_moment() == NOW
    second = act("later", at=LATER, serial=2**127, detail="why")
    _write(stores, second)
    assert stores.audit.last_moment() == LATER
    with stores.audit.acts() as acts:
        assert list(acts)[-1] == second


def _write(stores, told):
    with writing(stores.engine) as connection:
        audit.write(connection, [told])


def test_serials_of_all_lengths_come_back(stores, leaf):
    serials = [1, 127, 128, 255, 256, 2**127, 2**159 - 1]
    stores.register.intend([intent(leaf, serial=serial) for serial in serials], [act()])
    assert [stores.register.find(ISSUER, s).serial for s in serials] == serials


def test_moments_need_a_time_zone(stores):
    naive = datetime(2026, 1, 1)
    with pytest.raises(Exception, match="time zone"):
        _write(stores, act(at=naive))


def test_moments_of_other_zones_come_back_in_utc(stores):
    _write(stores, act(at=NOW.astimezone(timezone(timedelta(hours=5)))))
    assert stores.audit.last_moment() == NOW
    assert stores.audit.last_moment().tzinfo is UTC


def test_failing_transaction_leaves_nothing(stores, leaf):
    class PowerError(Exception):
        pass

    def cut(name):
        if name == "intend.written":
            raise PowerError

    register = RegisterTable(stores.engine, Kept(stores.engine), failpoint=cut)
    with pytest.raises(PowerError):
        register.intend([intent(leaf)], [act("issuance.intended")])
    assert stores.register.find(ISSUER, leaf.serial) is None
    assert "issuance.intended" not in stores.events()


def test_closed_database_is_unavailable(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/absent/pki.db")
    with pytest.raises(Unavailable) as caught, reading(engine):
        pass
    assert caught.value.code == "unavailable.database"
    engine.dispose()


def test_issued_certificates_are_found_by_their_key(stores, leaf, other_leaf):
    stores.register.intend([intent(leaf), intent(other_leaf)], [act()])
    stores.register.record([leaf], ISSUER, [act()])
    asked = {key_id(leaf), key_id(other_leaf)}
    ((key, entry),) = stores.register.issued_for(ISSUER, asked)
    assert (key, entry.certificate) == (key_id(leaf), leaf.der)
    assert stores.register.issued_for(issuer_id(Role.OEM_SUB_2), asked) == ()


def test_intent_without_its_tables_is_unavailable(stores, leaf):
    tables.relations.drop(stores.engine)
    tables.revocations.drop(stores.engine)
    tables.certificates.drop(stores.engine)
    with pytest.raises(Unavailable) as caught:
        stores.register.intend([intent(leaf)], [act()])
    assert caught.value.code == "unavailable.database"


def test_intent_into_a_database_that_is_not_there_is_unavailable(tmp_path, leaf):
    engine = open_engine(f"sqlite:///{tmp_path}/absent/pki.db")
    with pytest.raises(Unavailable) as caught:
        RegisterTable(engine, Kept(engine)).intend([intent(leaf)], [act()])
    assert caught.value.code == "unavailable.database"
    engine.dispose()


def test_standing_is_found_again_after_its_connection_was_lost(stores, leaf):
    assert stores.standings.standing(ISSUER, leaf.serial) is None
    stores.standings._asked._kept.connection.raw.close()
    assert stores.standings.standing(ISSUER, leaf.serial) is None


def test_standing_in_a_database_that_is_not_there_is_unavailable(tmp_path, leaf):
    engine = open_engine(f"sqlite:///{tmp_path}/absent/pki.db")
    with pytest.raises(Unavailable):
        StandingTable(engine).standing(ISSUER, leaf.serial)
    engine.dispose()


def test_revocations_that_another_connection_commits_are_counted_at_once(stores, leaf, other_leaf):
    def told(count):
        return stores.standings.still(ISSUER, count)

    if stores.engine.dialect.name == "postgresql":
        assert told(0) is None
        return
    stores.register.intend([intent(leaf), intent(other_leaf)], [act()])
    assert (told(0), told(1)) == (True, False)
    assert stores.standings.standing(ISSUER, leaf.serial) is not None
    assert stores.standings._asked.version() is not None  # from here on nothing is asked
    assert (told(0), told(0), told(1)) == (True, True, False)
    assert stores.standings.revoked_since(ISSUER, 0) == frozenset()
    for count, each in enumerate((leaf, other_leaf), 1):
        stores.revocations.revoke(revoked(each), act())
        assert (told(count - 1), told(count)) == (False, True)
    assert stores.standings.revoked_since(ISSUER, 1) == {other_leaf.serial}
    assert stores.standings.still("00" * 20, 0) is False


def test_shared_index_that_is_not_there_is_done_without(tmp_path):
    assert lookups._mapped(str(tmp_path / "absent")) is None
    (tmp_path / "empty").touch()
    assert lookups._mapped(str(tmp_path / "empty")) is None
