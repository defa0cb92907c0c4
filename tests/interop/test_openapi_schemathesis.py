"""schemathesis reads each house's OpenAPI document and tries what it says, and what it does not."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT

PLUGWARD = [sys.executable, "-c", "import sys; from plugward.cli import main; sys.exit(main())"]
SCHEMATHESIS = str(Path(sys.executable).with_name("schemathesis"))
SECONDS_MAX = 60
EXAMPLES = 4  # a door; its coverage phase adds what the document itself suggests


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Both houses of a fresh world: their addresses and API keys, by name."""
    place = tmp_path_factory.mktemp("openapi")
    init = [*PLUGWARD, "init", str(place / "world"), "--json"]
    told = json.loads(subprocess.run(init, capture_output=True, check=True).stdout)
    serve = [*PLUGWARD, "serve", "--home", str(place / "world"), "--pki-port=0", "--authz-port=0"]
    log = place / "serve.log"
    with log.open("w") as words, subprocess.Popen(serve, stderr=words) as process:
        deadline = time.monotonic() + SECONDS_MAX
        ready = None
        while ready is None and process.poll() is None and time.monotonic() < deadline:
            ready = re.search(r"plugward: ready: pki (\S+), authz (\S+)\n", log.read_text())
            time.sleep(0.05)
        assert ready, log.read_text()
        yield {
            "pki": (ready[1], told["pkiApiKey"]),
            "authz": (ready[2], told["authzApiKey"]),
        }
        process.send_signal(signal.SIGTERM)


@pytest.mark.parametrize("house", ["pki", "authz"])
def test_schemathesis_finds_nothing(house, served, tmp_path):
    url, key = served[house]
    run = [
        SCHEMATHESIS, f"--config-file={ROOT / 'schemathesis.toml'}", "run", f"{url}/openapi.json",
        "--header", f"Authorization: Bearer {key}", "--seed=1", "--generation-deterministic",
        "--phases=coverage,fuzzing", "--continue-on-failure", "--no-color",
        f"--max-examples={EXAMPLES}",
    ]  # fmt: skip
    done = subprocess.run(
        run, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    passed = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert passed, done.stdout[-2_000:]
    assert int(passed[1]) == int(passed[2]) > 200
