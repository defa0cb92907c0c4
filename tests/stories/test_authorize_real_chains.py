"""Real QA contract chains at the door: deviations named, refused for their absent responder."""

from datetime import UTC, datetime

import pytest

from certs import pem
from certs.chain.anchors import DEFAULT_TOLERANCES
from tests.authz_house import Clock, finding_codes, house, verdict

pytestmark = pytest.mark.needs("shared")
MISSING_WORD = "chain.domain_component_missing"
OLD_PROFILE = {"chain.leaf_without_basic_constraints", "chain.leaf_without_key_usage", MISSING_WORD}

CASES = [
    ("qa-g1.1-EMP99CQATEST001", "EMP99CQATEST001", datetime(2022, 6, 1), OLD_PROFILE, {"digit"}),
    ("qa-g1.1-EMP99CQAPAB004", "EMP99CQAPAB004", datetime(2022, 6, 1), OLD_PROFILE, set()),
    (
        "qa-g1.2-DEICECOPNCCERT-nonder",
        "DEICECOPNCCERT",
        datetime(2025, 6, 1),
        {"chain.encoding_not_der", MISSING_WORD},
        set(),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case[1] for case in CASES])
def test_real_contract_is_judged_by_everything_but_its_absent_responder(shared, tmp_path, case):
    stem, emaid, moment, deviations, digit = case
    text = (shared / f"data/real-chains/chain-contract-hubject-{stem}.pem").read_text()
    *chain, root = pem.parse_chain(text)
    clock = Clock(moment.replace(tzinfo=UTC))
    with house(tmp_path, clock=clock, boring=False) as h:
        trusted = {
            "certificate": pem.encode([root]),
            "purpose": "v2g",
            "tolerances": [*DEFAULT_TOLERANCES, MISSING_WORD],
            "subCaRoles": {chain[1].fingerprint.hex(): "contract"},
        }
        path = f"/v1/anchors/{root.fingerprint.hex()}"
        assert h.manage("PUT", path, json=trusted).status_code == 201
        h.register(emaid)
        answer = h.ask(emaid=emaid, chain=pem.encode(chain))
        assert verdict(answer) == ("CertChainError", "Invalid", "revocation.source_missing")
        noticed = "identity.emaid_check_digit" + ("" if digit else "_missing")
        assert finding_codes(answer) == deviations | {"revocation.source_missing", noticed}
        del trusted["subCaRoles"]
        assert h.manage("PUT", path, json=trusted).status_code == 200
        assert verdict(h.ask(emaid=emaid, chain=pem.encode(chain)))[2] == "chain.role_unknown"
