"""``plugward serve --workers``: several processes, one service; who ends is replaced."""

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from authz.callers import Scope
from authz.provisioning import Provisioning
from authz.settings import load
from plugward.cli import main
from plugward.exit_codes import ExitCode

PLUGWARD = [sys.executable, "-c", "import sys; from plugward.cli import main; sys.exit(main())"]
SECONDS_MAX = 60
WORKERS = 2


def settings_file(place: Path, **given: str) -> Path:
    told = {"database_url": f"sqlite:///{place}/authz.db"} | given
    file = place / "authz.toml"
    file.write_text("".join(f'{name} = "{value}"\n' for name, value in told.items()))
    return file


def start(settings: Path) -> subprocess.Popen:
    argv = ["serve", "authz", "--authz-port", "0", "--authz-settings", str(settings)]
    return subprocess.Popen(
        [*PLUGWARD, *argv, "--workers", str(WORKERS)], stderr=subprocess.PIPE, text=True
    )


@contextmanager
def served(settings: Path) -> Iterator[tuple[subprocess.Popen, str]]:
    with start(settings) as process:
        try:
            ready = process.stderr.readline()
            found = re.fullmatch(r"plugward: ready: authz (\S+)\n", ready)
            assert found, ready + process.stderr.read()
            yield process, found[1]
        finally:
            process.kill()


def workers_of(process: subprocess.Popen) -> set[int]:
    """The processes below it."""
    found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return {int(child) for child in found if is_alive(int(child))}


def until(ask, why: str) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while not ask():
        assert time.monotonic() < deadline, why
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_workers_answer_are_replaced_and_end_together(tmp_path):
    with served(settings_file(tmp_path)) as (process, url):
        first = workers_of(process)
        assert len(first) == WORKERS
        assert httpx.get(f"{url}/readyz", trust_env=False).status_code == 200

        victim = min(first)
        os.kill(victim, signal.SIGKILL)
        until(lambda: len(workers_of(process) - {victim}) == WORKERS, "nobody took the place")
        for _ in range(20):  # a new connection each: no listening socket was lost with its process
            assert httpx.get(f"{url}/livez", trust_env=False).status_code == 200

        last = workers_of(process)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=SECONDS_MAX)
        assert process.returncode == ExitCode.YES
        assert said.endswith("plugward: stopped\n")
        assert '"worker.ended"' in said
        assert not any(map(is_alive, last))


def test_requests_under_way_are_answered_before_the_end(tmp_path):
    file = settings_file(tmp_path)
    with Provisioning(load(environ={}, file=file)) as provisioning:
        now = datetime.now(UTC)
        provisioning.add_tenant("cpo", now=now)
        key = provisioning.add_key(
            "cpo",
            scopes=frozenset(Scope),
            label="",
            now=now,
            random=secrets.token_bytes,
        )
    body = json.dumps({"idToken": {"idToken": "DE8AA001234567", "type": "eMAID"}})
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    with served(file) as (process, url):

        def ask(_: int) -> int | None:
            try:
                asked = httpx.post(
                    f"{url}/v1/authorize", content=body, headers=headers, trust_env=False
                )
            except httpx.TransportError:
                return None  # nobody had read the request by then
            return asked.status_code

        with ThreadPoolExecutor(8) as pool:
            told = []
            for answer in pool.map(ask, range(100)):
                told.append(answer)
                if len(told) == 20:
                    process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=SECONDS_MAX)
        assert process.returncode == ExitCode.YES, said
        assert told[:10] == [200] * 10
        assert set(told) <= {200, None}
    with Provisioning(load(environ={}, file=file)) as provisioning:
        assert provisioning.first_break_of_log() is None  # two processes wrote one chain


def test_workers_do_not_outlive_who_watches_them(tmp_path):
    with served(settings_file(tmp_path)) as (process, _url):
        workers = workers_of(process)
        process.kill()
        process.wait()
        until(lambda: not any(map(is_alive, workers)), "a worker goes on alone")


@pytest.mark.parametrize("workers", ["0", "65", "many"])
def test_number_of_workers_is_bounded(capsys, workers):
    assert main(["serve", "authz", "--workers", workers]) == ExitCode.ASKED_WRONGLY
    assert "--workers" in capsys.readouterr().err


def test_what_no_worker_can_do_ends_all_and_is_said(tmp_path):
    file = settings_file(tmp_path, database_url=f"sqlite:///{tmp_path}/absent/authz.db")
    process = start(file)
    _, said = process.communicate(timeout=SECONDS_MAX)
    assert process.returncode == ExitCode.UNREACHABLE
    assert "unavailable.database" in said
    assert "ready" not in said
