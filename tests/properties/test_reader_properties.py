"""Any octets give a certificate or Malformed, and what is read is what another reader reads."""

import string

from hypothesis import example, given, settings
from hypothesis import strategies as st

from certs import der, names, pem
from certs.certificate import Reading, parse
from certs.chain.roles import Use
from certs.chain.verification import verify
from certs.errors import Malformed
from certs.keys import KeyKind
from certs.profiles.rules import Role
from tests.world import NOW, valid_world

WORLD = valid_world()
REAL = [identity.certificate.der for identity in WORLD]
REFUSALS = {
    "malformed.certificate",
    "malformed.certificate_not_der",
    "malformed.serial_number",
    "malformed.signature_algorithm",
    "malformed.too_large",
}
PRINTABLE = set(string.ascii_letters + string.digits + " '()+,-./:=?")


def codes_of(reader, *arguments):
    """The code of a refusal, if there was one; anything but Malformed goes through."""
    try:
        reader(*arguments)
    except Malformed as bad:
        return {bad.code}
    return set()


@given(st.binary(max_size=300))
@example(b"\x30\x80" * 500)
@example(b"\x30\x84\xff\xff\xff\xff")
@example(b"\x24\x80" * 20_000)
def test_any_octets_are_a_certificate_or_malformed(data):
    for reading in Reading:
        assert codes_of(parse, data, reading) <= REFUSALS


@settings(max_examples=400)
@given(
    which=st.integers(0, len(REAL) - 1),
    edits=st.lists(
        st.tuples(st.integers(0, 2**16), st.integers(0, 255), st.sampled_from("xid")), max_size=4
    ),
)
def test_edited_certificates_are_read_as_another_reader_reads_them_or_refused(which, edits):
    data = bytearray(REAL[which])
    for place, octet, kind in edits:
        at = place % len(data)
        if kind == "x":
            data[at] ^= octet
        elif kind == "i":
            data.insert(at, octet)
        else:
            del data[at]
    try:
        ours = parse(bytes(data))
    except Malformed:
        return
    try:
        theirs = ours.x509()
    except Malformed:
        # what we read and cryptography does not: named quirks, keys that verify nothing, and
        # PrintableStrings with characters beyond their alphabet, such as the * of an EVSEID
        names_text = names.text(ours.subject) + names.text(ours.issuer)
        assert (
            ours.quirks
            or ours.key_kind in {KeyKind.OTHER, KeyKind.EC_EXPLICIT}
            or not set(names_text) <= PRINTABLE
        )
        return
    assert ours.serial == theirs.serial_number
    assert ours.tbs == theirs.tbs_certificate_bytes
    assert ours.signature == theirs.signature
    assert ours.not_after == theirs.not_valid_after_utc
    verdict = verify(
        (ours, *WORLD[Role.CONTRACT].chain[1:]),
        use=Use.CONTRACT,
        anchors=WORLD.anchors(),
        now=NOW,
    )
    # a signature covers every octet: only the certificate itself is valid
    assert verdict.valid == (ours == WORLD[Role.CONTRACT].certificate)


@given(st.text(max_size=200) | st.binary(max_size=200))
@example("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----")
def test_any_text_is_a_bundle_or_malformed(text):
    assert codes_of(pem.parse_chain, text) <= REFUSALS | {"malformed.pem"}


@given(st.binary(max_size=120))
def test_any_octets_are_a_name_or_malformed(data):
    for reader in (names.comparable, names.identity, names.text):
        assert codes_of(reader, data) <= {"malformed.certificate"}


@given(st.binary(max_size=120))
@example(bytes.fromhex("310730050603550403"))  # ends behind the type of its common name
@example(bytes.fromhex("3108300606035504030c"))  # and behind the tag of its value
def test_the_quick_reading_of_a_name_is_the_whole_one(data):
    wrapped = der.encode(der.SEQUENCE, data)
    try:
        every = names.attributes(wrapped)
    except Malformed:
        every = None
    try:
        quick = names.identity(wrapped)
    except Malformed:
        quick = None
    expected = every and (
        tuple(value for kind, value in every if kind == names.COMMON_NAME),
        tuple(value for kind, value in every if kind == names.DOMAIN_COMPONENT),
    )
    assert (quick or None) == (expected or (((), ()) if every == () else None))


@given(st.binary(max_size=40))
def test_any_octets_are_der_or_malformed(data):
    for reader in (der.integer, der.boolean, der.bit_string, der.named_bits, der.oid):
        assert codes_of(reader, data) <= {"malformed.der"}


@given(tag=st.sampled_from([der.OCTET_STRING, der.SEQUENCE]), content=st.binary(max_size=70_000))
def test_what_is_encoded_is_read_back(tag, content):
    data = der.encode(tag, content)
    start, stop = der.whole(data, tag)
    assert data[start:stop] == content
