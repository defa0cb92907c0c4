"""A day in the life of a V2G certificate authority, told from its doors and its register."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cryptography.x509 import load_der_x509_crl, ocsp
from sqlalchemy import text

from certs.errors import Refused
from certs.profiles.rules import Role
from pki.authority import failpoints
from pki.authority.entries import Reason, State
from pki.errors import KeyTaken, Unavailable
from pki.storage.database import open_engine, writing
from tests.pki_house import (
    DATABASES,
    PLACES,
    TENANT,
    Clock,
    MemoryKeys,
    database,
    empty_house,
    events,
    furnished_house,
    issue,
    issuer_id,
    keeper_of,
    permit_everything,
    someone,
    wanted,
)
from tests.pki_wire import question
from tests.world import valid_world

THREADS = 8
WAITED_SECONDS = 5
CA = valid_world()[Role.MO_SUB_2].certificate
# A database, and where its house keeps private keys.
HOUSES = [
    pytest.param("sqlite", "files", id="sqlite-files"),
    pytest.param("sqlite", "softhsm", id="sqlite-softhsm", marks=pytest.mark.needs("softhsm")),
    pytest.param("postgresql", "files", id="postgresql", marks=pytest.mark.needs("postgresql")),
]


def status(house, certificate):
    answer = house.answer(question(certificate, CA))
    return ocsp.load_der_ocsp_response(answer.der).certificate_status


def listed(house):
    crl = house.publisher.current(house.authority.authority(issuer_id()), now=house.clock.now())
    return {entry.serial_number for entry in load_der_x509_crl(crl.der)}


class PowerCutError(BaseException):
    """Nothing after this runs."""


# The extension down to its INTEGER of six octets: milliseconds since 1970, from 2004 on.
CRL_NUMBER = bytes.fromhex("0603551d1404080206")


class Witness:
    """A signer that notes which list numbers it signed."""

    def __init__(self, signer):
        self._signer = signer
        self.public_key = signer.public_key
        self.numbers = []

    def sign(self, data):
        at = data.index(CRL_NUMBER) + len(CRL_NUMBER)
        self.numbers.append(int.from_bytes(data[at : at + 6], "big"))
        return self._signer.sign(data)


def cut_at(name):
    def failpoint(passed):
        if passed == name:
            raise PowerCutError

    return failpoint


@pytest.mark.parametrize(("kind", "place"), HOUSES)
def test_contract_lives_is_revoked_and_is_never_forgotten(tmp_path, kind, place):
    clock, keeper = Clock(), keeper_of(place, tmp_path)
    with database(kind, tmp_path) as url:
        with furnished_house(url, clock=clock, keys=keeper) as house:
            issued = issue(house)
            serial = issued.certificate.serial
            assert status(house, issued.certificate) is ocsp.OCSPCertStatus.GOOD
            assert listed(house) == set()
            house.authority.revoke(
                issued.issuer, serial, Reason.KEY_COMPROMISE, caller=someone(house)
            )
            assert status(house, issued.certificate) is ocsp.OCSPCertStatus.REVOKED
            assert listed(house) == {serial}
        clock.forward(days=20)
        with empty_house(url, clock=clock, keys=keeper) as house:
            house.maintain()
            assert status(house, issued.certificate) is ocsp.OCSPCertStatus.REVOKED
            assert listed(house) == {serial}


@pytest.mark.parametrize(("kind", "place"), HOUSES)
@pytest.mark.parametrize(
    "name", [failpoints.INTEND_COMMITTED, failpoints.SIGN_DONE, failpoints.RECORD_WRITTEN]
)
def test_power_cut_between_intent_and_record_loses_no_certificate(tmp_path, kind, place, name):
    clock, keeper = Clock(), keeper_of(place, tmp_path)
    with database(kind, tmp_path) as url:
        with (
            furnished_house(url, clock=clock, keys=keeper, failpoint=cut_at(name)) as house,
            pytest.raises(PowerCutError),
        ):
            issue(house)
        clock.forward(minutes=5)
        with empty_house(url, clock=clock, keys=keeper) as house:
            (left,) = house.stores.register.pending(intended_before=clock(), entries_max=9)
            house.maintain()
            entry = house.stores.register.find(left.issuer, left.serial)
            assert entry.state is State.ABANDONED
            standing = house.authority.revoke(
                left.issuer, left.serial, Reason.SUPERSEDED, caller=someone(house)
            )
            assert standing.serial in listed(house)
            # the holder asks again with the key whose first certificate nobody saw
            assert issue(house).certificate.serial != left.serial


_REFUSE = {
    "sqlite": [
        (
            "CREATE TRIGGER refuse BEFORE UPDATE ON certificates WHEN NEW.state = 'issued' "
            "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    ],
    "postgresql": [
        (
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'disk full'; END $$"
        ),
        (
            "CREATE TRIGGER refuse BEFORE UPDATE ON certificates FOR EACH ROW "
            "WHEN (NEW.state = 'issued') EXECUTE FUNCTION refuse()"
        ),
    ],
}


@pytest.mark.parametrize("kind", DATABASES)
def test_many_who_ask_at_once_each_have_their_own_on_record(tmp_path, kind):
    """Their intents and records share transactions, and nobody gets another's or an unkept one."""
    with (
        database(kind, tmp_path) as url,
        furnished_house(url) as house,
        ThreadPoolExecutor(THREADS) as threads,
    ):
        issued = list(threads.map(lambda number: issue(house, number), range(4 * THREADS)))
        serials = {each.certificate.serial for each in issued}
        assert len(serials) == len(issued)
        for number, each in enumerate(issued):
            entry = house.stores.register.find(each.issuer, each.certificate.serial)
            assert (entry.state, entry.certificate) == (State.ISSUED, each.certificate.der)
            assert entry.common_name == f"DE8AA{number:09d}"
        counted = Counter(events(house))
        assert counted["issuance.intended"] == counted["issuance.signed"] == len(issued)


@pytest.mark.parametrize("kind", DATABASES)
def test_of_many_subjects_who_ask_at_once_for_one_key_one_has_it(tmp_path, kind):
    """Also where their requests are looked at, and written, at the same moment."""
    meeting = threading.Barrier(THREADS)
    key = wanted(1).public_key

    def ask(house, number):
        meeting.wait(WAITED_SECONDS)
        try:
            return issue(house, number, public_key=key).certificate
        except (Refused, KeyTaken) as bad:
            return bad.code

    with (
        database(kind, tmp_path) as url,
        furnished_house(url) as house,
        ThreadPoolExecutor(THREADS) as threads,
    ):
        told = list(threads.map(lambda number: ask(house, number), range(THREADS)))
    refused = [each for each in told if isinstance(each, str)]
    assert len(refused) == THREADS - 1
    assert set(refused) <= {"conflict.key_taken", "registration.key_of_another"}


@pytest.mark.parametrize("kind", DATABASES)
def test_certificate_that_cannot_be_recorded_is_not_handed_out_and_can_be_revoked(tmp_path, kind):
    """The database takes the intent and then refuses the certificate, after it was signed."""
    clock = Clock()
    with database(kind, tmp_path) as url, furnished_house(url, clock=clock) as house:
        engine = open_engine(url)
        with writing(engine) as connection:
            for statement in _REFUSE[kind]:
                connection.execute(text(statement))
        with pytest.raises(Unavailable) as caught:
            issue(house)
        assert caught.value.code == "unavailable.database"
        (left,) = house.stores.register.pending(intended_before=clock(), entries_max=9)
        house.authority.revoke(
            left.issuer, left.serial, Reason.KEY_COMPROMISE, caller=someone(house)
        )
        assert listed(house) == {left.serial}
        clock.forward(minutes=1)
        assert house.authority.reconcile() == 1
        assert listed(house) == {left.serial}
        engine.dispose()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", [failpoints.REVOKE_WRITTEN, failpoints.REVOKE_COMMITTED])
def test_power_cut_while_revoking_leaves_it_done_or_undone(tmp_path, name, place):
    url = f"sqlite:///{tmp_path}/pki.db"
    keeper = keeper_of(place, tmp_path)
    with furnished_house(url, keys=keeper, failpoint=cut_at(name)) as house:
        issued = issue(house)
        with pytest.raises(PowerCutError):
            house.authority.revoke(
                issued.issuer, issued.certificate.serial, Reason.SUPERSEDED, caller=someone(house)
            )
    done = {issued.certificate.serial} if name == failpoints.REVOKE_COMMITTED else set()
    with empty_house(url, keys=keeper) as house:
        assert listed(house) == done
        assert (house.stores.revocations.revision(issuer_id()) == 1) is bool(done)


@pytest.mark.parametrize(
    "name",
    [
        failpoints.CRL_NUMBER_WRITTEN,
        failpoints.CRL_NUMBER_COMMITTED,
        failpoints.CRL_SIGNED,
        failpoints.CRL_DELTA_SIGNED,
        failpoints.CRL_WRITTEN,
        failpoints.CRL_COMMITTED,
    ],
)
def test_power_cut_while_publishing_never_uses_a_number_twice(tmp_path, name):
    url = f"sqlite:///{tmp_path}/pki.db"
    keeper, clock = MemoryKeys(), Clock()
    with furnished_house(url, keys=keeper, clock=clock) as house:
        issuer = house.authority.authority(issuer_id())
        first = house.publisher.current(issuer, now=clock())
    clock.forward(hours=9)
    signed = keeper.kept[issuer_id()] = Witness(keeper.kept[issuer_id()])
    with (
        empty_house(
            url, keys=keeper, clock=clock, failpoint=cut_at(name), crl_deltas=True
        ) as house,
        pytest.raises(PowerCutError),
    ):
        house.publisher.current(house.authority.authority(issuer_id()), now=clock())
    signatures = {failpoints.CRL_NUMBER_WRITTEN: 0, failpoints.CRL_NUMBER_COMMITTED: 0}
    signatures[failpoints.CRL_SIGNED] = 1
    before = [first.number, *signed.numbers]
    assert len(before) == 1 + signatures.get(name, 2)
    with empty_house(url, keys=keeper, clock=clock) as house:
        issuer = house.authority.authority(issuer_id())
        last = house.publisher.current(issuer, now=clock())
    if name == failpoints.CRL_COMMITTED:
        assert last.number == max(before)
    else:
        assert last.number > max(before)


def test_two_tenants_share_a_house_and_see_nothing_of_one_another(tmp_path):
    with empty_house(f"sqlite:///{tmp_path}/pki.db") as house:
        for tenant in (TENANT, "other"):
            world = valid_world(name="" if tenant == TENANT else tenant)
            house.importing.world(world, tenant=tenant)
            permit_everything(house, tenant)
        house.authority.reload()
        mine = issue(house)
        theirs = house.authority.directory.issuing(
            [Role.MO_SUB_2],
            edition=valid_world().edition,
            tenant="other",
            now=house.clock.now() + timedelta(seconds=1),
        )
        assert mine.issuer == issuer_id()
        assert theirs.certificate == valid_world(name="other")[Role.MO_SUB_2].certificate
