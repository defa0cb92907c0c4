"""Draws docs/authority-growth.svg from the figures beside it, the same octets every time."""

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt

DOCS = Path(__file__).resolve().parents[1] / "docs"
DATA = DOCS / "authority-growth.json"
DRAWN = DOCS / "authority-growth.svg"
LINES = {
    "issue": "issue, one by one",
    "issue in a batch": "issue, in batches of 200",
    "find": "find an entry",
    "status": "status of a serial, as OCSP asks",
    "list": "CRL, for each entry on it",
}
_STYLE = {
    "svg.hashsalt": "authority-growth",  # the ids in the drawing
    "svg.fonttype": "none",  # text stays text
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(told: dict[str, Any], at: Path) -> None:
    """One panel a database: processor microseconds by entries in the register, both logarithmic."""
    with mpl.rc_context(_STYLE):
        names = list(told["databases"])
        figure, panels = plt.subplots(
            1, len(names), figsize=(4.6 * len(names), 3.6), sharey=True, squeeze=False
        )
        for panel, name in zip(panels[0], names, strict=True):
            rows = told["databases"][name]
            entries = [row["entries"] for row in rows]
            for step, label in LINES.items():
                panel.loglog(entries, [row[step]["cpu_us"] for row in rows], "o-", label=label)
            panel.set_title({"sqlite": "SQLite", "postgresql": "PostgreSQL"}[name])
            panel.set_xlabel("certificates in the register")
            panel.grid(visible=True, which="major", linewidth=0.4)
        panels[0][0].set_ylabel("processor time of one, in microseconds")
        handles, labels = panels[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="lower center", ncols=3, frameon=False)
        figure.tight_layout(rect=(0, 0.14, 1, 1))
        figure.savefig(at, metadata={"Date": None, "Creator": None})
        plt.close(figure)


def slopes(told: dict[str, Any]) -> dict[str, dict[str, float]]:
    """How much dearer each step is in the largest register than in the smallest, by database."""
    found = {}
    for name, rows in told["databases"].items():
        assert all(one["entries"] < other["entries"] for one, other in pairwise(rows))
        first, last = rows[0], rows[-1]
        found[name] = {
            step: round(last[step]["cpu_us"] / first[step]["cpu_us"], 2) for step in LINES
        }
    return found


def main() -> int:
    """Draws, and prints the slopes."""
    told = json.loads(DATA.read_text())
    draw(told, DRAWN)
    print(json.dumps(slopes(told), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
