"""Revoking, looking up, taking in and keeping house."""

from datetime import timedelta

import pytest

from certs.certificate import parse
from certs.edition import Edition
from certs.errors import Refused
from certs.profiles.rules import Role
from pki.authority import failpoints
from pki.authority.entries import Reason, State
from pki.authority.revocation import WORDS, MalformedReason, parse_reason
from pki.callers import READ, REVOKE, REVOKE_AUTHORITY, new_caller
from pki.clock import STEP_BACK_MAX, SteadyClock
from pki.errors import (
    ClockUnreliable,
    ConfigurationRefused,
    NotFound,
    SerialTaken,
    SignerUnavailable,
)
from pki.signing.purposes import SignOcspResponse
from tests.pki_house import (
    TENANT,
    Clock,
    MemoryKeys,
    empty_house,
    events,
    furnished_house,
    issue,
    issuer_id,
    key_id,
    permit_everything,
    someone,
    wanted,
)
from tests.world import NOW, valid_world


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def keeper():
    return MemoryKeys()


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/pki.db"


@pytest.fixture
def house(url, clock, keeper):
    with furnished_house(url, clock=clock, keys=keeper) as house:
        yield house


@pytest.fixture
def empty(url, clock, keeper):
    with empty_house(url, clock=clock, keys=keeper) as house:
        yield house


def caller(*scopes, tenant=TENANT):
    return new_caller(
        tenant=tenant,
        name="x",
        scopes=frozenset(scopes),
        now=NOW,
        random=lambda n: b"\x02" * n,
    )[0]


def of(certificate):
    """Where a certificate of the world stands in the register."""
    return certificate.authority_key_id.hex(), certificate.serial


# Revoking


def test_revocation_is_idempotent_and_the_first_one_stands(house, clock):
    issued = issue(house)
    at = (issued.issuer, issued.certificate.serial)
    first = house.authority.revoke(*at, Reason.KEY_COMPROMISE, caller=someone(house))
    clock.forward(hours=1)
    again = house.authority.revoke(*at, Reason.SUPERSEDED, caller=someone(house))
    assert first == again
    assert (first.reason, first.revoked_at) == (Reason.KEY_COMPROMISE, NOW)
    assert events(house).count("revocation") == 1


def test_revocation_is_in_the_entry(house):
    issued = issue(house)
    at = (issued.issuer, issued.certificate.serial)
    standing = house.authority.revoke(*at, Reason.SUPERSEDED, caller=someone(house))
    assert house.authority.find(*at, caller=someone(house)).revocation == standing


@pytest.mark.parametrize("serial", [0, -1, 4711])
def test_what_was_never_intended_is_not_found(house, serial):
    with pytest.raises(NotFound):
        house.authority.revoke(issuer_id(), serial, Reason.SUPERSEDED, caller=someone(house))
    with pytest.raises(NotFound):
        house.authority.find(issuer_id(), serial, caller=someone(house))


def test_h02_another_tenants_certificate_is_not_found(house):
    issued = issue(house)
    at = (issued.issuer, issued.certificate.serial)
    stranger = caller(READ, REVOKE, tenant="stranger")
    with pytest.raises(NotFound) as found:
        house.authority.find(*at, caller=stranger)
    with pytest.raises(NotFound) as absent:
        house.authority.find(at[0], 4711, caller=stranger)
    assert found.value.detail == absent.value.detail
    with pytest.raises(NotFound):
        house.authority.revoke(*at, Reason.SUPERSEDED, caller=stranger)
    assert house.authority.find(*at, caller=someone(house)).revocation is None


@pytest.mark.parametrize(
    ("scopes", "call"),
    [
        ((REVOKE,), lambda authority, at, by: authority.find(*at, caller=by)),
        ((READ,), lambda authority, at, by: authority.revoke(*at, Reason.SUPERSEDED, caller=by)),
    ],
    ids=["find", "revoke"],
)
def test_scopes_are_demanded(house, scopes, call):
    issued = issue(house)
    with pytest.raises(Refused) as caught:
        call(house.authority, (issued.issuer, issued.certificate.serial), caller(*scopes))
    assert caught.value.code == "caller.scope_missing"


def test_sub_ca_is_revoked_with_a_scope_of_its_own(house):
    at = of(valid_world()[Role.MO_SUB_2].certificate)
    with pytest.raises(Refused) as caught:
        house.authority.revoke(*at, Reason.CA_COMPROMISE, caller=caller(REVOKE))
    assert caught.value.code == "caller.scope_missing"
    house.authority.revoke(*at, Reason.CA_COMPROMISE, caller=caller(REVOKE, REVOKE_AUTHORITY))


@pytest.mark.parametrize("role", [Role.MO_SUB_2, Role.MO_SUB_1, Role.MO_ROOT])
def test_x28_revoked_authority_and_those_below_it_issue_no_more(house, role):
    house.authority.revoke(
        *of(valid_world()[role].certificate), Reason.CA_COMPROMISE, caller=someone(house)
    )
    with pytest.raises(Refused) as caught:
        issue(house)
    assert caught.value.code == "registration.no_authority"
    issue(house, role=Role.CPS, common_name="CPS 2")


def test_x28_authority_stays_revoked_after_a_restart(url, keeper):
    with furnished_house(url, keys=keeper) as house:
        house.authority.revoke(
            *of(valid_world()[Role.MO_SUB_2].certificate),
            Reason.CA_COMPROMISE,
            caller=someone(house),
        )
    with empty_house(url, keys=keeper) as house, pytest.raises(Refused):
        issue(house)


def test_o05_revoked_ocsp_signer_answers_no_more_and_is_replaced(house):
    old = valid_world().responder(Role.MO_SUB_2).certificate
    house.authority.revoke(*of(old), Reason.KEY_COMPROMISE, caller=someone(house))
    assert house.authority.directory.responder(issuer_id(), now=NOW) is None
    assert house.authority.appoint_responders() == 1
    assert house.authority.directory.responder(issuer_id(), now=NOW).certificate != old


@pytest.mark.parametrize("reason", list(Reason), ids=lambda r: r.name)
def test_reasons_are_rfc_5280s_words(reason):
    assert parse_reason(WORDS[reason]) is reason


@pytest.mark.parametrize(
    "word",
    ["", "7", "certificateHold", "removeFromCRL", "KEYCOMPROMISE", "unused", "key_compromise"],
)
def test_c12_other_words_are_no_reason(word):
    with pytest.raises(MalformedReason):
        parse_reason(word)


def test_x33_clock_that_went_back_revokes_nothing(house, clock):
    issued = issue(house)
    by = someone(house)
    clock.forward(days=-365)
    with pytest.raises(ClockUnreliable):
        house.authority.revoke(
            issued.issuer, issued.certificate.serial, Reason.SUPERSEDED, caller=by
        )


# The clock


def test_x33_steps_back_within_the_limit_are_forgiven():
    clock = Clock()
    steady = SteadyClock(clock)
    steady.now()
    clock.moment -= STEP_BACK_MAX
    assert steady.now() == NOW - STEP_BACK_MAX
    clock.moment -= timedelta(microseconds=1)
    with pytest.raises(ClockUnreliable):
        steady.now()


def test_x33_clock_that_went_back_over_a_restart_is_noticed(url, clock):
    with furnished_house(url, clock=clock) as house:
        issue(house)
    clock.forward(hours=-1)
    with empty_house(url, clock=clock) as house, pytest.raises(ClockUnreliable):
        house.clock.now()


# Keeping house


def test_appointing_gives_nothing_to_those_who_are_provided_for(house):
    assert house.authority.appoint_responders() == 0


def test_appointed_signer_answers_and_is_renewed_at_a_third_of_its_life(house, clock):
    first = house.authority.directory.responder(issuer_id(), now=clock()).certificate
    clock.moment = first.not_after - timedelta(days=20)
    issuers = house.authority.directory.by_key_id.values()
    assert house.authority.appoint_responders() == len(issuers)
    second = house.authority.directory.responder(issuer_id(), now=clock())
    assert second.certificate.not_after > first.not_after
    assert (
        house.stores.keys.signer(second.key_id, SignOcspResponse()).public_key
        == second.certificate.public_key()
    )
    entry = house.stores.register.find(issuer_id(), second.certificate.serial)
    assert (entry.state, entry.profile) == (State.ISSUED, "iso15118-2/ocsp-responder")
    assert house.authority.appoint_responders() == 0


def test_signer_of_an_authority_that_ends_is_not_renewed_for_nothing(house, clock):
    end = valid_world()[Role.MO_SUB_2].certificate.not_after
    clock.moment = end - timedelta(days=1)
    house.authority.appoint_responders()
    last = house.authority.directory.responder(issuer_id(), now=clock()).certificate
    assert last.not_after == end
    assert house.authority.appoint_responders() == 0


def test_authority_without_its_key_or_its_time_gets_no_signer(house, clock, keeper):
    gone = issuer_id(Role.OEM_SUB_2)
    del keeper.kept[gone]
    clock.moment = valid_world()[Role.MO_SUB_2].certificate.not_after + timedelta(days=1)
    house.authority.appoint_responders()
    assert house.authority.directory.responder(gone, now=clock()) is None
    assert house.authority.directory.responder(issuer_id(), now=clock()) is None


def test_reconciliation_is_audited(house, clock):
    class Stop(BaseException):
        pass

    def die(name):
        if name == failpoints.SIGN_DONE:
            raise Stop

    house.authority._issuance._failpoint = die
    with pytest.raises(Stop):
        issue(house)
    clock.forward(minutes=1)
    assert house.authority.reconcile() == 1
    assert events(house)[-1] == "issuance.abandoned"


def test_maintenance_round_publishes_every_list(house):
    house.maintain()
    for issuer in house.authority.directory.by_key_id.values():
        assert house.publisher.standing(issuer).this_update == NOW


def test_authority_is_found_by_its_key_id(house):
    assert house.authority.authority(issuer_id()).role is Role.MO_SUB_2
    with pytest.raises(NotFound):
        house.authority.authority("00" * 20)


# API keys


def test_api_key_is_made_once_and_withdrawn_once(house):
    key = house.authority.new_api_key(tenant=TENANT, name="cpo", scopes=["issue:*"])
    identity = key.removeprefix("pnc_live_").partition("_")[0]
    assert house.stores.callers.by_id(identity).admits(key, now=NOW)
    with pytest.raises(NotFound):
        house.authority.withdraw_api_key(identity, tenant="another")
    house.authority.withdraw_api_key(identity, tenant=TENANT)
    assert not house.stores.callers.by_id(identity).admits(key, now=NOW)
    assert events(house)[-2:] == ["caller.added", "caller.withdrawn"]


# Taking in


def test_world_taken_in_is_answered_for_and_issues(house):
    world = valid_world()
    for identity in world:
        entry = house.stores.register.find(*of(identity.certificate))
        assert (entry.state, entry.certificate) == (State.ISSUED, identity.certificate.der)
    assert len(house.authority.directory.by_key_id) == 13
    issue(house)


def test_world_taken_in_twice_changes_nothing(empty):
    for _ in range(2):
        empty.importing.world(valid_world(), tenant=TENANT)
    assert events(empty).count("certificate.imported") == len(list(valid_world())) + 13


def test_leaf_keys_are_not_taken_in(empty, keeper):
    empty.importing.world(valid_world(), tenant=TENANT)
    assert not keeper.holds(key_id(valid_world()[Role.CONTRACT].certificate))


def test_authority_may_come_without_its_key(empty):
    root = valid_world()[Role.MO_ROOT].certificate
    empty.importing.authority(root, None, role=Role.MO_ROOT, edition=Edition.ISO_2, tenant=TENANT)
    empty.authority.reload()
    empty.maintain()
    assert empty.publisher.standing(empty.authority.authority(key_id(root))) is None


def test_sub_ca_of_a_foreign_root_is_taken_in_without_an_entry(empty):
    sub = valid_world()[Role.MO_SUB_2]
    empty.importing.authority(
        sub.certificate, sub.private_key, role=sub.role, edition=Edition.ISO_2, tenant=TENANT
    )
    empty.authority.reload()
    permit_everything(empty)
    assert issue(empty).chain[1:] == (sub.certificate,)
    assert empty.stores.register.find(*of(sub.certificate)) is None


@pytest.mark.parametrize(
    ("certificate_of", "role"),
    [(Role.CONTRACT, Role.MO_SUB_2), (Role.MO_SUB_2, Role.CONTRACT)],
    ids=["leaf", "leaf-role"],
)
def test_what_is_no_authority_is_not_taken_in_as_one(empty, certificate_of, role):
    identity = valid_world()[certificate_of]
    with pytest.raises(ConfigurationRefused):
        empty.importing.authority(
            identity.certificate,
            identity.private_key,
            role=role,
            edition=Edition.ISO_2,
            tenant=TENANT,
        )


@pytest.mark.parametrize("edition", list(Edition))
def test_authority_with_another_key_is_not_taken_in(empty, edition):
    world = valid_world()
    other = valid_world(edition)[Role.MO_SUB_1].private_key
    with pytest.raises(ConfigurationRefused):
        empty.importing.authority(
            world[Role.MO_SUB_2].certificate,
            other,
            role=Role.MO_SUB_2,
            edition=Edition.ISO_2,
            tenant=TENANT,
        )


def test_leaf_of_a_foreign_authority_is_not_taken_in(empty):
    leaf = valid_world()[Role.CONTRACT].certificate
    with pytest.raises(ConfigurationRefused):
        empty.importing.certificate(leaf, role=Role.CONTRACT, edition=Edition.ISO_2, tenant=TENANT)


def test_second_certificate_of_one_serial_is_not_taken_in(house):
    world = valid_world()
    twin = world.issue(
        Role.CONTRACT, common_name="DE8AA007654321", serial=world[Role.CONTRACT].certificate.serial
    )
    with pytest.raises(SerialTaken):
        house.importing.certificate(
            twin.certificate, role=Role.CONTRACT, edition=Edition.ISO_2, tenant=TENANT
        )


def test_ocsp_signer_without_its_key_or_issuer_is_not_taken_in(house, url):
    mine = valid_world().responder(Role.MO_SUB_2)
    foreign = valid_world(name="foreign").responder(Role.MO_SUB_2)
    for certificate, key in ((mine.certificate, None), (foreign.certificate, foreign.private_key)):
        with pytest.raises(ConfigurationRefused):
            house.importing.responder(certificate, key, edition=Edition.ISO_2, tenant=TENANT)


def test_house_without_a_passphrase_does_not_open(url):
    from pki.house import assemble
    from pki.settings import load

    with pytest.raises(ConfigurationRefused):
        assemble(load(environ={}, database_url=url), clock=Clock())


def test_house_keeps_its_keys_in_files(tmp_path, url):
    from pki.house import assemble
    from pki.settings import load

    settings = load(
        environ={}, database_url=url, key_directory=tmp_path / "keys", passphrase="long enough"
    )
    house = assemble(settings, clock=Clock())
    with pytest.raises(SignerUnavailable):
        house.stores.keys.signer("00" * 20, SignOcspResponse())
    house.close()


def test_certificate_reads_back_from_its_entry(house):
    issued = issue(house, 3)
    entry = house.authority.find(issued.issuer, issued.certificate.serial, caller=someone(house))
    assert parse(entry.certificate) == issued.certificate
    assert entry.common_name == wanted(3).common_name
