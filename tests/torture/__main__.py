"""The long run: both databases, the control beside each, and docs/torture.md written from it."""

import argparse
import os
import platform
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine, text

from pki.authority.failpoints import FAILPOINTS
from tests.pki_house import POSTGRESQL
from tests.torture.crashes import run

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "docs/torture.md"
_LOSSES = {
    "unrecorded": "signed and not recorded",
    "missing": "handed out and missing",
    "duplicate_serials": "serials over two contents",
    "lost_revocations": "revocations lost",
    "list_numbers_reused": "list numbers used twice or gone back",
    "unaudited": "issued without its two audit lines",
    "answers_belied": "answers signed ahead that are not true",
    "pending": "intents open after reconciliation",
    "damaged": "databases damaged",
}


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="torture")
    parser.add_argument("--cycles", type=int, default=10_000, help="processes killed, a database")
    parser.add_argument("--control-cycles", type=int, default=300)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument(
        "--directory", type=Path, default=ROOT / ".benchmarks", help="where the SQLite file is made"
    )
    asked = parser.parse_args(argv)
    directory = asked.directory
    directory.mkdir(exist_ok=True)
    runs = [
        run(kind, seed=asked.seed, cycles=cycles, control=control, directory=directory)
        for kind in ("sqlite", "postgresql")
        for cycles, control in ((asked.control_cycles, True), (asked.cycles, False))
    ]
    REPORT.write_text(report(runs, asked.seed, directory))
    held = all((told["lost"] == 0) is not told["control"] for told in runs)
    return 0 if held else 1


def report(runs: list[dict], seed: int, directory: Path) -> str:
    """docs/torture.md."""
    named = [f"{told['database']}{', control' if told['control'] else ''}" for told in runs]
    head = "| | " + " | ".join(named) + " |\n|---|" + "---|" * len(runs) + "\n"

    def row(title: str, cells) -> str:
        return f"| {title} | " + " | ".join(str(cell) for cell in cells) + " |\n"

    counts = head
    counts += row("processes", [told["cycles"] for told in runs])
    counts += row("killed", [told["cycles"] - told["kills"].get("not killed", 0) for told in runs])
    counts += row("signatures over certificates", [told["told"].get("signed", 0) for told in runs])
    counts += row("certificates handed out", [told["told"].get("told", 0) for told in runs])
    counts += row("revocations told of", [told["told"].get("revoked", 0) for told in runs])
    counts += row("lists shown", [told["told"].get("published", 0) for told in runs])
    counts += row("signatures that failed", [told["told"].get("failed", 0) for told in runs])
    for name, title in _LOSSES.items():
        counts += row(f"**{title}**", [f"**{told['losses'][name]}**" for told in runs])
    counts += row("seconds", [told["seconds"] for told in runs])
    kills = head + "".join(
        row(
            f"`{name}`" if name in FAILPOINTS else name,
            [told["kills"].get(name, 0) for told in runs],
        )
        for name in (*FAILPOINTS, "at random", "not killed")
    )
    bounds = "; ".join(
        f"{told['database']}: {3 / max(1, told['told'].get('signed', 0)):.1e} a signature"
        for told in runs
        if not told["control"]
    )
    return _TEXT.format(
        moment=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        commit=_output("git", "rev-parse", "--short=12", "HEAD"),
        seed=seed,
        machine=_machine(directory),
        counts=counts.rstrip(),
        kills=kills.rstrip(),
        bounds=bounds,
    )


def _machine(directory: Path) -> str:
    model = next(
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    engine = create_engine(POSTGRESQL)
    with engine.connect() as connection:
        postgresql = connection.execute(text("SHOW server_version")).scalar_one()
    engine.dispose()
    filesystem = _output("stat", "-f", "-c", "%T", str(directory))
    return (
        f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}"
        f" {platform.release()}, SQLite on {filesystem}; Python {platform.python_version()}, SQLite"
        f" {sqlite3.sqlite_version} (WAL, FULL), PostgreSQL {postgresql} (synchronous_commit on)"
    )


def _output(*command: str) -> str:
    return subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


_TEXT = """\
# Torture: the authority killed at every step

Written by `make torture` on {moment}, commit {commit}, seed {seed}.
Machine: {machine}.

A process issues one by one, in batches and from five threads at once, revokes, publishes lists and
has signatures fail, until it kills itself with SIGKILL at a named failpoint, on the first, second
or third pass, or is killed from outside at random. The next process opens the same database,
reconciles what was left, and goes on. Every signature over a certificate is told of through a pipe
the moment it exists, and so is everything that is handed out: more than was signed, because a batch
that is asked for again is given the certificates it had. Afterwards plain SQL, and no code of the
authority, looks for what was told of.

The **control** does the same work with the order turned round: sign first, record after. It has to
lose something, or the harness would see nothing.

{counts}

None lost bounds the chance of a loss, with 95 % confidence, at 3 in as many trials: {bounds}.

## Where they were killed

{kills}

## What this does not show

- A killed process is not a power cut: the page cache survives. That an acknowledged commit is on
  disk is the database's promise; the house refuses to start where its settings take it back
  (`pki.storage.database.check_durable`).
- One machine, one process at a time, keys in memory: no network, no token, no second site.
"""

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
