"""What every keeper of private keys promises: encrypted files and their memory twin."""

import pytest

from certs import keys
from certs.keys import KeyKind
from pki.errors import Conflict, SignerUnavailable
from pki.signing.software import KeyFiles
from tests.pki_house import CHEAP, PASSPHRASE, MemoryKeys


@pytest.fixture(params=["files", "memory"])
def keeper(request, tmp_path):
    if request.param == "memory":
        return MemoryKeys()
    return KeyFiles(tmp_path / "keys", PASSPHRASE, cost=CHEAP)


@pytest.mark.parametrize("kind", [KeyKind.P256, KeyKind.P521, KeyKind.ED448])
def test_stored_key_signs_for_its_public_half(keeper, kind):
    key = keys.generate(kind)
    signer = keeper.signer(keeper.store(key, role="mo-sub-2"))
    assert signer.public_key == key.public_key()
    assert keys.verifies(key.public_key(), signer.sign(b"tbs"), b"tbs")


def test_key_is_named_by_its_key_identifier(keeper):
    key = keys.generate(KeyKind.P256)
    _, value = keys.kind_of_spki(keys.spki(key.public_key()))
    assert keeper.store(key, role="mo-sub-2") == keys.key_identifier(value).hex()


def test_key_is_not_stored_over(keeper):
    key = keys.generate(KeyKind.P256)
    keeper.store(key, role="mo-sub-2")
    with pytest.raises(Conflict):
        keeper.store(key, role="mo-sub-2")


def test_absent_key_does_not_sign(keeper):
    assert not keeper.holds("00" * 20)
    with pytest.raises(SignerUnavailable):
        keeper.signer("00" * 20)


def test_held_is_what_was_stored(keeper):
    assert keeper.holds(keeper.store(keys.generate(KeyKind.P256), role="mo-sub-2"))
