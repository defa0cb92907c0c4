"""The identifier vectors, ours and the reference's."""

import json
from pathlib import Path

import pytest

from certs.edition import Edition
from certs.errors import Malformed, MalformedIdentifier
from certs.identifiers.check_character import check_character
from certs.identifiers.din_91286 import DinContractId, check_digit
from certs.identifiers.emaid import EMAID
from certs.identifiers.evse_id import EVSEID
from certs.identifiers.pcid import PCID
from certs.identifiers.secc_id import SECCID

VECTORS = json.loads(Path(__file__).with_name("identifiers.json").read_text())["vectors"]
REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "data" / "identifiers.json"

READERS = {
    "emaid": EMAID.parse,
    "emaid_20": lambda text: EMAID.parse(text, edition=Edition.ISO_20),
    "din": DinContractId.parse,
    "pcid": PCID.parse,
    "pcid_20": lambda text: PCID.parse(text, edition=Edition.ISO_20),
    "evse_id": EVSEID.parse,
    "secc_id": SECCID.parse,
}
PREFIXES = {PCID: "wmi", EVSEID: "operator_id", SECCID: "operator_id"}


def test_every_vector_has_its_own_id_and_a_story():
    ids = [vector["id"] for vector in VECTORS]
    assert len(set(ids)) == len(ids)
    assert all(vector["story"] and vector["citation"] for vector in VECTORS)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_identifier_is_read_as_its_vector_says(vector):
    read = READERS[vector["kind"]]
    if vector.get("malformed"):
        with pytest.raises(MalformedIdentifier) as refusal:
            read(vector["text"])
        assert refusal.value.code == "malformed.identifier"
        return
    identifier = read(vector["text"])
    assert identifier.canonical == vector["canonical"]
    assert identifier.as_received == vector["text"]
    if "prefix" in vector:
        assert getattr(identifier, PREFIXES[type(identifier)]) == vector["prefix"]
    else:
        assert identifier.check == vector["check"]
        assert identifier.check_expected == vector["check_expected"]
        assert identifier.check_ok is vector["check_ok"]


@pytest.mark.needs("shared")
def test_the_reference_vectors_hold():
    reference = json.loads(REFERENCE.read_text())
    for vector in reference["iso_check"]:
        assert check_character(vector["code14"]) == vector["check"]
        assert EMAID.parse(vector["full"]).check_ok
    for vector in reference["din_check"]:
        assert check_digit(vector["code11"]) == vector["check"]
        assert DinContractId.parse(vector["full"]).check_ok
    for vector in reference["normalise"]:
        emaid = EMAID.parse(vector["in"])
        assert emaid.canonical == vector["canonical14"]
        assert str(emaid.with_check()) == vector["with_check"]
        assert (emaid.check_ok is False) == (vector.get("finding") == "check_mismatch")
    for vector in reference["invalid_in_the_wild"]:
        emaid = EMAID.parse(vector["as_seen"])
        assert emaid.canonical == vector["canonical14"]
        assert emaid.check_expected == vector["correct_check"]
        assert emaid.check_ok is {"wrong_check": False, "no_check": None}[vector["kind"]]
    for vector in reference["invalid_input"]:
        with pytest.raises(Malformed):
            EMAID.parse(vector["in"])
    for vector in reference["conversions"]:
        din = DinContractId.parse(vector["din"])
        if "emi3" in vector:
            assert din.emi3().hyphenated == vector["emi3"]
            assert din.legacy_iso().hyphenated == vector["legacy_iso"]
    for kind, reader in (("evseid", EVSEID), ("seccid", SECCID), ("pcid_seen", PCID)):
        for vector in reference["other_ids"][kind]:
            assert reader.parse(vector["id"]).as_received == vector["id"]
