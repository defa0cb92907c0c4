"""Certificates as they stand: what is read, what is named, what is refused."""

import pytest

from certs import der, keys, names, to_be_signed
from certs.certificate import CERTIFICATE_OCTETS_MAX, Reading, parse
from certs.errors import MalformedCertificate, TooLarge
from certs.extensions import (
    AUTHORITY_KEY_IDENTIFIER,
    BASIC_CONSTRAINTS,
    CRL_DISTRIBUTION_POINTS,
    EXTENDED_KEY_USAGE,
    KEY_USAGE,
    SUBJECT_KEY_IDENTIFIER,
    BasicConstraints,
    KeyUsage,
)
from certs.keys import KeyKind
from certs.profiles.rules import Role
from tests.world import (
    crooked,
    crooked_der,
    not_der_basic_constraints,
    subject,
    valid_world,
    with_common_name,
    with_explicit_parameters,
)

WORLD = valid_world()
CONTRACT = WORLD[Role.CONTRACT]
SHA_512 = keys.SIGNATURE_ALGORITHMS[KeyKind.P521]
UTC = b"\x17\x0d"


def refused(data, code="malformed.certificate", reading=Reading.TOLERANT):
    with pytest.raises(MalformedCertificate) as refusal:
        parse(data, reading)
    assert refusal.value.code == code


def test_every_fact_agrees_with_another_reader():
    for identity in WORLD:
        ours = identity.certificate
        theirs = ours.x509()
        assert ours.serial == theirs.serial_number
        assert ours.tbs == theirs.tbs_certificate_bytes
        assert ours.signature == theirs.signature
        assert ours.issuer == theirs.issuer.public_bytes()
        assert ours.subject == theirs.subject.public_bytes()
        assert ours.not_before == theirs.not_valid_before_utc
        assert ours.not_after == theirs.not_valid_after_utc
        assert ours.public_key() == theirs.public_key()
        assert set(ours.extensions) == {e.oid.dotted_string for e in theirs.extensions}
        assert {e.oid for e in ours.extensions.values() if e.critical} == {
            e.oid.dotted_string for e in theirs.extensions if e.critical
        }


def test_a_contract_leaf_in_our_words():
    leaf = CONTRACT.certificate
    assert leaf.version == 3
    assert leaf.common_name == "DE8AA001234567"
    assert leaf.domain_components == ("MO",)
    assert leaf.basic_constraints == BasicConstraints(ca=False, path_length=None)
    assert leaf.key_usage is not None
    assert leaf.key_usage & KeyUsage.DIGITAL_SIGNATURE
    assert leaf.extended_key_usage is None
    assert leaf.authority_key_id == WORLD[Role.MO_SUB_2].certificate.subject_key_id
    assert leaf.ocsp_urls == ("http://ocsp.v2g.example",)
    assert len(leaf.crl_urls) == 1
    assert leaf.key_kind is KeyKind.P256
    assert not leaf.self_issued
    assert WORLD[Role.MO_ROOT].certificate.self_issued
    assert leaf.quirks == ()
    assert "DE8AA001234567" in repr(leaf)
    assert leaf.fingerprint == leaf.fingerprint


def test_equal_octets_are_equal_certificates():
    again = parse(CONTRACT.certificate.der)
    assert again == CONTRACT.certificate
    assert hash(again) == hash(CONTRACT.certificate)
    assert again != CONTRACT.root
    assert again != "a certificate"


def test_x24_basic_constraints_with_default_written_out_is_a_named_quirk():
    data = not_der_basic_constraints(CONTRACT).certificate.der
    read = parse(data)
    assert read.quirks == ("profile.basic_constraints_not_der",)
    assert read.basic_constraints == BasicConstraints(ca=False, path_length=None)
    refused(data, "malformed.certificate_not_der", Reading.STRICT)


def test_x24_critical_false_written_out_is_a_named_quirk():
    value = CONTRACT.certificate.extensions[KEY_USAGE].value
    written = der.encode(
        der.SEQUENCE,
        to_be_signed.oid(KEY_USAGE) + b"\x01\x01\x00" + der.encode(der.OCTET_STRING, value),
    )
    read = crooked(CONTRACT, extensions={KEY_USAGE: written}).certificate
    assert read.quirks == ("profile.default_encoded",)
    assert not read.extensions[KEY_USAGE].critical


@pytest.mark.parametrize(
    "field", [{"not_before": b"\x18\x0f20260101000000Z"}, {"not_after": b"\x18\x0f20290101000000Z"}]
)
def test_x16_generalized_time_before_2050_is_a_named_quirk(field):
    read = crooked(CONTRACT, **field).certificate
    assert read.quirks == ("profile.time_encoding",)


@pytest.mark.parametrize(
    ("element", "year"),
    [
        (UTC + b"491231235959Z", 2049),
        (UTC + b"500101000000Z", 1950),
        (b"\x18\x0f20500101000000Z", 2050),
        (b"\x18\x0f99991231235959Z", 9999),
    ],
)
def test_x16_year_2050_is_told_apart(element, year):
    assert crooked(CONTRACT, not_after=element).certificate.not_after.year == year


@pytest.mark.parametrize(
    "element",
    [
        UTC + b"260230000000Z",
        UTC + b"261301000000Z",
        UTC + b"260101240000Z",
        UTC + b"260101000060Z",
        UTC + b"26010100000_Z",
        UTC + b"260101000000z",
        b"\x17\x0b2601010000Z",
        b"\x17\x11260101000000+000",
        b"\x18\x0f2026010100000.Z",
        b"\x18\x1120500101000000.5Z",
        b"\x18\x0e20500101000000",
        b"\x16\x0d260101000000Z",
        UTC + b"26010100000\xffZ",
        b"\x17\x00",
    ],
)
def test_x16_what_names_no_moment_in_zulu_is_refused(element):
    refused(crooked_der(CONTRACT, not_after=element))
    refused(crooked_der(CONTRACT, not_before=element))


def test_validity_of_three_times_is_refused():
    refused(crooked_der(CONTRACT, not_after=UTC + b"270101000000Z" + UTC + b"270101000000Z"))


@pytest.mark.parametrize(
    "serial",
    [0, -1, -(2**100), 2**160, 2**4000, b"", b"\x00\x01", b"\xff\xff"],
    ids=["0", "-1", "negative", "21-octets", "4001-bits", "empty", "padded", "padded-negative"],
)  # fmt: skip
def test_x24_serials_are_positive_and_twenty_octets(serial):
    expected = "malformed.certificate" if isinstance(serial, bytes) else "malformed.serial_number"
    refused(crooked_der(CONTRACT, serial=serial), expected)


def test_serials_up_to_twenty_octets_are_read():
    assert crooked(CONTRACT, serial=2**159 - 1).certificate.serial == 2**159 - 1
    assert crooked(CONTRACT, serial=1).certificate.serial == 1
    assert crooked(CONTRACT, serial=2**159).certificate.serial == 2**159


def test_x19_inner_and_outer_algorithm_agree():
    refused(crooked_der(CONTRACT, outer_algorithm=SHA_512), "malformed.signature_algorithm")


@pytest.mark.parametrize("oid", [BASIC_CONSTRAINTS, KEY_USAGE, SUBJECT_KEY_IDENTIFIER])
def test_x24_an_extension_stands_once(oid):
    value = CONTRACT.certificate.extensions[oid].value
    refused(crooked_der(CONTRACT, append=[to_be_signed.extension(oid, value)]))


def test_x24_empty_issuer_is_refused_and_empty_subject_read():
    refused(crooked_der(CONTRACT, issuer=b"\x30\x00"))
    assert crooked(CONTRACT, subject=b"\x30\x00").certificate.common_name is None


def test_x24_version_1_and_2_have_no_extensions():
    bare = {"drop": list(CONTRACT.certificate.extensions)}
    assert crooked(CONTRACT, version=b"", **bare).certificate.version == 1
    assert crooked(CONTRACT, version=bytes.fromhex("a003020101"), **bare).certificate.version == 2
    refused(crooked_der(CONTRACT, version=b""))
    refused(crooked_der(CONTRACT, version=bytes.fromhex("a003020103")))


def test_x25_octets_after_the_certificate_are_refused():
    refused(CONTRACT.certificate.der + b"\x00")


def test_x24_ber_lengths_are_refused():
    data = CONTRACT.certificate.der
    refused(b"\x30\x80" + data[4:] + b"\x00\x00")
    refused(b"\x30\x83\x00" + data[2:])


def test_oversized_input_is_refused_before_it_is_read():
    with pytest.raises(TooLarge):
        parse(b"\x30" * (CERTIFICATE_OCTETS_MAX + 1))


def test_unused_bits_in_the_signature_are_refused():
    data = bytearray(CONTRACT.certificate.der)
    at = len(data) - len(CONTRACT.certificate.signature) - 1
    data[at] = 1
    refused(bytes(data))


@pytest.mark.parametrize(
    ("oid", "value"),
    [
        (BASIC_CONSTRAINTS, b"\x30\x03\x01\x01\x01"),
        (BASIC_CONSTRAINTS, b"\x30\x03\x02\x01\xff"),
        (BASIC_CONSTRAINTS, b"\x30\x09\x01\x01\xff\x02\x01\x00\x02\x01\x00"),
        (BASIC_CONSTRAINTS, b"\x30\x00\x00"),
        (KEY_USAGE, b"\x03\x01\x00"),
        (KEY_USAGE, b"\x03\x02\x07\x00"),
        (KEY_USAGE, b"\x03\x04\x00\x80\x80\x80"),
        (KEY_USAGE, b"\x03\x03\x06\x80\x40"),
        (KEY_USAGE, b"\x04\x02\x07\x80"),
        (KEY_USAGE, b"\x03\x02\x09\x80"),
        (EXTENDED_KEY_USAGE, b"\x30\x00"),
        (EXTENDED_KEY_USAGE, b"\x30\x02\x02\x00"),
        (AUTHORITY_KEY_IDENTIFIER, b"\x30\x02\x83\x00"),
        (CRL_DISTRIBUTION_POINTS, b"\x30\x02\x02\x00"),
        ("1.3.6.1.5.5.7.1.1", b"\x30\x02\x02\x00"),
    ],
)
def test_x08_known_extensions_are_spelt_right_or_refused(oid, value):
    refused(crooked_der(CONTRACT, extensions={oid: to_be_signed.extension(oid, value)}))


def test_authority_key_identifier_by_name_alone_names_no_key():
    value = to_be_signed.extension(AUTHORITY_KEY_IDENTIFIER, b"\x30\x00")
    leaf = crooked(CONTRACT, extensions={AUTHORITY_KEY_IDENTIFIER: value}).certificate
    assert leaf.authority_key_id is None


def test_critical_subject_key_identifier_stays_among_the_extensions():
    value = CONTRACT.certificate.extensions[SUBJECT_KEY_IDENTIFIER].value
    critical = to_be_signed.extension(SUBJECT_KEY_IDENTIFIER, value, critical=True)
    leaf = crooked(CONTRACT, extensions={SUBJECT_KEY_IDENTIFIER: critical}).certificate
    assert leaf.extensions[SUBJECT_KEY_IDENTIFIER].critical
    assert leaf.subject_key_id == CONTRACT.certificate.subject_key_id


def test_subject_key_identifier_octets_inside_another_extension_mislead_nobody():
    """The reader looks for that extension's octets; here an earlier one quotes them."""
    quoted = bytes.fromhex("300b0603551d0e0404040201ff")
    decoy = to_be_signed.extension("1.3.6.1.4.1.99999.3", quoted)
    ski = to_be_signed.subject_key_identifier(b"\x07" * 20)
    leaf = crooked(
        CONTRACT,
        drop=[SUBJECT_KEY_IDENTIFIER, *CONTRACT.certificate.extensions],
        append=[decoy, ski],
    ).certificate
    assert leaf.subject_key_id == b"\x07" * 20
    assert leaf.extensions["1.3.6.1.4.1.99999.3"].value == quoted
    without = crooked(
        CONTRACT, drop=list(CONTRACT.certificate.extensions), append=[decoy]
    ).certificate
    assert without.subject_key_id is None


def test_too_many_extensions_are_refused():
    many = [to_be_signed.extension(f"1.3.6.1.4.1.99999.{n}", b"\x05\x00") for n in range(40)]
    refused(crooked_der(CONTRACT, append=many))


def test_an_empty_list_of_extensions_is_refused():
    data = crooked_der(CONTRACT, drop=list(CONTRACT.certificate.extensions), append=[b""])
    refused(data)


def test_x11_two_common_names_are_no_identity():
    two = with_common_name(CONTRACT, "DE8AA001234567", "DE8AA007654321").certificate
    assert two.common_name is None
    assert two.common_names == ("DE8AA001234567", "DE8AA007654321")
    assert with_common_name(CONTRACT).certificate.common_name is None


@pytest.mark.parametrize(
    ("tag", "content", "value"),
    [
        (0x0C, b"DE8AA001234567", "DE8AA001234567"),
        (0x13, b"DE8AA001234567", "DE8AA001234567"),
        (0x16, b"DE8AA001234567", "DE8AA001234567"),
        (0x1E, "DE8AA001234567".encode("utf-16-be"), "DE8AA001234567"),
        (0x1C, "DE8AA001234567".encode("utf-32-be"), "DE8AA001234567"),
        (0x14, b"DE8AA\xe4", "DE8AAä"),
        (0x0C, b"DE8AA\x00", "DE8AA\x00"),
    ],
)
def test_x11_common_names_in_every_string_type(tag, content, value):
    cn = der.encode(
        der.SET,
        der.encode(der.SEQUENCE, to_be_signed.oid(names.COMMON_NAME) + der.encode(tag, content)),
    )
    leaf = crooked(CONTRACT, subject=der.encode(der.SEQUENCE, cn)).certificate
    assert leaf.common_name == value


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\x80"])
def test_text_that_does_not_fit_its_string_type_is_refused(content):
    cn = der.encode(
        der.SET,
        der.encode(der.SEQUENCE, to_be_signed.oid(names.COMMON_NAME) + der.encode(0x0C, content)),
    )
    refused(crooked_der(CONTRACT, subject=der.encode(der.SEQUENCE, cn)))


def test_explicit_curve_parameters_are_told_apart_from_the_named_curve():
    """X21: cryptography loads such a key as P-256."""
    leaf = with_explicit_parameters(CONTRACT).certificate
    assert leaf.key_kind is KeyKind.EC_EXPLICIT
    with pytest.raises(MalformedCertificate):
        leaf.public_key()
    assert not leaf.verifies(b"", b"")


@pytest.mark.parametrize("part", ["validity", "key"])
def test_a_certificate_that_ends_inside_its_parts_is_refused(part):
    """The octets go on after TBSCertificate, so only its own length says that it ended."""
    leaf = CONTRACT.certificate
    at = leaf.tbs.index(leaf.spki) + (len(leaf.spki) if part == "key" else -len(leaf.subject))
    start = der.whole(leaf.tbs, der.SEQUENCE)[0]
    tbs = der.encode(der.SEQUENCE, leaf.tbs[start : at - 5])
    signature = der.encode(der.BIT_STRING, b"\x00" + leaf.signature)
    refused(der.encode(der.SEQUENCE, tbs + leaf.signature_algorithm + signature))


def test_generalized_time_that_names_no_moment_is_refused():
    refused(crooked_der(CONTRACT, not_after=b"\x18\x0f20500230000000Z"))


def test_a_certificate_without_subject_key_identifier_has_none_among_its_extensions():
    leaf = crooked(CONTRACT, drop=[SUBJECT_KEY_IDENTIFIER]).certificate
    assert leaf.subject_key_id is None
    assert SUBJECT_KEY_IDENTIFIER not in leaf.extensions


def test_authority_key_identifier_may_name_issuer_and_serial_beside_the_key():
    inner = b"\x80\x02\x01\x02" + der.encode(0xA1, der.encode(0xA4, b"\x30\x00")) + b"\x82\x01\x01"
    value = to_be_signed.extension(AUTHORITY_KEY_IDENTIFIER, der.encode(der.SEQUENCE, inner))
    leaf = crooked(CONTRACT, extensions={AUTHORITY_KEY_IDENTIFIER: value}).certificate
    assert leaf.authority_key_id == b"\x01\x02"


def test_several_domain_components_are_all_told():
    leaf = crooked(CONTRACT, subject=subject("X", ["MO", "V2G"])).certificate
    assert leaf.domain_components == ("MO", "V2G")
    assert names.text(leaf.subject) == "CN=X, DC=MO, DC=V2G"


def test_what_only_our_reader_reads_is_told_apart():
    """cryptography refuses a P-256 key in a BIT STRING that is too short to be one; we name it."""
    algorithm = CONTRACT.certificate.spki[2:23]
    spki = der.encode(der.SEQUENCE, algorithm + b"\x03\x02\x00\x04")
    leaf = crooked(CONTRACT, spki=spki).certificate
    assert leaf.subject_public_key == b"\x04"
    with pytest.raises(MalformedCertificate):
        leaf.public_key()


def test_cryptography_refusing_what_we_read_is_malformed():
    """A DSA key whose parameters are inherited, as PKITS has one: no key for us either way."""
    algorithm = der.encode(der.SEQUENCE, bytes.fromhex("06072a8648ce380401"))
    spki = der.encode(der.SEQUENCE, algorithm + b"\x03\x04\x00\x02\x01\x01")
    leaf = crooked(CONTRACT, spki=spki).certificate
    assert leaf.key_kind is KeyKind.OTHER
    with pytest.raises(MalformedCertificate):
        leaf.x509()
