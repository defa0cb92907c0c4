"""Kills the authority at each named step and at random, and counts what it lost.

    python -m tests.torture.crashes --seed 5 --cycles 1000 --database sqlite

A process issues, revokes and publishes until it kills itself at a failpoint or is killed at
random; the next one opens the same database and goes on. Every signature is told of through a pipe
the moment it exists, and every certificate that is handed out; what was told is then held against
the database. The negative control does the same work with the order turned round (sign first,
record after) and must be caught.
"""

import argparse
import itertools
import json
import os
import random
import select
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from certs.edition import Edition
from pki.authority.failpoints import FAILPOINTS
from pki.authority.service import INTENT_AGE_MAX
from tests.pki_house import Clock, database, empty_house, furnished_house
from tests.torture.labour import Telling, work
from tests.torture.losses import Told, losses
from tests.world import NOW

RANDOM_SHARE = 0.3  # of all kills; the others are at failpoints, in turn
HIT_MAX = 3  # a failpoint kills when it is passed for the first, second or third time
RANDOM_SECONDS_MAX = 0.12
CHILD_SECONDS_MAX = 60.0
_FAILED = 70


class ProcessFailedError(Exception):
    """A process that ended by itself, and not well."""


def campaign(url: str, *, seed: int, cycles: int, control: bool, progress: bool = False) -> dict:
    """The kills and what they cost. The database has a furnished house in it."""
    drawn = random.Random(f"{seed}/{control}")
    told, kills = Told(), Counter()
    begun = time.monotonic()
    failpoints = itertools.cycle(FAILPOINTS)
    for cycle in range(cycles):
        at_random = drawn.random() < RANDOM_SHARE
        name = "" if at_random else next(failpoints)
        dying_at = None if at_random else (name, drawn.randint(1, HIT_MAX))
        seconds = drawn.uniform(0, RANDOM_SECONDS_MAX) if at_random else None
        octets, killed = _live(
            lambda tell, cycle=cycle, dying_at=dying_at: work(
                url,
                tell,
                seed=f"{seed}/{cycle}",
                cycle=cycle,
                dying_at=dying_at,
                control=control,
            ),
            seconds,
        )
        told.take(octets)
        kills[("at random" if at_random else name) if killed else "not killed"] += 1
        if progress and cycle % 100 == 99:
            print(f"{cycle + 1} of {cycles} kills", file=sys.stderr)
    # One more process, late enough that every intent left open is old.
    late = Clock(NOW + timedelta(seconds=cycles) + 2 * INTENT_AGE_MAX)
    with empty_house(url, clock=late, keys=None) as house:
        while house.authority.reconcile():
            pass
    lost = losses(url, told)
    return {
        "database": url.partition(":")[0].partition("+")[0],
        "control": control,
        "seed": seed,
        "cycles": cycles,
        "seconds": round(time.monotonic() - begun, 1),
        "kills": dict(sorted(kills.items())),
        "told": dict(sorted(told.counts.items())),
        "lost": lost.total,
        "losses": asdict(lost),
    }


def _live(labour, seconds: float | None) -> tuple[bytes, bool]:
    """What a process told before its end, and whether it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = _FAILED
        try:
            labour(Telling(writing))
            status = 0
        except BaseException:  # noqa: BLE001 - told by the exit status; the parent must not return twice
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    told = bytearray()
    limit = time.monotonic() + (CHILD_SECONDS_MAX if seconds is None else CHILD_SECONDS_MAX / 2)
    opened = None
    try:
        while True:
            # At random: some time after the house was opened, for before that nothing is done.
            if opened is None and seconds is not None and b"opened" in told:
                opened = time.monotonic()
                limit = opened + seconds
            ready, _, _ = select.select([reading], [], [], max(0.0, limit - time.monotonic()))
            if not ready:
                os.kill(child, signal.SIGKILL)
                limit = time.monotonic() + CHILD_SECONDS_MAX
                continue
            octets = os.read(reading, 65_536)
            if not octets:
                break
            told += octets
    finally:
        os.close(reading)
        _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status)
    if not killed and os.WEXITSTATUS(status) != 0:
        raise ProcessFailedError(f"a process failed by itself: {os.WEXITSTATUS(status)}")
    return bytes(told), killed


def run(kind: str, *, seed: int, cycles: int, control: bool, directory: Path | None) -> dict:
    """One campaign over a fresh database of a kind."""
    with tempfile.TemporaryDirectory(dir=directory) as at, database(kind, Path(at)) as url:
        with furnished_house(url, edition=Edition.ISO_2):
            pass
        return campaign(url, seed=seed, cycles=cycles, control=control, progress=True)


def main(argv: list[str]) -> int:
    """Prints a campaign as JSON; 1 where anything was lost, or where the control lost nothing."""
    parser = argparse.ArgumentParser(prog="crashes", description=__doc__)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--cycles", type=int, default=100)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--control", action="store_true", help="sign first, record after")
    parser.add_argument("--directory", type=Path, help="where the SQLite file is made")
    asked = parser.parse_args(argv)
    told = run(
        asked.database,
        seed=asked.seed,
        cycles=asked.cycles,
        control=asked.control,
        directory=asked.directory,
    )
    print(json.dumps(told))
    return int((told["lost"] == 0) is asked.control)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
