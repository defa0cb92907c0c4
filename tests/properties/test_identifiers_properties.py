"""Any text gives an identifier or MalformedIdentifier, and reading is idempotent."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certs.edition import Edition
from certs.errors import MalformedIdentifier
from certs.identifiers.check_character import ALPHABET, check_character
from certs.identifiers.din_91286 import DinContractId
from certs.identifiers.emaid import EMAID
from certs.identifiers.evse_id import EVSEID
from certs.identifiers.pcid import PCID
from certs.identifiers.secc_id import SECCID

PARSERS = [
    pytest.param(EMAID.parse, id="emaid"),
    pytest.param(lambda text: EMAID.parse(text, edition=Edition.ISO_20), id="emaid-20"),
    pytest.param(DinContractId.parse, id="din"),
    pytest.param(PCID.parse, id="pcid"),
    pytest.param(lambda text: PCID.parse(text, edition=Edition.ISO_20), id="pcid-20"),
    pytest.param(EVSEID.parse, id="evse_id"),
    pytest.param(SECCID.parse, id="secc_id"),
]
LETTERS = string.ascii_letters + string.digits
NEARLY = st.text(LETTERS + "-*_ \n\x00٨\uff17\u212a", max_size=60)
ONE_CHANGED = st.sampled_from(
    ["DE8AA0012345670", "DE-8AA-001234567-0", "NL-TNM-012204-5", "DE*ICE*E45B*78C", "DE8" * 6]
).flatmap(
    lambda text: st.tuples(st.integers(0, len(text)), st.characters()).map(
        lambda change: text[: change[0]] + change[1] + text[change[0] + 1 :]
    )
)
CODES = st.text(ALPHABET, min_size=14, max_size=14)
EMAIDS = st.tuples(
    st.text(string.ascii_letters, min_size=2, max_size=2),
    st.text(LETTERS, min_size=3, max_size=3),
    st.text(LETTERS, min_size=9, max_size=9),
    st.text(LETTERS, max_size=1),
)


@pytest.mark.parametrize("parse", PARSERS)
@given(text=st.text() | NEARLY | ONE_CHANGED)
def test_any_text_is_an_ascii_identifier_or_malformed(parse, text):
    try:
        identifier = parse(text)
    except MalformedIdentifier:
        return
    assert text.isascii()
    assert identifier.as_received == text
    assert identifier.canonical.isalnum()
    assert identifier.canonical == identifier.canonical.upper()
    assert parse(str(identifier)) == identifier
    assert parse(text.swapcase()) == identifier
    assert hash(parse(text.lower())) == hash(identifier)


@given(EMAIDS, st.sampled_from(list(Edition)))
def test_every_emaid_is_the_same_with_and_without_separators(parts, edition):
    country, provider, instance, check = parts
    compact = EMAID.parse("".join(parts), edition=edition)
    hyphenated = EMAID.parse("-".join(part for part in parts if part), edition=edition)
    assert compact == hyphenated
    assert compact.check == hyphenated.check == (check.upper() or None)
    assert EMAID.parse(compact.hyphenated, edition=edition) == compact
    assert compact.provider_id == (country + provider).upper()
    assert compact.instance == instance.upper()


@given(st.text(ALPHABET, min_size=9, max_size=30), st.text(ALPHABET, max_size=1))
def test_long_emaid_survives_its_own_text(instance, check):
    if len(instance) == 10 and not check:
        return
    text = "-".join(part for part in ("DE", "8AA", instance, check) if part)
    emaid = EMAID.parse(text, edition=Edition.ISO_20)
    again = EMAID.parse(str(emaid), edition=Edition.ISO_20)
    assert (again, again.check) == (emaid, emaid.check)


@given(CODES, st.integers(0, 12))
def test_check_character_tells_swapped_neighbours(code, place):
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert (check_character(code) == check_character(swapped)) == (code == swapped)


@given(
    st.text(string.ascii_uppercase, min_size=2, max_size=2),
    st.text(ALPHABET, min_size=9, max_size=9),
)
def test_every_din_identifier_survives_the_way_to_emaid_and_back(country, rest):
    din = DinContractId.parse(country + rest)
    for emaid in (din.emi3(), din.legacy_iso()):
        assert emaid.check_ok
        assert DinContractId.of(emaid) == din
