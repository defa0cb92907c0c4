"""Contract keys of ISO 15118-20: bound to vehicle and certificate, on both curves."""

import traceback
from hashlib import sha512
from itertools import count, product

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, x448
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certs.contract_key import edwards448, iso_20
from certs.contract_key.edwards448 import Ed448Scalar
from certs.contract_key.ephemeral import Ephemeral
from certs.contract_key.iso_20 import EcdhCurve
from certs.contract_key.scheme import KeyDerivation, Scheme, SubjectKeyIdForm, X448Form
from certs.errors import Malformed, Refused
from certs.identifiers.pcid import PCID

PCID_ = PCID.parse("wmi123456712345678")
SKI = bytes.fromhex("4a0102030405060e")
CURVE = ec.SECP521R1()
P521_CONTRACT, P521_CAR = (ec.derive_private_key(scalar, CURVE) for scalar in (3**300, 5**200))
POINT = P521_CAR.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
ED448_CONTRACT = ed448.Ed448PrivateKey.from_private_bytes(bytes(range(57)))
X448_CAR = x448.X448PrivateKey.from_private_bytes(bytes(range(100, 156)))
PAIRS = {EcdhCurve.SECP521: (P521_CONTRACT, P521_CAR), EcdhCurve.X448: (ED448_CONTRACT, X448_CAR)}
SCHEMES = [
    Scheme(key_derivation=kdf, subject_key_id=ski, x448=form)
    for kdf, ski, form in product(KeyDerivation, SubjectKeyIdForm, X448Form)
]
_numbers = count(1)


def random_bytes(octets):
    return next(_numbers).to_bytes(octets, "big")


def seal(curve, **changed):
    contract, car = PAIRS[curve]
    arguments = {
        "contract_private_key": contract,
        "recipient": car.public_key(),
        "pcid": PCID_,
        "subject_key_id": SKI,
        "ephemeral": iso_20.fresh(curve, random_bytes),
    } | changed
    return iso_20.seal(arguments.pop("contract_private_key"), **arguments)


def open_(sealed, **changed):
    contract, car = PAIRS[sealed.ecdh_curve]
    arguments = {
        "recipient_private_key": car,
        "contract_public_key": contract.public_key(),
        "pcid": PCID_,
        "subject_key_id": SKI,
    } | changed
    return iso_20.open(sealed, **arguments)


def sealed_by_hand(curve, scalar):
    """What a faulty sender could send: any scalar, authentic."""
    octets = {EcdhCurve.SECP521: 66, EcdhCurve.X448: 56}[curve]
    if curve is EcdhCurve.SECP521:
        agreed = P521_CAR.exchange(ec.ECDH(), P521_CAR.public_key())
        dh_public_key = POINT
    else:
        agreed = X448_CAR.exchange(X448_CAR.public_key())
        dh_public_key = b"\x04" + X448_CAR.public_key().public_bytes_raw()
    session_key = sha512(b"\x00\x00\x00\x01" + agreed + b"\x01\x55\x56").digest()[:32]
    encrypted = AESGCM(session_key).encrypt(
        bytes(12), scalar.to_bytes(octets, "big"), b"WMI1234567123456784A0102030405060E"
    )
    return iso_20.Sealed(
        ecdh_curve=curve, dh_public_key=dh_public_key, encrypted_private_key=bytes(12) + encrypted
    )


def proves(opened, contract):
    if isinstance(opened, Ed448Scalar):
        contract.public_key().verify(opened.sign(b"challenge"), b"challenge")
        return opened.public_key.public_bytes_raw() == contract.public_key().public_bytes_raw()
    return opened.private_numbers() == contract.private_numbers()


@pytest.mark.parametrize(
    ("curve", "dh_octets", "octets"), [(EcdhCurve.SECP521, 133, 94), (EcdhCurve.X448, 57, 84)]
)
def test_sealed_key_has_the_sizes_of_the_schema_and_opens(curve, dh_octets, octets):
    sealed = seal(curve)
    assert (len(sealed.dh_public_key), len(sealed.encrypted_private_key)) == (dh_octets, octets)
    assert sealed.ecdh_curve is curve
    assert proves(open_(sealed), PAIRS[curve][0])


@pytest.mark.parametrize("curve", EcdhCurve)
def test_default_scheme_follows_from_a_hash_and_a_cipher_alone(curve):
    scalar = {
        EcdhCurve.SECP521: P521_CONTRACT.private_numbers().private_value,
        EcdhCurve.X448: Ed448Scalar.of(ED448_CONTRACT).value,
    }[curve]
    by_hand = sealed_by_hand(curve, scalar)
    assert seal(curve, ephemeral=Ephemeral(PAIRS[curve][1], iv=bytes(12))) == by_hand
    assert proves(open_(by_hand), PAIRS[curve][0])


@pytest.mark.parametrize("curve", EcdhCurve)
@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_every_scheme_opens_what_it_sealed(scheme, curve):
    assert proves(open_(seal(curve, scheme=scheme), scheme=scheme), PAIRS[curve][0])


@pytest.mark.parametrize(("one", "other"), list(product(KeyDerivation, KeyDerivation)))
def test_key_derivations_differ(one, other):
    derived = [each.derive(bytes(66)) for each in (one, other)]
    assert [len(each) for each in derived] == [32, 32]
    assert (derived[0] == derived[1]) == (one is other)


@pytest.mark.parametrize(
    "scheme",
    [
        Scheme(key_derivation=KeyDerivation.HKDF_SHA256),
        Scheme(key_derivation=KeyDerivation.CONCAT_SHA512_BARE),
        Scheme(subject_key_id=SubjectKeyIdForm.OCTETS),
    ],
    ids=str,
)
def test_sides_that_chose_differently_do_not_open(scheme):
    with pytest.raises(Refused) as refusal:
        open_(seal(EcdhCurve.SECP521, scheme=scheme))
    assert refusal.value.code == "contract_key.not_authentic"


@pytest.mark.parametrize(("form", "octets"), list(zip(X448Form, [57, 56, 133], strict=True)))
def test_x448_public_key_is_read_in_every_form_it_may_be_written_in(form, octets):
    sealed = seal(EcdhCurve.X448, scheme=Scheme(x448=form))
    assert len(sealed.dh_public_key) == octets
    assert proves(open_(sealed), ED448_CONTRACT)


@pytest.mark.parametrize("curve", EcdhCurve)
def test_k03_k05_two_seals_of_one_key_share_nothing(curve):
    one, other = seal(curve), seal(curve)
    assert one.dh_public_key != other.dh_public_key
    assert one.encrypted_private_key[:12] != other.encrypted_private_key[:12]
    assert one.encrypted_private_key[12:] != other.encrypted_private_key[12:]


@pytest.mark.parametrize("curve", EcdhCurve)
def test_k03_ephemeral_key_seals_once(curve):
    ephemeral = iso_20.fresh(curve, random_bytes)
    seal(curve, ephemeral=ephemeral)
    with pytest.raises(Refused) as refusal:
        seal(curve, ephemeral=ephemeral)
    assert refusal.value.code == "contract_key.spent"


def test_initialisation_vector_of_another_size_is_our_own_mistake():
    with pytest.raises(ValueError, match="16 octets"):
        seal(EcdhCurve.SECP521, ephemeral=Ephemeral(P521_CAR, iv=bytes(16)))


@pytest.mark.parametrize("curve", EcdhCurve)
@pytest.mark.parametrize(
    "changed",
    [{"pcid": PCID.parse("WMI123456712345679")}, {"subject_key_id": bytes(8)}],
    ids=["another-car", "another-certificate"],
)
def test_k06_sealed_key_is_bound_to_vehicle_and_certificate(curve, changed):
    with pytest.raises(Refused) as refusal:
        open_(seal(curve), **changed)
    assert refusal.value.code == "contract_key.not_authentic"


def test_k06_swapped_answers_of_two_cars_do_not_open():
    other_car = ec.derive_private_key(7**150, CURVE)
    answer = seal(EcdhCurve.SECP521, recipient=other_car.public_key())
    with pytest.raises(Refused) as refusal:
        open_(answer)
    assert refusal.value.code == "contract_key.not_authentic"
    assert proves(open_(answer, recipient_private_key=other_car), P521_CONTRACT)


@pytest.mark.parametrize("curve", EcdhCurve)
def test_no_altered_octet_gives_a_key(curve):
    sealed = seal(curve)
    for octet in range(len(sealed.encrypted_private_key)):
        altered = bytearray(sealed.encrypted_private_key)
        altered[octet] ^= 1
        with pytest.raises(Refused) as refusal:
            open_(
                iso_20.Sealed(
                    ecdh_curve=curve,
                    dh_public_key=sealed.dh_public_key,
                    encrypted_private_key=bytes(altered),
                )
            )
        assert refusal.value.code == "contract_key.not_authentic"


BAD_PUBLIC_KEYS = {
    "p521-off-the-curve": (EcdhCurve.SECP521, POINT[:-1] + bytes([POINT[-1] ^ 1])),
    "p521-zero": (EcdhCurve.SECP521, b"\x04" + bytes(132)),
    "p521-hybrid": (EcdhCurve.SECP521, bytes([6 + POINT[-1] % 2]) + POINT[1:]),
    "p521-short": (EcdhCurve.SECP521, POINT[:-1]),
    "p521-infinity": (EcdhCurve.SECP521, b"\x00"),
    "p521-empty": (EcdhCurve.SECP521, b""),
    "x448-small-order-0": (EcdhCurve.X448, bytes(56)),
    "x448-small-order-1": (EcdhCurve.X448, b"\x01" + bytes(55)),
    "x448-wrong-tag": (EcdhCurve.X448, b"\x05" + bytes(range(56))),
    "x448-wrong-filling": (EcdhCurve.X448, bytes(76) + b"\x01" + bytes(range(56))),
    "x448-short": (EcdhCurve.X448, bytes(55)),
    "x448-long": (EcdhCurve.X448, bytes(58)),
    "x448-empty": (EcdhCurve.X448, b""),
}


@pytest.mark.parametrize(("curve", "dh_public_key"), BAD_PUBLIC_KEYS.values(), ids=BAD_PUBLIC_KEYS)
def test_k04_public_key_that_is_no_point_is_malformed(curve, dh_public_key):
    sealed = iso_20.Sealed(
        ecdh_curve=curve,
        dh_public_key=dh_public_key,
        encrypted_private_key=bytes(iso_20.ENCRYPTED_PRIVATE_KEY_OCTETS[curve]),
    )
    with pytest.raises(Malformed) as refusal:
        open_(sealed)
    assert refusal.value.code == "malformed.contract_key"


@pytest.mark.parametrize(
    ("curve", "octets"),
    [(EcdhCurve.SECP521, 0), (EcdhCurve.SECP521, 84), (EcdhCurve.X448, 94), (EcdhCurve.X448, 206)],
)
def test_ciphertext_of_another_size_is_malformed(curve, octets):
    sealed = iso_20.Sealed(
        ecdh_curve=curve,
        dh_public_key=seal(curve).dh_public_key,
        encrypted_private_key=bytes(octets),
    )
    with pytest.raises(Malformed) as refusal:
        open_(sealed)
    assert refusal.value.code == "malformed.contract_key"


P521_ORDER = int(
    "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa"
    "51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
    16,
)
ED448_SCALAR = Ed448Scalar.of(ED448_CONTRACT).value


@pytest.mark.parametrize(
    ("curve", "scalar"),
    [
        (EcdhCurve.SECP521, 0),
        (EcdhCurve.SECP521, 1),
        (EcdhCurve.SECP521, P521_ORDER),
        (EcdhCurve.SECP521, P521_ORDER + 3**300),
        (EcdhCurve.SECP521, 2**521 + 3**300),  # [V2G20-2678] seven zero bits in front
        (EcdhCurve.X448, 0),
        (EcdhCurve.X448, 1),
        (EcdhCurve.X448, edwards448.ORDER),
        (EcdhCurve.X448, ED448_SCALAR + edwards448.ORDER),
        (EcdhCurve.X448, edwards448.ORDER - ED448_SCALAR),
    ],
    ids=lambda value: value.name if isinstance(value, EcdhCurve) else "",
)
def test_authentic_scalar_that_is_not_the_certificates_is_refused(curve, scalar):
    with pytest.raises(Refused) as refusal:
        open_(sealed_by_hand(curve, scalar))
    assert refusal.value.code == "contract_key.does_not_fit"


@pytest.mark.parametrize(
    ("contract", "recipient", "ephemeral"),
    [
        (P521_CONTRACT, X448_CAR, EcdhCurve.X448),
        (ED448_CONTRACT, P521_CAR, EcdhCurve.SECP521),
        (P521_CONTRACT, P521_CAR, EcdhCurve.X448),
        (ec.derive_private_key(5, ec.SECP256R1()), P521_CAR, EcdhCurve.SECP521),
        (P521_CONTRACT, ec.derive_private_key(5, ec.SECP256R1()), EcdhCurve.SECP521),
    ],
    ids=["p521-for-x448", "ed448-for-p521", "x448-ephemeral", "p256-contract", "p256-car"],
)
def test_keys_of_different_curves_are_refused(contract, recipient, ephemeral):
    with pytest.raises(Refused) as refusal:
        seal(
            ephemeral,
            contract_private_key=contract,
            recipient=recipient.public_key(),
            ephemeral=iso_20.fresh(ephemeral, random_bytes),
        )
    assert refusal.value.code == "contract_key.curve"


def test_car_with_a_key_of_another_curve_is_refused():
    with pytest.raises(Refused) as refusal:
        open_(seal(EcdhCurve.X448), recipient_private_key=P521_CAR)
    assert refusal.value.code == "contract_key.curve"


def test_certificate_on_another_curve_does_not_fit():
    with pytest.raises(Refused) as refusal:
        open_(
            seal(EcdhCurve.SECP521),
            contract_public_key=ec.derive_private_key(3, ec.SECP256R1()).public_key(),
        )
    assert refusal.value.code == "contract_key.does_not_fit"


@pytest.mark.parametrize("curve", EcdhCurve)
def test_k01_refusal_carries_no_scalar_in_text_or_frames(curve):
    stranger = 0xA5 << 400
    with pytest.raises(Refused) as refusal:
        open_(sealed_by_hand(curve, stranger))
    ours = [
        frame.f_locals
        for frame, _ in traceback.walk_tb(refusal.value.__traceback__)
        if frame.f_globals["__name__"].startswith("certs.")
    ]
    assert ours
    shown = f"{refusal.value!r} {ours!r}"
    assert str(stranger) not in shown
    assert r"\xa5\x00\x00\x00\x00\x00\x00" not in shown


def test_k01_ed448_scalar_shows_only_its_public_key():
    scalar = Ed448Scalar.of(ED448_CONTRACT)
    assert str(scalar.value) not in repr(scalar)
    assert repr(scalar).startswith("Ed448Scalar(public_bytes=")
