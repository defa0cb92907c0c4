"""Our calls to stations: found by tenant and identity, one at a time, never waited for in vain."""

import asyncio
import json
from itertools import count

import pytest

from authz.errors import Unavailable
from authz.ocpp.protocol import CallFailed, CallRefused, NotConnected, OcppVersion, Station
from authz.ocpp.session import Session
from authz.stations.attempts import Attempts
from authz.stations.hub import Hub
from authz.stations.link import FRAMES_AT_ONCE, FRAMES_PER_SECOND, Link

RESET = b'{"type":"Immediate"}'


class Tally:
    def __init__(self):
        self.calls, self.oddities = [], []

    def called(self, *, action, result):
        self.calls.append((action, result))

    def odd(self, oddity):
        self.oddities.append(oddity)


class Answering:
    async def answer(self, *_asked):
        return b'{"currentTime":"2026-11-21T05:00:00Z"}'


class Wire:
    """A link in memory: what it says, and how it was closed."""

    def __init__(self, identity="CS-1", tenant="t", *, seconds=lambda: 0.0, answering=None):
        self.said, self.closed = asyncio.Queue(), []
        numbers = count(1)
        station = Station(tenant=tenant, identity=identity, version=OcppVersion.V201)
        self.tally = Tally()
        self.link = Link(
            station,
            Session(station.version, new_id=lambda: f"ours-{next(numbers)}"),
            answering=answering or Answering(),
            say=self.said.put,
            close=self._close,
            moment=seconds,
            tally=self.tally,
        )

    async def _close(self, code, _reason):
        self.closed.append(code)

    async def next(self):
        async with asyncio.timeout(10):
            return json.loads(await self.said.get())

    async def hear(self, *elements):
        await self.link.hear(json.dumps(elements).encode())


def call(hub, *, action="Reset", payload=RESET, seconds=10.0, identity="CS-1", tenant="t"):
    return asyncio.ensure_future(
        hub.call(tenant, identity, action, payload, timeout_seconds=seconds)
    )


def run(story):
    async def whole():
        async with asyncio.timeout(20):
            await story()

    asyncio.run(whole())


def test_a_station_is_called_and_answers():
    async def story():
        hub, wire = Hub(), Wire()
        hub.enter(wire.link)
        asked = call(hub)
        assert (await wire.next())[:3] == [2, "ours-1", "Reset"]
        await wire.hear(3, "ours-1", {"status": "Accepted"})
        assert json.loads(await asked) == {"status": "Accepted"}

    run(story)


def test_whoever_is_not_connected_is_not_called():
    async def story():
        hub, wire = Hub(), Wire()
        hub.enter(wire.link)
        for who in ({"identity": "CS-2"}, {"tenant": "other"}):
            with pytest.raises(NotConnected):
                await call(hub, **who)
        hub.leave(wire.link)
        with pytest.raises(NotConnected):
            await call(hub)

    run(story)


def test_an_error_an_unfit_answer_and_an_unfit_question_are_told_apart():
    async def story():
        hub, wire = Hub(), Wire()
        hub.enter(wire.link)
        asked = call(hub)
        await wire.next()
        await wire.hear(4, "ours-1", "NotSupported", "no", {})
        with pytest.raises(CallFailed) as failed:
            await asked
        assert (failed.value.error_code, failed.value.description) == ("NotSupported", "no")
        asked = call(hub)
        await wire.next()
        await wire.hear(3, "ours-2", {"status": "Perhaps"})
        with pytest.raises(CallFailed):
            await asked
        with pytest.raises(CallRefused):
            await call(hub, payload=b'{"type":"Gently"}')
        assert wire.said.empty()

    run(story)


def test_silence_ends_and_the_next_call_goes_out():
    async def story():
        hub, wire = Hub(), Wire()
        hub.enter(wire.link)
        first, second = call(hub, seconds=0.05), call(hub)
        assert (await wire.next())[1] == "ours-1"
        with pytest.raises(Unavailable) as silent:
            await first
        assert silent.value.what == "station"
        assert (await wire.next())[1] == "ours-2"
        await wire.hear(3, "ours-1", {"status": "Accepted"})
        assert wire.tally.oddities == ["unsolicited"]
        await wire.hear(3, "ours-2", {"status": "Accepted"})
        assert json.loads(await second) == {"status": "Accepted"}

    run(story)


def test_a_lost_connection_ends_every_wait():
    async def story():
        hub, wire = Hub(), Wire()
        hub.enter(wire.link)
        asked = [call(hub), call(hub)]
        await wire.next()
        wire.link.ended()
        for one in asked:
            with pytest.raises(NotConnected):
                await one
        with pytest.raises(NotConnected):
            await call(hub)

    run(story)


def test_stations_are_listed_by_tenant_and_counted_once():
    async def story():
        hub = Hub()
        wires = [Wire("CS-2"), Wire("CS-1"), Wire("CS-1", "other"), Wire("CS-1")]
        for wire in wires:
            hub.enter(wire.link)
        assert [one.identity for one in hub.connected("t")] == ["CS-1", "CS-2"]
        assert len(hub) == 3
        await asyncio.sleep(0)
        assert wires[1].closed == [1008]  # replaced
        hub.leave(wires[1].link)  # which is no longer the one that counts
        assert hub.find("t", "CS-1") is wires[3].link.station
        await hub.close()
        assert [wire.closed for wire in wires] == [[1001], [1008], [1001], [1001]]
        for wire in wires:
            hub.leave(wire.link)
        assert len(hub) == 0
        assert hub.connected("t") == ()

    run(story)


def test_after_goodbye_nothing_is_said():
    async def story():
        wire = Wire()
        wire.link.end(1001, "")
        wire.link.end(1008, "")
        await wire.hear(2, "a", "Heartbeat", {})
        await asyncio.gather(*wire.link.tasks)
        assert (wire.closed, wire.said.empty()) == ([1001], True)

    run(story)


def test_one_station_has_its_share_and_no_more():
    async def story():
        now = [0.0]
        wire = Wire(seconds=lambda: now[0])
        loop = asyncio.get_running_loop()
        for _ in range(int(FRAMES_AT_ONCE)):
            await wire.hear(3, "x", {})
        began = loop.time()
        await wire.hear(3, "x", {})
        assert loop.time() - began >= 0.5 / FRAMES_PER_SECOND

    run(story)


def test_failures_run_out_and_come_back():
    attempts = Attempts(failures_max=3, seconds=30.0)
    for _ in range(3):
        assert attempts.wait_seconds("a", now=0.0) == 0.0
        attempts.failed("a", now=0.0)
    assert attempts.wait_seconds("a", now=0.0) == pytest.approx(10.0)
    assert attempts.wait_seconds("b", now=0.0) == 0.0
    assert attempts.wait_seconds("a", now=9.0) == pytest.approx(1.0)
    assert attempts.wait_seconds("a", now=10.0) == 0.0


def test_few_failures_are_remembered(monkeypatch):
    from authz.stations import attempts as room

    monkeypatch.setattr(room, "KEYS_MAX", 2)
    attempts = Attempts(failures_max=1, seconds=30.0)
    for key in "abc":
        attempts.failed(key, now=0.0)
    assert attempts.wait_seconds("a", now=0.0) == 0.0
    assert attempts.wait_seconds("c", now=0.0) > 0.0
