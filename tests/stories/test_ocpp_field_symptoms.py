"""What went wrong elsewhere, each under the name of its symptom, asked through OCPP's door."""

import socket
from datetime import timedelta

import pytest

from authz.ocpp.protocol import OcppVersion
from certs import pem
from certs.hierarchy import grow
from certs.profiles.rules import Role
from certs.revocation.hash_data import HashAlgorithm
from tests.authz_house import (
    Clock,
    Responder,
    another_contract,
    hash_data,
    house,
    key_id_of,
)
from tests.scripted_station import ScriptedStation, emaid_token
from tests.world import CONTRACT_CN, NOW, valid_world

TOKEN = emaid_token(CONTRACT_CN)


@pytest.fixture
def boring(tmp_path):
    with house(tmp_path) as h:
        yield h


@pytest.fixture
def station(boring):
    return ScriptedStation(boring)


def ask(station, **payload):
    answer = station.ask("Authorize", **{"idToken": TOKEN} | payload)
    return answer.get("certificateStatus"), answer["idTokenInfo"]["status"]


# MaEVe -------------------------------------------------------------------------------------------


def test_maeve_revoked_is_reported_as_revoked_and_not_as_a_signature_error(boring, station):
    """Matched by the wrong type there: retried, then SignatureError and Blocked."""
    boring.responder.revoke(boring.contract)
    assert ask(station, certificate=boring.contract.pem) == ("CertificateRevoked", "Invalid")


def test_maeve_a_revoked_sub_ca_is_a_revoked_certificate_too(boring, station):
    boring.responder.revoke(boring.world[Role.MO_SUB_1])
    assert ask(station, certificate=boring.contract.pem) == ("CertificateRevoked", "Invalid")


def test_maeve_and_citrineos_1056_rejections_are_not_all_blocked(boring, station):
    """C07's pairs: the contract's own status, or the certificate's."""
    seen = set()
    for state in ("Blocked", "Expired", "Unknown", "NoCredit", "ConcurrentTx"):
        boring.register(state=state)
        seen.add(ask(station, certificate=boring.contract.pem))
    assert seen == {
        ("ContractCancelled", "Blocked"),
        ("ContractCancelled", "Expired"),
        ("ContractCancelled", "Unknown"),
        ("Accepted", "NoCredit"),
        ("Accepted", "ConcurrentTx"),
    }


def test_maeve_an_empty_responder_url_is_no_success(tmp_path):
    """There an empty URL ended the check with success: no evidence grants nothing."""
    with house(tmp_path, revocation_sources=[]) as h:
        h.register(chain=h.contract)
        hashes = hash_data(h.contract, url="")
        answer = ask(ScriptedStation(h), iso15118CertificateHashData=hashes)
        assert answer == ("CertChainError", "Invalid")


def test_maeve_the_hash_path_binds_the_emaid(boring, station):
    """K20: any valid certificate authorised any eMAID."""
    other = another_contract(boring.world)
    boring.responder.knows(other)
    boring.register("DE8AA009876543", chain=other)
    hashes = hash_data(other)
    assert ask(station, iso15118CertificateHashData=hashes) == ("CertChainError", "Invalid")
    own = ask(station, idToken=emaid_token("DE8AA009876543"), iso15118CertificateHashData=hashes)
    assert own == ("Accepted", "Accepted")


def test_maeve_a_network_error_is_no_crash(tmp_path):
    """A nil body was closed there, and the manager went down."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        world = valid_world()
        listed = [
            {"issuer_key_id": key_id_of(one), "ocsp": f"http://127.0.0.1:{port}/"} for one in world
        ]
        with house(tmp_path, revocation_sources=listed) as h:
            station = ScriptedStation(h)
            pair = ask(station, certificate=h.contract.pem)
            assert pair == ("CertChainError", "Invalid")
            assert station.ask("Heartbeat")


@pytest.mark.parametrize("version", OcppVersion)
def test_maeve_an_unknown_emaid_without_certificates_is_no_crash(boring, version):
    """Its has2be handler read a certificateStatus that was not there."""
    station = ScriptedStation(boring, version)
    unknown = {"idToken": emaid_token("DE8AA000000000")}
    if version is OcppVersion.V16:
        status, told = station.transfer("Authorize", unknown)
        assert status == "Accepted"
    else:
        told = station.ask("Authorize", **unknown)
    assert told["idTokenInfo"]["status"] in {"Invalid", "Unknown"}


def test_maeve_a_chain_without_any_ocsp_url_is_checked_by_its_crls(tmp_path):
    """Rejected there; libocpp#652: contract chains without OCSP URLs exist in the real world."""
    with house(tmp_path, ways={"crl": True}) as h:
        assert ask(ScriptedStation(h), certificate=h.contract.pem) == ("Accepted", "Accepted")
        assert h.responder.asked == []


def test_maeve_a_part_of_a_chain_without_evidence_is_not_skipped(tmp_path):
    clock = Clock()
    responder = Responder(clock)
    world = valid_world()
    partly = [
        {"issuer_key_id": key_id_of(one), "ocsp": f"{responder.origin}/ocsp"}
        for one in world
        if one.role is not Role.MO_SUB_1
    ]
    try:
        with house(tmp_path, clock=clock, responder=responder, revocation_sources=partly) as h:
            pair = ask(ScriptedStation(h), certificate=h.contract.pem)
            assert pair == ("CertChainError", "Invalid")
    finally:
        responder.close()


def test_maeve_an_emaid_is_compared_as_what_it_is_and_not_byte_for_byte(boring, station):
    spelled = "de-8aa-001234567"
    pair = ask(station, idToken=emaid_token(spelled), certificate=boring.contract.pem)
    assert pair == ("Accepted", "Accepted")


# CitrineOS ---------------------------------------------------------------------------------------


def test_citrineos_a_forged_chain_with_its_own_responder_is_no_chain(boring, station):
    """Its root was found by its name alone, and OCSP asked where the certificate said."""
    forged = grow(seed=b"forged", now=NOW, ocsp_url=f"{boring.responder.origin}/ocsp")
    boring.responder.knows(*forged)
    contract = forged[Role.CONTRACT]
    assert contract.certificate.common_name == CONTRACT_CN
    before = len(boring.responder.asked)
    assert ask(station, certificate=contract.pem) == ("CertChainError", "Invalid")
    assert len(boring.responder.asked) == before


def test_citrineos_958_hash_data_reach_the_responder_and_are_accepted(boring, station):
    """The OCSP request could not be encoded there: every hash-data authorize was Invalid."""
    boring.register(chain=boring.contract)
    pair = ask(station, iso15118CertificateHashData=hash_data(boring.contract))
    assert pair == ("Accepted", "Accepted")
    assert len(boring.responder.asked) == 3


def test_citrineos_892_the_chain_wins_where_both_come(boring, station):
    """Two checks wrote one field there, and the last one won."""
    other = another_contract(boring.world)
    boring.responder.knows(other)
    boring.responder.revoke(other)
    both = {
        "certificate": boring.contract.pem,
        "iso15118CertificateHashData": hash_data(other),
    }
    assert ask(station, **both) == ("Accepted", "Accepted")


def test_citrineos_1074_serial_numbers_are_hexadecimal(boring, station):
    """Read as decimal, or to the first letter, they named another certificate."""
    boring.register(chain=boring.contract)
    hashes = hash_data(boring.contract)
    serial = boring.contract.certificate.serial
    assert int(hashes[0]["serialNumber"], 16) == serial
    hashes[0]["serialNumber"] = "0" + hashes[0]["serialNumber"].upper()
    if len(hashes[0]["serialNumber"]) <= 40:
        pair = ask(station, iso15118CertificateHashData=hashes)
        assert pair == ("Accepted", "Accepted")
    hashes[0]["serialNumber"] = format(serial + 1, "x")
    assert ask(station, iso15118CertificateHashData=hashes) == ("CertChainError", "Invalid")


def test_ocpp_go_212_a_serial_number_has_forty_digits(boring, station):
    contract = boring.world.issue(
        Role.CONTRACT, common_name="DE8AA009876543", serial=int("7f" + "ab" * 19, 16)
    )
    boring.responder.knows(contract)
    boring.register("DE8AA009876543", chain=contract)
    hashes = hash_data(contract)
    assert len(hashes[0]["serialNumber"]) == 40
    token = emaid_token("DE8AA009876543")
    pair = ask(station, idToken=token, iso15118CertificateHashData=hashes)
    assert pair == ("Accepted", "Accepted")


@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
def test_everest_566_letter_case_changes_nothing(boring, station, algorithm):
    boring.register(chain=boring.contract)
    hashes = hash_data(boring.contract, HashAlgorithm(algorithm))
    shouted = [
        entry | {name: entry[name].upper() for name in ("issuerNameHash", "issuerKeyHash")}
        for entry in hashes
    ]
    assert ask(station, iso15118CertificateHashData=shouted) == ("Accepted", "Accepted")


# EVerest -----------------------------------------------------------------------------------------


def test_everest_1992_a_certificate_status_is_precise(boring, station):
    """Expired, revoked and broken chains were one and the same there."""
    pem_text = boring.contract.pem
    assert ask(station, certificate=pem_text) == ("Accepted", "Accepted")
    fresh = another_contract(boring.world)
    boring.responder.knows(fresh)
    boring.register("DE8AA009876543")
    token = emaid_token("DE8AA009876543")
    broken = pem.encode(fresh.chain[:1])
    pair = ask(station, idToken=token, certificate=broken)
    assert pair == ("CertChainError", "Invalid")
    boring.clock.move(timedelta(days=3_000))
    assert ask(station, idToken=token, certificate=fresh.pem) == ("CertificateExpired", "Expired")


def test_everest_everest_demo_35_what_a_station_needs_cached_is_answered(tmp_path):
    """The update of its OCSP cache was rejected by the central system: here it is answered."""
    clock = Clock()
    responder = Responder(clock)
    listed = [{"prefix": f"{responder.origin}/ocsp"}]
    try:
        with house(tmp_path, clock=clock, responder=responder, allowed_urls=listed) as h:
            *_, top = hash_data(h.world[Role.SECC], url=f"{responder.origin}/ocsp")
            told = ScriptedStation(h).ask("GetCertificateStatus", ocspRequestData=top)
            assert told["status"] == "Accepted"
    finally:
        responder.close()


def test_ev_server_1874_the_decision_is_known_from_authorize_to_the_end(boring, station):
    """The authorization's id was lost there between authorize and start."""
    station.ask("Authorize", idToken=TOKEN, certificate=boring.contract.pem)
    event = {
        "timestamp": NOW.isoformat(),
        "triggerReason": "Authorized",
        "transactionInfo": {"transactionId": "tx-1"},
    }
    station.ask("TransactionEvent", eventType="Started", seqNo=0, idToken=TOKEN, **event)
    station.ask("TransactionEvent", eventType="Ended", seqNo=1, **event)
    kept = boring.client.run(
        boring.client.app.state.answers.transactions.find("cpo-one", "CS-1", "tx-1")
    )
    path = f"/v1/decisions/{kept.decision_id}"
    decision = boring.client.get(path, headers=boring.headers()).json()
    assert decision["answer"]["reason"] == "accepted"
    assert decision["question"]["proof"] == "chain"
