"""The life of private keys: what is told of them, what ends them, what the audit keeps."""

from datetime import timedelta

import pytest
from cryptography.x509 import load_der_x509_csr, ocsp

from certs import keys
from certs.errors import Refused
from certs.keys import KeyKind
from certs.profiles.rules import Role
from pki.authority.answers import AnswerName
from pki.authority.entries import Reason
from pki.custody import ENDED_AGAIN_AFTER, HEARD_WITHIN
from pki.errors import Conflict, NotFound, SignerUnavailable
from pki.signing.software import KeyFiles
from pki.signing.store import name_of
from tests.pki_house import (
    CHEAP,
    KEEPERS,
    PASSPHRASE,
    Clock,
    MemoryKeys,
    events,
    furnished_house,
    issue,
    issuer_id,
    keeper_of,
    place_of,
)
from tests.pki_wire import question
from tests.world import valid_world

BY = {"by": "operator", "reason": "as the ceremony's script says"}
CA = valid_world()[Role.MO_SUB_2].certificate


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def keeper():
    return MemoryKeys()


@pytest.fixture
def house(tmp_path, clock, keeper):
    with furnished_house(f"sqlite:///{tmp_path}/pki.db", clock=clock, keys=keeper) as house:
        yield house


def acts(house):
    with house.audit.acts() as every:
        return [(act.event, act.issuer, act.actor, act.detail) for act in every][-4:]


def delegate(house):
    return house.authority.directory.responder(issuer_id(), now=house.clock.now())


def test_every_key_is_told_with_what_needs_it(house):
    spare = house.custodian.generate(KeyKind.P256, role=Role.MO_SUB_2, **BY)
    told = {held.key.key_id: held for held in house.custodian.listed()}
    assert told[issuer_id()].needed_for == CA.common_name
    assert told[issuer_id()].until == CA.not_after
    assert told[delegate(house).key_id].needed_for == f"OCSP signer of {CA.common_name}"
    assert (told[spare.key_id].needed_for, told[spare.key_id].until) == ("", None)


def test_making_and_taking_in_are_on_the_audit_with_their_reasons(house):
    made = house.custodian.generate(KeyKind.P521, role=Role.MO_SUB_1, **BY)
    key = keys.generate(KeyKind.P256)
    taken = house.custodian.take_in(key, role=Role.MO_SUB_2, **BY)
    reason = BY["reason"]
    assert acts(house)[-2:] == [
        ("key.generated", made.key_id, "operator", f"mo-sub-1: {reason}"),
        ("key.imported", taken, "operator", f"mo-sub-2: {reason}"),
    ]
    with pytest.raises(Conflict):
        house.custodian.take_in(key, role=Role.MO_SUB_2, **BY)
    assert len(acts(house)) == 4
    assert acts(house)[-1][1] == taken


@pytest.mark.parametrize("reason", ["", "  ", "a\nb", "x" * 201])
def test_nothing_is_done_without_a_reason_in_one_line(house, keeper, reason):
    odd = {"by": "operator", "reason": reason}
    before = keeper.listed()
    for done in (
        lambda: house.custodian.generate(KeyKind.P256, role=Role.MO_SUB_2, **odd),
        lambda: house.custodian.take_in(keys.generate(KeyKind.P256), role=Role.CPS, **odd),
        lambda: house.custodian.rotate(issuer_id(), **odd),
        lambda: house.custodian.destroy(issuer_id(), force=True, **odd),
        lambda: house.custodian.change_passphrase(b"another horse battery", **odd),
    ):
        with pytest.raises(Refused) as caught:
            done()
        assert caught.value.code == "keys.reason"
    assert keeper.listed() == before


def test_key_that_is_needed_is_destroyed_only_by_force(house, keeper):
    for needed in (issuer_id(), delegate(house).key_id):
        with pytest.raises(Refused) as caught:
            house.custodian.destroy(needed, **BY)
        assert caught.value.code == "keys.needed"
        assert keeper.holds(needed)
    house.custodian.destroy(issuer_id(), force=True, **BY)
    assert not keeper.holds(issuer_id())
    assert [event for event, *_ in acts(house)[-2:]] == ["key.destruction_begun", "key.destroyed"]
    assert acts(house)[-1][3] == f"{BY['reason']} (forced)"
    with pytest.raises(SignerUnavailable):
        issue(house)
    with pytest.raises(NotFound):
        house.custodian.destroy(issuer_id(), force=True, **BY)


def test_key_of_an_authority_that_has_expired_is_needed_no_more(house, clock, keeper):
    clock.moment = CA.not_after
    with pytest.raises(Refused):
        house.custodian.destroy(issuer_id(), **BY)
    clock.forward(seconds=1)
    house.custodian.destroy(issuer_id(), **BY)
    assert not keeper.holds(issuer_id())


def test_destruction_that_fails_is_on_the_audit_as_begun(house, keeper):
    def fail(_key_id):
        raise SignerUnavailable("token: gone")

    spare = house.custodian.generate(KeyKind.P256, role=Role.MO_SUB_2, **BY)
    keeper.destroy = fail
    with pytest.raises(SignerUnavailable):
        house.custodian.destroy(spare.key_id, **BY)
    assert acts(house)[-1][:2] == ("key.destruction_begun", spare.key_id)


def test_key_of_a_succeeded_ocsp_signer_ends_once_its_answers_are_out_of_time(house, clock, keeper):
    issued = issue(house)
    signed = house.answer(question(issued.certificate))
    old = delegate(house).key_id
    new = house.custodian.rotate(old, **BY).key_id
    told = timedelta(seconds=1)
    clock.moment = clock.moment + HEARD_WITHIN + house.settings.ocsp_lifetime
    assert old not in house.maintain(), "another process may have heard of it this late"
    assert keeper.holds(old)
    clock.moment += told
    assert old in house.maintain()
    assert clock.moment > signed.next_update
    assert (keeper.holds(old), keeper.holds(new)) == (False, True)
    ends = [each for each in acts(house) if each[1] == old]
    assert [event for event, *_ in ends] == ["key.destruction_begun", "key.destroyed"]
    assert {actor for _, _, actor, _ in ends} == {"maintenance"}
    assert house.maintain() == ()
    assert house.answer(question(issued.certificate)).signer == new


def test_key_whose_answer_is_published_and_in_time_is_kept(house, clock, keeper):
    """Signed ahead by a process whose settings give answers a longer life than ours."""
    issued = issue(house)
    clock.forward(minutes=5)
    house.presigner._lifetime = timedelta(days=3)
    assert house.presigner.enrol() > 0
    assert house.presigner.sign() > 0
    old = delegate(house).key_id
    name = {"issuer": issued.issuer, "serial": issued.certificate.serial}
    published, *_ = (
        found
        for algorithm in house.settings.ocsp_presigned
        if (found := house.presigned.find(AnswerName(**name, hash_algorithm=algorithm)))
    )
    assert published.responder == old
    house.custodian.rotate(old, **BY)
    clock.moment = published.next_update
    assert old not in house.maintain()
    clock.forward(seconds=1)
    assert old in house.maintain()
    assert not keeper.holds(old)


def test_signer_without_a_successor_keeps_its_key_to_its_end(house, clock, keeper):
    """Its authority signs elsewhere, so nobody succeeds it here."""
    signer = delegate(house)
    place_of(house).destroy(issuer_id())
    clock.moment = signer.certificate.not_after
    assert signer.key_id not in house.maintain()
    clock.forward(seconds=1)
    assert signer.key_id in house.maintain()
    assert not keeper.holds(signer.key_id)


def test_signer_whose_predecessor_has_no_key_any_more_is_succeeded_at_once(house, clock):
    """Revoked, it leaves nobody to answer but a certificate whose key has ended."""
    old = delegate(house).key_id
    house.custodian.rotate(old, **BY)
    clock.moment += HEARD_WITHIN + house.settings.ocsp_lifetime + timedelta(seconds=1)
    assert old in house.maintain()
    new = delegate(house)
    entry = house.stores.register.find(new.issuer, new.certificate.serial)
    house.authority.end(entry, Reason.KEY_COMPROMISE, actor="test")
    assert delegate(house).key_id == old
    house.maintain()
    third = delegate(house)
    assert third.key_id not in {old, new.key_id}
    assert house.answer(question(issue(house).certificate)).signer == third.key_id


def test_key_that_cannot_be_destroyed_holds_nobody_up_and_is_tried_again(house, clock, keeper):
    old, ends = delegate(house).key_id, keeper.destroy
    house.custodian.rotate(old, **BY)
    clock.moment += HEARD_WITHIN + house.settings.ocsp_lifetime + timedelta(seconds=1)

    def fail(_key_id):
        raise SignerUnavailable("token: gone")

    keeper.destroy = fail
    with pytest.raises(SignerUnavailable):
        house.maintain()
    told = len(events(house))
    assert old not in house.maintain()
    assert len(events(house)) == told, "not begun in every round"
    keeper.destroy = ends
    clock.moment += ENDED_AGAIN_AFTER
    assert old in house.maintain()


def test_another_process_that_was_quicker_is_no_failure(house, clock, keeper):
    old, ends = delegate(house).key_id, keeper.destroy
    house.custodian.rotate(old, **BY)
    clock.moment += HEARD_WITHIN + house.settings.ocsp_lifetime + timedelta(seconds=1)

    def late(key_id):
        ends(key_id)
        ends(key_id)

    keeper.destroy = late
    assert old not in house.maintain()
    assert not keeper.holds(old)


@pytest.mark.parametrize("place", KEEPERS)
def test_rotated_ocsp_signer_answers_at_once_and_the_old_key_may_end(tmp_path, place):
    keeper = keeper_of(place, tmp_path)
    with furnished_house(f"sqlite:///{tmp_path}/pki.db", clock=Clock(), keys=keeper) as house:
        issued = issue(house)
        old = delegate(house).key_id
        new = house.custodian.rotate(old, **BY)
        assert (new.request, delegate(house).key_id) == (None, new.key_id)
        assert acts(house)[-1][:2] == ("key.rotated", old)
        house.custodian.destroy(old, **BY)
        told = ocsp.load_der_ocsp_response(
            house.answer(question(issued.certificate, CA, nonce=bytes(32))).der
        )
        assert told.responder_key_hash.hex() == new.key_id
        assert keys.verifies(new.public_key, told.signature, told.tbs_response_bytes)


@pytest.mark.parametrize("place", KEEPERS)
def test_successor_of_an_authority_comes_with_a_request_in_its_name(tmp_path, place):
    keeper = keeper_of(place, tmp_path)
    with furnished_house(f"sqlite:///{tmp_path}/pki.db", clock=Clock(), keys=keeper) as house:
        new = house.custodian.rotate(issuer_id(), **BY)
        request = load_der_x509_csr(new.request)
        assert request.is_signature_valid
        assert request.subject == CA.x509().subject
        assert name_of(request.public_key()) == new.key_id
        assert keeper.role_of(new.key_id) == "mo-sub-2"
        # the old key issues until the new one is certified
        assert issue(house).issuer == issuer_id()


def test_key_that_nothing_uses_has_no_successor(house):
    spare = house.custodian.generate(KeyKind.P256, role=Role.MO_SUB_2, **BY)
    with pytest.raises(NotFound):
        house.custodian.rotate(spare.key_id, **BY)


def test_passphrase_is_changed_on_the_audit_and_only_of_files(tmp_path, house):
    with pytest.raises(Refused) as caught:
        house.custodian.change_passphrase(b"another horse battery", **BY)
    assert caught.value.code == "keys.no_passphrase"
    files = KeyFiles(tmp_path / "keys", PASSPHRASE, cost=CHEAP)
    with furnished_house(f"sqlite:///{tmp_path}/files.db", clock=Clock(), keys=files) as kept:
        changed = kept.custodian.change_passphrase(b"another horse battery", **BY)
        assert set(changed) == {held.key_id for held in files.listed()}
        assert [event for event, *_ in acts(kept)[-2:]] == [
            "key.passphrase_change_begun",
            "key.passphrase_changed",
        ]
    after = KeyFiles(tmp_path / "keys", b"another horse battery", cost=CHEAP)
    assert after.role_of(issuer_id()) == "mo-sub-2"


def test_authority_whose_key_does_not_open_leaves_no_key_made_in_vain(house, clock, keeper):
    clock.moment = delegate(house).certificate.not_after
    keeper.broken.add(issuer_id())
    before = len(keeper.listed())
    with pytest.raises(SignerUnavailable):
        house.custodian.rotate(delegate(house).key_id, **BY)
    assert len(keeper.listed()) == before
