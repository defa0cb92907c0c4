"""The page of private keys: its shell block makes a token and a key in it, as written."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pki.errors import SigningRateExceeded, SigningRefused
from pki.settings import RawSettings
from tests import soft_hsm

PAGE = (Path(__file__).parents[2] / "docs" / "keys.md").read_text()
ROOT = Path(__file__).parents[2]


@pytest.mark.needs("softhsm")
def test_shell_block_goes_from_nothing_to_a_key_in_a_token(tmp_path):
    (block,) = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    block = block.replace("/usr/lib/softhsm/libsofthsm2.so", str(soft_hsm.module()))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PLUGWARD_")}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    environment.pop("SOFTHSM2_CONF", None)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=tmp_path,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    key_id = re.search(r"^key id  ([0-9a-f]{40})$", done.stdout, re.MULTILINE)
    assert key_id
    assert re.search(rf"^{key_id[1]}  P-256  mo-sub-2 +nothing$", done.stdout, re.MULTILINE)
    pin = (tmp_path / "pin").read_text().strip()
    assert pin not in done.stdout + done.stderr


def test_settings_and_codes_of_the_page_are_the_code_s():
    named = set(re.findall(r"`(pkcs11_\w+|key_store|sign\w+_(?:max|seconds))", PAGE))
    assert named == {
        name
        for name in RawSettings.model_fields
        if name.startswith(("pkcs11_", "key_store", "sign")) and name != "pkcs11_pin"
    }
    for error in (SigningRefused, SigningRateExceeded):
        assert f"`{error.code}`" in PAGE
