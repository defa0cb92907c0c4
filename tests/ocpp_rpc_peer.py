"""The stranger from npm: ocpp-rpc 2.2.1, strict, driven from outside (see ocpp_rpc_driver.cjs)."""

import fcntl
import json
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSION = "2.2.1"
HOME = ROOT / ".interop" / f"ocpp-rpc-{VERSION}"
DRIVER = Path(__file__).with_name("ocpp_rpc_driver.cjs")


def package() -> Path:
    """The stranger's package, which is installed if it is not there."""
    HOME.mkdir(parents=True, exist_ok=True)
    done = HOME / "installed"
    with (HOME.parent / f"{HOME.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests may run in parallel
        if not done.exists():
            (HOME / "package.json").write_text('{"private": true}')
            npm = [shutil.which("npm"), "install", "--no-package-lock", "--no-audit", "--no-fund"]
            subprocess.run([*npm, f"ocpp-rpc@{VERSION}"], cwd=HOME, check=True, capture_output=True)
            done.touch()
    return HOME / "node_modules" / "ocpp-rpc"


def say(client: dict, calls: list, *, ca: Path | None = None) -> list[dict]:
    """What a station that is set up so and makes these calls meets, in order."""
    script = {"client": client, "calls": calls, "ca": None if ca is None else str(ca)}
    done = subprocess.run(
        [shutil.which("node"), DRIVER, package()],
        input=json.dumps(script),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
