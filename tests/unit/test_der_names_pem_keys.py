"""The small readers under certificates: DER, names, PEM, keys."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x448

from certs import der, keys, names, pem, to_be_signed
from certs.edition import Edition
from certs.errors import MalformedCertificate, MalformedDer, MalformedPem, Refused, TooLarge
from certs.keys import KeyKind
from certs.profiles.rules import Role
from tests.world import name, valid_world

WORLD = valid_world()
CN, DC = names.COMMON_NAME, names.DOMAIN_COMPONENT


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x01",
        b"\x30\x80\x00\x00",
        b"\x30\x81\x7f" + b"x" * 127,
        b"\x30\x82\x00\x80" + b"x" * 128,
        b"\x30\x85\x00\x00\x00\x00\x01x",
        b"\x30\x82\x01",
        b"\x1f\x81\x01\x00",
        b"\x30\x00\x00",
    ],
    ids=["empty", "tag-only", "cut", "indefinite", "long-form-of-short", "padded-length",
         "five-length-octets", "cut-length", "multi-octet-tag", "trailing"],
)  # fmt: skip
def test_x24_what_is_not_der_is_refused(data):
    with pytest.raises(MalformedDer):
        der.whole(data, der.SEQUENCE)


def test_expect_names_the_tag_that_it_misses():
    with pytest.raises(MalformedDer, match="0x02"):
        der.expect(b"\x02\x01\x01", 0, 3, der.SEQUENCE)


def test_children_are_counted():
    with pytest.raises(MalformedDer):
        der.children(b"\x05\x00" * 5, 0, 10, 4)
    assert len(der.children(b"\x05\x00" * 4, 0, 8, 4)) == 4


@pytest.mark.parametrize(("value", "content"), [(0, "00"), (127, "7f"), (128, "0080"), (-1, "ff")])
def test_integers(value, content):
    assert der.integer(bytes.fromhex(content)) == value


@pytest.mark.parametrize("content", ["", "0001", "ffff"])
def test_integers_are_minimal(content):
    with pytest.raises(MalformedDer):
        der.integer(bytes.fromhex(content))


@pytest.mark.parametrize("content", [b"", b"\x01", b"\x00\x00"])
def test_booleans_are_two(content):
    with pytest.raises(MalformedDer):
        der.boolean(content)


@pytest.mark.parametrize(
    ("dotted", "content"),
    [("2.5.29.15", "551d0f"), ("1.3.6.1", "2b0601"), ("2.999.3", "883703"), ("0.9.2342", "099226")],
)
def test_object_identifiers(dotted, content):
    assert der.oid(bytes.fromhex(content)) == dotted
    assert to_be_signed.oid(dotted) == der.encode(der.OID, bytes.fromhex(content))


@pytest.mark.parametrize("content", [b"", b"\x80\x01", b"\x55\x80", b"\x55\x80\x01", b"\x2a" * 65])
def test_object_identifiers_are_minimal_and_short(content):
    """CVE-2026-23490: continuation octets without end ate memory elsewhere."""
    with pytest.raises(MalformedDer):
        der.oid(content)


@pytest.mark.parametrize("length", [0, 127, 128, 255, 256, 65_535, 65_536])
def test_lengths_are_written_as_they_are_read(length):
    data = der.encode(der.OCTET_STRING, b"x" * length)
    assert der.whole(data, der.OCTET_STRING) == (len(data) - length, len(data))


# X26: one rule for comparing names ----------------------------------------------------------------


def _typed(tag, text, codec="utf-8"):
    value = der.encode(tag, text.encode(codec))
    attribute = der.encode(der.SEQUENCE, to_be_signed.oid(CN) + value)
    return der.encode(der.SEQUENCE, der.encode(der.SET, attribute))


def _multi(*pairs):
    inner = b"".join(to_be_signed.attribute(oid, value)[2:] for oid, value in pairs)
    return der.encode(der.SEQUENCE, der.encode(der.SET, inner))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (_typed(0x13, "MO Sub"), _typed(0x0C, "MO Sub"), True),
        (_typed(0x13, "MO Sub"), _typed(0x1E, "MO Sub", "utf-16-be"), True),
        (_typed(0x0C, "MO  Sub "), _typed(0x0C, " mo sub"), True),
        (_typed(0x0C, "MO Sub"), _typed(0x0C, "MOSub"), False),
        (_multi((CN, "a"), (DC, "b")), _multi((DC, "b"), (CN, "a")), True),
        (name((CN, "a"), (DC, "b")), name((DC, "b"), (CN, "a")), False),
        (name((CN, "a")), name((CN, "a"), (DC, "b")), False),
    ],
    ids=["string-type", "bmp", "space-and-case", "no-space", "in-one-rdn", "rdn-order", "longer"],
)  # fmt: skip
def test_x26_names_are_compared_by_one_rule(one, other, same):
    assert names.same(one, other) == same


def test_names_for_people_escape_what_would_mislead():
    text = names.text(name((CN, '#a,b+c"\\<>;=\x00\u202e '), ("1.2.3.4", "x")))
    assert text == 'CN=\\#a\\,b\\+c\\"\\\\\\<\\>\\;\\=\\00\\202E , 1.2.3.4=x'
    assert names.values(name((CN, "a"), (CN, "b")), CN) == ("a", "b")


@pytest.mark.parametrize(
    "data",
    [
        b"\x31\x00",
        der.encode(der.SEQUENCE, b"\x31\x00"),
        der.encode(der.SEQUENCE, der.encode(der.SET, b"\x02\x01\x00")),
        der.encode(der.SEQUENCE, der.encode(der.SET, der.encode(der.SEQUENCE, b"\x06\x01\x2a"))),
        _typed(0x02, "a"),
        _typed(0x13, "ä"),
        der.encode(
            der.SEQUENCE,
            der.encode(
                der.SET, der.encode(der.SEQUENCE, to_be_signed.oid(CN) + b"\x0c\x01a\x0c\x01b")
            ),
        ),
        name(*[(CN, "a")] * 40),
        name((CN, "a" * 3000)),
    ],
)
def test_what_is_no_name_is_malformed(data):
    for reader in (names.rdns, names.identity):
        with pytest.raises(MalformedCertificate):
            reader(data)


def test_a_common_name_quoted_inside_another_value_misleads_nobody():
    """The reader looks for the common name's octets; here an organisation quotes them."""
    decoy = bytes.fromhex("310c300a06035504030c0358").decode("latin-1")
    quoting = name((names.ORGANIZATION, decoy + "YZ"), (CN, "real"), (DC, "MO"))
    assert names.identity(quoting) == (("real",), ("MO",))
    alone = name((names.ORGANIZATION, decoy + "YZ"))
    assert names.identity(alone) == ((), ())
    assert names.identity(name((CN, "a"), (CN, "b"))) == (("a", "b"), ())
    assert names.identity(b"\x30\x00") == ((), ())
    assert names.identity(name((names.ORGANIZATION, "a"), (CN, "b"))) == (("b",), ())


# PEM ----------------------------------------------------------------------------------------------

CHAIN = WORLD[Role.CONTRACT].chain


def test_x25_bundles_are_written_as_they_are_read():
    text = pem.encode(CHAIN)
    assert pem.parse_chain(text) == CHAIN
    assert pem.parse_chain(text.encode()) == CHAIN
    assert pem.encode(pem.parse_chain(text)) == text


def test_x25_explanatory_text_between_blocks_is_passed_over():
    first, second = pem.encode(CHAIN[:1]), pem.encode(CHAIN[1:2])
    assert pem.parse_chain(f"subject=a\n{first}\nissuer=b\n{second}end\n") == CHAIN[:2]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text",
        "-----BEGIN CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nMIIB\nA=\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nMIIB extra\n-----END CERTIFICATE-----",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        pem.encode(CHAIN[:1]) + "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        pem.encode(CHAIN[:1]) + "-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nä\n-----END CERTIFICATE-----",
    ],
)
def test_x25_what_is_no_bundle_is_malformed(text):
    with pytest.raises(MalformedPem):
        pem.certificates(text)


def test_the_first_of_nothing_is_malformed():
    with pytest.raises(MalformedPem):
        pem.first(b"nothing")


def test_x32_ten_megabytes_and_ten_thousand_certificates_are_refused_unread():
    with pytest.raises(TooLarge):
        pem.certificates("-----BEGIN CERTIFICATE-----\n" + "A" * 10_000_000)
    with pytest.raises(TooLarge):
        pem.certificates(pem.encode(CHAIN[:1]) * 10_000)
    with pytest.raises(TooLarge):
        pem.certificates(pem.encode(CHAIN[:1]) * 65, characters_max=10_000_000)


def test_pem_as_latin_1_octets_is_malformed_where_it_matters():
    with pytest.raises(MalformedPem):
        pem.certificates(b"-----BEGIN CERTIFICATE-----\n\xe4\n-----END CERTIFICATE-----")


# Keys ---------------------------------------------------------------------------------------------

_SPKI = {
    KeyKind.P256: ec.generate_private_key(ec.SECP256R1()),
    KeyKind.P384: ec.generate_private_key(ec.SECP384R1()),
    KeyKind.P521: ec.generate_private_key(ec.SECP521R1()),
    KeyKind.SECP256K1: ec.generate_private_key(ec.SECP256K1()),
    KeyKind.OTHER: ec.generate_private_key(ec.BrainpoolP256R1()),
    KeyKind.ED448: ed448.Ed448PrivateKey.generate(),
    KeyKind.ED25519: ed25519.Ed25519PrivateKey.generate(),
    KeyKind.X448: x448.X448PrivateKey.generate(),
    KeyKind.RSA: rsa.generate_private_key(65537, 2048),
}


def _spki(key):
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@pytest.mark.parametrize("kind", _SPKI, ids=lambda kind: kind.value)
def test_x20_every_kind_of_key_is_told_by_its_algorithm(kind):
    read, value = keys.kind_of_spki(_spki(_SPKI[kind]))
    assert read is kind
    if kind in {KeyKind.P256, KeyKind.P384, KeyKind.P521, KeyKind.ED448}:
        assert keys.spki(keys.load(kind, value)) == _spki(_SPKI[kind])
        assert keys.kind_of(_SPKI[kind]) is kind
        assert keys.kind_of(_SPKI[kind].public_key()) is kind
    else:
        with pytest.raises(MalformedCertificate):
            keys.load(kind, value)


def test_curves_we_do_not_sign_with_are_told_apart():
    assert keys.kind_of(_SPKI[KeyKind.SECP256K1]) is KeyKind.SECP256K1
    assert keys.kind_of(_SPKI[KeyKind.OTHER]) is KeyKind.OTHER


def test_each_edition_has_its_own_keys():
    assert keys.SIGNING_KEYS[Edition.ISO_2] & keys.SIGNING_KEYS[Edition.ISO_20] == frozenset()


@pytest.mark.parametrize(
    "value",
    [b"", b"\x00", b"\x04", b"\x04" + b"\x00" * 64, b"\x04" + b"\xff" * 64, b"\x02" + b"\x01" * 32,
     b"\x06" + b"\x01" * 64],
    ids=["empty", "infinity", "tag-only", "zero", "over-the-prime", "compressed", "hybrid"],
)  # fmt: skip
def test_x22_what_is_no_point_is_no_key(value):
    assert not keys.plausible(KeyKind.P256, value)
    assert not keys.plausible(KeyKind.P521, value)
    with pytest.raises(MalformedCertificate):
        keys.load(KeyKind.P256, value)


@pytest.mark.parametrize("kind", [KeyKind.P256, KeyKind.P521, KeyKind.ED448])
def test_real_keys_are_plausible_derivable_and_sign(kind):
    key = keys.generate(kind)
    read, value = keys.kind_of_spki(keys.spki(key.public_key()))
    assert keys.plausible(read, value)
    signer = keys.SoftwareSigner(key, deterministic=True)
    assert signer.sign(b"data") == signer.sign(b"data")
    assert keys.verifies(signer.public_key, signer.sign(b"data"), b"data")
    assert not keys.verifies(signer.public_key, signer.sign(b"data"), b"other")
    assert keys.verifies(key.public_key(), keys.sign(key, b"data"), b"data")
    one, other = keys.derive(kind, b"seed"), keys.derive(kind, b"other")
    assert keys.spki(one.public_key()) == keys.spki(keys.derive(kind, b"seed").public_key())
    assert keys.spki(one.public_key()) != keys.spki(other.public_key())
    assert len(keys.key_identifier(value)) == 20
    assert "key" not in repr(signer).lower() or "0x" in repr(signer)


def test_only_signing_kinds_are_made():
    with pytest.raises(ValueError, match="X448"):
        keys.generate(KeyKind.X448)
    with pytest.raises(ValueError, match="P-384"):
        keys.derive(KeyKind.P384, b"")
    with pytest.raises(MalformedCertificate):
        keys.load(KeyKind.ED448, b"\x00")
    assert not keys.plausible(KeyKind.ED448, b"\x00")
    assert not keys.plausible(KeyKind.RSA, b"\x00")


@pytest.mark.parametrize(
    "data",
    ["", "3000", "300e300806022a0305000500030200ff", "30083006060a2b", "3009300506032b65700101",
     "300a300506032b6570030100ff", "3009300506032b6570030101"],
)  # fmt: skip
def test_what_is_no_key_info_is_malformed(data):
    with pytest.raises(MalformedCertificate):
        keys.kind_of_spki(bytes.fromhex(data))


def test_x21_ec_without_parameters_or_with_null_has_no_named_curve():
    for parameters in ("", "0500"):
        algorithm = der.encode(der.SEQUENCE, bytes.fromhex("06072a8648ce3d0201" + parameters))
        spki = der.encode(der.SEQUENCE, algorithm + b"\x03\x02\x00\x04")
        assert keys.kind_of_spki(spki)[0] is KeyKind.EC_EXPLICIT


def test_refusals_carry_code_detail_and_findings():
    refusal = Refused("x.y", "because")
    assert (refusal.code, refusal.detail, refusal.findings) == ("x.y", "because", ())
    assert str(refusal) == "x.y: because"
    assert MalformedDer("a", code="b").code == "b"
