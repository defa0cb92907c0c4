"""Who may have which certificate, and whose API key opens what."""

from datetime import timedelta

import pytest

from certs import keys
from certs.edition import Edition
from certs.errors import Refused
from certs.keys import KeyKind
from certs.profiles.rules import Role
from pki.authority.directory import Directory
from pki.authority.entries import Issuer
from pki.authority.policy import Policy, everything
from pki.authority.registration import permit
from pki.callers import ISSUE_ANY, REVOKE, identity_of, issue_scope, new_caller, operator
from tests.pki_house import TENANT, issuer_id, key_id, wanted
from tests.world import NOW, valid_world

EDITIONS = list(Edition)


def directory(*, tenant=TENANT, active=True, editions=EDITIONS):
    issuers = []
    for edition in editions:
        world = valid_world(edition)
        issuers += [
            Issuer(
                key_id=key_id(identity.certificate),
                role=identity.role,
                edition=edition,
                tenant=tenant,
                certificate=identity.certificate,
                active=active,
            )
            for identity in world
            if identity.certificate.basic_constraints.ca
        ]
    return Directory.of(issuers, ())


def caller(*scopes, tenant=TENANT):
    return new_caller(
        tenant=tenant,
        name="someone",
        scopes=frozenset(scopes),
        now=NOW,
        random=lambda n: b"\x01" * n,
    )[0]


def permitting(*grants, tenant=TENANT):
    return Policy(tenant=tenant, version=1, grants=grants, set_at=NOW, set_by="test")


EVERYTHING = permitting(*everything())


def ask(request=None, *, by=None, of=None, now=NOW, policy=EVERYTHING):
    return permit(
        request or wanted(),
        caller=by or caller(ISSUE_ANY),
        directory=of or directory(),
        policies={TENANT: policy} if policy else {},
        now=now,
    )


def code(**given):
    with pytest.raises(Refused) as caught:
        ask(**given)
    return caught.value.code


def test_contract_is_issued_by_the_operators_second_sub_ca():
    approved = ask()
    assert approved.issuer.key_id == issuer_id(Role.MO_SUB_2)
    assert (approved.profile.name, approved.tenant) == ("iso15118-2/contract", TENANT)


@pytest.mark.parametrize(
    ("role", "issuer"),
    [
        (Role.SECC, Role.CPO_SUB_2),
        (Role.OEM_PROVISIONING, Role.OEM_SUB_2),
        (Role.CPS, Role.CPS_SUB_2),
    ],
)
def test_each_leaf_has_its_own_authority(role, issuer):
    assert ask(wanted(role=role)).issuer.role is issuer


def test_scope_for_one_role_is_no_scope_for_another():
    only = caller(issue_scope(Role.CONTRACT))
    ask(by=only)
    assert code(request=wanted(role=Role.SECC), by=only) == "caller.scope_missing"
    assert code(by=caller(REVOKE)) == "caller.scope_missing"


@pytest.mark.parametrize("role", [Role.V2G_ROOT, Role.MO_SUB_2, Role.OCSP_RESPONDER])
def test_authorities_and_ocsp_signers_are_not_issued_on_request(role):
    assert code(request=wanted(role=role)) == "registration.role_not_on_request"


@pytest.mark.parametrize(
    "odd", [{"role": Role.VEHICLE}, {"variant": "of-my-own"}], ids=["edition", "variant"]
)
def test_profile_that_does_not_exist_is_refused(odd):
    assert code(request=wanted(**odd)) == "registration.profile_unknown"


@pytest.mark.parametrize(
    ("edition", "kind"),
    [
        (Edition.ISO_2, KeyKind.P521),
        (Edition.ISO_2, KeyKind.ED448),
        (Edition.ISO_2, KeyKind.P384),
        (Edition.ISO_20, KeyKind.P256),
    ],
)
def test_x20_keys_of_the_other_edition_are_refused(edition, kind):
    request = wanted(edition=edition, public_key=keys.generate(kind).public_key())
    assert code(request=request) == "registration.key_kind"


def test_key_of_an_authority_is_not_certified_as_a_leaf():
    key = valid_world()[Role.MO_SUB_2].certificate.public_key()
    assert code(request=wanted(public_key=key)) == "registration.key_is_an_authority"


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"of": directory(tenant="another")}, id="h02-tenant"),
        pytest.param({"of": directory(active=False)}, id="inactive"),
        pytest.param({"of": directory(editions=[Edition.ISO_20])}, id="edition"),
        pytest.param({"of": Directory.of((), ())}, id="none"),
        pytest.param({"now": NOW + timedelta(days=365 * 50)}, id="expired"),
        pytest.param({"now": NOW - timedelta(days=1)}, id="not-yet"),
    ],
)
def test_without_an_authority_there_is_no_certificate(given):
    assert code(**given) == "registration.no_authority"


def test_operator_has_every_scope_and_no_key():
    someone = operator(tenant=TENANT, name="cli", now=NOW)
    ask(by=someone)
    assert not someone.admits("pnc_live_00_00", now=NOW)


def test_api_key_admits_its_caller_alone():
    draws = iter(range(1, 9))
    made = [
        new_caller(
            tenant=TENANT,
            name="c",
            scopes=frozenset(),
            now=NOW,
            random=lambda n: bytes([next(draws)]) * n,
            expires_at=NOW + timedelta(days=1),
        )
        for _ in range(2)
    ]
    (one, key), (_, other) = made
    assert identity_of(key) == one.identity
    assert one.admits(key, now=NOW)
    assert not one.admits(other, now=NOW)
    assert not one.admits(key, now=NOW + timedelta(days=1))
    assert key not in repr(one)
    assert one.key_digest.hex() not in repr(one)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pnc_live_",
        "pnc_live_abc",
        "pnc_live__abc",
        "pnc_test_a_b",
        "pnc_live_ä_b",
        "pnc_live_a_" + "b" * 200,
    ],
)
def test_what_is_no_api_key_names_nobody(text):
    assert identity_of(text) is None


def test_scope_that_does_not_exist_is_refused():
    with pytest.raises(Refused) as caught:
        caller("issue:everything")
    assert caught.value.code == "caller.scope_unknown"
