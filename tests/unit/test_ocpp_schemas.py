"""Payloads against OCPP's schemas: each broken rule has its error code, and no value is told."""

import json
from importlib import resources

import pytest

from authz.ocpp.protocol import (
    DESCRIPTION_CHARACTERS_MAX,
    CallErrorCode,
    CallRefused,
    OcppVersion,
    spelled,
)
from authz.ocpp.schemas import DEVIATIONS, MessageKind, knows, validate

V16, V201, V21 = OcppVersion.V16, OcppVersion.V201, OcppVersion.V21
TOKEN = {"idToken": "DE8AA001234567", "type": "eMAID"}
HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "a" * 64,
    "issuerKeyHash": "b" * 64,
    "serialNumber": "1f",
    "responderURL": "http://ocsp.example",
}


def refused(version, action, payload, kind=MessageKind.REQUEST):
    octets = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    with pytest.raises(CallRefused) as why:
        validate(version, action, kind, octets)
    return why.value


def accepted(version, action, payload, kind=MessageKind.REQUEST):
    validate(version, action, kind, json.dumps(payload).encode())


@pytest.mark.parametrize("version", [V201, V21])
def test_authorize_with_hashes_fits(version):
    accepted(version, "Authorize", {"idToken": TOKEN, "iso15118CertificateHashData": [HASHES] * 4})


@pytest.mark.parametrize(
    ("version", "payload", "code"),
    [
        (V201, {}, "OccurrenceConstraintViolation"),
        (V201, {"idToken": TOKEN, "more": 1}, "FormatViolation"),
        (V201, {"idToken": "DE8AA001234567"}, "TypeConstraintViolation"),
        (V201, {"idToken": TOKEN | {"idToken": "x" * 37}}, "PropertyConstraintViolation"),
        (V201, {"idToken": TOKEN | {"type": "Emaid"}}, "PropertyConstraintViolation"),
        (V201, {"idToken": TOKEN, "certificate": "x" * 5_501}, "PropertyConstraintViolation"),
        (
            V201,
            {"idToken": TOKEN, "iso15118CertificateHashData": [HASHES] * 5},
            "OccurrenceConstraintViolation",
        ),
        (
            V201,
            {"idToken": TOKEN, "iso15118CertificateHashData": []},
            "OccurrenceConstraintViolation",
        ),
        (V21, {"idToken": TOKEN, "certificate": "x" * 10_001}, "PropertyConstraintViolation"),
        (V16, {"idTag": "x" * 21}, "PropertyConstraintViolation"),
        (V16, {}, "OccurenceConstraintViolation"),
        (V16, {"idTag": "x", "more": 1}, "FormationViolation"),
    ],
)
def test_each_broken_rule_has_its_code(version, payload, code):
    why = refused(version, "Authorize", payload)
    assert spelled(why.code, version) == code
    assert len(why.description) <= DESCRIPTION_CHARACTERS_MAX


def test_limits_of_2_1_are_wider_than_those_of_2_0_1():
    accepted(V21, "Authorize", {"idToken": TOKEN, "certificate": "x" * 10_000})
    accepted(V201, "Authorize", {"idToken": TOKEN, "certificate": "x" * 5_500})


def test_a_type_tells_before_the_rest():
    why = refused(V201, "Authorize", {"idToken": 1, "more": 1})
    assert why.code is CallErrorCode.TYPE_CONSTRAINT_VIOLATION
    assert why.description == "idToken: type"


def test_h13_no_value_is_told():
    why = refused(V201, "Authorize", {"idToken": TOKEN | {"type": "DE8AA001234567"}})
    assert "DE8AA" not in why.description


@pytest.mark.parametrize(
    "payload",
    [
        b'{"idToken":{"idToken":"A","type":"eMAID"},"idToken":{"idToken":"B","type":"eMAID"}}',
        b'{"idToken":{"idToken":"A","idToken":"B","type":"eMAID"}}',
        b'{"idToken" :{"idToken":"A","type":"eMAID"},"idToken" :{"idToken":"B","type":"eMAID"}}',
        b'{"idToken"\n:{"idToken":"A","type":"eMAID"},"idToken"\t:{"idToken":"B","type":"eMAID"}}',
        b'{"idToken":{"idToken":"\\":","idToken" :"B","type":"eMAID"}}',
        b'{"idToken":{"idToken":"A\xff","type":"eMAID"}}',
        b'{"idToken":{"idToken":"\\ud800","type":"eMAID"}}',
        b'{"idToken":{"idToken":"A","type":"eMAID"},"customData":{"vendorId":"v","n":NaN}}',
        b'{"customData":{"vendorId":"v","n":' + b"[" * 64 + b"]" * 64 + b"}}",
        b'{"customData":{"vendorId":"v","n":' + b"[" * 9_000 + b"]" * 9_000 + b"}}",
        b'{"customData":{"vendorId":"v","n":' + b"9" * 20_000 + b"}}",
        b'{"customData":{"vendorId":"v","n":1e999}}',
        b"[]",
        b"null",
        b"",
    ],
)
def test_h05_what_two_readers_read_differently_is_refused(payload):
    assert refused(V201, "Authorize", payload).code is CallErrorCode.FORMAT_VIOLATION


def test_colons_in_texts_are_no_members():
    accepted(V201, "Authorize", {"idToken": TOKEN | {"idToken": '":":\\":'}})
    accepted(V201, "Authorize", {"idToken": TOKEN | {"idToken": ' : ":\n:'}})


def test_unknown_actions_are_not_implemented():
    assert refused(V201, "SwitchOff", {}).code is CallErrorCode.NOT_IMPLEMENTED
    assert refused(V201, "../Authorize", {}).code is CallErrorCode.NOT_IMPLEMENTED
    assert not knows(V201, "StartTransaction")
    assert knows(V16, "StartTransaction")
    assert not knows(V16, "AuthorizeResponse")
    assert not knows(V201, "GetCertificateChainStatus")
    assert knows(V21, "GetCertificateChainStatus")


def test_moments_without_a_zone_and_tenths_are_taken():
    accepted(V201, "Heartbeat", {"currentTime": "2026-11-21T05:00:00"}, MessageKind.RESPONSE)
    accepted(
        V16,
        "SetChargingProfile",
        {
            "connectorId": 1,
            "csChargingProfiles": {
                "chargingProfileId": 1,
                "stackLevel": 0,
                "chargingProfilePurpose": "TxProfile",
                "chargingProfileKind": "Absolute",
                "chargingSchedule": {
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.1}],
                },
            },
        },
    )


@pytest.mark.parametrize("version", [V16, V201, V21])
def test_every_shipped_schema_compiles(version):
    package = {V16: "v16", V201: "v201", V21: "v21"}[version]
    names = [f.name for f in (resources.files("ocpp") / package / "schemas").iterdir()]
    actions = {
        name.removesuffix(".json").removesuffix("Response").removesuffix("Request")
        for name in names
        if name.endswith(".json")
    }
    assert len(actions) > 30
    for action in actions:
        sent = action == "NotifyPeriodicEventStream"
        kinds = [MessageKind.SEND] if sent else [MessageKind.REQUEST, MessageKind.RESPONSE]
        for kind in kinds:
            why = refused(version, action, {"no such member of any message": {}}, kind)
            assert why.code is not CallErrorCode.NOT_IMPLEMENTED, action


def test_only_what_nobody_answers_is_sent():
    stream = {"id": 1, "pending": 0, "basetime": "2026-11-21T05:00:00Z", "data": []}
    why = refused(V21, "NotifyPeriodicEventStream", stream, MessageKind.SEND)
    assert why.code is CallErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION  # at least one element
    stream["data"] = [{"t": 1, "v": "230"}]
    accepted(V21, "NotifyPeriodicEventStream", stream, MessageKind.SEND)
    for kind, action in [
        (MessageKind.REQUEST, "NotifyPeriodicEventStream"),
        (MessageKind.SEND, "Authorize"),
        (MessageKind.SEND, "AuthorizeRequest"),
    ]:
        assert refused(V21, action, {}, kind).code is CallErrorCode.NOT_IMPLEMENTED


@pytest.mark.parametrize(("version", "schema", "field"), DEVIATIONS)
def test_shipped_schema_still_deviates_as_noted(version, schema, field):
    _, shipped = DEVIATIONS[version, schema, field]
    payload = {"status": "Accepted", field: "x" * shipped}
    action = schema.removesuffix("Response")
    accepted(version, action, payload, MessageKind.RESPONSE)
    why = refused(version, action, payload | {field: "x" * (shipped + 1)}, MessageKind.RESPONSE)
    assert why.code is CallErrorCode.PROPERTY_CONSTRAINT_VIOLATION
