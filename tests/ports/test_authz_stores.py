"""What every database keeps of the authorization house's promises: SQLite and PostgreSQL alike."""

import asyncio
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, text

from authz.adapters import callers as caller_table
from authz.adapters import tables, writer
from authz.adapters.anchors import TrustBook
from authz.adapters.callers import CallerBook
from authz.adapters.changes import changes_of
from authz.adapters.contract_answers import ContractAnswerTable
from authz.adapters.contracts import ContractBook
from authz.adapters.database import Database
from authz.adapters.decision_log import DecisionTable, first_break
from authz.adapters.evses import EvseBook
from authz.adapters.facts import Facts
from authz.adapters.revocation_cache import RevocationCache
from authz.adapters.schema import check_current, upgrade
from authz.adapters.signing_requests import SigningRequestTable
from authz.adapters.station_commands import StationCommandTable
from authz.adapters.stations import StationBook
from authz.adapters.transactions import TransactionTable
from authz.adapters.writer import Writer
from authz.callers import Scope, new_key
from authz.charging_station import ChargingStation, Password, SecurityProfile
from authz.contract import CERTIFICATES_MAX, Contract, ContractState, Origin
from authz.decision import LoggedDecision
from authz.errors import Conflict, NotFound, Unavailable
from authz.ocpp.protocol import OcppVersion, Station
from authz.policy import Policy, UnprovenToken
from authz.provisioning import Provisioning
from authz.restrictions import Day, Evse, PowerType, Restrictions, Schedule, Window, parse_zone
from authz.settings import load
from authz.signing_request import SigningState, Wish
from authz.station_command import StationCommand
from authz.told import Told
from authz.transaction import Report
from certs.certificate import Certificate
from certs.chain.anchors import Anchor
from certs.chain.roles import Purpose, Use
from certs.errors import MalformedHashData, Refused
from certs.identifiers.emaid import EMAID, CheckDigit
from certs.identifiers.evse_id import EVSEID
from certs.profiles.rules import Role
from certs.revocation.hash_data import OCPP_ALGORITHMS, of_chain, parse_fields, to_ocpp
from certs.revocation.hash_dialects import readings, whole_spki_hash
from certs.revocation.status import Good, Proof, Reason, Revoked, Source, Unknown
from tests.authz_house import DATABASES, OTHER_TENANT, POSTGRESQL, TENANT, database_url
from tests.world import CONTRACT_CN, NOW, SECOND, valid_world

OWN = EMAID.parse(CONTRACT_CN)
OTHER = EMAID.parse("DE8AA009876543")
ACTIVE = Contract(emaid=OWN, state=ContractState.ACTIVE)
NIGHTS_AT_SITE = Restrictions(
    evse_prefixes=frozenset({"DEPLWE45", "DEPLWE46"}),
    power_types=frozenset(PowerType),
    schedule=Schedule(
        zone=parse_zone("Europe/Berlin"),
        windows=(
            Window.make(days=frozenset({Day.MONDAY}), from_minute=0, to_minute=61),
            Window.make(days=frozenset(Day), from_minute=1_320, to_minute=1_440),
        ),
    ),
)


def memory_over(database: Database, writer: Writer, **more: object) -> RevocationCache:
    quiet = {"random": lambda: 0.5, "tampered": lambda _reason: None}
    return RevocationCache(database, writer, **(quiet | more))


@dataclass
class Stores:
    """Every adapter over one database."""

    database: Database
    writer: Writer
    facts: Facts

    def __post_init__(self) -> None:
        self.contracts = ContractBook(self.database, self.writer, self.facts)
        self.trusts = TrustBook(self.database, self.writer, self.facts)
        self.evses = EvseBook(self.database, self.writer)
        self.callers = CallerBook(self.database, self.facts)
        self.stations = StationBook(self.database, self.writer)
        self.log = DecisionTable(self.database, self.writer)
        self.memory = memory_over(self.database, self.writer)

    async def keep(self, contract: Contract, tenant: str = TENANT, **more: object) -> bool:
        make = {"now": NOW} | more
        return await self.contracts.put(tenant, contract.emaid, lambda _: contract, **make)


@asynccontextmanager
async def opened(url: str):
    database = Database(url)
    try:
        check_current(database)
        database.check_durable()
        kept = Writer(database)
        with database.writing() as connection:
            for table in reversed(tables.METADATA.sorted_tables):
                connection.execute(delete(table))
            for tenant in (TENANT, OTHER_TENANT):
                caller_table.add_tenant(connection, tenant, name=tenant, now=NOW)
        kept.start()
        try:
            # Not started: what is remembered is test_authz_facts' to tell; this is of the tables.
            stores = Stores(database, kept, Facts(changes_of(database)))
            yield stores
            await stores.memory.close()
        finally:
            await kept.close()
    finally:
        database.close()


@pytest.fixture(params=DATABASES, scope="module")
def place(request, tmp_path_factory):
    """A database with its tables, made once; each story begins with empty ones."""
    with database_url(request.param, tmp_path_factory.mktemp("authz")) as url:
        database = Database(url)
        upgrade(database)
        database.close()
        yield url


@pytest.fixture
def told(place):
    """Runs a story against the database of this run."""

    def tell(story):
        async def whole():
            async with opened(place) as stores:
                await story(stores)

        asyncio.run(whole())

    return tell


def path_of(role: Role = Role.CONTRACT, world=None) -> tuple[Certificate, ...]:
    identity = (world or valid_world())[role]
    return (*identity.chain, identity.root)


def named(path, algorithm="SHA256", **changes):
    sent = to_ocpp(of_chain(path, OCPP_ALGORITHMS[algorithm])[0]) | changes
    return [readings(parse_fields(sent))]


# Contracts ---------------------------------------------------------------------------------------


def test_contract_is_kept_as_it_was_put(told):
    async def story(stores):
        full = Contract(
            emaid=EMAID.parse("DE-8AA-001234567"),
            state=ContractState.SUSPENDED,
            not_before=NOW - timedelta(microseconds=1),
            not_after=NOW + timedelta(days=9_999),
            evse_ids=frozenset({EVSEID.parse("DE*PLW*E1"), EVSEID.parse("DE*PLW*E2")}),
            group="fleet 7",
            restrictions=NIGHTS_AT_SITE,
        )
        assert await stores.contracts.find(TENANT, OWN) is None
        assert await stores.keep(full)
        assert await stores.contracts.find(TENANT, OWN) == full
        assert not await stores.keep(ACTIVE)
        assert await stores.contracts.find(TENANT, OWN) == ACTIVE
        assert await stores.contracts.find(OTHER_TENANT, OWN) is None

    told(story)


def test_zone_that_this_machine_does_not_know_is_silence(told):
    async def story(stores):
        await stores.keep(replace(ACTIVE, restrictions=NIGHTS_AT_SITE))
        with stores.database.writing() as connection:
            other = "replace(restrictions, 'Berlin', 'Atlantis')"
            connection.execute(text(f"UPDATE contracts SET restrictions = {other}"))
        with pytest.raises(Unavailable):
            await stores.contracts.find(TENANT, OWN)

    told(story)


def test_evse_is_kept_as_it_was_told(told):
    async def story(stores):
        place = EVSEID.parse("DE*PLW*E1")
        full = Evse(evse_id=place, power_type=PowerType.DC, latitude=52.5, longitude=-0.25)
        assert await stores.evses.find(TENANT, place) is None
        assert await stores.evses.put(TENANT, full, now=NOW)
        assert await stores.evses.find(TENANT, EVSEID.parse("deplwe1")) == full
        assert not await stores.evses.put(TENANT, Evse(evse_id=place), now=NOW)
        assert await stores.evses.find(TENANT, place) == Evse(evse_id=place)
        assert await stores.evses.find(OTHER_TENANT, place) is None
        with pytest.raises(NotFound):
            await stores.evses.delete(OTHER_TENANT, place)
        await stores.evses.delete(TENANT, place)
        assert await stores.evses.find(TENANT, place) is None

    told(story)


def test_contract_is_made_from_the_one_that_stands(told):
    async def story(stores):
        await stores.keep(ACTIVE)
        seen = []

        def change(name, value):
            def make(contract):
                seen.append(contract)
                return replace(contract, **{name: value})

            return stores.contracts.put(TENANT, OWN, make, now=NOW)

        await asyncio.gather(
            change("state", ContractState.BLOCKED), change("not_after", NOW + SECOND)
        )
        kept = await stores.contracts.find(TENANT, OWN)
        assert (kept.state, kept.not_after) == (ContractState.BLOCKED, NOW + SECOND)
        assert len(seen) == 2

    told(story)


@pytest.mark.parametrize(
    "declined", [NotFound("a", "b"), Conflict("a", "b"), MalformedHashData("a"), Refused("a", "b")]
)
def test_what_a_change_declines_is_raised_and_keeps_nothing(told, declined):
    def decline(_contract):
        raise declined

    async def story(stores):
        with pytest.raises(type(declined)):
            await stores.contracts.put(TENANT, OWN, decline, now=NOW)
        assert await stores.contracts.find(TENANT, OWN) is None

    told(story)


@pytest.mark.parametrize("algorithm", OCPP_ALGORITHMS)
def test_certificate_is_named_by_its_hash_data(told, algorithm):
    path = path_of()

    async def story(stores):
        assert await stores.contracts.named_by(TENANT, named(path, algorithm)) is None
        await stores.keep(ACTIVE, path=path)
        known = await stores.contracts.named_by(TENANT, named(path, algorithm))
        assert (known.emaid, known.fingerprint, known.origin) == (
            OWN,
            path[0].fingerprint,
            Origin.IMPORTED,
        )
        assert known.chain_pem == valid_world()[Role.CONTRACT].pem
        assert await stores.contracts.named_by(OTHER_TENANT, named(path, algorithm)) is None
        sub = of_chain(path, OCPP_ALGORITHMS[algorithm])[1]
        assert (
            await stores.contracts.named_by(TENANT, [readings(parse_fields(to_ocpp(sub)))]) is None
        )
        assert await stores.contracts.named_by(TENANT, named(path, serialNumber="1")) is None

    told(story)


def test_whole_spki_dialect_is_matched_and_never_guessed(told):
    path = path_of()
    whole = whole_spki_hash(path[1], OCPP_ALGORITHMS["SHA256"]).hex()

    async def story(stores):
        await stores.keep(ACTIVE, path=path)
        assert await stores.contracts.named_by(TENANT, named(path, issuerKeyHash=whole)) is not None

    told(story)


def test_certificate_is_learnt_once_and_only_with_its_contract(told):
    path = path_of()

    async def story(stores):
        await stores.contracts.learn(TENANT, OWN, path, now=NOW)
        assert await stores.contracts.certificates_of(TENANT, OWN) == ()
        await stores.keep(ACTIVE)
        for _ in range(2):
            await stores.contracts.learn(TENANT, OWN, path, now=NOW)
        known = await stores.contracts.certificates_of(TENANT, OWN)
        assert [(one.fingerprint, one.origin) for one in known] == [
            (path[0].fingerprint, Origin.LEARNT)
        ]

    told(story)


def test_oldest_certificates_make_room(told):
    world = valid_world()
    issued = [world.issue(Role.CONTRACT) for _ in range(CERTIFICATES_MAX + 2)]

    async def story(stores):
        await stores.keep(ACTIVE)
        for at, identity in enumerate(issued):
            path = (*identity.chain, identity.root)
            await stores.contracts.learn(TENANT, OWN, path, now=NOW + at * SECOND)
        known = await stores.contracts.certificates_of(TENANT, OWN)
        assert [one.fingerprint for one in known] == [
            identity.certificate.fingerprint for identity in issued[2:]
        ]
        gone = (*issued[0].chain, issued[0].root)
        assert await stores.contracts.named_by(TENANT, named(gone)) is None

    told(story)


def test_forgotten_contract_takes_its_certificates_along(told):
    path = path_of()

    async def story(stores):
        await stores.keep(ACTIVE, path=path)
        await stores.keep(ACTIVE, tenant=OTHER_TENANT, path=path)
        await stores.contracts.delete(TENANT, OWN)
        assert await stores.contracts.find(TENANT, OWN) is None
        assert await stores.contracts.named_by(TENANT, named(path)) is None
        assert await stores.contracts.named_by(OTHER_TENANT, named(path)) is not None
        with pytest.raises(NotFound):
            await stores.contracts.delete(TENANT, OWN)

    told(story)


# Trust -------------------------------------------------------------------------------------------


def anchor(role: Role = Role.MO_ROOT, purpose: Purpose = Purpose.MO, **more) -> Anchor:
    return Anchor(certificate=valid_world()[role].certificate, purpose=purpose, **more)


def test_anchors_are_kept_as_they_were_put(told):
    sub = valid_world()[Role.MO_SUB_1].certificate.fingerprint
    full = anchor(tolerances=frozenset(), sub_ca_roles={sub: Use.CONTRACT})

    async def story(stores):
        assert await stores.trusts.add_anchor(TENANT, anchor(), now=NOW)
        assert not await stores.trusts.add_anchor(TENANT, full, now=NOW)
        (kept,) = await stores.trusts.anchors(TENANT)
        assert kept == full
        assert await stores.trusts.add_anchor(TENANT, anchor(purpose=Purpose.V2G), now=NOW)
        assert len(await stores.trusts.anchors(TENANT)) == 2
        assert await stores.trusts.anchors(OTHER_TENANT) == ()
        await stores.trusts.delete_anchor(TENANT, full.certificate.fingerprint)
        assert await stores.trusts.anchors(TENANT) == ()
        with pytest.raises(NotFound):
            await stores.trusts.delete_anchor(TENANT, full.certificate.fingerprint)

    told(story)


def test_every_change_of_trust_makes_a_new_generation(told):
    policy = Policy(check_digit=CheckDigit.ENFORCE, unproven_token=UnprovenToken.BY_CONTRACT)

    async def story(stores):
        first = await stores.trusts.trust(TENANT, generation=0)
        assert (first.generation, first.policy, len(first.verifier.anchors)) == (0, Policy(), 0)
        assert await stores.trusts.trust(TENANT, generation=0) is first
        await stores.trusts.add_anchor(TENANT, anchor(), now=NOW)
        await stores.trusts.put_policy(TENANT, policy)
        last = await stores.trusts.trust(TENANT, generation=2)
        assert (last.generation, last.policy, len(last.verifier.anchors)) == (2, policy, 1)
        assert last.verifier is first.verifier
        await stores.trusts.delete_anchor(TENANT, anchor().certificate.fingerprint)
        assert (await stores.trusts.trust(TENANT, generation=3)).generation == 3
        assert (await stores.trusts.trust(OTHER_TENANT, generation=0)).policy == Policy()

    told(story)


def test_anchors_of_a_tenant_are_bounded(told, monkeypatch):
    monkeypatch.setattr("authz.adapters.anchors.ANCHORS_PER_TENANT_MAX", 1)

    async def story(stores):
        await stores.trusts.add_anchor(TENANT, anchor(), now=NOW)
        assert not await stores.trusts.add_anchor(TENANT, anchor(), now=NOW)
        with pytest.raises(Conflict) as full:
            await stores.trusts.add_anchor(TENANT, anchor(Role.V2G_ROOT, Purpose.V2G), now=NOW)
        assert full.value.code == "anchor.too_many"

    told(story)


# Callers -----------------------------------------------------------------------------------------


def test_key_identifies_its_tenant_while_it_is_in_use(told):
    kept, key = new_key(
        tenant=TENANT,
        scopes=frozenset(Scope),
        label="csms",
        now=NOW,
        random=lambda octets: b"\7" * octets,
        expires_at=NOW + 2 * SECOND,
    )

    async def story(stores):
        assert await stores.callers.identify(key, now=NOW) is None
        with stores.database.writing() as connection:
            caller_table.add_key(connection, kept)
            assert caller_table.keys_of(connection, TENANT) == (kept,)
            assert caller_table.keys_of(connection, OTHER_TENANT) == ()
        caller = await stores.callers.identify(key, now=NOW)
        assert (caller.tenant, caller.scopes, caller.generation) == (TENANT, frozenset(Scope), 0)
        for wrong in ("", "pnc_live_", key[:-1] + "0", key + "0", key.replace("07", "08", 1)):
            assert await stores.callers.identify(wrong, now=NOW) is None
        assert await stores.callers.identify(key, now=NOW + 2 * SECOND) is None
        with stores.database.writing() as connection:
            caller_table.revoke_key(connection, kept.key_id, now=NOW)
        assert await stores.callers.identify(key, now=NOW) is None
        with pytest.raises(NotFound), stores.database.writing() as connection:
            caller_table.revoke_key(connection, kept.key_id, now=NOW)

    told(story)


def test_tenants_are_made_once_and_keys_only_for_them(told):
    async def story(stores):
        with pytest.raises(Conflict), stores.database.writing() as connection:
            caller_table.add_tenant(connection, TENANT, name="", now=NOW)
        stray, _ = new_key(tenant="nobody", scopes=frozenset(), label="", now=NOW, random=bytes)
        with pytest.raises(NotFound), stores.database.writing() as connection:
            caller_table.add_key(connection, stray)

    told(story)


# The log -----------------------------------------------------------------------------------------


@pytest.mark.needs("postgresql")
def test_postgresql_is_sent_to_at_once():
    """A commit of a hundred decisions waited for its beginning to be acknowledged."""
    database = Database(POSTGRESQL)
    with database.reading() as connection:
        sent_over = connection.connection.dbapi_connection._usock
        assert sent_over.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    database.close()


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(
            POSTGRESQL.replace("//postgres@", "//nobody@"), marks=pytest.mark.needs("postgresql")
        ),
        "postgresql+pg8000://postgres@127.0.0.1:1/test",
        "postgresql+pg8000://postgres@/test?unix_sock=/absent",
    ],
)
def test_postgresql_that_does_not_let_us_in_is_unavailable(url):
    database = Database(url)
    with pytest.raises(Unavailable), database.reading():
        pass
    database.close()


def decision(at: int, tenant: str = TENANT) -> LoggedDecision:
    return LoggedDecision(
        decision_id=f"00000000-0000-7000-8000-{at:012}",
        tenant=tenant,
        decided_at=NOW + at * SECOND,
        granted=at % 2 == 0,
        body=b'{"at":%d}' % at,
    )


def test_log_keeps_every_decision_in_order(told):
    async def story(stores):
        assert await stores.log.last_moment() is None
        await asyncio.gather(*(stores.log.append(decision(at)) for at in range(50)))
        await stores.log.append(decision(50, OTHER_TENANT))
        assert await stores.log.last_moment() == NOW + 50 * SECOND
        assert await stores.log.find(TENANT, decision(7).decision_id) == b'{"at":7}'
        assert await stores.log.find(OTHER_TENANT, decision(7).decision_id) is None
        assert stores.writer.commits < 30  # many decisions share a commit
        with stores.database.reading() as connection:
            assert first_break(connection) is None
            asked = select(tables.DECISIONS.c.sequence).order_by(tables.DECISIONS.c.sequence)
            assert list(connection.execute(asked).scalars()) == list(range(1, 52))

    told(story)


@pytest.mark.parametrize(
    ("statement", "sequence"),
    [
        ("UPDATE decisions SET body = :body WHERE sequence = 3", 3),
        ("UPDATE decisions SET granted = NOT granted WHERE sequence = 3", 3),
        ("UPDATE decisions SET decided_at = decided_at + 1 WHERE sequence = 3", 3),
        ("UPDATE decisions SET tenant = 'cpo-two' WHERE sequence = 3", 3),
        ("UPDATE decisions SET hash = previous_hash WHERE sequence = 3", 3),
        ("DELETE FROM decisions WHERE sequence = 3", 3),
        ("DELETE FROM decisions WHERE sequence = 1", 1),
        ("UPDATE decisions SET previous_hash = hash WHERE sequence = 4", 4),
    ],
)
def test_log_that_was_tampered_with_shows_where(told, statement, sequence):
    async def story(stores):
        await asyncio.gather(*(stores.log.append(decision(at)) for at in range(5)))
        given = {"body": b"{}"} if ":body" in statement else {}
        with stores.database.writing() as connection:
            connection.execute(text(statement), given)
        with stores.database.reading() as connection:
            assert first_break(connection).sequence == sequence

    told(story)


def test_two_processes_append_to_one_chain(told):
    async def story(stores):
        second = Writer(stores.database)
        second.start()
        other = DecisionTable(stores.database, second)
        try:
            await asyncio.gather(
                *((stores.log if at % 2 else other).append(decision(at)) for at in range(40))
            )
        finally:
            await second.close()
        with stores.database.reading() as connection:
            assert first_break(connection) is None
            counted = connection.execute(text("SELECT count(*) FROM decisions")).scalar_one()
        assert counted == 40

    told(story)


def test_same_decision_twice_is_a_failed_commit_for_both(told):
    async def story(stores):
        await stores.log.append(decision(1))
        with pytest.raises(Unavailable):
            await stores.log.append(decision(1))
        await stores.log.append(decision(2))
        with stores.database.reading() as connection:
            assert first_break(connection) is None

    told(story)


# Revocations -------------------------------------------------------------------------------------


def proof(at=NOW, source: Source = Source.OCSP) -> Proof:
    return Proof(
        source=source,
        this_update=at,
        next_update=at + 60 * SECOND,
        produced_at=at if source is Source.OCSP else None,
        number=None if source is Source.OCSP else 2**150,
        signer_fingerprint=b"\1" * 32,
        digest=b"\2" * 32,
    )


@pytest.mark.parametrize("source", list(Source))
def test_revocation_outlives_memory(told, source):
    leaf, issuer = path_of()[:2]
    other = path_of(Role.CPS)[1]
    revoked = Revoked(revoked_at=NOW, reason=Reason.SUPERSEDED, proof=proof(source=source))

    async def story(stores):
        assert await stores.memory.recall_kept(leaf, issuer, now=NOW) is None
        assert await stores.memory.remember(leaf, issuer, Told(status=revoked), now=NOW) == revoked
        fresh = memory_over(stores.database, stores.writer)
        assert fresh.recall(leaf, issuer, now=NOW) is None
        assert await fresh.recall_kept(leaf, issuer, now=NOW) == revoked
        assert await fresh.recall_kept(leaf, other, now=NOW) is None
        late = NOW + timedelta(days=9_999)
        assert fresh.recall(leaf, issuer, now=late) == revoked
        good = Good(proof=proof(NOW + SECOND))
        assert await fresh.remember(leaf, issuer, Told(status=good), now=NOW) == revoked
        assert await stores.memory.remember(leaf, issuer, Told(status=revoked), now=NOW) == revoked

    told(story)


def test_good_is_held_to_its_next_update_and_a_hold_is_not_kept(told):
    leaf, issuer = path_of()[:2]
    good = Good(proof=proof())
    held = Revoked(revoked_at=NOW, reason=Reason.CERTIFICATE_HOLD, proof=proof(NOW + SECOND))
    silent = Unknown("revocation.source_unreachable")

    async def story(stores):
        memory = stores.memory
        assert await memory.remember(leaf, issuer, Told(status=good), now=NOW) == good
        assert memory.recall(leaf, issuer, now=NOW + 60 * SECOND) == good
        assert memory.recall(leaf, issuer, now=NOW + 61 * SECOND) is None
        assert memory.recall(leaf, issuer, now=NOW - SECOND) is None
        assert await memory.remember(leaf, issuer, Told(status=silent), now=NOW) == silent
        assert memory.recall(leaf, issuer, now=NOW) == good
        assert await memory.remember(leaf, issuer, Told(status=held), now=NOW) == held
        assert await memory.recall_kept(leaf, issuer, now=NOW) is None
        assert memory.recall(leaf, issuer, now=NOW + 62 * SECOND) is None

    told(story)


def test_memory_is_bounded(told):
    paths = [path_of(role) for role in (Role.CONTRACT, Role.CPS, Role.SECC)]

    async def story(stores):
        memory = memory_over(stores.database, stores.writer, entries_max=2)
        good = Good(proof=proof())
        for leaf, issuer, *_ in paths:
            await memory.remember(leaf, issuer, Told(status=good), now=NOW)
            assert memory.recall(*paths[0][:2], now=NOW) == good
        assert len(memory) == 2
        assert memory.recall(*paths[1][:2], now=NOW) is None

    told(story)


# The writer and the database ---------------------------------------------------------------------


def test_one_failed_job_leaves_the_others_of_its_commit_standing(told):
    async def story(stores):
        def fails(_connection):
            raise NotFound("a", "b")

        def clashes(connection):
            for _ in range(2):
                caller_table.add_tenant(connection, "third", name="", now=NOW)

        def works(connection):
            caller_table.add_tenant(connection, "fourth", name="", now=NOW)
            return 7

        jobs = [stores.writer.run(job) for job in (fails, clashes, works)]
        outcomes = await asyncio.gather(*jobs, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [NotFound, Conflict, int]
        with stores.database.reading() as connection:
            assert caller_table.tenant_exists(connection, "fourth")
            assert not caller_table.tenant_exists(connection, "third")

    told(story)


def test_bug_in_a_job_reaches_whoever_waits(told):
    async def story(stores):
        def bug(_connection):
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await stores.writer.run(bug)
        assert await stores.writer.run(lambda _connection: 7) == 7
        assert stores.writer.pending == 0

    told(story)


def test_writer_that_is_not_running_or_overloaded_says_so(told, monkeypatch):
    async def story(stores):
        idle = Writer(stores.database)
        with pytest.raises(Unavailable):
            await idle.run(lambda _connection: 7)
        await idle.close()
        monkeypatch.setattr(writer, "PENDING_MAX", 0)
        with pytest.raises(Unavailable) as full:
            await stores.writer.run(lambda _connection: 7)
        assert full.value.code == "unavailable.writer"

    told(story)


def test_whoever_goes_away_does_not_stop_the_writer(told):
    async def story(stores):
        gone = asyncio.ensure_future(stores.writer.run(lambda _connection: 7))
        await asyncio.sleep(0)
        gone.cancel()
        assert await stores.writer.run(lambda _connection: 8) == 8

    told(story)


def test_writes_that_wait_are_made_before_the_writer_ends(told):
    async def story(stores):
        last = Writer(stores.database)
        last.start()
        waiting = asyncio.gather(
            *(last.run(lambda _connection, at=at: at) for at in range(writer.BATCH_MAX + 10))
        )
        await asyncio.sleep(0)
        await last.close()
        assert await waiting == list(range(writer.BATCH_MAX + 10))

    told(story)


def test_integrity_error_of_a_job_is_a_conflict(told):
    async def story(stores):
        def repeats(connection):
            row = {"algorithm": "SHA256", "name_hash": b"", "key_hash": b"", "issuer_id": b""}
            for _ in range(2):
                connection.execute(insert(tables.ISSUER_HASHES).values(row))

        with pytest.raises(Conflict):
            await stores.writer.run(repeats)

    told(story)


def test_schema_that_is_not_the_newest_is_refused(told):
    async def story(stores):
        with stores.database.writing() as connection:
            version = connection.execute(text("SELECT version_num FROM authz_schema_version"))
            newest = version.scalar_one()
            connection.execute(text("UPDATE authz_schema_version SET version_num = '0000'"))
        with pytest.raises(Unavailable) as old:
            check_current(stores.database)
        assert old.value.code == "unavailable.schema"
        with stores.database.writing() as connection:
            put_back = text("UPDATE authz_schema_version SET version_num = :newest")
            connection.execute(put_back, {"newest": newest})

    told(story)


def test_migrations_make_the_tables_that_the_code_knows(told):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    async def story(stores):
        with stores.database.reading() as connection:
            context = MigrationContext.configure(
                connection, opts={"version_table": "authz_schema_version"}
            )
            told = compare_metadata(context, tables.METADATA)
            # Written by triggers and read without SQLAlchemy: SQLite's own, no table of the code.
            assert [change[1].name for change in told] == ["fact_changes"] * len(told)

    told(story)


@pytest.mark.parametrize(
    "url",
    ["", "no URL", "sqlite://", "sqlite:///:memory:", "mysql://a/b", "postgresql+nodriver://a/b"],
)
def test_database_that_cannot_be_meant_is_refused(url):
    with pytest.raises(Refused) as refused:
        Database(url)
    assert refused.value.code == "database.url"


def test_database_that_is_not_there_is_unavailable(tmp_path):
    for url in (
        f"sqlite:///{tmp_path}/nowhere/authz.db",
        "postgresql+pg8000://postgres@127.0.0.1:1/test",
    ):
        database = Database(url)
        try:
            with pytest.raises(Unavailable):
                upgrade(database)
        finally:
            database.close()


def test_relaxed_durability_is_refused(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/authz.db")
    try:
        database._engine.dispose()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("authz.adapters.database._SQLITE_DURABLE", {"synchronous": {"3"}})
            with pytest.raises(Refused) as refused:
                database.check_durable()
        assert refused.value.code == "database.not_durable"
    finally:
        database.close()


def test_tenant_names_are_plain(tmp_path):
    settings = load(environ={}, database_url=f"sqlite:///{tmp_path}/authz.db")
    with Provisioning(settings) as provisioning:
        provisioning.add_tenant("cpo_1-a", now=NOW)
        assert provisioning.has_tenant("cpo_1-a")
        for name in ("", "a b", "a/b", "\N{LATIN SMALL LETTER A WITH DIAERESIS}", "a" * 65, "-"):
            with pytest.raises(Refused):
                provisioning.add_tenant(name, now=NOW)


def test_other_emaid_is_another_contract(told):
    async def story(stores):
        await stores.keep(ACTIVE)
        assert await stores.contracts.find(TENANT, OTHER) is None

    told(story)


# Transactions ------------------------------------------------------------------------------------


def report(name="tx-1", *, identity="CS-1", **more):
    return Report(tenant=TENANT, identity=identity, transaction_id=name, **{"at": NOW} | more)


def test_transactions_are_kept_by_name_number_and_contract(told):
    async def story(stores):
        table = TransactionTable(stores.database, stores.writer)
        assert await table.find(TENANT, "CS-1", "tx-1") is None
        first = await table.record(report(emaid=OWN, authorized=True, evse=1, decision_id="d"))
        second = await table.record(report("tx-1", identity="CS-2", emaid=OWN))
        assert first.number != second.number
        assert await table.find(TENANT, "CS-1", "tx-1") == first
        assert await table.numbered(TENANT, "CS-1", first.number) == first
        assert await table.numbered(TENANT, "CS-2", first.number) is None
        assert await table.numbered(OTHER_TENANT, "CS-1", first.number) is None
        assert await table.numbered(TENANT, "CS-1", 2**70) is None
        assert await table.running(TENANT, OWN) == (first, second)
        assert await table.running(TENANT, OTHER) == ()
        assert await table.running(OTHER_TENANT, OWN) == ()
        later = NOW + timedelta(minutes=5)
        ended = await table.record(report(at=later, ended=True, reason="Local", emaid=OTHER))
        assert ended == replace(first, heard_at=later, ended_at=later, reason="Local")
        again = await table.record(report(at=later + SECOND, ended=True))
        assert again.ended_at == later
        assert await table.running(TENANT, OWN) == (second,)

    told(story)


def test_a_transactions_first_word_may_come_last(told):
    async def story(stores):
        table = TransactionTable(stores.database, stores.writer)
        await table.record(report(at=NOW + SECOND, ended=True))
        whole = await table.record(report(emaid=OWN, authorized=False, offline=True))
        assert whole.started_at == NOW
        assert whole.ended_at == NOW + SECOND
        assert whole.emaid == OWN
        assert whole.offline
        assert await table.running(TENANT, OWN) == ()

    told(story)


# Stations ----------------------------------------------------------------------------------------


def station(identity="CS-1", **given):
    kept = {
        "tenant": TENANT,
        "identity": identity,
        "profile": SecurityProfile.TLS_BASIC,
        "password": Password.of("a-password-of-a-station", salt=bytes(16)),
        "updated_at": NOW,
    }
    return ChargingStation(**kept | given)


def test_station_is_kept_as_it_was_put(told):
    async def story(stores):
        first = station()
        assert await stores.stations.put(TENANT, "CS-1", lambda _: first)
        assert await stores.stations.find(TENANT, "CS-1") == first
        changed = station(
            profile=SecurityProfile.TLS_CERTIFICATE, password=None, common_name="A serial number"
        )
        seen = []
        assert not await stores.stations.put(
            TENANT, "CS-1", lambda standing: seen.append(standing) or changed
        )
        assert seen == [first]
        assert await stores.stations.find(TENANT, "CS-1") == changed
        assert await stores.stations.find(OTHER_TENANT, "CS-1") is None

    told(story)


def test_stations_are_paged_by_identity(told):
    async def story(stores):
        for identity in ("CS-3", "CS-1", "CS-2"):
            await stores.stations.put(TENANT, identity, lambda _, i=identity: station(i))
        first = await stores.stations.after(TENANT, "", limit=2)
        assert [one.identity for one in first] == ["CS-1", "CS-2"]
        rest = await stores.stations.after(TENANT, "CS-2", limit=2)
        assert rest == (station("CS-3"),)
        assert await stores.stations.after(OTHER_TENANT, "", limit=2) == ()

    told(story)


def test_forgotten_station_is_gone(told):
    async def story(stores):
        await stores.stations.put(TENANT, "CS-1", lambda _: station())
        with pytest.raises(NotFound):
            await stores.stations.delete(OTHER_TENANT, "CS-1")
        await stores.stations.delete(TENANT, "CS-1")
        assert await stores.stations.find(TENANT, "CS-1") is None

    told(story)


def test_station_s_generation_is_its_tenant_s(told):
    async def story(stores):
        await stores.stations.put(TENANT, "CS-1", lambda _: station())
        await stores.trusts.put_policy(TENANT, Policy(cache_seconds=60))
        assert (await stores.stations.find(TENANT, "CS-1")).generation == 1

    told(story)


# What stations wait for --------------------------------------------------------------------------

AT_CS_1 = Station(tenant=TENANT, identity="CS-1", version=OcppVersion.V21)
AT_CS_2 = replace(AT_CS_1, identity="CS-2")


def test_contract_answers_are_taken_one_by_one_and_by_one_alone(told):
    async def story(stores):
        table, request = ContractAnswerTable(stores.writer), bytes(32)
        assert await table.take(AT_CS_1, request, now=NOW) is None
        await table.keep(AT_CS_1, request, ("one", "two", "three"), now=NOW)
        assert await table.take(AT_CS_2, request, now=NOW) is None
        assert await table.take(AT_CS_1, bytes(31) + b"\1", now=NOW) is None
        taken = await asyncio.gather(*(table.take(AT_CS_1, request, now=NOW) for _ in range(4)))
        assert [None if one is None else (one.exi, one.remaining) for one in taken] == [
            ("one", 2),
            ("two", 1),
            ("three", 0),
            None,
        ]
        await table.keep(AT_CS_1, request, ("one",), now=NOW)
        assert await table.take(AT_CS_1, request, now=NOW + timedelta(minutes=11)) is None

    told(story)


def wish(identity="CS-1", *, csr="a request", **more):
    made = {"certificate_type": "V2GCertificate", "request_id": 2**40, "wrapped": False} | more
    return Wish(tenant=TENANT, identity=identity, csr=csr, **made)


def test_signing_requests_are_claimed_by_one_and_moved_to_their_end(told):
    def connected(tenant):
        return (AT_CS_1,) if tenant == TENANT else ()

    async def story(stores):
        table = SigningRequestTable(stores.database, stores.writer)
        later = NOW + timedelta(minutes=1)
        claim = {"limit": 8, "now": NOW, "until": later}
        assert await table.claim(connected, **claim) == ()
        kept = await table.keep(wish(), now=NOW)
        assert kept.wish == wish()
        assert await table.keep(wish(), now=NOW) == kept
        other = await table.keep(wish("CS-2"), now=NOW)
        taken = await table.claim(connected, **claim)
        assert [one.number for one in taken] == [kept.number, other.number]
        assert {one.attempts for one in taken} == {1}
        assert await table.claim(connected, **claim) == ()
        move = {"reason": None, "due_at": None, "now": NOW}
        for one in taken:
            moved = await table.move(one, SigningState.SIGNED, chain="a chain", **move)
            assert (moved.state, moved.chain) == (SigningState.SIGNED, "a chain")
        (mine,) = await table.claim(connected, **claim)  # CS-2 is not connected here
        assert mine.number == kept.number
        ended = await table.move(mine, SigningState.DELIVERED, chain=None, **move)
        assert ended.chain == "a chain"
        again = await table.move(mine, SigningState.SIGNED, chain=None, **move)
        assert again.state is SigningState.DELIVERED
        newer = await table.keep(wish("CS-2", csr="another"), now=NOW)
        states = [one.state for one in await table.of_station(TENANT, "CS-2")]
        assert states == [SigningState.ASKED, SigningState.SUPERSEDED]
        assert newer.number > other.number
        assert await table.of_station(OTHER_TENANT, "CS-2") == ()

    told(story)


def test_commands_to_stations_are_kept_newest_first(told):
    async def story(stores):
        table = StationCommandTable(stores.database, stores.writer)
        first = StationCommand(
            tenant=TENANT, identity="CS-1", action="InstallCertificate",
            asked={"certificate": "PEM"}, asked_at=NOW, answer={"status": "Accepted"},
        )  # fmt: skip
        second = replace(first, action="DeleteCertificate", answer=None, failure="CallFailed")
        for command in (first, second, replace(first, identity="CS-2")):
            await table.keep(command)
        assert await table.latest(TENANT, "CS-1", limit=8) == (second, first)
        assert await table.latest(TENANT, "CS-1", limit=1) == (second,)
        named = await table.latest(TENANT, "CS-1", action="InstallCertificate", limit=8)
        assert named == (first,)
        assert await table.latest(OTHER_TENANT, "CS-1", limit=8) == ()

    told(story)
