"""plugward exi verify-signature: yes, no with a code, and whose certificate was asked."""

import json
from dataclasses import replace

import pytest

from certs.edition import Edition
from certs.profiles.rules import Role
from certs.raw_signatures import RawSigner
from exi.codec import encode
from exi.signature.messages import sign_message
from plugward.cli import main
from plugward.exit_codes import ExitCode
from tests.signed_messages import ISO_2, ISO_20
from tests.world import valid_world

CONTRACT = valid_world()[Role.CONTRACT]
OEM = valid_world()[Role.OEM_PROVISIONING]
CPS = valid_world()[Role.CPS]


def answer(capsys, *argv):
    status = main(["exi", "verify-signature", *argv])
    said = capsys.readouterr()
    return status, said.out, said.err


def signed(message, identity):
    return encode(sign_message(message, RawSigner(identity.signer))).hex()


def request():
    """A request for installation that carries the vehicle's real certificate."""
    unsigned = ISO_2["CertificateInstallationReq"]
    body = replace(unsigned.Body.BodyElement, OEMProvisioningCert=OEM.certificate.der)
    return replace(unsigned, Body=replace(unsigned.Body, BodyElement=body))


@pytest.fixture
def contract(tmp_path):
    path = tmp_path / "contract.pem"
    path.write_text(CONTRACT.pem)
    return str(path)


def test_a_good_signature_is_told_with_what_it_covers(contract, capsys):
    message = signed(ISO_2["AuthorizationReq"], CONTRACT)
    status, out, _ = answer(capsys, message, "--certificate", contract)
    assert status == ExitCode.YES
    assert out.splitlines()[0] == "verified  AuthorizationReq (Id id1)"
    assert "CN=DE8AA001234567" in out


def test_the_four_elements_of_an_installation_are_named(capsys, tmp_path):
    path = tmp_path / "cps.pem"
    path.write_text(CPS.pem)
    message = signed(ISO_2["CertificateInstallationRes"], CPS)
    status, out, _ = answer(capsys, message, "--json", "--certificate", str(path))
    said = json.loads(out)
    assert (status, said["verified"]) == (ExitCode.YES, True)
    assert said["elements"] == [
        {"name": "ContractSignatureCertChain", "id": "id1"},
        {"name": "ContractSignatureEncryptedPrivateKey", "id": "id2"},
        {"name": "DHpublickey", "id": "id3"},
        {"name": "eMAID", "id": "id4"},
    ]
    assert said["fingerprint"] == CPS.certificate.fingerprint.hex()


def test_a_message_may_carry_its_signers_certificate(capsys):
    status, out, err = answer(capsys, signed(request(), OEM))
    assert status == ExitCode.YES
    assert out.startswith("verified  CertificateInstallationReq (Id id1)\n")
    assert "nobody has vouched for it" in err


def test_another_certificate_is_a_no_with_its_code(contract, capsys):
    message = signed(request(), OEM)
    status, out, _ = answer(capsys, message, "--certificate", contract)
    assert status == ExitCode.NO
    assert out.splitlines()[0].split() == ["not", "verified", "signature.value_wrong"]
    status, out, _ = answer(capsys, message, "--certificate", contract, "--json")
    said = json.loads(out)
    assert (status, said["verified"], said["code"]) == (
        ExitCode.NO,
        False,
        "signature.value_wrong",
    )


def test_an_unsigned_message_is_a_no(contract, capsys):
    message = encode(ISO_2["AuthorizationReq"]).hex()
    status, out, _ = answer(capsys, message, "--certificate", contract)
    assert status == ExitCode.NO
    assert "signature.missing" in out


def test_a_message_that_is_never_signed_is_a_no(contract, capsys):
    status, out, _ = answer(capsys, "80980220b6e8e913b5b96e50b0", "--certificate", contract)
    assert status == ExitCode.NO
    assert "signature.nothing_signed" in out


def test_the_other_editions_certificate_is_a_no(contract, capsys):
    world = valid_world(Edition.ISO_20)
    message = signed(ISO_20["MeteringConfirmationReq"], world[Role.CONTRACT])
    status, out, _ = answer(capsys, message, "--certificate", contract)
    assert status == ExitCode.NO
    assert "signature.key_not_allowed" in out


def test_edition_20_verifies(capsys, tmp_path):
    world = valid_world(Edition.ISO_20)
    path = tmp_path / "contract.pem"
    path.write_text(world[Role.CONTRACT].pem)
    message = signed(ISO_20["MeteringConfirmationReq"], world[Role.CONTRACT])
    status, out, _ = answer(capsys, message, "--certificate", str(path))
    assert (status, out.splitlines()[0]) == (
        ExitCode.YES,
        "verified  SignedMeteringData (Id id1)",
    )


def test_a_certificate_is_asked_for_where_the_message_carries_none(capsys):
    status, out, err = answer(capsys, signed(ISO_2["AuthorizationReq"], CONTRACT))
    assert (status, out) == (ExitCode.ASKED_WRONGLY, "")
    assert "--certificate FILE" in err


def test_a_carried_certificate_that_is_none_is_malformed(capsys):
    """Its bytes are "oem"."""
    status, out, _ = answer(capsys, signed(ISO_2["CertificateInstallationReq"], OEM))
    assert (status, out) == (ExitCode.MALFORMED, "")
