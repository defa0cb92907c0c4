"""The signature of RISE-V2G's published test data: its fragments, digests and SignedInfo."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from certs.keys import KeyKind
from exi.codec import decode, decode_fragment, encode, encode_fragment
from exi.iso2.certificate import CertificateInstallationRes
from exi.protocol import Protocol
from exi.signature.messages import signed_elements, verify_message
from exi.signature.signing import sign_elements
from exi.signature.verdict import Failed, Verified
from exi.signature.verification import verify_elements
from exi.xmldsig import SignatureType, SignatureValueType
from tests.signed_messages import installed, message, signer, verifier

DATA = json.loads((Path(__file__).parent / "exi/signature_creation.json").read_text())
FRAGMENTS = {
    each["name"]: decode_fragment(bytes.fromhex(each["exi_hex"]), Protocol.ISO_2)
    for each in DATA["fragments"]
}
SIGNED_INFO_OCTETS = bytes.fromhex(DATA["signed_info"]["exi_hex"])
SIGNED_INFO = decode_fragment(SIGNED_INFO_OCTETS, Protocol.XMLDSIG).element
ORDER = [
    "ContractSignatureEncryptedPrivateKey",  # id2
    "ContractSignatureCertChain",  # id1
    "eMAID",  # id4
    "DHpublickey",  # id3
]
SIGNATURE = SignatureType(
    SignedInfo=SIGNED_INFO,
    SignatureValue=SignatureValueType(value=signer(KeyKind.P256).sign(SIGNED_INFO_OCTETS)),
)


@pytest.mark.parametrize("vector", DATA["fragments"], ids=lambda vector: vector["name"])
def test_fragments_and_digests_are_the_published_ones(vector):
    fragment = FRAGMENTS[vector["name"]]
    octets = encode_fragment(fragment.element, Protocol.ISO_2, name=fragment.name)
    assert octets.hex() == vector["exi_hex"]
    assert sha256(octets).hexdigest() == vector["sha256"]
    digests = {each.URI: each.DigestValue.hex() for each in SIGNED_INFO.Reference}
    assert digests[f"#{fragment.element.Id}"] == vector["sha256"]


def test_our_signed_info_is_the_published_one_to_the_octet():
    made = sign_elements(
        [FRAGMENTS[name] for name in ORDER], key=signer(KeyKind.P256), protocol=Protocol.ISO_2
    )
    assert encode_fragment(made.SignedInfo, Protocol.XMLDSIG) == SIGNED_INFO_OCTETS


def test_a_signature_over_the_published_signed_info_verifies():
    elements = tuple(FRAGMENTS.values())
    verdict = verify_elements(
        SIGNATURE, elements, key=verifier(KeyKind.P256), protocol=Protocol.ISO_2
    )
    assert verdict == Verified(elements=elements)


def test_the_message_around_them_verifies_after_the_wire():
    body = replace(
        installed(CertificateInstallationRes),
        **{name: fragment.element for name, fragment in FRAGMENTS.items()},
    )
    sent = message(body)
    sent = replace(sent, Header=replace(sent.Header, Signature=SIGNATURE))
    got = decode(encode(sent), Protocol.ISO_2)
    assert verify_message(got, verifier(KeyKind.P256)) == Verified(elements=signed_elements(sent))


def test_the_dummy_signatures_of_the_message_vectors_are_refused():
    """Their digests are of "1", "2", "3", "4" and their SignatureValue counts from 0."""
    vectors = json.loads((Path(__file__).parent / "exi/messages.json").read_text())
    codes = {}
    for vector in vectors:
        if vector["kind"] == "document" and '"Signature"' in json.dumps(vector["json"]):
            protocol = Protocol(vector["namespace"])
            kind = KeyKind.P256 if protocol is Protocol.ISO_2 else KeyKind.P521
            got = decode(bytes.fromhex(vector["exi_hex"]), protocol)
            verdict = verify_message(got, verifier(kind))
            assert isinstance(verdict, Failed)
            codes[f"{protocol.name} {vector['name']}"] = verdict.code
    assert codes == {
        "ISO_2 CertificateInstallationReq": "signature.digest_wrong",
        "ISO_2 CertificateInstallationRes": "signature.digest_wrong",
        "ISO_2 MeteringReceiptReq signed": "signature.digest_wrong",
        # P-256's algorithms, as the peer signs -20
        "ISO_20_COMMON CertificateInstallationReq": "signature.algorithm_foreign",
    }
