"""No certificate without a record: what each failure between request and answer leaves."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from certs import keys
from certs.certificate import Reading, parse
from certs.edition import Edition
from certs.errors import Refused
from certs.keys import KeyKind, SoftwareSigner
from certs.profiles.rules import Role
from pki.authority import failpoints
from pki.authority.entries import Reason, State
from pki.authority.issuance import draw_serial
from pki.errors import ClockUnreliable, Conflict, SignerUnavailable, Unavailable
from tests.pki_house import (
    Clock,
    MemoryKeys,
    events,
    furnished_house,
    issue,
    issuer_id,
    someone,
    wanted,
)
from tests.world import NOW, codes, valid_world


class CrashError(BaseException):
    """The process died here."""


class Crash:
    """A failpoint that kills at one name, once armed, and may do something ``then`` at any."""

    def __init__(self):
        self.at = None
        self.passed = []
        self.then = lambda _name: None

    def __call__(self, name):
        self.passed.append(name)
        self.then(name)
        if name == self.at:
            raise CrashError(name)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def keeper():
    return MemoryKeys()


@pytest.fixture
def crash():
    return Crash()


@pytest.fixture
def house(tmp_path, clock, keeper, crash):
    url = f"sqlite:///{tmp_path}/pki.db"
    with furnished_house(url, clock=clock, keys=keeper, failpoint=crash) as house:
        yield house


def contracts(house):
    """Every entry of the register that is a contract asked for here, by serial."""
    with house.audit.acts() as acts:
        serials = [act.serial for act in acts if act.event == "issuance.intended"]
    return [house.stores.register.find(issuer_id(), serial) for serial in serials]


def test_issued_certificate_is_in_the_register_and_signed_by_its_issuer(house):
    issued = issue(house)
    entry = house.stores.register.find(issued.issuer, issued.certificate.serial)
    assert (entry.state, entry.certificate) == (State.ISSUED, issued.certificate.der)
    assert entry.tbs == issued.certificate.tbs
    issuer = valid_world()[Role.MO_SUB_2].certificate
    certificate = parse(issued.certificate.der, Reading.STRICT)
    assert keys.verifies(issuer.public_key(), certificate.signature, certificate.tbs)


def test_chain_is_leaf_first_without_the_root(house):
    chain = issue(house).chain
    world = valid_world()
    assert chain[1:] == (world[Role.MO_SUB_2].certificate, world[Role.MO_SUB_1].certificate)


def test_steps_come_in_their_order(house, crash):
    issue(house)
    assert crash.passed == [
        failpoints.ISSUE_PERMITTED,
        failpoints.ISSUE_DRAFTED,
        failpoints.INTEND_WRITTEN,
        failpoints.INTEND_COMMITTED,
        failpoints.SIGN_ASKED,
        failpoints.SIGN_DONE,
        failpoints.ISSUE_COMPARED,
        failpoints.RECORD_WRITTEN,
        failpoints.RECORD_COMMITTED,
    ]
    assert events(house)[-2:] == ["issuance.intended", "issuance.signed"]


def test_every_failpoint_has_a_name_of_its_own():
    assert len(set(failpoints.FAILPOINTS)) == len(failpoints.FAILPOINTS) >= 12


@pytest.mark.parametrize(
    "name",
    [
        failpoints.INTEND_COMMITTED,
        failpoints.SIGN_ASKED,
        failpoints.SIGN_DONE,
        failpoints.ISSUE_COMPARED,
        failpoints.RECORD_WRITTEN,
    ],
)
def test_crash_after_the_intent_leaves_an_intent_that_can_be_revoked(house, crash, clock, name):
    crash.at = name
    with pytest.raises(CrashError):
        issue(house)
    crash.at = None
    (entry,) = contracts(house)
    assert (entry.state, entry.certificate) == (State.INTENDED, None)
    clock.forward(minutes=1)
    assert house.authority.reconcile() == 1
    (entry,) = contracts(house)
    assert entry.state is State.ABANDONED
    assert entry.tbs
    house.authority.revoke(entry.issuer, entry.serial, Reason.KEY_COMPROMISE, caller=someone(house))
    assert house.stores.register.find(entry.issuer, entry.serial).revocation is not None
    assert house.authority.reconcile() == 0


@pytest.mark.parametrize(
    "name",
    [failpoints.ISSUE_PERMITTED, failpoints.ISSUE_DRAFTED, failpoints.INTEND_WRITTEN],
)
def test_crash_before_the_intent_is_committed_leaves_nothing(house, crash, name):
    crash.at = name
    with pytest.raises(CrashError):
        issue(house)
    assert contracts(house) == []


def test_crash_after_the_record_leaves_the_certificate(house, crash):
    crash.at = failpoints.RECORD_COMMITTED
    with pytest.raises(CrashError):
        issue(house)
    (entry,) = contracts(house)
    assert entry.state is State.ISSUED


def test_intent_under_way_is_not_reconciled(house, crash, clock):
    crash.at = failpoints.SIGN_DONE
    with pytest.raises(CrashError):
        issue(house)
    clock.forward(seconds=29)
    assert house.authority.reconcile() == 0


def test_signature_that_arrives_after_reconciliation_is_not_handed_out(house, keeper, clock):
    class Slow(SoftwareSigner):
        def sign(self, data):
            clock.forward(minutes=1)
            house.authority.reconcile()
            return super().sign(data)

    keeper.kept[issuer_id()] = Slow(valid_world()[Role.MO_SUB_2].private_key)
    with pytest.raises(Conflict) as caught:
        issue(house)
    assert caught.value.code == "conflict.concluded"
    (entry,) = contracts(house)
    assert entry.state is State.ABANDONED


class Odd(SoftwareSigner):
    """A signer whose signature is over something else."""

    def sign(self, data):
        return super().sign(data + b"\x00")


class Failing(SoftwareSigner):
    def sign(self, _data):
        raise SignerUnavailable("the device is gone")


@pytest.mark.parametrize(
    ("signer", "detail"),
    [(Odd, "issuance.signature_invalid"), (Failing, "unavailable.signer")],
)
def test_failed_signature_ends_its_serial_and_the_next_try_draws_another(
    house, keeper, signer, detail
):
    good = keeper.kept[issuer_id()]
    keeper.kept[issuer_id()] = signer(valid_world()[Role.MO_SUB_2].private_key)
    with pytest.raises(SignerUnavailable):
        issue(house)
    with house.audit.acts() as acts:
        last = list(acts)[-1]
    assert (last.event, last.detail) == ("issuance.failed", detail)
    keeper.kept[issuer_id()] = good
    issued = issue(house)
    first, second = contracts(house)
    assert (first.state, second.state) == (State.ABANDONED, State.ISSUED)
    assert first.serial != second.serial == issued.certificate.serial


def test_signer_lost_while_it_serves_several_is_told_to_those_it_did_not_sign_for(house, crash):
    asked = []

    def others_come_then_it_is_lost(name):
        if name == failpoints.SIGN_ASKED:
            asked.append(name)
            together = house.authority._issuance._together[issuer_id()]
            while len(asked) == 1 and len(together._waiting) < 3:
                time.sleep(0.001)
            if len(asked) == 3:
                raise SignerUnavailable("the token was pulled")

    crash.then = others_come_then_it_is_lost
    with ThreadPoolExecutor(4) as threads:
        told = [threads.submit(issue, house, number) for number in range(4)]
    failed = [each.exception() for each in told if each.exception() is not None]
    assert [type(each) for each in failed] == [SignerUnavailable] * 2
    issued = {each.result().certificate.serial for each in told if each.exception() is None}
    standing = {entry.serial for entry in contracts(house) if entry.state is State.ISSUED}
    assert issued == standing
    assert sorted(entry.state.value for entry in contracts(house)) == [
        "abandoned", "abandoned", "issued", "issued",
    ]  # fmt: skip


def test_key_of_another_authority_signs_nothing(house, keeper):
    keeper.kept[issuer_id()] = SoftwareSigner(valid_world()[Role.OEM_SUB_2].private_key)
    with pytest.raises(SignerUnavailable):
        issue(house)


def test_absent_signer_spends_no_serial(house, keeper):
    keeper.broken.add(issuer_id())
    with pytest.raises(SignerUnavailable):
        issue(house)
    assert contracts(house) == []


def test_taken_serial_is_drawn_again(tmp_path):
    draws = [b"\x11" * 16, b"\x11" * 16, b"\x22" * 16]
    url = f"sqlite:///{tmp_path}/pki.db"
    with furnished_house(url, random=lambda octets: draws.pop(0)[:octets]) as house:
        first, second = issue(house, 1), issue(house, 2)
    assert first.certificate.serial == int.from_bytes(b"\x51" + b"\x11" * 15, "big")
    assert second.certificate.serial == int.from_bytes(b"\x62" + b"\x22" * 15, "big")


def test_broken_random_source_issues_nothing(tmp_path):
    url = f"sqlite:///{tmp_path}/pki.db"
    with furnished_house(url, random=bytes) as house:
        issue(house, 1)
        with pytest.raises(Unavailable) as caught:
            issue(house, 2)
        assert caught.value.code == "unavailable.serials"
        assert len(contracts(house)) == 1


@pytest.mark.parametrize("octets", [bytes(16), b"\xff" * 16, b"\x80" + bytes(15)])
def test_serials_are_positive_and_have_sixteen_octets(octets):
    serial = draw_serial(lambda n: octets[:n])
    assert serial.bit_length() == 127


def test_lint_refusal_records_nothing_and_names_its_findings(house):
    with pytest.raises(Refused) as caught:
        issue(house, common_name="not an emaid")
    assert caught.value.code == "issuance.lint"
    assert "profile.common_name_wrong" in codes(caught.value)
    assert contracts(house) == []


def test_validity_is_the_profiles_and_starts_a_little_before_now(house):
    certificate = issue(house).certificate
    assert certificate.not_before == NOW - timedelta(seconds=300)
    assert certificate.not_after == certificate.not_before + timedelta(days=730, seconds=-1)


def test_validity_may_be_asked_for_within_the_profile(house):
    until = NOW + timedelta(days=60)
    certificate = issue(house, not_before=NOW, not_after=until).certificate
    assert (certificate.not_before, certificate.not_after) == (NOW, until)


def test_leaf_does_not_outlive_its_issuer(house):
    end = valid_world()[Role.MO_SUB_2].certificate.not_after
    with pytest.raises(Refused) as caught:
        issue(house, not_before=end - timedelta(days=60), not_after=end + timedelta(seconds=1))
    assert codes(caught.value) == {"profile.outlives_issuer"}


def test_leaf_issued_late_ends_with_its_issuer(house, clock):
    issuer = valid_world()[Role.MO_SUB_2].certificate
    clock.moment = issuer.not_after - timedelta(days=60)
    assert issue(house).certificate.not_after == issuer.not_after


def test_leaf_is_not_valid_before_its_issuer(tmp_path):
    issuer = valid_world()[Role.MO_SUB_2].certificate
    clock = Clock(issuer.not_before)
    with furnished_house(f"sqlite:///{tmp_path}/pki.db", clock=clock) as house:
        assert issue(house).certificate.not_before == issuer.not_before


def test_certificate_says_where_its_status_is_asked_and_published(house):
    certificate = issue(house).certificate
    assert certificate.ocsp_urls == ("http://pki.v2g.example/ocsp",)
    assert certificate.crl_urls == (f"http://pki.v2g.example/crl/{issuer_id()}.crl",)


def test_x33_clock_that_goes_back_an_hour_issues_nothing(house, clock):
    caller = someone(house)
    issue(house, 1)
    clock.forward(hours=-1)
    with pytest.raises(ClockUnreliable):
        house.authority.issue(wanted(2), caller=caller)
    assert len(contracts(house)) == 1
    clock.forward(hours=1)
    issue(house, 2)


def test_c13_clock_that_goes_back_while_issuing_signs_nothing(house, clock, crash):
    crash.then = lambda name: name == failpoints.INTEND_COMMITTED and clock.forward(days=-365)
    with pytest.raises(ClockUnreliable):
        issue(house)
    assert failpoints.SIGN_ASKED not in crash.passed
    (entry,) = contracts(house)
    assert entry.state is State.INTENDED


def test_iso_20_issues_under_its_own_authorities(tmp_path):
    url = f"sqlite:///{tmp_path}/pki.db"
    with furnished_house(url, edition=Edition.ISO_20) as house:
        key = keys.derive(KeyKind.ED448, b"vehicle")
        issued = issue(
            house,
            role=Role.VEHICLE,
            edition=Edition.ISO_20,
            public_key=key.public_key(),
            common_name="WPWZZZ99ZPS000002",
        )
    assert issued.certificate.key_kind is KeyKind.ED448
    issuer = valid_world(Edition.ISO_20)[Role.OEM_SUB_2].certificate
    certificate = issued.certificate
    assert keys.verifies(issuer.public_key(), certificate.signature, certificate.tbs)
