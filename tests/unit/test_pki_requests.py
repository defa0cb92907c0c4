"""Certification requests: what proves possession, what is ignored, what is no request."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.x509.oid import NameOID

from certs import der, keys
from certs.errors import Malformed, TooLarge
from certs.keys import KeyKind
from pki.authority.request import CSR_CHARACTERS_MAX, CSR_OCTETS_MAX, MalformedCsr, parse_csr
from tests.pki_wire import KEY, armoured, csr
from tests.world import CONTRACT_CN


def reassembled(*parts):
    return der.encode(der.SEQUENCE, b"".join(parts))


def taken_apart(data=None):
    """The three parts of a request, and the parts of its first."""
    data = data or csr()
    start, stop = der.whole(data, der.SEQUENCE)
    outer = [data[at:end] for _, at, _, end in der.children(data, start, stop, 9)]
    begin, end = der.whole(outer[0], der.SEQUENCE)
    inner = [outer[0][at:to] for _, at, _, to in der.children(outer[0], begin, end, 9)]
    return outer, inner


def signed(inner, key=KEY):
    """A request of these parts, whose signature is good."""
    info = der.encode(der.SEQUENCE, b"".join(inner))
    algorithm = keys.SIGNATURE_ALGORITHMS[keys.kind_of(key)]
    signature = der.encode(der.BIT_STRING, b"\x00" + keys.sign(key, info))
    return reassembled(info, algorithm, signature)


@pytest.mark.parametrize("kind", [KeyKind.P256, KeyKind.P384, KeyKind.P521, KeyKind.ED448])
def test_key_and_name_come_out(kind):
    key = keys.derive(kind, b"requested") if kind is not KeyKind.P384 else keys.generate(kind)
    read = parse_csr(csr(key))
    assert read.public_key == key.public_key()
    assert (read.common_name, read.organization, read.country) == (CONTRACT_CN, None, None)


@pytest.mark.parametrize(
    "text",
    [
        csr(),
        armoured(csr()),
        armoured(csr()).decode(),
        armoured(csr()).replace(b"\n", b"\r\n"),
        b"\n  " + armoured(csr(), b"NEW CERTIFICATE REQUEST") + b"\n",
    ],
    ids=["der", "pem", "text", "crlf", "new"],
)
def test_forms_that_are_read(text):
    assert parse_csr(text).common_name == CONTRACT_CN


def test_e03_extensions_of_a_request_are_ignored():
    greedy = csr(extensions=[x509.BasicConstraints(ca=True, path_length=5)])
    assert parse_csr(greedy) == parse_csr(csr())


def test_repeated_name_is_no_name():
    names = [(NameOID.COMMON_NAME, CONTRACT_CN), (NameOID.COMMON_NAME, "other")]
    assert parse_csr(csr(names=names)).common_name is None


def test_names_of_organization_and_country_come_out():
    names = [(NameOID.ORGANIZATION_NAME, "MO"), (NameOID.COUNTRY_NAME, "DE")]
    read = parse_csr(csr(names=names))
    assert (read.organization, read.country, read.common_name) == ("MO", "DE", None)


@pytest.mark.parametrize("kind", [KeyKind.P256, KeyKind.P521])
@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
def test_possession_is_proven_by_any_sha_2(kind, digest):
    key = keys.derive(kind, b"requested")
    assert parse_csr(csr(key, algorithm=digest)).public_key == key.public_key()


def test_e07_ed448_request_does_not_prove_possession_otherwise_either():
    outer, _ = taken_apart(csr(keys.derive(KeyKind.ED448, b"requested")))
    outer[2] = outer[2][:-1] + bytes([outer[2][-1] ^ 1])
    with pytest.raises(MalformedCsr) as caught:
        parse_csr(reassembled(*outer))
    assert caught.value.code == "malformed.csr_signature"


@pytest.mark.parametrize("change", ["signature", "key", "algorithm", "hash"])
def test_e07_request_that_does_not_prove_possession_is_refused(change):
    outer, inner = taken_apart()
    if change == "signature":
        data = reassembled(*outer[:2], outer[2][:-1] + bytes([outer[2][-1] ^ 1]))
    elif change == "key":
        inner[2] = keys.spki(keys.derive(KeyKind.P256, b"victim").public_key())
        data = signed(inner)
    elif change == "algorithm":
        data = reassembled(outer[0], keys.SIGNATURE_ALGORITHMS[KeyKind.P521], outer[2])
    else:
        data = csr(algorithm=hashes.SHA224())
    with pytest.raises(MalformedCsr) as caught:
        parse_csr(data)
    assert caught.value.code == "malformed.csr_signature"


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(lambda: rsa.generate_private_key(65537, 2048), id="rsa"),
        pytest.param(lambda: ec.generate_private_key(ec.SECP256K1()), id="secp256k1"),
        pytest.param(lambda: ec.generate_private_key(ec.BrainpoolP256R1()), id="brainpool"),
    ],
)
def test_e08_keys_of_other_kinds_are_refused(key):
    with pytest.raises(MalformedCsr) as caught:
        parse_csr(csr(key(), algorithm=hashes.SHA256()))
    assert caught.value.code == "malformed.csr_key"


def test_x21_curve_that_is_spelled_out_is_refused():
    _, inner = taken_apart()
    spki = inner[2]
    start, stop = der.whole(spki, der.SEQUENCE)
    (_, _, begin, end), (_, at, _, to) = der.children(spki, start, stop, 2)
    oid_end = der.expect(spki, begin, end, der.OID)[1]
    explicit = der.encode(der.SEQUENCE, spki[begin:oid_end] + der.encode(der.SEQUENCE, b""))
    inner[2] = der.encode(der.SEQUENCE, explicit + spki[at:to])
    with pytest.raises(MalformedCsr) as caught:
        parse_csr(signed(inner))
    assert caught.value.code == "malformed.csr_key"


def _trailing_in(parts):
    return signed([*parts, der.encode(der.INTEGER, b"\x00")])


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x30", id="cut"),
        pytest.param(b"hello", id="text"),
        pytest.param(csr() + b"\x00", id="trailing"),
        pytest.param(armoured(csr()) + armoured(csr()), id="two-blocks"),
        pytest.param(armoured(csr(), b"CERTIFICATE"), id="certificate"),
        pytest.param(armoured(csr()).replace(b"\n-----END", b"A\n-----END"), id="base64"),
        pytest.param(reassembled(*taken_apart()[0], b"\x05\x00"), id="fourth-part"),
        pytest.param(reassembled(*taken_apart()[0][:2]), id="no-signature"),
        pytest.param(reassembled(*taken_apart()[0][:2], b"\x03\x02\x01\x00"), id="unused-bits"),
        pytest.param(signed([b"\x02\x01\x01", *taken_apart()[1][1:]]), id="version-2"),
        pytest.param(signed([*taken_apart()[1][:3], b"\xa1\x00"]), id="no-attributes"),
        pytest.param(_trailing_in(taken_apart()[1]), id="after-attributes"),
        pytest.param(signed([*taken_apart()[1][:2], b"\x30\x00"]), id="no-key"),
        pytest.param(
            signed([taken_apart()[1][0], b"\x30\x02\x31\x00", *taken_apart()[1][2:]]), id="name"
        ),
    ],
)
def test_what_is_no_request_is_malformed(data):
    with pytest.raises(Malformed):
        parse_csr(data)


def test_request_without_attributes_is_read():
    assert parse_csr(signed(taken_apart()[1][:3])).common_name == CONTRACT_CN


def test_point_off_its_curve_is_malformed():
    _, inner = taken_apart()
    inner[2] = inner[2][:-1] + bytes([inner[2][-1] ^ 1])
    with pytest.raises(MalformedCsr):
        parse_csr(signed(inner))


def test_large_requests_are_refused_before_they_are_read():
    with pytest.raises(TooLarge):
        parse_csr(b"\x30" + bytes(CSR_CHARACTERS_MAX))
    with pytest.raises(TooLarge):
        parse_csr(b"\x30" + bytes(CSR_OCTETS_MAX))


def test_ed448_key_is_what_pyca_says_it_is():
    key = ed448.Ed448PrivateKey.generate()
    assert parse_csr(csr(key)).public_key == key.public_key()
