"""Load: percentiles, and what is told of sessions that go well and that do not."""

import asyncio
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certs.hierarchy import grow
from ev_emulator.driving.plug_in import Direct, Vehicle
from ev_emulator.load import Plan, Report, latency, run
from ev_emulator.scenarios.scenario import Carries
from ev_emulator.scenarios.stage import wallet_of


class RealTime:
    def seconds(self):
        return time.monotonic()

    def now(self):
        return datetime.now(UTC)


def test_percentiles_are_by_nearest_rank():
    told = latency([each / 1000 for each in range(1, 101)])
    assert (told.count, told.p50_ms, told.p90_ms, told.p99_ms, told.most_ms) == (
        100,
        pytest.approx(50),
        pytest.approx(90),
        pytest.approx(99),
        pytest.approx(100),
    )


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_percentiles_rise_and_were_measured(seconds):
    told = latency(seconds)
    percentiles = [told.p50_ms, told.p90_ms, told.p99_ms, told.most_ms]
    assert percentiles == sorted(percentiles)
    assert set(percentiles) <= {each * 1000 for each in seconds}


def test_of_nothing_there_is_no_latency():
    with pytest.raises(ValueError, match="no durations"):
        latency([])


def test_what_fails_is_counted_by_its_code():
    clock, told = RealTime(), []
    wallet = wallet_of(Carries.NOTHING, grow(seed=None, now=clock.now()), now=clock.now())
    plan = Plan(
        vehicles=2,
        visits_each=2,
        vehicle=lambda _number: Vehicle(wallet=wallet),
        chargers=[Direct(host="127.0.0.1", port=9)],
    )
    report = asyncio.run(run(plan, clock=clock, progress=told.append))
    assert (report.visits, report.good) == (4, 0)
    assert report.errors == {"link.refused": 4}
    assert [each.done for each in told] == [1, 2, 3, 4]
    assert report.latencies == {}


def test_a_load_of_no_time_has_no_rate():
    report = Report(visits=0, good=0, seconds=0.0, latencies={}, errors={})
    assert report.sessions_per_second == 0.0
