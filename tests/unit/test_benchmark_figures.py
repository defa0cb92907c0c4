"""A figure tells whether it met its goal, and a module without what it needs stops no report."""

import json

import pytest

from benchmarks import report
from benchmarks.figure import Figure
from benchmarks.timing import microseconds, microseconds_once


@pytest.mark.parametrize(
    ("ratio", "goal", "at_least", "met"),
    [
        (0.8, 0.8, True, True),
        (0.79, 0.8, True, False),
        (1.15, 1.15, False, True),
        (1.16, 1.15, False, False),
        (1.0, None, False, None),
        (None, 1.0, False, None),
    ],
)
def test_a_goal_is_a_bound_on_the_ratio(ratio, goal, at_least, met):
    figure = Figure(
        name="n", value=1.0, unit="us", reference="r", ratio=ratio, goal=goal, at_least=at_least
    )
    assert figure.as_json() == {
        "name": "n",
        "value": 1.0,
        "unit": "us",
        "reference": "r",
        "ratio": ratio,
        "goal": goal,
        "met": met,
    }


def test_every_item_is_worked_on_by_every_piece():
    seen = {"one": [], "other": []}
    items = list(range(45))
    spent = microseconds({name: each.append for name, each in seen.items()}, items, rounds=2)
    assert spent.keys() == seen.keys()
    assert all(sorted(each) == sorted(items * 2) for each in seen.values())
    once = []
    assert microseconds_once({"one": once.append}, items).keys() == {"one"}
    assert once == items


def test_modules_that_lack_what_they_need_are_told_of_and_passed_over(
    monkeypatch, tmp_path, capsys
):
    class Module:
        @staticmethod
        def measure():
            peer = {"name": "a rate", "value": 5.0, "unit": "x/s", "reference": 2.0}
            return [
                Figure(name="a time", value=3000.0, unit="us", reference="peer absent", goal=2.0),
                {**peer, "ratio": 2.5, "goal": 4.0, "met": True},
            ]

    def imported(name):
        if name == "benchmarks.absent":
            raise ImportError("no such peer")
        return object() if name == "benchmarks.helper" else Module

    monkeypatch.setattr(report.importlib, "import_module", imported)
    monkeypatch.setattr(report, "HERE", tmp_path)
    assert report.main(["absent", "helper", "present"]) == 0
    out, err = capsys.readouterr()
    assert "no such peer" in err
    assert ">= 4 x/s" in out
    assert "<= 2x" in out
    names = [figure["name"] for figure in json.loads((tmp_path / "report.json").read_text())]
    assert names == ["a time", "a rate"]
