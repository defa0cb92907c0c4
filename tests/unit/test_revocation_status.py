"""A status as findings: what the decision record and the answer are made of."""

import pytest

from certs.findings import revocation as catalogue_of_revocation
from certs.findings.catalogue import ENTRIES
from certs.findings.finding import Severity
from certs.revocation.status import (
    REVOKING,
    Good,
    Proof,
    Reason,
    Revoked,
    Source,
    Unknown,
    findings,
)
from tests.evidence import HOUR, NOW

PROOF = Proof(
    source=Source.OCSP,
    this_update=NOW - HOUR,
    next_update=NOW,
    produced_at=NOW - HOUR,
    number=None,
    signer_fingerprint=bytes(32),
    digest=bytes(32),
)


def seen(status):
    return [(f.code, f.severity, f.where) for f in findings(status, where="leaf")]


def test_good_is_no_finding():
    assert seen(Good(proof=PROOF)) == []


def test_staleness_within_the_grace_is_a_warning():
    stale = ("revocation.stale_within_grace", Severity.WARNING, "leaf")
    revoked = ("revocation.revoked", Severity.ERROR, "leaf")
    assert seen(Good(proof=PROOF, stale=True)) == [stale]
    status = Revoked(revoked_at=NOW, reason=Reason.SUPERSEDED, proof=PROOF, stale=True)
    assert seen(status) == [revoked, stale]


def test_revocation_tells_reason_and_moment():
    status = Revoked(revoked_at=NOW, reason=Reason.CA_COMPROMISE, proof=PROOF)
    (finding,) = findings(status, where="sub_ca_2")
    assert finding.code == "revocation.revoked"
    assert finding.where == "sub_ca_2"
    assert finding.detail == "cACompromise since 2026-06-01T12:00:00+00:00"


@pytest.mark.parametrize("entry", catalogue_of_revocation.ENTRIES, ids=lambda entry: entry.code)
def test_every_code_is_answered_as_c07_says(entry):
    assert ENTRIES[entry.code] is entry
    answer = (entry.certificate_status, entry.id_token_status, entry.iso_2)
    if entry.severity is not Severity.ERROR:
        assert answer == ("", "", "")
    elif entry.code == "revocation.revoked":
        assert answer == ("CertificateRevoked", "Invalid", "FAILED_CertificateRevoked")
    else:
        assert answer == ("CertChainError", "Invalid", "FAILED_CertChainError")
        assert seen(Unknown(entry.code)) == [(entry.code, Severity.ERROR, "leaf")]
    for text in (entry.title, entry.citation, entry.action):
        assert text


def test_codes_are_unique():
    codes = [entry.code for entry in catalogue_of_revocation.ENTRIES]
    assert len(codes) == len(set(codes))


def test_every_reason_has_its_word_and_seven_is_none():
    assert {reason.value for reason in Reason} == {*range(11)} - {7}
    assert len({reason.word for reason in Reason}) == len(Reason)
    assert Reason.AA_COMPROMISE.word == "aACompromise"
    assert frozenset(Reason) - REVOKING == {Reason.REMOVE_FROM_CRL}
