"""Stations of other people's making come to the doors: PyPI ocpp in each version, npm ocpp-rpc.

What they are answered is the real service's: one judge and one log behind every door.
"""

import asyncio
import contextlib
import json
from datetime import UTC, datetime

import pytest
from ocpp.messages import get_validator
from ocpp.v16 import ChargePoint as ChargePoint16
from ocpp.v16 import call as call16
from ocpp.v16.enums import ChargePointErrorCode, ChargePointStatus
from ocpp.v21 import ChargePoint as ChargePoint21
from ocpp.v21 import call as call21
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call as call201

from tests import ocpp_rpc_peer
from tests.authz_house import TENANT, hash_data, house
from tests.integration.test_stations_tls import files, over_tls
from tests.stations import PASSWORDS, served
from tests.world import CONTRACT_CN

TOKEN = {"idToken": CONTRACT_CN, "type": "eMAID"}
VENDOR = "org.openchargealliance.iso15118pnc"

__all__ = ["files"]  # a fixture


@pytest.fixture
def s(tmp_path):
    with house(tmp_path) as h, served(h, answering=None) as one:
        h.register(chain=h.contract)
        one.register()
        yield one


def drive(s, make, version, story):
    """Runs a story with a stranger's ChargePoint at the door."""

    async def whole():
        async with s.connect(versions=[version]) as socket:
            point = make("CS-1", socket)
            listening = asyncio.create_task(point.start())
            try:
                async with asyncio.timeout(60):
                    await story(point)
            finally:
                listening.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await listening

    asyncio.run(whole())


@pytest.mark.parametrize(
    ("make", "call", "version"),
    [(ChargePoint201, call201, "ocpp2.0.1"), (ChargePoint21, call21, "ocpp2.1")],
    ids=["2.0.1", "2.1"],
)
def test_pypi_ocpp_boots_and_authorizes(s, make, call, version):
    h = s.house

    async def story(point):
        boot = await point.call(
            call.BootNotification(
                charging_station={"model": "M", "vendor_name": "V"}, reason="PowerUp"
            )
        )
        assert boot.status == "Accepted"
        assert (await point.call(call.Heartbeat())).current_time
        await point.call(
            call.StatusNotification(
                timestamp=datetime.now(UTC).isoformat(),
                connector_status="Available",
                evse_id=1,
                connector_id=1,
            )
        )
        told = await point.call(call.Authorize(id_token=TOKEN, certificate=h.contract.pem))
        assert (told.certificate_status, told.id_token_info["status"]) == ("Accepted", "Accepted")
        hashes = hash_data(h.contract)
        hash_field = next(
            name for name in call.Authorize.__dataclass_fields__ if name.endswith("_hash_data")
        )
        told = await point.call(call.Authorize(id_token=TOKEN, **{hash_field: hashes}))
        assert (told.certificate_status, told.id_token_info["status"]) == ("Accepted", "Accepted")
        # eMAID A with the hashes of certificate B
        other = {"idToken": "DE8AA009876543", "type": "eMAID"}
        told = await point.call(call.Authorize(id_token=other, **{hash_field: hashes}))
        assert told.id_token_info["status"] != "Accepted"

    drive(s, make, version, story)
    metrics = s.metrics()
    assert 'pnc_station_calls_total{action="Authorize",result="answered"} 3.0' in metrics
    assert CONTRACT_CN not in metrics


def test_pypi_ocpp_is_told_of_a_revocation(s):
    s.house.responder.revoke(s.house.contract)

    async def story(point):
        told = await point.call(call201.Authorize(id_token=TOKEN, certificate=s.house.contract.pem))
        assert told.certificate_status == "CertificateRevoked"
        assert told.id_token_info["status"] == "Invalid"

    drive(s, ChargePoint201, "ocpp2.0.1", story)


def test_pypi_ocpp_1_6_authorizes_by_data_transfer(s):
    async def story(point):
        boot = await point.call(
            call16.BootNotification(charge_point_model="M", charge_point_vendor="V")
        )
        assert boot.status == "Accepted"
        assert (await point.call(call16.Heartbeat())).current_time
        await point.call(
            call16.StatusNotification(
                connector_id=1,
                error_code=ChargePointErrorCode.no_error,
                status=ChargePointStatus.available,
            )
        )
        asked = {"idToken": TOKEN, "iso15118CertificateHashData": hash_data(s.house.contract)}
        told = await point.call(
            call16.DataTransfer(vendor_id=VENDOR, message_id="Authorize", data=json.dumps(asked))
        )
        assert told.status == "Accepted"
        inner = json.loads(told.data)
        get_validator(3, "Authorize", "2.0.1").validate(inner)
        assert inner["idTokenInfo"]["status"] == "Accepted"

    drive(s, ChargePoint16, "ocpp1.6", story)


BOOT = {"chargingStation": {"model": "M", "vendorName": "V"}, "reason": "PowerUp"}
STATUS = {
    "timestamp": "2026-11-21T05:00:00Z",
    "connectorStatus": "Available",
    "evseId": 1,
    "connectorId": 1,
}


def client(s, version="ocpp2.0.1", password=PASSWORDS[0], identity="CS-1"):
    return {
        "endpoint": f"{s.origin}/ocpp/{TENANT}",
        "identity": identity,
        "password": password,
        "protocols": [version],
    }


@pytest.mark.needs("npm")
def test_npm_ocpp_rpc_strict(s):
    """In 2.0.1: for 2.1 its schemas lack the names by which it looks for them."""
    h = s.house
    told = ocpp_rpc_peer.say(
        client(s),
        [
            ["BootNotification", BOOT],
            ["Heartbeat", {}],
            ["StatusNotification", STATUS],
            ["Authorize", {"idToken": TOKEN, "certificate": h.contract.pem}],
            [
                "Authorize",
                {"idToken": TOKEN, "iso15118CertificateHashData": hash_data(h.contract)},
            ],
            [
                "Authorize",
                {
                    "idToken": TOKEN | {"idToken": "DE8AA009876543"},
                    "iso15118CertificateHashData": hash_data(h.contract),
                },
            ],
            ["Get15118EVCertificate", EXI],
        ],
    )
    assert told[0] == {"protocol": "ocpp2.0.1"}
    assert told[1]["result"]["status"] == "Accepted", told
    assert "currentTime" in told[2]["result"]
    assert told[3]["result"] == {}
    for answer in told[4:6]:
        assert answer["result"]["certificateStatus"] == "Accepted"
        assert answer["result"]["idTokenInfo"]["status"] == "Accepted"
    assert told[6]["result"]["idTokenInfo"]["status"] != "Accepted"
    assert set(told[7]) & {"result", "error"}
    assert not [line for line in told if "unfit" in line]


EXI = {
    "iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef",
    "action": "Install",
    "exiRequest": "gJgC",
}


@pytest.mark.needs("npm")
def test_npm_ocpp_rpc_1_6(s):
    inner = {"idToken": TOKEN, "certificate": s.house.contract.pem}
    told = ocpp_rpc_peer.say(
        client(s, "ocpp1.6"),
        [
            ["BootNotification", {"chargePointModel": "M", "chargePointVendor": "V"}],
            ["Heartbeat", {}],
            [
                "DataTransfer",
                {"vendorId": VENDOR, "messageId": "Authorize", "data": json.dumps(inner)},
            ],
        ],
    )
    assert told[1]["result"]["status"] == "Accepted", told
    assert told[3]["result"]["status"] == "Accepted"
    assert json.loads(told[3]["result"]["data"])["idTokenInfo"]["status"] == "Accepted"


@pytest.mark.needs("npm")
def test_npm_ocpp_rpc_is_refused_as_ocpp_j_says(s):
    assert ocpp_rpc_peer.say(client(s, password="the-wrong-password-1"), []) == [
        {"refused": "Unauthorized"}
    ]
    assert ocpp_rpc_peer.say(client(s, identity="CS-9"), []) == [{"refused": "Unauthorized"}]


@pytest.mark.needs("npm")
def test_npm_ocpp_rpc_over_tls(tmp_path, files):
    with over_tls(tmp_path, files) as s:
        s.register(profile=2)
        how = client(s)
        how["endpoint"] = how["endpoint"].replace("127.0.0.1", "localhost")
        told = ocpp_rpc_peer.say(how, [["Heartbeat", {}]], ca=files / "cert.pem")
        assert told[0] == {"protocol": "ocpp2.0.1"}
        assert "currentTime" in told[1]["result"]
