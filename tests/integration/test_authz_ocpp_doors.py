"""Stations speak OCPP to the door; its answers fit the schemas of strangers."""

import asyncio
import json
from base64 import b64encode

import pytest
from ocpp.messages import get_validator

from authz.stations import hash_password
from tests.authz_house import TENANT, hash_data, house
from tests.world import CONTRACT_CN

PASSWORD = "a-password-of-a-station"
STATION = {
    "name": "CS-1",
    "tenant": TENANT,
    "password_hash": hash_password(PASSWORD, salt=bytes(16)),
}


def speak(h, *texts, protocol="ocpp2.0.1", password=PASSWORD):
    """What the door sends to a station that says these frames."""
    told = iter(
        [
            {"type": "websocket.connect"},
            *({"type": "websocket.receive", "text": text} for text in texts),
            {"type": "websocket.disconnect", "code": 1000},
        ]
    )
    sent = []

    async def receive():
        return next(told)

    async def send(message):
        sent.append(message)

    secret = b64encode(f"CS-1:{password}".encode())
    scope = {
        "type": "websocket",
        "path": "/ocpp/CS-1",
        "raw_path": b"/ocpp/CS-1",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"authorization", b"Basic " + secret)],
        "subprotocols": [protocol],
    }
    h.client.run(asyncio.wait_for(h.client.app(scope, receive, send), 10))
    return sent


def answers(sent):
    return [json.loads(message["text"]) for message in sent if message["type"] == "websocket.send"]


def authorize(h, emaid=CONTRACT_CN):
    return {
        "idToken": {"idToken": emaid, "type": "eMAID"},
        "iso15118CertificateHashData": hash_data(h.contract, url="http://ocsp.example/"),
    }


@pytest.fixture
def h(tmp_path):
    with house(tmp_path, stations=[STATION]) as made:
        made.register(chain=made.contract)
        yield made


@pytest.mark.parametrize("protocol", ["ocpp2.0.1", "ocpp2.1"])
def test_tc_c_50_hash_data_are_accepted(h, protocol):
    sent = speak(h, json.dumps([2, "1", "Authorize", authorize(h)]), protocol=protocol)
    assert sent[0] == {"type": "websocket.accept", "subprotocol": protocol}
    ((kind, _, told),) = answers(sent)
    assert kind == 3
    assert (told["certificateStatus"], told["idTokenInfo"]["status"]) == ("Accepted", "Accepted")
    get_validator(3, "Authorize", protocol.removeprefix("ocpp")).validate(told)


def test_tc_c_51_revoked_contract_is_refused(h):
    h.responder.revoke(h.contract)
    ((_, _, told),) = answers(speak(h, json.dumps([2, "1", "Authorize", authorize(h)])))
    assert told["certificateStatus"] == "CertificateRevoked"
    assert told["idTokenInfo"]["status"] == "Invalid"


def test_ocpp_1_6_asks_by_data_transfer(h):
    frame = {
        "vendorId": "org.openchargealliance.iso15118pnc",
        "messageId": "Authorize",
        "data": json.dumps(authorize(h)),
    }
    sent = speak(h, json.dumps([2, "1", "DataTransfer", frame]), protocol="ocpp1.6")
    ((_, _, told),) = answers(sent)
    assert told["status"] == "Accepted"
    assert json.loads(told["data"])["idTokenInfo"]["status"] == "Accepted"


def test_wrong_password_and_unknown_protocol_stay_outside(h):
    assert speak(h, password="another-password-here")[0]["type"] == "websocket.close"
    assert speak(h, protocol="ocpp1.5")[0]["type"] == "websocket.close"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "RpcFrameworkError"),
        ('[2,"1","Reset",{}]', "NotImplemented"),
        ('[2,"1","Heartbeat",{"a":1}]', "FormatViolation"),
        ('[2,"1","Authorize",{}]', "OccurrenceConstraintViolation"),
    ],
)
def test_broken_frames_are_answered_by_their_code(h, text, word):
    ((kind, _, told, _, _),) = answers(speak(h, text))
    assert (kind, told) == (4, word)


def test_h10_station_s_url_outside_the_list_is_not_followed(h):
    (data, *_) = hash_data(h.contract, url="http://169.254.169.254/")
    frame = [2, "1", "GetCertificateStatus", {"ocspRequestData": data}]
    ((_, _, told),) = answers(speak(h, json.dumps(frame)))
    assert told == {"status": "Failed"}
    assert h.responder.asked == []
