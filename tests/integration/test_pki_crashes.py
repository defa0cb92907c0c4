"""A short torture: every failpoint once and some kills at random, on both databases."""

import json
import subprocess
import sys

import pytest

from pki.authority.failpoints import FAILPOINTS
from tests.conftest import ROOT
from tests.pki_house import DATABASES

CYCLES = 50
CONTROL_CYCLES = 25  # a handful of losses: one would do


def torture(*arguments: str):
    """A campaign in a process of its own, for it forks; its exit code and what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.torture.crashes", *arguments],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("kind", DATABASES)
def test_killed_at_every_failpoint_nothing_is_lost(kind, tmp_path):
    code, told = torture(
        "--database", kind, "--cycles", str(CYCLES), "--directory", str(tmp_path), "--seed", "7"
    )
    assert (code, told["lost"]) == (0, 0)
    assert set(FAILPOINTS) <= set(told["kills"])
    assert told["kills"]["at random"] > 0
    assert min(told["told"][kind] for kind in ("signed", "told", "revoked", "published")) > 0


def test_signing_before_recording_is_caught(tmp_path):
    code, told = torture(
        "--control", "--cycles", str(CONTROL_CYCLES), "--directory", str(tmp_path), "--seed", "7"
    )
    assert code == 0
    assert told["losses"]["unrecorded"] > 0
