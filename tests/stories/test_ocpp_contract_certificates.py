"""Get15118EVCertificate: the vehicle's message reaches the pool unread, and the answer the EV."""

import json
import secrets
from base64 import b64encode
from time import monotonic

import pytest

from authz.ocpp.protocol import OcppVersion
from exi.codec import decode
from exi.iso2.certificate import CertificateInstallationRes, CertificateUpdateRes
from exi.protocol import Protocol
from tests.authz_house import Clock, house
from tests.contract_pool import (
    KEY,
    NAMESPACE,
    ContractPool,
    installation_request,
    update_request,
)
from tests.scripted_station import ScriptedStation
from tests.world import valid_world

NAMESPACE_20 = "urn:iso:std:iso:15118:-20:CommonMessages"
FAILED = {"status": "Failed", "exiResponse": ""}


@pytest.fixture
def pool():
    clock = Clock()
    with ContractPool(valid_world(), now=clock, random_bytes=secrets.token_bytes) as made:
        yield made


@pytest.fixture
def boring(tmp_path, pool):
    with house(tmp_path, contract_service={"url": pool.origin, "api_key": KEY}) as h:
        yield h


def install(station, exi=b"\x80\x98", *, action="Install", namespace=NAMESPACE, **more):
    return station.ask(
        "Get15118EVCertificate",
        iso15118SchemaVersion=namespace,
        action=action,
        exiRequest=b64encode(exi).decode(),
        **more,
    )


def failed(answer):
    """The reason of a failure that a station can read (EVerest#2245)."""
    assert answer["status"] == "Failed"
    assert answer["exiResponse"] == ""
    return answer["statusInfo"]["reasonCode"]


@pytest.mark.parametrize("version", [OcppVersion.V201, OcppVersion.V21])
def test_tc_m_26_csms_a_contract_is_installed(boring, pool, version):
    """TC_M_26_CSMS (M01.FR.01): Accepted and the raw CertificateInstallationRes."""
    request = installation_request(boring.world)
    answer = install(ScriptedStation(boring, version), request)
    assert answer["status"] == "Accepted"
    exi = _exi(answer)
    assert isinstance(decode(exi, Protocol.ISO_2).Body.BodyElement, CertificateInstallationRes)
    path, asked = pool.asked[-1]
    assert path == "/v1/ccp/signedContractData"
    assert asked == {
        "certificateInstallationReq": b64encode(request).decode(),
        "xsdMsgDefNamespace": NAMESPACE,
    }
    assert pool.headers[-1]["Authorization"] == f"Bearer {KEY}"


def test_tc_m_28_csms_a_contract_is_updated(boring):
    """TC_M_28_CSMS (M02.FR.01)."""
    request = update_request(boring.world)
    answer = install(ScriptedStation(boring), request, action="Update")
    assert answer["status"] == "Accepted"
    body = decode(_exi(answer), Protocol.ISO_2).Body.BodyElement
    assert isinstance(body, CertificateUpdateRes)


def test_16_the_same_in_a_data_transfer(boring):
    old = ScriptedStation(boring, OcppVersion.V16)
    status, told = old.transfer(
        "Get15118EVCertificate",
        {
            "iso15118SchemaVersion": NAMESPACE,
            "action": "Install",
            "exiRequest": b64encode(installation_request(boring.world)).decode(),
        },
    )
    assert (status, told["status"]) == ("Accepted", "Accepted")


def _exi(answer):
    from base64 import b64decode

    return b64decode(answer["exiResponse"], validate=True)


# M01.FR.03 to FR.07: several contracts, one after the other --------------------------------------

CONTRACTS = [("DE8AA000000001", "AAA="), ("DE8AA000000002", "AAE="), ("DE8AA000000003", "AAI=")]


def several(station, exi=b"\x80\x99", **more):
    answer = install(station, exi, namespace=NAMESPACE_20, **more)
    return answer["exiResponse"], answer["remainingContracts"]


@pytest.fixture
def newer(boring, pool):
    pool.contents = list(CONTRACTS)
    return ScriptedStation(boring, OcppVersion.V21)


def test_m01_fr_03_to_07_contracts_come_one_by_one(newer, pool):
    """Only emaidContent[0] was ever used elsewhere (MaEVe): other contracts were lost."""
    given = [several(newer, maximumContractCertificateChains=8) for _ in range(3)]
    assert given == [("AAA=", 2), ("AAE=", 1), ("AAI=", 0)]
    assert len(pool.asked) == 1
    assert several(newer, maximumContractCertificateChains=8) == ("AAA=", 2)  # a new round


def test_m01_the_cursor_is_each_requests_own(newer, boring):
    assert several(newer, maximumContractCertificateChains=8) == ("AAA=", 2)
    assert several(newer, b"other", maximumContractCertificateChains=8) == ("AAA=", 2)
    neighbour = ScriptedStation(boring, OcppVersion.V21, identity="CS-2")
    assert several(neighbour, maximumContractCertificateChains=8) == ("AAA=", 2)
    assert several(newer, maximumContractCertificateChains=8) == ("AAE=", 1)


def test_m01_the_cursor_outlives_a_restart(tmp_path, pool):
    pool.contents = list(CONTRACTS)
    given = []
    for _ in range(2):
        with house(tmp_path, contract_service={"url": pool.origin}) as h:
            station = ScriptedStation(h, OcppVersion.V21)
            given.append(several(station, maximumContractCertificateChains=8))
    assert given == [("AAA=", 2), ("AAE=", 1)]


def test_m01_a_vehicle_gets_its_favourites_first_and_no_more_than_it_takes(newer):
    favourite = {"prioritizedEMAIDs": ["DE-8AA-000000003-7"]}
    given = several(newer, maximumContractCertificateChains=2, **favourite)
    assert given == ("AAI=", 1)
    assert failed(install(newer, maximumContractCertificateChains=0)) == "NoContract"


def test_m01_without_a_maximum_one_contract_and_no_count(newer):
    """ISO 15118-2 installs one: the default, which the pool names first."""
    answer = install(newer)
    assert answer == {"status": "Accepted", "exiResponse": "AAA="}


# What fails, fails in a form that a station can read ---------------------------------------------


def test_without_a_service_nothing_is_installed(tmp_path):
    with house(tmp_path) as h:
        assert failed(install(ScriptedStation(h))) == "ServiceUnavailable"


@pytest.mark.parametrize("status", [400, 404, 500, 302])
def test_a_pool_that_declines_is_failed_with_an_empty_exi_response(boring, pool, status):
    """EVerest#2245: the station died where Failed lacked exiResponse."""
    pool.status = status
    assert failed(install(ScriptedStation(boring), installation_request(boring.world)))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"\xff", b'{"CCPResponse":{"emaidContent":[{"messageDef":{}}]}}']
)
def test_rubbish_of_a_pool_is_failed(boring, pool, body):
    pool.body = body
    assert failed(install(ScriptedStation(boring))) == "ServiceUnavailable"


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        ([], "NoContract"),
        ([("DE8AA000000001", "not base64!")], "NotBase64"),
        ([("DE8AA000000001", "")], "NotBase64"),
        ([("DE8AA000000001", "A" * 7_504)], "TooLarge"),
    ],
)
def test_answers_that_no_station_can_use_are_failed(boring, pool, contents, reason):
    pool.contents = contents
    assert failed(install(ScriptedStation(boring))) == reason


def test_exi_responses_are_limited_by_version(boring, pool):
    """mobilityhouse/ocpp#364: 7,500 of 2.0.1's shipped schema, 17,000 of 2.1."""
    pool.contents = [("DE8AA000000001", "A" * 17_000)]
    assert install(ScriptedStation(boring, OcppVersion.V21))["status"] == "Accepted"
    assert failed(install(ScriptedStation(boring))) == "TooLarge"
    pool.contents = [("DE8AA000000001", "A" * 7_500)]
    assert install(ScriptedStation(boring))["status"] == "Accepted"


def test_a_slow_pool_is_failed_before_the_vehicle_gives_up(boring, pool):
    """EVerest#1292: CertificateInstallationRes took 4,501 ms, and the session failed."""
    pool.silent_seconds = 6
    began = monotonic()
    assert failed(install(ScriptedStation(boring)))
    assert monotonic() - began < 4.5


def test_the_key_is_in_no_text_of_the_settings(boring):
    assert KEY not in repr(boring.settings)
    assert json.dumps(boring.client.get("/openapi.json").json()).find(KEY) == -1
