"""The demo is the main job end to end: every answer over HTTP is the only right one."""

import json

import pytest

from certs.edition import Edition
from plugward.cli import main
from plugward.demo.cases import CASES
from plugward.exit_codes import ExitCode


@pytest.mark.parametrize("edition", list(Edition), ids=lambda edition: edition.value)
def test_demo_gets_every_answer_right(edition, capsys):
    status = main(["demo", "--edition", edition.value, "--json"])
    said = capsys.readouterr()
    told = json.loads(said.out)
    answers = told["answers"]
    assert [answer["case"] for answer in answers if not answer["expected"]] == []
    assert [answer["case"] for answer in answers] == [case.name for case in CASES]
    assert status == ExitCode.YES
    assert f"{len(CASES)} of {len(CASES)} answers as expected" in said.err
    # sessions are emulated for ISO 15118-2
    assert len(told["plugIns"]) == (2 if edition is Edition.ISO_2 else 0)


def test_demo_s_vehicle_installs_charges_signs_and_is_refused_once_revoked(capsys):
    assert main(["demo", "--json"]) == ExitCode.YES
    first, second = json.loads(capsys.readouterr().out)["plugIns"]
    assert (first["installed"], first["authorized"], first["good"]) == (True, True, True)
    assert first["receipts"] == 1
    assert "discovered" in first["marksMs"]
    assert (second["authorized"], second["reason"]) == (False, "revocation.revoked")
    assert second["failure"]["responseCode"] == "FAILED_CertificateRevoked"


def test_demo_prints_a_table_and_leaves_nothing_behind(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["demo"]) == ExitCode.YES
    head, *rows = capsys.readouterr().out.splitlines()
    rows, (blank, plug_in_head, first, second) = rows[: len(CASES)], rows[len(CASES) :]
    assert (blank, plug_in_head.split()[0]) == ("", "plug-in")
    assert "installed, authorized, charged, receipt signed" in first
    assert "FAILED_CertificateRevoked" in second
    assert head.split() == ["case", "certificateStatus", "idTokenInfo.status", "reason", "latency"]
    for row, case in zip(rows, CASES, strict=True):
        assert row.startswith(case.name)
        assert all(word in row for word in case.answer)
        assert row.endswith(" ms")
    assert list(tmp_path.iterdir()) == []


def test_demo_with_one_wrong_answer_exits_1_and_names_it(capsys, monkeypatch):
    wrong = CASES[0].answer._replace(reason="chain.expired")
    odd = [type(CASES[0])(name="odd", body=CASES[0].body, answer=wrong), *CASES[1:]]
    monkeypatch.setattr("plugward.demo.story.CASES", odd)
    monkeypatch.setattr("plugward.demo.cases.CASES", odd)
    assert main(["demo"]) == ExitCode.NO
    said = capsys.readouterr()
    assert [row for row in said.out.splitlines() if row.endswith("unexpected")] == [
        said.out.splitlines()[1]
    ]
    assert "7 of 8" in said.err
