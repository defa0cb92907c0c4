"""What operators decide on the command line of who may have which certificates."""

import json

import pytest

from plugward.cli import main
from plugward.exit_codes import ExitCode


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    place = tmp_path_factory.mktemp("policy") / "world"
    assert main(["init", str(place), "--seed", "policy", "--contracts", "1"]) == 0
    return str(place)


@pytest.fixture
def run(world, capsys):
    def run(*argv, home=world):
        capsys.readouterr()
        status = main([*argv, "--home", home])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_a_fresh_world_may_have_everything_and_says_so(run):
    status, out, _ = run("policy", "show")
    assert status == 0
    lines = [line.split() for line in out.splitlines() if line.startswith("  ")]
    assert {line[0] for line in lines} == {
        "secc",
        "contract",
        "oem-provisioning",
        "vehicle",
        "cps",
        "charging-station",
    }
    assert all("*" in line for line in lines)


def test_policy_is_set_from_what_was_shown_and_refuses_from_then_on(run, tmp_path):
    _, out, _ = run("policy", "show", "--json")
    told = json.loads(out)
    version = told["current"]["version"]
    told["current"]["grants"] = [
        {"role": "oem-provisioning", "prefixes": ["wpw"], "registered": True}
    ]
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(told))
    assert run("policy", "set", str(file), "--after", str(version), "--json")[0] == 0
    status, _, err = run("policy", "set", str(file), "--after", str(version))
    assert (status, "conflict.policy_version" in err) == (ExitCode.NO, True)
    ask = ("cert", "issue", "--role", "oem-provisioning", "--common-name", "WPWPROVISIONING77")
    key, chain = tmp_path / "k", tmp_path / "c"
    status, _, err = run(*ask, "--new-key", str(key), "--out", str(chain))
    assert (status, "registration.name_not_registered" in err) == (ExitCode.NO, True)
    assert not key.exists()
    register = ("policy", "register", "WPWPROVISIONING77", "--role", "oem-provisioning")
    status, out, _ = run(*register, "--expires", "2099-01-01")
    assert status == 0
    number = out.split()[0]
    assert run("policy", "names", "--withdraw", number)[1].split()[-1] == "withdrawn"
    assert run(*register, "--json")[0] == 0
    status, _, err = run(*ask, "--new-key", str(key), "--out", str(chain))
    assert status == 0, err
    names = json.loads(run("policy", "names", "--json")[1])
    assert [bool(name["used_at"]) for name in names] == [False, True]


@pytest.mark.parametrize("text", ["{", "7", '{"current": 7}'])
def test_what_is_no_policy_is_not_set(run, tmp_path, text):
    file = tmp_path / "policy.json"
    file.write_text(text)
    status, _, err = run("policy", "set", str(file), "--after", "1")
    assert status in {ExitCode.MALFORMED, ExitCode.ASKED_WRONGLY}
    assert "plugward: error:" in err


def test_key_is_blocked_by_its_id(run):
    status, _, err = run("policy", "block-key", "AB" * 20, "--why", "seen on a forum")
    assert (status, err) == (0, f"plugward: blocked {'ab' * 20}\n")
    status, _, err = run("policy", "block-key", "xyz", "--why", "x")
    assert status == ExitCode.NO


def test_api_key_asks_as_its_holder_in_a_home_too(run, tmp_path):
    file = tmp_path / "key"
    file.write_text("pnc_live_00_00\n")
    status, _, err = run("policy", "show", "--api-key-file", str(file))
    assert (status, "caller.unauthenticated" in err) == (ExitCode.NO, True)


def test_desk_behind_a_url_needs_a_key_and_no_home(capsys, monkeypatch):
    monkeypatch.delenv("PLUGWARD_API_KEY", raising=False)
    ask = ["policy", "show", "--url", "http://127.0.0.1:9"]
    assert main([*ask, "--home", "x"]) == ExitCode.ASKED_WRONGLY
    assert main(ask) == ExitCode.ASKED_WRONGLY
    monkeypatch.setenv("PLUGWARD_API_KEY", "pnc_live_00_00")
    assert main(ask) == ExitCode.UNREACHABLE
