"""The authorization doors over HTTP: keys, tenants, caps, problems, the registry, the log."""

import json
import re
from base64 import urlsafe_b64encode
from datetime import timedelta
from time import perf_counter

import msgspec
import pytest

from authz.api import problems
from authz.api.bodies import BODY_OCTETS_MAX, MANAGED_OCTETS_MAX
from authz.callers import Scope
from authz.errors import Unavailable
from authz.provisioning import Provisioning
from certs import errors as certs_errors
from certs import pem
from certs.errors import Malformed, Refused
from certs.profiles.rules import Role
from tests.authz_house import (
    DATABASES,
    EVSE,
    OTHER_TENANT,
    RESPONSE_LIFE,
    TENANT,
    another_contract,
    database_url,
    hash_data,
    house,
    verdict,
)
from tests.world import CONTRACT_CN, NOW, codes, expired, tampered, valid_world

ROOT = valid_world()[Role.MO_ROOT].certificate
ANCHOR = f"/v1/anchors/{ROOT.fingerprint.hex()}"
ANCHOR_BODY = {"certificate": pem.encode([ROOT]), "purpose": "mo"}
CONTRACT = f"/v1/contracts/{CONTRACT_CN}"
ASK = {"idToken": {"idToken": CONTRACT_CN, "type": "eMAID"}}
# Every operation of the OpenAPI document that needs a key, with something it would take.
STATION = "/v1/stations/DE8AA-1"
DOORS = [
    ("POST", "/v1/authorize", ASK, Scope.AUTHORIZE),
    ("GET", "/v1/decisions/00000000-0000-7000-8000-000000000000", None, Scope.AUTHORIZE),
    ("POST", "/v1/ocpp/2.0.1/Authorize", {}, Scope.AUTHORIZE),
    ("POST", "/v1/ocpp/2.0.1/batch", [], Scope.AUTHORIZE),
    ("GET", CONTRACT, None, Scope.MANAGE),
    ("PUT", CONTRACT, {}, Scope.MANAGE),
    ("PATCH", CONTRACT, {}, Scope.MANAGE),
    ("DELETE", CONTRACT, None, Scope.MANAGE),
    ("GET", f"/v1/evses/{EVSE}", None, Scope.MANAGE),
    ("PUT", f"/v1/evses/{EVSE}", {}, Scope.MANAGE),
    ("DELETE", f"/v1/evses/{EVSE}", None, Scope.MANAGE),
    ("POST", "/v1/contracts", None, Scope.MANAGE),
    ("GET", "/v1/local-list", None, Scope.MANAGE),
    ("POST", f"{STATION}/local-list", {}, Scope.MANAGE),
    ("GET", "/v1/anchors", None, Scope.MANAGE),
    ("GET", ANCHOR, None, Scope.MANAGE),
    ("PUT", ANCHOR, ANCHOR_BODY, Scope.MANAGE),
    ("DELETE", ANCHOR, None, Scope.MANAGE),
    ("GET", "/v1/policy", None, Scope.MANAGE),
    ("PUT", "/v1/policy", {}, Scope.MANAGE),
    ("GET", "/v1/stations", None, Scope.MANAGE),
    ("GET", STATION, None, Scope.MANAGE),
    ("PUT", STATION, {}, Scope.MANAGE),
    ("DELETE", STATION, None, Scope.MANAGE),
    ("POST", f"{STATION}/password", None, Scope.MANAGE),
]


@pytest.fixture(scope="module")
def h(tmp_path_factory):
    with house(tmp_path_factory.mktemp("authz")) as made:
        yield made


def problem(answer, status: int, code: str) -> dict:
    """A problem of this status and code, in the form that RFC 9457 gives it."""
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (answer.status_code, told["status"], told["code"]) == (status, status, code), told
    assert told["type"] == f"urn:plugward:problem:{code}"
    assert told["instance"].startswith("urn:uuid:")
    assert answer.headers["cache-control"] == "no-store"
    return told


def jwt(**header: str) -> str:
    """A token of another kind, which nobody here reads, signed with nothing."""
    claims = {"tenant": TENANT, "scope": "manage authorize", "exp": 4_102_444_800}
    parts = (json.dumps(part).encode() for part in (header, claims | header))
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in (*parts,)) + ".AA"


# Keys --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path", "body"), [door[:3] for door in DOORS])
@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic Y3BvOnNlY3JldA==",
        "Bearer pnc_live_0123456789abcdef_" + "0" * 48,
        "Bearer eyJhbGciOiJub25lIn0.eyJ0ZW5hbnQiOiJjcG8tb25lIn0.",
        "Bearer " + jwt(alg="HS256", kid="../../dev/null"),
        "Bearer " + jwt(alg="HS256", aud="another"),
        "Bearer " + jwt(alg="RS256", jku="http://127.0.0.1/keys", kid="' OR '1'='1"),
        "Bearer " + "x" * 10_000,
    ],
    ids=[
        "none",
        "empty",
        "scheme",
        "no key",
        "basic",
        "unknown",
        "alg=none",
        "kid injection",
        "wrong aud",
        "HS/RS confusion",
        "long",
    ],
)
def test_h01_no_door_opens_without_a_key_in_use(h, method, path, body, header):
    headers = {} if header is None else {"Authorization": header}
    answer = h.client.request(method, path, json=body, headers=headers)
    problem(answer, 401, "caller.unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path", "body", "scope"), DOORS)
def test_h01_no_door_opens_to_a_key_of_another_scope(h, method, path, body, scope):
    other = next(one for one in Scope if one is not scope)
    answer = h.client.request(method, path, json=body, headers=h.headers(scope=other))
    problem(answer, 403, "caller.scope_missing")


def test_h01_no_operation_is_missing_from_these_tests(h):
    document = h.client.get("/openapi.json").json()
    listed = {
        (method.upper(), path)
        for path, item in document["paths"].items()
        for method in item
        if method != "parameters" and item[method].get("security") != []
    }
    named = r"/(DE8AA|DE\*|2\.0\.1|[0-9a-f]{8}).*"
    tested = {(method, re.sub(named, "", path)) for method, path, *_ in DOORS}
    assert {(method, re.sub(r"/\{.*", "", path)) for method, path in listed} == tested
    routed = {
        (method, route.path)
        for route in h.client.app.router.routes
        for method in getattr(route, "methods", set()) - {"HEAD"}  # WebSockets have none
    }
    open_doors = {("GET", "/livez"), ("GET", "/readyz")}
    unlisted = {("GET", "/metrics"), ("GET", "/openapi.json")}
    assert routed == listed | open_doors | unlisted


def test_h01_revoked_and_expired_keys_end_at_once(tmp_path):
    with house(tmp_path) as h:
        assert verdict(h.ask(chain=h.contract))[2] == "accepted"
        with Provisioning(h.settings) as provisioning:
            key_id = h.keys[TENANT, Scope.AUTHORIZE].split("_")[2]
            provisioning.revoke_key(key_id, now=NOW)
            brief = provisioning.add_key(
                TENANT,
                scopes=frozenset({Scope.AUTHORIZE}),
                label="brief",
                now=NOW,
                random=lambda octets: b"\7" * octets,
                expires_at=NOW + timedelta(minutes=1),
            )
            assert [key.revoked_at for key in provisioning.keys(TENANT)].count(None) == 2
        problem(h.ask(chain=h.contract), 401, "caller.unauthenticated")
        h.keys[TENANT, Scope.AUTHORIZE] = brief
        assert verdict(h.ask(chain=h.contract))[2] == "accepted"
        h.clock.move(timedelta(minutes=1))
        problem(h.ask(chain=h.contract), 401, "caller.unauthenticated")


@pytest.mark.parametrize(
    "header",
    ["X-SSL-Client-Cert", "X-Forwarded-Client-Cert", "X-API-Key", "Cookie", "X-Remote-User"],
)
def test_h11_headers_that_others_believe_open_nothing(h, header):
    key = h.keys[TENANT, Scope.AUTHORIZE]
    answer = h.client.post("/v1/authorize", json=ASK, headers={header: key})
    problem(answer, 401, "caller.unauthenticated")


def test_h14_method_and_host_are_what_they_are(h):
    odd = {"X-HTTP-Method-Override": "DELETE", "Host": "evil.example", "X-Original-URL": "/metrics"}
    headers = h.headers(scope=Scope.MANAGE) | odd
    assert h.client.get(CONTRACT, headers=headers).status_code == 200
    assert h.manage("GET", CONTRACT).status_code == 200


def test_h08_ranges_are_ignored(h):
    decision = h.ask(chain=h.contract).json()["decisionId"]
    ranges = "bytes=" + ",".join(f"{at}-{at}" for at in range(2_000))
    headers = h.headers() | {"Range": ranges}
    answer = h.client.get(f"/v1/decisions/{decision}", headers=headers)
    assert (answer.status_code, answer.json()["decisionId"]) == (200, decision)


def test_h09_long_identifiers_are_refused_in_linear_time(h):
    for long in ("A" * 50_000, "DE" + "8" * 50_000, "-" * 50_000):
        started = perf_counter()
        assert h.ask(emaid=long).status_code == 422
        assert h.manage("GET", f"/v1/contracts/{long}").status_code == 400
        assert perf_counter() - started < 1


# Tenants -----------------------------------------------------------------------------------------


def test_h02_what_belongs_to_another_tenant_is_absent(h):
    decision = h.ask(chain=h.contract).json()["decisionId"]
    theirs = h.headers(OTHER_TENANT)
    foreign = h.client.get(f"/v1/decisions/{decision}", headers=theirs)
    absent = h.client.get("/v1/decisions/00000000-0000-7000-8000-000000000000", headers=theirs)
    told = [problem(answer, 404, "decision.not_found") for answer in (foreign, absent)]
    assert {one.pop("instance") for one in told}
    assert told[0] == told[1]
    for method, path in [("GET", CONTRACT), ("PATCH", CONTRACT), ("DELETE", CONTRACT)]:
        body = {} if method == "PATCH" else None
        answer = h.manage(method, path, json=body, tenant=OTHER_TENANT)
        problem(answer, 404, "contract.not_found")
    for method in ("GET", "DELETE"):
        problem(h.manage(method, f"/v1/evses/{EVSE}", tenant=OTHER_TENANT), 404, "evse.not_found")
        problem(h.manage(method, ANCHOR, tenant=OTHER_TENANT), 404, "anchor.not_found")
    assert h.manage("PUT", STATION, json={}).status_code in {200, 201}
    for method, path in [("GET", STATION), ("DELETE", STATION), ("POST", f"{STATION}/password")]:
        problem(h.manage(method, path, tenant=OTHER_TENANT), 404, "station.not_found")
    assert h.manage("GET", "/v1/stations", tenant=OTHER_TENANT).json() == {"stations": []}
    assert h.manage("GET", "/v1/anchors", tenant=OTHER_TENANT).json() == {"anchors": []}
    assert h.manage("GET", CONTRACT).status_code == 200


def test_h02_every_name_of_another_tenant_is_absent_in_the_same_words(tmp_path):
    """Every operation of the document that names something, with what the other tenant has."""
    with house(tmp_path) as h:
        h.manage("PUT", f"/v1/evses/{EVSE}", json={})
        h.manage("PUT", STATION, json={})
        named = {
            "emaid": (CONTRACT_CN, "DE8AA009999999"),
            "evse_id": (EVSE, "DE*PLW*E999999"),
            "fingerprint": (ROOT.fingerprint.hex(), "0" * 64),
            "identity": ("DE8AA-1", "DE8AA-2"),
            "decision_id": (
                h.ask(chain=h.contract).json()["decisionId"],
                "00000000-0000-7000-8000-000000000000",
            ),
        }
        document = h.client.get("/openapi.json").json()
        tried = 0
        for path, item in document["paths"].items():
            for method in {"get", "patch", "delete", "post"} & set(item):
                match = re.search(r"\{(\w+)\}", path)
                if match is None or match[1] == "version":  # OCPP's, and nobody's
                    continue
                told = []
                for name in named[match[1]]:
                    body = {"json": {}} if "requestBody" in item[method] else {}
                    scope = Scope.AUTHORIZE if match[1] == "decision_id" else Scope.MANAGE
                    answer = h.client.request(
                        method.upper(),
                        path.replace(match[0], name),
                        headers=h.headers(OTHER_TENANT, scope),
                        **body,
                    )
                    assert answer.status_code < 500, (method, path, answer.text)
                    told.append({**answer.json(), "instance": "", "code": answer.status_code})
                assert told[0] == told[1], (method, path)
                tried += 1
        assert tried >= 12
        assert h.manage("GET", CONTRACT).status_code == 200  # and all of it is there still
        assert h.manage("GET", STATION).status_code == 200
        assert h.manage("GET", ANCHOR).status_code == 200


def test_h02_tenants_keep_the_same_emaid_apart(tmp_path):
    with house(tmp_path) as h:
        h.trust(h.world[Role.MO_ROOT], "mo", tenant=OTHER_TENANT)
        h.register(tenant=OTHER_TENANT, state="Blocked", chain=h.contract)
        assert verdict(h.ask(chain=h.contract))[2] == "accepted"
        assert verdict(h.ask(chain=h.contract, tenant=OTHER_TENANT))[2] == "contract.blocked"
        assert h.manage("DELETE", CONTRACT, tenant=OTHER_TENANT).status_code == 204
        assert verdict(h.ask(hashes=h.contract))[2] == "accepted"


# Caps and forms ----------------------------------------------------------------------------------


def test_h04_body_over_the_cap_is_refused(h):
    headers = h.headers() | {"Content-Type": "application/json"}
    for method, path, key, octets_max in [
        ("POST", "/v1/authorize", h.headers(), BODY_OCTETS_MAX),
        ("PUT", CONTRACT, h.headers(scope=Scope.MANAGE), MANAGED_OCTETS_MAX),
    ]:
        answer = h.client.request(
            method, path, content=b" " * (octets_max + 1), headers=headers | key
        )
        problem(answer, 413, "malformed.too_large")


def test_h05_json_that_readers_read_differently_is_refused(h):
    headers = h.headers() | {"Content-Type": "application/json"}
    twice = b'{"idToken":{"idToken":"a","type":"b"},"idToken":{"idToken":"a","type":"b"}}'
    for body in (b"{", twice, b'{"idToken":NaN}', b"[" * 10_000):
        answer = h.client.post("/v1/authorize", content=body, headers=headers)
        assert answer.status_code in {400, 422}
    problem(h.client.post("/v1/authorize", content=twice, headers=headers), 400, "malformed.body")


def test_h03_fields_of_others_are_refused(h):
    for field in ("tenant_id", "tenant", "role", "status", "is_ca"):
        asked = {"json": ASK | {field: "x"}, "headers": h.headers()}
        problem(h.client.post("/v1/authorize", **asked), 422, "malformed.body_fields")
        answer = h.manage("PUT", CONTRACT, json={field: "x"})
        problem(answer, 422, "malformed.body_fields")


@pytest.mark.parametrize(
    ("chain", "code"),
    [
        ("no PEM", "malformed.pem"),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n", "malformed.pem"),
        ("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", "malformed.pem"),
        ("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "malformed.certificate"),
        ("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", "malformed.pem"),
        ("", "malformed.pem"),
    ],
    ids=["text", "cut", "no base64", "no certificate", "a key", "nothing"],
)
def test_chain_that_is_none_is_a_problem_and_no_decision(h, chain, code):
    problem(h.ask(chain=chain), 400, code)


def test_x32_chain_over_the_cap_is_refused_before_it_is_read(h):
    problem(h.ask(chain="A" * 10_001), 422, "malformed.body_fields")


def test_x15_ten_thousand_certificates_are_refused_quickly(h):
    many = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n" * 150
    assert len(many) <= 10_000
    answer = h.ask(chain=many)
    assert answer.status_code in {400, 413}


def test_trailing_octets_of_a_certificate_are_malformed(h):
    fat = pem.encode([h.contract.certificate])
    body = fat.replace("-----END", "AAAA\n-----END")
    assert h.ask(chain=body).status_code == 400


def test_emaid_that_is_none_is_a_problem_that_does_not_repeat_it(h):
    told = problem(h.ask(emaid="DE8AA_12345678"), 400, "malformed.identifier")
    assert "DE8AA_12345678" not in json.dumps(told)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "http.not_found"),
        ("GET", "/v1/authorize", 405, "http.method_not_allowed"),
        ("POST", "/v1/contracts/DE8AA001234567", 405, "http.method_not_allowed"),
        ("GET", "/docs", 404, "http.not_found"),
        ("POST", "/v1/authorize/", 404, "http.not_found"),
    ],
)
def test_paths_that_are_not_there_are_problems_too(h, method, path, status, code):
    problem(h.client.request(method, path), status, code)


def test_other_forms_of_body_are_refused(h):
    answer = h.client.post("/v1/authorize", content=b"a=b", headers=h.headers())
    problem(answer, 415, "malformed.body_form")


# Problems ----------------------------------------------------------------------------------------


def _children(kind: type) -> set[type]:
    return {kind} | {below for child in kind.__subclasses__() for below in _children(child)}


def test_every_error_of_ours_has_a_status():
    ours = {
        kind
        for root in (*problems.STATUS, Exception)
        for kind in _children(root)
        if kind.__module__.startswith(("authz.", "certs."))
    }
    unplaced = {kind.__name__ for kind in ours if _status(kind) == 500}
    assert unplaced <= {"BudgetExhausted"}  # path search raises and catches it
    assert certs_errors.TooLarge in ours


def _status(kind: type) -> int:
    return next((int(problems.STATUS[a]) for a in kind.__mro__ if a in problems.STATUS), 500)


def test_error_of_ours_that_nobody_foresaw_is_told_without_its_text():
    told = problems.problem_of(RuntimeError("secret"), instance="urn:uuid:0")
    assert (told.status, told.code, told.detail) == (500, "internal", "")


def test_h13_bug_is_a_problem_without_details(tmp_path, caplog):
    with house(tmp_path) as h:
        h.client.app.router.routes[0].app._authorizer = None  # a bug of ours
        told = problem(h.ask(chain=h.contract), 500, "internal")
        assert set(told) == {"type", "title", "status", "code", "instance"}


@pytest.mark.parametrize(
    ("error", "status"),
    [(Malformed("x"), 400), (Refused("a.b", "x"), 403), (Unavailable("database"), 503)],
)
def test_errors_are_answered_by_one_table(error, status):
    assert problems.problem_of(error, instance="urn:uuid:0").status == status


# The registry ------------------------------------------------------------------------------------


def test_contract_is_kept_changed_and_forgotten(tmp_path):
    with house(tmp_path) as h:
        path = "/v1/contracts/de-8aa-007777777"
        made = h.manage("PUT", path, json={"evseIds": [EVSE], "notAfter": "2027-01-01T00:00:00Z"})
        assert made.status_code == 201
        assert made.json() == {
            "emaid": "DE8AA007777777",
            "state": "Active",
            "evseIds": ["DEPLWE000001"],
            "certificates": [],
            "notAfter": "2027-01-01T00:00:00Z",
        }
        assert h.manage("PUT", path, json={"state": "Suspended"}).status_code == 200
        assert h.manage("GET", "/v1/contracts/DE8AA007777777").json()["state"] == "Suspended"
        changed = h.manage(
            "PATCH", path, json={"notBefore": "2026-01-01T00:00:00Z", "evseIds": [EVSE]}
        )
        assert changed.json()["state"] == "Suspended"
        assert changed.json()["notBefore"] == "2026-01-01T00:00:00Z"
        cleared = h.manage("PATCH", path, json={"notBefore": None, "state": "Active"})
        assert "notBefore" not in cleared.json()
        assert cleared.json()["evseIds"] == ["DEPLWE000001"]
        assert h.manage("DELETE", path).status_code == 204
        problem(h.manage("GET", path), 404, "contract.not_found")
        problem(h.manage("DELETE", path), 404, "contract.not_found")
        problem(h.manage("PATCH", path, json={}), 404, "contract.not_found")


def test_restrictions_are_kept_as_they_were_put_and_change_alone(tmp_path):
    with house(tmp_path) as h:
        path = "/v1/contracts/DE8AA007777777"
        body = {"groupId": "fleet 7", **restricted_to({"from": "08:00", "to": "24:00"})}
        body["restrictions"] |= {"evsePrefixes": ["de*plw*E4"], "powerTypes": ["DC"]}
        kept = h.manage("PUT", path, json=body).json()
        assert kept["groupId"] == "fleet 7"
        assert kept["restrictions"] == body["restrictions"] | {"evsePrefixes": ["DEPLWE4"]}
        changed = h.manage("PATCH", path, json={"groupId": None}).json()
        assert "groupId" not in changed
        assert changed["restrictions"] == kept["restrictions"]
        freed = h.manage("PATCH", path, json={"restrictions": {}}).json()
        assert "restrictions" not in freed


def test_contract_of_a_power_type_charges_where_that_is_told(tmp_path):
    with house(tmp_path) as h:
        evse = f"/v1/evses/{EVSE}"
        h.register(chain=h.contract, restrictions={"powerTypes": ["DC"]}, groupId="fleet 7")
        answer = h.ask(chain=h.contract, evseId=EVSE)
        assert verdict(answer) == (
            "Accepted", "NotAllowedTypeEVSE", "contract.not_allowed_type_evse"
        )  # fmt: skip
        assert "groupIdToken" not in answer.json()["idTokenInfo"]
        problem(h.manage("GET", evse), 404, "evse.not_found")
        assert h.manage("PUT", evse, json={"powerType": "AC"}).status_code == 201
        assert verdict(h.ask(chain=h.contract, evseId=EVSE))[1] == "NotAllowedTypeEVSE"
        told = {"powerType": "DC", "latitude": 52.5, "longitude": 13.4}
        assert h.manage("PUT", evse, json=told).status_code == 200
        assert h.manage("GET", evse).json() == told
        assert verdict(h.ask(chain=h.contract))[1] == "NotAllowedTypeEVSE"  # it does not say where
        accepted = h.ask(chain=h.contract, evseId=EVSE)
        assert verdict(accepted)[2] == "accepted"
        assert accepted.json()["idTokenInfo"]["groupIdToken"] == {
            "idToken": "fleet 7", "type": "Central"
        }  # fmt: skip
        assert h.manage("DELETE", evse).status_code == 204
        assert verdict(h.ask(chain=h.contract, evseId=EVSE))[1] == "NotAllowedTypeEVSE"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"latitude": 52.5}, 422, "malformed.body_fields"),
        ({"latitude": 90.1, "longitude": 0}, 422, "malformed.body_fields"),
        ({"powerType": "HVDC"}, 422, "malformed.body_fields"),
    ],
)
def test_evse_that_cannot_be_meant_is_refused(h, body, status, code):
    problem(h.manage("PUT", f"/v1/evses/{EVSE}", json=body), status, code)


def test_two_changes_at_once_are_both_made(tmp_path):
    with house(tmp_path) as h:
        key = {"headers": h.headers(scope=Scope.MANAGE)}
        changes = [{"state": "Blocked"}, {"evseIds": [EVSE]}, {"notAfter": "2027-01-01T00:00:00Z"}]
        asked = [("PATCH", CONTRACT, {"json": change, **key}) for change in changes]
        assert {answer.status_code for answer in h.client.all(*asked)} == {200}
        told = h.manage("GET", CONTRACT).json()
        assert (told["state"], told["evseIds"]) == ("Blocked", ["DEPLWE000001"])
        assert told["notAfter"] == "2027-01-01T00:00:00Z"


def restricted_to(window=None, *, zone="Europe/Berlin"):
    window = {"days": ["Mon"]} | (window or {})
    return {"restrictions": {"schedule": {"zone": zone, "windows": [window]}}}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"state": "Sleeping"}, 422, "malformed.body_fields"),
        ({"notAfter": "2027-01-01T00:00:00"}, 422, "malformed.body_fields"),
        (
            {"notBefore": "2027-01-01T00:00:00Z", "notAfter": "2026-01-01T00:00:00Z"},
            422,
            "malformed.body_fields",
        ),
        ({"evseIds": ["socket 4"]}, 400, "malformed.identifier"),
        ({"evseIds": [EVSE] * 257}, 422, "malformed.body_fields"),
        ({"certificateChain": "no PEM"}, 400, "malformed.pem"),
        ({"groupId": "g" * 37}, 422, "malformed.body_fields"),
        ({"restrictions": {"evsePrefixes": ["PLW"]}}, 400, "malformed.identifier"),
        ({"restrictions": {"powerTypes": ["HVDC"]}}, 422, "malformed.body_fields"),
        ({"restrictions": {"colour": "red"}}, 422, "malformed.body_fields"),
        (restricted_to(zone="Mars/Olympus"), 422, "malformed.body_fields"),
        (restricted_to(zone="../../etc/passwd"), 422, "malformed.body_fields"),
        (restricted_to({"from": "18:00", "to": "08:00"}), 422, "malformed.body_fields"),
        (restricted_to({"to": "24:01"}), 422, "malformed.body_fields"),
        (restricted_to({"days": []}), 422, "malformed.body_fields"),
    ],
)
def test_contract_that_cannot_be_meant_is_refused_whole(tmp_path, body, status, code):
    with house(tmp_path) as h:
        path = "/v1/contracts/DE8AA007777777"
        problem(h.manage("PUT", path, json=body), status, code)
        problem(h.manage("GET", path), 404, "contract.not_found")


def test_term_is_checked_against_what_stands(tmp_path):
    with house(tmp_path) as h:
        h.register(notBefore="2027-01-01T00:00:00Z")
        answer = h.manage("PATCH", CONTRACT, json={"notAfter": "2026-01-01T00:00:00Z"})
        problem(answer, 422, "malformed.body_fields")


@pytest.mark.parametrize(
    ("chain", "code"),
    [
        (lambda world: tampered(world[Role.CONTRACT]), "chain.signature_invalid"),
        (another_contract, "identity.emaid_mismatch"),
        (lambda world: world[Role.SECC], "chain.role_confused"),
        (lambda _world: valid_world(name="foreign")[Role.CONTRACT], "chain.anchor_unknown"),
    ],
    ids=["tampered", "X11-of another contract", "X09-of another role", "of a foreign root"],
)
def test_chain_that_does_not_verify_is_not_registered(tmp_path, chain, code):
    with house(tmp_path) as h:
        body = {"certificateChain": chain(h.world).pem}
        told = problem(h.manage("PUT", CONTRACT, json=body), 403, "contract.chain_refused")
        found = {finding["code"] for finding in told["findings"]}
        assert code in found or found & {"chain.issuer_missing", "chain.role_unknown"}
        assert h.manage("GET", CONTRACT).json()["certificates"] == []


def test_contract_keeps_its_newest_certificates(tmp_path):
    with house(tmp_path) as h:
        issued = []
        for _ in range(9):
            h.clock.move(timedelta(seconds=1))
            issued.append(h.world.issue(Role.CONTRACT))
            h.register(chain=issued[-1])
        kept = h.register(chain=issued[-1])["certificates"]
        assert [one["fingerprint"] for one in kept] == [
            identity.certificate.fingerprint.hex() for identity in issued[1:]
        ]
        assert {one["origin"] for one in kept} == {"imported"}


def test_expired_certificate_may_be_registered(tmp_path):
    with house(tmp_path) as h:
        assert len(h.register(chain=expired(h.contract))["certificates"]) == 1


# Anchors and policy ------------------------------------------------------------------------------


def test_anchor_is_trusted_shown_and_forgotten(tmp_path):
    with house(tmp_path, boring=False) as h:
        sub = h.world[Role.MO_SUB_1].certificate.fingerprint.hex()
        body = ANCHOR_BODY | {"tolerances": [], "subCaRoles": {sub: "contract"}}
        assert h.manage("PUT", ANCHOR, json=body).status_code == 201
        again = h.manage("PUT", ANCHOR, json=body)
        assert again.status_code == 200
        shown = h.manage("GET", ANCHOR).json()["anchors"]
        assert shown == [again.json()] == h.manage("GET", "/v1/anchors").json()["anchors"]
        assert shown[0]["purpose"] == "mo"
        assert shown[0]["subCaRoles"] == {sub: "contract"}
        assert shown[0]["tolerances"] == []
        spelled = ":".join(re.findall("..", ROOT.fingerprint.hex().upper()))
        assert h.manage("GET", f"/v1/anchors/{spelled}").status_code == 200
        assert h.manage("PUT", ANCHOR, json=body | {"purpose": "v2g"}).status_code == 201
        assert len(h.manage("GET", ANCHOR).json()["anchors"]) == 2
        assert h.manage("DELETE", ANCHOR).status_code == 204
        problem(h.manage("GET", ANCHOR), 404, "anchor.not_found")
        problem(h.manage("DELETE", ANCHOR), 404, "anchor.not_found")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/anchors/" + "00" * 32, {}, 422, "malformed.body_fields"),
        ("/v1/anchors/00", {}, 422, "malformed.body_fields"),
        ("/v1/anchors/xy", {}, 422, "malformed.body_fields"),
        (ANCHOR, {"purpose": "everything"}, 422, "malformed.body_fields"),
        (ANCHOR, {"certificate": "no PEM"}, 400, "malformed.pem"),
        (ANCHOR, {"certificate": pem.encode([ROOT, ROOT])}, 422, "malformed.body_fields"),
        (ANCHOR, {"tolerances": ["chain.expired"]}, 403, "anchor.tolerance_unknown"),
        (ANCHOR, {"subCaRoles": {"xy": "contract"}}, 422, "malformed.body_fields"),
    ],
)
def test_anchor_that_cannot_be_meant_is_refused(h, path, body, status, code):
    problem(h.manage("PUT", path, json=ANCHOR_BODY | body), status, code)


def test_x02_sub_ca_is_no_anchor(h):
    sub = h.world[Role.MO_SUB_1].certificate
    body = ANCHOR_BODY | {"certificate": pem.encode([sub])}
    answer = h.manage("PUT", f"/v1/anchors/{sub.fingerprint.hex()}", json=body)
    problem(answer, 403, "anchor.not_self_signed")


def test_policy_is_shown_as_it_was_put(tmp_path):
    with house(tmp_path) as h:
        assert h.manage("GET", "/v1/policy").json() == {
            "checkDigit": "warn",
            "unprovenToken": "refuse",
            "relay": "flag",
            "cacheSeconds": 86400,
            "permittedProviders": {},
        }
        policy = {
            "checkDigit": "enforce",
            "unprovenToken": "by_contract",
            "relay": "refuse",
            "cacheSeconds": 60,
            "permittedProviders": {"ab" * 20: ["DE8AA"]},
        }
        assert h.manage("PUT", "/v1/policy", json=policy).json() == policy
        assert h.manage("GET", "/v1/policy").json() == policy
        problem(
            h.manage("PUT", "/v1/policy", json={"cacheSeconds": 10**9}),
            422,
            "malformed.body_fields",
        )


# The log -----------------------------------------------------------------------------------------


def test_every_answer_is_in_the_log_before_it_is_given(tmp_path):
    with house(tmp_path) as h:
        answers = [h.ask(chain=h.contract, evseId=EVSE), h.ask(), h.ask(hashes=h.contract)]
        for answer in answers:
            decision = answer.json()["decisionId"]
            logged = h.client.get(f"/v1/decisions/{decision}", headers=h.headers()).json()
            assert logged["answer"] == answer.json()
            assert logged["decisionId"] == decision
            assert logged["decidedAt"] == NOW.isoformat().replace("+00:00", "Z")
        question = h.client.get(
            f"/v1/decisions/{answers[0].json()['decisionId']}", headers=h.headers()
        ).json()["question"]
        path = (*h.contract.chain, h.contract.root)
        assert question == {
            "tokenType": "eMAID",
            "proof": "chain",
            "emaid": CONTRACT_CN,
            "evseId": "DEPLWE000001",
            "path": [certificate.fingerprint.hex() for certificate in path],
        }
        with Provisioning(h.settings) as provisioning:
            assert provisioning.first_break_of_log() is None


def test_answer_that_cannot_be_logged_is_not_given(tmp_path):
    with house(tmp_path) as h:
        assert verdict(h.ask(chain=h.contract))[2] == "accepted"
        with Provisioning(h.settings) as provisioning:
            with provisioning._database.writing() as connection:
                connection.exec_driver_sql(
                    "CREATE TRIGGER full_disk BEFORE INSERT ON decisions"
                    " BEGIN SELECT RAISE(ABORT, 'disk full'); END"
                )
            answer = h.ask(chain=h.contract)
            told = problem(answer, 503, "unavailable.database")
            assert answer.headers["retry-after"] == "1"
            assert "disk full" not in json.dumps(told)
            with provisioning._database.writing() as connection:
                connection.exec_driver_sql("DROP TRIGGER full_disk")
        assert verdict(h.ask(chain=h.contract))[2] == "accepted"


# For those who run it ----------------------------------------------------------------------------


def test_health_is_told_without_a_key(tmp_path):
    with house(tmp_path) as h:
        assert h.client.get("/livez").json() == {"status": "alive"}
        ready = h.client.get("/readyz")
        assert ready.json() == {
            "status": "ready",
            "checks": {"database": "ok", "decision_log": "ok", "clock": "ok"},
        }
        h.clock.move(-timedelta(days=1))
        unready = h.client.get("/readyz")
        assert unready.status_code == 503
        assert unready.json()["checks"]["clock"] != "ok"
        assert h.client.get("/livez").status_code == 200


def test_h13_metrics_count_decisions_and_name_nobody(tmp_path):
    with house(tmp_path) as h:
        h.ask(chain=h.contract)
        h.ask()
        h.ask(emaid="no eMAID")
        text = h.client.get("/metrics").text
        assert (
            'pnc_authorize_decisions_total{mode="chain",reason="accepted",result="Accepted"} 1.0'
            in text
        )
        assert 'pnc_problems_total{code="malformed.identifier"} 1.0' in text
        assert 'pnc_revocation_fetches_total{outcome="good"} 3.0' in text
        assert "pnc_authorize_duration_seconds_count 2.0" in text
        assert "pnc_ocsp_response_age_seconds_count 3.0" in text
        assert "pnc_decision_log_pending 0.0" in text
        assert CONTRACT_CN not in text


def test_openapi_document_holds_together(h):
    document = h.client.get("/openapi.json").json()
    assert document == json.loads(msgspec.json.encode(h.client.app.openapi()))
    schemas = document["components"]["schemas"]
    for reference in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)):
        assert reference in schemas
    identities = [
        operation["operationId"]
        for item in document["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
    ]
    assert len(identities) == len(set(identities))
    names = set(schemas["AuthorizeRequest"]["properties"])
    assert names == {
        "idToken",
        "certificate",
        "iso15118CertificateHashData",
        "evseId",
        "customData",
    }


def test_hash_data_of_a_station_are_taken_as_ocpp_has_them(h):
    custom = {"vendorId": "x"}
    sent = [entry | {"customData": custom} for entry in hash_data(h.contract)]
    h.register(chain=h.contract)
    assert verdict(h.ask(hashes=sent, customData=custom))[2] == "accepted"


def test_refusals_carry_findings_of_the_catalogue(h):
    told = h.ask(chain=tampered(h.contract)).json()
    assert codes([type("F", (), one) for one in told["findings"]]) == {"chain.signature_invalid"}


@pytest.mark.parametrize("kind", DATABASES)
def test_every_database_gives_the_same_answers(tmp_path, kind):
    with database_url(kind, tmp_path) as url, house(tmp_path, database_url=url) as h:
        assert verdict(h.ask(chain=h.contract))[2] == "accepted"
        assert verdict(h.ask(hashes=h.contract))[2] == "accepted"
        assert verdict(h.ask(emaid="DE8AA009876543"))[2] == "contract.proof_missing"
        h.responder.revoke(h.contract)
        h.clock.move(2 * RESPONSE_LIFE)
        assert verdict(h.ask(hashes=h.contract))[2] == "revocation.revoked"
        asked = ("POST", "/v1/authorize", {"json": ASK, "headers": h.headers()})
        assert {answer.status_code for answer in h.client.all(*[asked] * 20)} == {200}
        with Provisioning(h.settings) as provisioning:
            assert provisioning.first_break_of_log() is None
