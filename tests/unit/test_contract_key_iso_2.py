"""Contract keys of ISO 15118-2: sealed for one vehicle, opened by it alone."""

import json
import traceback
from hashlib import sha256
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from certs.contract_key import iso_2
from certs.contract_key.ephemeral import Ephemeral
from certs.errors import Malformed, Refused

VECTORS = Path(__file__).parents[1] / "vectors"
KNOWN = json.loads((VECTORS / "contract_key_iso2.json").read_text())
CURVE = ec.SECP256R1()


def key(scalar):
    return ec.derive_private_key(int(scalar, 16), CURVE)


OEM = key(KNOWN["oem_private"])
CONTRACT = key(KNOWN["contract_private_hex"])
IV = bytes.fromhex(KNOWN["iv_hex"])
KNOWN_SEALED = iso_2.Sealed(
    dh_public_key=bytes.fromhex(KNOWN["DHpublickey_hex"]),
    encrypted_private_key=bytes.fromhex(KNOWN["ContractSignatureEncryptedPrivateKey_hex"]),
)


@pytest.fixture
def random_bytes():
    """Octets that never come twice."""
    numbers = count(1)
    return lambda octets: next(numbers).to_bytes(octets, "big")


def known_ephemeral():
    return Ephemeral(key(KNOWN["ephemeral_private"]), iv=IV)


def open_as_oem(sealed, contract=CONTRACT, oem=OEM):
    return iso_2.open(sealed, recipient_private_key=oem, contract_public_key=contract.public_key())


def sealed_by_hand(plaintext):
    """What a faulty or hostile sender could send: any 32 octets, encrypted as the scheme says."""
    ephemeral = key(KNOWN["ephemeral_private"])
    agreed = ephemeral.exchange(ec.ECDH(), OEM.public_key())
    session_key = sha256(bytes.fromhex("00000001") + agreed + bytes.fromhex("015556")).digest()[:16]
    encryptor = Cipher(algorithms.AES128(session_key), modes.CBC(IV)).encryptor()
    return iso_2.Sealed(
        dh_public_key=KNOWN_SEALED.dh_public_key,
        encrypted_private_key=IV + encryptor.update(plaintext) + encryptor.finalize(),
    )


def test_known_answer_is_sealed_exactly():
    sealed = iso_2.seal(CONTRACT, recipient=OEM.public_key(), ephemeral=known_ephemeral())
    assert sealed == KNOWN_SEALED


def test_known_answer_opens_to_the_contract_key():
    assert open_as_oem(KNOWN_SEALED).private_numbers() == CONTRACT.private_numbers()


def test_known_answer_follows_from_hashes_and_a_cipher_alone():
    assert sealed_by_hand(bytes.fromhex(KNOWN["contract_private_hex"])) == KNOWN_SEALED
    agreed = bytes.fromhex(KNOWN["Z_hex"])
    derived = sha256(b"\x00\x00\x00\x01" + agreed + bytes.fromhex(KNOWN["otherinfo_hex"]))
    assert derived.hexdigest()[:32] == KNOWN["aes128_key_hex"]


def test_k03_k05_two_seals_of_one_key_share_nothing(random_bytes):
    sealed = [
        iso_2.seal(CONTRACT, recipient=OEM.public_key(), ephemeral=iso_2.fresh(random_bytes))
        for _ in range(2)
    ]
    assert sealed[0].dh_public_key != sealed[1].dh_public_key
    assert sealed[0].encrypted_private_key[:16] != sealed[1].encrypted_private_key[:16]
    assert sealed[0].encrypted_private_key[16:] != sealed[1].encrypted_private_key[16:]
    assert all(open_as_oem(each).public_key() == CONTRACT.public_key() for each in sealed)


def test_k03_ephemeral_key_seals_once():
    ephemeral = known_ephemeral()
    iso_2.seal(CONTRACT, recipient=OEM.public_key(), ephemeral=ephemeral)
    with pytest.raises(Refused) as refusal:
        iso_2.seal(CONTRACT, recipient=OEM.public_key(), ephemeral=ephemeral)
    assert refusal.value.code == "contract_key.spent"


POINT = KNOWN_SEALED.dh_public_key


@pytest.mark.parametrize(
    "dh_public_key",
    [
        POINT[:-1] + bytes([POINT[-1] ^ 1]),
        b"\x04" + bytes(64),
        b"\x04" + b"\xff" * 64,
        bytes([6 + POINT[-1] % 2]) + POINT[1:],
        b"\x00" + POINT[1:],
        b"\x00",
        bytes([2 + POINT[-1] % 2]) + POINT[1:33],
        POINT[:-1],
        POINT + b"\x00",
        b"",
    ],
    ids=[
        "off-the-curve",
        "zero",
        "beyond-the-field",
        "hybrid",
        "tag-zero",
        "infinity",
        "compressed",
        "short",
        "long",
        "empty",
    ],
)
def test_k04_public_key_that_is_no_point_is_malformed(dh_public_key):
    sealed = iso_2.Sealed(
        dh_public_key=dh_public_key, encrypted_private_key=KNOWN_SEALED.encrypted_private_key
    )
    with pytest.raises(Malformed) as refusal:
        open_as_oem(sealed)
    assert refusal.value.code == "malformed.contract_key"


@pytest.mark.parametrize("octets", [0, 16, 32, 47, 49, 64])
def test_ciphertext_of_another_size_is_malformed(octets):
    sealed = iso_2.Sealed(dh_public_key=POINT, encrypted_private_key=bytes(octets))
    with pytest.raises(Malformed) as refusal:
        open_as_oem(sealed)
    assert refusal.value.code == "malformed.contract_key"


def test_k06_swapped_answers_of_two_cars_do_not_open(random_bytes):
    cars = [ec.generate_private_key(CURVE) for _ in range(2)]
    contracts = [ec.generate_private_key(CURVE) for _ in range(2)]
    answers = [
        iso_2.seal(contract, recipient=car.public_key(), ephemeral=iso_2.fresh(random_bytes))
        for car, contract in zip(cars, contracts, strict=True)
    ]
    for car, contract, answer in zip(cars, contracts, reversed(answers), strict=True):
        with pytest.raises(Refused) as refusal:
            open_as_oem(answer, contract, car)
        assert refusal.value.code == "contract_key.does_not_fit"


@pytest.mark.parametrize("octet", range(48))
def test_no_altered_octet_of_iv_and_ciphertext_gives_a_key(octet):
    altered = bytearray(KNOWN_SEALED.encrypted_private_key)
    altered[octet] ^= 0x80
    with pytest.raises(Refused) as refusal:
        open_as_oem(iso_2.Sealed(dh_public_key=POINT, encrypted_private_key=bytes(altered)))
    assert refusal.value.code == "contract_key.does_not_fit"


ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.mark.parametrize(
    "scalar",
    [0, 1, ORDER - 1, ORDER, int(KNOWN["contract_private_hex"], 16) + ORDER, 2**256 - 1],
)
def test_scalar_that_is_not_the_certificates_is_refused(scalar):
    scalar %= 2**256
    with pytest.raises(Refused) as refusal:
        open_as_oem(sealed_by_hand(scalar.to_bytes(32, "big")))
    assert refusal.value.code == "contract_key.does_not_fit"


def test_other_curves_are_refused(random_bytes):
    other = ec.generate_private_key(ec.SECP521R1())
    for contract, recipient in ((other, OEM), (CONTRACT, other)):
        with pytest.raises(Refused) as refusal:
            iso_2.seal(
                contract, recipient=recipient.public_key(), ephemeral=iso_2.fresh(random_bytes)
            )
        assert refusal.value.code == "contract_key.curve"
    for contract, recipient in ((other, OEM), (CONTRACT, other)):
        with pytest.raises(Refused) as refusal:
            open_as_oem(KNOWN_SEALED, contract, recipient)
        assert refusal.value.code == "contract_key.curve"


def test_k01_refusal_carries_no_scalar_in_text_or_frames():
    stranger = "00" + "a5" * 31
    sealed = sealed_by_hand(bytes.fromhex(stranger))
    with pytest.raises(Refused) as refusal:
        open_as_oem(sealed)
    ours = [
        frame.f_locals
        for frame, _ in traceback.walk_tb(refusal.value.__traceback__)
        if frame.f_globals["__name__"].startswith("certs.")
    ]
    assert ours
    shown = f"{refusal.value!r} {ours!r}"
    assert stranger not in shown
    assert repr(bytes.fromhex(stranger))[2:-1] not in shown
    assert str(int(stranger, 16)) not in shown


def test_k01_ephemeral_shows_nothing():
    assert repr(known_ephemeral()).startswith("<certs.contract_key.ephemeral.Ephemeral object")
