"""Stations ask whether a contract may charge, in OCPP 1.6, 2.0.1 and 2.1."""

import json
from datetime import datetime, timedelta

import pytest

from authz.actions.catalogue import ACTIONS, Handling
from authz.ocpp.protocol import CallErrorCode, CallRefused, OcppVersion
from authz.ocpp.schemas import MessageKind, knows, validate
from certs.profiles.rules import Role
from tests.authz_house import (
    OTHER_TENANT,
    TENANT,
    Clock,
    Responder,
    another_contract,
    hash_data,
    house,
)
from tests.scripted_station import CALL_RESULT, VENDOR, ScriptedStation, emaid_token, fits
from tests.world import CONTRACT_CN, valid_world

NEWER = [OcppVersion.V201, OcppVersion.V21]
TOKEN = emaid_token(CONTRACT_CN)


def pair(answer):
    return answer.get("certificateStatus"), answer["idTokenInfo"]["status"]


@pytest.fixture
def boring(tmp_path):
    with house(tmp_path) as h:
        yield h


@pytest.mark.parametrize("version", NEWER)
def test_a_chain_is_judged_and_logged_as_over_http(boring, version):
    station = ScriptedStation(boring, version)
    answer = station.ask("Authorize", idToken=TOKEN, certificate=boring.contract.pem)
    assert pair(answer) == ("Accepted", "Accepted")
    until = datetime.fromisoformat(answer["idTokenInfo"]["cacheExpiryDateTime"])
    assert boring.clock.now < until <= boring.clock.now + timedelta(days=1)
    # the same as HTTP says
    told = boring.ask(chain=boring.contract).json()
    assert told["certificateStatus"] == "Accepted"


def test_tc_c_50_csms_hash_data_alone_are_asked_at_their_responder(tmp_path):
    """TC_C_50_CSMS: no cached OCSP, so the station's responderURL is called: it is listed."""
    clock = Clock()
    responder = Responder(clock)
    listed = [{"prefix": f"{responder.origin}/ocsp"}]
    try:
        with house(
            tmp_path, clock=clock, responder=responder, revocation_sources=[], allowed_urls=listed
        ) as h:
            h.register(chain=h.contract)
            hashes = hash_data(h.contract, url=f"{responder.origin}/ocsp")
            station = ScriptedStation(h)
            answer = station.ask("Authorize", idToken=TOKEN, iso15118CertificateHashData=hashes)
            assert pair(answer) == ("Accepted", "Accepted")
            assert len(responder.asked) == 3
    finally:
        responder.close()


def test_tc_c_51_csms_a_revoked_certificate_by_its_hash_data(boring):
    """TC_C_51_CSMS (C07.FR.16)."""
    boring.register(chain=boring.contract)
    boring.responder.revoke(boring.contract)
    answer = ScriptedStation(boring).ask(
        "Authorize", idToken=TOKEN, iso15118CertificateHashData=hash_data(boring.contract)
    )
    assert pair(answer) == ("CertificateRevoked", "Invalid")


def test_tc_c_52_csms_a_chain_alone_and_the_central_system_asks_itself(boring):
    """TC_C_52_CSMS (C07.FR.04, FR.05); erratum 2025-02: ECDSA and at least one sub-CA."""
    assert len(boring.contract.chain) >= 2
    answer = ScriptedStation(boring).ask(
        "Authorize", idToken=TOKEN, certificate=boring.contract.pem
    )
    assert pair(answer) == ("Accepted", "Accepted")
    assert len(boring.responder.asked) == 3


def test_decisions_over_ocpp_are_counted_like_all_others(boring):
    ScriptedStation(boring).ask("Authorize", idToken=TOKEN, certificate=boring.contract.pem)
    told = boring.client.get("/metrics").text
    line = 'decisions_total{mode="chain",reason="accepted",result="Accepted"} 1.0'
    assert f"pnc_authorize_{line}" in told


@pytest.mark.parametrize("version", NEWER)
def test_k20_hash_data_of_another_contract_authorize_nobody(boring, version):
    other = another_contract(boring.world)
    boring.responder.knows(other)
    boring.register("DE8AA009876543", chain=other)
    answer = ScriptedStation(boring, version).ask(
        "Authorize", idToken=TOKEN, iso15118CertificateHashData=hash_data(other)
    )
    assert pair(answer) == ("CertChainError", "Invalid")


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"certificate": "no certificate at all"}, ("CertChainError", "Invalid")),
        ({"certificate": ""}, ("CertChainError", "Invalid")),
        ({"idToken": emaid_token("not an eMAID")}, (None, "Invalid")),
        ({"idToken": {"idToken": "04A1B2", "type": "ISO14443"}}, (None, "Unknown")),
        ({}, ("CertChainError", "Invalid")),
    ],
)
def test_c07_fr_04_there_is_always_a_status(boring, payload, expected):
    assert (
        pair(ScriptedStation(boring).ask("Authorize", **{"idToken": TOKEN} | payload)) == expected
    )


def test_evse_ids_do_not_come_with_ocpp_and_a_bound_contract_is_refused(boring):
    boring.register(evseIds=["DE*PLW*E000001"])
    answer = ScriptedStation(boring).ask(
        "Authorize", idToken=TOKEN, certificate=boring.contract.pem
    )
    assert pair(answer) == ("Accepted", "NotAtThisLocation")


def test_limits_are_each_versions_own(boring):
    """certificate 5,500 and 10,000 characters; idToken 36 and 255; responderURL 512 and 2,000."""
    hashes = hash_data(boring.contract, url="http://ocsp.example/" + "a" * 600)
    bodies = {
        "certificate": {"idToken": TOKEN, "certificate": "x" * 5_501},
        "idToken": {"idToken": emaid_token("D" * 37)},
        "responderURL": {"idToken": TOKEN, "iso15118CertificateHashData": hashes},
    }
    for field, body in bodies.items():
        octets = json.dumps(body).encode()
        with pytest.raises(CallRefused) as refused:
            validate(OcppVersion.V201, "Authorize", MessageKind.REQUEST, octets)
        assert refused.value.code is CallErrorCode.PROPERTY_CONSTRAINT_VIOLATION, field
        validate(OcppVersion.V21, "Authorize", MessageKind.REQUEST, octets)


def test_another_tenants_station_does_not_know_the_contract(boring):
    station = ScriptedStation(boring, tenant=OTHER_TENANT)
    answer = station.ask("Authorize", idToken=TOKEN, certificate=boring.contract.pem)
    assert pair(answer) == ("CertChainError", "Invalid")  # it trusts no root


def test_a_group_is_told_in_each_versions_form(boring):
    boring.register(groupId="FLEET-7")
    for version in NEWER:
        info = ScriptedStation(boring, version).ask(
            "Authorize", idToken=TOKEN, certificate=boring.contract.pem
        )["idTokenInfo"]
        assert info["groupIdToken"] == {"idToken": "FLEET-7", "type": "Central"}


# -- OCPP 1.6 -------------------------------------------------------------------------------------


@pytest.fixture
def old(boring):
    return ScriptedStation(boring, OcppVersion.V16)


def test_16_authorize_comes_in_a_data_transfer(boring, old):
    status, told = old.transfer("Authorize", {"idToken": TOKEN, "certificate": boring.contract.pem})
    assert status == "Accepted"
    assert pair(told) == ("Accepted", "Accepted")


def test_16_accepted_never_comes_without_data(boring, old):
    """EVerest#2522: the central system answered without data, and the station failed."""
    status, told = old.transfer("Authorize", {"idToken": emaid_token("DE8AA000000000")})
    assert status == "Accepted"
    assert told["idTokenInfo"]["status"] in {"Invalid", "Unknown"}


def test_16_data_are_a_string_and_not_an_object(boring, old):
    """mobilityhouse/ocpp#371."""
    octets = json.dumps({"vendorId": VENDOR, "data": {"idToken": TOKEN}}).encode()
    with pytest.raises(CallRefused) as refused:
        validate(OcppVersion.V16, "DataTransfer", MessageKind.REQUEST, octets)
    assert refused.value.code is CallErrorCode.TYPE_CONSTRAINT_VIOLATION


@pytest.mark.parametrize(
    ("message_id", "vendor", "data", "expected"),
    [
        ("Authorize", "iso15118", "{}", "UnknownVendorId"),
        ("Authorize", VENDOR, "{}", "Rejected"),
        ("Authorize", VENDOR, "not JSON", "Rejected"),
        ("authorize", VENDOR, "{}", "UnknownMessageId"),
        ("Heartbeat", VENDOR, "{}", "UnknownMessageId"),
        ("InstallCertificate", VENDOR, "{}", "Rejected"),
        ("TriggerMessage", VENDOR, "{}", "Rejected"),
    ],
)
def test_16_what_is_no_message_is_answered_so(old, message_id, vendor, data, expected):
    answer = old.ask("DataTransfer", vendorId=vendor, messageId=message_id, data=data)
    assert answer == {"status": expected}


def test_16_a_data_transfer_without_a_message_id(old):
    assert old.ask("DataTransfer", vendorId=VENDOR) == {"status": "UnknownMessageId"}


def test_16_an_id_tag_that_nothing_proves_is_refused_by_default(boring, old):
    assert old.ask("Authorize", idTag=CONTRACT_CN) == {"idTagInfo": {"status": "Invalid"}}
    policy = boring.manage("GET", "/v1/policy").json()
    put = boring.manage("PUT", "/v1/policy", json=policy | {"unprovenToken": "by_contract"})
    assert put.status_code == 200
    boring.register(groupId="FLEET-7")
    told = old.ask("Authorize", idTag=CONTRACT_CN)["idTagInfo"]
    assert told["status"] == "Accepted"
    assert told["parentIdTag"] == "FLEET-7"
    boring.register(state="NoCredit")
    assert old.ask("Authorize", idTag=CONTRACT_CN) == {"idTagInfo": {"status": "Blocked"}}
    assert old.ask("Authorize", idTag="04A1B2C3") == {"idTagInfo": {"status": "Invalid"}}


# -- connected ------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", OcppVersion)
def test_a_station_boots_and_shows_that_it_lives(boring, version):
    station = ScriptedStation(boring, version)
    boot = (
        {"chargePointVendor": "plw", "chargePointModel": "one"}
        if version is OcppVersion.V16
        else {"reason": "PowerUp", "chargingStation": {"vendorName": "plw", "model": "one"}}
    )
    answer = station.ask("BootNotification", **boot)
    assert answer["status"] == "Accepted"
    assert answer["interval"] == 300
    assert datetime.fromisoformat(answer["currentTime"]) == boring.clock.now.replace(microsecond=0)
    assert set(station.ask("Heartbeat")) == {"currentTime"}


CONSTANT = {Handling.NOTED, Handling.NO_SCHEDULE, Handling.SCHEDULE_NOTED, Handling.NO_VENDOR}


@pytest.mark.parametrize("version", OcppVersion)
def test_every_action_is_the_versions_own_and_every_constant_answer_fits(boring, version):
    """NotifyEvent, SecurityEventNotification and the like: what stations say all day long."""
    answered = 0
    for (spoken, action), handling in ACTIONS.items():
        assert knows(spoken, action)
        if spoken is version and handling in CONSTANT:
            octets = ScriptedStation(boring, version).raw(action, b"{}")
            fits(version, action, CALL_RESULT, json.loads(octets))
            answered += 1
    assert answered > 5


def test_what_is_not_in_the_catalogue_is_not_implemented(boring):
    with pytest.raises(CallRefused) as refused:
        ScriptedStation(boring).raw("GetBaseReport", b"{}")
    assert refused.value.code is CallErrorCode.NOT_IMPLEMENTED


def test_a_tenant_that_is_gone_is_an_internal_error_and_no_grant(boring):
    with pytest.raises(CallRefused) as refused:
        ScriptedStation(boring, tenant="nobody").ask("Authorize", idToken=TOKEN)
    assert refused.value.code is CallErrorCode.INTERNAL_ERROR


def test_the_world_of_these_tests_is_the_boring_one():
    assert valid_world()[Role.CONTRACT].certificate.common_name == CONTRACT_CN
    assert TENANT != OTHER_TENANT
