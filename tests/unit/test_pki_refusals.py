"""Every code by which the authority declines is in the catalogue, and on the page."""

import ast
from pathlib import Path

from pki.authority.refusals import REFUSALS, table

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    *(ROOT / "pki/authority").glob("*.py"),
    ROOT / "pki/callers.py",
    ROOT / "pki/custody.py",
]
RAISERS = {"Refused", "RateExceeded"}


def raised():
    """Literal codes of refusals in the authority's rooms."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in RAISERS:
                code = node.args[0]
                assert isinstance(code, ast.Constant), f"{path.name}:{node.lineno}"
                yield code.value


def test_every_refusal_is_in_the_catalogue_and_every_entry_is_raised():
    codes = set(raised())
    assert codes - set(REFUSALS) == set()
    elsewhere = {"issuance.lint"}  # by certs.issuing
    assert set(REFUSALS) - codes == elsewhere


def test_every_refusal_says_what_to_do():
    assert all(refusal.says and refusal.remedy for refusal in REFUSALS.values())


def test_page_shows_the_catalogue():
    """After a change: paste what pki.authority.refusals.table() gives."""
    assert table() in (ROOT / "docs/issuance.md").read_text()
