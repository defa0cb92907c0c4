"""Many certificates at once: a transaction a batch, refusals in their place, resumable."""

import pytest

from certs.errors import Refused
from certs.profiles.rules import Role
from pki.authority import bulk, failpoints
from pki.authority.entries import Reason, State
from pki.authority.service import Issued
from pki.errors import SerialTaken, SignerUnavailable
from tests.pki_house import (
    MemoryKeys,
    events,
    furnished_house,
    issuer_id,
    permit_everything,
    someone,
    wanted,
)

OEM = issuer_id(Role.OEM_SUB_2)


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/pki.db"


def batch_of(house, numbers, **odd):
    return house.authority.issue_batch(
        [wanted(number, **odd) for number in numbers], caller=someone(house)
    )


def names(outcomes):
    return [
        outcome.code if isinstance(outcome, Refused) else outcome.certificate.common_name
        for outcome in outcomes
    ]


def test_a_batch_is_two_transactions(url):
    passed = []
    with furnished_house(url, failpoint=passed.append) as house:
        issued = batch_of(house, range(20))
        assert len({each.certificate.serial for each in issued}) == 20
        assert names(issued) == [f"DE8AA{number:09d}" for number in range(20)]
        assert all(len(each.chain) == 3 for each in issued)
        for each in issued:
            entry = house.authority.find(
                each.issuer, each.certificate.serial, caller=someone(house)
            )
            assert (entry.state, entry.certificate) == (State.ISSUED, each.certificate.der)
    assert passed.count(failpoints.INTEND_COMMITTED) == 1
    assert passed.count(failpoints.RECORD_COMMITTED) == 1
    assert passed.count(failpoints.SIGN_DONE) == 20


def test_batch_asked_for_again_is_given_the_same_certificates(url):
    with furnished_house(url) as house:
        first = batch_of(house, range(5))
        again = batch_of(house, range(8))
        assert [each.certificate for each in again[:5]] == [each.certificate for each in first]
        assert events(house).count("issuance.signed") == 8


def test_revoked_certificate_is_not_given_again(url):
    with furnished_house(url) as house:
        (first,) = batch_of(house, [1])
        house.authority.revoke(
            first.issuer, first.certificate.serial, Reason.SUPERSEDED, caller=someone(house)
        )
        (second,) = batch_of(house, [1])
        assert second.certificate != first.certificate


def test_expired_certificate_is_not_given_again(url):
    with furnished_house(url) as house:
        now = house.clock.now()
        (first,) = batch_of(house, [1], not_before=now.replace(year=now.year - 1), not_after=now)
        (second,) = batch_of(house, [1])
        assert isinstance(first, Issued)
        assert second.certificate != first.certificate


def test_one_wish_told_twice_is_one_certificate(url):
    with furnished_house(url) as house:
        one, other = batch_of(house, [1, 1])
        assert one.certificate == other.certificate


def test_same_key_under_another_name_is_refused_within_a_batch_and_after_it(url):
    with furnished_house(url) as house:
        both = [wanted(1), wanted(1, common_name="DE8AA000000077"), wanted(2)]
        for _ in range(2):
            outcomes = house.authority.issue_batch(both, caller=someone(house))
            assert names(outcomes) == [
                "DE8AA000000001",
                "registration.key_of_another",
                "DE8AA000000002",
            ]


def test_refusals_stand_in_their_place_and_hold_nobody_up(url):
    with furnished_house(url) as house:
        wishes = [
            wanted(1),
            wanted(2, role=Role.MO_SUB_2),
            wanted(3, country="de"),
            wanted(4),
        ]
        outcomes = house.authority.issue_batch(wishes, caller=someone(house))
        assert names(outcomes) == [
            "DE8AA000000001",
            "registration.role_not_on_request",
            "issuance.request_malformed",
            "DE8AA000000004",
        ]


def test_batch_of_refusals_writes_nothing(url):
    with furnished_house(url) as house:
        before = events(house)
        (refused,) = batch_of(house, [1], country="de")
        assert refused.code == "issuance.request_malformed"
        assert batch_of(house, []) == []
        assert events(house) == before


def test_batch_for_two_authorities_is_issued_by_both(url):
    with furnished_house(url) as house:
        contract = wanted(1)
        vehicle = wanted(2, role=Role.OEM_PROVISIONING, common_name="WAUZZZ8V4KA000002")
        outcomes = house.authority.issue_batch([vehicle, contract], caller=someone(house))
        assert [each.issuer for each in outcomes] == [OEM, issuer_id(Role.MO_SUB_2)]


def test_batch_too_large_is_refused(url):
    with furnished_house(url) as house:
        with pytest.raises(Refused) as caught:
            house.authority.issue_batch([wanted(1)] * (bulk.BATCH_MAX + 1), caller=someone(house))
        assert caught.value.code == "issuance.batch_too_large"


def test_signer_lost_underway_records_what_it_signed_and_abandons_the_rest(url):
    signed = []

    def pulled(name):
        signed.append(name)
        if signed.count(failpoints.SIGN_DONE) == 3:
            signed.clear()
            raise SignerUnavailable("the token was pulled")

    with furnished_house(url, failpoint=pulled) as house:
        with pytest.raises(SignerUnavailable):
            batch_of(house, range(5))
        told = events(house)
        assert told.count("issuance.signed") == 2
        assert told.count("issuance.failed") == 3
        assert len(batch_of(house, range(2))) == 2
        assert events(house).count("issuance.signed") == 2  # the two are found again


def test_nobody_elses_certificate_is_given(url):
    with furnished_house(url) as house:
        house.authority.issue(wanted(1), caller=someone(house))
        other = someone(house, "another")
        permit_everything(house, "another")
        (refused,) = house.authority.issue_batch([wanted(1)], caller=other)
        assert refused.code == "registration.no_authority"


def test_clash_of_one_serial_redraws_the_batch(url):
    keys = MemoryKeys()
    with furnished_house(url, keys=keys) as house:
        register = house.stores.register
        intend, clashes = register.intend, [True]

        class Clashing:
            def __getattr__(self, name):
                return getattr(register, name)

            def intend(self, intents, acts):
                if clashes and clashes.pop():
                    raise SerialTaken("taken")
                intend(intents, acts)

        house.authority._issuance._register = Clashing()
        assert len(batch_of(house, range(3))) == 3
