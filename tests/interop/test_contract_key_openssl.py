"""What we seal for an ISO 15118-2 vehicle, openssl opens with its own ECDH, hash and cipher."""

import os
import subprocess
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from certs.contract_key import iso_2


@pytest.mark.needs("openssl")
def test_openssl_opens_what_we_sealed(tmp_path):
    car, contract = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    sealed = iso_2.seal(contract, recipient=car.public_key(), ephemeral=iso_2.fresh(os.urandom))
    own, peer = tmp_path / "car.pem", tmp_path / "peer.pem"
    own.write_bytes(car.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sealed.dh_public_key)
    peer.write_bytes(point.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    def openssl(*arguments, stdin=b""):
        return subprocess.run(
            ["openssl", *arguments], input=stdin, capture_output=True, check=True, timeout=30
        ).stdout

    agreed = openssl("pkeyutl", "-derive", "-inkey", str(own), "-peerkey", str(peer))
    session_key = sha256(b"\x00\x00\x00\x01" + agreed + b"\x01UV").digest()[:16]
    iv, ciphertext = sealed.encrypted_private_key[:16], sealed.encrypted_private_key[16:]
    scalar = openssl(
        *("enc", "-d", "-aes-128-cbc", "-nopad", "-K", session_key.hex(), "-iv", iv.hex()),
        stdin=ciphertext,
    )
    assert int.from_bytes(scalar, "big") == contract.private_numbers().private_value
