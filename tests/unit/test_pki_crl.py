"""Revocation lists: what stands on them, how they are numbered, when a new one is made."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from certs.edition import Edition
from certs.extensions import SUBJECT_KEY_IDENTIFIER
from certs.keys import SoftwareSigner
from certs.profiles.rules import Role
from pki.authority.entries import Listed, Reason
from pki.crl.checking import check
from pki.crl.encoding import COMPLETE, Kind, encode, time
from pki.errors import SignerUnavailable, Unavailable
from tests import evidence
from tests.pki_house import (
    Clock,
    MemoryKeys,
    empty_house,
    furnished_house,
    issue,
    issuer_id,
    someone,
)
from tests.world import NOW, crooked, valid_world

CA = valid_world()[Role.MO_SUB_2]


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


def published(house):
    issuer = house.authority.authority(issuer_id())
    return house.publisher.current(issuer, now=house.clock.now())


def milliseconds(moment):
    return int(moment.timestamp() * 1000)


def read(crl):
    return x509.load_der_x509_crl(crl.der)


def listed(house):
    return {entry.serial_number for entry in read(published(house))}


def revoke(house, issued, reason=Reason.KEY_COMPROMISE):
    return house.authority.revoke(
        issued.issuer, issued.certificate.serial, reason, caller=someone(house)
    )


def test_empty_list_is_a_list(house):
    crl = published(house)
    told = read(crl)
    assert len(told) == 0
    assert told.is_signature_valid(CA.certificate.x509().public_key())
    assert told.issuer == CA.certificate.x509().subject
    assert (told.last_update_utc, told.next_update_utc) == (NOW, NOW + timedelta(days=1))
    number = told.extensions.get_extension_for_class(x509.CRLNumber)
    assert (number.value.crl_number, number.critical) == (crl.number, False)
    aki = told.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert aki.key_identifier == CA.certificate.subject_key_id


@pytest.mark.parametrize("reason", list(Reason), ids=lambda r: r.name)
def test_revoked_certificate_stands_on_the_next_list_with_its_reason(house, reason):
    issued = issue(house)
    assert listed(house) == set()
    revoke(house, issued, reason)
    (entry,) = read(published(house))
    assert entry.serial_number == issued.certificate.serial
    assert entry.revocation_date_utc == NOW
    if reason is Reason.UNSPECIFIED:
        assert len(entry.extensions) == 0
    else:
        told = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
        assert told.name == reason.name.lower()


def test_list_is_kept_until_a_third_of_its_life_is_over(house, clock):
    first = published(house)
    clock.forward(hours=8, seconds=-1)
    assert published(house) == first
    clock.forward(seconds=1)
    second = published(house)
    assert second.number > first.number
    assert second.next_update == clock() + timedelta(days=1)


def test_revocation_makes_a_new_list_at_once(house):
    issued = issue(house)
    first = published(house)
    revoke(house, issued)
    second = published(house)
    assert second.number == first.number + 1
    assert published(house) == second


def test_c11_revoked_stays_on_every_list_until_its_end_and_one_list_longer(house, clock):
    issued = issue(house)
    revoke(house, issued)
    serial = issued.certificate.serial
    end = issued.certificate.not_after
    while clock() <= end:
        assert listed(house) == {serial}
        clock.forward(days=30)
    assert listed(house) == {serial}
    clock.forward(days=1)
    assert listed(house) == set()


def test_c11_revocations_outlive_a_restart(tmp_path, clock):
    url = f"sqlite:///{tmp_path}/pki.db"
    keeper = MemoryKeys()
    with furnished_house(url, clock=clock, keys=keeper) as house:
        issued = issue(house)
        revoke(house, issued)
        before = published(house)
    with empty_house(url, clock=clock, keys=keeper) as house:
        assert published(house) == before
        clock.forward(hours=9)
        assert listed(house) == {issued.certificate.serial}
        assert published(house).number > before.number


def test_certificates_of_other_authorities_are_not_listed(house):
    issued = issue(house, role=Role.SECC, common_name="DE-ICE-S-00003C4D557878675645330967543476-2")
    revoke(house, issued)
    assert listed(house) == set()


def test_list_does_not_outlive_its_issuer(house, clock):
    clock.moment = CA.certificate.not_after - timedelta(hours=1)
    assert published(house).next_update == CA.certificate.not_after


def test_without_the_key_the_standing_list_is_shown_until_it_is_stale(house, clock, keeper):
    first = published(house)
    keeper.broken.add(issuer_id())
    clock.forward(hours=20)
    assert published(house) == first
    clock.forward(hours=4, seconds=1)
    with pytest.raises(SignerUnavailable):
        published(house)


def test_without_the_key_there_is_no_first_list(house, keeper):
    keeper.broken.add(issuer_id())
    with pytest.raises(SignerUnavailable):
        published(house)


def test_number_of_a_failed_list_is_not_used_again(house, keeper):
    class Dying(SoftwareSigner):
        def sign(self, _data):
            raise SignerUnavailable("gone in between")

    good = keeper.kept[issuer_id()]
    keeper.kept[issuer_id()] = Dying(CA.private_key)
    with pytest.raises(SignerUnavailable):
        published(house)
    keeper.kept[issuer_id()] = good
    assert published(house).number == milliseconds(NOW) + 1


def test_o18_list_that_does_not_verify_is_not_shown(house, keeper):
    class Odd(SoftwareSigner):
        def sign(self, data):
            return super().sign(data + b"!")

    keeper.kept[issuer_id()] = Odd(CA.private_key)
    with pytest.raises(Unavailable) as caught:
        published(house)
    assert caught.value.code == "unavailable.crl"
    assert house.publisher.standing(house.authority.authority(issuer_id())) is None


def encoded(serials, number=1, *, this_update=NOW, ca=CA, kind=COMPLETE):
    return encode(
        (Listed(serial, NOW, Reason.SUPERSEDED) for serial in serials),
        issuer=ca.certificate,
        number=number,
        this_update=this_update,
        next_update=this_update + timedelta(days=1),
        signer=ca.signer,
        kind=kind,
    )


def checked(octets, serials=(1, 2, 3), *, number=7, kind=COMPLETE, ca=CA, signer=None):
    signer = signer or ca.signer
    check(octets, iter(serials), issuer=ca.certificate, signer=signer, number=number, kind=kind)


@pytest.mark.parametrize(
    ("told", "number"),
    [([1, 2], 7), ([1], 7), ([1, 2, 3], 8)],
    ids=["one-missing", "two-missing", "number"],
)
def test_list_that_says_something_else_is_caught_before_it_is_shown(told, number):
    checked(encoded([1, 2, 3], 7))
    with pytest.raises(Unavailable):
        checked(encoded(told, number))


@pytest.mark.parametrize("serials", [(1, 2), (1, 2, 3, 4), (1, 2, 4), ()])
def test_c11_list_that_the_register_does_not_bear_out_is_caught(serials):
    with pytest.raises(Unavailable) as caught:
        checked(encoded([1, 2, 3], 7), serials)
    assert caught.value.code == "unavailable.crl"


def test_c11_long_entries_that_nobody_meant_are_read_over():
    """Entries of more than 127 octets are none of ours; the serials after them are still found."""
    long = evidence.extension("1.3.6.1.4.1.55555.2", bytes(200))
    entries = [
        evidence.crl_entry(1, extensions=long),
        evidence.crl_entry(2),
        evidence.crl_entry(2**127, extensions=long),
    ]
    holder = evidence.Holder(certificate=CA.certificate, key=CA.private_key)
    octets = evidence.crl(holder, *entries)
    checked(octets, (1, 2, 2**127))
    with pytest.raises(Unavailable):
        checked(octets, (1, 3, 2**127))


KINDS = [
    COMPLETE,
    Kind(scope_url="http://pki.v2g.example/crl/a.crl"),
    Kind(scope_url="http://pki.v2g.example/crl/b.crl"),
    Kind(base=3),
    Kind(base=4),
    Kind(scope_url="http://pki.v2g.example/crl/a.crl", base=3),
]


@pytest.mark.parametrize("made", KINDS)
@pytest.mark.parametrize("meant", KINDS)
def test_list_of_another_kind_is_caught_before_it_is_shown(made, meant):
    octets = encoded([1, 2, 3], 7, kind=made)
    if made == meant:
        checked(octets, kind=meant)
    else:
        with pytest.raises(Unavailable):
            checked(octets, kind=meant)


def test_list_of_another_key_is_caught_before_it_is_shown():
    other = SoftwareSigner(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(Unavailable):
        checked(encoded([1, 2, 3], 7), signer=other)
    with pytest.raises(Unavailable):
        checked(encoded([1, 2, 3], 7), ca=valid_world()[Role.OEM_SUB_2])


def test_octets_that_are_no_list_are_caught_before_they_are_shown():
    with pytest.raises(Unavailable):
        checked(encoded([1, 2, 3], 7)[:-1])


def test_serials_and_numbers_of_all_lengths_are_told():
    serials = [1, 127, 128, 2**64, 2**127, 2**159 - 1]
    told = x509.load_der_x509_crl(encoded(serials, 2**70))
    assert [entry.serial_number for entry in told] == serials
    number = told.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    assert number == 2**70


@pytest.mark.parametrize(
    ("moment", "form"),
    [
        (datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), b"\x17\x0d491231235959Z"),
        (datetime(2050, 1, 1, tzinfo=UTC), b"\x18\x0f20500101000000Z"),
    ],
)
def test_x16_times_turn_general_in_2050(moment, form):
    assert time(moment) == form


@pytest.mark.parametrize("role", [Role.V2G_ROOT, Role.OEM_SUB_2])
def test_iso_20_lists_verify(role):
    ca = valid_world(Edition.ISO_20)[role]
    told = x509.load_der_x509_crl(encoded([5], ca=ca))
    assert told.is_signature_valid(ca.certificate.x509().public_key())


def test_issuer_without_key_identifier_is_named_by_its_name_alone():
    bare = crooked(CA, drop=[SUBJECT_KEY_IDENTIFIER])
    told = x509.load_der_x509_crl(encoded([], ca=bare))
    assert [extension.oid for extension in told.extensions] == [x509.CRLNumber.oid]


def test_two_who_ask_at_once_are_shown_one_list(house):
    issuer = house.authority.authority(issuer_id())
    with ThreadPoolExecutor(4) as threads:
        asked = [
            threads.submit(house.publisher.current, issuer, now=house.clock.now()) for _ in range(4)
        ]
    assert len({each.result().number for each in asked}) == 1


def test_list_made_by_another_while_waiting_is_shown(house, monkeypatch):
    first = published(house)
    publisher = house.publisher
    seen = [None]
    standing = publisher.standing

    def late(issuer, shard):
        return seen.pop() if seen else standing(issuer, shard)

    monkeypatch.setattr(publisher, "standing", late)
    assert published(house) == first


def test_list_that_stands_is_shown_while_another_makes_the_next(house):
    """Nobody waits for a list of a million entries while one is in time; else everybody does."""
    issued = issue(house)
    first = published(house)
    revoke(house, issued)
    with house.publisher._locks[issuer_id(), 0]:
        assert published(house) == first
    assert published(house).number > first.number
