"""openssl as a relying party of split lists: which shard it takes for which certificate."""

import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs import pem
from certs.profiles.rules import Role
from pki.authority.entries import Reason
from tests.pki_house import (
    TENANT,
    Clock,
    empty_house,
    issue,
    issuer_id,
    permit_everything,
    someone,
)
from tests.world import NOW, valid_world

pytestmark = pytest.mark.needs("openssl")


@pytest.fixture
def house(tmp_path):
    url = f"sqlite:///{tmp_path}/pki.db"
    with empty_house(url, clock=Clock(), crl_shards=2, crl_deltas=True) as house:
        house.importing.world(valid_world(), tenant=TENANT)
        house.authority.reload()
        permit_everything(house)
        yield house


def verified(folder, certificate, *lists):
    """Whether openssl verifies a certificate with these lists, and what it says."""
    world = valid_world()
    cas = [world[role].certificate for role in (Role.MO_ROOT, Role.MO_SUB_1, Role.MO_SUB_2)]
    (folder / "ca.pem").write_text(pem.encode(tuple(cas)))
    (folder / "leaf.pem").write_text(pem.encode((certificate,)))
    told = [x509.load_der_x509_crl(each).public_bytes(Encoding.PEM) for each in lists]
    (folder / "lists.pem").write_bytes(b"".join(told))
    run = subprocess.run(
        [
            *("openssl", "verify", "-attime", str(int(NOW.timestamp())), "-extended_crl"),
            *("-crl_check", "-CRLfile", "lists.pem", "-CAfile", "ca.pem", "leaf.pem"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return run.returncode == 0, run.stdout + run.stderr


def test_c05_openssl_takes_a_shard_for_its_own_certificates_alone(house, tmp_path):
    issued, number = {}, 0
    while len(issued) < 2 or any(len(each) < 2 for each in issued.values()):
        number += 1
        certificate = issue(house, number).certificate
        issued.setdefault(certificate.serial % 2, []).append(certificate)
    for good, bad, *_ in issued.values():
        assert good != bad
        house.authority.revoke(issuer_id(), bad.serial, Reason.SUPERSEDED, caller=someone(house))
    issuer = house.authority.authority(issuer_id())
    lists = [house.publisher.current(issuer, shard, now=NOW) for shard in (0, 1)]
    for shard, (good, bad, *_) in issued.items():
        ours, other = lists[shard].der, lists[1 - shard].der
        accepted, words = verified(tmp_path, good, ours)
        assert accepted, words
        accepted, words = verified(tmp_path, bad, ours)
        assert not accepted
        assert "certificate revoked" in words
        accepted, words = verified(tmp_path, good, other)
        assert not accepted
        assert "scope" in words or "unable to get certificate CRL" in words, words


def test_openssl_names_scope_and_delta_as_critical(house, tmp_path):
    issuer = house.authority.authority(issuer_id())
    crl = house.publisher.current(issuer, 1, now=NOW)
    for octets, wanted in (
        (crl.der, {"X509v3 Issuing Distribution Point: critical", "X509v3 Freshest CRL"}),
        (
            crl.delta,
            {"X509v3 Issuing Distribution Point: critical", "X509v3 Delta CRL Indicator: critical"},
        ),
    ):
        (tmp_path / "list.crl").write_bytes(octets)
        run = subprocess.run(
            ["openssl", "crl", "-inform", "DER", "-in", "list.crl", "-noout", "-text"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        lines = {line.strip().rstrip(":") for line in run.stdout.splitlines()}
        assert wanted <= lines
        assert f"http://pki.v2g.example/crl/{issuer_id()}/1.crl" in run.stdout
