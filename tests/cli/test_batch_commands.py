"""Many certificates from a list: keys made here or requests, PEM or PKCS #12, begun again."""

import json
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12

from certs import keys, pem
from certs.keys import KeyKind
from plugward import desk, terminal
from plugward.authority import request_of
from plugward.cli import main
from plugward.exit_codes import ExitCode


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    place = tmp_path_factory.mktemp("batch") / "world"
    assert main(["init", str(place), "--seed", "batch", "--contracts", "1"]) == 0
    return str(place)


@pytest.fixture
def run(world, capsys, tmp_path):
    def run(name, text, *argv):
        capsys.readouterr()
        (tmp_path / name).write_text(text)
        ask = ["cert", "issue-batch", str(tmp_path / name), "--role", "oem-provisioning"]
        status = main([*ask, "--out", str(tmp_path / "out"), "--home", world, *argv])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def vehicles(*numbers, word="PROVISIONING"):
    return [f"WPW{word}{number:02d}" for number in numbers]


def listed(*names):
    return "common_name\n" + "\n".join(names) + "\n"


def chain_of(path):
    return pem.parse_chain(path.read_text())


def test_list_is_issued_and_the_same_command_changes_nothing(run, tmp_path):
    names = vehicles(10, 11, 12)
    status, _, err = run("list.csv", listed(*names))
    assert (status, err) == (0, "plugward: 3 issued, 0 there before, 0 refused\n")
    out = tmp_path / "out"
    for name in names:
        key_file = out / f"{name}.key"
        assert key_file.stat().st_mode & 0o777 == 0o600
        key = load_pem_private_key(key_file.read_bytes(), None)
        leaf, *above = chain_of(out / f"{name}.pem")
        assert (leaf.common_name, leaf.public_key()) == (name, key.public_key())
        assert len(above) == 2
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    status, printed, _ = run("list.csv", listed(*names), "--json")
    assert (status, json.loads(printed)) == (0, {"issued": [], "found": 3, "refused": []})
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_interrupted_between_certificate_and_file_is_given_the_same_again(run, tmp_path):
    names = vehicles(20, 21)
    run("list.csv", listed(*names))
    lost = tmp_path / "out" / f"{names[0]}.pem"
    before = chain_of(lost)
    lost.unlink()
    status, printed, _ = run("list.csv", listed(*names), "--json")
    told = json.loads(printed)
    assert (status, told["issued"], told["found"]) == (0, names[:1], 1)
    assert chain_of(lost) == before


def test_interrupted_in_the_middle_goes_on(run, tmp_path, monkeypatch):
    names = vehicles(*range(30, 35))
    monkeypatch.setattr("plugward.commands.cert.issue_batch.BATCH", 2)
    asked = []
    ask = desk._InHouse.ask

    def breaking(self, method, path, body=None):
        if len(asked) == 1:
            raise KeyboardInterrupt
        asked.append(path)
        return ask(self, method, path, body)

    with monkeypatch.context() as patch:
        patch.setattr(desk._InHouse, "ask", breaking)
        assert run("list.csv", listed(*names))[0] == ExitCode.INTERRUPTED
    out = tmp_path / "out"
    assert len(list(out.glob("*.pem"))) == 2
    assert len(list(out.glob("*.key"))) == 4
    left = {path.name: path.read_bytes() for path in out.glob("*.key")}
    status, _, err = run("list.csv", listed(*names))
    assert (status, err) == (0, "plugward: 3 issued, 2 there before, 0 refused\n")
    assert all((out / name).read_bytes() == octets for name, octets in left.items())


def test_refused_lines_are_told_and_hold_nobody_up(run, tmp_path):
    text = "".join(
        json.dumps(line) + "\n"
        for line in (
            {"common_name": "WPWPROVISIONING40", "organization": "Vehicle Maker", "country": "DE"},
            {"common_name": "not a PCID"},
            {"common_name": "WPWPROVISIONING41", "country": None},
        )
    )
    status, printed, _ = run("list.jsonl", text, "--json")
    told = json.loads(printed)
    assert (status, told["issued"]) == (ExitCode.NO, vehicles(40, 41))
    assert [(one["common_name"], one["code"]) for one in told["refused"]] == [
        ("not a PCID", "issuance.lint")
    ]
    assert not (tmp_path / "out/not%20a%20PCID.pem").exists()
    status, printed, err = run("list.jsonl", text)
    assert "issuance.lint" in printed
    assert err == "plugward: 0 issued, 2 there before, 1 refused\n"


def test_requests_of_vehicles_keep_their_keys(run, tmp_path):
    key = keys.derive(KeyKind.P256, b"in the vehicle")
    (tmp_path / "one.csr").write_text(request_of(key, "x"))
    (tmp_path / "bad.csr").write_text("nothing")
    text = "common_name,csr\nWPWPROVISIONING50,one.csr\nWPWPROVISIONING51,bad.csr\n"
    status, printed, _ = run("list.csv", text, "--json")
    told = json.loads(printed)
    assert (status, told["issued"]) == (ExitCode.NO, vehicles(50))
    assert told["refused"][0]["code"] == "malformed.csr"
    assert chain_of(tmp_path / "out/WPWPROVISIONING50.pem")[0].public_key() == key.public_key()
    assert not list((tmp_path / "out").glob("*.key"))
    status, _, _ = run("list.csv", text, "--format", "pkcs12")
    assert status == ExitCode.ASKED_WRONGLY


@pytest.mark.needs("openssl")
def test_pkcs12_is_sealed_and_openssl_reads_it(run, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("a passphrase of the line\n")
    sealing = ("--format", "pkcs12", "--pkcs12-passphrase-file", str(secret))
    names = vehicles(60, 61)
    assert run("list.csv", listed(*names), *sealing)[0] == 0
    out = tmp_path / "out"
    assert not list(out.glob("*.key"))
    file = out / f"{names[0]}.p12"
    assert file.stat().st_mode & 0o777 == 0o600
    key, leaf, above = pkcs12.load_key_and_certificates(
        file.read_bytes(), b"a passphrase of the line"
    )
    assert key.public_key() == leaf.public_key()
    assert len(above) == 2
    openssl = [shutil.which("openssl"), "pkcs12", "-in", str(file), "-passin", f"file:{secret}"]
    read = subprocess.run([*openssl, "-nodes"], capture_output=True, check=True, text=True)
    assert read.stdout.count("BEGIN CERTIFICATE") == 3


def test_pkcs12_key_that_was_left_is_sealed_and_used_again(run, tmp_path, monkeypatch, capsys):
    secret = tmp_path / "secret"
    secret.write_text("one\n")
    sealing = ("--format", "pkcs12", "--pkcs12-passphrase-file", str(secret))
    (name,) = vehicles(70)

    def failing(*_args, **_given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(desk._InHouse, "ask", failing)
        assert run("list.csv", listed(name), *sealing)[0] == ExitCode.INTERRUPTED
    left = tmp_path / "out" / f"{name}.key"
    key = load_pem_private_key(left.read_bytes(), b"one")
    secret.write_text("another\n")
    status, _, err = run("list.csv", listed(name), *sealing)
    assert (status, "does not open" in err) == (ExitCode.ASKED_WRONGLY, True)
    secret.write_text("one\n")
    assert run("list.csv", listed(name), *sealing)[0] == 0
    made, *_ = pkcs12.load_key_and_certificates(
        (tmp_path / "out" / f"{name}.p12").read_bytes(), b"one"
    )
    assert made.public_key() == key.public_key()
    assert not left.exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("empty.csv", "common_name\n"),
        ("twice.csv", "common_name\nA\na\n"),
        ("column.csv", "common_name,tenant\nA,b\n"),
        ("long.csv", "common_name\nA,b\n"),
        ("none.csv", "country\nDE\n"),
        ("bad.jsonl", "{\n"),
        ("list.jsonl", "[]\n"),
        ("number.jsonl", '{"common_name": 7}\n'),
    ],
)
def test_what_is_no_list_is_refused_before_anything_is_made(run, tmp_path, name, text):
    status, _, err = run(name, text)
    assert status in {ExitCode.ASKED_WRONGLY, ExitCode.MALFORMED}, err
    assert not (tmp_path / "out").exists()


def test_output_that_is_no_directory_is_refused(run, tmp_path):
    (tmp_path / "out").write_text("")
    assert run("list.csv", listed("A"))[0] == ExitCode.ASKED_WRONGLY


def test_names_of_files_hold_no_path(tmp_path):
    from plugward.orders import Line

    names = {
        text: Line(common_name=text, csr=None, organization=None, country=None).file_name
        for text in ("../../etc/passwd", ".hidden", "DE*ICE*E45B", "a/b", "ä")
    }
    assert names == {
        "../../etc/passwd": "%2E.%2F..%2Fetc%2Fpasswd",
        ".hidden": "%2Ehidden",
        "DE*ICE*E45B": "DE%2AICE%2AE45B",
        "a/b": "a%2Fb",
        "ä": "%C3%A4",
    }


def test_a_bar_is_for_terminals(monkeypatch, capsys):
    assert list(terminal.progress([[1], [2, 3]], "things", weight=len)) == [[1], [2, 3]]
    assert capsys.readouterr().err == ""

    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert list(terminal.progress([[1], [2, 3]], "things", weight=len)) == [[1], [2, 3]]
    assert "things" in capsys.readouterr().err


def test_one_certificate_in_pkcs12(world, tmp_path, capsys):
    secret, file = tmp_path / "secret", tmp_path / "vehicle.p12"
    secret.write_text("one\n")
    ask = ["cert", "issue", "--home", world, "--role", "oem-provisioning", "--pkcs12", str(file)]
    sealing = ["--pkcs12-passphrase-file", str(secret)]
    assert main([*ask, *sealing]) == ExitCode.ASKED_WRONGLY
    assert main([*ask, *sealing, "--common-name", "no PCID"]) == ExitCode.NO
    assert not file.exists()
    assert main([*ask, *sealing, "--common-name", "WPWPROVISIONING80"]) == 0
    assert file.stat().st_mode & 0o777 == 0o600
    key, leaf, _ = pkcs12.load_key_and_certificates(file.read_bytes(), b"one")
    assert key.public_key() == leaf.public_key()
    assert main([*ask, *sealing, "--common-name", "WPWPROVISIONING80"]) == ExitCode.ASKED_WRONGLY
    assert main([*ask, "--new-key", "x", "--common-name", "y"]) == ExitCode.ASKED_WRONGLY
    capsys.readouterr()


def test_pkcs12_without_a_passphrase_is_refused(world, tmp_path, monkeypatch):
    monkeypatch.delenv("PLUGWARD_PKCS12_PASSPHRASE", raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    ask = ["cert", "issue", "--home", world, "--role", "cps", "--common-name", "CPS 7"]
    assert main([*ask, "--pkcs12", str(tmp_path / "x.p12")]) == ExitCode.ASKED_WRONGLY
