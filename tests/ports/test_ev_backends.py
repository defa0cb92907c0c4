"""The charger's backend port: one suite, passed by the memory twin, HTTP and OCPP 2.0.1."""

import asyncio
import json
import time
from base64 import b64decode, b64encode
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import pytest
from cryptography.x509.ocsp import OCSPCertStatus, load_der_ocsp_response

from certs import pem
from certs.edition import Edition
from certs.findings.catalogue import ENTRIES
from certs.hierarchy import grow
from certs.identifiers.emaid import EMAID
from certs.profiles.rules import Role
from certs.revocation.ocsp_request import decode_request
from ev_emulator.backend.http import Addresses, HttpBackend
from ev_emulator.backend.ocpp.backend import OcppBackend, StationSettings
from ev_emulator.charger.offer import Offer
from ev_emulator.driving.plug_in import Direct, Vehicle, plug_in
from ev_emulator.driving.station import Station
from ev_emulator.errors import Unavailable
from ev_emulator.ports import (
    CertificateAction,
    CertificateQuestion,
    ContractQuestion,
    Permitted,
    Phase,
    TariffQuestion,
    TransactionReport,
)
from ev_emulator.scenarios.scenario import Carries
from ev_emulator.scenarios.stage import EVSE, charger_of, wallet_of
from ev_emulator.stand_in.backend import StandIn
from ev_emulator.vehicle.intentions import Intentions
from tests.ev_pair import Dice
from tests.ocpp_csms import Csms
from tests.world import codes

EMAID_TEXT = "DE8AA0PORT0001"


class RealTime:
    def seconds(self):
        return time.monotonic()

    def now(self):
        return datetime.now(UTC)


CLOCK = RealTime()


@pytest.fixture(scope="module")
def world():
    return grow(seed=None, now=CLOCK.now())


@pytest.fixture
def operator(world):
    """What stands behind each adapter."""
    made = StandIn(world, now=CLOCK.now, random_bytes=Dice())
    made.assign(world[Role.OEM_PROVISIONING].certificate.common_name, EMAID_TEXT)
    return made


@asynccontextmanager
async def in_memory(operator):
    yield operator


@asynccontextmanager
async def over_http(operator):
    async def handle(request):
        match request.url.path:
            case "/v1/authorize":
                return await _authorize(operator, json.loads(request.content))
            case "/provisioning":
                return await _provision(operator, json.loads(request.content))
            case "/ocsp":
                return await _ocsp(operator, request.content)

    addresses = Addresses(
        authorize="http://operator.test",
        responder="http://operator.test/ocsp",
        provisioning="http://operator.test/provisioning",
    )
    async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as client:
        yield HttpBackend(client, addresses)


async def _authorize(operator, asked):
    question = ContractQuestion(
        emaid=EMAID.parse(asked["idToken"]["idToken"]),
        chain=pem.parse_chain(asked["certificate"]),
        path=(),
        evse_id=asked["evseId"],
        edition=Edition.ISO_2,
    )
    answer = await operator.authorize(question)
    if isinstance(answer, Permitted):
        told = {"idTokenInfo": {"status": "Accepted"}, "certificateStatus": "Accepted"}
        return httpx.Response(200, json=told)
    entry = ENTRIES[answer.findings[0].code]
    findings = [{"code": each.code, "severity": each.severity.value} for each in answer.findings]
    told = {
        "idTokenInfo": {"status": entry.id_token_status},
        "certificateStatus": entry.certificate_status,
        "findings": findings,
    }
    return httpx.Response(200, json=told)


async def _provision(operator, asked):
    question = CertificateQuestion(
        action=CertificateAction(asked["action"]),
        edition=Edition.ISO_2,
        namespace=asked["iso15118SchemaVersion"],
        exi=b64decode(asked["exiRequest"]),
    )
    exi = await operator.contract_certificate(question)
    return httpx.Response(200, json={"status": "Accepted", "exiResponse": b64encode(exi).decode()})


async def _ocsp(operator, octets):
    (question,) = decode_request(octets).questions
    identity = next(each for each in operator._world if each.certificate.serial == question.serial)
    response = await operator.certificate_status(identity.certificate, identity.issuer.certificate)
    return httpx.Response(200, content=response)


@asynccontextmanager
async def over_ocpp(operator):
    csms = Csms(operator)
    csms.knows(operator._world[Role.CONTRACT])
    async with csms:
        settings = StationSettings(url=csms.url, name="CS-1", deadline_seconds=4.0)
        async with OcppBackend(settings, now=CLOCK.now) as backend:
            await backend.ready(within_seconds=5)
            yield backend


BACKENDS = {"memory": in_memory, "http": over_http, "ocpp": over_ocpp}


@pytest.fixture(params=BACKENDS.values(), ids=BACKENDS)
def reached(request, operator):
    """Runs a story with the adapter: reached(story) gives what the story returns."""

    def run(story):
        async def told():
            async with request.param(operator) as backend:
                return await story(backend)

        return asyncio.run(told())

    return run


def question(world, *, path=True):
    contract = world[Role.CONTRACT]
    return ContractQuestion(
        emaid=EMAID.parse(contract.certificate.common_name),
        chain=contract.chain,
        path=(*contract.chain, contract.root) if path else (),
        evse_id=str(EVSE),
        edition=Edition.ISO_2,
    )


@pytest.mark.parametrize("path", [True, False], ids=["root-known", "root-unknown"])
def test_a_valid_contract_is_permitted(reached, world, path):
    asked = question(world, path=path)
    assert isinstance(reached(lambda backend: backend.authorize(asked)), Permitted)


def test_a_revoked_contract_is_denied_as_revoked(reached, operator, world):
    operator.revoke(world[Role.CONTRACT].certificate)
    answer = reached(lambda backend: backend.authorize(question(world)))
    assert codes(answer) == {"revocation.revoked"}


def test_a_contract_without_credit_is_denied_as_such(reached, operator, world):
    operator.deny(EMAID.parse(world[Role.CONTRACT].certificate.common_name), "contract.no_credit")
    answer = reached(lambda backend: backend.authorize(question(world)))
    assert codes(answer) == {"contract.no_credit"}


def test_a_staple_is_about_the_charger_and_good(reached, world):
    secc, issuer = world[Role.SECC].chain[:2]
    response = reached(lambda backend: backend.certificate_status(secc, issuer))
    told = load_der_ocsp_response(response)
    assert (told.certificate_status, told.serial_number) == (OCSPCertStatus.GOOD, secc.serial)


def test_there_is_no_tariff_where_the_operator_has_none(reached, world):
    asked = TariffQuestion(emaid=question(world).emaid, edition=Edition.ISO_2)
    assert reached(lambda backend: backend.sales_tariff(asked)) is None


def test_news_are_taken_note_of(reached, world):
    report = TransactionReport(
        phase=Phase.BEGAN,
        transaction_id="T1",
        evse_id=str(EVSE),
        emaid=question(world).emaid,
        meter_wh=0,
        moment=CLOCK.now(),
    )
    assert reached(lambda backend: backend.report(report)) is None


async def visited(backend, world, carries):
    charger = charger_of(
        world, backend, offer=Offer(evse_id=EVSE), clock=CLOCK, note=lambda _n, _e: None
    )
    wallet = wallet_of(carries, world, now=CLOCK.now())
    async with Station(charger) as station:
        target = Direct(host="127.0.0.1", port=station.tls_port)
        vehicle = Vehicle(wallet=wallet, intentions=Intentions(loops=1))
        return await plug_in(vehicle, target, clock=CLOCK)


def test_a_vehicle_without_a_contract_installs_one_and_charges(reached, world):
    outcome = reached(lambda backend: visited(backend, world, Carries.NOTHING))
    assert (outcome.failure, outcome.installed, outcome.authorized) == (None, True, True)


def test_silence_is_unavailable(reached, operator, world, monkeypatch):
    async def silent(_question):
        raise Unavailable("operator", "not there")

    monkeypatch.setattr(operator, "authorize", silent)

    async def story(backend):
        with pytest.raises(Unavailable):
            await backend.authorize(question(world))

    reached(story)
