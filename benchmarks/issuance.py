"""Durable issuance: certificates a second, one by one, in batches, and for callers at once."""

import contextlib
import json
import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from certs.profiles.rules import Role
from pki.authority.request import IssuanceRequest
from pki.house import House
from tests.pki_house import database, furnished_house, someone, wanted
from tests.world import valid_world

SCRATCH = Path(__file__).resolve().parents[1] / ".benchmarks"

# The goals of issue 5, for SQLite with synchronous=FULL.
ONE_BY_ONE_GOAL = 1_500.0
BATCHED_GOAL = 4_000.0
CERTIFICATES = 500
BATCH = 500
CALLERS = 8  # as many threads as a house has for them
COMMITS = 400
SIGNATURES = 500
RUNS = 3


_SINGLY = "one by one"
_BATCHED = f"in batches of {BATCH}"
_AT_ONCE = f"for {CALLERS} callers at once"
# How many certificates share their two waits for the disk at most, and the goal on SQLite.
_WAYS = {
    _SINGLY: (1, ONE_BY_ONE_GOAL),
    _BATCHED: (BATCH, BATCHED_GOAL),
    _AT_ONCE: (CALLERS, None),
}


@contextlib.contextmanager
def _house(kind: str) -> Iterator[House]:
    SCRATCH.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=SCRATCH) as at,
        database(kind, Path(at)) as url,
        furnished_house(url) as house,
    ):
        yield house


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Certificates a second on the wall, and a certificate's microseconds of processor."""

    rate: float
    processor_us: float


def _paced(certificates: int, work: Callable[[], object]) -> Pace:
    begun, spent = time.perf_counter(), time.process_time()
    work()
    spent, wall = time.process_time() - spent, time.perf_counter() - begun
    return Pace(rate=certificates / wall, processor_us=spent / certificates * 1e6)


def _best(paces: list[Pace]) -> Pace:
    return Pace(
        rate=max(pace.rate for pace in paces),
        processor_us=min(pace.processor_us for pace in paces),
    )


def _paces(kind: str) -> dict[str, Pace]:
    """One by one, in batches, and for callers at once; the best of the runs."""
    paces: dict[str, list[Pace]] = {}
    with _house(kind) as house, ThreadPoolExecutor(CALLERS) as callers:
        caller, first = someone(house), 0

        def issue(wish: IssuanceRequest) -> None:
            house.authority.issue(wish, caller=caller)

        def one_by_one(wishes: list[IssuanceRequest]) -> None:
            for wish in wishes:
                issue(wish)

        def in_batches(wishes: list[IssuanceRequest]) -> None:
            for at in range(0, len(wishes), BATCH):
                house.authority.issue_batch(wishes[at : at + BATCH], caller=caller)

        def at_once(wishes: list[IssuanceRequest]) -> None:
            list(callers.map(issue, wishes))

        ways = {_SINGLY: one_by_one, _BATCHED: in_batches, _AT_ONCE: at_once}
        for _ in range(RUNS):
            for name, way in ways.items():
                wishes = [wanted(first + number) for number in range(CERTIFICATES)]
                first += len(wishes)
                paced = _paced(CERTIFICATES, lambda way=way, wishes=wishes: way(wishes))
                paces.setdefault(name, []).append(paced)
    return {name: _best(each) for name, each in paces.items()}


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


def _signatures() -> Pace:
    """P-256 signatures made and verified: what no certificate goes without."""
    ca = valid_world()[Role.MO_SUB_2]
    octets = [number.to_bytes(600, "big") for number in range(SIGNATURES)]

    def each() -> None:
        for one in octets:
            assert ca.certificate.verifies(ca.signer.sign(one), one)

    return _paced(SIGNATURES, each)


def _figures(
    name: str, pace: Pace, *, syncs: float, signatures: Pace, batch: int, goal: float | None
) -> list[dict[str, Any]]:
    """Beside an authority that signs, verifies and syncs twice a batch, and does nothing else."""
    limit = 1 / (1 / signatures.rate + 2 / batch / syncs)
    return [
        {
            "name": f"issuance {name}",
            "value": round(pace.rate),
            "unit": "certificates/s",
            "reference": f"sign, verify, 2 syncs a batch of {batch}: {limit:.0f}/s"
            f" ({signatures.rate:.0f} signatures/s, {syncs:.0f} syncs/s)",
            "ratio": round(pace.rate / limit, 3),
            "goal": goal,
            "met": None if goal is None else pace.rate >= goal,
        },
        {
            "name": f"issuance {name}, processor of a certificate",
            "value": round(pace.processor_us),
            "unit": "us",
            "reference": f"sign and verify: {signatures.processor_us:.0f} us",
            "ratio": round(pace.processor_us / signatures.processor_us, 2),
            "goal": None,
            "met": None,
        },
    ]


def measure() -> list[dict[str, Any]]:
    """The figures, each beside what signing, verifying and this disk allow in the same run."""
    kinds = ["sqlite"]
    with socket.socket() as probe:
        probe.settimeout(0.5)
        if probe.connect_ex(("127.0.0.1", 5432)) == 0:
            kinds.append("postgresql")
    figures = []
    for kind in kinds:
        before = _syncs(), _signatures()
        paces = _paces(kind)
        # The best of the runs counts, and so does the best of the limits around them.
        syncs = max(before[0], _syncs())
        signatures = _best([before[1], _signatures()])
        title = {"sqlite": "SQLite FULL", "postgresql": "PostgreSQL"}[kind]
        for name, (batch, goal) in _WAYS.items():
            figures += _figures(
                f"{name}, {title}",
                paces[name],
                syncs=syncs,
                signatures=signatures,
                batch=batch,
                goal=goal if kind == "sqlite" else None,
            )
    return figures


if __name__ == "__main__":
    for figure in measure():
        print(json.dumps(figure))
