"""From an empty token to a contract: a root and its line approved, born and kept in the token.

No private key of an authority or an OCSP signer ever exists outside, and OpenSSL believes it all.
"""

import subprocess

import pytest
from cryptography.x509 import load_der_x509_crl, ocsp

from certs import keys, pem
from certs.edition import Edition
from certs.keys import KeyKind
from certs.profiles.rules import Role
from pki.authority.approval import Progress, Terms, Verdict
from pki.authority.request import IssuanceRequest
from pki.callers import APPROVE, READ, REQUEST_AUTHORITY, identity_of
from tests import soft_hsm
from tests.pki_house import TENANT, Clock, empty_house, permit_everything, someone
from tests.pki_wire import question

LINE = (Role.MO_ROOT, Role.MO_SUB_1, Role.MO_SUB_2)


def caller(house, name, *scopes):
    key = house.authority.new_api_key(tenant=TENANT, name=name, scopes=scopes)
    return house.stores.callers.by_id(identity_of(key))


@pytest.mark.needs("softhsm", "openssl")
@pytest.mark.parametrize(
    ("edition", "kind"),
    [
        pytest.param(Edition.ISO_2, KeyKind.P256, id="P-256"),
        pytest.param(Edition.ISO_20, KeyKind.ED448, id="Ed448"),
    ],
)
def test_whole_line_is_founded_in_the_token_and_openssl_believes_it(tmp_path, edition, kind):
    keeper = soft_hsm.token_keys(import_allowed=False)
    given = {"approvals": "*: 2 of 2", "clock": Clock(), "keys": keeper}
    with empty_house(f"sqlite:///{tmp_path}/pki.db", **given) as house:
        permit_everything(house)
        asker = caller(house, "asker", READ, REQUEST_AUTHORITY)
        approvers = [caller(house, f"approver {n}", READ, APPROVE) for n in range(2)]
        line = []
        for role in LINE:
            terms = Terms(
                role=role, edition=edition, common_name=f"Token {role.value}",
                organization="Token", country="DE", key_kind=kind,
            )  # fmt: skip
            approval = house.council.request(terms, caller=asker)
            for approver in approvers:
                approval = house.council.vote(approval.number, Verdict.APPROVE, caller=approver)
            assert approval.progress is Progress.DONE
            line.append(house.authority.directory.by_key_id[approval.key_id])
        house.maintain()
        issued = house.authority.issue(
            IssuanceRequest(
                role=Role.CONTRACT,
                edition=edition,
                public_key=keys.generate(kind).public_key(),
                common_name="DE8AA000000001",
                country="DE",
            ),
            caller=someone(house),
        )
        root, sub_1, sub_2 = (issuer.certificate for issuer in line)
        answer = ocsp.load_der_ocsp_response(
            house.answer(question(issued.certificate, sub_2, nonce=bytes(32))).der
        )
        crl = load_der_x509_crl(house.publisher.current(line[2], now=house.clock.now()).der)
        told = {kept.key_id: kept.role for kept in keeper.listed()}
    assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert told[answer.responder_key_hash.hex()] == "ocsp-responder"
    assert crl.is_signature_valid(sub_2.public_key())
    assert [told[issuer.key_id] for issuer in line] == [role.value for role in LINE]
    for name, chain in (
        ("root.pem", [root]),
        ("subs.pem", [sub_1, sub_2]),
        ("leaf.pem", [issued.certificate]),
    ):
        (tmp_path / name).write_text(pem.encode(chain))
    moment = str(int(Clock()().timestamp()))
    verified = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-attime", moment, "-CAfile", "root.pem",
         "-untrusted", "subs.pem", "leaf.pem"],
        cwd=tmp_path, check=False, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert verified.stdout.strip() == "leaf.pem: OK", verified.stderr
