"""The PKI that a peer's own script makes with openssl: imported, authorized, told apart."""

import shutil
import subprocess
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from certs import pem
from certs.chain.anchors import Anchor, AnchorSet
from certs.chain.roles import Purpose, Use
from certs.chain.verification import verify
from certs.hierarchy import Identity
from certs.profiles.rules import Role
from tests import exi_peer
from tests.authz_house import RESPONSE_LIFE, Clock, Responder, finding_codes, house, verdict

pytestmark = [pytest.mark.needs("java", "openssl"), pytest.mark.slow]
EMAID = "UKSWI123456791A"  # its check character is wrong: 5 is right

# role: (certificate, key, issuer)
FILES = {
    Role.V2G_ROOT: ("v2gRootCACert", "v2gRootCA", None),
    Role.CPO_SUB_1: ("cpoSubCA1Cert", "cpoSubCA1", Role.V2G_ROOT),
    Role.CPO_SUB_2: ("cpoSubCA2Cert", "cpoSubCA2", Role.CPO_SUB_1),
    Role.SECC: ("seccLeafCert", "seccLeaf", Role.CPO_SUB_2),
    Role.MO_ROOT: ("moRootCACert", "moRootCA", None),
    Role.MO_SUB_1: ("moSubCA1Cert", "moSubCA1", Role.MO_ROOT),
    Role.MO_SUB_2: ("moSubCA2Cert", "moSubCA2", Role.MO_SUB_1),
    Role.CONTRACT: ("contractLeafCert", "contractLeaf", Role.MO_SUB_2),
    Role.OEM_ROOT: ("oemRootCACert", "oemRootCA", None),
    Role.OEM_SUB_1: ("oemSubCA1Cert", "oemSubCA1", Role.OEM_ROOT),
    Role.OEM_SUB_2: ("oemSubCA2Cert", "oemSubCA2", Role.OEM_SUB_1),
    Role.OEM_PROVISIONING: ("oemLeafCert", "oemLeaf", Role.OEM_SUB_2),
    Role.CPS_SUB_1: ("cpsSubCA1Cert", "cpsSubCA1", Role.V2G_ROOT),
    Role.CPS_SUB_2: ("cpsSubCA2Cert", "cpsSubCA2", Role.CPS_SUB_1),
    Role.CPS: ("cpsLeafCert", "cpsLeaf", Role.CPS_SUB_2),
}


@pytest.fixture(scope="module")
def peer(tmp_path_factory):
    """Every identity of the peer's PKI, made anew by its script."""
    home = tmp_path_factory.mktemp("peer") / "pki"
    shutil.copytree(exi_peer.package() / "shared/pki", home)
    script = ["bash", "create_certs.sh", "-v", "iso-2"]
    subprocess.run(script, cwd=home, check=True, capture_output=True, timeout=120)
    made: dict[Role, Identity] = {}
    for role, (certificate, key, issuer) in FILES.items():
        (read,) = pem.parse_chain((home / f"iso15118_2/certs/{certificate}.pem").read_text())
        private = (home / f"iso15118_2/private_keys/{key}.key").read_bytes()
        made[role] = Identity(
            role=role,
            certificate=read,
            private_key=load_pem_private_key(private, b"12345"),  # the script's own default
            issuer=made.get(issuer),
        )
    return made


def now():
    return datetime.now(UTC)


def test_every_leaf_of_the_peer_is_valid_for_its_use_and_for_no_other(peer):
    anchors = AnchorSet(
        Anchor(certificate=peer[role].certificate, purpose=purpose)
        for role, purpose in (
            (Role.V2G_ROOT, Purpose.V2G),
            (Role.MO_ROOT, Purpose.MO),
            (Role.OEM_ROOT, Purpose.OEM),
        )
    )
    leaves = {
        Use.CONTRACT: Role.CONTRACT,
        Use.SECC: Role.SECC,
        Use.OEM_PROVISIONING: Role.OEM_PROVISIONING,
        Use.CPS: Role.CPS,
    }
    for role in leaves.values():
        passed = {
            use
            for use in leaves
            if verify(peer[role].chain, use=use, anchors=anchors, now=now()).valid
        }
        assert {leaves[use] for use in passed} == {role}


def test_the_peers_contract_is_authorized_with_evidence_and_refused_once_revoked(peer, tmp_path):
    clock = Clock(now())
    responder = Responder(clock)
    with house(
        tmp_path, world=list(peer.values()), boring=False, responder=responder, clock=clock
    ) as h:
        h.trust(peer[Role.MO_ROOT], "mo")
        h.register(EMAID)
        accepted = h.ask(emaid=EMAID, chain=peer[Role.CONTRACT])
        assert verdict(accepted) == ("Accepted", "Accepted", "accepted")
        assert finding_codes(accepted) == {"identity.emaid_check_digit"}
        assert [e["status"] for e in accepted.json()["evidence"]] == ["good"] * 3
        by_hashes = h.ask(emaid=EMAID, hashes=peer[Role.CONTRACT])
        assert verdict(by_hashes) == ("Accepted", "Accepted", "accepted")
        charger = h.ask(emaid=EMAID, chain=peer[Role.SECC])
        assert verdict(charger)[:2] == ("CertChainError", "Invalid")
        responder.revoke(peer[Role.MO_SUB_2])
        clock.move(2 * RESPONSE_LIFE)
        revoked = h.ask(emaid=EMAID, chain=peer[Role.CONTRACT])
        assert verdict(revoked) == ("CertificateRevoked", "Invalid", "revocation.revoked")
    responder.close()
