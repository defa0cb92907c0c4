"""The drawing of what certificates cost as the register grows is that of the figures beside it."""

import json

import pytest

from benchmarks import plots

TOLD = json.loads(plots.DATA.read_text())


def test_drawing_is_that_of_its_figures(tmp_path):
    for name in ("one.svg", "other.svg"):
        plots.draw(TOLD, tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()
    assert (tmp_path / "one.svg").read_bytes() == plots.DRAWN.read_bytes()


@pytest.mark.parametrize("database", sorted(TOLD["databases"]))
def test_nothing_is_twice_as_dear_in_a_register_a_thousand_times_as_large(database):
    rows = TOLD["databases"][database]
    assert rows[0]["entries"] <= 1_100
    assert rows[-1]["entries"] >= 1_000_000
    for step, slope in plots.slopes(TOLD)[database].items():
        assert slope < 2.0, step
