"""Keys whose ECDSA signatures are r and s side by side."""

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from certs.keys import KeyKind, SoftwareSigner, generate, sign, verifies
from certs.raw_signatures import RawSigner, RawVerifier

OCTETS = {KeyKind.P256: 64, KeyKind.P384: 96, KeyKind.P521: 132, KeyKind.ED448: 114}
KEYS = {kind: generate(kind) for kind in OCTETS}
DATA = b"SignedInfo"
every_kind = pytest.mark.parametrize("kind", OCTETS, ids=lambda kind: kind.value)
ecdsa = pytest.mark.parametrize(
    "kind", [KeyKind.P256, KeyKind.P384, KeyKind.P521], ids=lambda kind: kind.value
)


@every_kind
def test_a_signature_verifies_and_is_as_long_as_the_curve_says(kind):
    signer = RawSigner(SoftwareSigner(KEYS[kind]))
    signature = signer.sign(DATA)
    verifier = RawVerifier(KEYS[kind].public_key())
    assert len(signature) == OCTETS[kind]
    assert signer.curve == verifier.curve == kind.value
    assert verifier.verifies(signature, DATA)
    assert not verifier.verifies(signature, DATA + b".")
    assert not RawVerifier(generate(kind).public_key()).verifies(signature, DATA)


@ecdsa
def test_small_r_and_s_are_filled_up_with_zeros(kind):
    """One in 128 signatures is a DER integer shorter than the field."""

    class Small:
        public_key = KEYS[kind].public_key()

        def sign(self, data):
            assert data == DATA
            return encode_dss_signature(1, 2)

    half = OCTETS[kind] // 2
    raw = RawSigner(Small()).sign(DATA)
    assert raw == (1).to_bytes(half, "big") + (2).to_bytes(half, "big")


@ecdsa
def test_raw_and_der_are_the_same_signature(kind):
    raw = RawSigner(SoftwareSigner(KEYS[kind])).sign(DATA)
    half = len(raw) // 2
    der = encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
    assert verifies(KEYS[kind].public_key(), der, DATA)


@ecdsa
def test_der_where_raw_is_due_is_refused(kind):
    """V2GClarity/RISE-V2G issue 17."""
    der = sign(KEYS[kind], DATA)
    assert decode_dss_signature(der)
    assert not RawVerifier(KEYS[kind].public_key()).verifies(der, DATA)


@every_kind
@pytest.mark.parametrize("odd", ["shorter", "longer", "empty", "zeros", "ones"])
def test_octets_that_are_no_signature_are_refused_without_an_exception(kind, odd):
    signature = RawSigner(SoftwareSigner(KEYS[kind])).sign(DATA)
    octets = {
        "shorter": signature[:-1],
        "longer": signature + b"\0",
        "empty": b"",
        "zeros": bytes(len(signature)),
        "ones": b"\xff" * len(signature),
    }[odd]
    assert not RawVerifier(KEYS[kind].public_key()).verifies(octets, DATA)


@ecdsa
def test_the_same_numbers_in_more_octets_are_refused(kind):
    """A signature has one form: what was compared or stored is what was verified."""
    signature = RawSigner(SoftwareSigner(KEYS[kind])).sign(DATA)
    half = len(signature) // 2
    longer = signature[:half] + b"\0" + signature[half:]
    assert not RawVerifier(KEYS[kind].public_key()).verifies(longer, DATA)
