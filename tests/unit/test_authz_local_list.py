"""The local list: what stations may know beforehand, in each version's own form."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from authz.contract import Contract, ContractState
from authz.decision import AuthorizationStatus
from authz.judgement import judge, offline_status
from authz.local_list import Change, ListChanges, listed, payload
from authz.ocpp.protocol import OcppVersion
from authz.ocpp.schemas import MessageKind, validate
from authz.policy import Policy
from authz.restrictions import Day, PowerType, Restrictions, Schedule, Window, parse_zone
from certs.edition import Edition
from certs.identifiers.emaid import EMAID
from certs.identifiers.evse_id import EVSEID
from tests.world import DAY, NOW, SECOND

ONE, TWO, GONE = map(EMAID.parse, ("DE8AA000000001", "DE8AA000000002", "DE8AA000000003"))
ACTIVE = Contract(emaid=ONE, state=ContractState.ACTIVE)
POLICY = Policy(cache_seconds=3_600)
ALL_DAY = Window.make(days=frozenset(Day), from_minute=0, to_minute=1_440)

BOUND = {
    "NotAtThisLocation": {"evse_ids": frozenset({EVSEID.parse("DE*PLW*E1")})},
    "NotAllowedTypeEVSE": {"restrictions": Restrictions(power_types=frozenset(PowerType))},
    "NotAtThisTime": {
        "restrictions": Restrictions(schedule=Schedule(zone=parse_zone("UTC"), windows=(ALL_DAY,)))
    },
}


def changes(*contracts, since=0, version=7) -> ListChanges:
    found = [Change(emaid=contract.emaid, contract=contract) for contract in contracts]
    return ListChanges(since=since, version=version, changes=listed(found))


def made(told: ListChanges, version: OcppVersion = OcppVersion.V201, **more):
    """A payload, which fits its version's schema."""
    found = payload(told, version=version, policy=POLICY, now=NOW, **more)
    validate(version, "SendLocalList", MessageKind.REQUEST, msgspec.json.encode(found))
    return found


@pytest.mark.parametrize("version", OcppVersion)
def test_full_list_fits_every_version(version):
    told = changes(ACTIVE, replace(ACTIVE, emaid=TWO, state=ContractState.BLOCKED, group="g" * 36))
    found = made(told, version)
    assert found["updateType"] == "Full"
    assert len(found["localAuthorizationList"]) == 2


def test_entry_says_until_when_it_holds_and_who_may_stop_it():
    ends = NOW + timedelta(minutes=30)
    brief = replace(ACTIVE, emaid=TWO, not_after=ends, group="fleet 7")
    first, second = made(changes(ACTIVE, brief))["localAuthorizationList"]
    assert first == {
        "idToken": {"idToken": "DE8AA000000001", "type": "eMAID"},
        "idTokenInfo": {"status": "Accepted", "cacheExpiryDateTime": "2026-11-01T13:00:00Z"},
    }
    assert second["idTokenInfo"] == {
        "status": "Accepted",
        "cacheExpiryDateTime": "2026-11-01T12:30:00Z",
        "groupIdToken": {"idToken": "fleet 7", "type": "Central"},
    }
    old = made(changes(ACTIVE, brief), OcppVersion.V16)["localAuthorizationList"]
    assert old[1] == {
        "idTag": "DE8AA000000002",
        "idTagInfo": {
            "status": "Accepted",
            "expiryDate": "2026-11-01T12:30:00Z",
            "parentIdTag": "fleet 7",
        },
    }


def test_differential_list_removes_what_is_gone():
    told = ListChanges(
        since=5,
        version=7,
        changes=(Change(emaid=ONE, contract=ACTIVE), Change(emaid=GONE, contract=None)),
    )
    found = made(told)
    assert (found["versionNumber"], found["updateType"]) == (7, "Differential")
    assert [("idTokenInfo" in entry) for entry in found["localAuthorizationList"]] == [True, False]
    old = made(told, OcppVersion.V16)
    assert (old["listVersion"], old["localAuthorizationList"][1]) == (7, {"idTag": str(GONE)})


def test_list_without_change_has_no_entries():
    for version in OcppVersion:
        assert "localAuthorizationList" not in made(changes(since=7), version)


@pytest.mark.parametrize(
    ("length", "spelled"),
    [(20, {"1.6", "2.0.1", "2.1"}), (21, {"2.0.1", "2.1"}), (36, {"2.0.1", "2.1"}), (37, {"2.1"})],
)
def test_emaid_that_a_version_cannot_spell_is_left_out(length, spelled):
    long = replace(ACTIVE, emaid=EMAID.parse("DE8AA" + "C" * (length - 5), edition=Edition.ISO_20))
    assert len(str(long.emaid)) == length
    for version in OcppVersion:
        entries = made(changes(long), version).get("localAuthorizationList", [])
        assert bool(entries) is (version.value.removeprefix("ocpp") in spelled)


def test_full_list_leaves_out_what_is_gone():
    gone = ListChanges(since=0, version=7, changes=(Change(emaid=GONE, contract=None),))
    assert "localAuthorizationList" not in made(gone)


def test_group_is_told_of_its_own_and_of_whoever_left_it():
    fleet, other = replace(ACTIVE, group="fleet"), replace(ACTIVE, emaid=TWO, group="other")
    full = made(changes(fleet, other), group="fleet")["localAuthorizationList"]
    assert [entry["idToken"]["idToken"] for entry in full] == [str(ONE)]
    later = made(changes(fleet, other, since=3), group="fleet")["localAuthorizationList"]
    assert later[1] == {"idToken": {"idToken": str(TWO), "type": "eMAID"}}


@pytest.mark.parametrize("word", BOUND)
def test_contract_that_is_bound_is_not_for_a_station_to_decide(word):
    bound = replace(ACTIVE, **BOUND[word])
    assert offline_status(bound, NOW).value == word
    info = made(changes(bound))["localAuthorizationList"][0]["idTokenInfo"]
    assert info == {"status": word}
    old = made(changes(bound), OcppVersion.V16)["localAuthorizationList"][0]
    assert old["idTagInfo"] == {"status": "Invalid"}


def test_site_binds_as_well():
    site = replace(ACTIVE, restrictions=Restrictions(evse_prefixes=frozenset({"DEPLW"})))
    assert offline_status(site, NOW) is AuthorizationStatus.NOT_AT_THIS_LOCATION


@pytest.mark.parametrize(
    ("at", "status"),
    [(-SECOND, "NotAtThisTime"), (0 * SECOND, "Accepted"), (DAY, "Accepted"),
     (DAY + SECOND, "Expired")],
)  # fmt: skip
def test_term_counts(at, status):
    term = replace(ACTIVE, not_before=NOW, not_after=NOW + DAY)
    assert offline_status(term, NOW + at).value == status


@pytest.mark.parametrize("state", ContractState)
def test_state_is_told_as_the_judge_tells_it(state):
    from authz.evidence import Evidence, NoProof
    from authz.policy import UnprovenToken
    from authz.question import Question

    contract = replace(ACTIVE, state=state)
    asked = Evidence(
        question=Question(token_type="eMAID", emaid=ONE),
        proof=NoProof(),
        standing=contract,
        gathered_at=NOW,
    )
    judged = judge(asked, Policy(unproven_token=UnprovenToken.BY_CONTRACT), NOW)
    assert offline_status(contract, NOW) is judged.id_token_status
