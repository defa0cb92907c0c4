"""Draws docs/authorize.svg from the figures beside it, the same octets every time."""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt

DOCS = Path(__file__).resolve().parents[1] / "docs"
DATA = DOCS / "authorize.json"
DRAWN = DOCS / "authorize.svg"
_STYLE = {
    "svg.hashsalt": "authorize",  # the ids in the drawing
    "svg.fonttype": "none",  # text stays text
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def rates(told: list[dict[str, Any]]) -> list[tuple[str, float, float]]:
    """Each rate with the ratio to what stood beside it in its run."""
    return [
        (one["name"], one["value"], one["ratio"])
        for one in told
        if one["unit"] == "authorize/s" and one["ratio"] is not None
    ]


def draw(told: list[dict[str, Any]], at: Path) -> None:
    """A bar a figure, longest on top as measured, with its ratio written beside it."""
    rows = rates(told)
    with mpl.rc_context(_STYLE):
        figure, panel = plt.subplots(figsize=(8.4, 0.42 * len(rows) + 0.9))
        places = range(len(rows))
        panel.barh(places, [value for _, value, _ in rows], height=0.6)
        panel.set_yticks(places, [name for name, _, _ in rows])
        panel.invert_yaxis()
        for place, (_, value, ratio) in zip(places, rows, strict=True):
            panel.text(value, place, f" {value:,.0f}  ({ratio:g}x)", va="center")
        panel.set_xlabel("authorize a second; ratio to the reference of its run")
        panel.set_xlim(0, 1.25 * max(value for _, value, _ in rows))
        figure.tight_layout()
        figure.savefig(at, metadata={"Date": None, "Creator": None})
        plt.close(figure)


def main() -> int:
    draw(json.loads(DATA.read_text()), DRAWN)
    return 0


if __name__ == "__main__":
    sys.exit(main())
