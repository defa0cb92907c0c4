"""An authority asked for, approved by two others and used, on the command line and over HTTP."""

import json

import pytest

from certs import pem
from plugward.cli import main
from plugward.exit_codes import ExitCode


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    place = tmp_path_factory.mktemp("approvals")
    assert main(["init", str(place / "world"), "--seed", "approvals", "--contracts", "1"]) == 0
    settings = place / "world/pki.toml"
    text = settings.read_text()
    assert 'approvals = "*: 2 of 5, revoke *: 0 of 0"' in text
    settings.write_text(text.replace("revoke *: 0 of 0", "revoke *: 1 of 5"))
    return place


@pytest.fixture
def run(world, capsys):
    def run(*argv):
        capsys.readouterr()
        status = main([*argv, "--home", str(world / "world")])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


WANTED = ("cert", "issue", "--role", "mo-sub-2", "--common-name", "MO Sub-CA 9")


def test_sub_ca_is_asked_for_approved_by_two_and_issues(run, world, tmp_path):
    status, _, err = run(*WANTED)
    assert (status, "approval.approvers_too_few" in err) == (ExitCode.NO, True)
    for name in ("alice", "bob"):
        add = ("caller", "add", name, "--scope", "approve", "--expires", "2099-01-01")
        status, out, _ = run(*add, "--out", str(world / name))
        assert (status, out) == (0, "")
        assert (world / name).stat().st_mode & 0o777 == 0o600
    assert run("caller", "add", "carol", "--scope", "read")[1].startswith("pnc_live_")
    status, _, err = run("caller", "add", "dora", "--scope", "everything")
    assert (status, "caller.scope_unknown" in err) == (ExitCode.NO, True)
    status, out, err = run(*WANTED, "--organization", "MO", "--country", "DE")
    assert status == 0, err
    number = out.split()[0]
    assert f"plugward approval approve {number}" in err
    assert run("approval", "approve", number)[0] == ExitCode.ASKED_WRONGLY
    status, out, _ = run("approval", "approve", number, "--api-key-file", str(world / "alice"))
    assert (status, "1 of 2 approvals" in out) == (0, True)
    approve = ("approval", "approve", number, "--api-key-file", str(world / "bob"), "--json")
    told = json.loads(run(*approve)[1])
    assert told["progress"] == "done"
    (listed,) = json.loads(run("approval", "list", number, "--json")[1])
    assert listed == told
    assert " done " in run("approval", "list")[1]
    chain = tmp_path / "chain"
    issue = ("cert", "issue", "--role", "contract", "--common-name", "DE8AA000000099")
    assert run(*issue, "--new-key", str(tmp_path / "k"), "--out", str(chain))[0] == 0
    leaf, sub, *_ = pem.parse_chain(chain.read_text())
    assert sub.subject_key_id.hex() == told["key_id"] == leaf.authority_key_id.hex()
    file = tmp_path / "sub.pem"
    file.write_text(pem.encode([sub]))
    status, _, err = run("cert", "revoke", str(file))
    assert (status, "approval.needed" in err) == (ExitCode.NO, True)
    status, out, _ = run("approval", "revoke", str(file), "--reason", "superseded", "--json")
    end = json.loads(out)["number"]
    status, out, _ = run("approval", "reject", end, "--api-key-file", str(world / "bob"))
    assert (status, "rejected" in out) == (0, True)
    end = run("approval", "revoke", str(file))[1].split()[0]
    status, out, _ = run("approval", "approve", end, "--api-key-file", str(world / "bob"))
    assert (status, " done " in out) == (0, True)


@pytest.mark.parametrize("odd", [("--csr", "x"), ("--new-key", "x")])
def test_key_of_an_authority_is_made_where_it_stays(run, odd):
    assert run(*WANTED, *odd)[0] == ExitCode.ASKED_WRONGLY
    assert run("cert", "issue", "--role", "mo-sub-2")[0] == ExitCode.ASKED_WRONGLY


def test_root_is_asked_to_be_revoked_under_itself(run, world):
    root = str(world / "world/anchors/mo-root.pem")
    status, _, err = run("approval", "revoke", root)
    assert status in {0, ExitCode.NO}, err
    leaf = str(world / "world/leaves/secc.pem")
    status, _, err = run("approval", "revoke", leaf)
    assert (status, "approval.not_an_authority" in err) == (ExitCode.NO, True)


def test_number_of_no_request_is_not_found(run):
    for number in ("00" * 8, "x", "Z" * 16):
        assert run("approval", "list", number)[0] == ExitCode.NO
