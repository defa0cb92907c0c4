"""Processor time of several pieces of work over the same items, taken in turns."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from time import thread_time_ns
from typing import Any, TypeVar

Item = TypeVar("Item")

BLOCK = 20  # items between two looks at the clock
ROUNDS = 11


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process on one core, where the system lets it be said."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


@one_core()
def microseconds(
    work: Mapping[str, Callable[[Item], Any]], items: Sequence[Item], rounds: int = ROUNDS
) -> dict[str, float]:
    """Processor microseconds that each piece of work needs for one item, on one core.

    The pieces take turns on a block of items, ``rounds`` times; the least of each block counts,
    so what else the machine does falls on all alike or on none. Every item is another one: a
    memo of results would have to hold them all.
    """
    spent = dict.fromkeys(work, 0)
    for start in range(0, len(items), BLOCK):
        block = items[start : start + BLOCK]
        least = dict.fromkeys(work, 1 << 62)
        for _ in range(rounds):
            for name, do in work.items():
                before = thread_time_ns()
                for item in block:
                    do(item)
                least[name] = min(least[name], thread_time_ns() - before)
        for name, nanoseconds in least.items():
            spent[name] += nanoseconds
    return {name: spent[name] / len(items) / 1000 for name in work}


@one_core()
def microseconds_once(
    work: Mapping[str, Callable[[Item], Any]], items: Sequence[Item]
) -> dict[str, float]:
    """The median over items each of which is worked on once by each piece."""
    spent: dict[str, list[int]] = {name: [] for name in work}
    for item in items:
        for name, do in work.items():
            before = thread_time_ns()
            do(item)
            spent[name].append(thread_time_ns() - before)
    return {name: median(each) / 1000 for name, each in spent.items()}
