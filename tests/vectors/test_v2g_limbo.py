"""v2g-limbo: every case is judged three ways and gives exactly the findings it names.

The chains are told in tests/vectors/v2g_limbo as what strays from a valid world, each with the
answer it must get; limbo.json is what they come to, for other validators too. A case runs through
the plain verification, through a verifier that knows nothing yet, and through one that has just
accepted the valid chains of every world, so that a remembered issuer excuses nobody.
"""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from certs import pem
from certs.certificate import Certificate, parse
from certs.chain.anchors import Anchor, AnchorSet
from certs.chain.roles import Purpose, Use
from certs.chain.verification import edition_of, verify
from certs.chain.verifier import ChainVerifier
from certs.edition import Edition
from certs.errors import Malformed
from certs.findings.catalogue import ENTRIES
from certs.findings.finding import Finding, Severity
from certs.identifiers.binding import bind
from certs.identifiers.emaid import EMAID, CheckDigit
from tests.vectors.v2g_limbo.suite import GROUNDS, ONE_ROOT

FILE = Path(__file__).parent / "v2g_limbo" / "limbo.json"
LIMBO = json.loads(FILE.read_text())
CASES = LIMBO["testcases"]


def _octets(name: str) -> bytes:
    return base64.b64decode(LIMBO["certificates"][name])


@cache
def anchors(store: str) -> AnchorSet:
    return AnchorSet(
        Anchor(
            certificate=parse(_octets(told["certificate"])),
            purpose=Purpose(told["purpose"]),
            tolerances=frozenset(told["tolerances"]),
            sub_ca_roles={
                bytes.fromhex(fingerprint): Use(use)
                for fingerprint, use in told.get("sub_ca_roles", {}).items()
            },
        )
        for told in LIMBO["trust_stores"][store]
    )


def presented(case) -> str:
    if "presented_pem" in case:
        return case["presented_pem"]
    blocks = []
    for name in (case["peer_certificate"], *case["untrusted_intermediates"]):
        body = LIMBO["certificates"][name]
        lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
        blocks.append(f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n")
    return "".join(blocks)


@cache
def experienced(store: str, moment: datetime) -> ChainVerifier:
    """A verifier that has accepted every valid chain its anchors can accept."""
    verifier = ChainVerifier(anchors(store))
    for ground in (*GROUNDS, *ONE_ROOT):
        text = pem.encode(ground.chain())
        for _ in range(3):
            verifier.verify_pem(text, use=Use.CONTRACT, now=moment)
    return verifier


def bound(case, leaf: Certificate, edition: Edition) -> tuple[Finding, ...]:
    """Whose contract it is, where the case asks."""
    if "expected_peer_name" not in case:
        return ()
    return bind(
        leaf.common_names,
        presented=EMAID.parse(case["expected_peer_name"], edition=edition),
        permitted_providers=case.get("permitted_providers"),
        check_digit=CheckDigit(case.get("check_digit", "warn")),
        edition=edition,
    ).findings


def ways(case) -> Iterator[tuple[str, bool, tuple[Finding, ...]]]:
    """How each way of asking judges the case: its name, whether it accepts, what it found."""
    edition = Edition(case["edition"]) if case["edition"] else None
    given = {
        "use": Use(case["use"]),
        "now": datetime.fromisoformat(case["validation_time"]),
        "edition": edition,
    }
    text = presented(case)
    store = anchors(case["trusted_certs"])
    for name, ask in (
        (
            "plain",
            lambda: verify(pem.parse_chain(text, characters_max=CAP), anchors=store, **given),
        ),
        ("new", lambda: ChainVerifier(store).verify_pem(text, characters_max=CAP, **given)),
        (
            "experienced",
            lambda: experienced(case["trusted_certs"], given["now"]).verify_pem(
                text, characters_max=CAP, **given
            ),
        ),
    ):
        try:
            verdict = ask()
        except Malformed as bad:
            yield name, False, (Finding(code=bad.code, severity=Severity.ERROR),)
            continue
        leaf = pem.parse_chain(text)[0]
        found = (*verdict.findings, *bound(case, leaf, edition or edition_of(leaf)))
        refused = any(finding.severity is Severity.ERROR for finding in found)
        yield name, verdict.valid and not refused, found


# What an authorization may weigh, and the case of many certificates on purpose above it.
CAP = 20_000


def differences(expected: list[str], found: tuple[Finding, ...]) -> tuple[set[str], set[str]]:
    """What is named and was not found, and what was found and is not named.

    An expectation is a code, or ``code@where`` where the place matters.
    """
    there = {f"{finding.code}@{finding.where}" for finding in found}
    codes = {finding.code for finding in found}
    missing = {entry for entry in expected if entry not in (there if "@" in entry else codes)}
    unexpected = {one for one in there if one not in expected and one.split("@")[0] not in expected}
    return missing, unexpected


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_limbo(case):
    for name, accepted, found in ways(case):
        missing, unexpected = differences(case["expected_findings"], found)
        assert (missing, unexpected) == (set(), set()), name
        assert accepted == (case["expected_result"] == "SUCCESS"), name


def test_the_suite_is_what_its_generator_writes():
    """In a process of its own: other tests issue from the same cached world, and it counts."""
    program = "from tests.vectors.v2g_limbo.generator import text; print(text(), end='')"
    written = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert FILE.read_bytes() == written.stdout, "python -m tests.vectors.v2g_limbo"


def test_the_suite_is_as_large_as_it_says():
    results = [case["expected_result"] for case in CASES]
    assert len(CASES) >= 300
    assert results.count("SUCCESS") >= 100
    assert len({case["id"] for case in CASES}) == len(CASES)
    assert FILE.stat().st_size < 3_000_000


def test_every_chain_code_is_raised_by_a_case():
    raised = {entry.split("@")[0] for case in CASES for entry in case["expected_findings"]}
    chain_codes = {code for code in ENTRIES if code.startswith("chain.")}
    assert chain_codes - raised == {"chain.budget_exhausted"}  # 200 roots: a unit test's
