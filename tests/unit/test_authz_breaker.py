"""Responders that keep failing are left alone, tried again one at a time, and never believed."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authz.adapters.guarded import GuardedOutbound
from authz.adapters.outbound import Ask, Declined
from authz.breaker import (
    FAILURES_MAX,
    OPEN_SECONDS_FIRST,
    OPEN_SECONDS_MAX,
    RETRIES_SAVED_MAX,
    WINDOW_SECONDS,
    Breaker,
    BreakerState,
    RetryBudget,
)
from authz.errors import Unavailable
from authz.outbound_rule import OutboundRule, target

CLOSED, HALF_OPEN, OPEN = BreakerState.CLOSED, BreakerState.HALF_OPEN, BreakerState.OPEN


def breaker(random: float = 1.0) -> Breaker:
    return Breaker(random=lambda: random)


def broken(random: float = 1.0) -> Breaker:
    made = breaker(random)
    for _ in range(FAILURES_MAX):
        assert made.admits(0.0)
        made.failed(0.0)
    return made


def test_five_failures_within_ten_seconds_open_it():
    made = breaker()
    for at in range(FAILURES_MAX):
        assert made.state(WINDOW_SECONDS) is CLOSED
        made.failed(at * WINDOW_SECONDS / (FAILURES_MAX - 1))
    assert made.state(WINDOW_SECONDS) is OPEN
    assert not made.admits(WINDOW_SECONDS)


def test_five_failures_over_a_longer_time_do_not():
    made = breaker()
    for at in range(FAILURES_MAX):
        made.failed(at * (WINDOW_SECONDS + 0.1) / (FAILURES_MAX - 1))
    assert made.state(WINDOW_SECONDS + 1) is CLOSED


def test_success_between_failures_starts_the_count_anew():
    made = breaker()
    for at in range(3 * FAILURES_MAX):
        if at % FAILURES_MAX == FAILURES_MAX - 1:
            made.succeeded()
        else:
            made.failed(0.0)
    assert made.state(0.0) is CLOSED


def test_half_open_lets_one_through_and_its_success_closes():
    made = broken()
    later = OPEN_SECONDS_FIRST
    assert made.state(later - 0.01) is OPEN
    assert made.state(later) is HALF_OPEN
    assert [made.admits(later) for _ in range(3)] == [True, False, False]
    made.succeeded()
    assert made.state(later) is CLOSED
    assert made.admits(later)


def test_try_in_vain_opens_it_for_twice_as_long_up_to_a_minute():
    made = broken()
    now, waits = 0.0, []
    for _ in range(8):
        wait = 0.0
        while made.state(now + wait) is OPEN:
            wait += 0.25
        waits.append(wait)
        now += wait
        assert made.admits(now)
        made.failed(now)
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]
    assert max(waits) == OPEN_SECONDS_MAX


def test_waits_are_spread():
    early, late = broken(random=0.0), broken(random=1.0)
    assert early.state(OPEN_SECONDS_FIRST / 2) is HALF_OPEN
    assert late.state(OPEN_SECONDS_FIRST / 2) is OPEN


def test_late_failures_of_questions_asked_before_it_opened_do_not_prolong_it():
    made = broken()
    made.failed(1.0)
    assert made.state(OPEN_SECONDS_FIRST) is HALF_OPEN


def test_try_that_nobody_waited_for_leaves_room_for_the_next():
    made = broken()
    assert made.admits(OPEN_SECONDS_FIRST)
    made.abandoned()
    assert made.admits(OPEN_SECONDS_FIRST)


@given(st.lists(st.sampled_from(["ok", "fail", "gone", "wait"]), max_size=60))
def test_open_breaker_admits_nobody_and_a_half_open_one_a_single_question(story):
    made, now, admitted = breaker(0.5), 0.0, 0
    for step in story:
        state = made.state(now)
        if made.admits(now):
            admitted += 1
            assert state is not OPEN
            assert state is CLOSED or not made.admits(now)
            {"ok": made.succeeded, "gone": made.abandoned, "wait": made.abandoned}.get(
                step,
                lambda: made.failed(now),  # noqa: B023 - called at once
            )()
        if step == "wait":
            now += 7
    assert admitted or not story


def test_a_tenth_of_many_requests_may_be_made_again():
    budget = RetryBudget()
    while budget.spend():
        pass
    spent = 0
    for _ in range(1_000):
        budget.earn()
        spent += budget.spend()
    assert 99 <= spent <= 100


def test_a_quiet_day_saves_no_burst():
    budget = RetryBudget()
    for _ in range(100_000):
        budget.earn()
    assert sum(budget.spend() for _ in range(100)) == RETRIES_SAVED_MAX


class Outside:
    """A stand-in for the outside that answers as it is told."""

    def __init__(self, *answers) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def fetch(self, ask, *, deadline_seconds):
        assert deadline_seconds > 0
        self.asked.append(ask.target.host)
        answer = self.answers.pop(0) if self.answers else Unavailable("outbound", "silence")
        if isinstance(answer, BaseException):
            raise answer
        return answer


def ask_of(host: str = "ocsp.example") -> Ask:
    url = f"http://{host}/ocsp"
    return Ask(target=target(url), rule=OutboundRule.parse(url), accept="*/*", bytes_max=10)


def told(story):
    return asyncio.run(story)


def test_broken_connection_is_tried_once_more_and_the_answer_counts():
    outside = Outside(Unavailable("outbound", "reset"), b"yes")
    guarded = GuardedOutbound(outside, random=lambda: 0.0)
    assert told(guarded.fetch(ask_of(), deadline_seconds=1)) == b"yes"
    assert len(outside.asked) == 2


def test_answer_that_declines_is_not_asked_again_and_breaks_nothing():
    async def story():
        outside = Outside(*[Declined("outbound", "HTTP status 404")] * 20)
        guarded = GuardedOutbound(outside, random=lambda: 0.0)
        for _ in range(20):
            with pytest.raises(Declined):
                await guarded.fetch(ask_of(), deadline_seconds=1)
        assert len(outside.asked) == 20
        assert guarded.states() == {"http://ocsp.example:80": CLOSED}

    told(story())


def test_silent_responder_is_left_alone_and_others_are_asked():
    async def story():
        outside = Outside()
        guarded = GuardedOutbound(outside, random=lambda: 0.0)
        for _ in range(20):
            with pytest.raises(Unavailable):
                await guarded.fetch(ask_of(), deadline_seconds=1)
        assert len(outside.asked) == FAILURES_MAX
        assert guarded.states() == {"http://ocsp.example:80": OPEN}
        outside.answers = [b"yes"]
        assert await guarded.fetch(ask_of("other.example"), deadline_seconds=1) == b"yes"

    told(story())


def test_retries_are_a_tenth_of_what_fails():
    async def story():
        outside = Outside()
        guarded = GuardedOutbound(outside, random=lambda: 0.0)
        hosts = [f"ocsp{number}.example" for number in range(500)]
        for host in hosts:
            with pytest.raises(Unavailable):
                await guarded.fetch(ask_of(host), deadline_seconds=1)
        assert 50 <= len(outside.asked) - len(hosts) <= 60

    told(story())


def test_question_that_was_called_off_teaches_nothing():
    async def story():
        class Slow(Outside):
            async def fetch(self, ask, *, deadline_seconds):  # noqa: ARG002 - the port's
                self.asked.append(ask.target.host)
                await asyncio.sleep(30)

        guarded = GuardedOutbound(Slow(), random=lambda: 0.0)
        for _ in range(2 * FAILURES_MAX):
            asking = asyncio.create_task(guarded.fetch(ask_of(), deadline_seconds=1))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        assert guarded.states() == {"http://ocsp.example:80": CLOSED}

    told(story())
