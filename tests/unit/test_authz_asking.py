"""How sources are asked: several at once of one issuer, lists once, and all ahead of time."""

import asyncio
from datetime import timedelta

import pytest

from authz.adapters.crl import LISTS_MAX, CrlClient
from authz.adapters.ocsp import OcspClient
from authz.adapters.outbound import Declined
from authz.adapters.signed_lists import KeptList
from authz.errors import Unavailable
from authz.outbound_rule import OutboundRule, target
from authz.prefetching import ROUND_MAX, Prefetcher
from authz.told import Backlog, PrefetchRule, Told, Watched
from certs.revocation.hash_data import HashAlgorithm
from certs.revocation.ocsp_request import QUESTIONS_MAX, decode_request
from certs.revocation.status import Good, Revoked, Unknown
from tests import evidence
from tests.evidence import HOUR, NOW, SECOND

CA, OTHER_CA = evidence.authority(), evidence.authority("another CA")
LEAVES = [evidence.leaf(CA, serial) for serial in range(1, 11)]


def place(url: str = "http://ocsp.example/"):
    return target(url), OutboundRule.parse(url)


class Responder:
    """A responder that reads as many questions as it likes, behind ``fetch``."""

    def __init__(self, ca=CA, *, reads: int = QUESTIONS_MAX, gone: frozenset[int] = frozenset()):
        self.ca = ca
        self.reads = reads
        self.gone = gone
        self.fails: list[Exception] = []
        self.refuses_several = False
        self.requests: list[list[int]] = []

    async def fetch(self, ask, *, deadline_seconds):
        assert deadline_seconds > 0
        questions = decode_request(ask.body).questions
        self.requests.append([question.serial for question in questions])
        await asyncio.sleep(0)
        if self.fails:
            raise self.fails.pop(0)
        if self.refuses_several and len(questions) > 1:
            raise Declined("outbound", "HTTP status 400")
        singles = [
            evidence.single(q, evidence.revoked() if q.serial in self.gone else evidence.GOOD)
            for q in questions[: self.reads]
        ]
        tbs = evidence.response_data(*singles, responder=evidence.by_key(self.ca.certificate))
        return evidence.signed(tbs, self.ca)


def asked_together(responder, leaves, *, ca=CA, times=1):
    """What a client is told about some leaves, each time asked in one turn of the loop."""

    async def story():
        client = OcspClient(responder, hash_algorithm=HashAlgorithm.SHA1)
        for _ in range(times):
            told = await asyncio.gather(
                *(
                    client.status(
                        leaf, ca.certificate, responder=place(), now=NOW, deadline_seconds=5
                    )
                    for leaf in leaves
                )
            )
        await client.close()
        return told

    return asyncio.run(story())


def test_at_most_four_certificates_go_in_one_request():
    responder = Responder()
    told = asked_together(responder, LEAVES)
    assert all(isinstance(one.status, Good) and one.response for one in told)
    assert [len(request) for request in responder.requests] == [4, 4, 2]


def test_each_certificate_gets_its_own_status():
    responder = Responder(gone=frozenset({2}))
    told = asked_together(responder, LEAVES[:3])
    assert [type(one.status) for one in told] == [Good, Revoked, Good]


@pytest.mark.parametrize("habit", ["reads one", "refuses several"])
def test_responder_that_takes_one_question_is_asked_singly_from_then_on(habit):
    responder = Responder(reads=1 if habit == "reads one" else QUESTIONS_MAX)
    responder.refuses_several = habit == "refuses several"
    told = asked_together(responder, LEAVES[:3], times=2)
    assert all(isinstance(one.status, Good) for one in told)
    first, *later = responder.requests
    assert len(first) == 3
    assert all(len(request) == 1 for request in later)
    assert len(later) == (2 if habit == "reads one" else 3) + 3


def test_silence_is_not_asked_again_one_by_one():
    responder = Responder()
    responder.fails = [Unavailable("outbound", "no answer in 5 s")]
    told = asked_together(responder, LEAVES[:3])
    assert {one.status.code for one in told} == {"revocation.source_unreachable"}
    assert len(responder.requests) == 1


def test_responder_that_knows_none_of_them_keeps_its_several():
    """What fails together and alone is no matter of how many were asked."""
    responder = Responder(reads=0)
    asked_together(responder, LEAVES[:3], times=2)
    assert [len(request) for request in responder.requests] == [3, 1, 1, 1] * 2


def test_declined_single_question_is_silence():
    responder = Responder()
    responder.fails = [Declined("outbound", "HTTP status 404")]
    (told,) = asked_together(responder, LEAVES[:1])
    assert told.status == Unknown("revocation.source_unreachable", "HTTP status 404")


def test_issuers_are_never_mixed_in_one_request():
    theirs = evidence.leaf(OTHER_CA, 77)

    async def story():
        responder = Responder()
        client = OcspClient(responder, hash_algorithm=HashAlgorithm.SHA1)
        how = {"responder": place(), "now": NOW, "deadline_seconds": 5}
        await asyncio.gather(
            client.status(LEAVES[0], CA.certificate, **how),
            client.status(theirs, OTHER_CA.certificate, **how),
        )
        assert sorted(responder.requests) == [[1], [77]]

    asyncio.run(story())


def test_client_that_closes_leaves_nobody_waiting():
    async def story():
        asked = asyncio.Event()

        class Never(Responder):
            async def fetch(self, ask, *, deadline_seconds):  # noqa: ARG002 - the port's
                asked.set()
                await asyncio.sleep(30)

        client = OcspClient(Never(), hash_algorithm=HashAlgorithm.SHA1)
        how = {"responder": place(), "now": NOW, "deadline_seconds": 60}
        waiting = asyncio.create_task(client.status(LEAVES[0], CA.certificate, **how))
        await asked.wait()
        await client.close()
        await asyncio.gather(waiting, return_exceptions=True)
        assert waiting.cancelled()

    asyncio.run(story())


# Lists -------------------------------------------------------------------------------------------


class Publisher:
    """CRLs by path, and how often each was fetched."""

    def __init__(self, **lists: bytes) -> None:
        self.lists = {f"/{name}.crl": octets for name, octets in lists.items()}
        self.fetched: list[str] = []

    async def fetch(self, ask, *, deadline_seconds):
        assert deadline_seconds > 0
        self.fetched.append(ask.target.path)
        await asyncio.sleep(0)
        octets = self.lists.get(ask.target.path)
        if octets is None:
            raise Unavailable("outbound", "silence")
        return octets


class Table:
    """The memory twin of the table of lists."""

    def __init__(self, *, gone: bool = False) -> None:
        self.rows: dict[tuple[bytes, str], KeptList] = {}
        self.gone = gone

    async def find(self, issuer, at):
        if self.gone:
            raise Unavailable("database")
        return self.rows.get((issuer.fingerprint, at.path))

    async def keep(self, issuer, at, octets, proof):
        if self.gone:
            raise Unavailable("database")
        self.rows[issuer.fingerprint, at.path] = KeptList(octets=octets, number=proof.number)


def shard(url: str) -> bytes:
    """A critical IssuingDistributionPoint that names one address (RFC 5280 5.2.5)."""
    from certs import der

    name = der.encode(0xA0, der.encode(0xA0, der.encode(0x86, url.encode())))
    return evidence.extension("2.5.29.28", evidence.sequence(name), critical=True)


class Lists:
    """A client over a publisher, asked within a story."""

    def __init__(self, publisher: Publisher, table: Table | None = None, draw: float = 0.0):
        self.reported: list[str] = []
        self.table = table or Table()
        self.client = CrlClient(
            publisher,
            bytes_max=1_000_000,
            lists=self.table,
            random=lambda: draw,
            tampered=self.reported.append,
        )

    async def ask(self, leaf, *, ca=CA, url="http://crl.example/1.crl", now=NOW):
        return await self.client.status(
            leaf, ca.certificate, place=place(url), now=now, deadline_seconds=5
        )


def test_list_on_its_way_is_fetched_once_for_all_who_wait():
    async def story():
        publisher = Publisher(**{"1": evidence.crl(CA, evidence.crl_entry(2, reason=1))})
        lists = Lists(publisher)
        told = await asyncio.gather(*(lists.ask(leaf) for leaf in LEAVES))
        assert [type(one) for one in told] == [Good, Revoked] + [Good] * 8
        assert publisher.fetched == ["/1.crl"]

    asyncio.run(story())


def test_c05_shards_of_one_issuer_stand_beside_each_other_and_answer_for_their_own():
    one, two = "http://crl.example/1.crl", "http://crl.example/2.crl"
    first, second = (evidence.leaf(CA, 5, crl_url=one), evidence.leaf(CA, 6, crl_url=two))

    async def story():
        publisher = Publisher(
            **{
                "1": evidence.crl(CA, evidence.crl_entry(5, reason=1), extensions=shard(one)),
                "2": evidence.crl(CA, number=3, extensions=shard(two)),
            }
        )
        lists = Lists(publisher)
        assert isinstance(await lists.ask(first, url=one), Revoked)
        assert isinstance(await lists.ask(second, url=two), Good)
        wrong = await lists.ask(second, url=one)
        assert wrong.code == "revocation.crl_out_of_scope"
        assert publisher.fetched == ["/1.crl", "/2.crl"]

    asyncio.run(story())


def test_list_that_another_process_fetched_is_verified_and_used():
    async def story():
        table = Table()
        publisher = Publisher(**{"1": evidence.crl(CA, evidence.crl_entry(2, reason=1))})
        await Lists(publisher, table).ask(LEAVES[0])
        other = Lists(Publisher(), table)
        assert isinstance(await other.ask(LEAVES[1]), Revoked)
        assert isinstance(await other.ask(LEAVES[0]), Good)
        assert other.reported == []

    asyncio.run(story())


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"no list", "revocation.crl_malformed"),
        (evidence.crl(evidence.authority()), "revocation.crl_signature_invalid"),
    ],
    ids=["noise", "forged"],
)
def test_tampered_list_is_ignored_and_reported(octets, code):
    async def story():
        table = Table()
        table.rows[CA.certificate.fingerprint, "/1.crl"] = KeptList(octets=octets, number=7)
        lists = Lists(Publisher(), table)
        assert (await lists.ask(LEAVES[0])).code == "revocation.source_unreachable"
        assert lists.reported == [code]
        publisher = Publisher(**{"1": evidence.crl(CA)})
        assert isinstance(await Lists(publisher, table).ask(LEAVES[0]), Good)

    asyncio.run(story())


def test_c03_number_of_a_list_that_another_process_saw_is_not_gone_back_behind():
    async def story():
        table = Table()
        await Lists(Publisher(**{"1": evidence.crl(CA, number=9)}), table).ask(LEAVES[0])
        later = NOW + 2 * HOUR
        older = evidence.crl(CA, number=8, this_update=NOW, next_update=NOW + 9 * HOUR)
        told = await Lists(Publisher(**{"1": older}), table).ask(LEAVES[0], now=later)
        assert told.code == "revocation.crl_number_regressed"

    asyncio.run(story())


def test_table_that_is_gone_leaves_the_network():
    async def story():
        lists = Lists(Publisher(**{"1": evidence.crl(CA)}), Table(gone=True))
        assert isinstance(await lists.ask(LEAVES[0]), Good)

    asyncio.run(story())


def test_list_is_fetched_anew_before_it_ends():
    async def story():
        publisher = Publisher(**{"1": evidence.crl(CA)})  # ends in an hour
        lists = Lists(publisher)
        await lists.ask(LEAVES[0])
        early, due = NOW + HOUR / 2 - SECOND, NOW + HOUR / 2
        assert await lists.client.refresh(now=early, deadline_seconds=5) == 0
        publisher.lists["/1.crl"] = evidence.crl(
            CA, evidence.crl_entry(1, reason=1), number=8, this_update=due,
            next_update=due + HOUR,
        )  # fmt: skip
        assert await lists.client.refresh(now=due, deadline_seconds=5) == 1
        assert isinstance(await lists.ask(LEAVES[0], now=due), Revoked)
        assert len(publisher.fetched) == 2
        del publisher.lists["/1.crl"]  # silence leaves the old one
        assert await lists.client.refresh(now=due + HOUR, deadline_seconds=5) == 0
        assert isinstance(await lists.ask(LEAVES[0], now=due + HOUR), Revoked)

    asyncio.run(story())


def test_lists_in_memory_are_bounded():
    async def story():
        publisher = Publisher(**{str(at): evidence.crl(CA) for at in range(LISTS_MAX + 1)})
        lists = Lists(publisher, Table(gone=True))
        for at in range(LISTS_MAX + 1):
            await lists.ask(LEAVES[0], url=f"http://crl.example/{at}.crl")
        await lists.ask(LEAVES[0], url="http://crl.example/0.crl")
        assert publisher.fetched.count("/0.crl") == 2

    asyncio.run(story())


def test_slow_list_is_not_waited_for_and_is_there_for_the_next():
    async def story():
        class Slow(Publisher):
            async def fetch(self, ask, *, deadline_seconds):
                await go.wait()
                return await super().fetch(ask, deadline_seconds=deadline_seconds)

        go = asyncio.Event()
        lists = Lists(Slow(**{"1": evidence.crl(CA)}))
        how = {"place": place("http://crl.example/1.crl"), "now": NOW}
        late = await lists.client.status(
            LEAVES[0], CA.certificate, deadline_seconds=0.01, **how
        )  # fmt: skip
        assert late.code == "revocation.source_unreachable"
        go.set()
        assert isinstance(await lists.ask(LEAVES[0]), Good)
        await lists.client.close()

    asyncio.run(story())


# Ahead of time -----------------------------------------------------------------------------------


class Watch:
    """The memory twin of the watch: a pile of what is due."""

    def __init__(self, *leaves) -> None:
        self.pile = list(leaves)
        self.put_off: list[int] = []
        self.swept = 0
        self.since = None
        self.gone = False

    async def due(self, *, now, asked_since, until, count_max):
        if self.gone:
            raise Unavailable("database")
        assert asked_since == now - timedelta(days=30)
        assert until > now
        found, self.pile = self.pile[:count_max], self.pile[count_max:]
        return tuple(
            Watched(certificate=leaf, issuer=ca.certificate, failures=0) for leaf, ca in found
        )

    async def failed(self, watched, *, now, draw):  # noqa: ARG002 - the port's
        self.put_off += [one.certificate.serial for one in watched]

    async def backlog(self, *, now):  # noqa: ARG002 - the port's
        return Backlog(due=len(self.pile), since=self.since)

    async def sweep(self, *, now, asked_since):  # noqa: ARG002 - the port's
        self.swept += 1
        return 3


class Sources:
    """Sources that tell of every certificate but some; and how many were asked at once."""

    def __init__(self, *, silent: frozenset[int] = frozenset()) -> None:
        self.silent = silent
        self.asked: list[int] = []
        self.at_once = self.at_once_max = 0

    async def ask(self, certificate, issuer, *, offered=(), now):  # noqa: ARG002 - the port's
        self.asked.append(certificate.serial)
        self.at_once += 1
        self.at_once_max = max(self.at_once_max, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        return Told(status=Unknown("revocation.source_unreachable"))

    async def refresh_lists(self, *, now):  # noqa: ARG002 - the port's
        return 2


class Memory:
    """A memory that believes all but the silent, and counts."""

    def __init__(self, silent: frozenset[int] = frozenset()) -> None:
        self.silent = silent
        self.caught_up = 0
        self.noted = 0

    async def remember(self, certificate, issuer, told, *, now, wanted):  # noqa: ARG002 - the port's
        assert not wanted
        return told.status if certificate.serial in self.silent else "good"

    async def catch_up(self, *, since):
        assert since < NOW
        self.caught_up += 1
        return 1

    async def note_asked(self, *, now):
        assert now == NOW
        self.noted += 1


class StandingClock:
    def moment(self):
        return NOW


def prefetcher(watch, *, silent=frozenset(), seconds=0.01, at_once=4):
    behind: list[tuple[int, float]] = []
    sources, memory = Sources(), Memory(silent)
    made = Prefetcher(
        watch=watch,
        sources=sources,
        memory=memory,
        clock=StandingClock(),
        random=lambda: 0.5,
        rule=PrefetchRule(seconds=seconds, days=30, at_once=at_once),
        backlog=lambda due, late: behind.append((due, late)),
    )
    return made, sources, memory, behind


def test_everything_due_is_asked_for_a_few_at_once_and_silence_is_put_off():
    watch = Watch(*((leaf, CA) for leaf in LEAVES))
    watch.since = NOW - HOUR
    made, sources, _, behind = prefetcher(watch, silent=frozenset({3, 7}))
    assert asyncio.run(made.refresh(NOW)) == 2 + 8
    assert sorted(sources.asked) == list(range(1, 11))
    assert sources.at_once_max == 4
    assert sorted(watch.put_off) == [3, 7]
    assert behind == [(0, 3600.0)]


def test_one_issuers_certificates_stand_together():
    mixed = [(leaf, ca) for leaf in LEAVES[:4] for ca in (CA, OTHER_CA)]
    made, sources, *_ = prefetcher(Watch(*mixed))
    asyncio.run(made.refresh(NOW))
    assert sources.asked == [1, 2, 3, 4] * 2


def test_long_pile_is_worked_off_in_rounds():
    made, sources, _, behind = prefetcher(
        Watch(*[(LEAVES[0], CA)] * (2 * ROUND_MAX + 1)), at_once=64
    )
    asyncio.run(made.refresh(NOW))
    assert len(sources.asked) == 2 * ROUND_MAX + 1
    assert behind == [(0, 0.0)]


def test_sweep_writes_down_what_was_asked_first():
    watch = Watch()
    made, _, memory, _ = prefetcher(watch)
    assert asyncio.run(made.sweep(NOW)) == 3
    assert (memory.noted, watch.swept) == (1, 1)


def test_it_goes_on_after_the_database_was_away_and_ends_when_closed():
    async def story():
        refused, worked = asyncio.Event(), asyncio.Event()

        class Away(Watch):
            async def due(self, **how):
                (refused if self.gone else worked).set()
                return await super().due(**how)

        watch = Away((LEAVES[0], CA))
        watch.gone = True
        made, sources, *_ = prefetcher(watch)
        made.start()
        async with asyncio.timeout(30):
            await refused.wait()
            assert sources.asked == []
            watch.gone = False
            await worked.wait()
        await made.close()
        assert all(task.done() for task in made._tasks)

    asyncio.run(story())


def test_nothing_is_asked_ahead_where_the_operator_wants_none():
    async def story():
        made, *_ = prefetcher(Watch(), seconds=0)
        made.start()
        assert len(made._tasks) == 2
        await made.close()

    asyncio.run(story())
