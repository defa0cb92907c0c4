"""Policies, registered names and blocked keys over HTTP."""

import pytest

from tests.integration.test_pki_doors import FORM, Door, code
from tests.pki_house import TENANT, Clock, furnished_house
from tests.world import NOW

ONCE = {"role": "contract", "edition": "iso15118-2", "common_name": "DE8AA000000001"}


@pytest.fixture
def door(tmp_path):
    url = f"sqlite:///{tmp_path}/pki.db"
    with furnished_house(url, clock=Clock(), identity_certificates_max=2) as house:
        yield Door(house)


@pytest.fixture
def operator(door):
    return door.house.authority.new_api_key(
        tenant=TENANT, name="operator", scopes=["operator", "read", "register"]
    )


def test_policy_is_read_set_and_counts(door, operator):
    told = door.get("/v1/policies/default", key=operator).json()
    assert (told["current"]["version"], told["earlier"]) == (1, [])
    grants = [{"role": "contract", "prefixes": ["nl-8aa"]}]
    body = {"after": 1, "grants": grants}
    answer = door("PUT", "/v1/policies/default", key=operator, json=body)
    assert answer.json()["grants"] == [
        {"role": "contract", "prefixes": ["NL8AA"], "editions": ["iso15118-2", "iso15118-20"]}
    ]
    refused = door.post("/v1/certificates", json=FORM)
    assert (refused.status_code, code(refused)) == (403, "registration.identity_not_permitted")
    again = door("PUT", "/v1/policies/default", key=operator, json=body)
    assert (again.status_code, code(again)) == (409, "conflict.policy_version")
    told = door.get("/v1/policies/default").json()
    assert [each["version"] for each in (told["current"], *told["earlier"])] == [2, 1]


def test_policy_of_nobody_is_absent(door, operator):
    for tenant in ("absent", "x" * 65, "a%0Ab"):
        assert door.get(f"/v1/policies/{tenant}", key=operator).status_code == 404
    assert door.get("/v1/policies/absent").status_code == 404


def test_h03_policies_are_set_by_operators_from_whole_forms(door, operator):
    body = {"after": 1, "grants": []}
    refused = door("PUT", "/v1/policies/default", json=body)
    assert (refused.status_code, code(refused)) == (403, "caller.scope_missing")
    for odd in ({"tenant": "x"}, {"after": -1}, {"grants": [{"role": "contract"}]}):
        answer = door("PUT", "/v1/policies/default", key=operator, json={**body, **odd})
        assert answer.status_code == 422, answer.text
    bad = {**body, "grants": [{"role": "contract", "prefixes": ["DE"]}]}
    answer = door("PUT", "/v1/policies/default", key=operator, json=bad)
    assert (answer.status_code, code(answer)) == (400, "malformed.policy")


def test_names_are_registered_listed_and_withdrawn(door, operator):
    answer = door.post("/v1/registered-names", key=operator, json={"names": [ONCE]})
    assert answer.status_code == 201
    (name,) = answer.json()["names"]
    again = door.post("/v1/registered-names", key=operator, json={"names": [ONCE]})
    assert (again.status_code, code(again)) == (409, "conflict.name_registered")
    assert door.get("/v1/registered-names").json() == {"names": [name], "after": None}
    assert door.get(f"/v1/registered-names?after={name['number']}").json()["names"] == []
    place = f"/v1/registered-names/{name['number']}"
    assert door("DELETE", place).status_code == 403
    assert door("DELETE", place, key=operator).status_code == 204
    assert door("DELETE", place, key=operator).status_code == 404
    assert door("DELETE", "/v1/registered-names/x", key=operator).status_code == 404
    (told,) = door.get("/v1/registered-names").json()["names"]
    assert told["withdrawn_at"] == NOW.isoformat().replace("+00:00", "Z")


def test_more_names_than_a_page_are_asked_for_again(door, operator):
    many = [{**ONCE, "common_name": f"DE8AA{number:09d}"} for number in range(1000)]
    answer = door.post("/v1/registered-names", key=operator, json={"names": many})
    assert answer.status_code == 201
    told = door.get("/v1/registered-names").json()
    assert told["after"] == told["names"][-1]["number"]
    assert door.get(f"/v1/registered-names?after={told['after']}").json()["names"] == []


def test_blocked_key_is_not_certified(door, operator):
    issued = door.post("/v1/certificates", json=FORM).json()
    entry = door.house.stores.register
    assert entry.find(issued["issuer_key_id"], int(issued["serial"], 16))
    from certs import pem
    from tests.pki_house import key_id

    (leaf, *_) = pem.parse_chain(issued["chain"])
    place = f"/v1/blocked-keys/{key_id(leaf)}"
    assert door("PUT", place, json={"why": "x"}).status_code == 403
    assert door("PUT", place, key=operator, json={"why": "lost"}).status_code == 204
    refused = door.post("/v1/certificates", json=FORM)
    assert (refused.status_code, code(refused)) == (403, "registration.key_blocked")
    assert door("PUT", "/v1/blocked-keys/xyz", key=operator, json={"why": "x"}).status_code == 404


def test_too_many_for_one_identity_are_told_when_to_come_again(door):
    for _ in range(2):
        assert door.post("/v1/certificates", json=FORM).status_code == 201
    refused = door.post("/v1/certificates", json=FORM)
    assert (refused.status_code, code(refused)) == (429, "registration.identity_rate")
    assert refused.headers["retry-after"] == "3600"
