"""plugward ev: a vehicle and a charger from the command line, stories, and load."""

import asyncio
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from certs.profiles.rules import Role
from ev_emulator.backend.http import Addresses
from ev_emulator.errors import Unavailable
from ev_emulator.scenarios.catalogue import SCENARIOS
from ev_emulator.stand_in.backend import StandIn
from plugward.cli import main
from plugward.clock import Running
from plugward.ev.operators import Csms as CsmsAt
from plugward.ev.operators import reached
from plugward.exit_codes import ExitCode
from tests.ev_pair import Dice
from tests.ocpp_csms import Csms
from tests.world import NOW, valid_world

_COMMAND = "import sys; from plugward.cli import main; sys.exit(main())"


@pytest.fixture(scope="module")
def charger(tmp_path_factory):
    """A charger of a fresh world in a process of its own, on a free port."""
    place = tmp_path_factory.mktemp("ev")
    home, words, data = place / "world", place / "stderr", place / "stdout"
    argv = [sys.executable, "-c", _COMMAND, "ev", "serve-charger", "127.0.0.1:0"]
    argv += ["--stand-in", "--home", str(home), "--receipt-every", "2", "--trace"]
    # files, not pipes: a pipe that nobody reads would stop the charger
    with (
        words.open("w") as stderr,
        data.open("w") as stdout,
        subprocess.Popen(argv, stdout=stdout, stderr=stderr) as process,
    ):
        yield SimpleNamespace(at=f"127.0.0.1:{_port(words)}", home=str(home))
        process.terminate()
        assert process.wait(timeout=20) == ExitCode.YES
    assert re.search(r"^session 1 (ended|failed|paused)", data.read_text(), re.MULTILINE)
    assert "V2GTP 0x8001" in words.read_text()


def _port(words):
    until = time.monotonic() + 20
    while time.monotonic() < until:
        found = re.search(r"a charger at 127\.0\.0\.1 port (\d+)\n", words.read_text())
        if found:
            return found.group(1)
        time.sleep(0.05)
    pytest.fail(f"the charger did not come up: {words.read_text()}")


def answer(capsys, *argv):
    status = main(list(argv))
    said = capsys.readouterr()
    return status, said.out, said.err


def charge(capsys, charger, *more):
    return answer(capsys, "ev", "charge", charger.at, "--home", charger.home, *more)


def test_a_vehicle_with_a_contract_charges(charger, capsys):
    status, out, err = charge(capsys, charger)
    assert (status, err) == (ExitCode.YES, "")
    assert out.startswith("outcome  charged\n")


def test_a_vehicle_without_one_installs_it_stores_it_and_comes_back_with_it(
    charger, capsys, tmp_path
):
    store = tmp_path / "wallet"
    status, out, err = charge(capsys, charger, "--without-contract", "--store", str(store))
    assert status == ExitCode.YES
    assert "installed  a contract" in out
    assert "its key in" in err
    (key,) = store.glob("*.key")
    assert key.stat().st_mode & 0o777 == 0o600
    stem = str(key.with_suffix(""))
    status, out, _ = charge(capsys, charger, "--contract", stem, "--install", "never", "--json")
    told = json.loads(out)
    assert (status, told["good"], told["installed"]) == (ExitCode.YES, True, False)
    assert set(told["marksMs"]) == {"discovered", "connected", "secured", "authorized", "ended"}


def test_a_refusal_is_told_with_its_reason_and_exit_status_1(charger, capsys):
    status, out, _ = charge(capsys, charger, "--without-contract", "--install", "never", "--json")
    told = json.loads(out)
    assert status == ExitCode.NO
    assert told["failure"]["code"] == "payment.no_contract"


def test_a_paused_session_is_joined_again(charger, capsys):
    status, out, _ = charge(capsys, charger, "--pause", "--json")
    assert status == ExitCode.YES
    session = json.loads(out)["pausedSession"]
    status, out, err = charge(capsys, charger, "--resume", session, "--trace")
    assert status == ExitCode.YES
    assert re.search(r"ResponseCode +OK_OldSessionJoined", err)


def test_dc_and_eim_work_too(charger, capsys):
    assert charge(capsys, charger, "--mode", "dc", "--loops", "1")[0] == ExitCode.YES
    assert charge(capsys, charger, "--pay", "external")[0] == ExitCode.YES


def test_the_trace_goes_to_stderr_and_the_capture_to_a_new_file(charger, capsys, tmp_path):
    file = tmp_path / "session.pcapng"
    status, out, err = charge(capsys, charger, "--trace", "--pcap", str(file))
    assert status == ExitCode.YES
    assert "octets  MeteringReceiptReq" in err
    assert "V2GTP" not in out
    assert file.read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"
    status, _, err = charge(capsys, charger, "--pcap", str(file))
    assert status == ExitCode.ASKED_WRONGLY
    assert "nothing is overwritten" in err


def test_a_charger_of_another_world_is_not_believed(charger, capsys, tmp_path):
    other = tmp_path / "other"
    assert main(["init", str(other)]) == ExitCode.YES
    capsys.readouterr()
    status, out, _ = answer(capsys, "ev", "charge", charger.at, "--home", str(other), "--json")
    assert status == ExitCode.NO
    assert json.loads(out)["failure"]["code"].startswith("chain.")


def test_where_nobody_listens_the_exit_status_is_4(charger, capsys):
    status, out, _ = answer(capsys, "ev", "charge", "127.0.0.1:9", "--home", charger.home, "--json")
    assert status == ExitCode.UNREACHABLE
    assert json.loads(out)["failure"]["code"] == "link.refused"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), "either HOST:PORT or --interface"),
        (("127.0.0.1:1", "--interface", "lo"), "either HOST:PORT or --interface"),
        (("localhost",), "is not HOST:PORT"),
        (("127.0.0.1:99999",), "is no port"),
        (("--interface", "nosuch"), "no network interface"),
    ],
)
def test_a_charger_has_to_be_named_well(capsys, argv, said):
    status, _, err = answer(capsys, "ev", "charge", *argv)
    assert status == ExitCode.ASKED_WRONGLY
    assert said in err


def test_a_session_identifier_has_16_digits(charger, capsys):
    status, _, err = charge(capsys, charger, "--resume", "12")
    assert status == ExitCode.ASKED_WRONGLY
    assert "no session identifier" in err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), "no operator"),
        (("--authorize-url", "http://x", "--csms", "ws://x"), "either --authorize-url or --csms"),
        (("--csms", "http://x"), "no WebSocket address"),
        (("--csms", "ws://localhost", "--stand-in"), "one operator"),
        (("--csms", "ws://csms.example/x"), "a password is not sent unencrypted"),
        (("--authorize-url", "http://authz.example"), "an API key is not sent unencrypted"),
        (("--authorize-url", "nonsense"), "no address of a service"),
    ],
)
def test_a_charger_has_one_operator(capsys, argv, said, monkeypatch, tmp_path):
    monkeypatch.setenv("PLUGWARD_API_KEY", "k")
    monkeypatch.setenv("PLUGWARD_CSMS_PASSWORD", "p")
    monkeypatch.chdir(tmp_path)
    status, _, err = answer(capsys, "ev", "serve-charger", *argv)
    assert status == ExitCode.ASKED_WRONGLY
    assert said in err


def test_a_stand_in_never_writes_over_a_world(charger, capsys):
    status, _, err = answer(capsys, "ev", "serve-charger", "--stand-in", "--home", charger.home)
    assert status == ExitCode.ASKED_WRONGLY
    assert "is there already" in err


def test_an_encrypted_or_foreign_key_is_refused(charger, capsys, tmp_path):
    (contract,) = Path(charger.home, "leaves").glob("contract-*.pem")
    (tmp_path / "c.pem").write_bytes(contract.read_bytes())
    (tmp_path / "c.key").write_text("no key")
    status, _, err = charge(capsys, charger, "--contract", str(tmp_path / "c"))
    assert status == ExitCode.ASKED_WRONGLY
    assert "no private key" in err


# Stories


def test_the_list_names_every_story(capsys):
    status, out, _ = answer(capsys, "ev", "scenario", "--list")
    assert status == ExitCode.YES
    assert [line.split()[0] for line in out.splitlines()] == [each.name for each in SCENARIOS]
    _, out, _ = answer(capsys, "ev", "scenario", "--list", "--json")
    assert len(json.loads(out)) == len(SCENARIOS)


def test_a_story_that_ends_as_it_must_is_a_yes_also_where_it_is_a_refusal(capsys, tmp_path):
    file = tmp_path / "story.pcapng"
    status, out, err = answer(capsys, "ev", "scenario", "revoked", "--trace", "--pcap", str(file))
    assert status == ExitCode.YES
    assert re.search(r"revoked +1 +session\.refused +revocation\.revoked +FAILED_Cert", out)
    assert "? operator: may DE8AA0STORY001 charge?" in err
    assert file.exists()


def test_stories_as_json(capsys):
    status, out, _ = answer(capsys, "ev", "scenario", "happy-path", "expired", "--json")
    assert status == ExitCode.YES
    good, expired = json.loads(out)
    assert (good["expected"], good["visits"][0]["authorized"]) == (True, True)
    assert expired["visits"][0]["failure"]["responseCode"] == "FAILED_CertificateExpired"


@pytest.mark.parametrize("argv", [(), ("no-such-story",), ("dc", "pause", "--pcap", "x")])
def test_which_story_has_to_be_said(capsys, argv):
    assert answer(capsys, "ev", "scenario", *argv)[0] == ExitCode.ASKED_WRONGLY


def test_an_unexpected_end_is_told_and_exit_status_1(capsys, monkeypatch):
    from dataclasses import replace

    from plugward.commands.ev import scenario as command

    story = command.BY_NAME["happy-path"]
    wrong = replace(story, visits=command.BY_NAME["revoked"].visits)
    monkeypatch.setattr(command, "BY_NAME", {"happy-path": wrong})
    status, out, err = answer(capsys, "ev", "scenario", "happy-path")
    assert status == ExitCode.NO
    assert "UNEXPECTED" in out
    assert "0 of 1 stories" in err


# Load


def test_load_tells_rate_latencies_and_errors(capsys):
    status, out, _ = answer(capsys, "ev", "load", "--evs", "4", "--chargers", "2", "--visits", "2")
    assert status == ExitCode.YES
    assert "sessions  8 of 8 in good order" in out
    assert re.search(r"AuthorizationReq +8 ", out)


def test_load_as_json(capsys):
    status, out, _ = answer(
        capsys, "ev", "load", "--evs", "2", "--chargers", "1", "--visits", "1", "--json"
    )
    told = json.loads(out)
    assert status == ExitCode.YES
    assert (told["visits"], told["good"], told["errors"]) == (2, 2, {})
    assert told["latenciesMs"]["session"]["count"] == 2


# Operators


def test_a_csms_is_reached_and_asked(capsys):
    async def story():
        csms = Csms(StandIn(valid_world(), now=lambda: NOW, random_bytes=Dice()))
        async with csms:
            operator = CsmsAt(url=csms.url, station="CS-9")
            async with reached(operator, Running()) as backend:
                secc, issuer = valid_world()[Role.SECC].chain[:2]
                assert await backend.certificate_status(secc, issuer)
        assert "BootNotification" in csms.actions()

    asyncio.run(story())


def test_services_are_reached_over_http():
    async def story():
        addresses = Addresses(authorize="http://127.0.0.1:9", responder="http://127.0.0.1:9")
        async with reached(addresses, Running()) as backend:
            secc, issuer = valid_world()[Role.SECC].chain[:2]
            with pytest.raises(Unavailable):
                await backend.certificate_status(secc, issuer)

    asyncio.run(story())


def test_an_operator_in_memory_is_itself():
    async def story():
        stand_in = StandIn(valid_world(), now=lambda: NOW, random_bytes=Dice())
        async with reached(stand_in, Running()) as backend:
            assert backend is stand_in

    asyncio.run(story())
