"""GetCertificateStatus and GetCertificateChainStatus: fetched for stations, verified, handed on."""

from base64 import b64decode
from datetime import datetime, timedelta

import pytest
from cryptography.x509 import ocsp as x509_ocsp

from authz.adapters.kept_responses import RESPONSE_OCTETS_MAX, KeptResponses
from authz.breaker import FAILURES_MAX
from authz.ocpp.protocol import OcppVersion
from certs import pem
from certs.profiles.rules import Role
from certs.revocation.hash_data import HashAlgorithm, parse
from certs.revocation.ocsp_request import encode_request, question_from
from certs.revocation.status import Good, Proof, Source
from tests import evidence
from tests.authz_house import RESPONSE_LIFE, Clock, Responder, hash_data, house, key_id_of
from tests.scripted_station import ScriptedStation
from tests.world import NOW, valid_world

NEWER = [OcppVersion.V201, OcppVersion.V21]


def secc_hashes(world, url, algorithm=HashAlgorithm.SHA256):
    """The hash data of a charger's own chain: leaf, sub-CA 2, sub-CA 1."""
    return hash_data(world[Role.SECC], algorithm, url)


@pytest.fixture
def responder():
    clock = Clock()
    made = Responder(clock)
    yield made
    made.close()


@pytest.fixture
def sub_cas(tmp_path):
    file = tmp_path / "cpo-sub-cas.pem"
    file.write_text(pem.encode(valid_world()[Role.SECC].chain[1:]))
    return file


@pytest.fixture
def boring(tmp_path, responder, sub_cas):
    """The responder is reached because it is listed, not because a station names it."""
    with house(
        tmp_path,
        responder=responder,
        clock=responder.clock,
        revocation_sources=[],
        allowed_urls=[{"prefix": f"{responder.origin}/"}],
        authority_files=[str(sub_cas)],
    ) as h:
        yield h


def status(station, entry):
    return station.ask("GetCertificateStatus", ocspRequestData=entry)


@pytest.mark.parametrize("version", NEWER)
@pytest.mark.parametrize("algorithm", [HashAlgorithm.SHA256, HashAlgorithm.SHA384])
def test_tc_m_24_csms_each_certificate_of_a_chargers_chain(boring, responder, version, algorithm):
    """TC_M_24_CSMS (M06.FR.01-03, 08, 09): Accepted, and base64 of the DER OCSPResponse."""
    station = ScriptedStation(boring, version)
    chain = valid_world()[Role.SECC].chain
    entries = secc_hashes(boring.world, f"{responder.origin}/ocsp", algorithm)
    for certificate, entry in zip(chain, entries, strict=True):
        answer = status(station, entry)
        assert answer["status"] == "Accepted"
        told = x509_ocsp.load_der_ocsp_response(b64decode(answer["ocspResult"], validate=True))
        assert told.serial_number == certificate.serial
        assert told.certificate_status is x509_ocsp.OCSPCertStatus.GOOD
        assert len(answer["ocspResult"]) <= 5_500


def test_16_the_same_in_a_data_transfer(boring, responder):
    (entry, *_) = secc_hashes(boring.world, f"{responder.origin}/ocsp")
    old = ScriptedStation(boring, OcppVersion.V16)
    wrapped, told = old.transfer("GetCertificateStatus", {"ocspRequestData": entry})
    assert (wrapped, told["status"]) == ("Accepted", "Accepted")
    assert set(told) == {"status", "ocspResult"}  # citrineos-core once wrote ocspResponse


def test_m06_a_revoked_certificate_is_accepted_with_its_response(boring, responder):
    secc = boring.world[Role.SECC]
    responder.revoke(secc)
    (entry, *_) = secc_hashes(boring.world, f"{responder.origin}/ocsp")
    answer = status(ScriptedStation(boring), entry)
    assert answer["status"] == "Accepted"
    told = x509_ocsp.load_der_ocsp_response(b64decode(answer["ocspResult"]))
    assert told.certificate_status is x509_ocsp.OCSPCertStatus.REVOKED


def test_m06_a_signed_unknown_is_a_response_too(boring, responder):
    responder.unknown.add(boring.world[Role.SECC].certificate.fingerprint)
    (entry, *_) = secc_hashes(boring.world, f"{responder.origin}/ocsp")
    assert status(ScriptedStation(boring), entry)["status"] == "Accepted"


def test_h10_a_url_that_nobody_lists_is_never_called(boring, responder):
    """citrineos-core#929: the station's URL was fetched, and its body handed to the station."""
    stranger = Responder(responder.clock)
    try:
        (entry, *_) = secc_hashes(boring.world, f"{stranger.origin}/ocsp")
        assert status(ScriptedStation(boring), entry)["status"] == "Failed"
        assert stranger.asked == []
        assert stranger.fetched == []
    finally:
        stranger.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "http://localhost@127.0.0.1/",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "",
    ],
)
def test_h10_places_that_no_message_may_name(boring, url):
    (entry, *_) = secc_hashes(boring.world, "http://ocsp.example/")
    assert status(ScriptedStation(boring), entry | {"responderURL": url})["status"] == "Failed"


@pytest.mark.parametrize("body", [b"", b"internal secret", b"\x30\x03\x0a\x01\x06"])
def test_what_is_no_response_of_that_issuer_is_not_handed_on(boring, responder, body):
    """citrineos-core#929: what stands behind a URL is none of the station's business."""
    responder.body = body
    (entry, *_) = secc_hashes(boring.world, f"{responder.origin}/ocsp")
    answer = status(ScriptedStation(boring), entry)
    assert answer["status"] == "Failed"
    assert "ocspResult" not in answer


def test_a_response_about_another_certificate_is_not_handed_on(boring, responder):
    """golang/go#81396, MaEVe: the serial number alone was compared, and the issuer was nil."""
    entries = secc_hashes(boring.world, f"{responder.origin}/ocsp")
    own = responder.answer
    captured = []
    responder.stranger = None

    def other(request):
        captured.append(request)
        return own(captured[0])

    responder.answer = other  # type: ignore[method-assign]
    station = ScriptedStation(boring)
    assert status(station, entries[0])["status"] == "Accepted"
    assert status(station, entries[1])["status"] == "Failed"


def test_an_issuer_that_nobody_knows_is_failed(tmp_path, responder):
    """The issuer's key cannot be checked, so nothing is believed: MaEVe passed nil."""
    with house(
        tmp_path,
        responder=responder,
        clock=responder.clock,
        revocation_sources=[],
        allowed_urls=[{"prefix": f"{responder.origin}/"}],
    ) as h:
        (leaf, *_, top) = secc_hashes(h.world, f"{responder.origin}/ocsp")
        assert status(ScriptedStation(h), leaf)["status"] == "Failed"
        assert status(ScriptedStation(h), top)["status"] == "Accepted"  # the anchor issued it


def test_a_silent_or_stale_responder_is_failed(boring, responder):
    (entry, *_) = secc_hashes(boring.world, f"{responder.origin}/ocsp")
    responder.status = 503
    assert status(ScriptedStation(boring), entry)["status"] == "Failed"
    responder.status = 200
    kept = responder.answer
    asked = []

    def old(request):
        asked.append(request)
        return octets

    octets = kept(encode_request(question_from(parse(entry))))
    responder.answer = old  # type: ignore[method-assign]
    boring.clock.move(timedelta(days=2))
    assert status(ScriptedStation(boring), entry)["status"] == "Failed"
    assert asked


def test_silent_responder_s_last_word_is_handed_on_as_long_as_it_is_in_time(boring, responder):
    (entry, other, _) = secc_hashes(boring.world, f"{responder.origin}/ocsp")
    station = ScriptedStation(boring)
    first = status(station, entry)
    boring.clock.move(timedelta(seconds=1))
    assert status(station, entry) != first, "while it answers, it is its newest word"
    last = status(station, entry)
    responder.status = 503
    assert status(station, entry) == last
    assert status(station, other)["status"] == "Failed", "nothing was ever said of this one"
    asked_otherwise = secc_hashes(boring.world, entry["responderURL"], HashAlgorithm.SHA384)[0]
    assert status(station, asked_otherwise)["status"] == "Failed", "nor under this CertID"
    boring.clock.move(RESPONSE_LIFE)
    assert status(station, entry) == last, "its last second is in time"
    boring.clock.move(timedelta(seconds=1))
    assert status(station, entry)["status"] == "Failed"


def test_revocation_is_the_last_word_although_an_older_answer_is_replayed(boring, responder):
    (entry, *_) = secc_hashes(boring.world, f"{responder.origin}/ocsp")
    station = ScriptedStation(boring)
    older = responder.answer(encode_request(question_from(parse(entry))))
    boring.clock.move(timedelta(minutes=1))
    responder.revoke(boring.world[Role.SECC])
    revoked = status(station, entry)
    responder.body = older
    assert status(station, entry)["status"] == "Accepted"
    responder.status = 503
    assert status(station, entry) == revoked


def test_responder_that_keeps_failing_is_left_alone_for_stations_only(boring, responder):
    """H10's neighbour: addresses that stations name do not close the road of authorizations."""
    (entry, other, third) = secc_hashes(boring.world, f"{responder.origin}/ocsp")
    station = ScriptedStation(boring)
    last = status(station, entry)
    responder.status = 503
    for _ in range(FAILURES_MAX):
        status(station, third)
    asked = responder.requests
    assert status(station, other)["status"] == "Failed"
    assert status(station, entry) == last, "what it said before holds"
    assert responder.requests == asked, "and it is not asked meanwhile"
    responder.status = 200
    named = hash_data(boring.contract, url=entry["responderURL"])
    answer = boring.ask(chain=boring.contract, hashes=named)
    assert answer.json()["idTokenInfo"]["status"] == "Accepted", answer.text


def test_what_is_kept_for_stations_is_bounded():
    proof = Proof(
        source=Source.OCSP,
        this_update=NOW,
        next_update=NOW,
        produced_at=NOW,
        number=None,
        signer_fingerprint=b"",
        digest=b"",
    )
    data = [parse(entry) for entry in secc_hashes(valid_world(), "http://ocsp.example/")]
    kept = KeptResponses(responses_max=2)
    for one in data[:2]:
        kept.keep(one, b"response", Good(proof=proof))
    assert kept.recall(data[0]) == b"response"
    kept.keep(data[2], b"response", Good(proof=proof))
    assert len(kept) == 2
    assert kept.recall(data[1]) is None, "the longest unused"
    kept.keep(data[0], bytes(RESPONSE_OCTETS_MAX + 1), Good(proof=proof))
    assert kept.recall(data[0]) == b"response"


def test_a_configured_responder_is_asked_whatever_the_station_names(tmp_path, responder, sub_cas):
    with house(
        tmp_path, responder=responder, clock=responder.clock, authority_files=[str(sub_cas)]
    ) as h:
        (entry, *_) = secc_hashes(h.world, "http://169.254.169.254/")
        assert status(ScriptedStation(h), entry)["status"] == "Accepted"


@pytest.mark.parametrize(
    "changes",
    [
        {"serialNumber": "xyz"},
        {"issuerKeyHash": "ab"},
        {"issuerNameHash": "zz" * 32},
    ],
)
def test_hash_data_that_are_none_are_failed(boring, responder, changes):
    (entry, *_) = secc_hashes(boring.world, f"{responder.origin}/ocsp")
    assert status(ScriptedStation(boring), entry | changes)["status"] == "Failed"


def test_a_response_over_the_limit_of_2_0_1_is_failed(boring, responder):
    """ocspResult has at most 5,500 characters there: sent, the station would refuse it."""
    world = boring.world
    responder.bag = (evidence.sequence(b"\x04\x82\x10\x00", bytes(4_096)),)
    (entry, *_) = secc_hashes(world, f"{responder.origin}/ocsp")
    answer = status(ScriptedStation(boring), entry)
    assert answer["status"] == "Failed"
    assert answer["statusInfo"]["reasonCode"] == "TooLarge"
    newer = status(ScriptedStation(boring, OcppVersion.V21), entry)
    assert 5_500 < len(newer["ocspResult"]) <= 18_000


def test_an_issuer_that_comes_along_is_known_by_its_hashes(tmp_path, responder):
    """The station named its name and its key: whoever signed with that key is who is meant."""
    with house(
        tmp_path,
        responder=responder,
        clock=responder.clock,
        revocation_sources=[],
        allowed_urls=[{"prefix": f"{responder.origin}/"}],
    ) as h:
        (leaf, *_) = secc_hashes(h.world, f"{responder.origin}/ocsp")
        responder.bag = (h.world[Role.CPO_SUB_1].certificate.der,)
        assert status(ScriptedStation(h), leaf)["status"] == "Failed"  # another's
        responder.bag = (h.world[Role.CPO_SUB_2].certificate.der,)
        assert status(ScriptedStation(h), leaf)["status"] == "Accepted"


# M07 ---------------------------------------------------------------------------------------------


def requests(world, url, source):
    return [
        {
            "certificateHashData": {k: v for k, v in entry.items() if k != "responderURL"},
            "source": source,
            "urls": [url],
        }
        for entry in secc_hashes(world, url)
    ]


def chain_status(h, asked):
    station = ScriptedStation(h, OcppVersion.V21)
    told = station.ask("GetCertificateChainStatus", certificateStatusRequests=asked)
    return told["certificateStatus"]


def test_m07_a_chains_statuses_by_ocsp(boring, responder):
    responder.revoke(boring.world[Role.SECC])
    asked = requests(boring.world, f"{responder.origin}/ocsp", "OCSP")
    told = chain_status(boring, asked)
    assert [one["status"] for one in told] == ["Revoked", "Good", "Good"]
    assert [one["certificateHashData"] for one in told] == [
        one["certificateHashData"] for one in asked
    ]
    for one in told:
        until = datetime.fromisoformat(one["nextUpdate"])
        assert boring.clock.now < until <= boring.clock.now + timedelta(days=7)


def test_m07_by_crl_a_serial_that_is_not_listed_is_good(boring, responder):
    secc = boring.world[Role.SECC]
    url = f"{responder.origin}/crl/{key_id_of(secc.issuer)}.crl"
    asked = requests(boring.world, url, "CRL")[:1]
    assert [one["status"] for one in chain_status(boring, asked)] == ["Good"]
    responder.revoke(secc)
    assert [one["status"] for one in chain_status(boring, asked)] == ["Revoked"]


@pytest.mark.parametrize("source", ["OCSP", "CRL"])
def test_m07_what_is_out_of_reach_is_failed_and_kept_by_nobody(boring, responder, source):
    responder.status = 500
    asked = requests(boring.world, f"{responder.origin}/ocsp", source)
    for one in chain_status(boring, asked):
        assert one["status"] == "Failed"
        assert datetime.fromisoformat(one["nextUpdate"]) <= boring.clock.now


def test_m07_a_signed_unknown_is_unknown_and_rubbish_is_failed(boring, responder):
    responder.unknown.add(boring.world[Role.SECC].certificate.fingerprint)
    asked = requests(boring.world, f"{responder.origin}/ocsp", "OCSP")[:1]
    assert chain_status(boring, asked)[0]["status"] == "Unknown"
    asked[0]["certificateHashData"] |= {"issuerKeyHash": "00"}
    assert chain_status(boring, asked)[0]["status"] == "Failed"
