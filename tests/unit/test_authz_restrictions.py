"""Restrictions of contracts: hours on the wall, beginnings of EVSE ids, and their JSON."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authz import restriction_document
from authz.errors import MalformedQuestion
from authz.restrictions import (
    DAY_MINUTES,
    Day,
    PowerType,
    Restrictions,
    Schedule,
    Window,
    parse_prefix,
    parse_zone,
)
from certs.errors import MalformedIdentifier

BERLIN = parse_zone("Europe/Berlin")
EVERY_DAY = frozenset(Day)

windows = st.builds(
    lambda days, bounds: Window.make(days=days, from_minute=bounds[0], to_minute=bounds[1]),
    st.frozensets(st.sampled_from(Day), min_size=1),
    st.tuples(st.integers(0, DAY_MINUTES), st.integers(0, DAY_MINUTES)).map(sorted).filter(
        lambda bounds: bounds[0] < bounds[1]
    ),
)  # fmt: skip
schedules = st.builds(
    lambda zone, chosen: Schedule(zone=parse_zone(zone), windows=tuple(chosen)),
    st.sampled_from(["Europe/Berlin", "UTC", "Asia/Kathmandu", "Australia/Lord_Howe"]),
    st.lists(windows, min_size=1, max_size=4),
)
moments = st.datetimes(
    datetime(2025, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC)
)  # fmt: skip


def open_daily(from_minute: int, to_minute: int, *more: Window) -> Schedule:
    own = Window.make(days=EVERY_DAY, from_minute=from_minute, to_minute=to_minute)
    return Schedule(zone=BERLIN, windows=(own, *more))


def test_window_begins_with_its_first_minute_and_ends_before_its_last():
    schedule = open_daily(8 * 60, 18 * 60)
    opens = datetime(2026, 6, 1, 6, tzinfo=UTC)  # eight in Berlin
    closes = opens + timedelta(hours=10)
    assert schedule.open_until(opens - timedelta(microseconds=1)) is None
    assert schedule.open_until(opens) == closes
    assert schedule.open_until(closes - timedelta(microseconds=1)) == closes
    assert schedule.open_until(closes) is None


def test_longest_window_counts_where_two_overlap():
    longer = Window.make(days=EVERY_DAY, from_minute=9 * 60, to_minute=DAY_MINUTES)
    schedule = open_daily(8 * 60, 10 * 60, longer)
    assert schedule.open_until(datetime(2026, 6, 1, 7, 30, tzinfo=UTC)) == datetime(
        2026, 6, 1, 22, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("now", "until"),
    [
        # 29 March 2026: the wall goes from 02:00 to 03:00
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 2, tzinfo=UTC)),
        # 25 October 2026: the wall shows 02:00 to 03:00 twice, and the window ends behind it
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 3, tzinfo=UTC)),
    ],
    ids=["an hour less", "an hour more"],
)
def test_days_of_a_clock_change_count_by_the_wall(now, until):
    assert open_daily(60, 4 * 60).open_until(now) == until


def test_end_that_the_wall_shows_twice_is_the_first_and_never_before_now():
    schedule = open_daily(0, 2 * 60 + 30)
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert schedule.open_until(first - timedelta(minutes=10)) == first
    again = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10 for the second time
    assert schedule.open_until(again) == again


@given(schedules, moments)
def test_end_of_an_open_window_is_not_past_and_within_a_day_and_an_hour(schedule, now):
    until = schedule.open_until(now)
    assert until is None or now <= until <= now + timedelta(hours=25)


@given(schedules, st.frozensets(st.sampled_from(PowerType)), st.booleans())
def test_restrictions_are_read_as_they_were_written(schedule, kinds, bound):
    whole = Restrictions(
        evse_prefixes=frozenset({"DEPLW"}) if bound else frozenset(),
        power_types=kinds,
        schedule=schedule if bound else None,
    )
    assert restriction_document.decode(restriction_document.encode(whole)) == whole


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("DE*PLW", "DEPLW"), ("deplw", "DEPLW"), ("DE*PLW*E", "DEPLWE"), ("DE*PLW*e4*5", "DEPLWE45")],
)
def test_prefix_is_kept_without_separators(text, canonical):
    assert parse_prefix(text) == canonical


@pytest.mark.parametrize(
    "text", ["", "D", "DE", "DE*PL", "DE*PLW*S1", "DE PLW", "D\u00c9PLW", "DE*PLW*E" + "1" * 32]
)
def test_prefix_that_could_cover_another_operator_is_none(text):
    with pytest.raises(MalformedIdentifier):
        parse_prefix(text)


@pytest.mark.parametrize(
    "bounds", [(0, 0), (60, 30), (-1, 60), (0, 1_441)], ids=["empty", "over midnight", "-1", "1441"]
)
def test_window_that_is_empty_or_outside_the_day_is_none(bounds):
    with pytest.raises(MalformedQuestion):
        Window.make(days=EVERY_DAY, from_minute=bounds[0], to_minute=bounds[1])


def test_window_without_a_day_is_none():
    with pytest.raises(MalformedQuestion):
        Window.make(days=frozenset(), from_minute=0, to_minute=1)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../UTC", "/etc/localtime", "a\0b", "Europe"])
def test_zone_that_is_none_is_refused(name):
    with pytest.raises(MalformedQuestion):
        parse_zone(name)
