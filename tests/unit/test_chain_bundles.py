"""The next leaf is read by an earlier one's bundle, while that one's issuer is remembered."""

import pytest

from certs import der, pem
from certs.chain.bundle import bundle
from certs.chain.frame import frame
from certs.chain.roles import Use
from certs.chain.verifier import ChainVerifier
from certs.edition import Edition
from certs.extensions import SUBJECT_KEY_IDENTIFIER
from certs.names import attributes
from certs.profiles.rules import Role
from tests.world import (
    DAY,
    NOW,
    codes,
    crooked,
    expired,
    name,
    not_der_basic_constraints,
    not_yet_valid,
    off_curve,
    tampered,
    valid_world,
    with_common_name,
    with_purposes,
)

WORLD = valid_world()
CONTRACT = WORLD[Role.CONTRACT]
GENERALIZED_TIME = der.encode(der.GENERALIZED_TIME, b"20261001000000Z")


def alike(identity=CONTRACT, *, serial, **changes):
    """A leaf of the same lengths: the signature is made anew until it has 71 octets."""
    while True:
        made = crooked(identity, serial=serial, **changes)
        if len(made.certificate.signature) == 71:
            return made
        serial += 1


FIRST, SECOND_, THIRD = (alike(serial=n << 100) for n in (4, 5, 6))


def judged(verifier, identity, *, now=NOW, use=Use.CONTRACT, edition=None):
    return verifier.verify_pem(identity.pem, use=use, now=now, edition=edition)


def remembering(**arguments):
    """A verifier that knows the issuer, and a bundle of it."""
    verifier = ChainVerifier(WORLD.anchors(), **arguments)
    assert judged(verifier, FIRST).valid
    assert judged(verifier, SECOND_).valid
    return verifier


def reads(monkeypatch):
    """How often certificates are read in full from now on."""
    counted = []
    whole = pem.first
    monkeypatch.setattr(pem, "first", lambda text: counted.append(1) or whole(text))
    return counted


def test_the_next_leaf_is_read_by_the_bundle(monkeypatch):
    verifier = remembering()
    counted = reads(monkeypatch)
    verdict = judged(verifier, THIRD)
    assert verdict.valid
    assert verdict.path == (*THIRD.chain, THIRD.root)
    assert verdict.findings == ()
    assert counted == []
    assert (verifier.hits, verifier.misses) == (2, 1)


def test_without_bundles_every_leaf_is_read_in_full(monkeypatch):
    verifier = remembering(bundles_max=0)
    counted = reads(monkeypatch)
    assert judged(verifier, THIRD).valid
    assert counted == [1]
    assert verifier.hits == 2


@pytest.mark.parametrize(
    ("odd", "code"),
    [
        pytest.param(expired(FIRST), "chain.expired", id="X14-expired"),
        pytest.param(not_yet_valid(FIRST), "chain.not_yet_valid", id="X14-not-yet-valid"),
        pytest.param(off_curve(FIRST), "chain.key_malformed", id="X22-off-curve"),
        pytest.param(tampered(FIRST), "chain.signature_invalid", id="tampered"),
    ],
)
def test_a_leaf_that_fits_but_is_not_valid_is_refused_for_its_reason(odd, code):
    verifier = remembering()
    plain = ChainVerifier(WORLD.anchors(), bundles_max=0)
    verdict = judged(verifier, odd)
    assert code in codes(verdict)
    assert verdict == judged(plain, odd)
    assert judged(verifier, THIRD).valid


def test_a_bundle_serves_the_use_and_edition_it_was_learnt_for(monkeypatch):
    verifier = remembering()
    counted = reads(monkeypatch)
    assert codes(judged(verifier, THIRD, use=Use.SECC)) == {"chain.role_confused"}
    assert "chain.algorithm_not_allowed" in codes(judged(verifier, THIRD, edition=Edition.ISO_20))
    assert judged(verifier, THIRD, edition=Edition.ISO_2).valid
    assert counted == [1, 1, 1]


def test_a_bundle_dies_with_its_issuer():
    verifier = remembering()
    verifier.forget(WORLD[Role.MO_SUB_2].certificate.fingerprint)
    hits = verifier.hits
    assert judged(verifier, THIRD).valid
    assert verifier.hits == hits
    assert judged(verifier, FIRST).valid
    assert verifier.hits == hits + 1


def test_a_bundle_dies_with_other_anchors():
    verifier = remembering()
    verifier.replace_anchors(valid_world(name="other").anchors())
    assert codes(judged(verifier, THIRD)) == {"chain.anchor_unknown"}


def test_a_bundle_dies_with_the_validity_of_its_cas():
    verifier = remembering()
    late = WORLD[Role.MO_SUB_2].certificate.not_after + DAY
    assert "chain.expired" in codes(judged(verifier, THIRD, now=late))


def test_the_oldest_bundle_goes_for_a_new_one(monkeypatch):
    verifier = remembering(bundles_max=1)
    longer = crooked(CONTRACT, serial=1 << 110)
    assert judged(verifier, longer).valid
    counted = reads(monkeypatch)
    assert judged(verifier, THIRD).valid
    assert counted == [1]


def test_warnings_of_a_leaf_are_those_of_the_leaf_the_bundle_is_of(monkeypatch):
    tolerated = [alike(not_der_basic_constraints(FIRST), serial=n << 100) for n in (4, 5, 6)]
    verifier = ChainVerifier(WORLD.anchors())
    first, second = (judged(verifier, identity) for identity in tolerated[:2])
    counted = reads(monkeypatch)
    third = judged(verifier, tolerated[2])
    assert counted == []
    assert codes(third) == {"chain.encoding_not_der"}
    assert third.valid
    assert first.findings == second.findings == third.findings


def test_another_extension_of_the_same_lengths_is_judged_for_itself():
    fits = "1.3.6.1.5.5.7.3.2"
    verifier = ChainVerifier(WORLD.anchors())
    server = "1.3.6.1.5.5.7.3.1"
    secc = WORLD[Role.SECC]
    for serial in (4, 5):
        assert judged(
            verifier, alike(with_purposes(secc, server), serial=serial << 100), use=Use.SECC
        ).valid
    odd = alike(with_purposes(secc, fits), serial=6 << 100)
    assert codes(judged(verifier, odd, use=Use.SECC)) == {"chain.extended_key_usage_wrong"}


def test_text_before_the_first_block_is_no_bundle_to_learn(monkeypatch):
    verifier = ChainVerifier(WORLD.anchors())
    for identity in (FIRST, SECOND_):
        text = "Contract\n" + identity.pem
        assert verifier.verify_pem(text, use=Use.CONTRACT, now=NOW).valid
    counted = reads(monkeypatch)
    text = "Contract\n" + THIRD.pem
    assert verifier.verify_pem(text, use=Use.CONTRACT, now=NOW).valid
    assert counted == [1]


@pytest.mark.parametrize(
    ("line_end", "read_in_full"),
    [("\r\n", []), ("\n\n", []), ("", [1])],
    ids=["crlf", "two", "none"],
)
def test_other_line_ends_are_read_too(monkeypatch, line_end, read_in_full):
    texts = [identity.pem.replace("\n", line_end) for identity in (FIRST, SECOND_, THIRD)]
    verifier = ChainVerifier(WORLD.anchors())
    for text in texts[:2]:
        assert verifier.verify_pem(text, use=Use.CONTRACT, now=NOW).valid
    counted = reads(monkeypatch)
    assert verifier.verify_pem(texts[2], use=Use.CONTRACT, now=NOW).path[0] == THIRD.certificate
    assert counted == read_in_full


def test_leaves_whose_values_stand_unusually_have_no_frame():
    certificate = CONTRACT.certificate
    every = tuple(certificate.extensions)
    twice = name(*attributes(certificate.subject), ("2.5.4.3", "DE8AA001234568"))
    for odd in (
        crooked(CONTRACT, subject=twice),
        with_common_name(CONTRACT),
        with_common_name(CONTRACT, ""),
        crooked(CONTRACT, drop=[SUBJECT_KEY_IDENTIFIER]),
        crooked(CONTRACT, drop=every),
        crooked(CONTRACT, drop=every, version=b""),
        crooked(CONTRACT, not_before=GENERALIZED_TIME),
        crooked(CONTRACT, not_after=GENERALIZED_TIME),
    ):
        assert frame(odd.certificate) is None
        assert bundle(odd.pem.encode(), b"", odd.certificate) is None
