"""``plugward key``: the keys of a home, from the command line."""

import json
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509 import load_pem_x509_csr

from certs import keys
from certs.keys import KeyKind
from plugward.cli import main
from plugward.exit_codes import ExitCode

REASON = ("--reason", "a test")


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    home = tmp_path_factory.mktemp("keys") / "world"
    assert main(["init", str(home), "--contracts", "1"]) == ExitCode.YES
    return home


@pytest.fixture
def run(grown, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)

    def run(*arguments, expected=ExitCode.YES):
        capsys.readouterr()
        status = main(["key", *arguments, "--home", str(grown)])
        said = capsys.readouterr()
        assert status == expected, said.err
        return said

    return run


def listed(run):
    return {row["keyId"]: row for row in json.loads(run("list", "--json").out)}


def key_of(run, wanted):
    return next(key for key, row in listed(run).items() if row["neededFor"] == wanted)


def test_keys_are_listed_with_what_needs_them(run):
    table = run("list").out.splitlines()
    assert table[0].split() == ["KEY", "ID", "KIND", "ROLE", "UNTIL", "NEEDED", "FOR"]
    assert len(table) - 1 == len(listed(run))
    assert "OCSP signer of MO Sub-CA 2" in "\n".join(table)


def test_key_is_made_listed_and_destroyed(run):
    made = json.loads(run("generate", "--role", "mo-sub-2", *REASON, "--json").out)
    assert listed(run)[made["keyId"]] == {**made, "neededFor": None, "neededUntil": None}
    said = run("destroy", made["keyId"], *REASON, expected=ExitCode.ASKED_WRONGLY)
    assert "--yes" in said.err
    run("destroy", made["keyId"].upper(), *REASON, "--yes")
    assert made["keyId"] not in listed(run)
    run("destroy", made["keyId"], *REASON, "--yes", expected=ExitCode.NO)


def test_needed_key_is_not_destroyed_without_force(run):
    said = run("destroy", key_of(run, "MO Sub-CA 2"), *REASON, "--yes", expected=ExitCode.NO)
    assert "keys.needed" in said.err
    assert "MO Sub-CA 2" in said.err


def test_kind_of_another_edition_is_asked_wrongly(run):
    said = run(
        "generate", "--role", "mo-sub-2", "--kind", "P-521", *REASON,
        expected=ExitCode.ASKED_WRONGLY,
    )  # fmt: skip
    assert "P-256" in said.err


def test_reason_is_demanded(run):
    run("generate", "--role", "mo-sub-2", expected=ExitCode.ASKED_WRONGLY)
    said = run("generate", "--role", "mo-sub-2", "--reason", " ", expected=ExitCode.NO)
    assert "keys.reason" in said.err


@pytest.mark.parametrize("kind", [KeyKind.P256, KeyKind.ED448])
def test_key_of_elsewhere_is_taken_in_once(run, tmp_path, kind):
    file, key = tmp_path / "ca.key", keys.generate(kind)
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    told = json.loads(run("import", str(file), "--role", "cpo-sub-2", *REASON, "--json").out)
    assert told["kind"] == kind.value
    assert listed(run)[told["keyId"]]["role"] == "cpo-sub-2"
    said = run("import", str(file), "--role", "cpo-sub-2", *REASON, expected=ExitCode.NO)
    assert "conflict.key" in said.err


def test_encrypted_key_is_opened_by_a_file(run, tmp_path):
    file, opens, wrong = (tmp_path / name for name in ("ca.key", "opens", "wrong"))
    key = keys.generate(KeyKind.P521)
    file.write_bytes(
        key.private_bytes(
            Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"horse battery")
        )
    )
    opens.write_text("horse battery\n")
    wrong.write_text("battery horse\n")
    take = ("import", str(file), "--role", "oem-sub-2", *REASON)
    assert "encrypted" in run(*take, expected=ExitCode.ASKED_WRONGLY).err
    run(*take, "--file-passphrase-file", str(wrong), expected=ExitCode.MALFORMED)
    run(*take, "--file-passphrase-file", str(opens))


@pytest.mark.parametrize("octets", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_what_is_no_key_is_malformed(run, tmp_path, octets):
    file = tmp_path / "no.key"
    file.write_bytes(octets)
    run("import", str(file), "--role", "oem-sub-2", *REASON, expected=ExitCode.MALFORMED)


def test_ocsp_signer_is_rotated(run):
    old = key_of(run, "OCSP signer of MO Sub-CA 2")
    told = json.loads(run("rotate", old, *REASON, "--json").out)
    assert (told["keyId"], told["request"]) == (old, None)
    assert key_of(run, "OCSP signer of MO Sub-CA 2") == told["successor"]
    run("destroy", old, *REASON, "--yes")


def test_authority_s_successor_comes_with_its_request(run, tmp_path):
    old = key_of(run, "MO Sub-CA 2")
    request = tmp_path / "request.pem"
    said = run("rotate", old, *REASON, "--out", str(request))
    assert said.out == ""
    csr = load_pem_x509_csr(request.read_bytes())
    assert csr.is_signature_valid
    assert key_of(run, "MO Sub-CA 2") == old
    run("rotate", old, *REASON, "--out", str(request), expected=ExitCode.ASKED_WRONGLY)
    assert load_pem_x509_csr(run("rotate", old, *REASON).out.encode()).is_signature_valid


def test_nothing_to_rotate_is_asked_wrongly(run):
    run("rotate", *REASON, expected=ExitCode.ASKED_WRONGLY)
    run("rotate", "00" * 20, *REASON, expected=ExitCode.NO)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl is Linux's")
def test_k02_command_that_opens_keys_leaves_no_core_and_is_read_by_nobody(grown):
    """In a process of its own, as from a shell, with the passphrase on its standard input."""
    order = ["key", "list", "--home", str(grown), "--passphrase-file", "/dev/stdin"]
    probe = (
        "import ctypes, resource\n"
        "from plugward.cli import main\n"
        f"status = main({order!r})\n"
        "dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)\n"
        "print(status, resource.getrlimit(resource.RLIMIT_CORE), dumpable)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", probe],
        input=(grown / "passphrase").read_text(),
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout.splitlines()[-1] == "0 (0, 0) 0"
    assert told.stderr == ""


def test_passphrase_is_changed_last(run, grown, tmp_path):
    """Last in this file: what comes after opens the home with the new passphrase."""
    new = tmp_path / "new"
    new.write_text("another horse battery staple\n")
    changed = json.loads(run("rotate", "--new-passphrase-file", str(new), *REASON, "--json").out)
    assert set(changed["changed"]) == set(listed(run))
    generate = ("generate", "--role", "mo-sub-2", *REASON)
    (grown / "passphrase").write_text(new.read_text())
    run(*generate)
