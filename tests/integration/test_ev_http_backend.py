"""The backend port over HTTP, against our own authorization service and against rubbish."""

import asyncio
import json
from base64 import b64encode

import httpx
import pytest

from certs.edition import Edition
from certs.identifiers.emaid import EMAID
from certs.profiles.rules import Role
from ev_emulator.backend.http import ANSWER_OCTETS_MAX, Addresses, HttpBackend
from ev_emulator.errors import Unavailable
from ev_emulator.ports import (
    CertificateAction,
    CertificateQuestion,
    ContractQuestion,
    Denied,
    ExternalQuestion,
    Permitted,
    TariffQuestion,
)
from ev_emulator.stand_in.backend import StandIn
from tests.ev_pair import Dice
from tests.world import NOW, codes, valid_world

WORLD = valid_world()
CONTRACT = WORLD[Role.CONTRACT]
ADDRESSES = Addresses(
    authorize="http://operator.test/",
    responder="http://operator.test/ocsp",
    provisioning="http://operator.test/provision",
    api_key="geheim",
)
QUESTION = ContractQuestion(
    emaid=EMAID.parse("DE8AA001234567"),
    chain=CONTRACT.chain,
    path=(*CONTRACT.chain, CONTRACT.root),
    evse_id="DE*ICE*E45B*78C",
    edition=Edition.ISO_2,
)
INSTALLATION = CertificateQuestion(
    action=CertificateAction.INSTALL,
    edition=Edition.ISO_2,
    namespace="urn:iso:15118:2:2013:MsgDef",
    exi=b"\x80\x98",
)


def asked(answer, ask, *, addresses=ADDRESSES):
    """What a backend makes of an operator that answers like this; and the requests it sent."""
    requests = []

    async def handle(request):
        requests.append(request)
        told = answer(request) if callable(answer) else answer
        if isinstance(told, Exception):
            raise told
        return told

    async def story():
        async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as client:
            return await ask(HttpBackend(client, addresses))

    return asyncio.run(story()), requests


def pair(token, certificate, **more):
    body = {"idTokenInfo": {"status": token}, "certificateStatus": certificate, **more}
    return httpx.Response(200, json={k: v for k, v in body.items() if v is not None})


def test_an_accepted_contract_may_charge_until_the_operator_s_moment():
    answer = pair("Accepted", "Accepted")
    body = answer.json()
    body["idTokenInfo"]["cacheExpiryDateTime"] = "2026-11-01T13:00:00Z"
    told, (request,) = asked(httpx.Response(200, json=body), lambda b: b.authorize(QUESTION))
    assert isinstance(told, Permitted)
    assert told.valid_until is not None
    assert told.valid_until.isoformat() == "2026-11-01T13:00:00+00:00"
    assert request.url == "http://operator.test/v1/authorize"
    assert request.headers["authorization"] == "Bearer geheim"
    sent = json.loads(request.content)
    assert sent["idToken"] == {"idToken": "DE8AA001234567", "type": "eMAID"}
    assert sent["certificate"] == CONTRACT.pem
    assert sent["evseId"] == "DE*ICE*E45B*78C"


def test_the_operator_s_own_findings_say_why_not():
    answer = pair(
        "Blocked",
        "ContractCancelled",
        findings=[
            {"code": "contract.suspended", "severity": "error", "where": "contract"},
            {"code": "identity.emaid_check_digit_missing", "severity": "notice"},
            {"code": "of.tomorrow", "severity": "error"},
            "rubbish",
        ],
    )
    told, _ = asked(answer, lambda b: b.authorize(QUESTION))
    assert codes(told) == {"contract.suspended"}


def test_notices_alone_explain_nothing_so_the_pair_does():
    notice = [{"code": "identity.emaid_check_digit_missing", "severity": "notice"}]
    answer = pair("Invalid", "CertificateRevoked", findings=notice)
    told, _ = asked(answer, lambda b: b.authorize(QUESTION))
    assert codes(told) == {"revocation.revoked"}


def test_external_payment_is_asked_without_certificates():
    question = ExternalQuestion(evse_id="DE*ICE*E1", evcc_id=bytes(6))
    told, (request,) = asked(pair("Accepted", None), lambda b: b.authorize(question))
    assert told == Permitted()
    assert json.loads(request.content)["idToken"]["type"] == "MacAddress"


@pytest.mark.parametrize(
    "body",
    [b'{"idTokenInfo": []}', b"{}", b'{"idTokenInfo": {"status": ["Accepted"]}}'],
    ids=["list", "empty", "status-list"],
)
def test_an_answer_without_a_status_is_a_no(body):
    told, _ = asked(httpx.Response(200, content=body), lambda b: b.authorize(QUESTION))
    assert isinstance(told, Denied)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(302, headers={"Location": "http://elsewhere.test/"}),
        httpx.Response(401, json={"code": "caller.unauthenticated"}),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, content=b"[]"),
        httpx.Response(200, content=b"[" * 60_000),
        httpx.Response(200, content=b" " * (ANSWER_OCTETS_MAX + 1)),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
    ],
    ids=["500", "redirect", "401", "html", "list", "deep", "o17-long", "down", "slow"],
)
def test_anything_but_an_answer_is_unavailable(answer):
    for ask in (
        lambda b: b.authorize(QUESTION),
        lambda b: b.contract_certificate(INSTALLATION),
    ):
        with pytest.raises(Unavailable):
            asked(answer, ask)


def test_a_contract_certificate_comes_as_ocpp_has_it():
    exi = b64encode(b"\x80\x98\x02").decode()
    answer = httpx.Response(200, json={"status": "Accepted", "exiResponse": exi})
    told, (request,) = asked(answer, lambda b: b.contract_certificate(INSTALLATION))
    assert told == b"\x80\x98\x02"
    assert json.loads(request.content) == {
        "iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef",
        "action": "Install",
        "exiRequest": b64encode(b"\x80\x98").decode(),
    }


@pytest.mark.parametrize(
    "body",
    [{}, {"status": "Failed", "exiResponse": ""}, {"status": "Accepted", "exiResponse": "%%"}],
    ids=["nothing", "failed", "no-base64"],
)
def test_no_exi_is_no_contract_certificate(body):
    with pytest.raises(Unavailable):
        asked(httpx.Response(200, json=body), lambda b: b.contract_certificate(INSTALLATION))


def test_without_an_address_no_contract_is_installed_and_no_staple_had():
    bare = Addresses(authorize="http://operator.test")
    with pytest.raises(Unavailable):
        asked(None, lambda b: b.contract_certificate(INSTALLATION), addresses=bare)
    root = WORLD[Role.V2G_ROOT].certificate
    with pytest.raises(Unavailable):
        asked(None, lambda b: b.certificate_status(root, root), addresses=bare)


def test_a_staple_is_asked_where_the_certificate_says_unless_told_otherwise():
    secc, issuer = WORLD[Role.SECC].chain[:2]
    bare = Addresses(authorize="http://operator.test")
    for addresses, url in (
        (ADDRESSES, "http://operator.test/ocsp"),
        (bare, "http://ocsp.v2g.example"),
    ):
        told, (request,) = asked(
            httpx.Response(200, content=b"\x30\x00"),
            lambda b: b.certificate_status(secc, issuer),
            addresses=addresses,
        )
        assert told == b"\x30\x00"
        assert str(request.url) == url
        assert request.headers["content-type"] == "application/ocsp-request"
        assert "authorization" not in request.headers


def test_these_services_keep_no_tariffs():
    question = TariffQuestion(emaid=QUESTION.emaid, edition=Edition.ISO_2)
    told, requests = asked(None, lambda b: b.sales_tariff(question))
    assert (told, requests) == (None, [])


def test_h13_the_key_is_in_no_representation():
    assert "geheim" not in repr(ADDRESSES)


def test_the_memory_twin_and_http_agree_on_a_revoked_contract():
    twin = StandIn(WORLD, now=lambda: NOW, random_bytes=Dice())
    twin.revoke(CONTRACT.certificate)
    mine = asyncio.run(twin.authorize(QUESTION))
    theirs, _ = asked(pair("Invalid", "CertificateRevoked"), lambda b: b.authorize(QUESTION))
    assert codes(mine) == codes(theirs) == {"revocation.revoked"}
