"""Renewal, rekey, and a charger's leaves of both editions."""

from dataclasses import replace
from datetime import timedelta

import pytest

from certs import keys
from certs.edition import Edition
from certs.errors import Refused
from certs.keys import KeyKind, SoftwareSigner
from certs.profiles.rules import Role
from pki.authority import failpoints
from pki.authority.entries import Holder, Inquiry, Reason, Related, Relation
from pki.authority.registration import subject_key_id
from pki.callers import READ, new_caller
from pki.errors import NotFound, SignerUnavailable
from tests.pki_house import (
    TENANT,
    Clock,
    MemoryKeys,
    furnished_house,
    issue,
    issuer_id,
    permit_everything,
    place_of,
    someone,
    wanted,
)
from tests.world import NOW, valid_world

SECCID = "DE-ICE-S-00003C4D557878675645330967543476-2"
DAY = timedelta(days=1)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def house(tmp_path, clock):
    with furnished_house(f"sqlite:///{tmp_path}/pki.db", clock=clock) as house:
        yield house


def key(word, kind=KeyKind.P256):
    return keys.derive(kind, word.encode()).public_key()


def code(ask, *args, **given):
    with pytest.raises(Refused) as caught:
        ask(*args, **given)
    return caught.value.code


def brief(house, number=1, **odd):
    """A certificate that ends in 30 days, and so may be renewed."""
    given = {"not_after": NOW + 30 * DAY, "organization": "An Operator", "country": "DE"}
    return issue(house, number, **{**given, **odd})


def renew(house, issued, public_key, **given):
    return house.succession.renew(
        issued.issuer,
        issued.certificate.serial,
        public_key,
        caller=given.pop("caller", someone(house)),
    )


def relatives(house, issued):
    caller = someone(house)
    entry = house.authority.find(issued.issuer, issued.certificate.serial, caller=caller)
    return house.succession.relatives(entry, caller=caller)


def related(relation, issued):
    return Related(relation=relation, issuer=issued.issuer, serial=issued.certificate.serial)


@pytest.mark.parametrize("word", ["contract 1", "a new one"], ids=["same-key", "rekey"])
def test_renewal_has_the_same_subject_and_profile_and_both_are_valid(house, word):
    old = brief(house)
    new = renew(house, old, key(word))
    assert new.certificate.subject == old.certificate.subject
    assert new.profile == old.profile
    assert new.certificate.serial != old.certificate.serial
    assert new.certificate.not_after > old.certificate.not_after > new.certificate.not_before
    entry = house.authority.find(old.issuer, old.certificate.serial, caller=someone(house))
    assert entry.revocation is None
    assert relatives(house, old) == (related(Relation.RENEWED_BY, new),)
    assert relatives(house, new) == (related(Relation.RENEWS, old),)


def test_variant_of_the_profile_stays(house):
    old = brief(house, variant="without-key-encipherment")
    assert renew(house, old, key("new")).profile == old.profile


def test_renewal_asked_for_again_is_given_again(house):
    old = brief(house)
    first = renew(house, old, key("new"))
    assert renew(house, old, key("new")).certificate == first.certificate
    assert code(renew, house, old, key("another")) == "renewal.done_already"


def test_renewal_is_renewed_in_its_turn(house, clock):
    old = brief(house)
    new = renew(house, old, key("new"))
    clock.moment = new.certificate.not_after - DAY
    newer = renew(house, new, key("newer"))
    assert relatives(house, new) == (
        related(Relation.RENEWS, old),
        related(Relation.RENEWED_BY, newer),
    )


def test_revoked_or_ended_renewal_is_renewed_anew(house, clock):
    old = brief(house)
    first = renew(house, old, key("new"))
    at = (first.issuer, first.certificate.serial)
    house.authority.revoke(*at, Reason.SUPERSEDED, caller=someone(house))
    second = renew(house, old, key("another"))
    assert second.certificate != first.certificate
    assert [each.relation for each in relatives(house, old)] == [Relation.RENEWED_BY] * 2


def test_renewal_whose_signature_failed_is_asked_for_again(tmp_path, clock):
    keeper = MemoryKeys()
    with furnished_house(f"sqlite:///{tmp_path}/pki.db", clock=clock, keys=keeper) as house:
        old = brief(house)
        good = keeper.kept[issuer_id()]

        class Gone(SoftwareSigner):
            def sign(self, _data):
                raise SignerUnavailable("gone")

        keeper.kept[issuer_id()] = Gone(valid_world()[Role.MO_SUB_2].private_key)
        with pytest.raises(SignerUnavailable):
            renew(house, old, key("new"))
        keeper.kept[issuer_id()] = good
        new = renew(house, old, key("new"))
        assert related(Relation.RENEWED_BY, new) in relatives(house, old)


def test_renewal_that_itself_ended_does_not_stand(house, clock):
    old = brief(house, not_after=NOW + 60 * DAY)
    new = renew(house, old, key("new"))
    found = house.stores.register.find

    class Ended:
        """A register in which the renewal ended before the old one does."""

        def __getattr__(self, name):
            return getattr(house.stores.register, name)

        def find(self, issuer, serial):
            entry = found(issuer, serial)
            if serial == new.certificate.serial:
                return replace(entry, not_after=NOW - DAY)
            return entry

    house.succession._stores = replace(house.stores, register=Ended())
    assert renew(house, old, key("another")).certificate != new.certificate


@pytest.mark.parametrize(
    ("left", "wanted_code"),
    [(91 * DAY, "renewal.too_early"), (90 * DAY, None), (timedelta(), None)],
)
def test_window_opens_so_long_before_the_end(house, clock, left, wanted_code):
    old = issue(house, 1)
    clock.moment = old.certificate.not_after - left
    if wanted_code:
        assert code(renew, house, old, key("new")) == wanted_code
    else:
        renew(house, old, key("new"))


def test_expired_certificate_is_not_renewed(house, clock):
    old = brief(house)
    clock.moment = old.certificate.not_after + timedelta(seconds=1)
    assert code(renew, house, old, key("new")) == "renewal.expired"


def test_revoked_certificate_is_not_renewed(house):
    old = brief(house)
    at = (old.issuer, old.certificate.serial)
    house.authority.revoke(*at, Reason.SUPERSEDED, caller=someone(house))
    assert code(renew, house, old, key("new")) == "renewal.revoked"


def test_intent_that_never_became_a_certificate_is_not_renewed(tmp_path, clock):
    class PowerCutError(Exception):
        pass

    def failing(name):
        if name == failpoints.INTEND_COMMITTED and armed:
            raise PowerCutError

    armed = []
    url = f"sqlite:///{tmp_path}/pki.db"
    with furnished_house(url, clock=clock, failpoint=failing) as house:
        armed.append(True)
        with pytest.raises(PowerCutError):
            brief(house)
        armed.clear()
        (left,) = house.stores.register.pending(intended_before=NOW + DAY, entries_max=9)
        ask = house.succession.renew
        told = code(ask, left.issuer, left.serial, key("new"), caller=someone(house))
        assert told == "renewal.not_issued"


@pytest.mark.parametrize("role", [Role.MO_SUB_2, Role.OCSP_RESPONDER])
def test_authorities_and_ocsp_signers_are_not_renewed_so(house, role):
    world = valid_world()
    certificate = (
        world[role].certificate if role in world else world.responder(Role.MO_SUB_2).certificate
    )
    at = (certificate.authority_key_id.hex(), certificate.serial)
    ask = house.succession.renew
    assert code(ask, *at, key("new"), caller=someone(house)) == "renewal.not_a_leaf"


def test_h02_certificate_of_another_tenant_is_absent(house):
    old = brief(house)
    permit_everything(house, "other")
    with pytest.raises(NotFound):
        renew(house, old, key("new"), caller=someone(house, "other"))


def test_renewing_needs_the_scope_to_issue(house):
    old = brief(house)
    reader = new_caller(
        tenant=TENANT, name="r", scopes=frozenset({READ}), now=NOW, random=lambda n: b"\x05" * n
    )[0]
    assert code(renew, house, old, key("new"), caller=reader) == "caller.scope_missing"


def test_e09_renewal_is_refused_for_another_s_key(house):
    old, _ = brief(house), brief(house, 2)
    assert code(renew, house, old, key("contract 2")) == "registration.key_of_another"


# A charger's two leaves


@pytest.fixture
def both(tmp_path, clock):
    """A house of one tenant with authorities of both editions."""
    keeper = MemoryKeys()
    with furnished_house(f"sqlite:///{tmp_path}/pki.db", clock=clock, keys=keeper) as house:
        house.importing.world(valid_world(Edition.ISO_20), tenant=TENANT)
        house.authority.reload()
        yield house


def pair(word="", **odd):
    first = wanted(
        role=Role.SECC,
        public_key=key(f"secc 2{word}"),
        common_name="DE*ICE*E45B*78C",
        country="DE",
    )
    given = {
        "role": Role.SECC,
        "edition": Edition.ISO_20,
        "public_key": key(f"secc 20{word}", KeyKind.P521),
        "common_name": SECCID,
    }
    return first, wanted(**{**given, **odd})


def test_charger_has_leaves_of_both_editions_in_one_call(both):
    two, twenty = both.succession.issue_pair(*pair(), caller=someone(both))
    assert (two.profile, twenty.profile) == ("iso15118-2/secc", "iso15118-20/secc")
    assert two.certificate.key_kind is KeyKind.P256
    assert twenty.certificate.key_kind is KeyKind.P521
    assert relatives(both, two) == (related(Relation.COMPANION, twenty),)
    assert relatives(both, twenty) == (related(Relation.COMPANION, two),)


def test_pair_asked_for_again_is_the_same_pair(both):
    ask = both.succession.issue_pair
    first, again = (ask(*pair(), caller=someone(both)) for _ in range(2))
    assert [each.certificate for each in first] == [each.certificate for each in again]


def test_pair_whose_second_half_failed_is_completed(both):
    keeper = place_of(both)
    twentieth = valid_world(Edition.ISO_20)[Role.CPO_SUB_2].certificate
    keeper.broken.add(issuer_id(Role.CPO_SUB_2, Edition.ISO_20))
    ask = both.succession.issue_pair
    with pytest.raises(SignerUnavailable):
        ask(*pair(), caller=someone(both))
    keeper.broken.clear()
    two, twenty = ask(*pair(), caller=someone(both))
    assert twenty.certificate.issuer == twentieth.subject
    assert related(Relation.COMPANION, two) in relatives(both, twenty)


@pytest.mark.parametrize(
    ("odd", "wanted_code"),
    [
        ({"edition": Edition.ISO_2}, "pair.editions"),
        ({"role": Role.CPS, "common_name": "CPS"}, "pair.editions"),
        ({"common_name": SECCID.replace("ICE", "ICF")}, "pair.operators_differ"),
        ({"country": "de"}, "issuance.request_malformed"),
        ({"public_key": key("secc 2")}, "registration.key_kind"),
    ],
)
def test_pair_is_issued_whole_or_refused_before_anything_is_signed(both, odd, wanted_code):
    first, second = pair(**odd)
    ask = both.succession.issue_pair
    assert code(ask, first, second, caller=someone(both)) == wanted_code
    (precedent,) = both.succession._admission._precedents.known(
        [_inquiry_of(both, first)], since=NOW - DAY
    )
    assert precedent.recent == 0


def _inquiry_of(house, request):
    holder = Holder(tenant=TENANT, role=Role.SECC, identity="DEICEE45B78C")
    key_id = subject_key_id(request)
    return Inquiry(key_id=key_id, holder=holder, edition=Edition.ISO_2, registered=False)


def test_pair_with_a_key_of_another_is_refused_whole(both):
    issue(both, 1)
    first, second = pair()
    stolen = wanted(1, role=Role.SECC, common_name=first.common_name)
    ask = both.succession.issue_pair
    assert code(ask, stolen, second, caller=someone(both)) == "registration.key_of_another"
