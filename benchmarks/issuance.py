"""Durable issuance: certificates a second on one core, one by one and in batches."""

import contextlib
import json
import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
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
COMMITS = 400
SIGNATURES = 500
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


def _paces(kind: str) -> tuple[Pace, Pace]:
    """One by one, and in batches; the best of the runs."""
    singly, batched = [], []
    with _house(kind) as house:
        caller, first = someone(house), 0
        for _ in range(RUNS):
            wishes = [wanted(first + number) for number in range(2 * CERTIFICATES)]
            first += len(wishes)
            one, many = wishes[:CERTIFICATES], wishes[CERTIFICATES:]

            def each(one: list[IssuanceRequest] = one) -> None:
                for wish in one:
                    house.authority.issue(wish, caller=caller)

            def together(many: list[IssuanceRequest] = many) -> None:
                for at in range(0, CERTIFICATES, BATCH):
                    house.authority.issue_batch(many[at : at + BATCH], caller=caller)

            singly.append(_paced(CERTIFICATES, each))
            batched.append(_paced(CERTIFICATES, together))
    return _best(singly), _best(batched)


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
        singly, batched = _paces(kind)
        # The best of the runs counts, and so does the best of the limits around them.
        syncs = max(before[0], _syncs())
        signatures = _best([before[1], _signatures()])
        title = {"sqlite": "SQLite FULL", "postgresql": "PostgreSQL"}[kind]
        goals = (ONE_BY_ONE_GOAL, BATCHED_GOAL) if kind == "sqlite" else (None, None)
        for name, pace, batch, goal in (
            ("one by one", singly, 1, goals[0]),
            (f"in batches of {BATCH}", batched, BATCH, goals[1]),
        ):
            figures += _figures(
                f"{name}, {title}",
                pace,
                syncs=syncs,
                signatures=signatures,
                batch=batch,
                goal=goal,
            )
    return figures


if __name__ == "__main__":
    for figure in measure():
        print(json.dumps(figure))
