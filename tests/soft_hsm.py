"""SoftHSM tokens to test with, in a directory of their own, never the machine's."""

import atexit
import dataclasses
import os
import secrets
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

MODULES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/libsofthsm2.so"),
)


@cache
def directory() -> Path:
    """Where this test process keeps its tokens; SOFTHSM2_CONF points there from now on."""
    place = Path(tempfile.mkdtemp(prefix="softhsm-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    (place / "tokens").mkdir()
    configuration = place / "softhsm2.conf"
    configuration.write_text(
        f"directories.tokendir = {place / 'tokens'}\n"
        "objectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n"
    )
    # Read by the module when it is initialised; a process has one such.
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    return place


def module() -> Path:
    return next(path for path in MODULES if path.exists())


def new_token() -> tuple[str, str]:
    """The label and the PIN of a fresh token."""
    directory()
    label, pin = f"test-{secrets.token_hex(4)}", f"{secrets.randbelow(10**8):08}"
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", label,
         "--so-pin", f"{secrets.randbelow(10**8):08}", "--pin", pin],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    return label, pin


def place(*, import_allowed: bool = True, **given):
    """A fresh token as settings would name it."""
    from pki.signing.token import TokenPlace

    label, pin = new_token()
    return TokenPlace(
        **{
            "module": module(),
            "token": label,
            "pin": pin,
            "import_allowed": import_allowed,
            "wait_seconds": 30.0,
            **given,
        }
    )


def token_keys(**given):
    """Keys in a fresh token."""
    from pki.signing.pkcs11 import TokenKeys

    return TokenKeys(place(**given))


def replaced(place, **given):
    """The same place with something else about it."""
    return dataclasses.replace(place, **given)
