"""The drawing of what authorizing costs is that of the figures beside it."""

import json

from benchmarks import plots_authorize

TOLD = json.loads(plots_authorize.DATA.read_text())


def test_drawing_is_that_of_its_figures(tmp_path):
    for name in ("one.svg", "other.svg"):
        plots_authorize.draw(TOLD, tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()
    assert (tmp_path / "one.svg").read_bytes() == plots_authorize.DRAWN.read_bytes()


def test_page_tells_the_figures_as_they_were_measured():
    page = (plots_authorize.DOCS / "performance.md").read_text()
    for name, value, ratio in plots_authorize.rates(TOLD):
        row = next(line for line in page.splitlines() if line.startswith(f"| {name} |"))
        assert f"| {value:,.0f} |" in row
        assert f"| {ratio:g} |" in row
