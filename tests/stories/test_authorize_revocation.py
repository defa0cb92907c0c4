"""Revocation at the door: who is asked, what is believed, what is remembered, what silence is."""

import sqlite3
import threading
import time
from datetime import timedelta

import pytest

from certs.profiles.rules import Role
from certs.revocation.status import Reason
from tests.authz_house import (
    RESPONSE_LIFE,
    another_contract,
    finding_codes,
    hash_data,
    house,
    poll,
    verdict,
)
from tests.world import NOW, SECOND, crooked, valid_world

ACCEPTED = ("Accepted", "Accepted", "accepted")
REVOKED = ("CertificateRevoked", "Invalid", "revocation.revoked")
NO_SOURCE = {"revocation_sources": []}


def test_tc_c_51_contract_revoked_a_moment_ago_is_refused(tmp_path):
    with house(tmp_path) as h:
        h.responder.revoke(h.contract)
        answer = h.ask(chain=h.contract)
        assert verdict(answer) == REVOKED
        leaf = answer.json()["evidence"][0]
        assert (leaf["status"], leaf["reason"]) == ("revoked", "keyCompromise")
        assert "cacheExpiryDateTime" not in answer.json()["idTokenInfo"]


def test_tc_c_51_revoked_contract_is_refused_by_its_hashes(tmp_path):
    with house(tmp_path) as h:
        h.register(chain=h.contract)
        h.responder.revoke(h.contract)
        assert verdict(h.ask(hashes=h.contract)) == REVOKED


@pytest.mark.parametrize("role", [Role.MO_SUB_2, Role.MO_SUB_1])
def test_x28_revoked_authority_refuses_every_contract_below_it(tmp_path, role):
    with house(tmp_path) as h:
        h.register(chain=h.contract)
        h.responder.revoke(h.world[role])
        answer = h.ask(chain=h.contract)
        assert verdict(answer) == REVOKED
        assert verdict(h.ask(hashes=h.contract)) == REVOKED
        where = {"mo-sub-2": "sub_ca_2", "mo-sub-1": "sub_ca_1"}[role.value]
        assert [
            one["where"] for one in answer.json()["evidence"] if one["status"] == "revoked"
        ] == [where]


def test_revocation_beats_expiry(tmp_path):
    with house(tmp_path) as h:
        brief = crooked(h.contract, not_after=NOW + 60 * SECOND)
        h.responder.knows(brief)
        h.responder.revoke(brief)
        h.clock.move(61 * SECOND)
        assert verdict(h.ask(chain=brief)) == REVOKED


def test_o14_status_is_asked_anew_when_it_ends_although_the_issuer_is_remembered(tmp_path):
    with house(tmp_path) as h:
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        asked = len(h.responder.asked)
        h.clock.move(RESPONSE_LIFE)
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        assert len(h.responder.asked) == asked
        h.responder.revoke(h.contract)
        h.clock.move(SECOND)
        assert verdict(h.ask(chain=h.contract)) == REVOKED


def test_o10_old_good_after_a_revocation_changes_nothing(tmp_path):
    with house(tmp_path) as h:
        h.responder.revoke(h.contract)
        assert verdict(h.ask(chain=h.contract)) == REVOKED
        h.responder.revoked.clear()
        for _ in range(2):
            h.clock.move(2 * RESPONSE_LIFE)
            answer = h.ask(chain=h.contract)
            assert verdict(answer) == REVOKED
            assert answer.json()["evidence"][0]["source"] == "cache"
    with house(tmp_path, clock=h.clock, boring=False) as again:  # nor does a restart
        again.world = h.world
        assert verdict(again.ask(chain=again.contract)) == REVOKED
        assert h.contract.certificate.serial not in again.responder.asked


def test_o10_replayed_older_good_is_not_believed(tmp_path):
    with house(tmp_path) as h:
        serial = h.contract.certificate.serial
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        h.clock.move(RESPONSE_LIFE + SECOND)
        h.responder.clock = type(h.clock)(h.clock.now - 2 * RESPONSE_LIFE)
        answer = verdict(h.ask(chain=h.contract))
        assert answer[:2] == ("CertChainError", "Invalid")
        assert serial in h.responder.asked


def test_hold_that_was_lifted_is_good_again(tmp_path):
    with house(tmp_path) as h:
        h.responder.revoke(h.contract, Reason.CERTIFICATE_HOLD)
        assert verdict(h.ask(chain=h.contract)) == REVOKED
        h.responder.revoked.clear()
        assert verdict(h.ask(chain=h.contract)) == REVOKED  # the hold's own evidence still holds
        h.clock.move(RESPONSE_LIFE + SECOND)
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED


def test_o16_responder_that_does_not_know_is_no_good(tmp_path):
    with house(tmp_path) as h:
        h.responder.unknown.add(h.contract.certificate.fingerprint)
        assert verdict(h.ask(chain=h.contract)) == (
            "CertChainError",
            "Invalid",
            "revocation.ocsp_status_unknown",
        )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<html>captive portal</html>", "revocation.ocsp_malformed"),
        (b"0" * 65_536, "revocation.ocsp_malformed"),
        (b"0" * 65_537, "revocation.source_unreachable"),
        (b"0" * 1_048_576, "revocation.source_unreachable"),
        (bytes.fromhex("30030a0106"), "revocation.ocsp_not_successful"),
    ],
    ids=["O17-HTML", "O17-64 KB of nothing", "O17-one octet more", "O17-1 MB", "O13-unauthorized"],
)
def test_o17_what_is_no_answer_is_not_believed(tmp_path, body, code):
    with house(tmp_path) as h:
        h.responder.body = body
        assert verdict(h.ask(chain=h.contract)) == ("CertChainError", "Invalid", code)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (302, {"Location": "http://127.0.0.1:1/"}),
        (307, {"Location": "/ocsp"}),
        (500, {}),
        (200, {"Content-Encoding": "gzip"}),
    ],
    ids=["O17-redirect", "O17-redirect to itself", "O17-error", "O17-gzip bomb"],
)
def test_o17_answer_of_another_kind_is_not_followed(tmp_path, status, headers):
    with house(tmp_path) as h:
        h.responder.status, h.responder.headers = status, headers
        answer = h.ask(chain=h.contract)
        assert verdict(answer)[2] == "revocation.source_unreachable"
        # what is the server's own error may be asked once more
        assert len(h.responder.asked) == 3 or (status == 500 and len(h.responder.asked) <= 6)


def test_o17_silent_responder_is_not_waited_for(tmp_path):
    with house(tmp_path, source_deadline_seconds=0.6) as h:
        h.responder.silent_seconds = 5
        started = time.monotonic()
        answer = h.ask(chain=h.contract)
        assert time.monotonic() - started < 4
        assert verdict(answer) == ("CertChainError", "Invalid", "revocation.source_unreachable")
        assert {one["source"] for one in answer.json()["evidence"]} == {"none"}


def test_one_deadline_bounds_ocsp_and_crl_together(tmp_path):
    ways = {"ocsp": True, "crl": True}
    with house(tmp_path, ways=ways, gather_deadline_seconds=0.4, source_deadline_seconds=5) as h:
        h.responder.silent_seconds = 3
        started = time.monotonic()
        answer = h.ask(chain=h.contract)
        assert time.monotonic() - started < 2.5
        assert verdict(answer)[2] == "revocation.source_unreachable"


def test_late_answer_is_there_for_the_next_question(tmp_path):
    with house(tmp_path, gather_deadline_seconds=0.2, source_deadline_seconds=5) as h:
        h.responder.silent_seconds = 0.5
        assert verdict(h.ask(chain=h.contract))[2] == "revocation.source_unreachable"
        time.sleep(2.5)
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        assert len(h.responder.asked) == 3


def test_equal_questions_are_asked_once(tmp_path):
    with house(tmp_path) as h:
        h.responder.silent_seconds = 0.2
        body = {
            "idToken": {"idToken": "DE8AA001234567", "type": "eMAID"},
            "certificate": h.contract.pem,
        }
        asked = ("POST", "/v1/authorize", {"json": body, "headers": h.headers()})
        answers = h.client.all(*[asked] * 20)
        assert {verdict(answer) for answer in answers} == {ACCEPTED}
        assert len({answer.json()["decisionId"] for answer in answers}) == 20
        assert len(h.responder.asked) == 3


def test_issuer_without_a_source_is_not_believed_to_be_good(tmp_path):
    with house(tmp_path, **NO_SOURCE) as h:
        assert verdict(h.ask(chain=h.contract)) == (
            "CertChainError",
            "Invalid",
            "revocation.source_missing",
        )


def test_crl_answers_where_the_responder_does_not(tmp_path):
    with house(tmp_path, ways={"ocsp": True, "crl": True}) as h:
        h.responder.unknown.add(h.contract.certificate.fingerprint)
        answer = h.ask(chain=h.contract)
        assert verdict(answer) == ACCEPTED
        assert [one["source"] for one in answer.json()["evidence"]] == ["crl", "ocsp", "ocsp"]


def test_crl_alone_is_enough_and_is_fetched_once(tmp_path):
    with house(tmp_path, ways={"crl": True}) as h:
        theirs = another_contract(h.world)
        h.responder.knows(theirs)
        h.register("DE8AA009876543")
        h.responder.revoke(theirs)
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        assert verdict(h.ask(emaid="DE8AA009876543", chain=theirs)) == REVOKED
        assert h.responder.asked == []
        assert len(h.responder.fetched) == 3
        h.clock.move(RESPONSE_LIFE + SECOND)
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        assert len(h.responder.fetched) == 6


def test_unreachable_crl_is_no_good(tmp_path):
    with house(tmp_path, ways={"crl": True}) as h:
        h.responder.status = 404
        assert verdict(h.ask(chain=h.contract))[2] == "revocation.source_unreachable"
        h.responder.status, h.responder.body = 200, b"no CRL"
        assert verdict(h.ask(chain=h.contract))[2] == "revocation.crl_malformed"


# H10: what a certificate or a station names ------------------------------------------------------


def test_h10_urls_in_certificates_are_not_followed(tmp_path):
    with house(tmp_path, **NO_SOURCE) as h:
        own = h.world.issue(Role.CONTRACT)
        assert own.certificate.ocsp_urls
        assert verdict(h.ask(chain=own))[2] == "revocation.source_missing"
        assert h.responder.asked == []


def test_h10_responder_url_of_a_station_is_followed_only_where_the_operator_lists_it(tmp_path):
    with house(tmp_path, **NO_SOURCE) as h:
        h.register(chain=h.contract)
        pointed = hash_data(h.contract, url=f"{h.responder.origin}/ocsp")
        assert verdict(h.ask(hashes=pointed))[2] == "revocation.source_missing"
        assert h.responder.asked == []


def test_tc_c_50_listed_responder_url_of_a_station_is_asked(tmp_path):
    with house(tmp_path, **NO_SOURCE) as first:
        responder = first.responder
        listed = {"allowed_urls": [{"prefix": f"{responder.origin}/ocsp"}], **NO_SOURCE}
        second = tmp_path / "second"
        second.mkdir()
        with house(second, responder=responder, **listed) as h:
            h.register(chain=h.contract)
            pointed = hash_data(h.contract, url=f"{responder.origin}/ocsp")
            assert verdict(h.ask(hashes=pointed)) == ACCEPTED
            assert len(responder.asked) == 3


def test_o18_answer_that_does_not_verify_is_not_kept(tmp_path):
    with house(tmp_path) as h:
        serial = h.contract.certificate.serial
        foreign = another_contract(h.world, "DE8AA001111111")
        h.responder.knows(foreign)
        h.register("DE8AA001111111")
        assert verdict(h.ask(emaid="DE8AA001111111", chain=foreign)) == ACCEPTED
        h.responder.body = b"0" * 100
        assert verdict(h.ask(chain=h.contract))[2] == "revocation.ocsp_malformed"
        h.responder.body = None
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        assert h.responder.asked.count(serial) == 2


def test_status_is_never_used_for_another_issuers_certificate(tmp_path):
    """Two contracts of one serial number: one issuer says good, the other says revoked."""
    second = valid_world(name="second operator")
    with house(tmp_path, also=second) as h:
        twin = second.issue(
            Role.CONTRACT, common_name="DE8AA003333333", serial=h.contract.certificate.serial
        )
        h.responder.knows(twin)
        h.responder.revoke(twin)
        h.trust(second[Role.MO_ROOT], "mo")
        h.register("DE8AA003333333", chain=twin)
        h.register(chain=h.contract)
        assert verdict(h.ask(hashes=h.contract)) == ACCEPTED
        assert verdict(h.ask(emaid="DE8AA003333333", hashes=twin)) == REVOKED
        assert verdict(h.ask(hashes=h.contract)) == ACCEPTED


def test_revoked_authority_is_forgotten_as_an_issuer(tmp_path):
    with house(tmp_path) as h:
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        h.responder.revoke(h.world[Role.MO_SUB_2])
        h.clock.move(RESPONSE_LIFE + timedelta(seconds=1))
        for _ in range(2):
            assert verdict(h.ask(chain=h.contract)) == REVOKED


def test_silence_for_one_caller_does_not_hold_up_another(tmp_path):
    with house(tmp_path) as h:
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        slow = another_contract(h.world, "DE8AA002222222")
        h.responder.knows(slow)
        h.register("DE8AA002222222")
        h.responder.silent_seconds = 3
        waiting = threading.Thread(
            target=lambda: h.ask(emaid="DE8AA002222222", chain=slow), daemon=True
        )
        waiting.start()
        time.sleep(0.05)
        started = time.monotonic()
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        assert time.monotonic() - started < 2
        waiting.join()


def test_open_breaker_is_silence_and_never_a_good(tmp_path):
    with house(tmp_path, ways={"ocsp": True, "crl": True}) as h:
        h.responder.status = 503
        for _ in range(3):  # OCSP and CRL are at one host here
            assert verdict(h.ask(chain=h.contract))[2] == "revocation.source_unreachable"
        asked = len(h.responder.asked) + len(h.responder.fetched)
        states = h.client.get("/readyz").json()
        assert states["responders"] == {h.responder.origin: "open"}
        assert states["status"] == "ready"
        assert (
            f'pnc_breaker_state{{responder="{h.responder.origin}"}} 2.0'
            in h.client.get("/metrics").text
        )
        h.responder.status = 200
        refused = h.ask(chain=h.contract)
        assert verdict(refused) == ("CertChainError", "Invalid", "revocation.source_unreachable")
        assert {one["source"] for one in refused.json()["evidence"]} == {"none"}
        assert len(h.responder.asked) + len(h.responder.fetched) == asked


def test_open_breaker_leaves_what_is_still_fresh(tmp_path):
    with house(tmp_path) as h:
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        h.responder.status = 503
        stranger = another_contract(h.world, "DE8AA004444444")
        h.responder.knows(stranger)
        h.register("DE8AA004444444")
        for _ in range(8):
            h.ask(emaid="DE8AA004444444", chain=stranger)
        assert h.client.get("/readyz").json()["responders"] == {h.responder.origin: "open"}
        answer = h.ask(chain=h.contract)
        assert verdict(answer) == ACCEPTED
        assert {one["source"] for one in answer.json()["evidence"]} == {"cache"}


@pytest.mark.parametrize("ways", [{"ocsp": True}, {"crl": True}], ids=["OCSP", "CRL"])
def test_other_process_finds_signed_answers_again(tmp_path, ways):
    with house(tmp_path, ways=ways) as h:
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
        asked = len(h.responder.asked) + len(h.responder.fetched)
        more = {"ways": ways, "clock": h.clock, "boring": False, "responder": h.responder}
        with house(tmp_path, **more) as again:
            poll(lambda: verdict(again.ask(chain=again.contract)) == ACCEPTED)
            assert len(h.responder.asked) + len(h.responder.fetched) == asked


def test_tampered_answer_is_not_believed_after_a_restart(tmp_path):
    with house(tmp_path) as h:
        assert verdict(h.ask(chain=h.contract)) == ACCEPTED
    with sqlite3.connect(tmp_path / "authz.db") as database:
        database.execute("UPDATE signed_answers SET response = zeroblob(length(response))")
    database.close()
    with house(tmp_path, clock=h.clock, boring=False) as again:
        again.responder.status = 404
        assert verdict(again.ask(chain=h.contract))[2] == "revocation.source_unreachable"
        told = again.client.get("/metrics").text
        assert 'pnc_evidence_tampered_total{reason="revocation.ocsp_malformed"} 3.0' in told


def test_revocation_that_one_process_learns_reaches_the_other(tmp_path):
    with house(tmp_path) as one:
        one.register(chain=one.contract)
        assert verdict(one.ask(chain=one.contract)) == ACCEPTED
        with house(tmp_path, clock=one.clock, boring=False, responder=one.responder) as other:
            one.responder.revoke(one.contract)
            one.clock.move(RESPONSE_LIFE + SECOND)
            assert verdict(other.ask(hashes=one.contract)) == REVOKED
            one.clock.move(-SECOND)
            poll(lambda: verdict(one.ask(chain=one.contract)) == REVOKED)
            assert one.responder.asked.count(one.contract.certificate.serial) == 2


def test_statuses_in_use_are_asked_for_before_they_end(tmp_path):
    with house(tmp_path, prefetch_seconds=0.05) as h:
        h.register(chain=h.contract)  # nobody has asked for it
        poll(lambda: len(h.responder.asked) >= 3)
        answer = h.ask(hashes=h.contract)
        assert verdict(answer) == ACCEPTED
        assert {one["source"] for one in answer.json()["evidence"]} == {"cache"}
        assert len(h.responder.asked) == 3

        def oldest() -> int:
            return max(one["ageSeconds"] for one in h.ask(hashes=h.contract).json()["evidence"])

        h.clock.move(RESPONSE_LIFE * 0.8)
        poll(lambda: oldest() == 0)
        h.clock.move(RESPONSE_LIFE * 0.8)  # past the end of the first answers
        h.responder.status = 503
        assert verdict(h.ask(hashes=h.contract)) == ACCEPTED


def test_one_request_asks_about_four_contracts_of_one_issuer(tmp_path):
    with house(tmp_path, prefetch_seconds=0.05) as h:
        h.responder.several = True
        for number in range(8):
            emaid = f"DE8AA00888888{number}"
            theirs = another_contract(h.world, emaid)
            h.responder.knows(theirs)
            h.register(emaid, chain=theirs)
        poll(lambda: len(h.responder.asked) >= 10)
        assert len(h.responder.asked) == 10  # eight, and two authorities
        assert h.responder.requests < 10


def test_findings_name_each_place(tmp_path):
    with house(tmp_path) as h:
        h.responder.status = 503
        answer = h.ask(chain=h.contract)
        told = [
            (finding["code"], finding["where"])
            for finding in answer.json()["findings"]
            if finding["code"].startswith("revocation.")
        ]
        assert told == [
            ("revocation.source_unreachable", place) for place in ("leaf", "sub_ca_2", "sub_ca_1")
        ]
        assert "identity.emaid_check_digit_missing" in finding_codes(answer)
