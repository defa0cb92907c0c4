"""Our edwards448 against the library's Ed448 and X448, and RFC 8032's own example."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed448, x448

from certs.contract_key.edwards448 import (
    ORDER,
    Ed448Scalar,
    agreement_private_key,
    agreement_public_key,
    times_base,
)
from certs.errors import Malformed

KEYS = [ed448.Ed448PrivateKey.from_private_bytes(bytes([seed]) * 57) for seed in range(8)]
RFC_8032_SEED = bytes.fromhex(
    "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3"
    "528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b"
)
RFC_8032_PUBLIC = (
    "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778"
    "edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180"
)


def test_rfc_8032_example_gives_its_public_key():
    scalar = Ed448Scalar.of(ed448.Ed448PrivateKey.from_private_bytes(RFC_8032_SEED))
    assert times_base(scalar.value).hex() == RFC_8032_PUBLIC


@pytest.mark.parametrize("key", KEYS, ids=range(8))
def test_scalar_times_base_point_is_the_librarys_public_key(key):
    scalar = Ed448Scalar.of(key)
    assert 0 < scalar.value < ORDER
    assert times_base(scalar.value) == key.public_key().public_bytes_raw()


def test_order_times_base_point_is_nothing():
    assert times_base(ORDER) == times_base(0) == b"\x01" + bytes(56)
    assert times_base(ORDER + 1) == times_base(1)


def test_signature_by_the_scalar_is_accepted_by_the_library():
    key, other = KEYS[:2]
    signature = Ed448Scalar.of(key).sign(b"AuthorizationReq")
    assert len(signature) == 114
    assert signature == Ed448Scalar.of(key).sign(b"AuthorizationReq")
    key.public_key().verify(signature, b"AuthorizationReq")
    for public_key, data in ((key, b"AuthorizationRes"), (other, b"AuthorizationReq")):
        with pytest.raises(InvalidSignature):
            public_key.public_key().verify(signature, data)


@pytest.mark.parametrize("key", KEYS, ids=range(8))
def test_x448_keys_of_an_ed448_pair_belong_together(key):
    public_key = agreement_public_key(key.public_key())
    private_key = agreement_private_key(key)
    assert private_key.public_key().public_bytes_raw() == public_key.public_bytes_raw()
    peer = x448.X448PrivateKey.from_private_bytes(bytes(range(56)))
    assert peer.exchange(public_key) == private_key.exchange(peer.public_key())


@pytest.mark.parametrize("y", [0, 1, 2**448 - 2**224 - 2])
def test_k04_public_key_of_small_order_is_malformed(y):
    public_key = ed448.Ed448PublicKey.from_public_bytes(y.to_bytes(57, "little"))
    with pytest.raises(Malformed) as refusal:
        agreement_public_key(public_key)
    assert refusal.value.code == "malformed.contract_key"
