"""eMAIDs: reading, comparing, check characters, conversions."""

import time

import pytest
from hypothesis import given
from hypothesis.strategies import from_regex, sampled_from

from certs.edition import Edition
from certs.errors import MalformedIdentifier
from certs.findings.finding import Severity
from certs.identifiers.check_character import ALPHABET, check_character
from certs.identifiers.din_91286 import DinContractId
from certs.identifiers.emaid import EMAID, CheckDigit, findings

WRONG = EMAID.parse("EMP99CQATEST001")
RIGHT = EMAID.parse("DE8AA0012345670")
NONE = EMAID.parse("DEICECOPNCCERT")
LONG = EMAID.parse("DE8AAC0123456789", edition=Edition.ISO_20)


def test_letter_case_separators_and_check_character_do_not_tell_contracts_apart():
    forms = ["DE8AA0012345670", "de8aa001234567", "DE-8AA-001234567-0", "De-8aA-001234567-9"]
    assert len({EMAID.parse(form) for form in forms}) == 1
    assert EMAID.parse("DE8AA001234568") not in {EMAID.parse(form) for form in forms}


def test_parts_and_prefix_are_upper_case():
    emaid = EMAID.parse("de-8aa-c12345678")
    assert (emaid.country, emaid.provider, emaid.instance) == ("DE", "8AA", "C12345678")
    assert emaid.provider_id == "DE8AA"
    assert (str(emaid), emaid.hyphenated) == ("DE8AAC12345678", "DE-8AA-C12345678")


def test_text_is_canonical_with_the_check_character_as_it_came():
    assert str(WRONG) == "EMP99CQATEST001"
    assert str(WRONG.with_check()) == "EMP99CQATEST00Z"
    assert WRONG.with_check() == WRONG


def test_longer_identifier_of_iso_20_has_no_check_character_of_ours():
    assert LONG.check_expected is None
    assert LONG.check_ok is None
    assert str(LONG.with_check()) == "DE8AAC0123456789"
    with pytest.raises(MalformedIdentifier):
        EMAID.parse("DE8AAC0123456789")


def test_contract_of_ten_characters_never_becomes_somebody_elses_contract_of_nine():
    for edition in Edition:
        with pytest.raises(MalformedIdentifier):
            EMAID.parse("DE-8AA-0123456789", edition=edition)


@pytest.mark.parametrize(
    ("emaid", "policy", "expected"),
    [
        (WRONG, CheckDigit.OFF, set()),
        (WRONG, CheckDigit.WARN, {("identity.emaid_check_digit", Severity.WARNING)}),
        (WRONG, CheckDigit.ENFORCE, {("identity.emaid_check_digit", Severity.ERROR)}),
        (RIGHT, CheckDigit.OFF, set()),
        (RIGHT, CheckDigit.WARN, set()),
        (RIGHT, CheckDigit.ENFORCE, set()),
        (NONE, CheckDigit.OFF, set()),
        (NONE, CheckDigit.WARN, {("identity.emaid_check_digit_missing", Severity.NOTICE)}),
        (NONE, CheckDigit.ENFORCE, {("identity.emaid_check_digit_missing", Severity.NOTICE)}),
        (LONG, CheckDigit.ENFORCE, {("identity.emaid_check_digit_missing", Severity.NOTICE)}),
    ],
)
def test_check_character_is_judged_by_the_operators_policy(emaid, policy, expected):
    said = findings(emaid, policy, where="leaf")
    assert {(finding.code, finding.severity) for finding in said} == expected
    assert {finding.where for finding in said} <= {"leaf"}


@pytest.mark.parametrize("place", range(14))
def test_check_character_tells_every_single_wrong_character(place):
    code = "DE8AAC12345678"
    wrong = [code[:place] + other + code[place + 1 :] for other in ALPHABET if other != code[place]]
    assert check_character(code) not in {check_character(each) for each in wrong}


@pytest.mark.parametrize("code", ["DE8AAC1234567", "DE8AAC123456789"])
def test_check_character_is_of_fourteen_characters_only(code):
    with pytest.raises(ValueError, match="zip"):
        check_character(code)


def test_din_identifier_becomes_an_emaid_and_comes_back():
    din = DinContractId.parse("NL*TNM*012204*5")
    assert str(din) == "NLTNM0122045"
    assert str(din.emi3()) == "NLTNMC00122045K"
    assert str(din.legacy_iso()) == "NLTNM000122045U"
    assert DinContractId.of(din.emi3()) == din
    assert DinContractId.of(din.legacy_iso()) == din
    assert din.emi3() != din.legacy_iso()


WRITTEN = from_regex(r"[a-z]{2}-?[A-Z0-9]{3}-?[A-Z0-9]{9,14}(-?[A-Z0-9])?", fullmatch=True)


@given(WRITTEN, WRITTEN, sampled_from(Edition), sampled_from(Edition))
def test_emaid_that_is_written_in_a_text_is_what_the_text_is_read_as(
    text, other, written_in, edition
):
    try:
        emaid = EMAID.parse(text, edition=written_in)
    except MalformedIdentifier:
        return
    assert not emaid.is_written(other, edition) or other == text
    if emaid.is_written(text, edition):
        read = EMAID.parse(text, edition=edition)
        assert (read, read.check, read.as_received) == (emaid, emaid.check, emaid.as_received)
    else:
        assert (edition, len(emaid.canonical) > 14) == (Edition.ISO_2, True)


def test_missing_din_check_digit_is_computed_for_the_emaid():
    assert str(DinContractId.parse("NL-TNM-012204").emi3()) == "NLTNMC00122045K"


def test_wrong_din_check_digit_is_carried_over_and_matches_nobody():
    printed = DinContractId.parse("DE8EOAet5e43")
    assert printed.check_ok is False
    assert printed.emi3().canonical == "DE8EOC0AET5E43"
    assert printed.emi3() != DinContractId.parse("DE8EOAet5e49").emi3()
    assert DinContractId.of(printed.emi3()) is None


def test_two_din_identifiers_whose_digits_overlap_are_not_confused():
    one, other = DinContractId.parse("NL-TNM-012204-5"), DinContractId.parse("NL-TNM-122045-0")
    assert one != other
    assert one.emi3() != other.emi3()


@pytest.mark.parametrize(
    "text", ["NLTNMC10122045", "NLTNM010122045", "NLTNMC00122044", "DE8AAC12345678"]
)
def test_emaid_that_was_no_din_identifier_does_not_become_one(text):
    assert DinContractId.of(EMAID.parse(text)) is None


def test_longer_emaid_is_no_din_identifier():
    long = EMAID.parse("NLTNMC001220450", edition=Edition.ISO_20)
    assert DinContractId.of(long) is not None  # 14 characters and a check character
    longer = EMAID.parse("NLTNMC0012204500", edition=Edition.ISO_20)
    assert DinContractId.of(longer) is None


@pytest.mark.parametrize("edition", Edition)
@pytest.mark.parametrize("filling", ["A", "-", "0-", "\u0660", "A\x00"])
def test_h09_a_megabyte_is_refused_in_less_than_ten_milliseconds(edition, filling):
    text = "DE-8AA-" + filling * (1_000_000 // len(filling))
    start = time.thread_time()
    with pytest.raises(MalformedIdentifier) as refusal:
        EMAID.parse(text, edition=edition)
    with pytest.raises(MalformedIdentifier):
        DinContractId.parse(text)
    assert time.thread_time() - start < 0.010
    assert len(refusal.value.detail) < 200
