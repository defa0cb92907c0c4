"""Signatures made here verify in the peer's code (iso15118 0.31.2), and the other way round.

The peer rebuilds SignedInfo from URIs and digests with -2's algorithms, looks only at those
References that it expects, and encodes the fragment of CertificateUpdateReq wrongly: so this is
about what both can do, -2 without CertificateUpdate. What it lets pass is tested as such: it is no
model of a verifier.
"""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certs.keys import KeyKind
from certs.profiles.rules import Role
from certs.raw_signatures import RawSigner, RawVerifier
from exi.codec import decode, encode
from exi.protocol import Protocol
from exi.signature.messages import sign_message, signed_elements, verify_message
from exi.signature.verdict import Failed, Verified
from tests import exi_peer
from tests.signed_messages import ISO_2, ISO_20, offer, schedule
from tests.world import valid_world

pytestmark = [pytest.mark.needs("java"), pytest.mark.slow]

DRIVER = Path(__file__).parents[1] / "exi_signature_peer_driver.py"
SIGNERS = {
    "AuthorizationReq": Role.CONTRACT,
    "CertificateInstallationReq": Role.OEM_PROVISIONING,
    "MeteringReceiptReq": Role.CONTRACT,
    "CertificateInstallationRes": Role.CPS,
    "ChargeParameterDiscoveryRes": Role.MO_SUB_2,
}
each_message = pytest.mark.parametrize("name", SIGNERS)


class PeerError(Exception):
    """What the peer's code raised."""


class Peer:
    """The peer's security.py, running."""

    def __enter__(self):
        self._process = subprocess.Popen(
            [exi_peer.python(), DRIVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "_JAVA_OPTIONS": "-Xmx512m"},
        )
        return self

    def __exit__(self, *_):
        with self._process as process:
            process.stdin.close()

    def _ask(self, **question):
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise PeerError(answer["error"])
        return answer["ok"]

    def verifies(self, message, identity, edition="-2"):
        return self._ask(
            op="verify",
            edition=edition,
            message=encode(message).hex(),
            certificate=identity.certificate.der.hex(),
        )

    def signed(self, message, identity, edition="-2"):
        key = identity.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        made = self._ask(op="sign", edition=edition, message=encode(message).hex(), key=key.hex())
        protocol = Protocol.ISO_2 if edition == "-2" else Protocol.ISO_20_COMMON
        return decode(bytes.fromhex(made), protocol)


@pytest.fixture(scope="module")
def peer():
    with Peer() as running:
        yield running


def identity(name):
    return valid_world()[SIGNERS[name]]


def key(name):
    return RawVerifier(identity(name).certificate.public_key())


def sent(name):
    return sign_message(ISO_2[name], RawSigner(identity(name).signer))


@each_message
def test_the_peer_verifies_what_we_sign(peer, name):
    assert peer.verifies(sent(name), identity(name))


@each_message
def test_the_peer_refuses_what_we_signed_with_another_key(peer, name):
    assert not peer.verifies(sent(name), valid_world()[Role.SECC])


@each_message
def test_the_peer_refuses_what_was_altered(peer, name):
    message = sent(name)
    signature = message.Header.Signature
    value = bytearray(signature.SignatureValue.value)
    value[-1] ^= 1
    signature = replace(
        signature, SignatureValue=replace(signature.SignatureValue, value=bytes(value))
    )
    altered = replace(message, Header=replace(message.Header, Signature=signature))
    assert not peer.verifies(altered, identity(name))
    assert verify_message(altered, key(name)) == Failed(code="signature.value_wrong", detail="")


@each_message
def test_we_verify_what_the_peer_signs(peer, name):
    unsigned = replace(sent(name), Header=ISO_2[name].Header)
    made = peer.signed(unsigned, identity(name))
    assert verify_message(made, key(name)) == Verified(elements=signed_elements(unsigned))
    assert made.Header.Signature.SignedInfo == sent(name).Header.Signature.SignedInfo
    another = RawVerifier(valid_world()[Role.SECC].certificate.public_key())
    assert verify_message(made, another) == Failed(code="signature.value_wrong", detail="")


def test_k08_the_peer_lets_an_extra_reference_pass_and_we_do_not(peer):
    """A signature over two tariffs, on a message that has one of them alone."""
    name = "ChargeParameterDiscoveryRes"
    alone = sign_message(offer(schedule(1, tariff=True)), RawSigner(identity(name).signer))
    one = replace(alone, Header=sent(name).Header)
    assert peer.verifies(one, identity(name))
    assert verify_message(one, key(name)) == Failed(
        code="signature.reference_unexpected", detail="id2"
    )


@pytest.mark.parametrize("name", ["AuthorizationReq", "CertificateInstallationReq"])
def test_edition_20_with_the_peers_algorithms_is_refused(peer, name):
    """It signs -20 with P-256 and SHA-256, where the standard has P-521 or Ed448."""
    made = peer.signed(ISO_20[name], valid_world()[Role.CONTRACT], "-20")
    p256 = RawVerifier(valid_world()[Role.CONTRACT].certificate.public_key())
    assert verify_message(made, p256) == Failed(
        code="signature.key_not_allowed", detail=f"{KeyKind.P256.value} in ISO_20_COMMON"
    )
