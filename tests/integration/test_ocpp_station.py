"""The charging station's side of OCPP 2.0.1, against a CSMS that validates every message."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.ocsp import OCSPCertStatus, load_der_ocsp_response
from ocpp.v201 import call, call_result

from certs import keys, pem
from certs.edition import Edition
from certs.identifiers.emaid import EMAID
from certs.keys import KeyKind
from certs.profiles.rules import Role
from ev_emulator.backend.ocpp.backend import OcppBackend, StationSettings
from ev_emulator.backend.ocpp.certificates import CertificateStore, StationName
from ev_emulator.backend.ocpp.proof import Chain, Nothing, proof
from ev_emulator.backend.ocpp.variables import Variables
from ev_emulator.errors import Unavailable
from ev_emulator.ports import (
    CertificateAction,
    CertificateQuestion,
    ContractQuestion,
    Denied,
    ExternalQuestion,
    Permitted,
    Phase,
    TransactionReport,
)
from ev_emulator.stand_in.backend import StandIn
from tests.ev_pair import Dice
from tests.ocpp_csms import Csms
from tests.world import NOW, codes, crooked, valid_world

WORLD = valid_world()
CONTRACT = WORLD[Role.CONTRACT]
PATH = (*CONTRACT.chain, CONTRACT.root)
EVSE = "DE*ICE*E45B*78C"
AUTHORITY_INFORMATION_ACCESS = "1.3.6.1.5.5.7.1.1"


def question(contract=CONTRACT, *, path=None, emaid=None):
    name = emaid or contract.certificate.common_name
    return ContractQuestion(
        emaid=EMAID.parse(name),
        chain=contract.chain,
        path=(*contract.chain, contract.root) if path is None else path,
        evse_id=EVSE,
        edition=Edition.ISO_2,
    )


def stand_in(world=WORLD):
    return StandIn(world, now=lambda: NOW, random_bytes=Dice())


def settings(url, **changes):
    given = StationSettings(url=url, name="CS-1", deadline_seconds=2.0, retry_seconds=0.05)
    return replace(given, **changes)


@asynccontextmanager
async def connected(csms, **changes):
    """A CSMS that listens, and a station that it accepted."""
    async with csms, OcppBackend(settings(csms.url, **changes), now=lambda: NOW) as station:
        await station.ready(within_seconds=5)
        yield station


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the twin has no events
            await asyncio.sleep(0.01)


def run(story):
    asyncio.run(story)


# What it sends to prove a contract


def test_known_root_sends_hash_data_and_no_chain():
    async def story():
        csms = Csms(stand_in())
        csms.knows(CONTRACT)
        async with connected(csms) as station:
            assert await station.authorize(question()) == Permitted()
        (sent,) = csms.payloads("Authorize")
        assert sent["certificate"] is None
        assert [int(each["serial_number"], 16) for each in sent["hash_data"]] == [
            each.serial for each in PATH[:-1]
        ]
        assert sent["id_token"] == {"id_token": "DE8AA001234567", "type": "eMAID"}

    run(story())


def test_unknown_root_sends_the_chain_where_central_validation_is_allowed():
    async def story():
        csms = Csms(stand_in())
        async with connected(csms) as station:
            assert await station.authorize(question(path=())) == Permitted()
        (sent,) = csms.payloads("Authorize")
        assert sent["hash_data"] is None
        assert pem.parse_chain(sent["certificate"]) == CONTRACT.chain

    run(story())


def test_unknown_root_is_refused_without_asking_where_central_validation_is_not_allowed():
    async def story():
        csms = Csms(stand_in())
        variables = Variables(central_contract_validation_allowed=False)
        async with connected(csms, variables=variables) as station:
            answer = await station.authorize(question(path=()))
        assert codes(answer) == {"chain.anchor_unknown"}
        assert "Authorize" not in csms.actions()

    run(story())


def test_external_payment_asks_for_the_vehicle_s_address():
    async def story():
        csms = Csms(stand_in())
        async with connected(csms) as station:
            asked = ExternalQuestion(evse_id=EVSE, evcc_id=bytes.fromhex("02AB00000001"))
            assert await station.authorize(asked) == Permitted()
        assert csms.payloads("Authorize")[0]["id_token"] == {
            "id_token": "02AB00000001",
            "type": "MacAddress",
        }

    run(story())


# What the operator answers


def test_revoked_contract_is_denied_as_revoked():
    async def story():
        backend = stand_in()
        backend.revoke(CONTRACT.certificate)
        async with connected(Csms(backend)) as station:
            answer = await station.authorize(question(path=()))
        assert codes(answer) == {"revocation.revoked"}

    run(story())


@pytest.mark.parametrize(
    ("token", "certificate", "code"),
    [
        ("Expired", "CertificateExpired", "chain.expired"),
        ("Invalid", "CertificateRevoked", "revocation.revoked"),
        ("Invalid", "CertChainError", "contract.unverified"),
        ("Invalid", "SignatureError", "chain.signature_invalid"),
        ("Invalid", "NoCertificateAvailable", "chain.anchor_unknown"),
        ("Blocked", "ContractCancelled", "contract.blocked"),
        ("Unknown", "ContractCancelled", "contract.unknown"),
        ("NoCredit", "Accepted", "contract.no_credit"),
        # a certificate that is bad is not made good by its token
        ("Accepted", "CertificateRevoked", "revocation.revoked"),
        # proof was sent and nobody judged it
        ("Accepted", None, "contract.unverified"),
    ],
)
def test_every_pair_has_its_finding(token, certificate, code):
    async def story():
        odd = call_result.Authorize(id_token_info={"status": token}, certificate_status=certificate)
        async with connected(Csms(stand_in(), answers={"Authorize": odd})) as station:
            answer = await station.authorize(question())
        assert isinstance(answer, Denied)
        assert codes(answer) == {code}

    run(story())


def test_slow_operator_is_unavailable_in_time_and_the_next_question_is_answered():
    async def story():
        csms = Csms(stand_in(), slow={"Get15118EVCertificate": 3.0})
        async with connected(csms, deadline_seconds=0.3) as station:
            began = asyncio.get_running_loop().time()
            with pytest.raises(Unavailable):
                await station.contract_certificate(installation(b"\x80"))
            assert asyncio.get_running_loop().time() - began < 1.0
            assert await station.authorize(question(path=())) == Permitted()

    run(story())


RUBBISH = {
    "not-json": "{{{",
    "no-list": '{"a": 1}',
    "empty-list": "[]",
    "unknown-type": '[9, "ID", {}]',
    "schema-broken": '[3, "ID", {"idTokenInfo": {"status": "Perhaps"}}]',
    "foreign-field": '[3, "ID", {"idTokenInfo": {"status": "Accepted"}, "x": 1}]',
    "payload-list": '[3, "ID", []]',
    "other-id": '[3, "of-another-request", {"idTokenInfo": {"status": "Accepted"}}]',
    "call-error": '[4, "ID", "InternalError", "", {}]',
    "call-error-unknown": '[4, "ID", "Whatever", "", {}]',
    "deep": "[" * 5_000 + "]" * 5_000,
    "long": '[3, "ID", "' + "x" * 100_000 + '"]',
}


@pytest.mark.parametrize("text", RUBBISH.values(), ids=RUBBISH)
def test_rubbish_from_the_operator_is_unavailable_and_never_a_yes(text):
    async def story():
        csms = Csms(stand_in(), rubbish={"Authorize": text})
        async with connected(csms, deadline_seconds=0.4) as station:
            with pytest.raises(Unavailable):
                await station.authorize(question(path=()))
            # and the station is there for the next one
            csms.rubbish.clear()
            await station.ready(within_seconds=5)
            assert await station.authorize(question(path=())) == Permitted()

    run(story())


# Certificates for vehicles and for staples


def installation(exi):
    return CertificateQuestion(
        action=CertificateAction.INSTALL,
        edition=Edition.ISO_2,
        namespace="urn:iso:15118:2:2013:MsgDef",
        exi=exi,
    )


def test_a_refused_installation_still_brings_the_exi_that_the_vehicle_understands():
    async def story():
        odd = call_result.Get15118EVCertificate(status="Failed", exi_response="gJg=")
        csms = Csms(stand_in(), answers={"Get15118EVCertificate": odd})
        async with connected(csms) as station:
            assert await station.contract_certificate(installation(b"\x80")) == b"\x80\x98"

    run(story())


def test_a_refused_installation_without_exi_is_unavailable():
    # the field is required even on Failed: "" is what real operators send (EVerest/EVerest#2245)
    async def story():
        odd = call_result.Get15118EVCertificate(status="Failed", exi_response="")
        csms = Csms(stand_in(), answers={"Get15118EVCertificate": odd})
        async with connected(csms) as station:
            with pytest.raises(Unavailable):
                await station.contract_certificate(installation(b"\x80"))

    run(story())


def test_a_staple_comes_through_the_operator():
    async def story():
        secc, issuer = WORLD[Role.SECC].chain[:2]
        async with connected(Csms(stand_in())) as station:
            response = await station.certificate_status(secc, issuer)
        told = load_der_ocsp_response(response)
        assert told.certificate_status is OCSPCertStatus.GOOD
        assert told.serial_number == secc.serial

    run(story())


def test_an_operator_without_a_response_gives_no_staple():
    async def story():
        odd = call_result.GetCertificateStatus(status="Failed")
        secc, issuer = WORLD[Role.SECC].chain[:2]
        csms = Csms(stand_in(), answers={"GetCertificateStatus": odd})
        async with connected(csms) as station:
            with pytest.raises(Unavailable):
                await station.certificate_status(secc, issuer)

    run(story())


# Booting, staying, coming back


def test_boots_tells_that_it_is_free_and_beats():
    async def story():
        csms = Csms(stand_in(), boot=["Pending", "Accepted"])
        csms.interval = 1
        async with connected(csms):
            assert csms.actions()[:3] == [
                "BootNotification",
                "BootNotification",
                "StatusNotification",
            ]
            await until(lambda: "Heartbeat" in csms.actions())

    run(story())


def test_a_station_that_is_not_accepted_asks_nothing():
    async def story():
        csms = Csms(stand_in(), boot=["Rejected"])
        async with csms, OcppBackend(settings(csms.url), now=lambda: NOW) as station:
            with pytest.raises(Unavailable):
                await station.ready(within_seconds=0.3)
            with pytest.raises(Unavailable):
                await station.contract_certificate(installation(b"\x80"))
            assert set(csms.actions()) == {"BootNotification"}

    run(story())


def test_an_operator_of_another_version_is_no_operator():
    async def story():
        csms = Csms(stand_in())
        csms.subprotocols = ["ocpp1.6"]
        async with csms, OcppBackend(settings(csms.url), now=lambda: NOW) as station:
            with pytest.raises(Unavailable):
                await station.ready(within_seconds=0.3)

    run(story())


def test_a_lost_operator_is_found_again_and_hears_what_happened_meanwhile():
    async def story():
        csms = Csms(stand_in())
        async with OcppBackend(settings("ws://127.0.0.1:9/ocpp"), now=lambda: NOW):
            pass  # nobody there: ends quietly
        async with csms:
            station = OcppBackend(settings(csms.url), now=lambda: NOW)
            await station.__aenter__()
            await station.ready(within_seconds=5)
            await station.report(news(Phase.BEGAN))
            await until(lambda: not station._reports)
        try:
            await until(lambda: station._station is None)
            await station.report(news(Phase.METERED))
            await station.report(news(Phase.ENDED))
            async with csms:
                await station.ready(within_seconds=5)
                await until(lambda: len(csms.payloads("TransactionEvent")) == 3)
        finally:
            await station.__aexit__(None, None, None)
        began, metered, ended = csms.payloads("TransactionEvent")
        assert [each["event_type"] for each in (began, metered, ended)] == [
            "Started",
            "Updated",
            "Ended",
        ]
        assert [each["seq_no"] for each in (began, metered, ended)] == [0, 1, 2]
        assert began["id_token"] == {"id_token": "DE8AA001234567", "type": "eMAID"}
        assert "offline" not in began
        assert metered["offline"] is True
        assert ended["meter_value"][0]["sampled_value"][0]["value"] == 12_345

    run(story())


def news(phase):
    return TransactionReport(
        phase=phase,
        transaction_id="T1",
        evse_id=EVSE,
        emaid=EMAID.parse("DE8AA001234567"),
        meter_wh=12_345,
        moment=NOW,
    )


def test_a_report_that_is_never_answered_does_not_hold_up_the_others():
    async def story():
        csms = Csms(stand_in(), rubbish={"TransactionEvent": '[4, "ID", "InternalError", "", {}]'})
        async with connected(csms, retry_seconds=0.01) as station:
            await station.report(news(Phase.BEGAN))
            await until(lambda: csms.actions().count("TransactionEvent") == 3)
            csms.rubbish.clear()
            await station.report(news(Phase.ENDED))
            await until(lambda: len(csms.payloads("TransactionEvent")) == 4)

    run(story())


def test_offline_answers_come_from_what_was_learnt_online():
    variables = Variables(contract_validation_offline=True, local_authorize_offline=True)

    async def story():
        csms = Csms(stand_in())
        csms.knows(CONTRACT)
        async with csms:
            station = OcppBackend(settings(csms.url, variables=variables), now=lambda: NOW)
            await station.__aenter__()
            await station.ready(within_seconds=5)
            assert await station.authorize(question()) == Permitted()
        try:
            await until(lambda: station._station is None)
            assert await station.authorize(question()) == Permitted()
            stranger = question(emaid="DE8AA009999999")
            assert codes(await station.authorize(stranger)) == {"contract.unknown"}
            assert codes(await station.authorize(question(path=()))) == {"contract.unverified"}
        finally:
            await station.__aexit__(None, None, None)

    run(story())


# The operator's requests about certificates


def test_roots_are_installed_listed_and_deleted_by_their_hashes():
    async def story():
        root = WORLD[Role.V2G_ROOT].certificate
        async with connected(csms := Csms(stand_in())) as station:
            none = await csms.send(call.GetInstalledCertificateIds())
            assert (none.status, none.certificate_hash_data_chain) == ("NotFound", None)
            for kind in ("V2GRootCertificate", "MORootCertificate"):
                given = WORLD[Role.V2G_ROOT if kind[0] == "V" else Role.MO_ROOT].certificate
                installed = await csms.send(
                    call.InstallCertificate(certificate_type=kind, certificate=pem.encode([given]))
                )
                assert installed.status == "Accepted"
            assert {each.certificate for each in station.store.anchors().anchors} == {
                root,
                WORLD[Role.MO_ROOT].certificate,
            }
            listed = await csms.send(
                call.GetInstalledCertificateIds(certificate_type=["V2GRootCertificate"])
            )
            (entry,) = listed.certificate_hash_data_chain
            named = {
                "hashAlgorithm": entry["certificate_hash_data"]["hash_algorithm"],
                "issuerNameHash": entry["certificate_hash_data"]["issuer_name_hash"],
                "issuerKeyHash": entry["certificate_hash_data"]["issuer_key_hash"],
                "serialNumber": entry["certificate_hash_data"]["serial_number"],
            }
            for expected in ("Accepted", "NotFound"):
                gone = await csms.send(call.DeleteCertificate(certificate_hash_data=named))
                assert gone.status == expected

    run(story())


def test_x02_a_sub_ca_is_not_installed_as_a_root():
    async def story():
        async with connected(csms := Csms(stand_in())) as station:
            answer = await csms.send(
                call.InstallCertificate(
                    certificate_type="V2GRootCertificate",
                    certificate=pem.encode([WORLD[Role.CPO_SUB_1].certificate]),
                )
            )
            assert answer.status == "Rejected"
            assert not station.store.anchors().anchors

    run(story())


def test_the_station_s_own_certificate_is_asked_for_signed_and_listed():
    async def story():
        root = WORLD[Role.V2G_ROOT].certificate
        async with connected(csms := Csms(stand_in())) as station:
            station.store.install("V2GRootCertificate", pem.encode([root]))
            key = keys.generate(KeyKind.P256)
            name = StationName(
                secc_id="DE-ICE-S-00003C4D557878675645330967543476-2",
                organization="Ice",
                country="DE",
            )
            await station.renew_certificate(name, key)
            csr = x509.load_pem_x509_csr(csms.payloads("SignCertificate")[0]["csr"].encode())
            assert csr.is_signature_valid
            secc = WORLD.issue(
                Role.SECC,
                common_name="DE-ICE-S-00003C4D557878675645330967543476-2",
                key=key.public_key(),
            )
            stranger = await csms.send(
                call.CertificateSigned(certificate_chain=WORLD[Role.SECC].pem)
            )
            assert stranger.status == "Rejected"  # of another key
            signed = await csms.send(
                call.CertificateSigned(
                    certificate_chain=secc.pem, certificate_type="V2GCertificate"
                )
            )
            assert signed.status == "Accepted"
            assert station.store.secc_chain == secc.chain
            listed = await csms.send(
                call.GetInstalledCertificateIds(certificate_type=["V2GCertificateChain"])
            )
            (entry,) = listed.certificate_hash_data_chain
            assert len(entry["child_certificate_hash_data"]) == 2
            mine = {
                "hashAlgorithm": "SHA256",
                "issuerNameHash": entry["certificate_hash_data"]["issuer_name_hash"],
                "issuerKeyHash": entry["certificate_hash_data"]["issuer_key_hash"],
                "serialNumber": entry["certificate_hash_data"]["serial_number"],
            }
            kept = await csms.send(call.DeleteCertificate(certificate_hash_data=mine))
            assert kept.status == "Failed"

    run(story())


def test_a_rejected_signing_request_is_unavailable():
    async def story():
        odd = call_result.SignCertificate(status="Rejected")
        csms = Csms(stand_in(), answers={"SignCertificate": odd})
        async with connected(csms) as station:
            name = StationName(
                secc_id="DE-ICE-S-00003C4D557878675645330967543476-2",
                organization="Ice",
                country="DE",
            )
            with pytest.raises(Unavailable):
                await station.renew_certificate(name, keys.generate(KeyKind.P256))

    run(story())


def test_h13_the_password_is_in_no_representation():
    assert "geheim" not in repr(settings("ws://x", password="geheim"))


def test_an_answer_counts_until_its_own_expiry():
    async def story():
        variables = Variables(contract_validation_offline=True, local_authorize_offline=True)
        until_moment = NOW + timedelta(hours=1)
        odd = call_result.Authorize(
            id_token_info={
                "status": "Accepted",
                "cacheExpiryDateTime": until_moment.isoformat(),
            },
            certificate_status="Accepted",
        )
        csms = Csms(stand_in(), answers={"Authorize": odd})
        clock = [NOW]
        async with csms:
            station = OcppBackend(settings(csms.url, variables=variables), now=lambda: clock[0])
            await station.__aenter__()
            await station.ready(within_seconds=5)
            assert await station.authorize(question()) == Permitted(valid_until=until_moment)
        try:
            await until(lambda: station._station is None)
            assert await station.authorize(question()) == Permitted()
            clock[0] = until_moment
            assert codes(await station.authorize(question())) == {"contract.unknown"}
        finally:
            await station.__aexit__(None, None, None)

    run(story())


# What is refused of the operator's certificates


def test_m05_a_full_store_rejects_and_an_unknown_type_does_too(monkeypatch):
    monkeypatch.setattr("ev_emulator.backend.ocpp.certificates.ROOTS_MAX", 1)
    store = CertificateStore()
    v2g = pem.encode([WORLD[Role.V2G_ROOT].certificate])
    assert store.install("Whatever", v2g) == "Rejected"
    assert store.install("V2GRootCertificate", v2g) == "Accepted"
    assert store.install("V2GRootCertificate", v2g) == "Accepted"  # the same again needs no room
    mo = pem.encode([WORLD[Role.MO_ROOT].certificate])
    assert store.install("MORootCertificate", mo) == "Rejected"
    assert store.install("MORootCertificate", "no PEM") == "Rejected"


def test_m04_what_is_no_hash_data_is_not_found():
    assert CertificateStore().delete({"hashAlgorithm": "SHA1"}) == "NotFound"


def test_x31_a_signed_certificate_of_a_root_that_is_not_installed_is_rejected():
    store, key = CertificateStore(), keys.generate(KeyKind.P256)
    name = StationName(
        secc_id="DE-ICE-S-00003C4D557878675645330967543476-2", organization="Ice", country="DE"
    )
    store.request(name, key)
    mine = WORLD.issue(Role.SECC, common_name=name.secc_id, key=key.public_key())
    assert store.signed("no PEM", now=NOW) == "Rejected"
    assert store.signed(mine.pem, now=NOW) == "Rejected"
    assert (store.secc_chain, store.secc_key) == ((), None)
    store.install("V2GRootCertificate", pem.encode([WORLD[Role.V2G_ROOT].certificate]))
    assert store.signed(mine.pem, now=NOW) == "Accepted"
    assert store.secc_key is key
    assert store.signed(mine.pem, now=NOW) == "Rejected"  # a request is answered once


def test_a_charging_station_certificate_is_not_taken():
    async def story():
        async with connected(csms := Csms(stand_in())):
            answer = await csms.send(
                call.CertificateSigned(
                    certificate_chain=WORLD[Role.SECC].pem,
                    certificate_type="ChargingStationCertificate",
                )
            )
            assert answer.status == "Rejected"

    run(story())


def test_x15_a_chain_too_long_for_ocpp_is_not_sent():
    bare = replace(question(path=()), chain=CONTRACT.chain * 3)
    answer = proof(bare, Variables())
    assert isinstance(answer, Nothing)
    assert answer.finding.code == "chain.certificate_too_large"


def test_a_leaf_that_names_no_responder_sends_its_chain():
    quiet = crooked(CONTRACT, drop=[AUTHORITY_INFORMATION_ACCESS])
    asked = question(quiet)
    assert isinstance(proof(asked, Variables()), Chain)
    answer = proof(asked, Variables(central_contract_validation_allowed=False))
    assert isinstance(answer, Nothing)
    assert answer.finding.code == "revocation.source_missing"


def test_a_password_is_shown_as_http_basic():
    async def story():
        csms = Csms(stand_in())
        async with connected(csms, password="geheim"):
            headers = csms.lines[-1]._connection.request.headers
            assert headers["Authorization"] == "Basic Q1MtMTpnZWhlaW0="

    run(story())
