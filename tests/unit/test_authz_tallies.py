"""Counts and distributions read as prometheus_client's own do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from authz.adapters.tallies import Distribution, Tally

BOUNDS = (0.5, 1, 2.5)


def lines(*collectors) -> list[str]:
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    return sorted(
        line for line in generate_latest(registry).decode().splitlines() if "_created" not in line
    )


@given(st.lists(st.one_of(st.sampled_from([0, 0.5, 1, 2.5, 3]), st.floats(0, 10))))
def test_distribution_is_the_librarys_histogram(values):
    own = Distribution("told_seconds", "How long", BOUNDS)
    peer = Histogram("told_seconds", "How long", buckets=BOUNDS, registry=None)
    for value in values:
        own.observe(value)
        peer.observe(value)
    assert lines(own) == lines(peer)


@given(st.lists(st.sampled_from([("a", "b"), ("a", "c"), ('"', "\n")])))
def test_tally_is_the_librarys_counter(seen):
    own = Tally("told", "How often", ["one", "other"])
    peer = Counter("told_total", "How often", ["one", "other"], registry=None)
    for labels in seen:
        own.count(*labels)
        peer.labels(*labels).inc()
    assert lines(own) == lines(peer)


def test_bound_belongs_to_its_bucket():
    own = Distribution("told_seconds", "How long", BOUNDS)
    own.observe(0.5)
    assert 'told_seconds_bucket{le="0.5"} 1.0' in lines(own)
    assert pytest.approx(0.5) == own._sum
