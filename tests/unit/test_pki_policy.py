"""Which tenant may have which certificates: grants, their prefixes, registered names, bad keys."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from hypothesis import given
from hypothesis import strategies as st

from certs import keys
from certs.edition import Edition
from certs.errors import Refused
from certs.keys import KeyKind, key_identifier, kind_of_spki, spki
from certs.profiles import catalogue
from certs.profiles.rules import Role
from pki.authority.entries import Reason
from pki.authority.identity import identify
from pki.authority.policy import (
    ANY,
    GRANTS_MAX,
    PREFIXES_MAX,
    Grant,
    MalformedPolicy,
    Policy,
    decode_grants,
    encode_grants,
    everything,
    grant_for,
    parse_grants,
)
from pki.authority.published_keys import PUBLISHED, SMALL_SCALARS
from pki.authority.requesters import NAMES_MAX, Announced
from pki.callers import OPERATOR, READ, REGISTER, new_caller
from pki.errors import Conflict, NotFound, RateExceeded
from tests.pki_house import (
    TENANT,
    Clock,
    MemoryKeys,
    empty_house,
    events,
    furnished_house,
    issue,
    permit_everything,
    someone,
    wanted,
)
from tests.world import NOW

SECCID = "DE-ICE-S-00003C4D557878675645330967543476-2"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/pki.db"


@pytest.fixture
def house(url, clock):
    with furnished_house(url, clock=clock) as house:
        yield house


def caller(*scopes, tenant=TENANT):
    return new_caller(
        tenant=tenant,
        name="x",
        scopes=frozenset(scopes),
        now=NOW,
        random=lambda n: b"\x03" * n,
    )[0]


def grants(*told):
    return parse_grants([{"role": role, "prefixes": prefixes} for role, prefixes in told])


def permit_only(house, *told, after=1, **odd):
    """The tenant's policy from now on."""
    made = parse_grants([{**odd, "role": role, "prefixes": prefixes} for role, prefixes in told])
    return house.requesters.set_policy(TENANT, made, after=after, caller=someone(house))


def code(ask, *args, **given):
    with pytest.raises(Refused) as caught:
        ask(*args, **given)
    return caught.value.code


def policy(*told):
    return Policy(tenant=TENANT, version=1, grants=grants(*told), set_at=NOW, set_by="test")


def asked(told, role, common_name, edition=Edition.ISO_2):
    profile = catalogue.profile(role, edition)
    return grant_for(told, profile, identify(common_name, profile))


@pytest.mark.parametrize(
    ("role", "prefix", "mine", "theirs", "edition"),
    [
        (Role.CONTRACT, "de-8aa", "DE8AA000000001", "DE8AB000000001", Edition.ISO_2),
        (Role.CONTRACT, "DE*8AA", "de-8aa-000000001", "NL8AA000000001", Edition.ISO_20),
        (Role.OEM_PROVISIONING, "wpw", "WPWPROVISIONING02", "WPVPROVISIONING02", Edition.ISO_2),
        (Role.SECC, "DE*ICE", "DE*ICE*E45B*78C", "DE*ICF*E45B*78C", Edition.ISO_2),
        (Role.SECC, "DEICE", SECCID, SECCID.replace("ICE", "ICF"), Edition.ISO_2),
        (Role.SECC, "DEICE", SECCID, SECCID.replace("ICE", "ICF"), Edition.ISO_20),
        (Role.CPS, "CPS ", "CPS 2", "Another CPS", Edition.ISO_2),
        (Role.VEHICLE, "WPW", "WPW123", "XPW123", Edition.ISO_20),
    ],
)
def test_e05_only_own_identities_are_permitted(role, prefix, mine, theirs, edition):
    told = policy((role.value, [prefix]))
    assert asked(told, role, mine, edition).role is role
    assert code(asked, told, role, theirs, edition) == "registration.identity_not_permitted"


@pytest.mark.parametrize(
    ("role", "name"),
    [
        (Role.CONTRACT, "DE8AA"),
        (Role.CONTRACT, "DE8AAxx"),
        (Role.OEM_PROVISIONING, "WPW"),
        (Role.SECC, "DEICE"),
    ],
)
def test_e05_name_that_only_begins_like_an_identifier_is_not_permitted(role, name):
    told = policy((role.value, [name[:5] if role is not Role.OEM_PROVISIONING else "WPW"]))
    assert code(asked, told, role, name) == "registration.identity_not_permitted"


def test_e04_role_that_no_grant_names_is_not_permitted():
    told = policy(("contract", [ANY]))
    assert code(asked, told, Role.CPS, "CPS") == "registration.profile_not_permitted"


def test_edition_that_no_grant_names_is_not_permitted():
    (grant,) = parse_grants([{"role": "secc", "prefixes": [ANY], "editions": ["iso15118-20"]}])
    told = Policy(tenant=TENANT, version=1, grants=(grant,), set_at=NOW, set_by="x")
    assert asked(told, Role.SECC, SECCID, Edition.ISO_20) == grant
    assert code(asked, told, Role.SECC, SECCID) == "registration.profile_not_permitted"


def test_tenant_without_a_policy_may_have_nothing():
    assert code(asked, None, Role.CONTRACT, "DE8AA000000001") == "registration.policy_absent"


def test_the_least_demanding_of_several_grants_counts():
    strict = {"role": "contract", "prefixes": ["DE8AA"], "registered": True}
    easy = {"role": "contract", "prefixes": ["DE8AA"]}
    for order in ([strict, easy], [easy, strict]):
        told = Policy(
            tenant=TENANT, version=1, grants=parse_grants(order), set_at=NOW, set_by="test"
        )
        assert not asked(told, Role.CONTRACT, "DE8AA000000001").registered


def test_everything_is_every_leaf_role_there_is():
    roles = {grant.role for grant in everything()}
    assert roles == {
        Role.CONTRACT,
        Role.SECC,
        Role.OEM_PROVISIONING,
        Role.CPS,
        Role.VEHICLE,
        Role.CHARGING_STATION,
    }
    assert decode_grants(encode_grants(everything())) == everything()


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[" * 100_000,
        "{}",
        "null",
        "[1]",
        '[{"role":"contract"}]',
        '[{"prefixes":["*"]}]',
        '[{"role":"contract","prefixes":["*"],"tenant":"x"}]',
        '[{"role":"mo-sub-2","prefixes":["*"]}]',
        '[{"role":"ocsp-responder","prefixes":["*"]}]',
        '[{"role":7,"prefixes":["*"]}]',
        '[{"role":"contract","prefixes":[]}]',
        '[{"role":"contract","prefixes":"*"}]',
        '[{"role":"contract","prefixes":[""]}]',
        '[{"role":"contract","prefixes":[7]}]',
        '[{"role":"contract","prefixes":["DE8A"]}]',
        '[{"role":"oem-provisioning","prefixes":["WPWX"]}]',
        '[{"role":"contract","prefixes":["*"],"editions":["iso15118-3"]}]',
        '[{"role":"vehicle","prefixes":["*"],"editions":["iso15118-2"]}]',
        '[{"role":"contract","prefixes":["*"],"registered":1}]',
        '[{"role":"contract","prefixes":["*"],"key_reuse":null}]',
    ],
)
def test_what_is_no_list_of_grants_is_malformed(text):
    with pytest.raises(MalformedPolicy):
        decode_grants(text)


def test_more_grants_or_prefixes_than_a_policy_holds_are_malformed():
    grant = {"role": "contract", "prefixes": ["DE8AA"]}
    parse_grants([grant] * GRANTS_MAX)
    with pytest.raises(MalformedPolicy):
        parse_grants([grant] * (GRANTS_MAX + 1))
    with pytest.raises(MalformedPolicy):
        parse_grants([{**grant, "prefixes": ["DE8AA"] * (PREFIXES_MAX + 1)}])


@given(
    st.lists(
        st.builds(
            Grant,
            role=st.just(Role.CONTRACT),
            editions=st.frozensets(st.sampled_from(Edition), min_size=1),
            prefixes=st.frozensets(
                st.from_regex(r"[A-Z]{2}[A-Z0-9]{3}", fullmatch=True), min_size=1
            ),
            registered=st.booleans(),
            key_reuse=st.booleans(),
        ),
        max_size=5,
    )
)
def test_grants_come_back_as_they_were_written(made):
    assert decode_grants(encode_grants(made)) == tuple(made)


@given(st.text(max_size=70), st.sampled_from(catalogue.PROFILES))
def test_any_name_has_an_identity(text, profile):
    identity = identify(text, profile)
    assert identity.prefix is None or identity.canonical.startswith(identity.prefix)


# Policies kept


def test_policy_counts_at_once_and_earlier_ones_stay(house):
    issue(house, 1)
    permit_only(house, ("contract", ["NL8AA"]))
    assert code(issue, house, 2) == "registration.identity_not_permitted"
    history = house.requesters.history(TENANT, caller=someone(house))
    assert [each.version for each in history] == [2, 1]
    assert history[1].grants == everything()
    assert events(house).count("policy.set") == 2


def test_policy_of_another_process_counts_after_the_next_round(url, house):
    with empty_house(url, keys=MemoryKeys()) as other:
        permit_only(other, ("contract", ["NL8AA"]))
    house.maintain()
    assert code(issue, house, 2) == "registration.identity_not_permitted"


def test_two_who_change_one_version_are_told(house):
    permit_only(house, ("contract", ["NL8AA"]))
    with pytest.raises(Conflict) as caught:
        permit_only(house, ("contract", ["DE8AA"]))
    assert caught.value.code == "conflict.policy_version"
    with pytest.raises(Conflict):
        permit_only(house, ("contract", ["DE8AA"]), after=7)


def test_only_operators_set_policies_and_block_keys(house):
    someone_else = caller(READ, REGISTER)
    assert (
        code(house.requesters.set_policy, TENANT, (), after=1, caller=someone_else)
        == code(house.requesters.block_key, "00" * 20, why="x", caller=someone_else)
        == "caller.scope_missing"
    )


def test_h02_policies_of_others_are_seen_by_operators_alone(house):
    permit_everything(house, "other")
    assert house.requesters.history(TENANT, caller=caller(READ))
    assert house.requesters.history("other", caller=caller(OPERATOR))
    for tenant in ("other", "absent"):
        with pytest.raises(NotFound):
            house.requesters.history(tenant, caller=caller(READ))
    assert code(house.requesters.history, TENANT, caller=caller()) == "caller.scope_missing"


# Registered names


def registered(house, *names, role=Role.CONTRACT, edition=Edition.ISO_2, **odd):
    announced = [Announced(role=role, edition=edition, common_name=name, **odd) for name in names]
    return house.requesters.register(announced, caller=someone(house))


@pytest.fixture
def strict(house):
    """The house, with a policy that asks for registered names."""
    permit_only(house, ("contract", ["DE8AA"]), ("cps", ["CPS"]), registered=True)
    return house


def test_registered_name_is_used_up_by_its_first_certificate(strict):
    assert code(issue, strict, 1) == "registration.name_not_registered"
    (name,) = registered(strict, "de-8aa-000000001")
    assert name.identity == "DE8AA000000001"
    issue(strict, 1)
    assert code(issue, strict, 1) == "registration.name_not_registered"
    (told,) = strict.requesters.names(caller=someone(strict))
    assert told.used_at == NOW
    registered(strict, "DE8AA000000001")
    issue(strict, 1)


def test_standing_name_permits_again_and_again(strict):
    registered(strict, "DE8AA000000001", standing=True)
    issue(strict, 1)
    issue(strict, 1)


def test_name_registered_for_one_role_or_edition_is_none_for_another(strict):
    registered(strict, "DE8AA000000001", edition=Edition.ISO_20)
    assert code(issue, strict, 1) == "registration.name_not_registered"


def test_expired_and_withdrawn_names_permit_nothing(strict, clock):
    registered(strict, "DE8AA000000001", expires_at=NOW + timedelta(hours=1))
    (name,) = registered(strict, "DE8AA000000002")
    strict.requesters.withdraw(name.number, caller=someone(strict))
    assert code(issue, strict, 2) == "registration.name_not_registered"
    clock.forward(hours=1)
    assert code(issue, strict, 1) == "registration.name_not_registered"
    with pytest.raises(NotFound):
        strict.requesters.withdraw(name.number, caller=someone(strict))


def test_h02_names_of_another_tenant_are_absent(strict):
    (name,) = registered(strict, "DE8AA000000001")
    with pytest.raises(NotFound):
        strict.requesters.withdraw(name.number, caller=caller(REGISTER, tenant="other"))
    assert strict.requesters.names(caller=caller(READ, tenant="other")) == ()
    assert len(strict.requesters.names(caller=caller(READ))) == 1
    assert strict.requesters.names(caller=caller(READ), after=name.number) == ()


def test_name_is_registered_once_at_a_time_all_or_none(strict):
    registered(strict, "DE8AA000000001")
    with pytest.raises(Conflict) as caught:
        registered(strict, "DE8AA000000002", "DE-8AA-000000001")
    assert caught.value.code == "conflict.name_registered"
    assert len(strict.requesters.names(caller=someone(strict))) == 1


@pytest.mark.parametrize(
    ("odd", "wanted_code"),
    [
        ({"common_name": "NL8AA000000001"}, "registration.identity_not_permitted"),
        ({"common_name": "x\x00"}, "issuance.request_malformed"),
        ({"role": Role.SECC}, "registration.profile_not_permitted"),
        ({"role": Role.VEHICLE}, "registration.profile_unknown"),
    ],
)
def test_only_what_the_policy_permits_is_registered(strict, odd, wanted_code):
    given_ = {"role": Role.CONTRACT, "edition": Edition.ISO_2, "common_name": "DE8AA000000001"}
    announced = Announced(**{**given_, **odd})
    assert code(strict.requesters.register, [announced], caller=someone(strict)) == wanted_code


def test_names_are_registered_by_those_who_may_in_pages(strict):
    register = strict.requesters.register
    one = Announced(role=Role.CPS, edition=Edition.ISO_2, common_name="CPS")
    assert code(register, [one], caller=caller(READ)) == "caller.scope_missing"
    assert code(register, [], caller=someone(strict)) == "registration.names_too_many"
    many = [one] * (NAMES_MAX + 1)
    assert code(register, many, caller=someone(strict)) == "registration.names_too_many"


def test_batch_uses_up_each_name_it_issues_for(strict):
    registered(strict, "DE8AA000000001", "DE8AA000000002")
    outcomes = strict.authority.issue_batch(
        [wanted(number) for number in (1, 2, 3)], caller=someone(strict)
    )
    assert isinstance(outcomes[2], Refused)
    assert [name.used_at for name in strict.requesters.names(caller=someone(strict))] == [NOW] * 2


# Keys


def test_e10_same_request_twice_is_two_certificates_one_by_one(house):
    one, two = issue(house, 1), issue(house, 1)
    assert one.certificate.serial != two.certificate.serial
    assert one.certificate.spki == two.certificate.spki


def test_same_key_under_another_name_is_refused(house):
    issue(house, 1)
    assert code(issue, house, 1, common_name="DE8AA000000002") == "registration.key_of_another"
    issue(house, 1, common_name="DE-8AA-000000001")  # the same identity, written otherwise


def test_same_key_in_another_role_is_refused(house):
    issue(house, 1)
    assert code(issue, house, 1, role=Role.CPS, common_name="CPS") == "registration.key_of_another"


def test_policy_may_ask_for_a_new_key_each_time(house):
    permit_only(house, ("contract", ["*"]), key_reuse=False)
    issue(house, 1)
    assert code(issue, house, 1) == "registration.key_reused"
    new = keys.derive(KeyKind.P256, b"another").public_key()
    issue(house, 1, public_key=new)


@pytest.mark.parametrize(
    "reason", [Reason.KEY_COMPROMISE, Reason.CA_COMPROMISE, Reason.AA_COMPROMISE]
)
def test_e09_key_of_a_compromised_certificate_is_never_certified_again(house, reason):
    issued = issue(house, 1)
    at = (issued.issuer, issued.certificate.serial)
    house.authority.revoke(*at, reason, caller=someone(house))
    assert code(issue, house, 1) == "registration.key_blocked"


def test_key_of_a_superseded_certificate_stays_good(house):
    issued = issue(house, 1)
    at = (issued.issuer, issued.certificate.serial)
    house.authority.revoke(*at, Reason.SUPERSEDED, caller=someone(house))
    issue(house, 1)


def test_e09_blocked_key_is_refused_with_the_reason_given(house):
    key = wanted(1).public_key
    key_id = key_identifier(kind_of_spki(spki(key))[1]).hex()
    house.requesters.block_key(key_id, why="found on a forum", caller=someone(house))
    house.requesters.block_key(key_id, why="again", caller=someone(house))
    with pytest.raises(Refused, match="found on a forum") as caught:
        issue(house, 1)
    assert caught.value.code == "registration.key_blocked"
    assert events(house).count("key.blocked") == 1


@pytest.mark.parametrize("why", ["", "x" * 201, "a\nb"])
def test_reason_for_blocking_is_a_line(house, why):
    blocking = house.requesters.block_key
    assert code(blocking, "00" * 20, why=why, caller=someone(house)) == (
        "registration.reason_malformed"
    )


_RFC_6979_A_2_5 = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
_RFC_6979_A_2_7 = int(
    "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75CA"
    "A896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538",
    16,
)
_RFC_8032_7_4 = bytes.fromhex(
    "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3"
    "528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b"
)
_PUBLISHED_PRIVATE_KEYS = {
    "RFC 6979 A.2.5": ec.derive_private_key(_RFC_6979_A_2_5, ec.SECP256R1()),
    "RFC 6979 A.2.7": ec.derive_private_key(_RFC_6979_A_2_7, ec.SECP521R1()),
    "RFC 8032 7.4": ed448.Ed448PrivateKey.from_private_bytes(_RFC_8032_7_4),
    **{
        f"{name}, private key {scalar}": ec.derive_private_key(scalar, curve)
        for name, curve in (("P-256", ec.SECP256R1()), ("P-521", ec.SECP521R1()))
        for scalar in SMALL_SCALARS
    },
}


def test_e08_table_of_published_keys_is_what_their_private_keys_give():
    told = {
        key_identifier(kind_of_spki(spki(key.public_key()))[1]).hex(): name
        for name, key in _PUBLISHED_PRIVATE_KEYS.items()
    }
    assert {key: PUBLISHED.get(key) for key in told} == told


def test_e08_key_that_everybody_has_is_refused(house):
    key = _PUBLISHED_PRIVATE_KEYS["P-256, private key 1"].public_key()
    assert code(issue, house, 1, public_key=key) == "registration.key_published"


# Pace


def test_identity_has_so_many_certificates_in_its_window(url, clock):
    given_ = {"identity_certificates_max": 3, "identity_window_seconds": 60}
    with furnished_house(url, clock=clock, **given_) as house:
        for _ in range(3):
            issue(house, 1)
            clock.forward(seconds=10)
        with pytest.raises(RateExceeded) as caught:
            issue(house, 1, common_name="de-8aa-000000001")
        assert caught.value.code == "registration.identity_rate"
        assert caught.value.retry_after_seconds == 30
        issue(house, 2)
        clock.forward(seconds=caught.value.retry_after_seconds)
        issue(house, 1)


def test_identity_s_certificates_are_counted_across_restarts_and_within_a_batch(url, clock):
    given_ = {"identity_certificates_max": 2, "identity_window_seconds": 60}
    keeper = MemoryKeys()
    with furnished_house(url, clock=clock, keys=keeper, **given_) as house:
        issue(house, 1)
    with empty_house(url, clock=clock, keys=keeper, **given_) as house:
        batch = [
            wanted(1, public_key=keys.derive(KeyKind.P256, b"n%d" % n).public_key())
            for n in range(3)
        ]
        outcomes = house.authority.issue_batch(batch, caller=someone(house))
        assert [isinstance(each, RateExceeded) for each in outcomes] == [False, True, True]
        assert outcomes[1].retry_after_seconds == 60


def test_tenant_has_so_many_certificates_a_minute(url, clock):
    with furnished_house(url, clock=clock, tenant_certificates_per_minute=2) as house:
        issue(house, 1)
        issue(house, 2)
        with pytest.raises(RateExceeded) as caught:
            issue(house, 3)
        assert caught.value.code == "registration.tenant_rate"
        assert caught.value.retry_after_seconds == 30
        clock.forward(seconds=30)
        issue(house, 3)
        with pytest.raises(RateExceeded):
            issue(house, 4)
