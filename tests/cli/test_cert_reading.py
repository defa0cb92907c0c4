"""plugward cert inspect, lint, verify, hash-data: what they answer, and with which exit status."""

import io
import json
from types import SimpleNamespace

import pytest

from certs import pem
from certs.profiles.rules import Role
from certs.revocation.hash_data import parse as parse_hash_data
from plugward.cli import main
from plugward.exit_codes import ExitCode
from tests.world import NOW, crooked, expired, name, not_der_basic_constraints, valid_world

WORLD = valid_world()
CONTRACT = WORLD[Role.CONTRACT]
AT = ["--at", NOW.isoformat()]


@pytest.fixture
def files(tmp_path):
    """Files of the world; call it with names and PEM text to write more."""

    def write(file_name, text):
        path = tmp_path / file_name
        path.write_text(text)
        return str(path)

    write("chain.pem", CONTRACT.pem)
    for role in (Role.MO_ROOT, Role.V2G_ROOT, Role.OEM_ROOT):
        write(f"{role.value}.pem", WORLD[role].pem)
    return SimpleNamespace(
        write=write,
        chain=str(tmp_path / "chain.pem"),
        mo_root=str(tmp_path / "mo-root.pem"),
        v2g_root=str(tmp_path / "v2g-root.pem"),
    )


def answer(capsys, *argv):
    status = main(list(argv))
    said = capsys.readouterr()
    return status, said.out, said.err


def codes(findings):
    return {finding["code"] for finding in findings}


def test_inspect_tells_what_a_person_wants_to_know(files, capsys):
    status, out, err = answer(capsys, "cert", "inspect", files.chain)
    assert (status, err) == (ExitCode.YES, "")
    assert "certificate 3 of 3" in out
    assert "eMAID          DE-8AA-001234567 (check character absent)" in out
    assert "looks like     iso15118-2/contract (no findings)" in out
    assert f"SHA-256 {CONTRACT.certificate.fingerprint.hex()}" in out


def test_inspect_recognises_every_role_of_the_world(capsys, monkeypatch):
    for identity in WORLD:
        stdin = io.TextIOWrapper(io.BytesIO(pem.encode([identity.certificate]).encode()))
        monkeypatch.setattr("sys.stdin", stdin)
        status, out, _ = answer(capsys, "cert", "inspect", "-", "--json")
        (facts,) = json.loads(out)
        assert status == ExitCode.YES
        assert [near["profile"] for near in facts["looksLike"]] == [
            f"iso15118-2/{identity.role.value}"
        ]


def test_inspect_names_deviations_of_the_encoding(files, capsys):
    quirky = files.write("quirky.pem", not_der_basic_constraints(CONTRACT).pem)
    _, out, _ = answer(capsys, "cert", "inspect", quirky, "--json")
    assert json.loads(out)[0]["quirks"] == ["profile.basic_constraints_not_der"]


def test_inspect_reads_der(tmp_path, capsys):
    path = tmp_path / "leaf.der"
    path.write_bytes(CONTRACT.certificate.der)
    status, out, _ = answer(capsys, "cert", "inspect", str(path), "--json")
    assert status == ExitCode.YES
    assert json.loads(out)[0]["fingerprint"] == CONTRACT.certificate.fingerprint.hex()


def test_no_certificate_writes_to_the_terminal_what_it_obeys(files, capsys):
    evil = crooked(CONTRACT, subject=name(("2.5.4.3", "a\x1b[2Jb\nplugward: ok\u202e")))
    _, out, _ = answer(capsys, "cert", "inspect", files.write("evil.pem", evil.pem))
    assert all(line.isprintable() for line in out.splitlines())
    assert not any(line.startswith("plugward: ok") for line in out.splitlines())


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (b"", ExitCode.MALFORMED),
        (b"no certificate", ExitCode.MALFORMED),
        (b"\x30\x03\x02\x01\x01", ExitCode.MALFORMED),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ExitCode.MALFORMED),
        (b"x" * 70_000, ExitCode.MALFORMED),
    ],
    ids=["empty", "no PEM", "another DER", "PEM of nothing", "too large"],
)
def test_what_is_no_certificate_exits_3_with_its_code(octets, status, tmp_path, capsys):
    path = tmp_path / "input"
    path.write_bytes(octets)
    assert main(["cert", "inspect", str(path)]) == status
    said = capsys.readouterr()
    assert not said.out
    assert said.err.startswith("plugward: error: ")
    assert "(malformed." in said.err


def test_lint_of_our_own_conforms(files, capsys):
    leaf = files.write("leaf.pem", pem.encode([CONTRACT.certificate]))
    issuer = files.write("issuer.pem", pem.encode([CONTRACT.issuer.certificate]))
    argv = ["cert", "lint", leaf, "--profile", "iso15118-2/contract", "--issuer", issuer]
    status, out, err = answer(capsys, *argv)
    assert (status, out, err) == (ExitCode.YES, "conforms: iso15118-2/contract\n", "")


def test_lint_by_another_role_s_profile_exits_1_with_the_findings(files, capsys):
    leaf = files.write("leaf.pem", pem.encode([CONTRACT.certificate]))
    argv = ["cert", "lint", leaf, "--profile", "iso15118-2/oem-provisioning", "--json"]
    status, out, _ = answer(capsys, *argv)
    said = json.loads(out)
    assert (status, said["conforms"]) == (ExitCode.NO, False)
    assert "profile.domain_component_wrong" in codes(said["findings"])


def test_lint_without_a_profile_says_which_it_took(files, capsys):
    leaf = files.write("leaf.pem", pem.encode([CONTRACT.certificate]))
    status, _, err = answer(capsys, "cert", "lint", leaf)
    assert status == ExitCode.YES
    assert "iso15118-2/contract" in err


def test_lint_of_a_chain_measures_its_leaf_under_its_issuer(files, capsys):
    sub = WORLD.issue(Role.CONTRACT, not_after=CONTRACT.certificate.not_after)
    other = valid_world(name="other")[Role.MO_SUB_2]
    chain = files.write("odd.pem", pem.encode([sub.certificate, other.certificate]))
    status, out, _ = answer(capsys, "cert", "lint", files.chain, "--json")
    assert (status, json.loads(out)["findings"]) == (ExitCode.YES, [])
    status, out, _ = answer(capsys, "cert", "lint", chain, "--json")
    assert codes(json.loads(out)["findings"]) == {"profile.authority_key_id_wrong"}


def test_verify_of_the_valid_chain(files, capsys):
    argv = ["cert", "verify", files.chain, "--anchor", f"mo={files.mo_root}", *AT]
    status, out, _ = answer(capsys, *argv)
    assert status == ExitCode.YES
    assert out.splitlines()[-1] == "valid for contract at 2026-11-01T12:00:00Z, anchored for mo"


@pytest.mark.parametrize(
    "case",
    [
        ("v2g", "contract", CONTRACT, {"chain.anchor_unknown"}),
        ("mo", "secc", CONTRACT, {"chain.role_confused"}),
        ("mo", "contract", expired(CONTRACT), {"chain.expired"}),
    ],
)
def test_verify_of_what_is_not_valid_exits_1(case, files, capsys):
    anchor, use, odd, expected = case
    path = files.write("odd.pem", odd.pem)
    root = {"mo": files.mo_root, "v2g": files.v2g_root}[anchor]
    argv = ["cert", "verify", path, "--anchor", f"{anchor}={root}", "--use", use, *AT, "--json"]
    status, out, _ = answer(capsys, *argv)
    verdict = json.loads(out)
    errors = {one["code"] for one in verdict["findings"] if one["severity"] == "error"}
    assert (status, verdict["valid"], errors) == (ExitCode.NO, False, expected)


@pytest.mark.parametrize(
    "odd",
    [
        ["--anchor", "nonsense"],
        ["--anchor", "evse=x.pem"],
        ["--anchor", "mo=absent.pem"],
        ["--at", "yesterday"],
        ["--tolerate", "chain.expired"],
        ["--use", "roaming"],
        ["--sub-ca-role", "contract"],
    ],
    ids=" ".join,
)
def test_verify_asked_wrongly_exits_2(odd, files, capsys):
    argv = ["cert", "verify", files.chain, "--anchor", f"mo={files.mo_root}", *odd]
    status, out, err = answer(capsys, *argv)
    assert (status, out) == (ExitCode.ASKED_WRONGLY, "")
    assert err.startswith("plugward: error: ")


def test_verify_refuses_an_anchor_that_is_no_root(files, capsys):
    argv = ["cert", "verify", files.chain, "--anchor", f"mo={files.chain}", *AT]
    status, _, err = answer(capsys, *argv)
    assert status == ExitCode.ASKED_WRONGLY
    assert "anchor.not_self_signed" in err


@pytest.mark.parametrize("root_in_file", [False, True])
def test_hash_data_has_an_entry_for_each_certificate_but_the_root(root_in_file, files, capsys):
    extra = [files.mo_root] if root_in_file else ["--issuer", files.mo_root]
    status, out, err = answer(capsys, "cert", "hash-data", files.chain, *extra)
    entries = [parse_hash_data(entry) for entry in json.loads(out)]
    assert (status, err) == (ExitCode.YES, "")
    assert [entry.serial for entry in entries] == [one.serial for one in CONTRACT.chain]


def test_hash_data_of_a_chain_that_ends_in_its_root_needs_no_second_one(files, capsys):
    argv = ["cert", "hash-data", files.chain, files.mo_root, "--issuer", files.mo_root]
    _, out, _ = answer(capsys, *argv)
    assert len(json.loads(out)) == 3


def test_hash_data_says_what_it_leaves_out(files, capsys):
    status, out, err = answer(capsys, "cert", "hash-data", files.chain)
    assert status == ExitCode.YES
    assert len(json.loads(out)) == 2
    assert "no entry for" in err


def test_hash_data_of_certificates_that_are_no_chain(files, capsys):
    status, _, err = answer(capsys, "cert", "hash-data", files.mo_root, files.chain)
    assert status == ExitCode.ASKED_WRONGLY
    assert "leaf first" in err
