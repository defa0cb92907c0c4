"""Stations that are with another worker are found and called all the same, in every database."""

import asyncio
import json
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

import pytest

from authz.adapters.database import Database
from authz.adapters.handed_calls import HandedCallTable
from authz.adapters.presence import PresenceTable
from authz.adapters.schema import upgrade
from authz.adapters.writer import Writer
from authz.errors import Unavailable
from authz.ocpp.handing import Ending, HandedCall, Outcome
from authz.ocpp.protocol import CallErrorCode, CallFailed, CallRefused, NotConnected
from authz.stations import exchange
from authz.stations.exchange import ALIVE, LITTER, Exchange
from authz.stations.hub import Hub
from tests.authz_house import DATABASES, Clock, database_url
from tests.unit.test_stations_hub import RESET, Wire

CS = ("t", "CS-1")


class Worker:
    """One process of the service, as far as stations are concerned."""

    def __init__(self, url, name, clock):
        self.database = Database(url)
        self.writer = Writer(self.database)
        self.hub = Hub()
        self.presence = PresenceTable(self.database, self.writer)
        self.calls = HandedCallTable(self.database, self.writer)
        self.exchange = Exchange(self.hub, self.presence, self.calls, worker=name, clock=clock)
        self.name, self.clock = name, clock

    def enter(self, *wires):
        for wire in wires:
            self.hub.enter(wire.link)

    def leave(self, wire):
        wire.link.ended()
        self.hub.leave(wire.link)

    async def close(self):
        await self.writer.close()
        self.database.close()

    def call(self, payload=RESET, seconds=10.0):
        return asyncio.ensure_future(
            self.exchange.call(*CS, "Reset", payload, timeout_seconds=seconds)
        )


@pytest.fixture(params=DATABASES)
def service(request, tmp_path):
    """Runs a story of two workers over one database."""

    @contextmanager
    def founded():
        with database_url(request.param, tmp_path) as url:
            database = Database(url)
            upgrade(database)
            database.close()
            yield url

    @asynccontextmanager
    async def workers(url):
        clock = Clock()
        made = [Worker(url, name, lambda: clock.now) for name in ("one", "other")]
        for worker in made:
            worker.writer.start()
        await both(*made)
        made[0].exchange._beat_at = float("-inf")
        await both(made[0])  # who began alone hears of the other
        try:
            yield clock, *made
        finally:
            for worker in made:
                await worker.close()

    def run(story):
        async def whole(url):
            async with asyncio.timeout(30), workers(url) as given:
                await story(*given)

        with founded() as url:
            asyncio.run(whole(url))

    return run


async def both(*workers):
    for worker in workers:
        await worker.exchange.work()


def test_station_is_found_and_called_where_it_is(service):
    async def story(_clock, one, other):
        wire = Wire()
        one.enter(wire)
        async with one.exchange.at_work(), other.exchange.at_work():
            await both(one)
            assert await other.exchange.find(*CS) == wire.link.station
            assert await other.exchange.connected("t") == (wire.link.station,)
            asked = other.call()
            kind, number, action, payload = await wire.next()
            assert (kind, action, payload) == (2, "Reset", json.loads(RESET))
            await wire.hear(3, number, {"status": "Accepted"})
            assert json.loads(await asked) == {"status": "Accepted"}
            one.leave(wire)
            await both(one)
            assert await other.exchange.find(*CS) is None
            with pytest.raises(NotConnected):
                await other.call()

    service(story)


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        ((4, "SecurityError", "no\u00e4", {}), CallFailed),
        ((3, {"status": 5}), CallFailed),  # no answer that fits
    ],
)
def test_what_a_station_answers_is_told_alike(service, answer, raised):
    async def story(_clock, one, other):
        wire = Wire()
        one.enter(wire)
        async with one.exchange.at_work():
            await both(one, other)
            asked = other.call()
            _, number, *_ = await wire.next()
            kind, *rest = answer
            await wire.hear(kind, number, *rest)
            with pytest.raises(raised) as caught:
                await asked
            if kind == 4:
                assert [caught.value.error_code, caught.value.description] == rest[:2]

    service(story)


def test_payload_that_breaks_its_schema_is_refused_there_and_said_here(service):
    async def story(_clock, one, other):
        one.enter(Wire())
        async with one.exchange.at_work():
            await both(one, other)
            with pytest.raises(CallRefused) as caught:
                await other.call(b'{"type":"Sometime"}')
            assert caught.value.code is CallErrorCode.PROPERTY_CONSTRAINT_VIOLATION

    service(story)


def test_silent_station_is_waited_for_as_long_as_was_said(service):
    async def story(_clock, one, other):
        one.enter(Wire())
        async with one.exchange.at_work():
            await both(one, other)
            with pytest.raises(Unavailable) as caught:
                await other.call(seconds=0.3)
            assert caught.value.code == "unavailable.station"

    service(story)


def test_call_that_nobody_takes_up_is_withdrawn_and_never_made(service, monkeypatch):
    """Its worker died a moment ago: what is told as not connected has not been done either."""
    monkeypatch.setattr(exchange, "TAKEN_SECONDS_MAX", 0.2)

    async def story(_clock, one, other):
        wire = Wire()
        one.enter(wire)
        await both(one, other)
        with pytest.raises(NotConnected):
            await other.call()
        await both(one)  # it comes round after all
        assert wire.said.empty()

    service(story)


def test_worker_that_was_not_seen_for_long_has_no_stations(service):
    async def story(clock, one, other):
        one.enter(Wire())
        await both(one, other)
        clock.move(ALIVE + timedelta(seconds=1))
        assert await other.exchange.find(*CS) is None
        assert await other.exchange.connected("t") == ()
        with pytest.raises(NotConnected):
            await other.call()
        # It was only slow. Forgotten meanwhile, it tells of its stations once more.
        other.exchange._beat_at = one.exchange._beat_at = float("-inf")
        await both(other)
        assert await one.presence.find(*CS, alive_since=clock.now - 10 * ALIVE) is None
        await both(one)
        assert (await other.exchange.find(*CS)).identity == "CS-1"

    service(story)


def test_last_worker_that_a_station_came_to_counts(service):
    """A station that lost its network is back elsewhere before we hear of the loss."""

    async def story(_clock, one, other):
        lost, back = Wire(), Wire()
        one.enter(lost)
        await both(one, other)
        other.enter(back)
        assert await other.exchange._elsewhere(*CS) is None, "before it is told, too"
        await both(other)
        async with other.exchange.at_work():
            asked = one.call()
            _, number, *_ = await back.next()
            await back.hear(3, number, {"status": "Accepted"})
            assert json.loads(await asked) == {"status": "Accepted"}
            assert lost.said.empty()
            one.exchange._changed[CS] = exchange._STILL  # told once more, as after a long pause
            await both(one)
            one.leave(lost)
            await both(one)
            assert (await one.exchange.find(*CS)) == back.link.station

    service(story)


def test_station_that_changed_workers_under_way_is_called_where_it_is(service):
    async def story(_clock, one, other):
        before, after = Wire(), Wire()
        one.enter(before)
        await both(one, other)
        one.hub.leave(before.link)
        asked = other.call()
        await asyncio.sleep(0)
        other.enter(after)
        async with one.exchange.at_work():
            _, number, *_ = await after.next()
            await after.hear(3, number, {"status": "Accepted"})
            assert json.loads(await asked) == {"status": "Accepted"}

    service(story)


def test_worker_that_ends_leaves_nothing_behind(service):
    async def story(_clock, one, other):
        async with one.exchange.at_work():
            one.enter(Wire())
            await both(one, other)
            assert await other.exchange.find(*CS) is not None
        assert await other.exchange.find(*CS) is None

    service(story)


def test_call_is_taken_up_once_and_litter_is_cleared(service):
    call = HandedCall(tenant="t", identity="CS-1", action="A", payload=b"{}", timeout_seconds=1.0)

    async def story(clock, one, other):
        given = {"now": clock.now, "expires_at": clock.now + LITTER}
        first = await one.calls.put("other", call, **given)
        assert await one.calls.take("one", limit=9) == ()
        taken = await asyncio.gather(*(each.calls.take("other", limit=9) for each in (one, other)))
        assert sorted(taken) == [(), ((first, call),)]
        assert (await one.calls.look(first)).ending is Ending.TAKEN
        await other.calls.conclude(first, Outcome(Ending.ANSWERED, '{"ä":1}'.encode()))
        assert await one.calls.look(first) == Outcome(Ending.ANSWERED, '{"ä":1}'.encode())
        assert await one.calls.withdraw(first) is False
        assert (await one.calls.look(first)).ending is Ending.TAKEN
        await other.calls.conclude(first, Outcome(Ending.GONE))  # nobody waits any more
        left = await one.calls.put("other", call, **given)
        clock.move(LITTER + timedelta(seconds=1))
        given = {"now": clock.now, "expires_at": clock.now + LITTER}
        second = await one.calls.put("other", call, **given)
        assert await one.calls.withdraw(second) is True
        assert await other.calls.take("other", limit=9) == (), left

    service(story)


def test_rounds_outlive_a_bug_of_ours(service, monkeypatch):
    async def story(_, one, other):
        whole = other.presence.tell
        monkeypatch.setattr(exchange, "BEAT_SECONDS", 0.01)

        async def broken(*given, **named):
            other.presence.tell = whole
            raise RuntimeError("a bug")

        other.presence.tell = broken
        wire = Wire()
        async with other.exchange.at_work():
            other.enter(wire)
            async with asyncio.timeout(20):
                while await one.exchange.find(*CS) is None:  # noqa: ASYNC110 - two processes meet in a database
                    await asyncio.sleep(0.01)
        assert other.presence.tell == whole

    service(story)
