"""What a process remembers is forgotten when anybody changes it: SQLite and PostgreSQL alike."""

import asyncio
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from authz.adapters import callers as caller_table
from authz.adapters import changes as changes_module
from authz.adapters.anchors import TrustBook
from authz.adapters.callers import CallerBook
from authz.adapters.changes import AT_ONCE_MAX, changes_of
from authz.adapters.contracts import ContractBook
from authz.adapters.database import Database
from authz.adapters.facts import Facts, certificate_fact, contract_fact, key_fact
from authz.adapters.schema import upgrade
from authz.adapters.writer import Writer
from authz.callers import Scope, new_key
from authz.contract import Contract, ContractState
from authz.policy import Policy
from certs.identifiers.emaid import EMAID
from certs.profiles.rules import Role
from certs.revocation.hash_data import OCPP_ALGORITHMS, of_chain, parse_fields, to_ocpp
from certs.revocation.hash_dialects import readings
from tests.authz_house import DATABASES, TENANT, database_url
from tests.world import CONTRACT_CN, NOW, valid_world

EMAID_OF = EMAID.parse(CONTRACT_CN)
SECONDS_MAX = 20  # generous: the machine may be busy; the service promises one second
ACTIVE = Contract(emaid=EMAID_OF, state=ContractState.ACTIVE)
BLOCKED = Contract(emaid=EMAID_OF, state=ContractState.BLOCKED)


class Process:
    """What one process has over a database."""

    def __init__(self, url: str, *, entries_max: int = 1_000) -> None:
        self.database = Database(url)
        self.writer = Writer(self.database)
        self.facts = Facts(changes_of(self.database), entries_max=entries_max)
        self.contracts = ContractBook(self.database, self.writer, self.facts)
        self.trusts = TrustBook(self.database, self.writer, self.facts)
        self.callers = CallerBook(self.database, self.facts)

    async def put(self, contract: Contract, **more: object) -> None:
        await self.contracts.put(TENANT, contract.emaid, lambda _: contract, now=NOW, **more)

    async def find(self) -> Contract | None:
        return await self.contracts.find(TENANT, EMAID_OF)


@asynccontextmanager
async def process(url: str, **more: object):
    made = Process(url, **more)
    made.writer.start()
    made.facts.start()
    try:
        yield made
    finally:
        await made.facts.close()
        await made.writer.close()
        made.database.close()


def furnish(url):
    """The tables, and one tenant in them."""
    database = Database(url)
    upgrade(database)
    with database.writing() as connection:
        caller_table.add_tenant(connection, TENANT, name=TENANT, now=NOW)
    database.close()


@pytest.fixture(params=DATABASES)
def url(request, tmp_path):
    with database_url(request.param, tmp_path) as made:
        furnish(made)
        yield made


async def until(ask, wanted) -> None:
    """Asks until the answer is the one that is wanted."""
    async with asyncio.timeout(SECONDS_MAX):
        while await ask() != wanted:  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.01)


async def remembered(own: Process, name: str) -> None:
    """Waits until a fact is answered from memory."""

    async def is_held() -> bool:
        await own.find()
        return own.facts.recall(name) is not None

    await until(is_held, wanted=True)


def changed_elsewhere(url: str, statement: str) -> None:
    """Lets another process, which knows nothing of ours, change the database."""
    program = (
        "import sys\n"
        "from sqlalchemy import text\n"
        "from authz.adapters.database import Database\n"
        "database = Database(sys.argv[1])\n"
        "with database.writing() as connection:\n"
        "    assert connection.execute(text(sys.argv[2])).rowcount\n"
        "database.close()\n"
    )
    subprocess.run([sys.executable, "-c", program, url, statement], check=True, timeout=60)


def test_revoked_key_is_heard_of_across_processes(url):
    kept, key = new_key(
        tenant=TENANT,
        scopes=frozenset(Scope),
        label="",
        now=NOW,
        random=lambda octets: b"\7" * octets,
    )

    async def story():
        async with process(url) as own:
            with own.database.writing() as connection:
                caller_table.add_key(connection, kept)

            async def is_held() -> bool:
                assert await own.callers.identify(key, now=NOW) is not None
                return own.facts.recall(key_fact(kept.key_id)) is not None

            await until(is_held, wanted=True)
            await asyncio.to_thread(
                changed_elsewhere,
                url,
                f"UPDATE api_keys SET revoked_at = 1 WHERE key_id = '{kept.key_id}'",
            )
            await until(lambda: own.callers.identify(key, now=NOW), None)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("statement", "state"),
    [
        ("UPDATE contracts SET state = 'Suspended'", ContractState.SUSPENDED),
        ("DELETE FROM contracts", None),
    ],
)
def test_contract_that_changes_is_heard_of_across_processes(url, statement, state):
    async def story():
        async with process(url) as own:
            await own.put(ACTIVE)
            await remembered(own, contract_fact(TENANT, EMAID_OF.canonical))
            await asyncio.to_thread(changed_elsewhere, url, statement)

            async def standing():
                found = await own.find()
                return None if found is None else found.state

            await until(standing, state)

    asyncio.run(story())


def test_policy_that_changes_is_heard_of_across_processes(url):
    kept, key = new_key(
        tenant=TENANT,
        scopes=frozenset(Scope),
        label="",
        now=NOW,
        random=lambda octets: b"\7" * octets,
    )

    async def story():
        async with process(url) as own, process(url) as other:
            with own.database.writing() as connection:
                caller_table.add_key(connection, kept)

            async def generation() -> int:
                return (await own.callers.identify(key, now=NOW)).generation

            assert await generation() == 0
            await other.trusts.put_policy(TENANT, Policy(cache_seconds=7))
            await until(generation, 1)
            await own.trusts.put_policy(TENANT, Policy(cache_seconds=8))
            assert await generation() == 2  # one's own change is known at once

    asyncio.run(story())


def test_ones_own_changes_are_known_at_once(url):
    async def story():
        async with process(url) as own:
            await own.put(ACTIVE)
            await remembered(own, contract_fact(TENANT, EMAID_OF.canonical))
            for _ in range(20):
                await own.put(BLOCKED)
                assert await own.find() == BLOCKED
                await own.put(ACTIVE)
                assert await own.find() == ACTIVE
            await own.contracts.delete(TENANT, EMAID_OF)
            assert await own.find() is None

    asyncio.run(story())


def test_certificate_that_is_forgotten_names_nothing_any_more(url):
    identity = valid_world()[Role.CONTRACT]
    path = (*identity.chain, identity.root)
    sent = to_ocpp(of_chain(path, OCPP_ALGORITHMS["SHA256"])[0])
    hashes = [readings(parse_fields(sent))]

    async def story():
        async with process(url) as own, process(url) as other:
            await own.put(ACTIVE)
            assert await own.contracts.named_by(TENANT, hashes) is None
            await own.contracts.learn(TENANT, EMAID_OF, path, now=NOW)
            fact = certificate_fact(TENANT, path[0].serial)

            async def is_held() -> bool:
                named = await own.contracts.named_by(TENANT, hashes)
                assert named.fingerprint == path[0].fingerprint
                await own.contracts.learn(TENANT, EMAID_OF, path, now=NOW)
                held = own.facts.recall(fact)
                return held is not None and bool(held.learnt) and bool(held.named)

            await until(is_held, wanted=True)
            commits = own.writer.commits
            await own.contracts.learn(TENANT, EMAID_OF, path, now=NOW)
            assert own.writer.commits == commits  # what is learnt is not written again
            await other.contracts.delete(TENANT, EMAID_OF)
            await until(lambda: own.contracts.named_by(TENANT, hashes), None)

    asyncio.run(story())


def test_more_changes_than_are_walked_through_forget_everything(url, monkeypatch):
    monkeypatch.setattr(changes_module, "_NOTIFICATIONS_MAX", 3)
    monkeypatch.setattr(changes_module, "AT_ONCE_MAX", 3)

    async def story():
        async with process(url) as own, process(url) as other:
            await own.put(ACTIVE)
            name = contract_fact(TENANT, EMAID_OF.canonical)
            await remembered(own, name)
            with other.database.writing() as connection:
                for at in range(AT_ONCE_MAX // 100):
                    connection.execute(text(f"UPDATE tenants SET generation = {at}"))
                connection.execute(text("UPDATE contracts SET state = 'Blocked'"))
            await until(own.find, BLOCKED)

    asyncio.run(story())


def test_memory_is_bounded_and_the_longest_unused_goes(url):
    async def story():
        async with process(url, entries_max=2) as own:
            await until(lambda: asyncio.sleep(0, own.facts.mark() is not None), wanted=True)
            for name in ("one", "two"):
                own.facts.keep(name, name, own.facts.mark())
            assert own.facts.recall("one") == "one"
            own.facts.keep("three", "three", own.facts.mark())
            assert [own.facts.recall(name) for name in ("one", "two", "three")] == [
                "one",
                None,
                "three",
            ]
            assert len(own.facts) == 2

    asyncio.run(story())


def test_row_that_was_read_while_something_changed_is_not_remembered(url):
    async def story():
        async with process(url) as own:
            await until(lambda: asyncio.sleep(0, own.facts.mark() is not None), wanted=True)
            mark = own.facts.mark()
            own.facts.forget("another")
            own.facts.keep("one", "old", mark)
            assert own.facts.recall("one") is None
            own.facts.keep("one", "new", None)
            assert own.facts.recall("one") is None

    asyncio.run(story())


def test_before_the_start_and_after_the_end_nothing_is_remembered(url):
    async def story():
        own = Process(url)
        assert own.facts.mark() is None
        assert own.facts.recall("one") is None
        async with process(url) as other:
            await until(lambda: asyncio.sleep(0, other.facts.mark() is not None), wanted=True)
            other.facts.keep("one", "one", other.facts.mark())
            await other.facts.close()
            await asyncio.sleep(0)
            assert other.facts.recall("one") is None
        own.database.close()

    asyncio.run(story())


def test_sqlite_whose_changes_cannot_be_read_is_read_through(tmp_path):
    url = f"sqlite:///{tmp_path}/authz.db"
    furnish(url)

    async def story():
        async with process(url) as own:
            await own.put(ACTIVE)
            name = contract_fact(TENANT, EMAID_OF.canonical)
            await remembered(own, name)
            with own.database.writing() as connection:
                connection.execute(text("ALTER TABLE fact_changes RENAME TO elsewhere"))
            await asyncio.sleep(0)
            assert own.facts.recall(name) is None
            assert len(own.facts) == 0
            assert await own.find() == ACTIVE  # asked of the table itself
            with own.database.writing() as connection:
                connection.execute(text("ALTER TABLE elsewhere RENAME TO fact_changes"))
            await remembered(own, name)

    asyncio.run(story())


def test_sqlite_that_cleared_changes_away_before_they_were_seen_is_read_anew(tmp_path):
    url = f"sqlite:///{tmp_path}/authz.db"
    furnish(url)

    async def story():
        async with process(url) as own:
            await own.put(ACTIVE)
            await remembered(own, contract_fact(TENANT, EMAID_OF.canonical))
            with own.database.writing() as connection:
                connection.execute(text("UPDATE contracts SET state = 'Blocked'"))
                connection.execute(text("UPDATE tenants SET generation = 1"))
                gone = "DELETE FROM fact_changes WHERE fact LIKE 'contract%'"
                connection.execute(text(gone))
            await asyncio.sleep(0)
            assert await own.find() == BLOCKED

    asyncio.run(story())


@pytest.mark.needs("postgresql")
def test_lost_channel_of_postgresql_is_read_through_and_found_again(tmp_path, monkeypatch):
    with database_url("postgresql", tmp_path) as url:
        furnish(url)

        async def story():
            async with process(url) as own, process(url) as other:
                await own.put(ACTIVE)
                name = contract_fact(TENANT, EMAID_OF.canonical)
                await remembered(own, name)
                await asyncio.to_thread(_break_listener, other.database)
                await other.put(BLOCKED)
                await until(own.find, BLOCKED)
                await remembered(own, name)  # it listens again
                # Nobody beats any more: the connection is alive, and nothing proves that it hears.
                monkeypatch.setattr(changes_module, "BEAT_SECONDS", 10 * SECONDS_MAX)
                await until(lambda: asyncio.sleep(0, own.facts.mark()), None)
                assert own.facts.recall(name) is None
                await other.put(ACTIVE)
                assert await own.find() == ACTIVE

        asyncio.run(story())


def _break_listener(database: Database) -> None:
    ask = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE query = 'SELECT ' || quote_literal('authz_' || md5(current_schema()))"
    )
    with database.writing() as connection:
        ended = connection.execute(text(ask)).all()
    assert len(ended) == 2  # both processes' listeners
