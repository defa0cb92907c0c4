"""Many vehicles at many chargers at once: how many sessions, how fast, and what went wrong."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ev_emulator.clock import Clock
from ev_emulator.driving.plug_in import Outcome, Target, Vehicle, plug_in
from ev_emulator.session.events import Event, MessageReceived, MessageSent

SAMPLES_MAX = 100_000  # latencies kept of one message; beyond, the earliest ones speak


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``vehicles`` plug in at once, each ``visits_each`` times; ``vehicle(number)`` makes one.

    Vehicle n goes to the charger n modulo their number.
    """

    vehicles: int
    visits_each: int
    vehicle: Callable[[int], Vehicle]
    chargers: Sequence[Target]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far it is: visits done of all, how many of them well, and since when."""

    done: int
    of: int
    good: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long responses took, in milliseconds."""

    count: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    most_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of it. ``latencies`` by request, and of ``session`` as a whole; ``errors`` by the
    vehicle's code, with the charger's word where it refused.
    """

    visits: int
    good: int
    seconds: float
    latencies: Mapping[str, Latency]
    errors: Mapping[str, int]

    @property
    def sessions_per_second(self) -> float:
        return self.good / self.seconds if self.seconds else 0.0


@dataclass(slots=True)
class _Samples:
    """Latencies by what they are of; mutable."""

    by_name: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, seconds: float) -> None:
        kept = self.by_name.setdefault(name, [])
        if len(kept) < SAMPLES_MAX:
            kept.append(seconds)


class _Stopwatch:
    """Measures one vehicle's exchanges from its events."""

    def __init__(self, samples: _Samples, clock: Clock) -> None:
        self._samples = samples
        self._clock = clock
        self._asked: tuple[str, float] | None = None

    def note(self, event: Event) -> None:
        """A request starts the watch; a response stops it."""
        match event:
            case MessageSent(name=name):
                self._asked = (name, self._clock.seconds())
            case MessageReceived() if self._asked is not None:
                name, began = self._asked
                self._samples.add(name, self._clock.seconds() - began)
                self._asked = None
            case _:
                pass


async def run(
    plan: Plan, *, clock: Clock, progress: Callable[[Progress], None] = lambda _progress: None
) -> Report:
    """Let them all plug in; ``progress`` is called after every visit."""
    samples, errors = _Samples(), Counter[str]()
    began = clock.seconds()
    of = plan.vehicles * plan.visits_each
    good = done = 0

    def take(outcome: Outcome) -> None:
        nonlocal good, done
        done += 1
        if outcome.failure is None:
            good += 1
        else:
            errors[" ".join(filter(None, (outcome.failure.code, outcome.response_code)))] += 1
        progress(Progress(done=done, of=of, good=good, seconds=clock.seconds() - began))

    async def drive(number: int) -> None:
        vehicle = plan.vehicle(number)
        charger = plan.chargers[number % len(plan.chargers)]
        for _ in range(plan.visits_each):
            started = clock.seconds()
            watch = _Stopwatch(samples, clock)
            outcome = await plug_in(vehicle, charger, clock=clock, note=watch.note)
            if outcome.good:
                samples.add("session", clock.seconds() - started)
            take(outcome)

    await asyncio.gather(*(drive(number) for number in range(plan.vehicles)))
    return Report(
        visits=done,
        good=good,
        seconds=clock.seconds() - began,
        latencies={name: latency(kept) for name, kept in samples.by_name.items()},
        errors=dict(errors.most_common()),
    )


def latency(seconds: Sequence[float]) -> Latency:
    """The percentiles of some durations, by nearest rank; ValueError for none."""
    if not seconds:
        raise ValueError("no durations")
    ordered = sorted(seconds)

    def rank(percent: int) -> float:
        # nearest rank: the smallest that at least so many per cent do not exceed
        return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] * 1000

    return Latency(
        count=len(ordered),
        p50_ms=rank(50),
        p90_ms=rank(90),
        p99_ms=rank(99),
        most_ms=ordered[-1] * 1000,
    )
