"""PCID, EVSEID, SECCID and the prefixes that requesters are permitted by."""

import time

import pytest

from certs.edition import Edition
from certs.errors import MalformedIdentifier
from certs.identifiers import prefixes
from certs.identifiers.emaid import EMAID
from certs.identifiers.evse_id import EVSEID
from certs.identifiers.pcid import PCID
from certs.identifiers.secc_id import SECCID

CONTROLLER = "00003C4D557878675645330967543476"


def test_pcid_is_compared_whole_because_nobody_published_its_check_character():
    with_check, without = PCID.parse("hubjectopenpnc0001"), PCID.parse("hubjectopenpnc000")
    assert with_check != without
    assert with_check == PCID.parse("HUBJECTOPENPNC0001")
    assert str(with_check) == "HUBJECTOPENPNC0001"
    assert with_check.wmi == "HUB"


def test_longer_pcid_needs_the_edition_that_has_it():
    with pytest.raises(MalformedIdentifier):
        PCID.parse("DE8-P-AA00003C4D58Y-2")
    assert str(PCID.parse("DE8-P-AA00003C4D58Y-2", edition=Edition.ISO_20)) == "DE8PAA00003C4D58Y2"


def test_evse_id_is_the_same_with_and_without_separators():
    starred = EVSEID.parse("de*ice*e45b*78c")
    assert starred == EVSEID.parse("DEICEE45B78C")
    assert (starred.country, starred.operator, starred.outlet) == ("DE", "ICE", "45B78C")
    assert (starred.operator_id, str(starred)) == ("DEICE", "DEICEE45B78C")


def test_secc_id_is_the_same_with_and_without_separators():
    hyphenated = SECCID.parse(f"DE-ICE-S-{CONTROLLER}-2")
    assert hyphenated == SECCID.parse(f"deices{CONTROLLER.lower()}2")
    assert hyphenated != SECCID.parse(f"DEICES{CONTROLLER}")
    assert (hyphenated.country, hyphenated.operator) == ("DE", "ICE")
    assert (hyphenated.operator_id, hyphenated.controller) == ("DEICE", CONTROLLER + "2")
    assert str(hyphenated) == f"DEICES{CONTROLLER}2"


def test_e05_prefixes_are_written_as_the_identifiers_give_them():
    assert prefixes.provider_id("de-8aa") == EMAID.parse("DE8AA001234567").provider_id
    assert prefixes.operator_id("De*iCe") == EVSEID.parse("DE*ICE*E45B").operator_id
    assert prefixes.operator_id("DEICE") == SECCID.parse(f"DEICES{CONTROLLER}").operator_id
    assert prefixes.wmi("hub") == PCID.parse("hubjectopenpnc0001").wmi


@pytest.mark.parametrize(
    "text", ["", "DE", "DE8A", "DE8AAA", "DE--8AA", "D-E8AA", "DE8A\uff21", "DE8AA\n", "18*AAA"]
)
def test_text_that_is_no_prefix_is_refused(text):
    for read in (prefixes.provider_id, prefixes.operator_id, prefixes.wmi):
        with pytest.raises(MalformedIdentifier):
            read(text)


@pytest.mark.parametrize(
    "read",
    [
        PCID.parse,
        lambda text: PCID.parse(text, edition=Edition.ISO_20),
        EVSEID.parse,
        SECCID.parse,
        prefixes.provider_id,
        prefixes.wmi,
    ],
)
@pytest.mark.parametrize("filling", ["A", "*", "-", "A*", "\u0660"])
def test_h09_a_megabyte_is_refused_in_less_than_ten_milliseconds(read, filling):
    text = "DE*ICE*E" + filling * (1_000_000 // len(filling))
    start = time.thread_time()
    with pytest.raises(MalformedIdentifier) as refusal:
        read(text)
    assert time.thread_time() - start < 0.010
    assert len(refusal.value.detail) < 200
