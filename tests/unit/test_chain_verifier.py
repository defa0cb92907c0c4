"""A verifier that remembers issuers says what one that does not would say."""

import pytest

from certs import keys, pem
from certs.chain.anchors import Anchor, AnchorSet
from certs.chain.roles import Purpose, Use
from certs.chain.verifier import ChainVerifier
from certs.errors import MalformedPem, TooLarge
from certs.keys import KeyKind
from certs.profiles.rules import Role
from tests.world import (
    DAY,
    NOW,
    SECOND,
    codes,
    crooked,
    expired,
    not_der_basic_constraints,
    reissued,
    tampered,
    twin_ca,
    valid_world,
    with_unknown_critical,
)

WORLD = valid_world()
CONTRACT = WORLD[Role.CONTRACT]


def text(identity):
    return pem.encode(identity.chain)


def fresh(**limits):
    return ChainVerifier(WORLD.anchors(), **limits)


def ask(verifier, identity, *, use=Use.CONTRACT, now=NOW):
    return verifier.verify_pem(text(identity), use=use, now=now)


def test_the_next_leaf_of_a_known_issuer_is_a_hit():
    verifier = fresh()
    other = WORLD.issue(Role.CONTRACT, common_name="DE8AA007654321")
    assert ask(verifier, CONTRACT).valid
    assert (verifier.hits, verifier.misses) == (0, 1)
    verdict = ask(verifier, other)
    assert verdict.valid
    assert verdict.path == (*other.chain, other.root)
    assert (verifier.hits, verifier.misses, len(verifier)) == (1, 1, 1)


@pytest.mark.parametrize(
    "odd",
    [expired, tampered, with_unknown_critical, not_der_basic_constraints],
    ids=lambda odd: odd.__name__,
)
def test_warm_and_cold_say_the_same_of_odd_leaves(odd):
    leaf = odd(CONTRACT)
    warm = fresh()
    ask(warm, CONTRACT)
    told, untold = ask(warm, leaf), ask(fresh(), leaf)
    assert told.findings == untold.findings
    assert told.valid == untold.valid
    assert told.path == untold.path


def test_read_chains_and_pem_chains_are_remembered_alike():
    verifier = fresh()
    other = WORLD.issue(Role.CONTRACT, common_name="DE8AA007654321")
    assert verifier.verify(CONTRACT.chain, use=Use.CONTRACT, now=NOW).valid
    assert verifier.verify(other.chain, use=Use.CONTRACT, now=NOW).valid
    assert verifier.hits == 1
    assert codes(verifier.verify((), use=Use.CONTRACT, now=NOW)) == {"chain.issuer_missing"}


def test_an_issuer_is_remembered_only_after_full_success():
    verifier = fresh()
    foreign = valid_world(name="foreign")
    for identity in (foreign[Role.CONTRACT], tampered(CONTRACT), expired(CONTRACT)):
        assert not ask(verifier, identity).valid
    assert len(verifier) == 0


def test_a_leaf_of_another_key_under_a_remembered_name_is_refused():
    verifier = fresh()
    ask(verifier, CONTRACT)
    forged = reissued(CONTRACT, twin_ca(WORLD[Role.MO_SUB_2]))
    chain = (forged.certificate, *CONTRACT.chain[1:])
    verdict = verifier.verify_pem(pem.encode(chain), use=Use.CONTRACT, now=NOW)
    assert not verdict.valid


def test_a_leaf_of_another_issuer_name_is_refused_although_its_tail_is_known():
    verifier = fresh()
    ask(verifier, CONTRACT)
    renamed = crooked(CONTRACT, issuer=WORLD[Role.CPO_SUB_2].certificate.subject)
    chain = (renamed.certificate, *CONTRACT.chain[1:])
    assert not verifier.verify_pem(pem.encode(chain), use=Use.CONTRACT, now=NOW).valid


def test_memory_is_kept_apart_by_use():
    verifier = fresh()
    ask(verifier, CONTRACT)
    assert not ask(verifier, CONTRACT, use=Use.SECC).valid
    assert verifier.hits == 0


def test_a_remembered_issuer_dies_with_the_validity_of_its_cas():
    verifier = fresh()
    ask(verifier, CONTRACT)
    ends = min(c.not_after for c in (*CONTRACT.chain[1:], CONTRACT.root))
    long_lived = crooked(CONTRACT, not_after=ends + DAY)
    assert ask(verifier, long_lived, now=ends).valid
    hits = verifier.hits
    verdict = ask(verifier, long_lived, now=ends + SECOND)
    assert "chain.expired" in codes(verdict)
    assert verifier.hits == hits


def test_a_remembered_issuer_is_not_used_before_its_cas_are_valid():
    verifier = fresh()
    ask(verifier, CONTRACT)
    before = max(c.not_before for c in CONTRACT.chain[1:]) - SECOND
    early = crooked(CONTRACT, not_before=before - DAY)
    assert codes(ask(verifier, early, now=before)) == {"chain.not_yet_valid"}


def test_other_anchors_forget_every_issuer_and_equal_ones_none():
    verifier = fresh()
    ask(verifier, CONTRACT)
    verifier.replace_anchors(AnchorSet(reversed(WORLD.anchors().anchors)))
    assert len(verifier) == 1
    verifier.replace_anchors(AnchorSet())
    assert len(verifier) == 0
    assert codes(ask(verifier, CONTRACT)) == {"chain.anchor_unknown"}
    assert len(verifier.anchors) == 0


def test_x28_revocation_of_a_ca_forgets_the_issuers_below_it():
    verifier = fresh()
    ask(verifier, CONTRACT)
    verifier.verify_pem(text(WORLD[Role.SECC]), use=Use.SECC, now=NOW)
    assert len(verifier) == 2
    verifier.forget(WORLD[Role.MO_SUB_1].certificate.fingerprint)
    assert len(verifier) == 1
    verifier.forget(WORLD[Role.MO_SUB_1].certificate.fingerprint)
    assert len(verifier) == 1


def test_memory_is_bounded_and_the_oldest_goes_first():
    verifier = fresh(issuers_max=2)
    for n in range(3):
        sub_2 = crooked(WORLD[Role.MO_SUB_2], key=keys.derive(KeyKind.P256, b"bounded %d" % n))
        assert ask(verifier, reissued(CONTRACT, sub_2)).valid
    assert len(verifier) == 2


def test_an_anchor_of_two_purposes_still_refuses_what_its_warm_purpose_does_not_cover():
    root = WORLD[Role.MO_ROOT].certificate
    verifier = ChainVerifier(
        AnchorSet(Anchor(certificate=root, purpose=p) for p in (Purpose.OEM, Purpose.MO))
    )
    assert ask(verifier, CONTRACT).valid
    assert not ask(verifier, CONTRACT, use=Use.OEM_PROVISIONING).valid


def test_oversized_and_non_pem_text_is_refused_before_it_is_read():
    with pytest.raises(TooLarge):
        fresh().verify_pem("x" * 10_001, use=Use.CONTRACT, now=NOW)
    with pytest.raises(MalformedPem):
        fresh().verify_pem("no certificate", use=Use.CONTRACT, now=NOW)


def test_x32_line_ends_and_byte_order_mark_change_nothing():
    crlf = "\ufeff" + text(CONTRACT).replace("\n", "\r\n")
    assert fresh().verify_pem(crlf, use=Use.CONTRACT, now=NOW).valid
    assert fresh().verify_pem(crlf.encode("utf-8"), use=Use.CONTRACT, now=NOW).valid
