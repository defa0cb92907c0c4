"""The house as it is told: codes that exist, files of one noun, no check that -O strips."""

import ast
from pathlib import Path

import pytest

from certs.findings.catalogue import ENTRIES

ROOT = Path(__file__).resolve().parents[2]
HOUSES = ("certs", "exi", "pki", "authz", "ev_emulator", "plugward")
SOURCES = sorted(path for house in HOUSES for path in (ROOT / house).rglob("*.py"))
LINES_MAX = 450
HOMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager"}

# AuthorizeCertificateStatusEnum and AuthorizationStatusEnum, OCPP 2.0.1
CERTIFICATE_STATUSES = {
    "", "Accepted", "CertificateExpired", "CertificateRevoked", "CertChainError",
    "ContractCancelled",
}  # fmt: skip
ID_TOKEN_STATUSES = {
    "", "Accepted", "Blocked", "ConcurrentTx", "Expired", "Invalid", "NoCredit",
    "NotAllowedTypeEVSE", "NotAtThisLocation", "NotAtThisTime", "Unknown",
}  # fmt: skip


def names(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=names)
def test_a_file_has_one_noun_and_says_it(path):
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)), "a module says what it knows"
    assert text.count("\n") <= LINES_MAX
    assert path.stem not in HOMELESS


def _narrows(test):
    """Whether an assert only tells the type checker what the line before made so."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _narrows(test.operand)
    if isinstance(test, ast.Compare):
        return [type(op) for op in test.ops] == [ast.IsNot]
    return isinstance(test, ast.Call) and getattr(test.func, "id", "") == "isinstance"


@pytest.mark.parametrize("path", SOURCES, ids=names)
def test_v22_no_check_is_an_assert_that_optimisation_strips(path):
    """EVerest CVE-2026-22790: an assert was the bounds check, and release builds had none."""
    asserts = (n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Assert))
    assert [node.lineno for node in asserts if not _narrows(node.test)] == []


def _codes_raised():
    """Literal codes given to found() and Unknown(), by file."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args:
                called = getattr(node.func, "id", getattr(node.func, "attr", ""))
                first = node.args[0]
                if called == "found" and isinstance(first, ast.Constant):
                    yield path, first.value


def test_every_code_that_is_raised_is_in_the_catalogue():
    raised = list(_codes_raised())
    assert raised
    assert [(names(path), code) for path, code in raised if code not in ENTRIES] == []


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda entry: entry.code)
def test_every_code_can_be_looked_up_and_acted_on(entry):
    assert entry.title
    assert entry.citation
    assert entry.action
    assert entry.certificate_status in CERTIFICATE_STATUSES
    assert entry.id_token_status in ID_TOKEN_STATUSES
    # an answer about a certificate is a pair (C07); one about another token is not
    assert entry.id_token_status or not entry.certificate_status
