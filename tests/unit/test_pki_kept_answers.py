"""Answers from memory: given while true, never after a revocation was heard of, renewed in time."""

from datetime import timedelta

import pytest
from cryptography.x509 import ocsp

from certs.profiles.rules import Role
from pki.authority.entries import Reason
from pki.errors import Unavailable
from pki.ocsp.kept import KeptAnswers
from pki.ocsp.request import parse, shortest
from pki.ocsp.responder import Answer
from pki.ocsp.response import ResponseStatus
from tests.pki_house import (
    DATABASES,
    Clock,
    MemoryKeys,
    database,
    furnished_house,
    issue,
    issuer_id,
    someone,
)
from tests.pki_wire import question
from tests.world import NOW, valid_world

OCPP_BASE64_MAX = 5_500  # GetCertificateStatusResponse.ocspResult, OCPP 2.0.1


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/pki.db"


def status(answer):
    return ocsp.load_der_ocsp_response(answer.der).certificate_status


def asked(issued, **odd):
    return question(issued.certificate, valid_world()[Role.MO_SUB_2].certificate, **odd)


def test_second_question_is_answered_by_the_same_octets_without_signing(url):
    keys = MemoryKeys()
    with furnished_house(url, keys=keys) as house:
        first = house.answer(question())
        keys.broken = set(keys.kept)
        assert house.answer(question()) is first
        assert len(house.answering.kept) == 1


def test_nonce_is_answered_live_and_kept_by_nobody(url):
    with furnished_house(url) as house:
        told = house.answer(question(nonce=b"0123456789abcdef"))
        assert ocsp.load_der_ocsp_response(told.der).extensions
        assert len(house.answering.kept) == 0


def test_unissued_serials_fill_no_memory_and_are_good_once_issued(url):
    with furnished_house(url) as house:
        other = valid_world().issue(Role.CONTRACT, common_name="DE8AA007654321").certificate
        told = house.answer(question(other))
        assert status(told) is ocsp.OCSPCertStatus.UNKNOWN
        assert len(house.answering.kept) == 0


def test_revocation_is_heard_at_once_in_the_same_process(url):
    with furnished_house(url) as house:
        issued = issue(house)
        assert status(house.answer(asked(issued))) is ocsp.OCSPCertStatus.GOOD
        house.authority.revoke(
            issued.issuer, issued.certificate.serial, Reason.KEY_COMPROMISE, caller=someone(house)
        )
        assert status(house.answer(asked(issued))) is ocsp.OCSPCertStatus.REVOKED


@pytest.mark.parametrize("kind", DATABASES)
def test_revocation_by_another_process_is_heard_in_the_next_round(kind, tmp_path):
    with database(kind, tmp_path) as url, furnished_house(url) as house:
        issued = issue(house)
        house.renew_answers()
        assert status(house.answer(asked(issued))) is ocsp.OCSPCertStatus.GOOD
        # The register alone: as another process would, without this house's memory hearing.
        revocation = house.stores.register.find(issued.issuer, issued.certificate.serial)
        house.authority._heard = lambda _issuer, _serial: None
        house.authority.revoke(
            issued.issuer, revocation.serial, Reason.KEY_COMPROMISE, caller=someone(house)
        )
        assert status(house.answer(asked(issued))) is ocsp.OCSPCertStatus.GOOD
        house.renew_answers()
        assert status(house.answer(asked(issued))) is ocsp.OCSPCertStatus.REVOKED


def test_answers_asked_for_are_renewed_when_old_and_others_let_go(url):
    clock = Clock()
    with furnished_house(url, clock=clock) as house:
        one, other = question(), asked(issue(house))
        house.renew_answers()
        first = house.answer(one)
        house.answer(other)
        assert house.renew_answers() == 0
        house.answer(one)
        clock.forward(seconds=2_249)
        assert house.renew_answers() == 0
        clock.forward(seconds=1)  # five eighths of an hour
        assert house.renew_answers() == 1
        assert len(house.answering.kept) == 1
        assert house.answer(one).this_update == first.this_update + timedelta(seconds=2_250)


def test_answer_three_quarters_gone_is_not_given(url):
    clock = Clock()
    with furnished_house(url, clock=clock) as house:
        first = house.answer(question())
        clock.forward(seconds=2_699)
        assert house.answer(question()) is first
        clock.forward(seconds=1)
        assert house.answer(question()).this_update == NOW + timedelta(seconds=2_700)


def test_answers_fit_where_ocpp_carries_them(url):
    with furnished_house(url) as house:
        for answer in (house.answer(question()), house.answer(question(nonce=bytes(32)))):
            assert len(answer.der) * 4 / 3 <= OCPP_BASE64_MAX


def answer_about(issuer, moment=NOW, signer="signer"):
    return Answer(
        status=ResponseStatus.SUCCESSFUL,
        der=b"answer",
        cacheable=True,
        this_update=moment,
        next_update=moment + timedelta(hours=1),
        about=issuer,
        signer=signer,
    )


def test_answer_read_before_a_revocation_is_not_kept_after_it():
    kept = KeptAnswers(10)
    mark = kept.mark()
    kept.forget(issuer_id())
    kept.keep(b"asked", answer_about(issuer_id()), mark=mark)
    assert kept.find(b"asked", now=NOW) is None


def test_forgetting_one_authority_leaves_the_others():
    kept = KeptAnswers(10)
    for name in ("one", "other"):
        kept.keep(name.encode(), answer_about(name), mark=kept.mark())
    kept.forget("one")
    assert kept.find(b"one", now=NOW) is None
    assert kept.find(b"other", now=NOW) is not None


def test_what_a_fallen_signer_said_is_let_go_and_what_others_said_stays():
    kept = KeptAnswers(10)
    for name in ("one", "other"):
        kept.keep(name.encode(), answer_about("issuer", signer=name), mark=kept.mark())
    mark = kept.mark()
    kept.stand({"one", "other", "third"})
    assert kept.mark() == mark
    kept.stand({"other", "third"})
    assert kept.find(b"one", now=NOW) is None
    assert kept.find(b"other", now=NOW) is not None
    assert kept.mark() != mark


def test_the_last_answer_is_there_until_its_next_update_and_no_longer():
    kept = KeptAnswers(10)
    kept.keep(b"asked", answer_about("one"), mark=kept.mark())
    end = NOW + timedelta(hours=1)
    assert kept.find(b"asked", now=end) is None
    assert kept.last(b"asked", now=end) is not None
    for moment in (end + timedelta(seconds=1), NOW - timedelta(seconds=1)):
        assert kept.last(b"asked", now=moment) is None
    assert kept.last(b"other", now=NOW) is None


def test_the_oldest_makes_room():
    kept = KeptAnswers(answers_max=2)
    for name in (b"first", b"second", b"third"):
        kept.keep(name, answer_about("one"), mark=kept.mark())
    assert [kept.find(name, now=NOW) is None for name in (b"first", b"second", b"third")] == [
        True,
        False,
        False,
    ]


def test_answers_of_the_future_are_not_given():
    kept = KeptAnswers(10)
    kept.keep(b"asked", answer_about("one"), mark=kept.mark())
    assert kept.find(b"asked", now=NOW - timedelta(seconds=1)) is None


def test_request_of_two_certificates_has_no_shortest_form():
    one = parse(question())
    assert shortest(one) == question()
    twice = type(one)(cert_ids=one.cert_ids * 2, nonce=None)
    assert shortest(twice) is None


def test_memory_is_silent_while_the_clock_is_wrong(url):
    clock = Clock()
    with furnished_house(url, clock=clock) as house:
        house.answer(question())
        clock.forward(days=-1)
        assert house.answer(question()).status is ResponseStatus.TRY_LATER
        with pytest.raises(Unavailable):
            house.renew_answers()
