"""What a process that holds private keys denies itself, before it opens any."""

import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4  # linux/prctl.h


def harden() -> tuple[str, ...]:
    """No core dumps, and no other process of the same user that reads this one's memory.

    Answers what could not be had, in words; empty where everything was. Python cannot wipe what
    it no longer needs (`bytes` and `int` are copied freely), so what can be done is to keep the
    memory from leaving the process (K02).
    """
    missing = []
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not sys.platform.startswith("linux"):
        missing.append("this system has no way to forbid that other processes read this one")
    elif ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        missing.append("the kernel did not forbid that other processes read this one")
    return tuple(missing)
