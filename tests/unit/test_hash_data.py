"""OCPP's certificate hash data: the rule, the reference vectors, the limits."""

import pytest

from certs.certificate import parse as parse_certificate
from certs.errors import MalformedHashData
from certs.pem import parse_chain
from certs.revocation import hash_data
from certs.revocation.hash_data import OCPP_2_0_1, OCPP_2_1, HashAlgorithm
from tests import evidence

# OCA's test root, as printed in c-jimenez/open-ocpp#145.
OCA_ROOT = """-----BEGIN CERTIFICATE-----
MIIBwzCCAWmgAwIBAgIBBDAKBggqhkjOPQQDAjBIMRUwEwYDVQQDDAxSb290IENB
IEVEU0ExDDAKBgNVBAoMA09DQTELMAkGA1UEBhMCTkwxFDASBgoJkiaJk/IsZAEZ
FgRPQ1RUMCAXDTIwMDIxMjE4MTAyOFoYDzIwNjAwMjAyMTgxMDI4WjBIMRUwEwYD
VQQDDAxSb290IENBIEVEU0ExDDAKBgNVBAoMA09DQTELMAkGA1UEBhMCTkwxFDAS
BgoJkiaJk/IsZAEZFgRPQ1RUMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE29Hr
M7bR+VZ+jY9Z7IgLKJw7/A3OQWGY5B05wEO2V1V3Z3VrZINHADdOz7BNc/5ZyCTB
W/OgFDvXym1/gV/NY6NCMEAwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMC
AQYwHQYDVR0OBBYEFC6gycssqInCC/9PJY9F43M7B224MAoGCCqGSM49BAMCA0gA
MEUCIAK3aLaF12sAkvQCluO835VbXGDuWZQWYBgZOtkiHb1NAiEAvmmT8us14HWN
iLgObzzsqf7crpqXctWBDkvN2e5WeBU=
-----END CERTIFICATE-----
"""
OCA_HASHES = {
    "SHA256": (
        "72a509445ee1f05435358832f9a06bf0ddb3d21dfa68ed8ff45f1362a3cbd58e",
        "5eb367725b386513ee5d250023dccc8ce802f8cd476b142436042380c836fb29",
    ),
    "SHA384": (
        (
            "db27076224c267353536ec6c23c89f8d75fd31ad79e93dc86d8399bd227f1cac"
            "4cf23350870cc8437c309e101d3b4335"
        ),
        (
            "72db13cb3b03e2ba190afbbb04cdbfdbc19e85b01ae8b04e1d79f05b8b5f1c5c"
            "78a94ec7851f442ef919c9124996c8a7"
        ),
    ),
    "SHA512": (
        (
            "3215bf208bffea94da7bd20486e6215003311629d0b296771319625eb44781e4"
            "5b2c5c4ed9c4ff253127657eaaea96c48b6a556225851b4f4ba88b98b0a74613"
        ),
        (
            "13571f7343504da0114626016250da616b98ae5961a2c710d0e0a6a875e2985f"
            "72b6922ac803940fecb998427abe5764861d67573cfb7c8d12eb8922a811a0c5"
        ),
    ),
}
# EVerest's MO certificate, as its own tests expect it (plug_and_charge_tests201.py).
EVEREST = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "3a1ad85a129bd5db30c2f099a541f76e562b8a30e9f49f3f47077eeae3750a2a",
    "issuerKeyHash": "66fce9295edc049f4a183458948ecaa8e3558e4aa3041f13a2363d1d953d33e5",
    "serialNumber": "3041",
    "responderURL": "http://www.example.com/",
}


def fields(**odd):
    return {**EVEREST, **odd}


@pytest.mark.parametrize("algorithm", sorted(OCA_HASHES))
def test_vector_1_oca_test_root(algorithm):
    (root,) = parse_chain(OCA_ROOT)
    name, key = OCA_HASHES[algorithm]
    assert hash_data.to_ocpp(hash_data.of(root, root, HashAlgorithm(algorithm))) == {
        "hashAlgorithm": algorithm,
        "issuerNameHash": name,
        "issuerKeyHash": key,
        "serialNumber": "4",
        "responderURL": "",
    }


def test_vector_2_everest_fields_are_read_and_written_back():
    data = hash_data.parse(EVEREST)
    assert data.serial == 0x3041
    assert data.issuer_key_hash.hex().startswith("66fce929")
    assert hash_data.to_ocpp(data) == EVEREST


def test_name_is_hashed_as_the_checked_certificate_encodes_it():
    """The issuer's own subject may be the same name in other octets (X26)."""
    ca = evidence.authority()
    leaf = evidence.leaf(ca)
    at = leaf.der.index(ca.certificate.subject)
    reencoded = bytearray(leaf.der)
    assert reencoded[reencoded.index(b"\x0c", at)] == 0x0C
    reencoded[reencoded.index(b"\x0c", at)] = 0x13  # UTF8String becomes PrintableString
    certificate = parse_certificate(bytes(reencoded))
    data = hash_data.of(certificate, ca.certificate, HashAlgorithm.SHA256)
    assert data.issuer_name_hash == HashAlgorithm.SHA256.digest(certificate.issuer)
    assert data.issuer_name_hash != HashAlgorithm.SHA256.digest(ca.certificate.subject)


def test_responder_url_is_the_certificates_unless_given():
    ca = evidence.authority()
    leaf = evidence.leaf(ca)
    own = hash_data.of(leaf, ca.certificate, HashAlgorithm.SHA256)
    assert own.responder_url == "http://ocsp.example/"
    given = hash_data.of(leaf, ca.certificate, HashAlgorithm.SHA256, responder_url="http://b/")
    assert given.responder_url == "http://b/"


def test_chain_has_hash_data_for_all_but_its_root():
    root = evidence.authority("MO Root")
    sub_1 = evidence.authority("MO Sub-CA 1", issuer=root)
    sub_2 = evidence.authority("MO Sub-CA 2", issuer=sub_1)
    leaf = evidence.leaf(sub_2)
    path = (leaf, sub_2.certificate, sub_1.certificate, root.certificate)
    chain = hash_data.of_chain(path, HashAlgorithm.SHA512)
    assert [data.serial for data in chain] == [certificate.serial for certificate in path[:3]]
    digest = HashAlgorithm.SHA512.digest
    assert [data.issuer_key_hash for data in chain] == [
        digest(certificate.subject_public_key) for certificate in path[1:]
    ]
    assert hash_data.of_chain((root.certificate,), HashAlgorithm.SHA512) == ()
    assert hash_data.of_chain((), HashAlgorithm.SHA512) == ()


def test_sha_1_has_no_name_in_ocpp():
    ca = evidence.authority()
    data = hash_data.of(evidence.leaf(ca), ca.certificate, HashAlgorithm.SHA1)
    with pytest.raises(ValueError, match="SHA-1"):
        hash_data.to_ocpp(data)


def test_serial_is_written_without_leading_zeroes():
    ca = evidence.authority()
    data = hash_data.of(evidence.leaf(ca, serial=0x0A0B), ca.certificate, HashAlgorithm.SHA256)
    assert hash_data.to_ocpp(data)["serialNumber"] == "a0b"


def test_case_and_leading_zeroes_do_not_matter():
    plain = hash_data.parse(fields(serialNumber="abc"))
    shouted = hash_data.parse(
        fields(
            issuerNameHash=EVEREST["issuerNameHash"].upper(),
            issuerKeyHash=EVEREST["issuerKeyHash"].upper(),
            serialNumber="00ABC",
        )
    )
    assert plain == shouted


def test_custom_data_is_ocpps_opening_and_is_not_read():
    assert hash_data.parse(fields(customData={"vendorId": "x"})) == hash_data.parse(EVEREST)


@pytest.mark.parametrize("name", ["issuerNameHash", "issuerKeyHash"])
def test_greatest_fields_are_read(name):
    longest = {
        "hashAlgorithm": "SHA512",
        "issuerNameHash": "a" * 128,
        "issuerKeyHash": "b" * 128,
        "serialNumber": "f" * 40,
        "responderURL": "u" * 512,
    }
    assert hash_data.parse(longest).serial == 2**160 - 1
    with pytest.raises(MalformedHashData):
        hash_data.parse({**longest, name: "a" * 129})


def test_url_may_be_longer_in_ocpp_2_1():
    long, longer = fields(responderURL="u" * 513), fields(responderURL="u" * 2001)
    with pytest.raises(MalformedHashData):
        hash_data.parse(long, limits=OCPP_2_0_1)
    assert hash_data.parse(long, limits=OCPP_2_1).responder_url == "u" * 513
    with pytest.raises(MalformedHashData):
        hash_data.parse(longer, limits=OCPP_2_1)


MALFORMED = {
    **{f"without_{name}": {k: v for k, v in EVEREST.items() if k != name} for name in EVEREST},
    **{f"number_as_{name}": fields(**{name: 5}) for name in EVEREST},
    "unknown_field": fields(serial="3041"),
    "sha1": fields(hashAlgorithm="SHA1", issuerNameHash="a" * 40, issuerKeyHash="a" * 40),
    "algorithm_in_lower_case": fields(hashAlgorithm="sha256"),
    "endless_algorithm": fields(hashAlgorithm="S" * 129),
    "short_name_hash": fields(issuerNameHash="ab" * 31),
    "short_key_hash": fields(issuerKeyHash="ab" * 31),
    "hash_of_another_algorithm": fields(hashAlgorithm="SHA384"),
    "name_hash_with_other_letters": fields(issuerNameHash="g" * 64),
    "key_hash_with_blanks": fields(issuerKeyHash=" " * 64),
    "serial_empty": fields(serialNumber=""),
    "serial_0x": fields(serialNumber="0x3041"),
    "serial_negative": fields(serialNumber="-1"),
    "serial_underscore": fields(serialNumber="1_0"),
    "serial_of_41": fields(serialNumber="1" * 41),
    "serial_in_arabic_digits": fields(serialNumber="\u0661\u0662"),
    "url_with_a_line_break": fields(responderURL="http://a/\r\nHost: b"),
    "url_with_a_blank": fields(responderURL="http://a b/"),
    "url_not_ascii": fields(responderURL="http://\u0430/"),
}


@pytest.mark.parametrize("case", sorted(MALFORMED))
def test_what_ocpp_does_not_define_is_malformed(case):
    with pytest.raises(MalformedHashData):
        hash_data.parse(MALFORMED[case])
