"""init, serve, and the commands that talk to what is served: one world for all of it."""

import json
import re
import signal
import stat
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12

from certs import pem
from certs.keys import KeyKind, generate
from plugward import bundles
from plugward.authority import request_of
from plugward.cli import main
from plugward.exit_codes import ExitCode
from plugward.home import Home
from plugward.serve import listen, url_of

PLUGWARD = [sys.executable, "-c", "import sys; from plugward.cli import main; sys.exit(main())"]
START_SECONDS_MAX = 30


class Served:
    """A world and both its houses, in a process of their own as an operator runs them."""

    def __init__(self, place: Path) -> None:
        self.home = Home(place / "world")
        with listen("127.0.0.1", 0) as free:  # the port is written into certificates
            self.pki_url = url_of(free)
        argv = [
            *PLUGWARD, "init", str(self.home.directory),
            "--pki-url", self.pki_url, "--contracts", "4", "--json",
        ]  # fmt: skip
        told = json.loads(subprocess.run(argv, capture_output=True, check=True).stdout)
        self.told = told
        self.keys = {}
        for house in ("pki", "authz"):
            path = place / f"{house}.key"
            path.write_text(told[f"{house}ApiKey"] + "\n")
            self.keys[house] = str(path)
        self.process = subprocess.Popen(
            [
                *PLUGWARD, "serve", "--home", str(self.home.directory),
                "--pki-port", self.pki_url.rsplit(":", 1)[1], "--authz-port", "0",
            ],
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        ready = self.process.stderr.readline()
        self.ready = re.fullmatch(r"plugward: ready: pki (\S+), authz (\S+)\n", ready)
        assert self.ready, ready + self.process.stderr.read()
        self.authz_url = self.ready[2]

    def contract(self, number: int) -> str:
        return str(self.home.leaves / f"contract-{self.told['contracts'][number]}.pem")

    def where(self, door: str) -> list[str]:
        """The options by which commands reach the PKI: its home, or its address."""
        if door == "home":
            return ["--home", str(self.home.directory)]
        return ["--url", self.pki_url, "--api-key-file", self.keys["pki"]]

    def stop(self) -> str:
        self.process.send_signal(signal.SIGTERM)
        _, rest = self.process.communicate(timeout=START_SECONDS_MAX)
        return rest


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    made = Served(tmp_path_factory.mktemp("served"))
    yield made
    if made.process.poll() is None:
        made.stop()


def run(capsys, *argv):
    capsys.readouterr()
    status = main(list(argv))
    said = capsys.readouterr()
    return status, said.out, said.err


def test_ready_line_comes_when_both_houses_answer(served):
    assert served.ready[1] == served.pki_url
    for url in (served.pki_url, served.authz_url):
        assert httpx.get(f"{url}/livez", trust_env=False).status_code == 200
        assert httpx.get(f"{url}/readyz", trust_env=False).status_code == 200


def test_init_keeps_secrets_from_others(served):
    for path in [
        served.home.passphrase,
        *served.home.keys.iterdir(),
        *served.home.leaves.glob("*.key"),
    ]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(served.home.directory.stat().st_mode) == 0o700
    for name in ("pki.toml", "authz.toml"):
        text = (served.home.directory / name).read_text()
        assert served.told["pkiApiKey"] not in text
        assert served.home.passphrase.read_text().strip() not in text


def test_init_overwrites_nothing(served, capsys):
    status, out, err = run(capsys, "init", str(served.home.directory))
    assert (status, out) == (ExitCode.ASKED_WRONGLY, "")
    assert "is there already" in err


def test_init_that_fails_leaves_nothing(tmp_path, capsys, monkeypatch):
    def broken(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("plugward.founding._write_down", broken)
    status, _, err = run(capsys, "init", str(tmp_path / "world"))
    assert status == ExitCode.BUG
    assert "No space left" in err
    assert list(tmp_path.iterdir()) == []


def test_same_seed_grows_the_same_keys(tmp_path, capsys):
    for name in ("one", "other"):
        run(capsys, "init", str(tmp_path / name), "--seed", "a seed", "--contracts", "1")
    for key in sorted((tmp_path / "one" / "leaves").glob("*.key")):
        assert key.read_bytes() == (tmp_path / "other" / "leaves" / key.name).read_bytes()


def test_authorize_asks_the_service(served, capsys):
    argv = ["authorize", served.contract(0), "--url", served.authz_url]
    status, out, _ = run(capsys, *argv, "--api-key-file", served.keys["authz"], "--json")
    assert status == ExitCode.YES
    assert json.loads(out)["certificateStatus"] == "Accepted"


def test_authorize_by_hashes(served, capsys):
    root = str(served.home.anchors / "mo-root.pem")
    argv = ["authorize", served.contract(0), "--url", served.authz_url, "--by-hashes"]
    status, out, _ = run(capsys, *argv, "--issuer", root, "--api-key-file", served.keys["authz"])
    assert status == ExitCode.YES
    assert "idTokenInfo.status   Accepted" in out


def test_api_key_comes_from_the_environment(served, capsys, monkeypatch):
    monkeypatch.setenv("PLUGWARD_API_KEY", served.told["authzApiKey"])
    argv = ["authorize", served.contract(0), "--url", served.authz_url]
    assert run(capsys, *argv)[0] == ExitCode.YES
    monkeypatch.setenv("PLUGWARD_API_KEY", served.told["pkiApiKey"])
    status, _, err = run(capsys, *argv)
    assert status == ExitCode.NO
    assert "caller.unauthenticated" in err


def test_contract_is_put_suspended_lifted_and_shown(served, tmp_path, capsys):
    where = ["--url", served.authz_url, "--api-key-file", served.keys["authz"]]
    body = tmp_path / "contract.json"
    body.write_text(json.dumps({"restrictions": {"evsePrefixes": ["DE*PLW"]}}))
    chain = [f"--chain={served.contract(0)}"]
    put = ["contract", "put", "DE-8AA-CLI000001", "--body", str(body), "--group", "fleet 7"]
    status, out, _ = run(capsys, *put, *where)
    assert status == ExitCode.YES
    assert "DEPLW" in out
    assert "fleet 7" in out
    status, _, err = run(capsys, *put, *chain, *where)  # another contract's chain
    assert status == ExitCode.NO
    assert "contract.chain_refused" in err
    for argv, state in [(["suspend"], "Suspended"), (["suspend", "--lift"], "Active")]:
        told = run(capsys, "contract", *argv, "DE8AACLI000001", *where, "--json")
        assert (told[0], json.loads(told[1])["state"]) == (ExitCode.YES, state)
    status, out, _ = run(capsys, "contract", "get", "DE8AACLI000001", *where, "--json")
    assert json.loads(out)["restrictions"] == {"evsePrefixes": ["DEPLW"]}
    status, _, err = run(capsys, "contract", "get", "DE8AACLI999999", *where)
    assert status == ExitCode.NO
    assert "contract.not_found" in err
    assert run(capsys, "contract", "get", "no eMAID", *where)[0] == ExitCode.MALFORMED


def test_import_goes_on_where_it_stopped(served, tmp_path, capsys):
    where = ["--url", served.authz_url, "--api-key-file", served.keys["authz"], "--batch", "4"]
    lines = [json.dumps({"emaid": f"DE8AAIMP{number:06}"}) for number in range(10)]
    broken = tmp_path / "contracts.ndjson"
    broken.write_text("\n".join([*lines[:6], '{"emaid": "nobody"}', *lines[6:]]) + "\n")
    status, out, err = run(capsys, "contract", "import", str(broken), *where)
    assert (status, out) == (ExitCode.MALFORMED, "")
    assert "lines 5 to 8" in err
    assert "--from-line 5" in err
    shown = ["contract", "get", "DE8AAIMP000004", *where[:4]]
    assert run(capsys, *shown)[0] == ExitCode.NO  # a batch is kept whole or not at all
    broken.write_text("\n".join(lines) + "\n")
    status, out, _ = run(
        capsys, "contract", "import", str(broken), *where, "--from-line", "5", "--json"
    )
    assert (status, json.loads(out)) == (ExitCode.YES, {"kept": 6, "created": 6})
    status, out, _ = run(capsys, "contract", "import", str(broken), *where, "--json")
    assert json.loads(out) == {"kept": 10, "created": 0}


def test_without_an_api_key_nothing_is_asked(served, capsys, monkeypatch):
    monkeypatch.delenv("PLUGWARD_API_KEY", raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    status, _, err = run(capsys, "authorize", served.contract(0), "--url", served.authz_url)
    assert status == ExitCode.ASKED_WRONGLY
    assert "PLUGWARD_API_KEY" in err


def test_api_key_is_not_sent_unencrypted_to_others(served, capsys):
    argv = ["authorize", served.contract(0), "--url", "http://198.51.100.7"]
    status, _, err = run(capsys, *argv, "--api-key-file", served.keys["authz"])
    assert status == ExitCode.ASKED_WRONGLY
    assert "unencrypted" in err


def test_nobody_there_exits_4(served, capsys):
    with listen("127.0.0.1", 0) as free:
        url = url_of(free)
    argv = ["authorize", served.contract(0), "--url", url, "--api-key-file", served.keys["authz"]]
    assert run(capsys, *argv)[0] == ExitCode.UNREACHABLE


def test_decided_here_without_revocation_evidence_is_refused(served, capsys):
    anchor = f"mo={served.home.anchors / 'mo-root.pem'}"
    status, out, _ = run(capsys, "authorize", served.contract(0), "--anchor", anchor, "--json")
    answer = json.loads(out)
    assert status == ExitCode.NO
    assert answer["certificateStatus"] == "CertChainError"
    assert answer["reason"] == "revocation.source_missing"


@pytest.mark.parametrize("evidence", ["ocsp", "crl"])
def test_decided_here_with_revocation_evidence(evidence, served, capsys):
    anchor = f"mo={served.home.anchors / 'mo-root.pem'}"
    chain = pem.parse_chain(Path(served.contract(0)).read_bytes())
    given = ["--ocsp"]
    if evidence == "crl":
        given = [word for one in chain for word in ("--crl", one.crl_urls[0])]
    argv = ["authorize", served.contract(0), "--anchor", anchor, *given, "--json"]
    status, out, _ = run(capsys, *argv)
    answer = json.loads(out)
    assert status == ExitCode.YES
    assert {one["source"] for one in answer["evidence"]} == {evidence}


@pytest.mark.parametrize("door", ["home", "url"])
def test_issued_then_revoked_is_told_by_ocsp_and_crl(door, served, tmp_path, capsys):
    where = served.where(door)
    chain, key = str(tmp_path / "chain.pem"), str(tmp_path / "contract.key")
    issue = ["cert", "issue", "--role", "contract", "--common-name", "DE8AA000000001"]
    status, out, _ = run(capsys, *issue, "--new-key", key, "--out", chain, *where)
    assert (status, out) == (ExitCode.YES, "")
    assert stat.S_IMODE(Path(key).stat().st_mode) == 0o600

    status, out, _ = run(capsys, "ocsp", "query", chain, "--json")
    assert (status, json.loads(out)["status"]) == (ExitCode.YES, "good")

    revoke = ["cert", "revoke", chain, "--reason", "keyCompromise", *where, "--json"]
    status, out, _ = run(capsys, *revoke)
    first = json.loads(out)
    assert (status, first["reason"]) == (ExitCode.YES, "keyCompromise")
    status, out, _ = run(
        capsys, "cert", "revoke", chain, "--reason", "superseded", *where, "--json"
    )
    assert json.loads(out) == first, "the first revocation stands"

    # Who revokes by the home is another process than who answers: it is heard within 5 seconds.
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        status, out, _ = run(capsys, "ocsp", "query", chain, "--hash", "sha256", "--json")
        told = json.loads(out)
        if told["status"] == "revoked" or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert (status, told["status"], told["reason"]) == (ExitCode.NO, "revoked", "keyCompromise")

    leaf, issuer, *_ = pem.parse_chain(Path(chain).read_bytes())
    (tmp_path / "issuer.pem").write_text(pem.encode([issuer]))
    argv = ["crl", "show", leaf.crl_urls[0], "--issuer", str(tmp_path / "issuer.pem"), "--json"]
    status, out, _ = run(capsys, *argv, "--certificate", chain)
    told = json.loads(out)
    assert (status, told["verified"], told["certificate"]["status"]) == (1, True, "revoked")
    assert told["certificate"]["reason"] == "keyCompromise"
    assert f"{leaf.serial:x}" in {entry["serialNumber"] for entry in told["entries"]}


def test_csr_from_stdin_is_issued_for(served, capsys, monkeypatch):
    import io

    csr = request_of(generate(KeyKind.P256), "DE8AA000000002")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(csr.encode())))
    argv = [
        "cert",
        "issue",
        "--role",
        "contract",
        "--csr",
        "-",
        "--home",
        str(served.home.directory),
    ]
    status, out, _ = run(capsys, *argv)
    leaf, *rest = pem.parse_chain(out)
    assert (status, leaf.common_name, len(rest)) == (ExitCode.YES, "DE8AA000000002", 2)


@pytest.mark.parametrize("door", ["home", "url"])
def test_refused_issuance_names_the_finding_and_leaves_no_key(door, served, tmp_path, capsys):
    key = tmp_path / "contract.key"
    issue = ["cert", "issue", "--role", "contract", "--common-name", "no eMAID"]
    status, out, err = run(capsys, *issue, "--new-key", str(key), *served.where(door))
    assert (status, out) == (ExitCode.NO, "")
    assert "profile.common_name_wrong" in err
    assert not key.exists()


class LosesAnswers:
    """A road to a service on which questions arrive, and answers do not come back."""

    def __init__(self, url: str) -> None:
        self.lost = []
        road = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name: self.headers[name] for name in ("Authorization", "Content-Type")}
                answer = httpx.post(url + self.path, headers=headers, content=body, trust_env=False)
                road.lost.append(answer)
                self.close_connection = True

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.mark.parametrize("form", ["--new-key", "--pkcs12"])
def test_answer_lost_keeps_the_key_and_again_gives_its_certificate(form, served, tmp_path, capsys):
    key, out = tmp_path / "contract.key", tmp_path / "chain.pem"
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("of the bundle\n")
    name = {"--new-key": "DE8AA000000004", "--pkcs12": "DE8AA000000005"}[form]
    issue = ["cert", "issue", "--role", "contract", "--common-name", name, form, str(key)]
    issue += ["--out", str(out), "--pkcs12-passphrase-file", str(passphrase)]
    road = LosesAnswers(served.pki_url)
    where = ["--url", road.url, "--api-key-file", served.keys["pki"]]
    status, _, err = run(capsys, *issue, *where)
    road.server.shutdown()
    road.server.server_close()
    assert status == ExitCode.UNREACHABLE
    assert f"{key} keeps the key" in err
    assert "--again" in err
    (lost,) = road.lost
    assert lost.status_code == 201, "it was issued all the same"

    status, _, err = run(capsys, *issue, *served.where("url"))
    assert status == ExitCode.ASKED_WRONGLY, "the key is not overwritten"
    status, _, err = run(capsys, *issue, "--again", *served.where("url"))
    assert status == ExitCode.YES, err
    leaf, *_ = pem.parse_chain(out.read_bytes())
    assert f"{leaf.serial:x}" == lost.json()["serial"], "and was not issued twice"
    opened = (
        pkcs12.load_key_and_certificates(key.read_bytes(), b"of the bundle")[0]
        if form == "--pkcs12"
        else load_pem_private_key(key.read_bytes(), None)
    )
    assert opened.public_key() == leaf.public_key()


def test_asking_again_without_an_earlier_attempt_makes_no_key(served, tmp_path, capsys):
    key = tmp_path / "contract.key"
    issue = ["cert", "issue", "--role", "contract", "--common-name", "DE8AA000000006"]
    status, _, err = run(capsys, *issue, "--new-key", str(key), "--again", *served.where("url"))
    assert status == ExitCode.ASKED_WRONGLY
    assert "is not there" in err
    assert not key.exists()


@pytest.mark.parametrize("door", ["home", "url"])
def test_key_that_was_asked_for_before_is_kept_when_asking_again_is_refused(
    door, served, tmp_path, capsys
):
    key = tmp_path / "contract.key"
    bundles.write_key(key, generate(KeyKind.P256), None)
    issue = ["cert", "issue", "--role", "contract", "--common-name", "no eMAID"]
    status, _, err = run(capsys, *issue, "--new-key", str(key), "--again", *served.where(door))
    assert status == ExitCode.NO
    assert "issuance.lint" in err
    assert key.exists()


def test_check_config_shows_settings_without_secrets(served, capsys):
    status, out, _ = run(capsys, "check-config", "--home", str(served.home.directory))
    assert status == ExitCode.YES
    assert re.search(r"passphrase +given\n", out)
    assert served.home.passphrase.read_text().strip() not in out


def test_check_config_refuses_an_unknown_setting(served, tmp_path, capsys):
    odd = tmp_path / "pki.toml"
    odd.write_text("databse_url = 'sqlite:///x.db'\n")
    argv = ["check-config", "--home", str(served.home.directory), "--pki-settings", str(odd)]
    status, _, err = run(capsys, *argv)
    assert status == ExitCode.NO
    assert "databse_url" in err


def test_serve_without_a_world_says_what_to_do(tmp_path, capsys):
    status, _, err = run(capsys, "serve", "--home", str(tmp_path / "nothing"), "--pki-port", "0")
    assert status == ExitCode.ASKED_WRONGLY
    assert "plugward init" in err


def test_serve_on_a_port_in_use_says_so(served, capsys):
    port = served.pki_url.rsplit(":", 1)[1]
    argv = ["serve", "pki", "--home", str(served.home.directory), "--pki-port", port]
    status, _, err = run(capsys, *argv)
    assert status == ExitCode.UNREACHABLE
    assert "cannot listen" in err


def test_wrong_passphrase_does_not_open_the_keys(served, tmp_path, capsys):
    wrong = tmp_path / "passphrase"
    wrong.write_text("not the passphrase\n")
    argv = ["cert", "issue", "--role", "contract", "--common-name", "DE8AA000000003"]
    argv += ["--new-key", str(tmp_path / "k"), "--passphrase-file", str(wrong)]
    status, _, err = run(capsys, *argv, "--home", str(served.home.directory))
    assert status == ExitCode.UNREACHABLE
    assert "unavailable.signer" in err


def test_sigterm_ends_it_gracefully(served):
    rest = served.stop()
    assert served.process.returncode == ExitCode.YES
    assert rest.splitlines()[-1] == "plugward: stopped"
