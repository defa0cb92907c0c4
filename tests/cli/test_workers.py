"""``plugward serve --workers``: several processes, one service; who ends is replaced."""

import asyncio
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import websockets

from authz.callers import Scope
from authz.provisioning import Provisioning
from authz.settings import load
from plugward.cli import main
from plugward.exit_codes import ExitCode
from tests.authz_house import DATABASES, database_url

PLUGWARD = [sys.executable, "-c", "import sys; from plugward.cli import main; sys.exit(main())"]
SECONDS_MAX = 60
WORKERS = 2


def settings_file(place: Path, **given: str) -> Path:
    told = {"database_url": f"sqlite:///{place}/authz.db"} | given
    file = place / "authz.toml"
    file.write_text("".join(f'{name} = "{value}"\n' for name, value in told.items()))
    return file


def start(settings: Path, workers: int = WORKERS) -> subprocess.Popen:
    argv = ["serve", "authz", "--authz-port", "0", "--authz-settings", str(settings)]
    return subprocess.Popen(
        [*PLUGWARD, *argv, "--workers", str(workers)], stderr=subprocess.PIPE, text=True
    )


@contextmanager
def served(
    settings: Path, *, workers: int = WORKERS, times: int = 1
) -> Iterator[list[tuple[subprocess.Popen, str]]]:
    """So many services, each with its workers, and where they answer."""
    with ExitStack() as stack:
        begun = [stack.enter_context(start(settings, workers)) for _ in range(times)]
        for process in begun:
            stack.callback(process.kill)
        ready = [process.stderr.readline() for process in begun]
        found = [re.fullmatch(r"plugward: ready: authz (\S+)\n", line) for line in ready]
        assert all(found), ready
        yield [(process, match[1]) for process, match in zip(begun, found, strict=True)]


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
    with served(settings_file(tmp_path)) as [(process, url)]:
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
    with served(file) as [(process, url)]:

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


@pytest.mark.parametrize("kind", DATABASES)
def test_command_that_reaches_another_worker_than_the_station_is_made_all_the_same(tmp_path, kind):
    """Two processes over one database, each at a port of its own, so that who asks whom is sure."""
    with database_url(kind, tmp_path) as database, ExitStack() as stack:
        file = settings_file(tmp_path, database_url=database)
        with Provisioning(load(environ={}, file=file)) as provisioning:
            now = datetime.now(UTC)
            provisioning.add_tenant("cpo", now=now)
            given = {"scopes": frozenset(Scope), "label": "", "now": now}
            key = provisioning.add_key("cpo", **given, random=secrets.token_bytes)
        (_, here), (_, there) = stack.enter_context(served(file, workers=1, times=2))

        def ask(method, url, path="", **more):
            headers = {"Authorization": f"Bearer {key}"}
            place = f"{url}/v1/stations/CS-1{path}"
            return httpx.request(
                method, place, headers=headers, timeout=SECONDS_MAX, trust_env=False, **more
            )

        async def story():
            body = {"securityProfile": 1}
            password = (await asyncio.to_thread(ask, "PUT", here, json=body)).json()["password"]
            socket = f"{here.replace('http', 'ws', 1)}/ocpp/cpo/CS-1"
            basic = b64encode(f"CS-1:{password}".encode()).decode()
            headers = {"Authorization": f"Basic {basic}"}
            async with websockets.connect(
                socket, subprotocols=["ocpp2.0.1"], additional_headers=headers
            ) as station:
                for url in (there, here, there):
                    asked = asyncio.create_task(asyncio.to_thread(ask, "GET", url, "/certificates"))
                    async with asyncio.timeout(SECONDS_MAX):
                        _, number, action, _ = json.loads(await station.recv())
                    assert action == "GetInstalledCertificateIds"
                    await station.send(json.dumps([3, number, {"status": "NotFound"}]))
                    answer = await asked
                    assert (answer.status_code, answer.json()) == (200, {"status": "NotFound"})
                    shown = (await asyncio.to_thread(ask, "GET", url)).json()
                    assert (shown["connected"], shown["version"]) == (True, "ocpp2.0.1")

            def is_gone():
                return not ask("GET", there).json()["connected"]

            await asyncio.to_thread(until, is_gone, "it left, and is shown as connected")
            gone = await asyncio.to_thread(ask, "GET", there, "/certificates")
            assert (gone.status_code, gone.json()["code"]) == (409, "station.not_connected")

        asyncio.run(story())


def test_workers_do_not_outlive_who_watches_them(tmp_path):
    with served(settings_file(tmp_path)) as [(process, _url)]:
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
