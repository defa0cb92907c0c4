"""With bundles remembered or without, the verdict on a chain is the same, whatever its octets."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certs import pem
from certs.certificate import parse
from certs.chain.frame import frame
from certs.chain.roles import Use
from certs.chain.verifier import ChainVerifier
from certs.edition import Edition
from certs.errors import Malformed
from certs.keys import KeyKind
from certs.profiles.rules import Role
from tests.world import NOW, crooked, valid_world

FACTS = (
    "der",
    "tbs",
    "version",
    "serial",
    "signature_algorithm",
    "signature",
    "issuer",
    "subject",
    "common_names",
    "domain_components",
    "not_before",
    "not_after",
    "spki",
    "key_kind",
    "subject_public_key",
    "subject_key_id",
    "shape",
    "quirks",
)
KINDS = {
    KeyKind.P256: Edition.ISO_2,
    KeyKind.P521: Edition.ISO_20,
    KeyKind.ED448: Edition.ISO_20,
}

# every octet where verifying is cheap, some where it is dear: the kinds share the code
STEPS = ((KeyKind.P256, 1), (KeyKind.P521, 23), (KeyKind.ED448, 11))


def facts(certificate):
    return tuple(getattr(certificate, name) for name in FACTS)


def outcome(judge, text, **given_):
    """Everything a caller can see of a verification: the verdict's parts, or what was raised."""
    try:
        verdict = judge(text, use=Use.CONTRACT, now=NOW, **given_)
    except Malformed as bad:
        return type(bad), bad.code
    return (
        verdict.valid,
        verdict.findings,
        verdict.anchor,
        tuple(facts(certificate) for certificate in verdict.path),
    )


@cache
def world(kind):
    return valid_world(KINDS[kind], kind)


@cache
def leaf(kind, nth):
    """Contract certificates of one issuer whose lengths agree but for the signature's."""
    return world(kind).issue(Role.CONTRACT, common_name=f"DE8AA{nth:09d}")


@cache
def verifiers(kind):
    """One that remembers bundles and has seen leaves of every length, one that does not."""
    framing = ChainVerifier(world(kind).anchors())
    plain = ChainVerifier(world(kind).anchors(), bundles_max=0)
    for nth in range(40):
        for verifier in (framing, plain):
            assert verifier.verify_pem(leaf(kind, nth).pem, use=Use.CONTRACT, now=NOW).valid
    return framing, plain


def same(kind, text):
    framing, plain = verifiers(kind)
    assert outcome(framing.verify_pem, text) == outcome(plain.verify_pem, text)


def pem_of(data, tail):
    """A bundle of these leaf octets, whatever they are."""
    head = type("Octets", (), {"der": data})()
    return pem.encode([head, *tail])


@pytest.mark.parametrize("kind", KINDS)
def test_another_leaf_fits_and_is_read_as_the_reader_reads_it(kind):
    framing, _ = verifiers(kind)
    fitting = 0
    for nth in range(40, 60):
        text = leaf(kind, nth).pem.encode()
        data = leaf(kind, nth).certificate.der
        for known in framing._bundles.values():
            found = known.bundle.read(text)
            if found is not None:
                fitting += 1
                assert facts(found) == facts(parse(data))
        same(kind, leaf(kind, nth).pem)
    assert fitting > 10


@pytest.mark.parametrize(("kind", "step"), STEPS)
def test_every_octet_of_a_leaf_flipped_gives_the_same_verdict(kind, step):
    identity = leaf(kind, 1)
    data, tail = identity.certificate.der, identity.chain[1:]
    for at in range(0, len(data), step):
        flipped = data[:at] + bytes((data[at] ^ 1 << at % 8,)) + data[at + 1 :]
        same(kind, pem_of(flipped, tail))


@pytest.mark.parametrize("kind", KINDS)
def test_every_octet_of_a_leaf_flipped_is_read_as_the_reader_reads_it(kind):
    data = leaf(kind, 1).certificate.der
    known = frame(parse(data))
    filled = 0
    for at in range(len(data)):
        for bit in (0x01, 0x10, 0x80):
            flipped = data[:at] + bytes((data[at] ^ bit,)) + data[at + 1 :]
            found = known.fill(flipped)
            if found is not None:
                filled += 1
                assert facts(found) == facts(parse(flipped))
    assert filled > 200


@pytest.mark.parametrize(("kind", "step"), STEPS)
def test_every_character_of_a_bundle_changed_gives_the_same_verdict(kind, step):
    text = leaf(kind, 2).pem
    for at in range(0, text.index("-----END") + 120, step):
        other = "A/=\n-"[at % 5]
        same(kind, text[:at] + other + text[at + 1 :])


@pytest.mark.parametrize(("kind", "step"), STEPS)
def test_every_character_of_a_bundle_missing_or_moved_gives_the_same_verdict(kind, step):
    text = leaf(kind, 3).pem
    for at in range(0, text.index("-----END") + 60, step):
        same(kind, text[:at] + text[at + 1 :])
        same(kind, text[:at] + text[at + 1] + text[at] + text[at + 2 :])


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(list(KINDS)),
    nth=st.integers(0, 39),
    edits=st.lists(
        st.tuples(st.integers(0, 1200), st.binary(max_size=4), st.integers(0, 4)), max_size=6
    ),
)
def test_any_octets_in_a_leafs_place_give_the_same_verdict(kind, nth, edits):
    identity = leaf(kind, nth)
    data = identity.certificate.der
    for at, octets, gone in edits:
        data = data[:at] + octets + data[at + gone :]
    same(kind, pem_of(data, identity.chain[1:]))


@settings(max_examples=150, deadline=None)
@given(
    serial=st.binary(min_size=16, max_size=16),
    times=st.tuples(st.text("0123456789Z", min_size=13, max_size=13), st.booleans()),
    name=st.binary(min_size=14, max_size=14),
    key=st.binary(min_size=65, max_size=65),
)
def test_any_values_in_the_holes_are_read_as_the_reader_reads_them(serial, times, name, key):
    data = leaf(KeyKind.P256, 4).certificate.der
    known = frame(parse(data))
    text, last = times
    values = dict(zip((0, 2 if last else 1, 3, 4), (serial, text.encode(), name, key), strict=True))
    for chosen in ({nth: value} for nth, value in values.items()):
        octets = data
        for nth, value in chosen.items():
            start, stop = known.holes[nth]
            octets = octets[:start] + value + octets[stop:]
        try:
            expected = facts(parse(octets))
        except Malformed:
            expected = None
        found = known.fill(octets)
        assert (found and facts(found)) == expected


@pytest.mark.parametrize("serial", [1, 127, 128, 255, 256, 2**159 - 1, 2**159, 2**160 - 1])
@pytest.mark.parametrize("other", [b"\x00", b"\x01", b"\x7f", b"\x80", b"\xff"])
def test_serial_numbers_at_the_edges_are_read_as_the_reader_reads_them(serial, other):
    data = crooked(leaf(KeyKind.P256, 5), serial=serial).certificate.der
    known = frame(parse(data))
    start, stop = known.holes[0]
    for at in (start, stop - 1):
        octets = data[:at] + other + data[at + 1 :]
        try:
            expected = facts(parse(octets))
        except Malformed:
            expected = None
        found = known.fill(octets)
        assert (found and facts(found)) == expected
