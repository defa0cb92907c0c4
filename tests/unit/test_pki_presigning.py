"""Answers signed ahead: shared by processes, renewed at half their life, void once revoked."""

from datetime import timedelta

import pytest
from cryptography.x509 import ocsp

from certs.edition import Edition
from certs.keys import verifies
from certs.profiles.rules import Role
from pki.authority.answers import AnswerName
from pki.authority.entries import Reason
from pki.errors import Unavailable
from pki.ocsp.presigning import CLAIM
from pki.ocsp.request import cert_id_of, forms, request_for
from pki.ocsp.response import ResponseStatus
from pki.storage.answers import SETTLED
from tests.pki_house import (
    DATABASES,
    Clock,
    MemoryKeys,
    database,
    empty_house,
    furnished_house,
    issue,
    issuer_id,
    place_of,
    someone,
)
from tests.pki_wire import question
from tests.world import NOW, valid_world

GOOD, REVOKED = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED
LEAF = valid_world()[Role.CONTRACT].certificate
MINE = AnswerName(issuer=issuer_id(), serial=LEAF.serial, hash_algorithm="sha256")
LIFETIME = timedelta(hours=1)


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/pki.db"


@pytest.fixture(params=DATABASES)
def any_url(request, tmp_path):
    with database(request.param, tmp_path) as url:
        yield url


def status(answer):
    assert answer.status is ResponseStatus.SUCCESSFUL
    return ocsp.load_der_ocsp_response(answer.der).certificate_status


def prepared(house):
    """Takes everything in and signs it; how many answers."""
    house.clock._clock.forward(seconds=SETTLED.total_seconds())
    while house.presigner.enrol():
        pass
    count = 0
    while signed := house.presigner.sign():
        count += signed
    return count


def revoke(house, serial=LEAF.serial, issuer=None):
    house.authority.revoke(
        issuer or issuer_id(), serial, Reason.KEY_COMPROMISE, caller=someone(house)
    )


def wreck(house):
    place_of(house).broken = set(place_of(house).kept)


def claimed(house, now, *, token=1, most=1_000):
    return house.presigner._answers.claim(
        issuers=[issuer_id()],
        hash_algorithms=["sha256"],
        now=now,
        until=now + CLAIM,
        token=token,
        answers_max=most,
    )


def test_every_issued_certificate_has_an_answer_by_each_hash_that_a_stranger_believes(url):
    with furnished_house(url, clock=Clock()) as house:
        prepared(house)
        directory = house.authority.directory
        issued = [each.certificate for each in valid_world() if not each.certificate.self_issued]
        assert len(issued) > 10
        for name in map(directory.name_of, issued):
            for algorithm in ("sha1", "sha256"):
                assert house.presigned.find(
                    AnswerName(issuer=name[0], serial=name[1], hash_algorithm=algorithm)
                )
        wreck(house)
        told = ocsp.load_der_ocsp_response(house.answer(question()).der)
        assert told.certificate_status is GOOD
        assert told.this_update_utc == house.clock.now()
        delegate = valid_world().responder(Role.MO_SUB_2).certificate
        assert told.certificates == [delegate.x509()]
        assert verifies(delegate.public_key(), told.signature, told.tbs_response_bytes)


def test_another_house_gives_what_this_one_signed(url):
    with furnished_house(url, clock=Clock()) as house:
        prepared(house)
        other = empty_house(url, clock=house.clock._clock, keys=MemoryKeys())
        with other as serving:  # it has not one key
            assert status(serving.answer(question())) is GOOD


def test_answers_are_signed_anew_at_half_their_life_the_most_overdue_first(url):
    with furnished_house(url, clock=Clock(), ocsp_presigned="sha256") as house:
        prepared(house)
        first = house.presigned.find(MINE)
        house.clock._clock.forward(seconds=1_799)
        assert house.presigner.sign() == 0
        issued = issue(house)
        house.clock._clock.forward(seconds=SETTLED.total_seconds())
        assert house.presigner.enrol() == 1
        assert house.presigner.sign(1) == 1
        new = AnswerName(
            issuer=issued.issuer, serial=issued.certificate.serial, hash_algorithm="sha256"
        )
        assert house.presigned.find(new) is None  # what is half gone comes before what is new
        while house.presigner.sign():
            pass
        assert house.presigned.find(MINE).this_update > first.this_update
        assert house.presigned.find(new) is not None


def test_revocation_takes_the_answer_away_and_the_next_one_tells_it(any_url):
    with furnished_house(any_url, clock=Clock()) as house:
        prepared(house)
        assert house.presigned.find(MINE).revision == 0
        place_of(house).broken = {
            each.key_id for each in house.authority.directory.responders(issuer_id())
        }
        revoke(house)
        # Its signer fails this moment: no answer, and never again the good one.
        assert house.presigned.find(MINE) is None
        assert house.answer(question()).status is ResponseStatus.TRY_LATER
        place_of(house).broken = set()
        house.clock._clock.forward(seconds=CLAIM.total_seconds())
        assert house.presigner.sign() >= 1
        wreck(house)
        assert house.presigned.find(MINE).revision == 1
        assert status(house.answer(question())) is REVOKED


def test_revocation_is_signed_at_once_by_whoever_revokes(url):
    with furnished_house(url, clock=Clock()) as house:
        prepared(house)
        revoke(house)
        wreck(house)
        assert status(house.answer(question())) is REVOKED


def test_o10_worker_that_read_before_a_revocation_does_not_write_after_it(any_url):
    with furnished_house(any_url, clock=Clock()) as house:
        prepared(house)
        good = house.presigned.find(MINE)
        house.clock._clock.forward(minutes=30)
        claim = claimed(house, house.clock.now())
        assert MINE in [task.name for task in claim.tasks]
        revoke(house)
        told = house.presigned.find(MINE)
        others = [task for task in claim.tasks if task.name != MINE]
        assert house.presigner._answers.write(claim, [good], []) == 0
        assert house.presigned.find(MINE) == told
        assert len(others) == len(claim.tasks) - 1


def test_two_workers_take_different_answers(any_url):
    with furnished_house(any_url, clock=Clock()) as house:
        for number in range(2):
            issue(house, number)
        house.clock._clock.forward(seconds=SETTLED.total_seconds())
        house.presigner.enrol()
        now = house.clock.now()
        one = claimed(house, now, token=1, most=2)
        other = claimed(house, now, token=2)
        names = [task.name for task in (*one.tasks, *other.tasks)]
        assert len(one.tasks) == 2
        assert len(names) == len(set(names)) > 2
        assert claimed(house, now, token=3).tasks == ()


def test_what_a_dead_worker_claimed_is_given_to_the_next_after_a_while(url):
    with furnished_house(url, clock=Clock()) as house:
        house.clock._clock.forward(seconds=SETTLED.total_seconds())
        house.presigner.enrol()
        now = house.clock.now()
        dead = claimed(house, now, token=1)
        assert claimed(house, now + CLAIM - timedelta(seconds=1), token=2).tasks == ()
        assert len(claimed(house, now + CLAIM, token=3).tasks) == len(dead.tasks)


@pytest.mark.needs("postgresql")
def test_rows_another_worker_is_claiming_are_passed_over_and_not_waited_for(tmp_path):
    with (
        database("postgresql", tmp_path) as url,
        furnished_house(url, clock=Clock(), ocsp_presigned="sha256") as house,
    ):
        house.clock._clock.forward(seconds=SETTLED.total_seconds())
        house.presigner.enrol()
        engine = house.presigned._engine
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "SELECT * FROM ocsp_answers WHERE serial = %s FOR UPDATE",
                (LEAF.serial.to_bytes(16, "big"),),
            )
            taken = claimed(house, house.clock.now())
        assert taken.tasks
        assert MINE not in [task.name for task in taken.tasks]


def test_key_that_fails_leaves_its_answers_to_others_and_holds_no_other_key_up(url):
    with furnished_house(url, clock=Clock(), ocsp_presigned="sha256") as house:
        (mine,) = house.authority.directory.responders(issuer_id())
        place_of(house).broken = {mine.key_id}
        prepared(house)
        assert house.presigned.find(MINE) is None
        assert house.presigned.stalest() is not None
        place_of(house).broken = set()
        assert house.presigner.sign() == 0  # claimed still
        house.clock._clock.forward(seconds=CLAIM.total_seconds())
        assert house.presigner.sign() > 0
        assert house.presigned.find(MINE) is not None


class FailingSigner:
    """Signs once and never again."""

    def __init__(self, signer):
        self._signer = signer
        self._left = 1

    @property
    def public_key(self):
        return self._signer.public_key

    def sign(self, data):
        self._left -= 1
        if self._left < 0:
            raise Unavailable("the token was pulled")
        return self._signer.sign(data)


def test_key_that_fails_underway_has_what_it_signed_written(url):
    with furnished_house(url, clock=Clock(), ocsp_presigned="sha256") as house:
        (mine,) = house.authority.directory.responders(issuer_id())
        keys = place_of(house)
        keys.kept[mine.key_id] = FailingSigner(keys.kept[mine.key_id])
        issue(house)
        prepared(house)
        due = claimed(house, house.clock.now() + CLAIM)
        names = {task.name for task in due.tasks}
        assert names
        assert house.presigned.find(MINE) is None or MINE not in names


def test_ended_certificates_are_let_go(url):
    with furnished_house(url, clock=Clock(), ocsp_presigned="sha256") as house:
        issued = issue(house, not_after=NOW + timedelta(days=30))
        prepared(house)
        name = AnswerName(
            issuer=issued.issuer, serial=issued.certificate.serial, hash_algorithm="sha256"
        )
        assert house.presigned.find(name) is not None
        issue(house, 2, not_after=NOW + timedelta(days=30))
        house.clock._clock.forward(days=30)
        while house.presigner.sign():
            pass
        assert house.presigned.find(name) is None
        assert house.presigned.find(MINE) is not None
        assert house.presigner.enrol() == 0  # the second ended before it was taken in


def test_certificates_issued_this_moment_are_taken_in_once_they_are_surely_there(url):
    with furnished_house(url, clock=Clock()) as house:
        prepared(house)
        issue(house)
        assert house.presigner.enrol() == 0
        house.clock._clock.forward(seconds=SETTLED.total_seconds())
        assert house.presigner.enrol() == 2
        assert house.presigner.enrol() == 0


def test_nothing_is_signed_ahead_where_no_hash_is_named(url):
    with furnished_house(url, clock=Clock(), ocsp_presigned="") as house:
        assert prepared(house) == 0
        assert house.presigned.stalest() is None


def test_house_without_keys_claims_nothing(url):
    with furnished_house(url, clock=Clock()) as house:
        house.clock._clock.forward(seconds=SETTLED.total_seconds())
        house.presigner.enrol()
        other = empty_house(url, clock=house.clock._clock, keys=MemoryKeys())
        with other as idle:
            assert idle.presigner.enrol() == 0
            assert idle.presigner.sign() == 0


def test_with_every_key_down_answers_hold_until_next_update_and_then_it_is_try_later(url):
    with furnished_house(url, clock=Clock()) as house:
        prepared(house)
        wreck(house)
        ends = house.presigned.find(MINE).next_update
        while house.clock.now() <= ends:
            house.renew_answers()
            house.presigner.sign()
            answer = house.answer(question())
            assert status(answer) is GOOD
            assert answer.next_update >= house.clock.now()
            house.clock._clock.forward(minutes=3)
        assert house.answer(question()).status is ResponseStatus.TRY_LATER


def test_with_the_database_down_memory_holds_until_next_update(url):
    class Down:
        def standing(self, *_):
            raise Unavailable("down")

        def find(self, _):
            raise Unavailable("down")

    with furnished_house(url, clock=Clock()) as house:
        first = house.answer(question())
        house.answering._standings = house.answering._presigned = Down()
        house.clock._clock.forward(minutes=59)
        assert house.answer(question()) is first
        # Given for a second without asking again, and then found to be the last all the same.
        assert house.answering.kept.find(question(), now=house.clock.now()) is first
        house.clock._clock.forward(seconds=2)
        assert house.answering.kept.find(question(), now=house.clock.now()) is None
        assert house.answer(question()) is first
        house.clock._clock.forward(minutes=1)
        assert house.answer(question()).status is ResponseStatus.TRY_LATER


def test_answers_of_a_signer_that_fell_are_not_given(url):
    with furnished_house(url, clock=Clock()) as house:
        prepared(house)
        (fallen,) = house.authority.directory.responders(issuer_id())
        assert status(house.answer(question())) is GOOD
        revoke(house, fallen.certificate.serial)
        assert house.presigned.find(MINE).responder == fallen.key_id
        assert house.answer(question()).status is ResponseStatus.TRY_LATER
        house.authority.appoint_responders()
        told = ocsp.load_der_ocsp_response(house.answer(question()).der)
        assert told.certificates != [fallen.certificate.x509()]


def test_signer_that_another_process_revoked_falls_with_the_next_hearing(url):
    with furnished_house(url, clock=Clock()) as house:
        house.renew_answers()
        assert status(house.answer(question())) is GOOD
        other = empty_house(url, clock=house.clock._clock, keys=MemoryKeys())
        with other as elsewhere:
            (fallen,) = elsewhere.authority.directory.responders(issuer_id())
            revoke(elsewhere, fallen.certificate.serial)
        house.renew_answers()
        assert house.answer(question()).status is ResponseStatus.TRY_LATER


def test_only_the_revoked_are_forgotten(url):
    with furnished_house(url, clock=Clock()) as house, empty_house(url) as elsewhere:
        house.renew_answers()
        issued = issue(house)
        other = question(issued.certificate, valid_world()[Role.MO_SUB_2].certificate)
        first, second = house.answer(question()), house.answer(other)
        revoke(elsewhere)
        house.renew_answers()
        assert house.answer(other) is second
        assert house.answer(question()) is not first
        assert status(house.answer(question())) is REVOKED


def test_authority_that_revoked_very_many_is_forgotten_whole(url, monkeypatch):
    monkeypatch.setattr("pki.ocsp.answering._FORGOTTEN_MAX", 1)
    with furnished_house(url, clock=Clock()) as house, empty_house(url) as elsewhere:
        house.renew_answers()
        issued = [issue(house, number) for number in range(2)]
        first = house.answer(question())
        for each in issued:
            revoke(elsewhere, each.certificate.serial)
        house.renew_answers()
        again = house.answer(question())
        assert again is not first
        assert status(again) is GOOD


def test_answer_does_not_outlive_its_signer_and_is_not_due_for_ever(url):
    with furnished_house(url, clock=Clock(), ocsp_presigned="sha256") as house:
        end = valid_world().responder(Role.MO_SUB_2).certificate.not_after
        house.clock._clock.moment = end - SETTLED
        prepared(house)  # the clock is at the signer's last second now
        assert house.presigned.find(MINE).next_update == end + timedelta(seconds=1)
        assert house.presigner.sign() == 0


def test_revocation_of_an_authority_nobody_here_knows_is_heard_without_harm(url):
    with furnished_house(url, clock=Clock()) as house:
        house.answering._forget("00" * 20, frozenset({5}))
        assert status(house.answer(question())) is GOOD


def test_second_edition_is_signed_ahead_too(tmp_path):
    edition = Edition.ISO_20
    world = valid_world(edition)
    with furnished_house(f"sqlite:///{tmp_path}/pki.db", clock=Clock(), edition=edition) as house:
        prepared(house)
        wreck(house)
        leaf, ca = world[Role.SECC].certificate, world[Role.CPO_SUB_2].certificate
        assert status(house.answer(question(leaf, ca))) is GOOD


def test_keys_that_answer_are_open_before_the_first_question(url):
    asked = []

    class Watched(MemoryKeys):
        def signer(self, key_id, purpose=None):
            asked.append(key_id)
            return super().signer(key_id, purpose)

    with furnished_house(url, clock=Clock(), keys=Watched()) as house:
        (mine,) = house.authority.directory.responders(issuer_id())
        place_of(house).broken = {mine.key_id}
        house.maintain()  # a key that fails holds nobody up
        place_of(house).broken = set()
        house.answering.open_keys()
        assert house.authority.directory.responder_key_ids <= set(asked)


def test_authority_whose_responder_is_missing_or_elsewhere_is_passed_over(url):
    keys = MemoryKeys()
    with furnished_house(url, clock=Clock(), keys=keys) as house:
        keys.kept.clear()
        house.answering.open_keys()
        (fallen,) = house.authority.directory.responders(issuer_id())
        revoke(house, fallen.certificate.serial)
        house.answering.open_keys()
        assert house.answer(question()).status is ResponseStatus.TRY_LATER


def test_malformed_and_foreign_requests_are_answered_as_such(url):
    with furnished_house(url, clock=Clock()) as house:
        assert house.answer(b"").status is ResponseStatus.MALFORMED_REQUEST
        foreign = valid_world(name="foreign")
        asked = question(foreign[Role.CONTRACT].certificate, foreign[Role.MO_SUB_2].certificate)
        assert house.answer(asked).status is ResponseStatus.UNAUTHORIZED
        assert len(house.answering.kept) == 0


def test_o11_cert_id_written_otherwise_is_echoed_as_it_came_and_not_answered_from_ahead(url):
    with furnished_house(url, clock=Clock()) as house:
        prepared(house)
        usual, unusual = forms(LEAF.serial, valid_world()[Role.MO_SUB_2].certificate)[2:4]
        assert usual == question()
        assert len(unusual) == len(usual) - 2  # parameters absent where they were NULL
        for request in (usual, unusual, unusual):
            answer = house.answer(request)
            assert status(answer) is GOOD
            assert request[8:] in answer.der
        wreck(house)
        house.clock._clock.forward(minutes=50)
        assert status(house.answer(unusual)) is GOOD  # the last one given
        house.clock._clock.forward(minutes=11)
        assert house.answer(unusual).status is ResponseStatus.TRY_LATER


@pytest.mark.parametrize("serial", [b"\x02\x01\x00", b"\x02\x01\xff"])
def test_o19_impossible_serials_are_unknown_and_kept_nowhere(url, serial):
    with furnished_house(url, clock=Clock()) as house:
        ca = valid_world()[Role.MO_SUB_2].certificate
        asked = request_for(cert_id_of(1, ca, "sha256")[:-3] + serial)
        assert status(house.answer(asked)) is ocsp.OCSPCertStatus.UNKNOWN
        assert len(house.answering.kept) == 0


def test_memory_holds_as_many_answers_as_the_settings_say(url):
    with furnished_house(url, clock=Clock(), ocsp_answers_kept=2) as house:
        ca = valid_world()[Role.MO_SUB_2].certificate
        for number in range(4):
            house.answer(question(issue(house, number).certificate, ca))
        assert len(house.answering.kept) == 2
