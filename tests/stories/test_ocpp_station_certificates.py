"""Roots at stations: installed, listed and deleted, as OCTT's test cases for a CSMS ask."""

import asyncio
import json
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from threading import Event, Thread

import httpx
import pytest

from authz.ocpp.protocol import OcppVersion
from certs import pem
from certs.certificate import parse
from certs.hierarchy import Identity
from certs.profiles.rules import Role
from certs.revocation.hash_data import HashAlgorithm, of, to_ocpp
from tests.authz_house import TENANT, Scope, house
from tests.scripted_station import VENDOR, fits
from tests.stations import Served, served
from tests.world import valid_world

OCTT_ROOT = """-----BEGIN CERTIFICATE-----
MIIBwzCCAWmgAwIBAgIBBDAKBggqhkjOPQQDAjBIMRUwEwYDVQQDDAxSb290IENB
IEVEU0ExDDAKBgNVBAoMA09DQTELMAkGA1UEBhMCTkwxFDASBgoJkiaJk/IsZAEZ
FgRPQ1RUMCAXDTIwMDIxMjE4MTAyOFoYDzIwNjAwMjAyMTgxMDI4WjBIMRUwEwYD
VQQDDAxSb290IENBIEVEU0ExDDAKBgNVBAoMA09DQTELMAkGA1UEBhMCTkwxFDAS
BgoJkiaJk/IsZAEZFgRPQ1RUMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE29Hr
M7bR+VZ+jY9Z7IgLKJw7/A3OQWGY5B05wEO2V1V3Z3VrZINHADdOz7BNc/5ZyCTB
W/OgFDvXym1/gV/NY6NCMEAwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMC
AQYwHQYDVR0OBBYEFC6gycssqInCC/9PJY9F43M7B224MAoGCCqGSM49BAMCA0gA
MEUCIAK3aLaF12sAkvQCluO835VbXGDuWZQWYBgZOtkiHb1NAiEAvmmT8us14HWN
iLgObzzsqf7crpqXctWBDkvN2e5WeBU=
-----END CERTIFICATE-----
"""


NUMBERS = count(1)


class AnsweringStation:
    """A station on a real socket that answers commands as it is told."""

    def __init__(self, version):
        self.version = version
        self.heard = []
        self.answers = {}  # by action; a dict, or a list of an error
        self._ready, self._loop = Event(), None

    @contextmanager
    def connected(self, yard):
        yard.served.register(yard.identity)
        thread = Thread(target=lambda: asyncio.run(self._live(yard)))
        thread.start()
        try:
            assert self._ready.wait(30)
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._end.set)
            thread.join(30)

    async def _live(self, yard):
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        offered = (self.version.value,)
        async with yard.served.connect(yard.identity, versions=offered) as socket:
            self._ready.set()
            reading = asyncio.create_task(self._answer(socket))
            await self._end.wait()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _answer(self, socket):
        async for text in socket:
            kind, message_id, action, payload = json.loads(text)
            assert kind == 2
            fits(self.version, action, 2, payload)
            wrapped = action == "DataTransfer"
            if wrapped:
                assert payload["vendorId"] == VENDOR
                action, payload = payload["messageId"], json.loads(payload["data"])
                fits(OcppVersion.V201, action, 2, payload)
            self.heard.append((action, payload))
            answer = self.answers[action]
            if isinstance(answer, list):
                frame = [4, message_id, *answer]
            elif wrapped and "raw" not in answer:
                told = {"status": "Accepted", "data": json.dumps(answer)}
                frame = [3, message_id, told]
            else:
                frame = [3, message_id, answer.get("raw", answer)]
            await socket.send(json.dumps(frame))


@dataclass
class Yard:
    """A served house, and the identity of the one station that a test is about."""

    served: Served
    identity: str

    @property
    def path(self):
        return f"/v1/stations/{self.identity}/certificates"

    def manage(self, method, path, **more):
        return self.served.manage(method, path, **more)

    def commands(self):
        path = f"/v1/stations/{self.identity}/commands"
        return self.manage("GET", path).json()["commands"]


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    settings = {"plain_station_networks": ["127.0.0.0/8"]}
    place = tmp_path_factory.mktemp("stations")
    with house(place, **settings) as h, served(h, answering=None) as s:
        yield s


@pytest.fixture
def yard(ground):
    return Yard(ground, f"CS-{next(NUMBERS)}")


@pytest.fixture(params=list(OcppVersion))
def station(request, yard):
    with AnsweringStation(request.param).connected(yard) as made:
        yield made


@pytest.fixture
def newer(yard):
    with AnsweringStation(OcppVersion.V201).connected(yard) as made:
        yield made


def root(role=Role.V2G_ROOT) -> Identity:
    return valid_world()[role]


def hashes(identity: Identity, algorithm=HashAlgorithm.SHA256, issuer=None):
    data = of(
        identity.certificate,
        (issuer or identity.issuer or identity).certificate,
        algorithm,
        responder_url="",
    )
    return {k: v for k, v in to_ocpp(data).items() if k != "responderURL"}


def install(yard, certificate_type, text=None):
    body = {"certificateType": certificate_type, "certificate": text or root().pem}
    return yard.manage("POST", yard.path, json=body)


@pytest.mark.parametrize(
    "certificate_type",
    [
        pytest.param("CSMSRootCertificate", id="TC_M_01_CSMS"),
        pytest.param("ManufacturerRootCertificate", id="TC_M_02_CSMS"),
        pytest.param("V2GRootCertificate", id="TC_M_03_CSMS"),
        pytest.param("MORootCertificate", id="TC_M_04_CSMS"),
    ],
)
def test_a_root_is_installed(yard, station, certificate_type):
    """M05.FR.01; OCTT's own root among them."""
    station.answers["InstallCertificate"] = {"status": "Accepted"}
    for text in (root().pem, OCTT_ROOT):
        answer = install(yard, certificate_type, text)
        assert (answer.status_code, answer.json()) == (200, {"status": "Accepted"})
    (_, first), (_, second) = station.heard
    assert first["certificateType"] == certificate_type
    assert pem.parse_chain(first["certificate"]) == (root().certificate,)
    assert pem.parse_chain(second["certificate"]) == pem.parse_chain(OCTT_ROOT)


@pytest.mark.parametrize("status", ["Failed", "Rejected"])
def test_tc_m_05_csms_a_station_that_does_not_install(yard, station, status):
    """TC_M_05_CSMS (M05.FR.01, FR.03; FR.06, FR.07): its answer is told and kept."""
    told = {"status": status, "statusInfo": {"reasonCode": "OutOfStorage"}}
    station.answers["InstallCertificate"] = told
    answer = install(yard, "V2GRootCertificate")
    assert (answer.status_code, answer.json()) == (200, told)
    (kept,) = yard.commands()
    assert kept["action"] == "InstallCertificate"
    assert kept["answer"] == told


def listed(*chains):
    return {"status": "Accepted", "certificateHashDataChain": list(chains)}


def chain(certificate_type, identity, algorithm=HashAlgorithm.SHA256, children=()):
    entry = {
        "certificateType": certificate_type,
        "certificateHashData": hashes(identity, algorithm),
    }
    if children:
        entry["childCertificateHashData"] = [hashes(child, algorithm) for child in children]
    return entry


@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
@pytest.mark.parametrize(
    ("types", "told"),
    [
        pytest.param(["CSMSRootCertificate"], [Role.V2G_ROOT], id="TC_M_12_CSMS"),
        pytest.param(["ManufacturerRootCertificate"], [Role.V2G_ROOT], id="TC_M_13_CSMS"),
        pytest.param(["V2GRootCertificate"], [Role.V2G_ROOT], id="TC_M_14_CSMS"),
        pytest.param(["MORootCertificate"], [Role.MO_ROOT], id="TC_M_16_CSMS"),
        pytest.param(
            ["CSMSRootCertificate", "ManufacturerRootCertificate"],
            [Role.V2G_ROOT, Role.MO_ROOT],
            id="TC_M_17_CSMS",
        ),
        pytest.param([], [Role.V2G_ROOT, Role.MO_ROOT], id="TC_M_18_CSMS"),
    ],
)
def test_certificates_are_listed(yard, newer, types, told, algorithm):
    """M03.FR.01; TC_M_18 asks for all types by leaving certificateType out."""
    names = types or ["V2GRootCertificate", "MORootCertificate"]
    answer = listed(
        *(
            chain(name, root(role), HashAlgorithm(algorithm))
            for name, role in zip(names, told, strict=True)
        )
    )
    newer.answers["GetInstalledCertificateIds"] = answer
    response = yard.manage("GET", yard.path, params={"type": types})
    assert (response.status_code, response.json()) == (200, answer)
    assert newer.heard == [
        ("GetInstalledCertificateIds", {"certificateType": types} if types else {})
    ]


def test_tc_m_15_csms_a_chargers_chain_is_listed_with_its_children(yard, station):
    """TC_M_15_CSMS (M03.FR.01, FR.05)."""
    secc, world = root(Role.SECC), valid_world()
    children = [world[Role.CPO_SUB_2], world[Role.CPO_SUB_1]]
    answer = listed(chain("V2GCertificateChain", secc, children=children))
    station.answers["GetInstalledCertificateIds"] = answer
    response = yard.manage("GET", yard.path, params={"type": "V2GCertificateChain"})
    assert response.json() == answer


def test_tc_m_19_csms_nothing_is_installed(yard, station):
    """TC_M_19_CSMS (M03.FR.01, FR.02): NotFound, and no hash data."""
    station.answers["GetInstalledCertificateIds"] = {"status": "NotFound"}
    response = yard.manage("GET", yard.path, params={"type": "MORootCertificate"})
    assert (response.status_code, response.json()) == (200, {"status": "NotFound"})


def delete(yard, **body):
    return yard.manage("POST", f"{yard.path}/delete", json=body)


@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
def test_tc_m_20_csms_a_deletion_repeats_the_stations_own_hash_data(yard, newer, algorithm):
    """TC_M_20_CSMS (M04.FR.01, FR.07), once for each algorithm."""
    own = chain("V2GRootCertificate", root(), HashAlgorithm(algorithm))
    shouted = {
        name: value.upper() if name.startswith("issuer") else value
        for name, value in own["certificateHashData"].items()
    }
    own["certificateHashData"] = shouted
    newer.answers["GetInstalledCertificateIds"] = listed(own)
    newer.answers["DeleteCertificate"] = {"status": "Accepted"}
    yard.manage("GET", yard.path)
    asked = (
        {"certificateHashData": shouted},
        {"certificateHashData": hashes(root(), HashAlgorithm(algorithm))},
        {"certificate": root().pem},
    )
    for body in asked:
        answer = delete(yard, **body)
        assert (answer.status_code, answer.json()) == (200, {"status": "Accepted"})
        assert newer.heard[-1] == ("DeleteCertificate", {"certificateHashData": shouted})


@pytest.mark.parametrize("status", ["Failed", "NotFound"])
def test_tc_m_21_csms_a_station_that_does_not_delete(yard, station, status):
    """TC_M_21_CSMS (M04.FR.01, FR.07)."""
    station.answers["DeleteCertificate"] = {"status": status}
    answer = delete(yard, certificateHashData=hashes(root()))
    assert (answer.status_code, answer.json()) == (200, {"status": status})
    assert station.heard[-1][1]["certificateHashData"] == hashes(root())


def test_a_root_that_the_station_has_not_listed_is_not_guessed(yard, newer):
    answer = delete(yard, certificate=root().pem)
    assert answer.status_code == 403
    assert answer.json()["code"] == "station.certificate_not_listed"
    assert newer.heard == []


# What is checked before a station hears of it ----------------------------------------------------


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        (lambda: root(Role.V2G_ROOT).pem + root(Role.MO_ROOT).pem, 403, "certificate.not_one"),
        (lambda: pem.encode([root(Role.CPO_SUB_1).certificate]), 403, "certificate.no_root"),
        (lambda: pem.encode([root(Role.SECC).certificate]), 403, "certificate.no_authority"),
        (lambda: pem.encode([_forged()]), 403, "certificate.no_root"),
        (lambda: "no certificate", 400, "malformed.pem"),
    ],
)
def test_what_is_no_root_is_never_installed(yard, newer, text, status, code):
    """EVerest#2109: a certificate that was no root was accepted, and could not be managed."""
    answer = install(yard, "V2GRootCertificate", text())
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert newer.heard == []


def _forged():
    certificate = root().certificate
    octets = bytearray(certificate.der)
    octets[-1] ^= 1
    return parse(bytes(octets))


def test_oem_roots_are_of_2_1_alone(yard, station):
    station.answers["InstallCertificate"] = {"status": "Accepted"}
    answer = install(yard, "OEMRootCertificate")
    if station.version is OcppVersion.V21:
        assert answer.json() == {"status": "Accepted"}
    else:
        assert answer.status_code == 422
        assert answer.json()["ocppErrorCode"] == "PropertyConstraintViolation"
        assert station.heard == []


def test_a_station_that_is_not_connected_is_a_conflict(yard):
    yard.served.register(yard.identity)
    for response in (install(yard, "V2GRootCertificate"), yard.manage("GET", yard.path)):
        assert response.status_code == 409
        assert response.json()["code"] == "station.not_connected"


def test_another_tenant_does_not_reach_the_station(yard, newer):
    response = yard.manage("GET", yard.path, tenant="cpo-two")
    assert response.status_code == 409
    assert newer.heard == []


def test_a_stations_callerror_is_told_and_kept(yard, newer):
    newer.answers["InstallCertificate"] = ["InternalError", "flash is full", {}]
    answer = install(yard, "V2GRootCertificate")
    assert answer.status_code == 502
    assert answer.json()["code"] == "station.call_failed"
    (kept,) = yard.commands()
    assert kept["failure"] == "CallFailed"
    assert "answer" not in kept


@pytest.mark.parametrize(
    "raw",
    [
        {"status": "UnknownVendorId"},
        {"status": "Accepted"},
        {"status": "Accepted", "data": "not JSON"},
        {"status": "Accepted", "data": '{"status":"Perhaps"}'},
    ],
)
def test_16_a_station_that_does_not_take_part(yard, raw):
    with AnsweringStation(OcppVersion.V16).connected(yard) as old:
        old.answers["InstallCertificate"] = {"raw": raw}
        answer = install(yard, "V2GRootCertificate")
        assert answer.status_code == 502


def test_commands_need_a_managing_key(yard):
    headers = yard.served.house.headers(TENANT, Scope.AUTHORIZE)
    for path in (yard.path, f"/v1/stations/{yard.identity}/commands"):
        assert httpx.get(yard.served.url + path, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"certificate": "x", "certificateHashData": {}},
        {"certificateHashData": {"hashAlgorithm": "SHA1"}},
    ],
)
def test_a_deletion_names_one_certificate_in_one_way(yard, body):
    assert delete(yard, **body).status_code == 422
    assert yard.manage("GET", yard.path, params={"type": "Nonsense"}).status_code == 422
