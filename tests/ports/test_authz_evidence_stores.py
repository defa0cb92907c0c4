"""What one process learnt about revocation serves another, and only after it was verified again."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, text, update

from authz.adapters import tables
from authz.adapters.database import Database
from authz.adapters.decision_log import DecisionTable
from authz.adapters.evses import EvseBook
from authz.adapters.revocation_cache import RevocationCache
from authz.adapters.schema import upgrade
from authz.adapters.sightings import SightingTable
from authz.adapters.signed_answers import SignedAnswers, watch
from authz.adapters.signed_lists import SignedLists
from authz.adapters.transactions import TransactionTable
from authz.adapters.writer import Writer
from authz.decision import LoggedDecision
from authz.outbound_rule import target
from authz.restrictions import Evse
from authz.told import GAP, RETRY_FIRST, RETRY_MAX, Told, refresh_at, retry_at
from authz.transaction import Report
from certs.identifiers.emaid import EMAID
from certs.identifiers.evse_id import EVSEID
from certs.revocation.hash_data import HashAlgorithm
from certs.revocation.ocsp import judge_response
from certs.revocation.ocsp_request import question_for
from certs.revocation.status import Good, Proof, Reason, Revoked, Source, Unknown
from tests import evidence
from tests.authz_house import DATABASES, database_url
from tests.evidence import HOUR, NOW, SECOND

DAY = timedelta(days=1)
MONTH_AGO = NOW - 30 * DAY
CA = evidence.authority()
LEAF = evidence.leaf(CA)
PAIR = (LEAF, CA.certificate)


@dataclass
class Process:
    """One process over the database: its writer, its memory, and what it reported."""

    database: Database
    writer: Writer
    reported: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.memory = RevocationCache(
            self.database, self.writer, random=lambda: 0.0, tampered=self.reported.append
        )
        self.watch = SignedAnswers(self.database, self.writer, rows_max=20)
        self.lists = SignedLists(self.database, self.writer)

    async def learn(self, told: Told, *, certificate=LEAF, now=NOW, **more):
        """Remembers, and waits until it is on disk."""
        status = await self.memory.remember(
            certificate, CA.certificate, told, now=now, **more
        )  # fmt: skip
        await self.memory.close()
        return status

    async def due(self, now=NOW, *, asked_since=MONTH_AGO, count_max=10):
        found = await self.watch.due(
            now=now, asked_since=asked_since, until=now + HOUR, count_max=count_max
        )
        return [one.certificate for one in found]

    def change(self, statement) -> None:
        with self.database.writing() as connection:
            connection.execute(statement)


@pytest.fixture(params=DATABASES, scope="module")
def place(request, tmp_path_factory):
    with database_url(request.param, tmp_path_factory.mktemp("authz")) as url:
        database = Database(url)
        upgrade(database)
        database.close()
        yield url


@pytest.fixture
def told(place):
    """Runs a story of two processes over one database that begins empty."""

    @asynccontextmanager
    async def process():
        database = Database(place)
        writer = Writer(database)
        writer.start()
        made = Process(database, writer)
        try:
            yield made
        finally:
            await made.memory.close()
            await writer.close()
            database.close()

    def tell(story):
        async def whole():
            async with process() as one, process() as other:
                for table in reversed(tables.METADATA.sorted_tables):
                    one.change(delete(table))
                await story(one, other)

        asyncio.run(whole())

    return tell


def answer(status=evidence.GOOD, *, at=NOW - HOUR, certificate=LEAF, life=2 * HOUR, **odd) -> Told:
    """What a responder told, as the client hands it on."""
    question = question_for(certificate, CA.certificate, hash_algorithm=HashAlgorithm.SHA1)
    signer = odd.pop("signer", CA)
    tbs = evidence.response_data(
        evidence.single(question, status, this_update=at, next_update=at + life),
        responder=evidence.by_key(CA.certificate),
        produced_at=at,
    )
    response = evidence.signed(tbs, signer)
    judged = judge_response(response, question=question, issuer=CA.certificate, now=at + life)
    return Told(status=judged, response=response, hash_algorithm=HashAlgorithm.SHA1)


HELD = evidence.revoked(NOW - DAY, Reason.CERTIFICATE_HOLD.value)
GONE = evidence.revoked(NOW - DAY, Reason.KEY_COMPROMISE.value)


# Across processes --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [evidence.GOOD, HELD], ids=["good", "hold"])
def test_what_one_process_was_told_serves_another(told, status):
    async def story(one, other):
        learnt = await one.learn(answer(status))
        assert other.memory.recall(*PAIR, now=NOW) is None
        assert await other.memory.recall_kept(*PAIR, now=NOW) == learnt
        assert other.memory.recall(*PAIR, now=NOW) == learnt
        stranger = evidence.authority("another CA").certificate
        assert await other.memory.recall_kept(LEAF, stranger, now=NOW) is None
        assert other.reported == []

    told(story)


def test_answer_that_ended_is_no_answer(told):
    async def story(one, other):
        await one.learn(answer())
        assert await other.memory.recall_kept(*PAIR, now=NOW + HOUR + SECOND) is None
        assert other.memory.recall(*PAIR, now=NOW + HOUR + SECOND) is None

    told(story)


def test_o10_answer_that_ended_is_still_the_oldest_that_another_process_takes(told):
    async def story(one, other):
        await one.learn(answer())
        later = NOW + 2 * HOUR
        assert await other.memory.recall_kept(*PAIR, now=later) is None
        older = answer(at=NOW - HOUR - SECOND, life=9 * HOUR)
        replayed = await other.learn(older, now=later)
        assert isinstance(replayed, Unknown)
        assert replayed.code == "revocation.ocsp_replayed"
        newer = answer(at=NOW, life=9 * HOUR)
        assert await other.learn(newer, now=later) == newer.status

    told(story)


def test_older_answer_of_another_process_replaces_no_newer_one(told):
    async def story(one, other):
        newer = await one.learn(answer(at=NOW))
        await other.learn(answer(at=NOW - HOUR))  # it never saw the newer one
        assert await one.memory.recall_kept(*PAIR, now=NOW) == newer
        assert (await one.watch.recall(*PAIR, now=NOW)) == newer

    told(story)


def test_o10_revocation_of_another_process_is_final(told):
    async def story(one, other):
        good, gone = answer(), answer(GONE)
        await one.learn(good)
        assert await other.learn(gone) == gone.status
        assert one.memory.recall(*PAIR, now=NOW) == good.status  # it does not know yet
        assert await one.memory.catch_up(since=NOW - HOUR) == 1
        assert one.memory.recall(*PAIR, now=NOW).revoked_at == gone.status.revoked_at
        assert await one.memory.catch_up(since=NOW - HOUR) == 0
        assert isinstance(await one.learn(answer(at=NOW)), Revoked)
        assert await one.due(NOW + DAY) == []  # nobody asks again about what is final

    told(story)


def test_catching_up_touches_nobody_elses_certificate(told):
    async def story(one, other):
        second = evidence.leaf(CA, 0x3042)
        await one.learn(answer())
        await other.learn(answer(GONE, certificate=second), certificate=second)
        assert await one.memory.catch_up(since=NOW - HOUR) == 0
        assert isinstance(one.memory.recall(*PAIR, now=NOW), Good)

    told(story)


ROW = tables.SIGNED_ANSWERS


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"response": b"no response"}, "revocation.ocsp_malformed"),
        (
            {"response": answer(signer=evidence.authority("forger")).response},
            "revocation.ocsp_signature_invalid",
        ),
        (
            {"response": answer(certificate=evidence.leaf(CA, 0x3042)).response},
            "revocation.ocsp_other_certificate",
        ),
        ({"this_update": NOW + DAY}, "another thisUpdate"),
        ({"hash_algorithm": "MD5"}, "no hash algorithm"),
        ({"hash_algorithm": None}, "no hash algorithm"),
        ({"hash_algorithm": "SHA256"}, "revocation.ocsp_other_certificate"),
        ({"next_update": NOW + DAY}, "revocation.ocsp_stale"),
    ],
    ids=["noise", "forged", "another's", "newer", "MD5", "none", "SHA256", "longer life"],
)
def test_tampered_row_is_ignored_and_reported(told, values, reason):
    async def story(one, other):
        await one.learn(answer())
        one.change(update(ROW).values(**values))
        late = NOW + 3 * HOUR if "next_update" in values else NOW
        assert await other.memory.recall_kept(*PAIR, now=late) is None
        assert other.memory.recall(*PAIR, now=late) is None
        assert other.reported == [reason]

    told(story)


def test_forged_revocation_can_only_refuse(told):
    async def story(one, other):
        await one.learn(answer(GONE))
        one.change(text("UPDATE revocations SET reason = 3"))
        assert isinstance(await other.memory.recall_kept(*PAIR, now=NOW), Revoked)

    told(story)


def test_status_from_a_list_is_not_kept_as_an_answer(told):
    async def story(one, other):
        proof = Proof(
            source=Source.CRL,
            this_update=NOW,
            next_update=NOW + HOUR,
            produced_at=None,
            number=7,
            signer_fingerprint=bytes(32),
            digest=bytes(32),
        )
        await one.learn(answer(at=NOW - SECOND))
        await one.learn(Told(status=Good(proof=proof)))
        kept = await other.memory.recall_kept(*PAIR, now=NOW)
        assert kept.proof.source is Source.OCSP

    told(story)


# The watch ---------------------------------------------------------------------------------------


def test_status_is_due_before_it_ends_and_for_one_process_only(told):
    async def story(one, other):
        await one.learn(answer())  # ends in an hour; half of that, where the draw is 0
        assert await other.due(NOW + HOUR / 2 - SECOND) == []
        assert (await other.watch.backlog(now=NOW + HOUR / 2)).due == 1
        assert await other.due(NOW + HOUR / 2) == [LEAF]
        assert await one.due(NOW + HOUR / 2) == []
        assert await one.due(NOW + 2 * HOUR) == [LEAF]  # the other one never came back

    told(story)


def test_what_nobody_asks_for_rests_until_somebody_does(told):
    async def story(one, other):
        await one.learn(answer())
        late = NOW + 31 * DAY
        assert await one.due(late, asked_since=late - 30 * DAY) == []
        assert (await one.watch.backlog(now=late)).due == 0
        await one.learn(answer(at=late), now=late)
        assert await one.due(late + 2 * HOUR, asked_since=late - 30 * DAY) == [LEAF]

    told(story)


def test_watching_alone_is_no_asking(told):
    async def story(one, other):
        await one.learn(answer())
        late = NOW + 29 * DAY
        await one.learn(answer(at=late), now=late, wanted=False)
        later = NOW + 31 * DAY
        assert await one.due(later, asked_since=later - 30 * DAY) == []

    told(story)


def test_recalling_is_asking(told):
    async def story(one, other):
        await one.learn(answer(life=40 * DAY))
        late = NOW + 29 * DAY
        assert one.memory.recall(*PAIR, now=late) is not None
        await one.memory.note_asked(now=late)
        later = NOW + 31 * DAY
        assert await one.due(later, asked_since=later - 30 * DAY) == [LEAF]

    told(story)


def test_authorities_and_registered_contracts_are_watched_without_being_asked_for(told):
    async def story(one, other):
        sub = evidence.authority("sub-CA", issuer=CA).certificate
        loose = evidence.leaf(CA, 0x3042)
        with one.database.writing() as connection:
            watch(connection, (sub, CA.certificate), now=NOW)
            watch(connection, PAIR, now=NOW)
            watch(connection, (loose, CA.certificate), now=NOW)
            connection.execute(
                text("INSERT INTO tenants VALUES ('t', 't', '{}', 0, 0)"),
            )
            connection.execute(
                insert(tables.CONTRACTS).values(
                    tenant="t",
                    emaid="DE8AAC12345678",
                    as_received="DE8AAC12345678",
                    state="Active",
                    evse_ids="[]",
                    restrictions="{}",
                    updated_at=NOW,
                )
            )
            connection.execute(
                insert(tables.CONTRACT_CERTIFICATES).values(
                    tenant="t",
                    fingerprint=LEAF.fingerprint,
                    emaid="DE8AAC12345678",
                    issuer_id=bytes(32),
                    serial="3041",
                    chain_pem="",
                    origin="imported",
                    added_at=NOW,
                )
            )
        late = NOW + 31 * DAY
        due = await one.due(late, asked_since=late - 30 * DAY)
        assert {one.fingerprint for one in due} == {sub.fingerprint, LEAF.fingerprint}
        assert await one.watch.sweep(now=late, asked_since=late - 30 * DAY) == 1

    told(story)


def test_registering_again_does_not_bring_the_refresh_forward(told):
    async def story(one, other):
        await one.learn(answer())
        with one.database.writing() as connection:
            watch(connection, PAIR, now=NOW)
        assert await one.due(NOW + SECOND) == []
        assert await one.due(NOW + HOUR / 2) == [LEAF]

    told(story)


def test_silence_puts_a_certificate_off_for_longer_each_time(told):
    async def story(one, other):
        with one.database.writing() as connection:
            watch(connection, PAIR, now=NOW)
        now, waits = NOW, []
        for _ in range(3):
            (found,) = await one.watch.due(
                now=now, asked_since=MONTH_AGO, until=now + HOUR, count_max=1
            )
            await one.watch.failed([found], now=now, draw=1.0)
            wait = timedelta()
            while not (await one.watch.backlog(now=now + wait)).due:
                wait += RETRY_FIRST
            waits.append(wait)
            now += wait
        assert waits == [RETRY_FIRST, 2 * RETRY_FIRST, 4 * RETRY_FIRST]
        await one.learn(answer(at=now), now=now)
        (found,) = await one.watch.due(
            now=now + HOUR, asked_since=MONTH_AGO, until=now + 2 * HOUR, count_max=1
        )
        assert found.failures == 0

    told(story)


def test_row_whose_certificate_cannot_be_read_is_left_out(told):
    async def story(one, other):
        with one.database.writing() as connection:
            watch(connection, PAIR, now=NOW)
        one.change(update(ROW).values(der=b"nothing"))
        assert await one.due(NOW) == []

    told(story)


def test_table_is_swept_of_what_expired_and_of_the_longest_unasked(told):
    async def story(one, other):
        expired = evidence.leaf(CA, 1, not_after=NOW - SECOND)
        leaves = [evidence.leaf(CA, serial) for serial in range(2, 26)]
        with one.database.writing() as connection:
            watch(connection, (expired, CA.certificate), now=NOW)
            for at, leaf in enumerate(leaves):
                watch(connection, (leaf, CA.certificate), now=NOW + at * SECOND)
        assert await one.watch.sweep(now=NOW, asked_since=MONTH_AGO) == 5  # to 20 rows
        left = await one.due(NOW + HOUR, count_max=100)
        assert [one.serial for one in left] == list(range(6, 26))

    told(story)


def test_no_row_is_due_twice_while_one_round_takes_less_than_there_are(told):
    async def story(one, other):
        leaves = [evidence.leaf(CA, serial) for serial in range(1, 8)]
        with one.database.writing() as connection:
            for leaf in leaves:
                watch(connection, (leaf, CA.certificate), now=NOW)
        rounds = [await process.due(count_max=3) for process in (one, other, one, other)]
        assert [len(found) for found in rounds] == [3, 3, 1, 0]
        assert {leaf.serial for found in rounds for leaf in found} == set(range(1, 8))

    told(story)


# Lists -------------------------------------------------------------------------------------------


def test_list_is_kept_by_issuer_and_place_and_never_goes_back(told):
    async def story(one, other):
        here, there = target("http://crl.example/1.crl"), target("http://crl.example/2.crl")

        def proof(at, number):
            return Proof(
                source=Source.CRL,
                this_update=at,
                next_update=at + HOUR,
                produced_at=None,
                number=number,
                signer_fingerprint=bytes(32),
                digest=bytes(32),
            )

        assert await other.lists.find(CA.certificate, here) is None
        await one.lists.keep(CA.certificate, here, b"first", proof(NOW, 2**150))
        kept = await other.lists.find(CA.certificate, here)
        assert (kept.octets, kept.number) == (b"first", 2**150)
        assert "first" not in repr(kept)
        await other.lists.keep(CA.certificate, here, b"older", proof(NOW - SECOND, None))
        assert (await one.lists.find(CA.certificate, here)).octets == b"first"
        await other.lists.keep(CA.certificate, here, b"newer", proof(NOW + SECOND, None))
        assert (await one.lists.find(CA.certificate, here)).number is None
        assert await one.lists.find(CA.certificate, there) is None
        assert await one.lists.find(evidence.authority("other").certificate, here) is None
        await one.watch.sweep(now=NOW + 100 * DAY, asked_since=NOW)
        assert await one.lists.find(CA.certificate, here) is None

    told(story)


# Sightings ---------------------------------------------------------------------------------------


def test_k18_where_a_contract_was_last_and_where_it_charges_is_told_of_other_places_only(told):
    own, stranger = EMAID.parse("DE8AAC12345678"), EMAID.parse("DE8AAC00000000")
    one, other = EVSEID.parse("DE*PLW*E1"), EVSEID.parse("DE*PLW*E2")

    async def story(process, _):
        with process.database.writing() as connection:
            connection.execute(text("INSERT INTO tenants VALUES ('t', 't', '{}', 0, 0)"))
        table = SightingTable(process.database)
        log = DecisionTable(process.database, process.writer)
        evses = EvseBook(process.database, process.writer)
        transactions = TransactionTable(process.database, process.writer)
        here = {"evse_id": one, "station": "CS-1"}
        assert await table.elsewhere("t", own, **here) == ()
        for at, place in enumerate((one, other)):  # the newest counts
            await log.append(
                LoggedDecision(
                    decision_id=f"00000000-0000-7000-8000-{at:012}",
                    tenant="t",
                    decided_at=NOW,
                    granted=True,
                    body=b"{}",
                    seen=(own.canonical, place.canonical),
                )
            )
        (seen,) = await table.elsewhere("t", own, **here)
        assert (seen.place, seen.seen_at, seen.position) == ("DEPLWE2", NOW, None)
        await evses.put("t", Evse(evse_id=other, latitude=52.5, longitude=13.4), now=NOW)
        (seen,) = await table.elsewhere("t", own, **here)
        assert seen.position == (52.5, 13.4)
        assert await table.elsewhere("t", own, evse_id=other, station=None) == ()
        assert await table.elsewhere("t", own, evse_id=None, station="CS-1") == ()
        assert await table.elsewhere("other", own, **here) == ()
        report = Report(
            tenant="t", identity="CS-2", transaction_id="7", at=NOW, emaid=own, authorized=True
        )
        await transactions.record(report)
        there = await table.elsewhere("t", own, evse_id=None, station="CS-1")
        assert [(seen.place, seen.running) for seen in there] == [("CS-2", True)]
        assert await table.elsewhere("t", own, evse_id=None, station="CS-2") == ()
        assert await table.elsewhere("t", stranger, evse_id=None, station="CS-1") == ()
        await transactions.record(replace(report, ended=True))
        assert await table.elsewhere("t", own, evse_id=None, station="CS-1") == ()

    told(story)


# When to ask -------------------------------------------------------------------------------------


@pytest.mark.parametrize("draw", [0.0, 0.3, 1.0])
def test_refresh_lies_between_half_and_three_quarters_of_what_is_left(draw):
    at = refresh_at(NOW + 4 * HOUR, now=NOW, draw=draw)
    assert NOW + 2 * HOUR <= at <= NOW + 3 * HOUR
    assert refresh_at(NOW + SECOND, now=NOW, draw=draw) == NOW + GAP


def test_retries_end_at_an_hour():
    assert retry_at(0, now=NOW, draw=1.0) == NOW + RETRY_FIRST
    assert retry_at(0, now=NOW, draw=0.0) == NOW + RETRY_FIRST / 2
    assert retry_at(10_000, now=NOW, draw=1.0) == NOW + RETRY_MAX
