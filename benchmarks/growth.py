"""What a certificate costs while the register grows: issued, looked up, answered for, listed."""

import argparse
import contextlib
import json
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Engine, func, select

from benchmarks.registers import fill
from benchmarks.report import machine
from pki.authority.entries import Extent
from pki.house import House
from pki.storage.database import open_engine
from pki.storage.tables import certificates
from tests.pki_house import Clock, MemoryKeys, database, furnished_house, issuer_id, someone, wanted
from tests.world import NOW

SCRATCH = Path(__file__).resolve().parents[1] / ".benchmarks"
DATA = Path(__file__).resolve().parents[1] / "docs" / "authority-growth.json"
SIZES = (1_000, 10_000, 100_000, 1_000_000)
REPORTED_SIZES = (1_000, 10_000)  # what a report of everything has time for
REVOKED_SHARE = 10  # every tenth certificate is revoked, and stands on the list
ASKED = 200  # calls of each kind at each size, every one about another certificate
STEPS = ("issue", "issue in a batch", "find", "status", "list")


@contextlib.contextmanager
def _opened(kind: str) -> Iterator[tuple[House, Engine, Clock]]:
    SCRATCH.mkdir(exist_ok=True)
    clock = Clock()
    with (
        tempfile.TemporaryDirectory(dir=SCRATCH) as at,
        database(kind, Path(at)) as url,
        furnished_house(url, clock=clock, keys=MemoryKeys()) as house,
    ):
        engine = open_engine(url)
        yield house, engine, clock
        engine.dispose()


def _each(calls: Sequence[Callable[[], Any]]) -> dict[str, float]:
    """The medians of single calls, in microseconds: on the wall, and of this thread's processor."""
    walls, processors = [], []
    for call in calls:
        begun, spent = time.perf_counter(), time.thread_time()
        call()
        processors.append((time.thread_time() - spent) * 1e6)
        walls.append((time.perf_counter() - begun) * 1e6)
    return {"wall_us": round(median(walls), 1), "cpu_us": round(median(processors), 1)}


def _whole(call: Callable[[], Any], parts: int) -> dict[str, float]:
    """One call that does many parts, as microseconds a part."""
    begun, spent = time.perf_counter(), time.thread_time()
    call()
    processor, wall = time.thread_time() - spent, time.perf_counter() - begun
    return {
        "wall_us": round(wall * 1e6 / parts, 2),
        "cpu_us": round(processor * 1e6 / parts, 2),
        "parts": parts,
    }


def _drawn(engine: Engine) -> list[int]:
    """Serials from all over the register."""
    with engine.connect() as connection:
        # By key id, which is as random as the serial is and has an index of its own.
        rows = connection.execute(
            select(certificates.c.serial)
            .where(certificates.c.issuer == issuer_id())
            .where(certificates.c.subject_key_id >= "80")
            .order_by(certificates.c.subject_key_id)
            .limit(2 * ASKED)
        )
        return [row.serial for row in rows]


def _measured(house: House, engine: Engine, clock: Clock, first: int) -> dict[str, Any]:
    caller, issuer = someone(house), house.authority.directory.by_key_id[issuer_id()]
    wishes = [wanted(800_000_000 + first + number) for number in range(2 * ASKED)]
    serials = _drawn(engine)
    stores = house.stores
    with engine.connect() as connection:
        entries = connection.execute(select(func.count()).select_from(certificates)).scalar_one()
    clock.moment = clock.moment.replace(microsecond=0)
    clock.forward(hours=9)
    revoked = sum(1 for _ in stores.revocations.serials(_everything(house)))
    return {
        "entries": entries,
        "revoked": revoked,
        "issue": _each(
            [lambda w=w: house.authority.issue(w, caller=caller) for w in wishes[:ASKED]]
        ),
        "issue in a batch": _whole(
            lambda: house.authority.issue_batch(wishes[ASKED:], caller=caller), ASKED
        ),
        "find": _each([lambda s=s: stores.register.find(issuer_id(), s) for s in serials[:ASKED]]),
        "status": _each(
            [lambda s=s: stores.standings.standing(issuer_id(), s) for s in serials[ASKED:]]
        ),
        "list": _whole(
            lambda: house.publisher.current(issuer, now=house.clock.now()), max(1, revoked)
        ),
    }


def _everything(house: House) -> Extent:
    return Extent(
        issuer=issuer_id(),
        shard=0,
        expiring_from=NOW,
        through=house.stores.revocations.revision(issuer_id()),
    )


def grown(kind: str, sizes: Sequence[int]) -> list[dict[str, Any]]:
    """What each step costs at each size of one register that grows."""
    told = []
    with _opened(kind) as (house, engine, clock):
        held = 0
        for size in sizes:
            more = size - held
            fill(house, engine, certificates=more, revoked=more // REVOKED_SHARE, first=held)
            held = size
            told.append(_measured(house, engine, clock, size))
            print(kind, size, json.dumps(told[-1]), flush=True)
    return told


def databases() -> list[str]:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        there = probe.connect_ex(("127.0.0.1", 5432)) == 0
    return ["sqlite", "postgresql"] if there else ["sqlite"]


def measure() -> list[dict[str, Any]]:
    """Each step's processor time in the larger register beside that in the smaller."""
    smaller, larger = grown("sqlite", REPORTED_SIZES)
    return [
        {
            "name": f"{step}, register of {REPORTED_SIZES[1]:,}",
            "value": larger[step]["cpu_us"],
            "unit": "us",
            "reference": f"register of {REPORTED_SIZES[0]:,}: {smaller[step]['cpu_us']} us",
            "ratio": round(larger[step]["cpu_us"] / smaller[step]["cpu_us"], 2),
            "goal": None,
            "met": None,
        }
        for step in STEPS
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--databases", nargs="+", default=databases())
    asked = parser.parse_args()
    kept = json.loads(DATA.read_text())["databases"] if DATA.exists() else {}
    report: dict[str, Any] = {"machine": machine(), "databases": kept}
    for name in asked.databases:
        report["databases"][name] = grown(name, asked.sizes)
    DATA.write_text(json.dumps(report, indent=1) + "\n")
