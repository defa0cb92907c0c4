"""Strangers read what we issue: OpenSSL verifies it, pkilint has nothing new to say."""

import re
import subprocess

import pytest
from pkilint import loader
from pkilint.pkix import certificate as pkix
from pkilint.pkix import extension, name
from pkilint.validation import ValidationFindingSeverity

from certs import pem
from certs.chain.roles import Purpose
from certs.edition import Edition
from certs.keys import KeyKind
from certs.profiles.rules import Role
from tests.world import NOW, valid_world

pytestmark = pytest.mark.needs("openssl")

WORLDS = [
    pytest.param(Edition.ISO_2, KeyKind.P256, id="P-256"),
    pytest.param(Edition.ISO_20, KeyKind.P521, id="P-521"),
    pytest.param(Edition.ISO_20, KeyKind.ED448, id="Ed448"),
]

# What pkilint calls an error and ISO 15118 asks for, each with its reason.
ALLOWED = {
    # RFC 4519 2.4 means DNS names; ISO 15118 names roles in DC (MO, OEM, CPO, CSO, CPS, V2G).
    "pkix.name_domain_components_invalid_domain_name",
    # RFC 8813 3 forbids it on EC keys; public V2G configurations have it on contract leaves. The
    # variant contract+without-key-encipherment is for those who follow the RFC.
    "pkix.key_usage_value_prohibited_for_ec",
}

REMARKS = {ValidationFindingSeverity.INFO, ValidationFindingSeverity.DEBUG}


def every(world):
    """Every identity of a world, delegates among them."""
    for identity in world:
        yield identity
        if identity.certificate.basic_constraints.ca:
            yield world.responder(identity.role)


def openssl(*arguments, stdin=""):
    return subprocess.run(
        ["openssl", *arguments], input=stdin, capture_output=True, text=True, check=False
    )


def openssl_verify(identity, folder, *options):
    anchor, others = folder / "root.pem", folder / "others.pem"
    anchor.write_text(pem.encode([identity.root]))
    others.write_text(pem.encode(identity.chain[1:]))
    untrusted = ["-untrusted", str(others)] if identity.chain[1:] else []
    moment = str(int(NOW.timestamp()))
    fixed = ["-x509_strict", "-attime", moment, "-CAfile", str(anchor), *untrusted]
    return openssl("verify", *fixed, *options, stdin=pem.encode(identity.chain[:1]))


@pytest.mark.parametrize(("edition", "kind"), WORLDS)
def test_openssl_verifies_every_chain_strictly(edition, kind, tmp_path):
    leaves = (Role.CONTRACT, Role.SECC, Role.CPS, Role.OEM_PROVISIONING, Role.VEHICLE)
    world = valid_world(edition, kind)
    checked = 0
    for role in leaves:
        if role in world:
            answer = openssl_verify(world[role], tmp_path)
            assert (answer.returncode, answer.stdout.strip()) == (0, "stdin: OK"), answer.stderr
            checked += 1
    answer = openssl_verify(world.responder(Role.MO_SUB_2), tmp_path, "-purpose", "ocsphelper")
    assert answer.returncode == 0, answer.stderr
    assert checked == (4 if edition is Edition.ISO_2 else 5)


def test_openssl_verifies_a_contract_under_the_v2g_root(tmp_path):
    world = valid_world(under_v2g=frozenset({Purpose.MO, Purpose.OEM}))
    assert openssl_verify(world[Role.CONTRACT], tmp_path).returncode == 0


def test_openssl_refuses_a_contract_under_a_foreign_root(tmp_path):
    contract = valid_world()[Role.CONTRACT]
    foreign = valid_world(name="foreign")[Role.MO_ROOT]
    anchor = tmp_path / "foreign.pem"
    anchor.write_text(pem.encode([foreign.certificate]))
    answer = openssl("verify", "-CAfile", str(anchor), stdin=contract.pem)
    assert answer.returncode != 0


def test_openssl_prints_a_contract_as_we_meant_it():
    contract = valid_world()[Role.CONTRACT]
    answer = openssl("x509", "-noout", "-text", "-nameopt", "RFC2253", stdin=contract.pem)
    text = re.sub(r"\s+", " ", answer.stdout)
    for part in (
        "Subject: DC=MO,C=DE,O=Mobility Operator,CN=DE8AA001234567",
        "X509v3 Basic Constraints: critical CA:FALSE",
        "Key Usage: critical Digital Signature, Non Repudiation, Key Encipherment, Key Agreement",
        "OCSP - URI:http://ocsp.v2g.example",
        "ASN1 OID: prime256v1",
        "Signature Algorithm: ecdsa-with-SHA256",
    ):
        assert part in text


def test_openssl_prints_a_delegate_as_we_meant_it():
    delegate = valid_world().responder(Role.MO_SUB_2)
    text = openssl("x509", "-noout", "-text", stdin=delegate.pem).stdout
    assert "OCSP Signing" in text
    assert "OCSP No Check" in text


@pytest.fixture(scope="module")
def pkilint():
    return pkix.create_pkix_certificate_validator_container(
        pkix.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            pkix.create_issuer_validator_container([]),
            pkix.create_validity_validator_container(),
            pkix.create_subject_validator_container([]),
            pkix.create_extensions_validator_container([]),
            pkix.create_spki_validator_container([]),
        ],
    )


def complaints(pkilint, certificate):
    """The codes of pkilint's findings above INFO."""
    document = loader.RFC5280CertificateDocumentLoader().load_der_document(certificate.der, "ours")
    return {
        description.finding.code
        for result in pkilint.validate(document.root)
        for description in result.finding_descriptions
        if description.finding.severity not in REMARKS
    }


def test_pkilint_says_nothing_that_is_not_explained(pkilint):
    heard = set()
    for edition, kind in (param.values for param in WORLDS):
        for identity in every(valid_world(edition, kind)):
            heard |= complaints(pkilint, identity.certificate)
    assert heard == ALLOWED  # one that is heard no more is to be taken off


def test_pkilint_agrees_with_the_variant_that_follows_the_rfc(pkilint):
    contract = valid_world(name="rfc").issue(Role.CONTRACT, variant="without-key-encipherment")
    assert complaints(pkilint, contract.certificate) == {
        "pkix.name_domain_components_invalid_domain_name"
    }
