"""A backend that keeps its own stations forwards their messages over HTTP."""

import json

import pytest

from authz.ocpp.protocol import OcppVersion
from tests.authz_house import OTHER_TENANT, TENANT, Scope, house
from tests.scripted_station import VENDOR, emaid_token, fits
from tests.signing_authority import KEY, SECC, SigningAuthority, csr
from tests.world import CONTRACT_CN

TOKEN = emaid_token(CONTRACT_CN)


@pytest.fixture
def boring(tmp_path):
    with house(tmp_path) as h:
        yield h


def forward(h, action, payload, *, version="2.0.1", station="CS-1", tenant=TENANT, **more):
    headers = h.headers(tenant) | ({} if station is None else {"OCPP-Station": station})
    content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers["Content-Type"] = "application/json"
    return h.client.post(f"/v1/ocpp/{version}/{action}", content=content, headers=headers, **more)


def batch(h, calls, *, version="2.0.1"):
    return h.client.post(f"/v1/ocpp/{version}/batch", json={"calls": calls}, headers=h.headers())


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
def test_a_forwarded_authorize_is_answered_in_ocpps_forms(boring, version):
    payload = {"idToken": TOKEN, "certificate": boring.contract.pem}
    answer = forward(boring, "Authorize", payload, version=version)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    fits(OcppVersion(f"ocpp{version}"), "Authorize", 3, answer.json())
    assert answer.json()["certificateStatus"] == "Accepted"


def test_16_data_transfer_is_forwarded_as_it_came(boring):
    data = json.dumps({"idToken": TOKEN, "certificate": boring.contract.pem})
    payload = {"vendorId": VENDOR, "messageId": "Authorize", "data": data}
    answer = forward(boring, "DataTransfer", payload, version="1.6").json()
    assert answer["status"] == "Accepted"
    assert json.loads(answer["data"])["idTokenInfo"]["status"] == "Accepted"


@pytest.mark.parametrize(
    ("version", "action", "payload", "status", "code", "word"),
    [
        ("2.0.1", "Heartbeat", {}, 404, "ocpp.not_implemented", "NotImplemented"),
        ("2.0.1", "GetCertificateChainStatus", {}, 404, "ocpp.not_implemented", "NotImplemented"),
        ("2.0.1", "authorize", {}, 404, "ocpp.not_implemented", "NotImplemented"),
        ("2.0.1", "Authorize", {}, 422, None, "OccurrenceConstraintViolation"),
        ("2.0.1", "Authorize", {"idToken": 1}, 422, None, "TypeConstraintViolation"),
        (
            "2.0.1",
            "Authorize",
            {"idToken": TOKEN, "certificate": "x" * 5_501},
            422,
            "ocpp.property_constraint_violation",
            "PropertyConstraintViolation",
        ),
        ("2.0.1", "Authorize", b"[]", 400, "ocpp.format_violation", "FormatViolation"),
        ("2.0.1", "Authorize", b'{"idToken":1,"idToken":2}', 400, None, "FormatViolation"),
        ("2.0", "Authorize", {}, 404, "ocpp.version", None),
        ("1.6", "Authorize", {"idTag": "x" * 21}, 422, None, "PropertyConstraintViolation"),
    ],
)
def test_what_a_station_would_be_told_as_a_callerror_is_a_problem(
    boring, *, version, action, payload, status, code, word
):
    answer = forward(boring, action, payload, version=version)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert code in {None, told["code"]}
    assert told.get("ocppErrorCode") == word


@pytest.mark.parametrize("station", [None, "", "a b", "x" * 49, "a:b"])
def test_a_forwarded_message_names_its_station(boring, station):
    assert forward(boring, "Authorize", {"idToken": TOKEN}, station=station).status_code == 400


def test_h01_forwarding_needs_a_key_that_asks(boring):
    path = "/v1/ocpp/2.0.1/Authorize"
    assert boring.client.post(path, json={}).status_code == 401
    managing = boring.headers(scope=Scope.MANAGE) | {"OCPP-Station": "CS-1"}
    assert boring.client.post(path, json={}, headers=managing).status_code == 403
    assert boring.client.post("/v1/ocpp/2.0.1/batch", json={}).status_code == 401


def test_h02_another_tenants_key_does_not_reach_this_ones_contracts(boring):
    payload = {"idToken": TOKEN, "certificate": boring.contract.pem}
    answer = forward(boring, "Authorize", payload, tenant=OTHER_TENANT).json()
    assert answer["idTokenInfo"]["status"] == "Invalid"


def test_h04_a_body_over_its_cap_is_refused(boring):
    assert forward(boring, "Authorize", b"{" + b" " * 70_000 + b"}").status_code == 413


def test_a_batch_is_answered_in_order_and_one_bad_message_spoils_no_other(boring):
    good = {"idToken": TOKEN, "certificate": boring.contract.pem}
    calls = [
        {"station": "CS-1", "action": "Authorize", "payload": good},
        {"station": "CS-2", "action": "Authorize", "payload": {"idToken": 5}},
        {"station": "CS-3", "action": "Reset", "payload": {}},
        {"station": "CS-4", "action": "Authorize", "payload": {"idToken": TOKEN}},
        {"station": "CS-5", "action": "Authorize", "payload": good},
    ]
    answer = batch(boring, calls)
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [one["status"] for one in results] == [200, 422, 404, 200, 200]
    assert results[0]["payload"]["certificateStatus"] == "Accepted"
    assert results[1]["problem"]["ocppErrorCode"] == "TypeConstraintViolation"
    assert results[3]["payload"]["idTokenInfo"]["status"] == "Invalid"
    assert results[4]["payload"]["certificateStatus"] == "Accepted"


@pytest.mark.parametrize(
    "calls",
    [
        [],
        [{"station": "CS-1", "action": "Authorize", "payload": {}}] * 101,
        [{"station": "a b", "action": "Authorize", "payload": {}}],
        [{"station": "CS-1", "action": "Authorize"}],
        [{"station": "CS-1", "action": "Authorize", "payload": {}, "tenant": "x"}],
    ],
)
def test_h03_a_batch_of_another_form_is_refused_whole(boring, calls):
    assert batch(boring, calls).status_code == 422


def test_a_large_payload_in_a_batch_is_its_own_problem(boring):
    calls = [
        {"station": "CS-1", "action": "Authorize", "payload": {"certificate": "x" * 70_000}},
        {"station": "CS-1", "action": "Authorize", "payload": {"idToken": TOKEN}},
    ]
    assert [one["status"] for one in batch(boring, calls).json()["results"]] == [422, 200]


# Certificates for stations that are connected elsewhere -------------------------------------------


def test_a_backend_brings_a_certificate_itself(tmp_path):
    with SigningAuthority() as authority:
        settings = {
            "certificate_authority": {"url": authority.origin, "api_key": KEY},
            "secc_names": [{"tenant": TENANT, "station": "CS-1", "names": [SECC]}],
        }
        with house(tmp_path, **settings) as h:
            wish = {"csr": csr(), "certificateType": "V2GCertificate"}
            assert forward(h, "SignCertificate", wish).json() == {"status": "Accepted"}
            path = "/v1/stations/CS-1/certificate-requests"
            h.client.run(h.client.app.state.answers.courier.work())
            for _ in range(200):
                (one,) = h.client.get(path, headers=h.headers()).json()["requests"]
                if one["state"] == "signed":
                    break
                h.client.run(h.client.app.state.answers.courier.work())
            assert one["state"] == "signed"
            assert one["certificateChain"].startswith("-----BEGIN CERTIFICATE-----")
            theirs = h.client.get(path, headers=h.headers(OTHER_TENANT)).json()
            assert theirs == {"requests": []}
            taken = f"{path}/{one['number']}"
            body = {"status": "Accepted"}
            foreign = h.client.post(taken, json=body, headers=h.headers(OTHER_TENANT))
            assert foreign.status_code == 404
            told = h.client.post(taken, json=body, headers=h.headers())
            assert told.json()["state"] == "delivered"
            assert h.client.post(taken, json=body, headers=h.headers()).status_code == 409
            assert h.client.post(f"{path}/x", json=body, headers=h.headers()).status_code == 404
