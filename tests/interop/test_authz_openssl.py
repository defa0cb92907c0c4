"""A stranger at the door: OpenSSL's responder answers what the authorization house asks."""

import subprocess
from datetime import UTC, datetime, timedelta
from threading import Lock

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certs import pem
from certs.hierarchy import Identity, grow
from tests.authz_house import Clock, house, verdict

pytestmark = pytest.mark.needs("openssl")


class OpensslResponder:
    """`openssl ocsp` over an index of what its CA issued; everything listed is revoked or valid."""

    def __init__(self, folder, revoked: set[int]) -> None:
        self.folder = folder
        self.revoked = revoked
        self._one_at_a_time = Lock()  # the files are the same for every question

    def __call__(self, identity: Identity, request: bytes) -> bytes:
        with self._one_at_a_time:
            return self._answer(identity, request)

    def _answer(self, identity: Identity, request: bytes) -> bytes:
        issuer = identity.issuer
        ca, key = self.folder / "ca.pem", self.folder / "ca.key"
        ca.write_text(pem.encode([issuer.certificate]))
        key.write_bytes(
            issuer.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        serial = f"{identity.certificate.serial:X}"
        serial = "0" * (len(serial) % 2) + serial
        ends = (datetime.now(UTC) + timedelta(days=365)).strftime("%y%m%d%H%M%SZ")
        revoked = datetime.now(UTC).strftime("%y%m%d%H%M%SZ,keyCompromise")
        entry = (
            f"R\t{ends}\t{revoked}\t{serial}\tunknown\t/CN=x\n"
            if identity.certificate.serial in self.revoked
            else f"V\t{ends}\t\t{serial}\tunknown\t/CN=x\n"
        )
        (self.folder / "index.txt").write_text(entry)
        (self.folder / "request.der").write_bytes(request)
        asked = ["openssl", "ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem"]
        asked += ["-rkey", "ca.key", "-reqin", "request.der", "-respout", "response.der"]
        subprocess.run([*asked, "-nmin", "60"], cwd=self.folder, check=True, capture_output=True)
        return (self.folder / "response.der").read_bytes()


@pytest.mark.parametrize("ocsp_hash", ["SHA1", "SHA256", "SHA384", "SHA512"])
def test_openssl_responder_is_understood(tmp_path, ocsp_hash):
    now = datetime.now(UTC).replace(microsecond=0)
    world = grow(seed=None, now=now)
    folder = tmp_path / "openssl"
    folder.mkdir()
    # Its clock is this machine's, which goes on while ours stands: a minute is room enough.
    clock = Clock(now + timedelta(minutes=1))
    generous = {"gather_deadline_seconds": 20, "source_deadline_seconds": 10}
    with house(tmp_path, world=world, clock=clock, ocsp_hash=ocsp_hash, **generous) as h:
        h.responder.stranger = OpensslResponder(folder, set())
        answer = h.ask(chain=h.contract)
        assert verdict(answer) == ("Accepted", "Accepted", "accepted")
        assert {one["source"] for one in answer.json()["evidence"]} == {"ocsp"}


def test_openssl_responder_that_says_revoked_is_believed(tmp_path):
    now = datetime.now(UTC).replace(microsecond=0)
    world = grow(seed=None, now=now)
    folder = tmp_path / "openssl"
    folder.mkdir()
    clock = Clock(now + timedelta(minutes=1))
    generous = {"gather_deadline_seconds": 20, "source_deadline_seconds": 10}
    with house(tmp_path, world=world, clock=clock, **generous) as h:
        h.responder.stranger = OpensslResponder(folder, {h.contract.certificate.serial})
        answer = h.ask(chain=h.contract)
        assert verdict(answer) == ("CertificateRevoked", "Invalid", "revocation.revoked")
        assert answer.json()["evidence"][0]["reason"] == "keyCompromise"
