"""The common name of a contract certificate against the eMAID that was presented."""

import pytest

from certs.edition import Edition
from certs.findings.catalogue import ENTRIES
from certs.findings.finding import Severity
from certs.identifiers.binding import bind
from certs.identifiers.emaid import EMAID, CheckDigit

PRESENTED = EMAID.parse("DE8AA0012345670")


def codes(binding):
    return {(finding.code, finding.where) for finding in binding.findings}


@pytest.mark.parametrize(
    "common_name", ["DE8AA0012345670", "de8aa0012345670", "DE-8AA-001234567-0"]
)
def test_x11_same_contract_in_another_spelling_is_bound(common_name):
    binding = bind([common_name], presented=PRESENTED)
    assert binding.holds
    assert binding.emaid == PRESENTED
    assert codes(binding) == set()


def test_x11_missing_check_character_is_noticed_and_bound():
    binding = bind(["DE8AA001234567"], presented=PRESENTED)
    assert binding.holds
    assert codes(binding) == {("identity.emaid_check_digit_missing", "leaf")}


def test_k20_certificate_of_another_contract_is_refused():
    binding = bind(["DE8AA001234568"], presented=PRESENTED, check_digit=CheckDigit.OFF)
    assert not binding.holds
    assert codes(binding) == {("identity.emaid_mismatch", "leaf")}
    entry = ENTRIES["identity.emaid_mismatch"]
    assert (entry.certificate_status, entry.id_token_status) == ("CertChainError", "Invalid")
    assert entry.iso_2 == "FAILED_CertChainError"


@pytest.mark.parametrize(
    ("common_names", "code"),
    [
        ([], "identity.common_name_missing"),
        (["DE8AA0012345670", "DE8AA0012345670"], "identity.common_name_repeated"),
        (["DE8AA0012345670", "DE8AA0012345680"], "identity.common_name_repeated"),
        (["MO Sub-CA 2"], "identity.emaid_malformed"),
        (["DE8AA0012345670\x00.example"], "identity.emaid_malformed"),
        (["\u202eDE8AA0012345670"], "identity.emaid_malformed"),
        (["DE8\u0410A0012345670"], "identity.emaid_malformed"),
        (["DE8AA001234567\uff10"], "identity.emaid_malformed"),
        (["DE8AA0012345670" * 70_000], "identity.emaid_malformed"),
    ],
    ids=["none", "twice", "two", "ca", "nul", "rtl", "homoglyph", "fullwidth", "over-long"],
)
def test_x11_common_name_that_names_no_contract_for_certain_is_refused(common_names, code):
    binding = bind(common_names, presented=PRESENTED)
    assert not binding.holds
    assert binding.emaid is None
    assert codes(binding) == {(code, "leaf")}


def test_certificate_alone_is_read_without_a_presented_emaid():
    binding = bind(["DE8AA0012345670"], presented=None)
    assert binding.holds
    assert binding.emaid == PRESENTED


@pytest.mark.parametrize(
    ("permitted", "expected"),
    [
        (None, set()),
        ({"DE8AA", "NLTNM"}, set()),
        ({"NLTNM"}, {("identity.provider_not_permitted", "leaf")}),
        (set(), {("identity.provider_not_permitted", "leaf")}),
    ],
)
def test_x10_sub_ca_names_only_the_providers_it_may(permitted, expected):
    binding = bind(["DE8AA0012345670"], presented=PRESENTED, permitted_providers=permitted)
    assert codes(binding) == expected
    assert binding.holds == (not expected)


@pytest.mark.parametrize(
    ("policy", "severity"),
    [(CheckDigit.WARN, Severity.WARNING), (CheckDigit.ENFORCE, Severity.ERROR)],
)
def test_wrong_check_character_is_told_of_certificate_and_token(policy, severity):
    binding = bind(
        ["DE8AA0012345671"], presented=EMAID.parse("DE8AA0012345672"), check_digit=policy
    )
    assert codes(binding) == {
        ("identity.emaid_check_digit", "leaf"),
        ("identity.emaid_check_digit", "id_token"),
    }
    assert {finding.severity for finding in binding.findings} == {severity}
    assert binding.holds == (severity is Severity.WARNING)


def test_longer_emaid_is_bound_in_the_edition_that_has_it():
    long = "DE8AAC0123456789"
    presented = EMAID.parse(long, edition=Edition.ISO_20)
    assert bind([long], presented=presented, edition=Edition.ISO_20).holds
    assert not bind([long], presented=presented).holds


def test_personal_data_stays_out_of_the_details():
    binding = bind(
        ["DE8AA0012345681"],
        presented=PRESENTED,
        permitted_providers=(),
        check_digit=CheckDigit.WARN,
    )
    assert all("00123456" not in finding.detail for finding in binding.findings)
