"""Every figure of benchmarks/ in one table and in benchmarks/report.json."""

import importlib
import json
import os
import pkgutil
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cryptography.hazmat.backends.openssl.backend import backend
from rich.console import Console
from rich.table import Table

from benchmarks.figure import Figure

HERE = Path(__file__).parent


def machine() -> str:
    """The processor and the versions that the figures hold for."""
    processor = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                processor = line.partition(":")[2].strip()
                break
    return (
        f"{processor}, {os.cpu_count()} cores; Python {platform.python_version()}, "
        f"cryptography {version('cryptography')} ({backend.openssl_version_text()})"
    )


def _as_json(figure: Figure | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(figure, Figure):
        return figure.as_json()
    return dict(figure)


def _bound(figure: Figure | Mapping[str, Any]) -> str:
    written = _as_json(figure)
    if written["goal"] is None:
        return ""
    if isinstance(figure, Figure):
        return f"{'>=' if figure.at_least else '<='} {figure.goal:g}x"
    rate = written["unit"].endswith("/s")
    return f"{'>=' if rate else '<='} {written['goal']:g} {written['unit']}"


def _number(value: float | str | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", show_edge=False)
    table.add_column("figure")
    for heading in ("value", "unit", "ratio", "goal", "met"):
        table.add_column(heading, justify="right" if heading in {"value", "ratio"} else "left")
    table.add_column("reference of the same run")
    return table


def _measured(name: str, words: Console) -> list[Figure | Mapping[str, Any]]:
    """The figures of one module; none where it has no measure(), or lacks what it needs."""
    try:
        module = importlib.import_module(f"benchmarks.{name}")
    except ImportError as absent:
        words.print(f"{name}: not measured, {absent}")
        return []
    measure = getattr(module, "measure", None)
    if measure is None:
        return []
    words.print(f"measuring {name} ...")
    return list(measure())


def main(arguments: list[str]) -> int:
    """Measure all modules, or those named. A goal that is missed is told, and is no failure."""
    names = arguments or sorted(module.name for module in pkgutil.iter_modules([str(HERE)]))
    words = Console(stderr=True)
    figures = [figure for name in names for figure in _measured(name, words)]
    table = _table(machine())
    for figure in figures:
        row = _as_json(figure)
        table.add_row(
            row["name"],
            _number(row["value"]),
            row["unit"],
            _number(row["ratio"]),
            _bound(figure),
            {True: "yes", False: "no", None: ""}[row["met"]],
            _number(row["reference"]) or "peer absent, or none",
        )
    Console(width=None if sys.stdout.isatty() else 180).print(table)
    report = HERE / "report.json"
    report.write_text(json.dumps([_as_json(figure) for figure in figures], indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
