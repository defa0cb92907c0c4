"""Contracts by the thousand, and the lists that stations are sent of them."""

import asyncio
import json
from datetime import timedelta

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from authz.api import local_list, problems
from authz.callers import Caller, Scope
from authz.errors import Unavailable
from authz.local_list import ListChanges
from authz.ocpp.protocol import CallFailed, NotConnected, OcppVersion, Station
from authz.policy import Policy
from tests.authz_house import (
    DATABASES,
    OTHER_TENANT,
    TENANT,
    another_contract,
    database_url,
    house,
    poll,
    verdict,
)
from tests.world import NOW

NDJSON = {"Content-Type": "application/x-ndjson"}


def ndjson(*lines) -> bytes:
    return b"\n".join(
        line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines
    )


def imported(h, *lines, **more):
    headers = h.headers(scope=Scope.MANAGE) | NDJSON
    return h.client.post("/v1/contracts", content=ndjson(*lines), headers=headers, **more)


def listed(h, query: str = "", *, tenant: str = TENANT):
    answer = h.manage("GET", f"/v1/local-list{query}", tenant=tenant)
    assert answer.status_code == 200, answer.text
    return answer.json()


def tokens(told) -> dict[str, str]:
    return {
        entry["idToken"]["idToken"]: entry.get("idTokenInfo", {}).get("status", "removed")
        for entry in told.get("localAuthorizationList", ())
    }


def test_contracts_are_imported_with_their_chains(tmp_path):
    with house(tmp_path) as h:
        theirs = another_contract(h.world, "DE8AA005555555")
        h.responder.knows(theirs)
        lines = [{"emaid": f"DE8AA1{number:08}"} for number in range(200)]
        lines.append({"emaid": "DE8AA005555555", "certificateChain": theirs.pem, "groupId": "g"})
        assert imported(h, *lines).json() == {"kept": 201, "created": 201}
        assert imported(h, *lines).json() == {"kept": 201, "created": 0}
        assert verdict(h.ask(emaid="DE8AA005555555", hashes=theirs))[2] == "accepted"
        changed = {"emaid": "DE8AA005555555", "state": "Blocked"}
        assert imported(h, changed).json() == {"kept": 1, "created": 0}
        assert verdict(h.ask(emaid="DE8AA005555555", hashes=theirs))[2] == "contract.blocked"


@pytest.mark.parametrize(
    ("line", "status", "code"),
    [
        ({"emaid": "nobody"}, 422, "malformed.body_fields"),
        ({"state": "Active"}, 422, "malformed.body_fields"),
        ({"emaid": "DE8AA000000009", "colour": "red"}, 422, "malformed.body_fields"),
        ({"emaid": "DE8AA000000001"}, 422, "malformed.body_fields"),
        (b"not JSON", 422, "malformed.body_fields"),
        (b"", 422, "malformed.body_fields"),
        (b'{"emaid":"DE8AA000000009","emaid":"DE8AA000000008"}', 422, "malformed.body_fields"),
        ({"emaid": "DE8AA000000009", "certificateChain": "PEM"}, 422, "malformed.body_fields"),
    ],
    ids=["no eMAID", "none", "H03", "twice", "no JSON", "empty", "H05", "no chain"],
)
def test_one_bad_line_keeps_none(tmp_path, line, status, code):
    with house(tmp_path) as h:
        answer = imported(h, {"emaid": "DE8AA000000001"}, line, {"emaid": "DE8AA000000002"})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert "line 2: " in answer.json()["detail"]
        assert h.manage("GET", "/v1/contracts/DE8AA000000001").status_code == 404


def test_chain_of_another_contract_keeps_none_and_says_why(tmp_path):
    with house(tmp_path) as h:
        line = {"emaid": "DE8AA000000002", "certificateChain": h.contract.pem}
        answer = imported(h, {"emaid": "DE8AA000000001"}, line)
        assert answer.json()["code"] == "contract.chain_refused"
        assert answer.json()["detail"].startswith("line 2: ")
        assert answer.json()["findings"]
        assert h.manage("GET", "/v1/contracts/DE8AA000000001").status_code == 404


def test_h04_import_is_capped(tmp_path):
    with house(tmp_path) as h:
        many = [{"emaid": f"DE8AA1{number:08}"} for number in range(1_001)]
        assert imported(h, *many).status_code == 413
        assert imported(h, b" " * (8 * 1024 * 1024 + 1)).status_code == 413
        answer = h.manage("POST", "/v1/contracts", json={"emaid": "DE8AA000000001"})
        assert answer.status_code == 415


# Relay -------------------------------------------------------------------------------------------


def flags(answer) -> set[str]:
    return {
        finding["code"]
        for finding in answer.json()["findings"]
        if finding["code"].startswith("contract.")
    }


@pytest.mark.parametrize("kind", DATABASES)
def test_k18_contract_at_two_evses_within_a_minute_is_flagged(tmp_path, kind):
    with database_url(kind, tmp_path) as url, house(tmp_path, database_url=url) as h:
        h.register(chain=h.contract)
        one, other = "DE*PLW*E000001", "DE*PLW*E000002"
        assert flags(h.ask(chain=h.contract, evseId=one)) == set()
        assert flags(h.ask(chain=h.contract, evseId=one)) == set()  # the same place again
        poll(lambda: flags(h.ask(chain=h.contract, evseId=other)) == {"contract.concurrent_use"})
        h.clock.move(timedelta(minutes=2))
        assert flags(h.ask(chain=h.contract, evseId=one)) == set()


def test_k18_impossible_travel_is_flagged_or_refused(tmp_path):
    with house(tmp_path) as h:
        places = {"DE*PLW*E000001": (52.52, 13.405), "DE*PLW*E000002": (53.551, 9.994)}
        for evse, (latitude, longitude) in places.items():
            told = {"latitude": latitude, "longitude": longitude}
            assert h.manage("PUT", f"/v1/evses/{evse}", json=told).status_code == 201
        one, other = places
        assert verdict(h.ask(chain=h.contract, evseId=one))[2] == "accepted"
        h.clock.move(timedelta(minutes=30))
        assert h.manage("PUT", "/v1/policy", json={"relay": "refuse"}).status_code == 200
        poll(lambda: "contract.impossible_travel" in flags(h.ask(chain=h.contract, evseId=other)))
        answer = h.ask(chain=h.contract, evseId=other)
        assert verdict(answer) == ("Accepted", "ConcurrentTx", "contract.concurrent_tx")
        h.clock.move(timedelta(hours=2))  # nobody was granted there, and it may be driven by now
        h.responder.silent_seconds = 0
        assert verdict(h.ask(chain=h.contract, evseId=other))[2] == "accepted"


def test_k18_vehicle_that_the_contract_is_not_installed_in_is_flagged(tmp_path):
    with house(tmp_path) as h:
        h.register(chain=h.contract, vehicleIds=["aa:bb:cc:dd:ee:ff"])
        token = {"idToken": h.contract.certificate.common_name, "type": "eMAID"}

        def asked(vehicle):
            more = [{"additionalIdToken": vehicle, "type": "EVCCID"}]
            body = {"idToken": token | {"additionalInfo": more}, "certificate": h.contract.pem}
            return h.client.post("/v1/authorize", json=body, headers=h.headers())

        assert flags(asked("AABBCCDDEEFF")) == set()
        assert flags(asked("AA:BB:CC:DD:EE:00")) == {"contract.vehicle_mismatch"}


# Lists -------------------------------------------------------------------------------------------


def test_list_grows_with_each_change_and_differs_by_it(tmp_path):
    with house(tmp_path) as h:
        first = listed(h)
        assert (first["versionNumber"], first["updateType"]) == (1, "Full")
        assert tokens(first) == {"DE8AA001234567": "Accepted"}
        imported(h, {"emaid": "DE8AA000000001"}, {"emaid": "DE8AA000000002", "state": "Blocked"})
        assert tokens(listed(h, "?since=1")) == {
            "DE8AA000000001": "Accepted",
            "DE8AA000000002": "Blocked",
        }
        assert h.manage("DELETE", "/v1/contracts/DE8AA000000001").status_code == 204
        h.manage("PATCH", "/v1/contracts/DE8AA000000002", json={"state": "Active"})
        since = listed(h, "?since=2")
        assert (since["versionNumber"], since["updateType"]) == (4, "Differential")
        assert tokens(since) == {"DE8AA000000001": "removed", "DE8AA000000002": "Accepted"}
        assert tokens(listed(h)) == {"DE8AA001234567": "Accepted", "DE8AA000000002": "Accepted"}
        assert tokens(listed(h, "?since=4")) == {}
        assert listed(h, "?since=99")["updateType"] == "Full"  # not a version of this list
        assert h.manage("GET", "/v1/contracts/DE8AA009999999").status_code == 404
        assert listed(h)["versionNumber"] == 4


def test_h02_list_is_of_the_callers_tenant(tmp_path):
    with house(tmp_path) as h:
        assert listed(h, tenant=OTHER_TENANT) == {"versionNumber": 0, "updateType": "Full"}


def test_list_of_a_group_and_for_an_older_station(tmp_path):
    with house(tmp_path) as h:
        h.register("DE8AA000000001", groupId="fleet 7")
        told = listed(h, "?groupId=fleet%207&ocpp=1.6")
        assert told["listVersion"] == 2
        assert [entry["idTag"] for entry in told["localAuthorizationList"]] == ["DE8AA000000001"]


@pytest.mark.parametrize(
    "query", ["?since=-1", "?since=x", "?since=" + "9" * 19, "?ocpp=3.0", "?groupId=" + "g" * 37]
)
def test_list_that_cannot_be_meant_is_refused(tmp_path, query):
    with house(tmp_path) as h:
        assert h.manage("GET", f"/v1/local-list{query}").status_code == 422


class Connected:
    """Stations that answer as they are told."""

    def __init__(self, *statuses: str, version: OcppVersion = OcppVersion.V201) -> None:
        self.statuses = list(statuses)
        self.version = version
        self.got: list[dict] = []

    async def find(self, tenant, identity):
        known = Station(tenant=tenant, identity="CS-1", version=self.version)
        return known if identity == known.identity else None

    async def call(self, tenant, identity, action, payload, *, timeout_seconds):
        assert (tenant, identity, action) == (TENANT, "CS-1", "SendLocalList")
        assert timeout_seconds > 0
        self.got.append(json.loads(payload))
        status = self.statuses.pop(0)
        if status == "gone":
            raise NotConnected
        if status == "silent":
            raise Unavailable("station", "no answer in time")
        if status == "NotImplemented":
            raise CallFailed("NotImplemented", "no lists here")
        return msgspec.json.encode({"status": status})


def sent(stations: Connected, body: dict, identity: str = "CS-1") -> httpx.Response:
    """What POST /v1/stations/{identity}/local-list answers over some stations."""

    class Registry:
        async def changes(self, tenant, *, since, count_max):
            assert tenant == TENANT
            assert count_max > 0
            return ListChanges(since=since, version=9, changes=())

    class Everybody:
        policy = Policy()

        async def trust(self, _tenant, *, generation):
            assert generation == 1
            return self

        def moment(self):
            return NOW

        async def admit(self, _scope, scope):
            assert scope is Scope.MANAGE
            return Caller(key_id="k", tenant=TENANT, scopes=frozenset(Scope), generation=1)

    app = FastAPI()
    problems.install(app, count=lambda _code: None)
    one = Everybody()
    local_list.install(app, one, changes=Registry(), trusts=one, stations=stations, clock=one)

    async def ask():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://authz.test") as client:
            return await client.post(f"/v1/stations/{identity}/local-list", json=body)

    return asyncio.run(ask())


@pytest.mark.parametrize("version", OcppVersion)
def test_list_is_sent_to_a_connected_station_in_its_own_version(version):
    stations = Connected("Accepted", version=version)
    answer = sent(stations, {})
    assert answer.json() == {
        "version": 9, "updateType": "Full", "entries": 0, "status": "Accepted"
    }  # fmt: skip
    assert ("listVersion" in stations.got[0]) is (version is OcppVersion.V16)


def test_station_that_holds_another_list_gets_the_whole():
    stations = Connected("VersionMismatch", "Accepted")
    answer = sent(stations, {"since": 5})
    assert [told["updateType"] for told in stations.got] == ["Differential", "Full"]
    assert (answer.json()["status"], answer.json()["updateType"]) == ("Accepted", "Full")


def test_station_that_refuses_is_told_so():
    stations = Connected("Failed")
    assert sent(stations, {"since": 5}).json()["status"] == "Failed"
    assert len(stations.got) == 1


@pytest.mark.parametrize(
    ("status", "code"), [("gone", 404), ("silent", 503), ("NotImplemented", 409)]
)
def test_station_that_went_away_is_a_problem(status, code):
    assert sent(Connected(status), {}).status_code == code


def test_station_that_is_not_connected_is_absent():
    answer = sent(Connected(), {}, identity="CS-2")
    assert (answer.status_code, answer.json()["code"]) == (404, "station.not_connected")
