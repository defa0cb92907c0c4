"""Whatever fits its schema is answered by what fits its schema, or refused: never a bug."""

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authz.actions.catalogue import ACTIONS, WRAPPED, Handling
from authz.ocpp.protocol import CallErrorCode, CallRefused, OcppVersion
from authz.ocpp.schemas import MessageKind, validate
from certs.profiles.rules import Role
from tests.authz_house import hash_data, house
from tests.scripted_station import CALL_RESULT, VENDOR, ScriptedStation, emaid_token, fits
from tests.signing_authority import csr
from tests.world import CONTRACT_CN, valid_world

TOKEN = emaid_token(CONTRACT_CN)
AT = "2026-11-01T12:00:00Z"
V16, V201, V21 = OcppVersion.V16, OcppVersion.V201, OcppVersion.V21
HASHES = hash_data(valid_world()[Role.CONTRACT], url="http://ocsp.example/")
NAMED = {name: value for name, value in HASHES[0].items() if name != "responderURL"}

# A whole payload of every action that is more than taken note of.
WHOLE = {
    "Authorize": {
        "idToken": TOKEN | {"additionalInfo": [{"additionalIdToken": "a", "type": "b"}]},
        "certificate": valid_world()[Role.CONTRACT].pem,
        "iso15118CertificateHashData": HASHES,
    },
    "TransactionEvent": {
        "eventType": "Started",
        "timestamp": AT,
        "triggerReason": "Authorized",
        "seqNo": 0,
        "offline": True,
        "transactionInfo": {"transactionId": "tx", "stoppedReason": "Local"},
        "evse": {"id": 1, "connectorId": 1},
        "idToken": TOKEN,
    },
    "Get15118EVCertificate": {
        "iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef",
        "action": "Install",
        "exiRequest": "gJg=",
    },
    "GetCertificateStatus": {"ocspRequestData": HASHES[0]},
    "GetCertificateChainStatus": {
        "certificateStatusRequests": [
            {"certificateHashData": NAMED, "source": "CRL", "urls": ["http://crl.example/"]}
        ]
    },
    "SignCertificate": {"csr": csr()},
    "BootNotification": {
        "reason": "PowerUp",
        "chargingStation": {"model": "M", "vendorName": "V"},
    },
    "Heartbeat": {},
}
WHOLE_16 = {
    "Authorize": {"idTag": CONTRACT_CN},
    "StartTransaction": {"connectorId": 1, "idTag": CONTRACT_CN, "meterStart": 0, "timestamp": AT},
    "StopTransaction": {
        "transactionId": 1,
        "idTag": CONTRACT_CN,
        "meterStop": 1,
        "timestamp": AT,
        "reason": "Local",
    },
    "BootNotification": {"chargePointModel": "M", "chargePointVendor": "V"},
    "Heartbeat": {},
    "SignCertificate": {"csr": csr()},
    "DataTransfer": {
        "vendorId": VENDOR,
        "messageId": "Authorize",
        "data": json.dumps({"idToken": TOKEN}),
    },
}
QUIET = {
    Handling.NOTED, Handling.NO_SCHEDULE, Handling.SCHEDULE_NOTED, Handling.NO_VENDOR,
}  # fmt: skip
CASES = [
    (version, action, (WHOLE_16 if version is V16 else WHOLE)[action])
    for (version, action), handling in sorted(ACTIONS.items(), key=repr)
    if handling not in QUIET
]

odd_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=60),
    st.sampled_from(
        ["", "0", "-1", "eMAID", "emaid", "Ended", "DE-8AA-001234567", "\ud800", "9" * 40, "NaN"]
    ),
    st.lists(st.none(), max_size=1),
    st.just({}),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with house(tmp_path_factory.mktemp("actions")) as h:
        h.register(chain=h.contract)
        yield h


def spots(value, path=()):
    """Every place in a payload: the path to a member or an element."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name)
            yield from spots(inner, (*path, name))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield (*path, at)
            yield from spots(inner, (*path, at))


def changed(payload, path, value, *, gone):
    made = copy.deepcopy(payload)
    inner = made
    for step in path[:-1]:
        inner = inner[step]
    if gone:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return made


def answered(station, action, payload):
    """The answer to a payload, held to its schema; None where it is refused in OCPP's words."""
    octets = json.dumps(payload).encode("utf-8")
    try:
        validate(station.station.version, action, MessageKind.REQUEST, octets)
        told = json.loads(station.raw(action, octets))
    except CallRefused as refused:
        if refused.code is CallErrorCode.INTERNAL_ERROR:  # ours
            raise
        return None
    fits(station.station.version, action, CALL_RESULT, told)
    return told


RUNS = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize(
    ("version", "action", "payload"),
    [pytest.param(*case, id=f"{case[0].value}-{case[1]}") for case in CASES],
)
@RUNS
@given(data=st.data())
def test_odd_payloads_are_answered_or_refused_in_ocpps_words(place, version, action, payload, data):
    station = ScriptedStation(place, version)
    assert answered(station, action, payload) is not None
    found = list(spots(payload))
    if not found:
        return
    path = data.draw(st.sampled_from(found))
    value = data.draw(odd_values)
    answered(station, action, changed(payload, path, value, gone=data.draw(st.booleans())))


@RUNS
@given(text=st.text(max_size=200), message_id=st.sampled_from(sorted(WRAPPED)))
def test_any_text_in_a_data_transfer_is_answered(place, text, message_id):
    old = ScriptedStation(place, V16)
    answered(old, "DataTransfer", {"vendorId": VENDOR, "messageId": message_id, "data": text})


@RUNS
@given(path=st.sampled_from(list(spots(WHOLE["Authorize"]))), value=odd_values)
def test_odd_wrapped_authorizes_are_answered(place, path, value):
    inner = changed(WHOLE["Authorize"], path, value, gone=False)
    data = json.dumps(inner)
    body = {"vendorId": VENDOR, "messageId": "Authorize", "data": data}
    told = answered(ScriptedStation(place, V16), "DataTransfer", body)
    assert told is None or told["status"] in {"Accepted", "Rejected"}
