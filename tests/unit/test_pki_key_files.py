"""Encrypted key files: what opens them, what does not, and what they never say."""

import base64
import json
import stat

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certs import keys
from certs.keys import KeyKind
from pki.errors import ConfigurationRefused, Conflict, SignerUnavailable
from pki.signing import envelope
from pki.signing.envelope import SCRYPT_N_MAX, SCRYPT_N_MIN, Cost
from pki.signing.software import KeyFiles
from tests.pki_house import CHEAP, PASSPHRASE

KEY = keys.derive(KeyKind.P256, b"a key on file")


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "keys"


@pytest.fixture
def key_id(directory):
    return files(directory).store(KEY, role="mo-sub-2")


def files(directory, passphrase=PASSPHRASE, cost=CHEAP):
    return KeyFiles(directory, passphrase, cost=cost)


def path_of(directory, key_id):
    return directory / f"{key_id}.key"


def changed(directory, key_id, change):
    path = path_of(directory, key_id)
    told = json.loads(path.read_bytes())
    change(told)
    path.write_text(json.dumps(told))


def test_another_process_opens_it_with_the_passphrase(directory, key_id):
    signer = files(directory).signer(key_id)
    assert keys.verifies(KEY.public_key(), signer.sign(b"x"), b"x")


def test_wrong_passphrase_opens_nothing(directory, key_id):
    with pytest.raises(SignerUnavailable):
        files(directory, b"wrong horse battery").signer(key_id)


def test_file_is_readable_by_its_owner_alone(directory, key_id):
    assert stat.S_IMODE(path_of(directory, key_id).stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_file_that_others_may_read_is_not_opened(directory, key_id):
    path_of(directory, key_id).chmod(0o640)
    with pytest.raises(SignerUnavailable):
        files(directory).signer(key_id)


def test_only_the_one_file_is_left_beside_nothing_half_written(directory, key_id):
    assert [path.name for path in directory.iterdir()] == [f"{key_id}.key"]
    assert files(directory).key_ids() == (key_id,)


def test_present_file_is_replaced_only_by_force(directory, key_id):
    before = path_of(directory, key_id).read_bytes()
    with pytest.raises(Conflict) as caught:
        files(directory).write(KEY, role="mo-sub-2")
    assert caught.value.code == "conflict.key"
    assert path_of(directory, key_id).read_bytes() == before
    assert files(directory).write(KEY, role="mo-sub-2", force=True) == key_id
    assert path_of(directory, key_id).read_bytes() != before
    assert files(directory).signer(key_id).public_key == KEY.public_key()


def test_unwritable_directory_is_unavailable(tmp_path):
    (tmp_path / "keys").write_text("a file where the directory should be")
    with pytest.raises(SignerUnavailable):
        files(tmp_path / "keys").store(KEY, role="mo-sub-2")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda e: e.update(role="v2g-root"), id="role"),
        pytest.param(lambda e: e.update(key_id="00" * 20), id="key-id"),
        pytest.param(lambda e: e.update(version=2), id="version"),
        pytest.param(lambda e: e.update(format="other"), id="format"),
        pytest.param(lambda e: e.update(public_key=""), id="public-key"),
        pytest.param(lambda e: e.update(more=1), id="unknown-field"),
        pytest.param(lambda e: e.pop("kdf"), id="no-kdf"),
        pytest.param(lambda e: e["kdf"].update(name="pbkdf2"), id="kdf"),
        pytest.param(lambda e: e["kdf"].update(n=CHEAP.n * 2), id="n"),
        pytest.param(lambda e: e["kdf"].update(n=CHEAP.n // 2), id="cheaper"),
        pytest.param(lambda e: e["kdf"].update(n=CHEAP.n + 1), id="n-no-power"),
        pytest.param(lambda e: e["kdf"].update(n=SCRYPT_N_MAX * 2), id="n-too-dear"),
        pytest.param(lambda e: e["kdf"].update(p=100), id="p-too-dear"),
        pytest.param(lambda e: e["kdf"].update(r=1), id="r-cheaper"),
        pytest.param(lambda e: e["kdf"].update(p=0), id="p-none"),
        pytest.param(lambda e: e["kdf"].update(salt="AAAA"), id="salt"),
        pytest.param(lambda e: e["cipher"].update(name="none"), id="cipher"),
        pytest.param(lambda e: e["cipher"].update(nonce="AAAA"), id="nonce"),
        pytest.param(lambda e: e.update(ciphertext="AAAA" * 30), id="ciphertext"),
    ],
)
def test_changed_file_does_not_open(directory, key_id, change):
    changed(directory, key_id, change)
    with pytest.raises(SignerUnavailable):
        files(directory).signer(key_id)


@pytest.mark.parametrize("octets", [b"", b"{}", b"\xff\xfe", b"[" * 5_000, b"x" * 10_000])
def test_what_is_no_envelope_does_not_open(directory, key_id, octets):
    path_of(directory, key_id).write_bytes(octets)
    with pytest.raises(SignerUnavailable):
        files(directory).signer(key_id)


def test_file_of_another_key_does_not_open_under_this_name(directory, key_id):
    other = files(directory).store(keys.derive(KeyKind.P256, b"another"), role="mo-sub-2")
    path_of(directory, other).replace(path_of(directory, key_id))
    with pytest.raises(SignerUnavailable):
        files(directory).signer(key_id)


def test_envelope_that_names_the_wrong_key_is_refused_even_if_sealed_so(directory, key_id):
    """Whoever holds the passphrase may seal any key under any id; it is compared after opening."""
    derivation = envelope.Derivation(cost=CHEAP, salt=b"s" * 16)
    other = keys.derive(KeyKind.P256, b"another")
    told = envelope.seal(
        other, role="x", derivation=derivation, derive=lambda _: b"k" * 32, nonce=b"n" * 12
    )
    forged = json.loads(told)
    forged["key_id"] = key_id
    bound = dict(forged)
    del bound["ciphertext"]
    plain = other.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    sealed = envelope.AESGCM(b"k" * 32).encrypt(
        b"n" * 12, plain, json.dumps(bound, sort_keys=True, separators=(",", ":")).encode()
    )
    forged["ciphertext"] = base64.b64encode(sealed).decode()
    with pytest.raises(SignerUnavailable, match="another key"):
        envelope.unseal(
            json.dumps(forged).encode(), key_id=key_id, cost_min=CHEAP, derive=lambda _: b"k" * 32
        )


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a" * 40 + "/", "A" * 40, "g" * 40])
def test_key_id_is_never_a_path(directory, name):
    with pytest.raises(SignerUnavailable):
        files(directory).holds(name)


def test_short_passphrase_is_refused(directory):
    with pytest.raises(ConfigurationRefused):
        KeyFiles(directory, b"short")


def test_file_cheaper_than_settings_allow_is_refused(directory, key_id):
    with pytest.raises(SignerUnavailable):
        KeyFiles(directory, PASSPHRASE).signer(key_id)


def test_without_the_tests_argument_the_full_cost_is_paid(directory):
    key_id = KeyFiles(directory, PASSPHRASE).store(KEY, role="mo-sub-2")
    told = json.loads(path_of(directory, key_id).read_bytes())
    assert (told["kdf"]["n"], told["kdf"]["r"], told["kdf"]["p"]) == (2**17, 8, 1)
    assert Cost() == Cost(n=SCRYPT_N_MIN, r=8, p=1)
    assert KeyFiles(directory, PASSPHRASE).signer(key_id).public_key == KEY.public_key()


def test_keys_of_one_directory_cost_one_derivation(directory):
    first = files(directory)
    ids = [first.store(keys.generate(KeyKind.P256), role="mo-sub-2") for _ in range(3)]
    salts = {json.loads(path_of(directory, key_id).read_bytes())["kdf"]["salt"] for key_id in ids}
    nonces = {
        json.loads(path_of(directory, key_id).read_bytes())["cipher"]["nonce"] for key_id in ids
    }
    assert (len(salts), len(nonces)) == (1, 3)
    second = files(directory)
    second.signer(ids[0])
    added = second.store(keys.generate(KeyKind.P256), role="mo-sub-2")
    assert json.loads(path_of(directory, added).read_bytes())["kdf"]["salt"] in salts


def test_k01_nothing_on_disk_or_in_words_holds_the_key_or_the_passphrase(directory, key_id):
    scalar = KEY.private_numbers().private_value
    secrets = [
        scalar.to_bytes(32, "big"),
        b"%064x" % scalar,
        base64.b64encode(scalar.to_bytes(32, "big")),
        PASSPHRASE,
    ]
    keeper = files(directory)
    keeper.signer(key_id)
    seen = path_of(directory, key_id).read_bytes() + repr(keeper).encode()
    seen += repr(keeper.signer(key_id)).encode()
    assert not [secret for secret in secrets if secret in seen]


NEW_PASSPHRASE = b"another horse battery"


def test_new_passphrase_opens_every_file_and_the_old_one_none(directory, key_id):
    keeper = files(directory)
    other = keeper.generate(KeyKind.ED448, role="ocsp-responder")
    before = keeper.listed()
    assert set(keeper.change_passphrase(NEW_PASSPHRASE)) == {key_id, other.key_id}
    after = files(directory, NEW_PASSPHRASE)
    assert after.listed() == before
    for kept in before:
        assert after.role_of(kept.key_id) == kept.role
        assert keys.verifies(kept.public_key, after.signer(kept.key_id).sign(b"x"), b"x")
        with pytest.raises(SignerUnavailable):
            files(directory).signer(kept.key_id)


def test_change_of_passphrase_that_was_cut_short_is_ended_by_asking_again(directory, key_id):
    other = files(directory).generate(KeyKind.P256, role="mo-sub-2")
    # as a crash leaves it: one file under each passphrase
    files(directory, NEW_PASSPHRASE).write(KEY, role="mo-sub-2", force=True)
    assert files(directory).change_passphrase(NEW_PASSPHRASE) == (other.key_id,)
    assert files(directory).change_passphrase(NEW_PASSPHRASE) == ()
    after = files(directory, NEW_PASSPHRASE)
    assert {after.role_of(key_id), after.role_of(other.key_id)} == {"mo-sub-2"}


def test_passphrase_changes_nowhere_where_one_file_opens_by_neither(directory, key_id):
    files(directory, b"a third horse battery").generate(KeyKind.P256, role="mo-sub-2")
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    with pytest.raises(SignerUnavailable):
        files(directory).change_passphrase(NEW_PASSPHRASE)
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


def test_listing_opens_nothing_and_refuses_what_is_no_key_file(directory, key_id):
    assert files(directory, b"wrong horse battery").listed()[0].role == "mo-sub-2"
    changed(directory, key_id, lambda e: e.update(public_key="AAAA"))
    with pytest.raises(SignerUnavailable, match="public key"):
        files(directory).listed()
    changed(directory, key_id, lambda e: e.update(key_id="00" * 20))
    with pytest.raises(SignerUnavailable, match="another key"):
        files(directory).listed()


def test_directory_that_cannot_be_written_keeps_its_keys(directory, key_id):
    keeper = files(directory)
    path_of(directory, key_id).unlink()
    path_of(directory, key_id).mkdir()
    with pytest.raises(SignerUnavailable):
        keeper.destroy(key_id)
