"""Any octets give the contract key, Malformed or Refused; every key survives sealing."""

from cryptography.hazmat.primitives.asymmetric import ec, x448
from hypothesis import given, settings
from hypothesis import strategies as st

from certs.contract_key import iso_2, iso_20
from certs.contract_key.ephemeral import Ephemeral
from certs.contract_key.iso_20 import EcdhCurve
from certs.errors import Malformed, Refused
from certs.identifiers.pcid import PCID

P256 = ec.derive_private_key(3, ec.SECP256R1())
P521 = ec.derive_private_key(3, ec.SECP521R1())
X448 = x448.X448PrivateKey.from_private_bytes(bytes(range(56)))
VEHICLE = PCID.parse("WMI12345671234567")
SIZES = st.sampled_from([0, 48, 56, 57, 65, 84, 94, 133])
OCTETS = st.binary(max_size=210) | SIZES.flatmap(lambda n: st.binary(min_size=n, max_size=n))
SCALARS = st.integers(1, 2**255)


@given(OCTETS, OCTETS)
@settings(max_examples=50)
def test_any_octets_are_refused_or_malformed(dh_public_key, encrypted_private_key):
    parts = {"dh_public_key": dh_public_key, "encrypted_private_key": encrypted_private_key}
    try:
        iso_2.open(
            iso_2.Sealed(**parts), recipient_private_key=P256, contract_public_key=P256.public_key()
        )
    except (Malformed, Refused):
        pass
    else:
        raise AssertionError("random octets opened")
    for curve, own in ((EcdhCurve.SECP521, P521), (EcdhCurve.X448, X448)):
        try:
            iso_20.open(
                iso_20.Sealed(ecdh_curve=curve, **parts),
                recipient_private_key=own,
                contract_public_key=P521.public_key(),
                pcid=VEHICLE,
                subject_key_id=b"",
            )
        except (Malformed, Refused):
            continue
        raise AssertionError("random octets opened")


@given(SCALARS, SCALARS, SCALARS, st.binary(min_size=16, max_size=16))
@settings(max_examples=30)
def test_every_contract_key_survives_sealing(contract, car, ephemeral, iv):
    for scheme, curve in ((iso_2, ec.SECP256R1()), (iso_20, ec.SECP521R1())):
        contract_key, car_key, ephemeral_key = (
            ec.derive_private_key(scalar, curve) for scalar in (contract, car, ephemeral)
        )
        bound = {} if scheme is iso_2 else {"pcid": VEHICLE, "subject_key_id": iv}
        sealed = scheme.seal(
            contract_key,
            recipient=car_key.public_key(),
            ephemeral=Ephemeral(ephemeral_key, iv=iv[: scheme.IV_OCTETS]),
            **bound,
        )
        opened = scheme.open(
            sealed,
            recipient_private_key=car_key,
            contract_public_key=contract_key.public_key(),
            **bound,
        )
        assert opened.private_numbers() == contract_key.private_numbers()
