"""Chains of the boring world are valid; the nearest crooked ones are refused for their reason."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from certs import keys, to_be_signed
from certs.chain.anchors import ANCHORS_MAX, Anchor, AnchorSet
from certs.chain.checks import position
from certs.chain.roles import Purpose, Use
from certs.chain.verification import PRESENTED_MAX, verify
from certs.edition import Edition
from certs.errors import Refused
from certs.extensions import (
    AUTHORITY_KEY_IDENTIFIER,
    BASIC_CONSTRAINTS,
    KEY_USAGE,
    NAME_CONSTRAINTS,
    POLICY_CONSTRAINTS,
    KeyUsage,
)
from certs.findings.finding import Severity
from certs.keys import KeyKind
from certs.profiles.rules import Role
from tests.world import (
    DAY,
    NOW,
    SECOND,
    codes,
    crooked,
    expired,
    not_critical,
    not_der_basic_constraints,
    not_yet_valid,
    ocsp_signing_on,
    off_curve,
    reissued,
    tampered,
    twin_ca,
    valid_world,
    with_basic_constraints,
    with_curve,
    with_domain_component,
    with_explicit_parameters,
    with_issuer,
    with_key_usage,
    with_purposes,
    with_unknown_critical,
)

WORLD = valid_world()
CONTRACT = WORLD[Role.CONTRACT]
USES = {
    Use.CONTRACT: Role.CONTRACT,
    Use.SECC: Role.SECC,
    Use.OEM_PROVISIONING: Role.OEM_PROVISIONING,
    Use.CPS: Role.CPS,
}


def judged(chain, *, use=Use.CONTRACT, anchors=None, now=NOW, edition=None):
    return verify(chain, use=use, anchors=anchors or WORLD.anchors(), now=now, edition=edition)


def below(ca, leaf_role=Role.CONTRACT):
    """The chain of a leaf whose intermediate at ``ca.role`` was exchanged for ``ca``."""
    identities = []
    identity = WORLD[leaf_role]
    while identity.issuer is not None:
        identities.append(ca if identity.role is ca.role else identity)
        identity = identity.issuer
    return tuple(i.certificate for i in identities)


@pytest.mark.parametrize("use", USES)
def test_every_leaf_is_valid_for_its_own_use(use):
    identity = WORLD[USES[use]]
    verdict = judged(identity.chain, use=use)
    assert verdict.valid
    assert verdict.findings == ()
    assert verdict.path == (*identity.chain, identity.root)


@pytest.mark.parametrize("kind", [KeyKind.P521, KeyKind.ED448])
@pytest.mark.parametrize("role", [Role.CONTRACT, Role.SECC, Role.VEHICLE])
def test_edition_20_chains_are_valid_in_both_key_kinds(kind, role):
    world = valid_world(Edition.ISO_20, kind)
    use = {Role.CONTRACT: Use.CONTRACT, Role.SECC: Use.SECC, Role.VEHICLE: Use.VEHICLE}[role]
    verdict = verify(world[role].chain, use=use, anchors=world.anchors(), now=NOW)
    assert verdict.valid
    assert verdict.findings == ()


def test_nothing_presented_is_refused():
    assert codes(judged(())) == {"chain.issuer_missing"}


def test_order_of_the_rest_does_not_matter():
    leaf, sub_2, sub_1 = CONTRACT.chain
    assert judged((leaf, sub_1, sub_2)).valid


def test_x14_fifty_copies_of_one_certificate_are_too_long_and_ten_are_one():
    leaf, sub_2, sub_1 = CONTRACT.chain
    assert codes(judged((leaf, *[sub_2] * 50, sub_1))) == {"chain.too_long"}
    assert judged((leaf, *[sub_2] * 10, sub_1)).valid


def test_x01_path_length_of_sub_ca_2_is_exceeded():
    third = crooked(
        WORLD[Role.MO_SUB_2],
        under=WORLD[Role.MO_SUB_2],
        key=keys.derive(KeyKind.P256, b"third"),
        subject=WORLD[Role.CPO_SUB_2].certificate.subject,
    )
    leaf = reissued(CONTRACT, third)
    verdict = judged(leaf.chain)
    assert "chain.path_length_exceeded" in codes(verdict)
    assert not verdict.valid


def test_x01_path_length_zero_of_sub_ca_1_forbids_sub_ca_2():
    verdict = judged(below(with_basic_constraints(WORLD[Role.MO_SUB_1], ca=True, path_length=0)))
    assert codes(verdict) == {"chain.path_length_exceeded"}
    assert [f.where for f in verdict.findings] == ["sub_ca_1"]


@pytest.mark.parametrize("role", [Role.MO_SUB_1, Role.MO_SUB_2])
def test_x02_intermediate_without_basic_constraints_is_no_ca(role):
    verdict = judged(below(crooked(WORLD[role], drop=[BASIC_CONSTRAINTS])))
    assert codes(verdict) == {"chain.not_a_ca"}


@pytest.mark.parametrize("role", [Role.MO_SUB_1, Role.MO_SUB_2])
def test_x03_intermediate_with_ca_false_is_no_ca(role):
    verdict = judged(below(with_basic_constraints(WORLD[role], ca=False)))
    assert codes(verdict) == {"chain.not_a_ca"}


def test_x03_leaf_signs_leaf():
    other = WORLD.issue(Role.CONTRACT, common_name="DE8AA007654321")
    leaf = reissued(other, CONTRACT)
    assert codes(judged(leaf.chain)) == {
        "chain.not_a_ca",
        "chain.key_usage_wrong",
        "chain.path_length_exceeded",
    }


@pytest.mark.parametrize("role", [Role.MO_SUB_1, Role.MO_SUB_2])
def test_x05_ca_without_key_cert_sign_is_refused(role):
    verdict = judged(below(with_key_usage(WORLD[role], KeyUsage.CRL_SIGN)))
    assert codes(verdict) == {"chain.key_usage_wrong"}


@pytest.mark.parametrize("role", [Role.MO_SUB_1, Role.MO_SUB_2])
def test_x05_ca_without_key_usage_is_refused(role):
    verdict = judged(below(crooked(WORLD[role], drop=[KEY_USAGE])))
    assert codes(verdict) == {"chain.key_usage_wrong"}


@pytest.mark.parametrize("role", [Role.CONTRACT, Role.MO_SUB_2, Role.MO_SUB_1])
def test_x06_unknown_critical_extension_is_refused(role):
    verdict = judged(below(with_unknown_critical(WORLD[role])))
    assert codes(verdict) == {"chain.unknown_critical_extension"}


@pytest.mark.parametrize("critical", [True, False])
def test_x07_name_constraints_fail_closed(critical):
    extension = to_be_signed.extension(NAME_CONSTRAINTS, b"\x30\x00", critical=critical)
    verdict = judged(below(crooked(WORLD[Role.MO_SUB_1], append=[extension])))
    assert codes(verdict) == {"chain.name_constraints_unsupported"}


def test_x27_policy_constraints_fail_closed():
    extension = to_be_signed.extension(POLICY_CONSTRAINTS, b"\x30\x03\x80\x01\x00")
    verdict = judged(below(crooked(WORLD[Role.MO_SUB_1], append=[extension])))
    assert codes(verdict) == {"chain.policy_constraints_unsupported"}


@pytest.mark.parametrize("role", [Role.CONTRACT, Role.MO_SUB_2])
def test_x08_wrong_extended_key_usage_is_refused(role):
    verdict = judged(below(ocsp_signing_on(WORLD[role])))
    assert codes(verdict) == {"chain.extended_key_usage_wrong"}


def test_any_extended_key_usage_and_the_right_one_are_accepted():
    anything = with_purposes(CONTRACT, "2.5.29.37.0")
    assert judged(anything.chain).valid
    secc = with_purposes(WORLD[Role.SECC], "1.3.6.1.5.5.7.3.1")
    assert judged(secc.chain, use=Use.SECC).valid
    assert not judged(with_purposes(CONTRACT, "1.3.6.1.5.5.7.3.1").chain).valid


_UNDER = (frozenset(), frozenset({Purpose.MO, Purpose.OEM}))
_PRESENTED = (
    Role.V2G_ROOT, Role.CPO_SUB_1, Role.CPO_SUB_2, Role.MO_ROOT, Role.MO_SUB_1, Role.MO_SUB_2,
    Role.OEM_ROOT, Role.OEM_SUB_1, Role.OEM_SUB_2, Role.CPS_SUB_1, Role.CPS_SUB_2, Role.SECC,
    Role.CONTRACT, Role.OEM_PROVISIONING, Role.CPS, Role.OCSP_RESPONDER,
)  # fmt: skip
_MATRIX = [
    pytest.param(
        under, role, use, id=f"{'one-root' if under else 'own-roots'}-{role.value}-{use.value}"
    )
    for under in _UNDER
    for role in _PRESENTED
    for use in Use
    if role is Role.OCSP_RESPONDER or role in valid_world(under_v2g=under)
]


@pytest.mark.parametrize(("under", "role", "use"), _MATRIX)
def test_x09_role_confusion_matrix_only_the_diagonal_passes(under, role, use):
    world = valid_world(under_v2g=under)
    identity = world.responder(Role.MO_SUB_2) if role is Role.OCSP_RESPONDER else world[role]
    chain = identity.chain or (identity.certificate,)
    verdict = verify(chain, use=use, anchors=world.anchors(), now=NOW)
    assert verdict.valid == (USES.get(use) is role)


def test_x09_an_oem_sub_ca_without_a_role_word_cannot_make_contracts():
    """Hubject's G1.1 sub-CAs all say DC=V2G: only a record tells them apart."""
    world = valid_world(under_v2g=frozenset({Purpose.MO, Purpose.OEM}))
    oem_1 = with_domain_component(world[Role.OEM_SUB_1], "V2G")
    oem_2 = crooked(
        with_issuer(with_domain_component(world[Role.OEM_SUB_2], "V2G"), oem_1), under=oem_1
    )
    leaf = reissued(world[Role.CONTRACT], oem_2)
    root = Anchor(certificate=world[Role.V2G_ROOT].certificate, purpose=Purpose.V2G)

    def ask(**recorded):
        anchor = replace(root, sub_ca_roles=recorded.get("roles", {}))
        return codes(judged(leaf.chain, anchors=AnchorSet([anchor])))

    assert ask() == {"chain.role_unknown"}
    assert ask(roles={oem_1.certificate.fingerprint: Use.OEM_PROVISIONING}) == {
        "chain.role_confused"
    }
    assert ask(roles={oem_1.certificate.fingerprint: Use.CONTRACT}) == set()


def test_secc_under_operators_dc_v2g_needs_its_own_word():
    secc = WORLD[Role.SECC]
    assert judged(secc.chain, use=Use.SECC).valid
    without = with_domain_component(secc)
    assert codes(judged(without.chain, use=Use.SECC)) == {"chain.domain_component_missing"}


def test_leaf_with_two_roles_is_confused():
    both = with_domain_component(CONTRACT, "MO", "OEM")
    assert codes(judged(both.chain)) == {"chain.role_confused"}


def test_leaf_with_a_foreign_word_lacks_its_own():
    assert codes(judged(with_domain_component(CONTRACT, "V2G").chain)) == {
        "chain.domain_component_missing"
    }


def test_missing_domain_component_is_tolerated_where_the_anchor_says_so():
    leaf = with_domain_component(CONTRACT)
    tolerant = AnchorSet(
        replace(anchor, tolerances=anchor.tolerances | {"chain.domain_component_missing"})
        for anchor in WORLD.anchors().anchors
    )
    verdict = judged(leaf.chain, anchors=tolerant)
    assert verdict.valid
    assert codes(verdict) == {"chain.domain_component_missing"}
    assert {f.severity for f in verdict.findings} == {Severity.WARNING}


@pytest.mark.parametrize(
    ("leaf", "code"),
    [
        (crooked(CONTRACT, drop=[BASIC_CONSTRAINTS]), "chain.leaf_without_basic_constraints"),
        (crooked(CONTRACT, drop=[KEY_USAGE]), "chain.leaf_without_key_usage"),
        (not_der_basic_constraints(CONTRACT), "chain.encoding_not_der"),
    ],
)
def test_deviations_of_real_leaves_are_named_and_tolerated_by_default(leaf, code):
    verdict = judged(leaf.chain)
    assert verdict.valid
    assert codes(verdict) == {code}
    strict = AnchorSet(replace(a, tolerances=frozenset()) for a in WORLD.anchors().anchors)
    refused = judged(leaf.chain, anchors=strict)
    assert not refused.valid
    assert codes(refused) == {code}


def test_not_der_on_a_sub_ca_is_weighed_too():
    extension = to_be_signed.extension(BASIC_CONSTRAINTS, bytes.fromhex("30060101ff020100"))
    written_out = bytearray(extension)
    # critical FALSE written out: the default of Extension.critical
    crooked_extension = (
        b"\x30"
        + bytes([len(extension) - 2 + 3])
        + bytes(written_out[2:7])
        + (b"\x01\x01\x00" + bytes(written_out[7:]))
    )
    sub = crooked(WORLD[Role.MO_SUB_2], extensions={BASIC_CONSTRAINTS: crooked_extension})
    verdict = judged(below(sub))
    assert verdict.valid
    assert codes(verdict) == {"chain.encoding_not_der", "chain.basic_constraints_not_critical"}
    assert {f.where for f in verdict.findings} == {"sub_ca_2"}


def test_leaf_key_usage_must_sign_and_must_not_certify():
    assert codes(judged(with_key_usage(CONTRACT, KeyUsage.KEY_AGREEMENT).chain)) == {
        "chain.key_usage_wrong"
    }
    both = KeyUsage.DIGITAL_SIGNATURE | KeyUsage.KEY_CERT_SIGN
    assert codes(judged(with_key_usage(CONTRACT, both).chain)) == {"chain.key_usage_wrong"}


def test_a_ca_presented_as_a_leaf_is_refused():
    leaf = with_basic_constraints(CONTRACT, ca=True, path_length=0)
    assert codes(judged(leaf.chain)) == {"chain.leaf_is_ca"}


def test_a_root_presented_as_a_leaf_is_refused():
    root = WORLD[Role.MO_ROOT].certificate
    verdict = judged((root,))
    assert not verdict.valid
    assert {"chain.leaf_is_ca", "chain.role_confused"} <= codes(verdict)


def test_x12_cycles_end():
    one, two = twin_ca(WORLD[Role.MO_SUB_1], 1), twin_ca(WORLD[Role.MO_SUB_2], 2)
    first = crooked(one, under=two)
    second = crooked(two, under=first)
    leaf = reissued(CONTRACT, second)
    again = crooked(first, under=second)
    chain = (leaf.certificate, second.certificate, first.certificate, again.certificate)
    assert not judged(chain).valid


def test_x13_many_cas_of_one_name_stay_within_the_budget():
    """Each signature of the pile is asked for by the leaf's issuer name."""
    sub_2 = WORLD[Role.MO_SUB_2]
    twins = [twin_ca(sub_2, n).certificate for n in range(PRESENTED_MAX - 2)]
    leaf = CONTRACT.certificate
    hidden = crooked(CONTRACT, drop=[AUTHORITY_KEY_IDENTIFIER]).certificate
    assert codes(judged((leaf, *twins))) <= {"chain.signature_invalid", "chain.issuer_missing"}
    verdict = judged((hidden, *twins, WORLD[Role.MO_SUB_1].certificate))
    assert codes(verdict) == {"chain.signature_invalid"}


def test_x13_the_budget_ends_the_search_for_good():
    """Two hundred roots of one name and a leaf without a hint: refused, not tried forever."""
    root = WORLD[Role.MO_ROOT]
    roots = [
        Anchor(certificate=twin_ca(root, n).certificate, purpose=Purpose.MO) for n in range(200)
    ]
    orphan = crooked(WORLD[Role.MO_SUB_1], drop=[AUTHORITY_KEY_IDENTIFIER])
    verdict = judged(below(orphan), anchors=AnchorSet(roots))
    assert codes(verdict) == {"chain.budget_exhausted"}
    assert verdict.path == ()


def test_x15_more_certificates_than_a_chain_has():
    verdict = judged((CONTRACT.certificate,) * (PRESENTED_MAX + 1))
    assert codes(verdict) == {"chain.too_long"}


def test_x15_a_path_of_seven_is_too_long():
    identity = WORLD[Role.MO_SUB_1]
    chain = []
    for n in range(6):
        identity = crooked(
            identity,
            under=identity,
            key=keys.derive(KeyKind.P256, b"deep %d" % n),
            subject=valid_world(name=f"deep {n}")[Role.MO_SUB_1].certificate.issuer[:-1]
            + b"%d" % n,
            drop=[],
        )
        chain.insert(0, identity.certificate)
    leaf = reissued(CONTRACT, identity)
    verdict = judged((leaf.certificate, *chain, WORLD[Role.MO_SUB_1].certificate))
    assert codes(verdict) == {"chain.too_long"}


_LEVELS = [Role.CONTRACT, Role.MO_SUB_2, Role.MO_SUB_1]
_PLACES = {Role.CONTRACT: "leaf", Role.MO_SUB_2: "sub_ca_2", Role.MO_SUB_1: "sub_ca_1"}


@pytest.mark.parametrize("role", _LEVELS)
def test_x16_expired_and_not_yet_valid_at_each_level_to_the_second(role):
    identity = WORLD[role]
    last = crooked(identity, not_before=NOW - 400 * DAY, not_after=NOW)
    assert judged(below(last)).valid
    assert judged(below(last), now=NOW.replace(microsecond=999_999)).valid
    over = expired(identity)
    assert [(f.code, f.where) for f in judged(below(over)).findings] == [
        ("chain.expired", _PLACES[role])
    ]
    assert judged(below(crooked(identity, not_before=NOW))).valid
    early = not_yet_valid(identity)
    assert [(f.code, f.where) for f in judged(below(early)).findings] == [
        ("chain.not_yet_valid", _PLACES[role])
    ]
    assert judged(below(early), now=NOW + SECOND).valid


def test_x17_same_name_other_key_is_refused_and_the_right_one_beside_it_found():
    leaf, sub_2, sub_1 = CONTRACT.chain
    twin = twin_ca(WORLD[Role.MO_SUB_2]).certificate
    assert not judged((leaf, twin, sub_1)).valid
    assert judged((leaf, twin, sub_2, sub_1)).valid


def test_x17_missing_authority_key_identifier_is_handled_by_the_signature():
    assert judged(crooked(CONTRACT, drop=[AUTHORITY_KEY_IDENTIFIER]).chain).valid


def test_x17_wrong_authority_key_identifier_is_named():
    wrong = to_be_signed.authority_key_identifier(b"\x01" * 20)
    verdict = judged(crooked(CONTRACT, extensions={AUTHORITY_KEY_IDENTIFIER: wrong}).chain)
    assert verdict.valid
    assert codes(verdict) == {"chain.key_identifier_mismatch"}


def test_x18_self_issued_rollover_certificates_do_not_count_towards_path_length():
    """Sub-CA 1 certifies its new key under its own name; its pathLenConstraint is 1."""
    sub_1 = WORLD[Role.MO_SUB_1]
    new = crooked(sub_1, under=sub_1, key=keys.derive(KeyKind.P256, b"rollover"))
    sub_2 = reissued(WORLD[Role.MO_SUB_2], new)
    leaf = reissued(CONTRACT, sub_2)
    chain = (leaf.certificate, sub_2.certificate, new.certificate, sub_1.certificate)
    assert judged(chain).valid


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        (with_curve(CONTRACT, ec.SECP256K1()), {"chain.algorithm_not_allowed"}),
        (with_curve(CONTRACT, ec.SECP384R1()), {"chain.algorithm_not_allowed"}),
        (with_curve(CONTRACT, ec.BrainpoolP256R1()), {"chain.algorithm_not_allowed"}),
        (
            with_explicit_parameters(CONTRACT),
            {"chain.algorithm_not_allowed", "chain.certificate_too_large"},
        ),
        (off_curve(CONTRACT), {"chain.key_malformed"}),
    ],
    ids=["X20-secp256k1", "X20-P-384", "X20-brainpool", "X21-explicit", "X22-off-curve"],
)
def test_keys_outside_the_edition_are_refused(leaf, expected):
    verdict = judged(leaf.chain)
    assert codes(verdict) == expected
    assert not verdict.valid


def test_x20_editions_do_not_mix():
    """A P-521 leaf below P-256 CAs is a -20 leaf below -2 CAs."""
    mixed = with_curve(CONTRACT, ec.SECP521R1())
    verdict = judged(mixed.chain)
    assert codes(verdict) == {"chain.algorithm_not_allowed"}
    assert {f.where for f in verdict.findings} == {"sub_ca_2", "sub_ca_1", "root"}
    assert codes(judged(CONTRACT.chain, edition=Edition.ISO_20)) == {"chain.algorithm_not_allowed"}


def test_x22_compressed_point_is_refused():
    point = CONTRACT.certificate.subject_public_key
    compressed = bytes([2 + point[-1] % 2]) + point[1:33]
    algorithm = CONTRACT.certificate.spki[2:23]
    body = algorithm + b"\x03\x22\x00" + compressed
    leaf = crooked(CONTRACT, spki=b"\x30" + bytes([len(body)]) + body)
    assert codes(judged(leaf.chain)) == {"chain.key_malformed"}


def _r_s(signature):
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    return decode_dss_signature(signature)


def _encoded(r, s):
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    return encode_dss_signature(r, s)


_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        (lambda s: _encoded(0, _r_s(s)[1]), False),
        (lambda s: _encoded(_r_s(s)[0], 0), False),
        (lambda s: _encoded(_r_s(s)[0] + _N, _r_s(s)[1]), False),
        (lambda s: _encoded(_r_s(s)[0], _r_s(s)[1] + _N), False),
        (lambda s: s + b"\x00", False),
        (lambda s: s[:1] + bytes([s[1] + 1]) + s[2:3] + bytes([s[3] + 1]) + b"\x00" + s[4:], False),
        (lambda s: _encoded(_r_s(s)[0], _N - _r_s(s)[1]), True),
    ],
    ids=["r=0", "s=0", "r+n", "s+n", "trailing", "not-minimal", "high-s-is-accepted"],
)
def test_x23_malleable_signatures(change, valid):
    verdict = judged(crooked(CONTRACT, signature=change).chain)
    assert verdict.valid == valid
    assert codes(verdict) == (set() if valid else {"chain.signature_invalid"})


@pytest.mark.parametrize("role", [Role.CONTRACT, Role.MO_SUB_2, Role.MO_SUB_1])
def test_tampered_signature_is_refused(role):
    assert codes(judged(below(tampered(WORLD[role])))) == {"chain.signature_invalid"}


def test_signature_algorithm_is_the_keys_own_and_never_the_certificates_word():
    other = keys.SIGNATURE_ALGORITHMS[KeyKind.P521]
    assert codes(judged(crooked(CONTRACT, algorithm=other).chain)) == {"chain.signature_invalid"}


def test_issuer_whose_key_cannot_be_loaded_verifies_nothing():
    assert not judged(below(off_curve(WORLD[Role.MO_SUB_2]))).valid


def test_x29_cross_signed_root_takes_the_valid_road():
    """The MO root's key is also certified by the V2G root; that certificate has expired."""
    root = WORLD[Role.MO_ROOT]
    cross = crooked(
        expired(root), under=WORLD[Role.V2G_ROOT], not_before=NOW - 400 * DAY, not_after=NOW - DAY
    ).certificate
    verdict = judged((*CONTRACT.chain, cross))
    assert verdict.valid
    assert verdict.path[-1] == root.certificate
    only_v2g = AnchorSet(a for a in WORLD.anchors().anchors if a.purpose is Purpose.V2G)
    refused = judged((*CONTRACT.chain, cross), anchors=only_v2g)
    assert "chain.expired" in codes(refused)


def test_x29_a_renewed_sub_ca_beside_its_expired_certificate_is_found():
    leaf, sub_2, sub_1 = CONTRACT.chain
    old = expired(WORLD[Role.MO_SUB_2]).certificate
    assert judged((leaf, old, sub_2, sub_1)).valid
    assert codes(judged((leaf, old, sub_1))) == {"chain.expired"}


def test_x30_expired_anchor_refuses_and_its_extended_key_usage_does_not():
    root = WORLD[Role.MO_ROOT]
    old = expired(root).certificate
    anchors = AnchorSet([Anchor(certificate=old, purpose=Purpose.MO)])
    verdict = judged(CONTRACT.chain, anchors=anchors)
    assert [(f.code, f.where) for f in verdict.findings] == [("chain.expired", "root")]
    odd = AnchorSet([Anchor(certificate=ocsp_signing_on(root).certificate, purpose=Purpose.MO)])
    assert judged(CONTRACT.chain, anchors=odd).valid


def test_x31_unrelated_root_in_the_chain_is_ignored_and_never_trusted():
    foreign = valid_world(name="foreign")
    assert judged((*CONTRACT.chain, foreign[Role.MO_ROOT].certificate)).valid
    chain = foreign[Role.CONTRACT].chain
    assert codes(judged((*chain, foreign[Role.MO_ROOT].certificate))) == {"chain.anchor_unknown"}
    assert codes(judged((*chain, WORLD[Role.MO_ROOT].certificate))) <= {
        "chain.signature_invalid", "chain.anchor_unknown",
    }  # fmt: skip


def test_a_leaf_alone_lacks_its_issuer():
    assert codes(judged(CONTRACT.chain[:1])) == {"chain.issuer_missing"}


def test_a_certificate_over_the_wire_size_is_refused():
    filler = to_be_signed.extension("1.3.6.1.4.1.99999.2", b"\x04\x82\x01\x90" + b"x" * 400)
    verdict = judged(crooked(CONTRACT, append=[filler]).chain)
    assert codes(verdict) == {"chain.certificate_too_large"}


def test_one_root_trusted_for_two_purposes_serves_both():
    root = WORLD[Role.MO_ROOT].certificate
    anchors = AnchorSet(Anchor(certificate=root, purpose=p) for p in (Purpose.OEM, Purpose.MO))
    verdict = judged(CONTRACT.chain, anchors=anchors)
    assert verdict.valid
    assert verdict.anchor.purpose is Purpose.MO


@pytest.mark.parametrize(
    ("certificate", "code"),
    [
        (WORLD[Role.MO_SUB_1].certificate, "anchor.not_self_signed"),
        (with_basic_constraints(WORLD[Role.MO_ROOT], ca=False).certificate, "anchor.not_a_ca"),
        (crooked(WORLD[Role.MO_ROOT], drop=[BASIC_CONSTRAINTS]).certificate, "anchor.not_a_ca"),
        (
            with_key_usage(WORLD[Role.MO_ROOT], KeyUsage.CRL_SIGN).certificate,
            "anchor.key_usage_wrong",
        ),
        (
            crooked(
                WORLD[Role.MO_ROOT], append=[to_be_signed.extension(NAME_CONSTRAINTS, b"\x30\x00")]
            ).certificate,
            "anchor.constraints_unsupported",
        ),
        (tampered(WORLD[Role.MO_ROOT]).certificate, "anchor.not_self_signed"),
    ],
)
def test_what_is_no_root_is_not_trusted(certificate, code):
    """EVerest/EVerest#2109: a sub-CA was accepted as a root and could not be managed after."""
    with pytest.raises(Refused) as refusal:
        Anchor(certificate=certificate, purpose=Purpose.MO)
    assert refusal.value.code == code


def test_many_roots_of_one_name_and_key_are_judged_up_to_a_limit_and_the_best_explains():
    root = WORLD[Role.MO_ROOT]
    twins = [crooked(root, serial=n + 1) for n in range(20)]
    twins[3] = expired(twins[3])
    anchors = AnchorSet(Anchor(certificate=t.certificate, purpose=Purpose.MO) for t in twins)
    assert codes(judged(expired(CONTRACT).chain, anchors=anchors)) == {"chain.expired"}
    verdict = judged(expired(CONTRACT).chain, anchors=anchors)
    assert [f.where for f in verdict.findings] == ["leaf"]
    assert judged(CONTRACT.chain, anchors=anchors).valid


def test_more_anchors_than_the_world_has_are_refused():
    anchor = WORLD.anchors().anchors[0]
    with pytest.raises(Refused) as refusal:
        AnchorSet([anchor] * (ANCHORS_MAX + 1))
    assert refusal.value.code == "anchor.too_many"


def test_places_in_a_path_have_names():
    assert [position(n, 4) for n in range(4)] == ["leaf", "sub_ca_2", "sub_ca_1", "root"]
    assert [position(n, 2) for n in range(2)] == ["leaf", "root"]


def test_a_twin_whose_key_identifier_is_another_is_no_broken_link():
    """Nobody named by the leaf was presented: the issuer is missing, nothing was forged."""
    twin = twin_ca(WORLD[Role.MO_SUB_2]).certificate
    assert codes(judged((CONTRACT.certificate, twin))) == {"chain.issuer_missing"}


def test_unknown_tolerance_is_refused():
    with pytest.raises(Refused) as refusal:
        Anchor(
            certificate=WORLD[Role.MO_ROOT].certificate,
            purpose=Purpose.MO,
            tolerances=frozenset({"chain.expired"}),
        )
    assert refusal.value.code == "anchor.tolerance_unknown"


def test_generation_of_anchors_follows_their_content():
    anchors = WORLD.anchors().anchors
    assert AnchorSet(anchors).generation == AnchorSet(reversed(anchors)).generation
    assert AnchorSet(anchors).generation != AnchorSet(anchors[1:]).generation
    assert len(AnchorSet(anchors)) == len(anchors)


@pytest.mark.parametrize("role", [Role.MO_SUB_1, Role.MO_SUB_2])
def test_x04_basic_constraints_of_a_ca_that_are_not_critical_are_named(role):
    verdict = judged(below(not_critical(WORLD[role], BASIC_CONSTRAINTS)))
    assert verdict.valid
    assert codes(verdict) == {"chain.basic_constraints_not_critical"}
