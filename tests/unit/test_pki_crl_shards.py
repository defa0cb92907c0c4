"""Lists that are split, changes to lists, and what numbers them: as relying parties meet them."""

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509

from certs.certificate import Reading, parse
from certs.profiles.rules import Role
from certs.revocation import crl
from certs.revocation.status import Good, Revoked, Unknown
from pki.authority import shards
from pki.authority.entries import PublishedCrl, Reason
from pki.crl.publication import MAKING_MAX
from pki.crl.shelf import Shelf
from pki.errors import ClockUnreliable
from tests.pki_house import (
    TENANT,
    Clock,
    MemoryKeys,
    authorities_of,
    empty_house,
    issue,
    issuer_id,
    key_id,
    permit_everything,
    someone,
)
from tests.world import NOW, valid_world

URL = "http://pki.v2g.example"
SHARDS = 4


@pytest.fixture
def clock():
    return Clock()


def opened(tmp_path, clock, **given):
    """A house with the boring world; the same keys each time it is opened."""
    keys = MemoryKeys()
    if (tmp_path / "pki.db").exists():
        for identity in authorities_of():
            keys.store(identity.private_key, role=identity.role.value)
    return empty_house(f"sqlite:///{tmp_path}/pki.db", clock=clock, keys=keys, **given)


@pytest.fixture
def house(tmp_path, clock):
    with opened(tmp_path, clock, crl_shards=SHARDS, crl_deltas=True) as house:
        house.importing.world(valid_world(), tenant=TENANT)
        permit_everything(house)
        house.authority.reload()
        yield house


def authority(house, role=Role.MO_SUB_2):
    return house.authority.authority(issuer_id(role))


def lists(house):
    """Every shard's list of the authority."""
    issuer = authority(house)
    return [
        house.publisher.current(issuer, n, now=house.clock.now()) for n in range(issuer.crl_shards)
    ]


def shard_of(certificate):
    (url,) = certificate.crl_urls
    name = url.removeprefix(f"{URL}/crl/{issuer_id()}").removesuffix(".crl")
    return int(name.removeprefix("/") or 0)


def revoke(house, issued, reason=Reason.SUPERSEDED):
    house.authority.revoke(issued.issuer, issued.certificate.serial, reason, caller=someone(house))


def serials(der):
    return {entry.serial_number for entry in x509.load_der_x509_crl(der)}


def judged(octets, certificate, **given):
    return crl.judge(
        octets,
        certificate=certificate,
        issuer=valid_world()[Role.MO_SUB_2].certificate,
        **{"now": NOW, **given},
    )


def test_c05_certificate_names_its_list_and_stands_on_it_alone(house):
    issued = {}
    number = 0
    while len(issued) < SHARDS:
        number += 1
        each = issue(house, number)
        issued.setdefault(shard_of(each.certificate), each)
    for shard, each in issued.items():
        assert each.certificate.serial % SHARDS == shard
        assert house.stores.register.find(each.issuer, each.certificate.serial)
        revoke(house, each)
    for shard, each in enumerate(lists(house)):
        assert each.shard == shard
        assert serials(each.der) == {issued[shard].certificate.serial}


def test_c05_relying_side_takes_a_list_for_the_certificates_that_name_it_and_no_others(
    tmp_path, clock
):
    with opened(tmp_path, clock, crl_shards=SHARDS) as house:
        house.importing.world(valid_world(), tenant=TENANT)
        permit_everything(house)
        house.authority.reload()
        issued = [issue(house, number) for number in range(1, 9)]
        revoke(house, issued[0])
        for each in lists(house):
            for one in issued:
                status = judged(each.der, one.certificate)
                if shard_of(one.certificate) != each.shard:
                    assert isinstance(status, Unknown)
                    assert status.code == "revocation.crl_out_of_scope"
                else:
                    assert isinstance(status, Revoked if one is issued[0] else Good)


def test_scope_is_critical_and_names_the_address_alone(house):
    for shard, each in enumerate(lists(house)):
        told = x509.load_der_x509_crl(each.der).extensions
        point = told.get_extension_for_class(x509.IssuingDistributionPoint)
        assert point.critical
        (name,) = point.value.full_name
        assert name.value == shards.list_url(authority(house), shard, public_url="-")
        assert not point.value.only_contains_user_certs
        assert not point.value.indirect_crl


def test_undivided_authority_publishes_one_list_of_everything(tmp_path, clock):
    with opened(tmp_path, clock) as house:
        house.importing.world(valid_world(), tenant=TENANT)
        permit_everything(house)
        house.authority.reload()
        (only,) = lists(house)
        assert issue(house).certificate.crl_urls == (f"{URL}/crl/{issuer_id()}.crl",)
        told = x509.load_der_x509_crl(only.der).extensions
        assert {each.oid for each in told} == {
            x509.CRLNumber.oid,
            x509.AuthorityKeyIdentifier.oid,
        }
        assert only.delta is None


def test_settings_change_neither_the_shards_nor_their_addresses(tmp_path, clock):
    with opened(tmp_path, clock, crl_shards=2) as house:
        house.importing.world(valid_world(), tenant=TENANT)
        permit_everything(house)
        before = issue_after_reload(house)
    changed = {"crl_shards": 7, "public_url": "http://moved.example"}
    with opened(tmp_path, clock, **changed) as house:
        kept = house.importing.authority(
            valid_world()[Role.MO_SUB_2].certificate,
            None,
            role=Role.MO_SUB_2,
            edition=valid_world().edition,
            tenant=TENANT,
        )
        assert (kept.crl_shards, kept.crl_base) == (2, URL)
        issued = [before, *(issue(house, number) for number in range(10, 18))]
        revoke(house, before)
        told = {each.shard: each.der for each in lists(house)}
        assert set(told) == {0, 1}
        for each in issued:
            status = judged(told[shard_of(each.certificate)], each.certificate)
            assert isinstance(status, Revoked if each is before else Good)


def issue_after_reload(house):
    house.authority.reload()
    return issue(house)


def test_certificate_that_came_signed_is_of_the_shard_it_names(house, tmp_path, clock):
    issuer = authority(house)
    issued = [issue(house, number) for number in range(1, 7)]
    for each in issued:
        certificate = parse(each.certificate.der, Reading.STRICT)
        named = shards.shard_named(certificate, issuer, public_url=URL)
        assert named == shards.shard_of(certificate.serial, issuer)
    foreign = valid_world()[Role.CONTRACT].certificate
    assert shards.shard_named(foreign, issuer, public_url=URL) == 0


# Deltas


def told_by(delta):
    told = x509.load_der_x509_crl(delta)
    indicator = told.extensions.get_extension_for_class(x509.DeltaCRLIndicator)
    assert indicator.critical
    number = told.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    return number, indicator.value.crl_number


def one_shard(house):
    return house.publisher.current(authority(house), 0, now=house.clock.now())


@pytest.fixture
def whole(tmp_path, clock):
    """A house whose authorities are undivided and publish deltas."""
    with opened(tmp_path, clock, crl_deltas=True) as house:
        house.importing.world(valid_world(), tenant=TENANT)
        permit_everything(house)
        house.authority.reload()
        yield house


def test_delta_holds_what_the_lists_in_time_lack(whole, clock):
    first = one_shard(whole)
    assert told_by(first.delta) == (first.number, first.number)
    assert serials(first.delta) == set()
    known, news = issue(whole, 1), issue(whole, 2)
    revoke(whole, known)
    second = one_shard(whole)
    assert told_by(second.delta) == (second.number, first.number)
    assert serials(second.delta) == {known.certificate.serial}
    clock.forward(days=1, seconds=1)  # the first list's time is over, and the second's
    revoke(whole, news)
    third = one_shard(whole)
    assert told_by(third.delta) == (third.number, third.number)
    assert serials(third.delta) == set()
    clock.forward(hours=9)
    fourth = one_shard(whole)
    assert told_by(fourth.delta) == (fourth.number, third.number)
    assert serials(fourth.delta) == set()
    assert serials(fourth.der) == {known.certificate.serial, news.certificate.serial}


def test_c03_delta_and_complete_list_share_a_number_that_only_grows(whole, clock):
    numbers = []
    for number in range(1, 6):
        revoke(whole, issue(whole, number))
        crl = one_shard(whole)
        assert told_by(crl.delta)[0] == crl.number
        numbers.append(crl.number)
        clock.forward(milliseconds=number % 2)
    assert numbers == sorted(set(numbers))


def test_any_list_in_time_and_the_delta_make_the_newest_list(whole, clock):
    """RFC 5280 5.2.4: what a relying party that kept an old list knows by the delta alone."""
    kept = {}
    for number in range(1, 7):
        revoke(whole, issue(whole, number))
        crl = one_shard(whole)
        kept[crl.number] = (serials(crl.der), crl.next_update)
        clock.forward(hours=5)
    newest = one_shard(whole)
    number, base = told_by(newest.delta)
    assert number == newest.number
    usable = {n: told for n, (told, until) in kept.items() if until >= newest.this_update}
    assert len(usable) >= 3
    for n, told in usable.items():
        assert n >= base
        assert told | serials(newest.delta) == serials(newest.der)


def test_complete_list_names_its_delta_and_the_delta_none(house):
    for shard, each in enumerate(lists(house)):
        told = x509.load_der_x509_crl(each.der).extensions
        freshest = told.get_extension_for_class(x509.FreshestCRL)
        assert not freshest.critical
        (point,) = freshest.value
        (name,) = point.full_name
        assert name.value == shards.delta_url(authority(house), shard, public_url="-")
        of_delta = x509.load_der_x509_crl(each.delta).extensions
        with pytest.raises(x509.ExtensionNotFound):
            of_delta.get_extension_for_class(x509.FreshestCRL)
        scopes = [
            told.get_extension_for_class(x509.IssuingDistributionPoint).value
            for told in (told, of_delta)
        ]
        assert scopes[0] == scopes[1]


def test_c06_our_relying_side_refuses_a_delta(house):
    issued = issue(house)
    revoke(house, issued)
    for each in lists(house):
        status = judged(each.delta, issued.certificate)
        assert status == Unknown("revocation.crl_delta")


# Clocks and copies


def test_c03_numbers_of_a_restored_register_are_above_those_it_forgot(tmp_path, clock):
    with opened(tmp_path, clock) as house:
        house.importing.world(valid_world(), tenant=TENANT)
        permit_everything(house)
        house.authority.reload()
        issued = issue(house)
        one_shard(house)
    copy = tmp_path / "copy.db"
    shutil.copy(tmp_path / "pki.db", copy)
    with opened(tmp_path, clock) as house:
        for _ in range(5):
            clock.forward(hours=9)
            forgotten = one_shard(house)
    shutil.copy(copy, tmp_path / "pki.db")
    clock.forward(seconds=1)
    with opened(tmp_path, clock) as house:
        revoke(house, issued)
        restored = one_shard(house)
        assert restored.number > forgotten.number
        assert serials(restored.der) == {issued.certificate.serial}
        told = judged(restored.der, issued.certificate, now=clock(), number_seen=forgotten.number)
        assert isinstance(told, Revoked)


def test_c13_clock_that_jumps_while_a_list_is_made_publishes_nothing(whole, clock):
    def jumping(name):
        if name == "crl.signed":
            clock.forward(seconds=MAKING_MAX.total_seconds() + 1)

    whole.publisher._failpoint = jumping
    with pytest.raises(ClockUnreliable):
        one_shard(whole)
    assert whole.publisher.standing(authority(whole)) is None


def test_c13_clock_that_goes_back_while_a_list_is_made_publishes_nothing(whole, clock):
    def jumping(name):
        if name == "crl.signed":
            clock.forward(minutes=-6)

    whole.publisher._failpoint = jumping
    with pytest.raises(ClockUnreliable):
        one_shard(whole)
    clock.forward(minutes=6)
    whole.publisher._failpoint = lambda _: None
    assert one_shard(whole).this_update == NOW


def test_c13_list_made_after_a_small_step_back_is_not_dated_before_the_last(whole, clock):
    first = one_shard(whole)
    clock.forward(seconds=-90)
    revoke(whole, issue(whole))
    second = one_shard(whole)
    assert second.number > first.number
    assert second.this_update == first.this_update


# What is kept in memory


def crl_of(shard, number, octets=10):
    return PublishedCrl(
        issuer="a",
        shard=shard,
        number=number,
        this_update=NOW,
        next_update=NOW + timedelta(days=1),
        revision=0,
        der=bytes(octets),
        delta=None,
    )


def test_shelf_keeps_the_newest_and_lets_the_longest_unasked_go():
    shelf = Shelf(octets_max=30)
    for shard in range(3):
        shelf.keep(crl_of(shard, 1))
    assert shelf.get("a", 0) == crl_of(0, 1)
    shelf.keep(crl_of(0, 2))
    shelf.keep(crl_of(0, 1))
    assert shelf.get("a", 0).number == 2
    shelf.keep(crl_of(3, 1))
    assert [shelf.get("a", shard) is None for shard in range(4)] == [False, True, False, False]
    shelf.keep(replace(crl_of(4, 1, octets=50), delta=bytes(5)))
    assert [shelf.get("a", shard) is None for shard in range(5)] == [True, True, True, True, False]
    assert shelf.get("b", 4) is None
    shelf.keep(crl_of(5, 1))
    assert shelf.get("a", 4) is None


def test_list_published_by_another_process_is_shown(tmp_path, clock, whole):
    first = one_shard(whole)
    with opened(tmp_path, clock, crl_deltas=True) as other:
        revoke(other, issue(other))
        second = one_shard(other)
    assert second.number > first.number
    assert one_shard(whole) == second
    assert key_id(valid_world()[Role.MO_SUB_2].certificate) == second.issuer
