"""How stations misspell hash data: each reading is a candidate, and none is a guess."""

from base64 import urlsafe_b64encode

import pytest

from certs.revocation import hash_data
from certs.revocation.hash_data import HashAlgorithm
from certs.revocation.hash_dialects import (
    Dialect,
    may_include_root,
    names,
    readings,
    whole_spki_hash,
)
from tests import evidence


@pytest.fixture(scope="module")
def holders():
    root = evidence.authority("MO Root", serial=7)
    return root, evidence.authority("MO Sub-CA 2", issuer=root, serial=8)


@pytest.fixture(scope="module")
def chain(holders):
    root, sub = holders
    return evidence.leaf(sub, serial=0x12345), sub.certificate, root.certificate


def read(chain, algorithm=HashAlgorithm.SHA256, **odd):
    data = hash_data.of(chain[0], chain[1], algorithm)
    return readings(hash_data.parse_fields({**hash_data.to_ocpp(data), **odd}))


def matching(chain, found):
    return [reading for reading in found if names(reading, chain[0], chain[1])]


def test_ocpps_own_spelling_comes_first_and_matches(chain):
    found = read(chain)
    assert found[0].dialects == frozenset()
    assert found[0].hash_data == hash_data.of(chain[0], chain[1], HashAlgorithm.SHA256)
    assert matching(chain, found) == [found[0]]


def test_upper_case_is_the_same_value(chain):
    plain = read(chain, serialNumber="abc")
    for shouted in (
        read(chain, serialNumber="ABC"),
        read(chain, serialNumber="abc", issuerNameHash=name_hash(chain).upper()),
    ):
        assert shouted[0].hash_data == plain[0].hash_data
        assert shouted[0].dialects == {Dialect.UPPER_CASE}


def name_hash(chain):
    return hash_data.of(chain[0], chain[1], HashAlgorithm.SHA256).issuer_name_hash.hex()


def test_leading_zeroes_are_named(chain):
    found = read(chain, serialNumber="012345")
    assert matching(chain, found) == [found[0]]
    assert found[0].dialects == {Dialect.LEADING_ZEROES}
    assert read(chain, serialNumber="0")[0].dialects == frozenset()


def test_decimal_serial_is_another_certificate_and_a_second_candidate(chain):
    """MaEVe parses hexadecimal what its tests write decimal: 12345 is a number in both."""
    found = read(chain, serialNumber="12345")
    assert [(r.hash_data.serial, r.dialects) for r in found] == [
        (0x12345, frozenset()),
        (12345, {Dialect.DECIMAL_SERIAL}),
        (0x12345, {Dialect.WHOLE_SPKI}),
        (12345, {Dialect.DECIMAL_SERIAL, Dialect.WHOLE_SPKI}),
    ]
    found = read(chain, serialNumber=str(0x12345))
    assert [reading.dialects for reading in matching(chain, found)] == [{Dialect.DECIMAL_SERIAL}]


def test_one_digit_is_the_same_in_both_bases(chain):
    assert [r.dialects for r in read(chain, serialNumber="7")] == [
        frozenset(),
        {Dialect.WHOLE_SPKI},
    ]


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("name", sorted(hash_data.OCPP_ALGORITHMS))
def test_josev_writes_base64url_and_decimal(chain, name, padded):
    algorithm = HashAlgorithm(name)
    data = hash_data.of(chain[0], chain[1], algorithm)
    texts = [
        urlsafe_b64encode(digest).decode()
        for digest in (data.issuer_name_hash, data.issuer_key_hash)
    ]
    name_text, key_text = texts if padded else [text.rstrip("=") for text in texts]
    found = read(
        chain,
        algorithm,
        issuerNameHash=name_text,
        issuerKeyHash=key_text,
        serialNumber=str(data.serial),
    )
    matched = matching(chain, found)
    assert [r.dialects for r in matched] == [{Dialect.BASE64URL, Dialect.DECIMAL_SERIAL}]
    assert matched[0].hash_data == data


def test_sap_hashes_the_whole_public_key_info(chain):
    wrong = whole_spki_hash(chain[1], HashAlgorithm.SHA256)
    found = read(chain, issuerKeyHash=wrong.hex())
    assert [r.dialects for r in matching(chain, found)] == [{Dialect.WHOLE_SPKI}]


def test_nothing_matches_another_certificate_of_the_issuer(chain):
    found = read(chain, serialNumber="12346")
    assert len(found) == 4
    assert matching(chain, found) == []


@pytest.mark.parametrize("field", ["issuerNameHash", "issuerKeyHash"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "a" * 63,
        "g" * 64,
        "=" * 44,
        "A" * 43 + "==",
        "A" * 44,
        "A" * 42 + "B=",  # stray bits after the last octet
        "A" * 42 + "B",
        "+" * 43 + "=",  # base64, but not base64url
        "A" * 20 + "\n" + "A" * 23,
        "\u0410" * 43,
    ],
)
def test_hash_in_no_known_spelling_has_no_reading(chain, field, text):
    assert read(chain, **{field: text}) == ()


@pytest.mark.parametrize("serial", ["", "0x12345", "-5", "12 345", "\u0661"])
def test_serial_in_no_known_spelling_has_no_reading(chain, serial):
    assert read(chain, serialNumber=serial) == ()


def test_greatest_serials_are_read(chain):
    assert read(chain, serialNumber="f" * 40)[0].hash_data.serial == 2**160 - 1
    found = read(chain, serialNumber="9" * 40)
    assert [reading.hash_data.serial for reading in found[:2]] == [int("9" * 40, 16), 10**40 - 1]


def test_root_included_is_recognised_by_its_issuer_being_its_childs(holders, chain):
    _, sub, root = chain
    without = hash_data.of_chain(chain, HashAlgorithm.SHA256)
    own = hash_data.of(root, root, HashAlgorithm.SHA256)
    assert may_include_root((*without, own))
    assert not may_include_root(without)
    assert not may_include_root((own,))
    assert not may_include_root(())
    # The same entry twice, and the root in another algorithm, are something else.
    assert not may_include_root((*without, without[-1]))
    assert not may_include_root((*without, hash_data.of(root, root, HashAlgorithm.SHA512)))
    # A sibling of the leaf is no root, but no octet says so: a candidate, not a proof.
    sibling = hash_data.of(evidence.leaf(holders[1], serial=9), sub, HashAlgorithm.SHA256)
    assert may_include_root((without[0], sibling))
