"""What every keeper of private keys promises: encrypted files, tokens, their memory twin."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from certs import keys
from certs.keys import KeyKind
from pki.errors import Conflict, NotFound, SignerUnavailable
from tests.pki_house import KEEPERS, keeper_of

KINDS = [KeyKind.P256, KeyKind.P521, KeyKind.ED448]


@pytest.fixture(params=KEEPERS)
def keeper(request, tmp_path):
    return keeper_of(request.param, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
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


@pytest.mark.parametrize("kind", KINDS)
def test_key_that_is_born_there_signs_for_its_public_half(keeper, kind):
    born = keeper.generate(kind, role="ocsp-responder")
    assert keys.kind_of(born.public_key) is kind
    assert keeper.holds(born.key_id)
    signer = keeper.signer(born.key_id)
    assert signer.public_key == born.public_key
    for data in (b"", b"tbs", b"x" * 10_000):
        assert keys.verifies(born.public_key, signer.sign(data), data)


def test_key_keeps_the_role_it_was_made_for(keeper):
    born = keeper.generate(KeyKind.P256, role="ocsp-responder")
    stored = keeper.store(keys.generate(KeyKind.P256), role="mo-sub-2")
    assert keeper.role_of(born.key_id) == "ocsp-responder"
    assert keeper.role_of(stored) == "mo-sub-2"
    with pytest.raises(SignerUnavailable):
        keeper.role_of("00" * 20)


def test_kind_that_does_not_sign_is_not_made(keeper):
    with pytest.raises((ValueError, SignerUnavailable)):
        keeper.generate(KeyKind.X448, role="contract")


def test_custodian_sees_every_key_and_no_secret(keeper):
    assert keeper.listed() == ()
    born = keeper.generate(KeyKind.P256, role="mo-sub-2")
    key = keys.generate(KeyKind.P521)
    stored = keeper.store(key, role="mo-root")
    kept = {each.key_id: (each.role, each.public_key) for each in keeper.listed()}
    assert kept == {
        born.key_id: ("mo-sub-2", born.public_key),
        stored: ("mo-root", key.public_key()),
    }
    assert list(kept) == sorted(kept)


def test_destroyed_key_signs_no_more(keeper):
    born = keeper.generate(KeyKind.P256, role="mo-sub-2")
    kept = keeper.generate(KeyKind.P256, role="mo-sub-2")
    keeper.signer(born.key_id).sign(b"tbs")
    keeper.destroy(born.key_id)
    assert not keeper.holds(born.key_id)
    with pytest.raises(SignerUnavailable):
        keeper.signer(born.key_id)
    assert [each.key_id for each in keeper.listed()] == [kept.key_id]
    with pytest.raises(NotFound):
        keeper.destroy(born.key_id)


@pytest.mark.parametrize("name", ["", "00", "zz" * 20, "00" * 21, "../" * 13 + "x"])
def test_what_is_no_key_id_opens_nothing(keeper, name):
    for ask in (keeper.signer, keeper.role_of):
        with pytest.raises(SignerUnavailable):
            ask(name)


def test_four_threads_sign_at_once(keeper):
    """Whatever the place, the house's threads may ask it together."""
    born = [keeper.generate(KeyKind.P256, role="mo-sub-2") for _ in range(2)]

    def sign(number):
        one = born[number % 2]
        data = b"%d" % number
        return keys.verifies(one.public_key, keeper.signer(one.key_id).sign(data), data)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(sign, range(80)))
