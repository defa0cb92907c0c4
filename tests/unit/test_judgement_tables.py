"""OCPP's table C07 as the specification prints it, and the catalogue's words against it."""

import pytest

from authz.contract import ContractState
from authz.decision import C07, PAIRS, AuthorizationStatus, CertificateStatus, ChainResult
from authz.judgement import chain_result
from certs.findings.catalogue import ENTRIES, found
from certs.findings.finding import Severity

# OCPP 2.0.1 part 2, C07.FR.13 to FR.17, written down once more and by hand.
PRINTED = {
    "valid": {
        "Accepted": ("Accepted", "Accepted"),
        "ConcurrentTx": ("Accepted", "ConcurrentTx"),
        "NoCredit": ("Accepted", "NoCredit"),
        "NotAtThisLocation": ("Accepted", "NotAtThisLocation"),
        "NotAtThisTime": ("Accepted", "NotAtThisTime"),
        "NotAllowedTypeEVSE": ("Accepted", "NotAllowedTypeEVSE"),
        "Blocked": ("ContractCancelled", "Blocked"),
        "Expired": ("ContractCancelled", "Expired"),
        "Invalid": ("ContractCancelled", "Invalid"),
        "Unknown": ("ContractCancelled", "Unknown"),
    },
    "expired": dict.fromkeys(
        [status.value for status in AuthorizationStatus], ("CertificateExpired", "Expired")
    ),
    "revoked": dict.fromkeys(
        [status.value for status in AuthorizationStatus], ("CertificateRevoked", "Invalid")
    ),
    "unverifiable": dict.fromkeys(
        [status.value for status in AuthorizationStatus], ("CertChainError", "Invalid")
    ),
}


def test_the_table_is_the_one_that_ocpp_prints():
    ours: dict[str, dict[str, tuple[str, str]]] = {}
    for (chain, contract), (certificate, token) in PAIRS.items():
        ours.setdefault(chain.value, {})[contract.value] = (certificate.value, token.value)
    assert ours == PRINTED


def test_every_row_names_its_requirement_and_none_overlaps():
    assert sorted(row.requirement for row in C07) == [f"C07.FR.{n}" for n in range(13, 18)]
    assert sum(len(row.contract) for row in C07) == len(PAIRS)


def test_only_one_pair_lets_a_vehicle_charge():
    granting = [pair for pair in PAIRS.values() if pair[1] is AuthorizationStatus.ACCEPTED]
    assert granting == [(CertificateStatus.ACCEPTED, AuthorizationStatus.ACCEPTED)]
    assert PAIRS[ChainResult.VALID, AuthorizationStatus.ACCEPTED] in granting


DECIDING = [
    entry
    for entry in ENTRIES.values()
    if entry.severity is not Severity.NOTICE and entry.certificate_status
]


@pytest.mark.parametrize("entry", DECIDING, ids=lambda entry: entry.code)
def test_every_code_that_can_decide_has_words_that_make_a_pair(entry):
    pair = (CertificateStatus(entry.certificate_status), AuthorizationStatus(entry.id_token_status))
    assert pair in PAIRS.values()
    assert pair[1] is not AuthorizationStatus.ACCEPTED
    assert PAIRS[chain_result(found(entry.code)), pair[1]] == pair


def test_chain_revocation_and_identity_codes_never_leave_the_certificates_unjudged():
    families = ("chain.", "revocation.", "identity.")
    unjudged = {
        entry.code
        for entry in ENTRIES.values()
        if entry.code.startswith(families)
        and entry.severity is Severity.ERROR
        and chain_result(found(entry.code)) is ChainResult.VALID
    }
    assert unjudged == set()


def test_every_state_but_active_has_a_finding_of_its_own():
    codes = {f"contract.{_snake(state.value)}" for state in ContractState} - {"contract.active"}
    assert codes <= ENTRIES.keys()


def _snake(word: str) -> str:
    spelled = word.replace("EVSE", "Evse")
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in spelled).strip("_")
