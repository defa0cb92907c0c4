"""OpenSSL, as a stranger over the network, agrees with what we issue, answer and publish."""

import contextlib
import socket
import subprocess
import threading
import time
from datetime import UTC, datetime

import httpx
import pytest
import uvicorn

from certs import keys, pem
from certs.edition import Edition
from certs.hierarchy import grow
from certs.keys import KeyKind
from certs.profiles.rules import Role
from pki.app import open_doors
from pki.authority.entries import Reason
from pki.authority.request import IssuanceRequest
from tests.pki_house import (
    PLACES,
    TENANT,
    empty_house,
    keeper_of,
    key_id,
    permit_everything,
    someone,
)

NEW_KEY = {
    KeyKind.P256: ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
    KeyKind.P521: ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"),
    KeyKind.ED448: ("-newkey", "ed448"),
}
pytestmark = pytest.mark.needs("openssl")


def openssl(*arguments, ok=True):
    done = subprocess.run(
        ["openssl", *arguments], check=False, capture_output=True, text=True, timeout=30
    )
    assert (done.returncode == 0) is ok, done.stdout + done.stderr
    return done.stdout + done.stderr


@contextlib.contextmanager
def served(app, bound):
    """The app on a loopback port of its own."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        until = time.monotonic() + 20
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        assert server.started
        yield
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(
            (edition, kind, place.values[0]), id=f"{kind.value}-{place.id}", marks=place.marks
        )
        for edition, kind in (
            (Edition.ISO_2, KeyKind.P256),
            (Edition.ISO_20, KeyKind.P521),
            (Edition.ISO_20, KeyKind.ED448),
        )
        for place in PLACES
    ],
)
def scene(request, tmp_path_factory):
    """A served house of a fresh world, and its files as OpenSSL wants them."""
    edition, kind, place = request.param
    directory = tmp_path_factory.mktemp("strangers")
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{bound.getsockname()[1]}"
    now = datetime.now(UTC)
    with contextlib.closing(bound):
        world = grow(
            seed=None,
            now=now,
            edition=edition,
            key_kind=kind,
            ocsp_url=f"{url}/ocsp",
            crl_url=f"{url}/crl",
        )
        with empty_house(
            f"sqlite:///{directory}/pki.db",
            clock=lambda: datetime.now(UTC),
            keys=keeper_of(place, directory),
        ) as house:
            house.importing.world(world, tenant=TENANT)
            house.authority.reload()
            permit_everything(house)
            with served(open_doors(house), bound):
                yield Scene(house, world, url, directory)


class Scene:
    def __init__(self, house, world, url, directory):
        self.house = house
        self.world = world
        self.url = url
        self.directory = directory
        self.issuer = world[Role.MO_SUB_2]
        self.root = self.file("root.pem", [self.issuer.root])
        self.subs = self.file("subs.pem", self.issuer.chain)
        self.ca = self.file("ca.pem", [self.issuer.certificate])
        self.made = 0

    def file(self, name, chain):
        path = self.directory / name
        path.write_text(pem.encode(chain))
        return str(path)

    def contract(self):
        """A contract certificate that the house issued, and its file."""
        self.made += 1
        issued = self.house.authority.issue(
            IssuanceRequest(
                role=Role.CONTRACT,
                edition=self.world.edition,
                public_key=keys.generate(self.world.key_kind).public_key(),
                common_name=f"DE8AA{self.made:09d}",
                country="DE",
            ),
            caller=someone(self.house),
        )
        return issued, self.file(f"contract-{self.made}.pem", [issued.certificate])

    def revoke(self, issued, reason=Reason.KEY_COMPROMISE):
        self.house.authority.revoke(
            issued.issuer, issued.certificate.serial, reason, caller=someone(self.house)
        )

    def crl(self):
        path = self.directory / "list.pem"
        answer = httpx.get(f"{self.url}/crl/{key_id(self.issuer.certificate)}.crl")
        (self.directory / "list.crl").write_bytes(answer.content)
        openssl("crl", "-inform", "DER", "-in", f"{self.directory}/list.crl", "-out", str(path))
        return str(path)


def test_openssl_verifies_what_we_issue(scene):
    _, leaf = scene.contract()
    told = openssl("verify", "-x509_strict", "-CAfile", scene.root, "-untrusted", scene.subs, leaf)
    assert told.strip().endswith("OK")


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("nonce", ["-nonce", "-no_nonce"])
def test_openssl_believes_our_ocsp_answers(scene, digest, nonce):
    issued, leaf = scene.contract()
    asked = (
        "ocsp", nonce, "-issuer", scene.ca, f"-{digest}", "-cert", leaf,
        "-url", scene.url + "/ocsp", "-CAfile", scene.root, "-verify_other", scene.subs,
    )  # fmt: skip
    told = openssl(*asked)
    assert "Response verify OK" in told
    assert f"{leaf}: good" in told
    assert "WARNING" not in told
    scene.revoke(issued)
    told = openssl(*asked)
    assert "Response verify OK" in told
    assert f"{leaf}: revoked" in told
    assert "Reason: keyCompromise" in told


def test_openssl_hears_of_several_certificates_at_once(scene):
    (one, first), (_, second) = scene.contract(), scene.contract()
    scene.revoke(one, Reason.SUPERSEDED)
    told = openssl(
        "ocsp", "-issuer", scene.ca, "-cert", first, "-cert", second, "-url", scene.url + "/ocsp",
        "-CAfile", scene.root, "-verify_other", scene.subs,
    )  # fmt: skip
    assert f"{first}: revoked" in told
    assert f"{second}: good" in told


def test_o19_openssl_hears_unknown_of_a_serial_never_issued(scene):
    told = openssl(
        "ocsp", "-issuer", scene.ca, "-serial", "0x4711", "-url", scene.url + "/ocsp",
        "-CAfile", scene.root, "-verify_other", scene.subs,
    )  # fmt: skip
    assert "0x4711: unknown" in told


def test_openssl_hears_unauthorized_of_a_foreign_authority(scene):
    foreign = grow(seed=None, now=datetime.now(UTC), edition=scene.world.edition)
    ca = scene.file("foreign.pem", [foreign[Role.MO_SUB_2].certificate])
    leaf = scene.file("foreign-leaf.pem", [foreign[Role.CONTRACT].certificate])
    told = openssl(
        "ocsp", "-issuer", ca, "-cert", leaf, "-url", scene.url + "/ocsp", "-noverify", ok=False
    )
    assert "unauthorized" in told


def test_openssl_believes_our_list_and_refuses_what_is_on_it(scene):
    issued, leaf = scene.contract()
    kept, other = scene.contract()
    scene.revoke(issued)
    path = scene.crl()
    told = openssl("crl", "-in", path, "-CAfile", scene.ca, "-noout", "-text")
    assert "verify OK" in told
    assert f"{issued.certificate.serial:X}" in told
    assert f"{kept.certificate.serial:X}" not in told
    check = (
        "verify", "-crl_check", "-CRLfile", path, "-CAfile", scene.root, "-untrusted", scene.subs,
    )  # fmt: skip
    assert openssl(*check, other).strip().endswith("OK")
    assert "certificate revoked" in openssl(*check, leaf, ok=False)


def test_openssl_issues_its_request_and_we_sign_it(scene):
    key, request = scene.directory / "key.pem", scene.directory / "request.pem"
    openssl(
        "req", "-new", "-nodes", *NEW_KEY[scene.world.key_kind],
        "-keyout", str(key), "-out", str(request), "-subj", "/CN=DE8AA009999999/C=DE",
    )  # fmt: skip
    api_key = scene.house.authority.new_api_key(
        tenant=TENANT, name="stranger", scopes=["issue:contract"]
    )
    answer = httpx.post(
        f"{scene.url}/v1/certificates",
        headers={"Authorization": f"Bearer {api_key}"},
        json={"role": "contract", "edition": scene.world.edition.value, "csr": request.read_text()},
    )
    assert answer.status_code == 201
    leaf = scene.directory / "answered.pem"
    leaf.write_text(answer.json()["certificate"])
    openssl("verify", "-CAfile", scene.root, "-untrusted", scene.subs, str(leaf))


def test_served_house_is_ready(scene):
    answer = httpx.get(f"{scene.url}/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
