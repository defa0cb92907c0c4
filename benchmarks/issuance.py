"""Durable issuance: certificates a second on one core, one by one and in batches."""

import contextlib
import json
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pki.house import House
from tests.pki_house import database, furnished_house, someone, wanted

SCRATCH = Path(__file__).resolve().parents[1] / ".benchmarks"

# The goals of issue 5, for SQLite with synchronous=FULL.
ONE_BY_ONE_GOAL = 1_500.0
BATCHED_GOAL = 4_000.0
CERTIFICATES = 500
BATCH = 500
COMMITS = 400
RUNS = 2


@contextlib.contextmanager
def _house(kind: str) -> Iterator[House]:
    SCRATCH.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=SCRATCH) as at,
        database(kind, Path(at)) as url,
        furnished_house(url) as house,
    ):
        yield house


def _rates(kind: str) -> tuple[float, float]:
    """Certificates a second: one by one, and in batches; the best of the runs."""
    one_by_one = batched = 0.0
    with _house(kind) as house:
        caller, first = someone(house), 0
        for _ in range(RUNS):
            wishes = [wanted(first + number) for number in range(2 * CERTIFICATES)]
            first += len(wishes)
            begun = time.perf_counter()
            for wish in wishes[:CERTIFICATES]:
                house.authority.issue(wish, caller=caller)
            one_by_one = max(one_by_one, CERTIFICATES / (time.perf_counter() - begun))
            begun = time.perf_counter()
            for at in range(CERTIFICATES, 2 * CERTIFICATES, BATCH):
                house.authority.issue_batch(wishes[at : at + BATCH], caller=caller)
            batched = max(batched, CERTIFICATES / (time.perf_counter() - begun))
    return one_by_one, batched


def _syncs() -> float:
    """Appends of 4 KiB a second, each synchronised; a certificate takes two."""
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=SCRATCH) as file:
        begun = time.perf_counter()
        for _ in range(COMMITS):
            file.write(bytes(4096))
            file.flush()
            os.fdatasync(file.fileno())
        return COMMITS / (time.perf_counter() - begun)


def _figure(name: str, value: float, reference: float | None, goal: float | None) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value),
        "unit": "certificates/s",
        "reference": "" if reference is None else f"this disk's syncs: {reference:.0f}/s",
        "ratio": None if reference is None else round(value / reference, 3),
        "goal": goal,
        "met": None if goal is None else value >= goal,
    }


def measure() -> list[dict[str, Any]]:
    """The figures; ``reference`` is this disk's synchronised appends a second, in the same run."""
    syncs = _syncs()
    one_by_one, batched = _rates("sqlite")
    figures = [
        _figure("issuance one by one, SQLite FULL", one_by_one, syncs, ONE_BY_ONE_GOAL),
        _figure(f"issuance in batches of {BATCH}, SQLite FULL", batched, syncs, BATCHED_GOAL),
    ]
    with socket.socket() as probe:
        probe.settimeout(0.5)
        there = probe.connect_ex(("127.0.0.1", 5432)) == 0
    if there:
        one_by_one, batched = _rates("postgresql")
        figures += [
            _figure("issuance one by one, PostgreSQL", one_by_one, syncs, None),
            _figure(f"issuance in batches of {BATCH}, PostgreSQL", batched, syncs, None),
        ]
    return figures


if __name__ == "__main__":
    for figure in measure():
        print(json.dumps(figure))
