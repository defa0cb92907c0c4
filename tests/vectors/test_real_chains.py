"""Real chains of QA hierarchies: read tolerantly, judged with each deviation named."""

from datetime import UTC, datetime

import pytest

from certs import pem
from certs.certificate import Reading, parse
from certs.chain.anchors import DEFAULT_TOLERANCES, Anchor, AnchorSet
from certs.chain.roles import Purpose, Use
from certs.chain.verification import verify
from certs.errors import MalformedCertificate

pytestmark = pytest.mark.needs("shared")
MISSING_WORD = "chain.domain_component_missing"

# file stem, use, a moment inside all validities, findings where the sub-CA's role is recorded and
# a missing domain component tolerated
CASES = [
    (
        "chain-contract-hubject-qa-g1.1-EMP99CQATEST001", Use.CONTRACT, datetime(2022, 6, 1),
        {"chain.leaf_without_basic_constraints", "chain.leaf_without_key_usage", MISSING_WORD},
    ),
    (
        "chain-contract-hubject-qa-g1.1-EMP99CQAPAB004", Use.CONTRACT, datetime(2022, 6, 1),
        {"chain.leaf_without_basic_constraints", "chain.leaf_without_key_usage", MISSING_WORD},
    ),
    (
        "chain-contract-hubject-qa-g1.2-DEICECOPNCCERT-nonder", Use.CONTRACT, datetime(2025, 6, 1),
        {"chain.encoding_not_der", MISSING_WORD},
    ),
    (
        "chain-cps-hubject-qa-g1.1-2021.8-nonder", Use.CPS, datetime(2022, 6, 1),
        {"chain.encoding_not_der", "chain.leaf_without_key_usage"},
    ),
    (
        "chain-cps-hubject-qa-g1.1-2022.2-nonder", Use.CPS, datetime(2022, 6, 1),
        {"chain.encoding_not_der", "chain.leaf_without_key_usage"},
    ),
    (
        "chain-cps-hubject-qa-g1.2-2024.4-nonder", Use.CPS, datetime(2025, 6, 1),
        {"chain.encoding_not_der"},
    ),
    (
        "chain-oemprov-hubject-qa-g1.1-huboemprovcqa0615", Use.OEM_PROVISIONING,
        datetime(2022, 6, 1),
        {"chain.leaf_without_basic_constraints", "chain.leaf_without_key_usage"},
    ),
    (
        "chain-oemprov-hubject-qa-g1.2-DEHUBCOPNCPROVCER", Use.OEM_PROVISIONING,
        datetime(2025, 6, 1), set(),
    ),
]  # fmt: skip


def read(shared, stem):
    return pem.parse_chain((shared / "data/real-chains" / f"{stem}.pem").read_text())


def anchors(root, sub_ca, use, *, recorded=True, tolerant=True):
    return AnchorSet(
        [
            Anchor(
                certificate=root,
                purpose=Purpose.V2G,
                tolerances=DEFAULT_TOLERANCES | ({MISSING_WORD} if tolerant else set()),
                sub_ca_roles={sub_ca.fingerprint: use} if recorded else {},
            )
        ]
    )


@pytest.mark.parametrize(
    ("stem", "use", "moment", "expected"), CASES, ids=[case[0] for case in CASES]
)
def test_real_chains_are_valid_with_each_deviation_named(shared, stem, use, moment, expected):
    *chain, root = read(shared, stem)
    now = moment.replace(tzinfo=UTC)
    verdict = verify(chain, use=use, anchors=anchors(root, chain[1], use), now=now)
    assert verdict.valid
    assert {finding.code for finding in verdict.findings} == expected
    # nothing in these chains but a record says which role they have
    unknown = verify(chain, use=use, anchors=anchors(root, chain[1], use, recorded=False), now=now)
    assert not unknown.valid
    assert "chain.role_unknown" in {finding.code for finding in unknown.findings}


def test_a_contract_chain_is_no_oem_chain(shared):
    *chain, root = read(shared, "chain-contract-hubject-qa-g1.1-EMP99CQATEST001")
    verdict = verify(
        chain,
        use=Use.OEM_PROVISIONING,
        anchors=anchors(root, chain[1], Use.CONTRACT),
        now=datetime(2022, 6, 1, tzinfo=UTC),
    )
    assert "chain.role_confused" in {finding.code for finding in verdict.findings}


def test_every_real_certificate_is_read_as_another_reader_reads_it(shared):
    seen = 0
    for path in sorted((shared / "data/real-chains").glob("*.pem")):
        for ours in pem.parse_chain(path.read_text()):
            theirs = ours.x509()
            assert ours.serial == theirs.serial_number
            assert ours.subject == theirs.subject.public_bytes()
            assert ours.not_before == theirs.not_valid_before_utc
            assert ours.not_after == theirs.not_valid_after_utc
            seen += 1
    assert seen >= 30


def test_strict_reading_refuses_what_is_not_der(shared):
    leaf = read(shared, "chain-contract-hubject-qa-g1.2-DEICECOPNCCERT-nonder")[0]
    with pytest.raises(MalformedCertificate) as refusal:
        parse(leaf.der, Reading.STRICT)
    assert refusal.value.code == "malformed.certificate_not_der"


@pytest.mark.parametrize(
    ("stem", "purpose"),
    [
        ("root-v2g-hubject-g2", Purpose.V2G),
        ("root-v2g-hubject-qa-g1", Purpose.V2G),
        ("root-oem-bmw-pnc-2021", Purpose.OEM),
    ],
)
def test_x30_real_roots_with_their_oddities_become_anchors(shared, stem, purpose):
    """EKU OCSPSigning on V2G roots; validity 1970 to 9999 and digitalSignature on BMW's."""
    assert len(AnchorSet([Anchor(certificate=read(shared, stem)[0], purpose=purpose)])) == 1
