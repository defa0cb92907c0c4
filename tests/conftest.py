"""What every test may ask for, and what happens where an outside thing is missing."""

import os
import shutil
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Database tests wait for fsync more than they work; a file system in memory answers at once. What
# survives a power cut is `make torture`'s to show, on a real disk.
_MEMORY = Path("/dev/shm")
if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 2 * 1024**3:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}

# Derandomised in CI: a red build is the change's doing. Elsewhere every run looks somewhere new.
settings.register_profile("ci", deadline=None, derandomize=True, max_examples=100)
settings.register_profile(
    "here", deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci" if IN_CI else "here")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


# name: (is it here, what to do about it, must it be here in CI)
_NEEDS = {
    "shared": (SHARED.is_dir, "the reference material beside the checkout is absent", False),
    "openssl": (lambda: shutil.which("openssl"), "install openssl", True),
    "java": (lambda: shutil.which("java"), "install a Java runtime, 17 or later", True),
    "curl": (lambda: shutil.which("curl"), "install curl", True),
    "jq": (lambda: shutil.which("jq"), "install jq", True),
    "postgresql": (lambda: _listens(5432), "start PostgreSQL on 127.0.0.1:5432", True),
    "redis": (lambda: _listens(6379), "start Redis on 127.0.0.1:6379", True),
    "nats": (lambda: _listens(4222), "start NATS on 127.0.0.1:4222", True),
    "npm": (lambda: shutil.which("npm"), "install Node.js with npm", True),
    "softhsm": (lambda: shutil.which("softhsm2-util"), "install softhsm2", True),
    "netns": (
        lambda: os.geteuid() == 0 and shutil.which("ip"),
        "network namespaces need root and iproute2",
        True,
    ),
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        for name in mark.args:
            here, hint, required = _NEEDS[name]
            if here():
                continue
            if required and IN_CI:
                pytest.fail(f"{name} must be here in CI: {hint}", pytrace=False)
            pytest.skip(f"{name}: {hint}")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Where the reference material is; use together with needs("shared")."""
    return SHARED
