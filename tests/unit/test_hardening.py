"""K02: a process that holds keys leaves no core and lets nobody read its memory."""

import subprocess
import sys

import pytest

PROBE = """
import ctypes, resource
from plugward.hardening import harden
print(harden(), resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl is Linux's")
def test_k02_no_core_dump_and_not_dumpable():
    told = subprocess.run([sys.executable, "-c", PROBE], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "() (0, 0) 0"
