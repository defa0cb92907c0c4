"""K18: one contract in two places, too far apart, or in another's vehicle: seen, and said."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authz.contract import Contract, ContractState
from authz.evidence import Evidence, NoProof, NotKnown
from authz.judgement import judge
from authz.policy import Policy, RelayRule, UnprovenToken
from authz.question import Question
from authz.relay import (
    EARTH_RADIUS_KM,
    LIVE,
    SPEED_KM_PER_HOUR_MAX,
    Sighting,
    canonical_vehicle_id,
    kilometres,
    out_of_reach,
    still_there,
)
from authz.restrictions import Evse
from certs.identifiers.emaid import EMAID
from certs.identifiers.evse_id import EVSEID
from tests.world import CONTRACT_CN, NOW, SECOND

OWN = EMAID.parse(CONTRACT_CN)
HERE = EVSEID.parse("DE*PLW*E000001")
BERLIN, HAMBURG = (52.52, 13.405), (53.551, 9.994)  # 255 km
FLAG = Policy(unproven_token=UnprovenToken.BY_CONTRACT)
REFUSE = replace(FLAG, relay=RelayRule.REFUSE)
HOUR = timedelta(hours=1)


def seen(ago: timedelta, position=None, *, running: bool = False) -> Sighting:
    return Sighting(place="DEPLWE9", seen_at=NOW - ago, running=running, position=position)


def told(*sightings, policy=FLAG, vehicles=(), installed=(), here=BERLIN, standing=None):
    contract = Contract(emaid=OWN, state=ContractState.ACTIVE, vehicle_ids=frozenset(installed))
    evidence = Evidence(
        question=Question(
            token_type="eMAID", emaid=OWN, evse_id=HERE, vehicle_ids=frozenset(vehicles)
        ),
        proof=NoProof(),
        standing=standing or contract,
        gathered_at=NOW,
        evse=None if here is None else Evse(evse_id=HERE, latitude=here[0], longitude=here[1]),
        sightings=sightings,
    )
    judged = judge(evidence, policy, NOW)
    codes = {finding.code for finding in judged.findings if finding.code.startswith("contract.")}
    return judged, codes


SUSPECT = {
    "contract.concurrent_use": {"sightings": [seen(HOUR, running=True)]},
    "contract.impossible_travel": {"sightings": [seen(HOUR, HAMBURG)]},
    "contract.vehicle_mismatch": {"vehicles": ["AABBCCDDEEFF"], "installed": ["WMI0PCID00000001"]},
}


@pytest.mark.parametrize("code", SUSPECT)
def test_k18_suspicion_is_flagged_and_the_decision_stands(code):
    how = dict(SUSPECT[code])
    judged, codes = told(*how.pop("sightings", ()), **how)
    assert judged.granted
    assert codes == {code}


@pytest.mark.parametrize("code", SUSPECT)
def test_k18_suspicion_is_refused_where_the_policy_says_so(code):
    how = dict(SUSPECT[code])
    judged, codes = told(*how.pop("sightings", ()), policy=REFUSE, **how)
    assert judged.id_token_status.value == "ConcurrentTx"
    assert judged.reason == "contract.concurrent_tx"
    assert codes == {code, "contract.concurrent_tx"}


def test_nothing_suspicious_is_nothing_said():
    judged, codes = told(
        seen(2 * HOUR, HAMBURG),
        seen(LIVE),
        policy=REFUSE,
        vehicles=["AABBCCDDEEFF", "WMI0PCID00000001"],
        installed=["WMI0PCID00000001"],
    )
    assert judged.granted
    assert codes == set()


def test_vehicle_that_nobody_told_of_is_no_suspicion():
    assert told(installed=["WMI0PCID00000001"])[1] == set()
    assert told(vehicles=["AABBCCDDEEFF"])[1] == set()


def test_contract_that_is_not_known_is_not_suspected():
    judged, codes = told(seen(HOUR, running=True), standing=NotKnown())
    assert codes == {"contract.unknown"}
    assert not judged.granted


def test_grant_of_a_moment_ago_is_live_where_its_place_is_not_told():
    assert still_there([seen(LIVE - SECOND)], now=NOW) is not None
    assert still_there([seen(LIVE)], now=NOW) is None
    assert still_there([seen(SECOND, HAMBURG)], now=NOW) is None  # the distance tells
    assert still_there([seen(HOUR), seen(9 * HOUR, running=True)], now=NOW) is not None


@pytest.mark.parametrize(
    ("ago", "far"), [(timedelta(0), True), (HOUR, True), (77 * HOUR / 60, False)]
)
def test_distance_is_measured_against_the_fastest_road(ago, far):
    found = out_of_reach([seen(ago, HAMBURG)], here=BERLIN, now=NOW)
    assert (found is not None) is far


def test_place_that_nobody_told_of_is_nowhere():
    assert out_of_reach([seen(HOUR, HAMBURG)], here=None, now=NOW) is None
    assert out_of_reach([seen(HOUR)], here=BERLIN, now=NOW) is None
    assert told(seen(HOUR, HAMBURG), here=None)[1] == set()
    nowhere = Evse(evse_id=HERE)
    assert nowhere.latitude is None


def test_neighbouring_sites_are_one_place():
    near = (BERLIN[0] + 0.008, BERLIN[1])  # 890 m
    assert out_of_reach([seen(timedelta(0), near)], here=BERLIN, now=NOW) is None


def test_known_distance():
    assert kilometres(BERLIN, HAMBURG) == pytest.approx(255, abs=2)


positions = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@given(positions, positions)
def test_distance_is_the_same_both_ways_and_no_more_than_half_around(one, other):
    there = kilometres(one, other)
    assert there == pytest.approx(kilometres(other, one), abs=1e-6)
    assert 0 <= there <= EARTH_RADIUS_KM * 3.1416


@given(positions, positions, st.floats(0, 24))
def test_whoever_drives_no_faster_is_never_suspected(one, other, hours):
    needed = kilometres(one, other) / SPEED_KM_PER_HOUR_MAX
    ago = timedelta(hours=needed + hours)
    assert out_of_reach([seen(ago, one)], here=other, now=NOW) is None


def test_vehicle_ids_are_compared_without_separators():
    assert canonical_vehicle_id("aa:bb-cc.dd EE:ff") == "AABBCCDDEEFF"
