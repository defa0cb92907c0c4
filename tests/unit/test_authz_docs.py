"""docs/cpo-backend.md says what the tables in the code say."""

import re
from pathlib import Path

import pytest

from authz.adapters.metrics import Metrics
from authz.api.contracts import ContractBody
from authz.contract import CERTIFICATES_MAX, ContractState
from authz.decision import C07, AuthorizationStatus
from authz.policy_document import PolicyDocument
from authz.record import Answer, EvidenceDocument
from authz.settings import RawSettings
from certs.findings import contract
from certs.findings.catalogue import ENTRIES

PAGE = (Path(__file__).parents[2] / "docs" / "cpo-backend.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|")
]


def test_pairs_are_printed_as_the_table_has_them():
    everything = frozenset(AuthorizationStatus)
    for row in C07:
        statuses = ", ".join(sorted(status.value for status in row.contract))
        printed = [
            row.chain.value,
            "any" if row.contract == everything else statuses,
            row.certificate_status.value,
            row.id_token_status.value if row.id_token_status else "the contract's",
            row.requirement,
        ]
        assert printed in ROWS


@pytest.mark.parametrize("entry", contract.ENTRIES, ids=lambda entry: entry.code)
def test_every_code_of_contracts_is_explained(entry):
    (printed,) = [row for row in ROWS if row[0] == f"`{entry.code}`"]
    words = [entry.certificate_status, entry.id_token_status]
    assert printed[1] == ", ".join(word for word in words if word)


def test_no_code_is_explained_that_does_not_exist():
    known = {*ENTRIES, "malformed", "caller", "unavailable", "anchor", "decision"}
    for row in ROWS:
        code = re.fullmatch(r"`((?:contract|identity|chain|revocation)\.\w+)`", row[0])
        assert code is None or code[1] in known


def test_every_setting_is_explained_with_its_default():
    printed = {row[0].strip("`"): row[1].strip("`") for row in ROWS}
    for name, field in RawSettings.model_fields.items():
        default = getattr(field.default, "value", field.default)
        shown = str(default).lower() if isinstance(default, bool) else str(default or "none")
        assert printed[name] == shown


@pytest.mark.parametrize("form", [PolicyDocument, ContractBody, Answer, EvidenceDocument])
def test_every_field_is_explained(form):
    for name in form.__struct_encode_fields__:
        assert re.search(rf"`[^`\n]*\b{name}\b[^`\n]*`", PAGE), name


def test_every_state_and_metric_is_named():
    for state in ContractState:
        assert f"`{state.value}`" in PAGE
    for family in Metrics().registry.collect():
        assert family.name in PAGE
    assert f"{CERTIFICATES_MAX}\nnewest" in PAGE or f"its {CERTIFICATES_MAX} newest" in PAGE
