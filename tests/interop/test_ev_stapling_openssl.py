"""A stranger knocks at our charger: openssl s_client sees chain, suite and staple."""

import asyncio
import subprocess

import pytest

from certs import pem
from certs.profiles.rules import Role
from ev_emulator.driving.station import Station
from tests.ev_link import backend, charger, world

pytestmark = pytest.mark.needs("openssl")


def knock(where, *options, roots):
    """What s_client prints of a handshake with this charger."""

    async def run():
        async with Station(where) as station:
            process = await asyncio.create_subprocess_exec(
                "openssl",
                "s_client",
                "-connect",
                f"127.0.0.1:{station.tls_port}",
                "-status",
                "-CAfile",
                str(roots),
                *options,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            output, _ = await asyncio.wait_for(process.communicate(), timeout=20)
            return output.decode()

    return asyncio.run(run())


@pytest.fixture
def roots(tmp_path):
    """The V2G root, for openssl."""
    path = tmp_path / "roots.pem"
    path.write_text(pem.encode([world()[Role.V2G_ROOT].certificate]))
    return path


def test_stranger_sees_and_verifies_chain_suite_and_staple(roots):
    seen = knock(charger(), "-tls1_2", roots=roots)
    assert "OCSP Response Status: successful (0x0)" in seen
    assert "Cert Status: good" in seen
    assert "ECDHE-ECDSA-AES128-SHA256" in seen
    assert "Verify return code: 0 (ok)" in seen


def test_stranger_sees_that_the_charger_is_revoked(roots):
    ours = backend()
    ours.revoke(world()[Role.SECC].certificate)
    assert "Cert Status: revoked" in knock(charger(ours=ours), "-tls1_2", roots=roots)


def test_stranger_verifies_the_staple_with_openssl_ocsp(roots, tmp_path):
    secc = world()[Role.SECC]
    response = tmp_path / "staple.der"
    response.write_bytes(
        asyncio.run(backend().certificate_status(secc.certificate, secc.issuer.certificate))
    )
    files = {}
    for name, certificates in (
        ("leaf", [secc.certificate]),
        ("issuer", [secc.issuer.certificate]),
        ("chain", secc.chain[1:]),
    ):
        files[name] = tmp_path / f"{name}.pem"
        files[name].write_text(pem.encode(certificates))
    done = subprocess.run(
        [
            *("openssl", "ocsp", "-respin", response, "-issuer", files["issuer"], "-sha256"),
            *("-cert", files["leaf"], "-CAfile", roots, "-verify_other", files["chain"]),
        ],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert "Response verify OK" in done.stderr + done.stdout
    assert f"{files['leaf']}: good" in done.stdout


@pytest.mark.parametrize("version", ["-tls1_1", "-tls1_3"])
def test_k15_stranger_gets_no_other_version(version, roots):
    seen = knock(charger(), version, roots=roots)
    assert "Cipher is (NONE)" in seen
    assert "OCSP Response Status" not in seen


def test_k15_stranger_gets_no_other_suite(roots):
    seen = knock(charger(), "-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384", roots=roots)
    assert "Cipher is (NONE)" in seen
