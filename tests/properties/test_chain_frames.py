"""With bundles remembered or without, the verdict on a chain is the same, whatever its octets."""

from datetime import datetime
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certs import pem
from certs.certificate import parse
from certs.chain.bundle import bundle
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


def bundled(data):
    """The bundle of these leaf octets alone."""
    text = pem_of(data, ()).encode()
    return bundle(text, text[pem.first(text)[1] :], parse(data))


def read_by(known, data):
    """Facts of these octets by a bundle; None where it does not read them."""
    found = known.read(pem_of(data, ()).encode())
    return found and facts(found)


def read_in_full(data):
    """Facts of these octets by the reader; None where it refuses them."""
    try:
        return facts(parse(data))
    except Malformed:
        return None


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
    known = bundled(data)
    inside = {at for hole in frame(parse(data)).holes for at in range(*hole)}
    read = 0
    for at in range(len(data)):
        for bit in (0x01, 0x10, 0x80):
            flipped = data[:at] + bytes((data[at] ^ bit,)) + data[at + 1 :]
            found = read_by(known, flipped)
            assert found == (read_in_full(flipped) if at in inside else None)
            read += found is not None
    assert read > 200


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
    times=st.tuples(st.text("0123456789Z", min_size=12, max_size=12), st.booleans()),
    name=st.binary(min_size=14, max_size=14),
    key=st.binary(min_size=65, max_size=65),
)
def test_any_values_in_the_holes_are_read_as_the_reader_reads_them(serial, times, name, key):
    data = leaf(KeyKind.P256, 4).certificate.der
    known, holes = bundled(data), frame(parse(data)).holes
    text, last = times
    values = dict(zip((0, 2 if last else 1, 3, 4), (serial, text.encode(), name, key), strict=True))
    for nth, value in values.items():
        start, stop = holes[nth]
        octets = data[:start] + value + data[stop:]
        assert read_by(known, octets) == read_in_full(octets)


@pytest.mark.parametrize("serial", [1, 127, 128, 255, 256, 2**159 - 1, 2**159, 2**160 - 1])
@pytest.mark.parametrize("other", [b"\x00", b"\x01", b"\x7f", b"\x80", b"\xff"])
def test_serial_numbers_at_the_edges_are_read_as_the_reader_reads_them(serial, other):
    data = crooked(leaf(KeyKind.P256, 5), serial=serial).certificate.der
    known = bundled(data)
    start, stop = frame(parse(data)).holes[0]
    for at in (start, stop - 1):
        octets = data[:at] + other + data[at + 1 :]
        assert read_by(known, octets) == read_in_full(octets)


@settings(max_examples=100, deadline=None)
@given(
    first=st.datetimes(datetime(1950, 1, 1), datetime(2049, 12, 31)),
    at=st.integers(0, 11),
    other=st.integers(0, 255),
)
def test_times_near_real_ones_are_read_as_the_reader_reads_them(first, at, other):
    data = leaf(KeyKind.P256, 4).certificate.der
    known, holes = bundled(data), frame(parse(data)).holes
    text = f"{first:%y%m%d%H%M%S}".encode()
    for value in (text, text[:at] + bytes((other,)) + text[at + 1 :]):
        for start, stop in holes[1:3]:
            octets = data[:start] + value + data[stop:]
            assert read_by(known, octets) == read_in_full(octets)
