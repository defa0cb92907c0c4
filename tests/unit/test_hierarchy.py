"""A grown world is whole, reproducible from its seed, and every chain in it verifies."""

from datetime import timedelta

import pytest

from certs import keys
from certs.certificate import Reading, parse
from certs.chain.anchors import AnchorSet
from certs.chain.roles import Purpose, Use
from certs.chain.verification import verify
from certs.edition import Edition
from certs.errors import Refused
from certs.hierarchy import BACKDATED, OCSP_URL, grow
from certs.keys import KeyKind
from certs.pem import parse_chain
from certs.profiles.ocsp_responder import CERTIFICATE_AUTHORITIES
from certs.profiles.rules import Role
from tests.world import NOW, SECOND, codes, valid_world

BOTH = frozenset({Purpose.MO, Purpose.OEM})
USES = {
    Role.CONTRACT: Use.CONTRACT,
    Role.SECC: Use.SECC,
    Role.OEM_PROVISIONING: Use.OEM_PROVISIONING,
    Role.CPS: Use.CPS,
    Role.VEHICLE: Use.VEHICLE,
}
KINDS = [
    (Edition.ISO_2, KeyKind.P256),
    (Edition.ISO_20, KeyKind.P521),
    (Edition.ISO_20, KeyKind.ED448),
]


@pytest.mark.parametrize(("edition", "kind"), KINDS)
def test_every_role_of_the_edition_is_there(edition, kind):
    world = valid_world(edition, kind)
    absent = {Role.OCSP_RESPONDER} | ({Role.VEHICLE} if edition is Edition.ISO_2 else set())
    assert {identity.role for identity in world} == set(Role) - absent
    for identity in world:
        assert identity.certificate.key_kind is kind
        assert parse(identity.certificate.der, Reading.STRICT) == identity.certificate
        assert world[identity.role] is identity


@pytest.mark.parametrize(("edition", "kind"), KINDS)
def test_every_leaf_verifies_under_the_worlds_anchors(edition, kind):
    world = valid_world(edition, kind)
    for role, use in USES.items():
        if role in world:
            verdict = verify(
                world[role].chain, use=use, anchors=world.anchors(), now=NOW, edition=edition
            )
            assert codes(verdict) == set()
            assert verdict.path[-1] == world[role].root


@pytest.mark.parametrize(("edition", "kind"), KINDS)
def test_the_same_seed_gives_the_same_octets(edition, kind):
    first, second = (grow(seed=b"again", now=NOW, edition=edition, key_kind=kind) for _ in range(2))
    for one, two in zip(first, second, strict=True):
        assert one.certificate.der == two.certificate.der
    one, two = (
        world.issue(Role.CONTRACT, common_name="DE8AA00000000A") for world in (first, second)
    )
    assert one.certificate == two.certificate
    assert one.certificate != first.issue(Role.CONTRACT, common_name="DE8AA00000000A").certificate


def test_another_seed_and_no_seed_give_others():
    worlds = [grow(seed=seed, now=NOW) for seed in (b"one", b"two", None, None)]
    assert len({world[Role.V2G_ROOT].certificate.spki for world in worlds}) == 4
    assert len({world[Role.V2G_ROOT].certificate.serial for world in worlds}) == 4


def test_what_is_grown_for_good_verifies():
    world = grow(seed=None, now=NOW, under_v2g=BOTH)
    verdict = verify(world[Role.CONTRACT].chain, use=Use.CONTRACT, anchors=world.anchors(), now=NOW)
    assert codes(verdict) == set()


def test_sub_cas_of_mo_and_oem_can_stand_under_the_v2g_root():
    world = valid_world(under_v2g=BOTH)
    assert Role.MO_ROOT not in world
    assert Role.OEM_ROOT not in world
    for role in (Role.CONTRACT, Role.OEM_PROVISIONING):
        assert world[role].root == world[Role.V2G_ROOT].certificate
        verdict = verify(world[role].chain, use=USES[role], anchors=world.anchors(), now=NOW)
        assert codes(verdict) == set()
    assert len(world.anchors()) == 1
    assert len(valid_world().anchors()) == 3


@pytest.mark.parametrize(("edition", "kind"), KINDS)
def test_a_station_logs_in_under_its_operators_own_root_and_serves_no_vehicle(edition, kind):
    world = valid_world(edition, kind)
    station = world[Role.CHARGING_STATION]
    own = AnchorSet([world.station_anchor()])

    def judged(use, anchors):
        return codes(verify(station.chain, use=use, anchors=anchors, now=NOW))

    assert judged(Use.CHARGING_STATION, own) == set()
    assert judged(Use.SECC, own) == {"chain.role_confused", "chain.extended_key_usage_wrong"}
    assert judged(Use.CHARGING_STATION, world.anchors()) == {"chain.anchor_unknown"}


def test_one_of_them_can_stand_there_alone():
    world = valid_world(under_v2g=frozenset({Purpose.MO}))
    assert world[Role.CONTRACT].root == world[Role.V2G_ROOT].certificate
    assert world[Role.OEM_PROVISIONING].root == world[Role.OEM_ROOT].certificate


def test_a_chain_is_leaf_first_without_its_root():
    world = valid_world()
    leaf = world[Role.CONTRACT]
    expected = (Role.CONTRACT, Role.MO_SUB_2, Role.MO_SUB_1)
    assert leaf.chain == tuple(world[role].certificate for role in expected)
    assert parse_chain(leaf.pem) == leaf.chain
    root = world[Role.MO_ROOT]
    assert root.chain == ()
    assert root.root == root.certificate
    assert parse_chain(root.pem) == (root.certificate,)


def test_x15_a_chain_fits_the_messages_it_travels_in():
    for edition, kind in KINDS:
        for identity in valid_world(edition, kind):
            octets = 800 if edition is Edition.ISO_2 else 1600
            assert len(identity.certificate.der) <= octets
            assert len(identity.pem) <= 5500  # OCPP 2.0.1 Authorize.certificate, in characters


def test_every_ca_has_a_delegate_of_its_own():
    world = valid_world()
    serials = set()
    for role in CERTIFICATE_AUTHORITIES:
        delegate = world.responder(role)
        assert delegate.role is Role.OCSP_RESPONDER
        assert delegate.issuer is world[role]
        assert delegate.certificate.issuer == world[role].certificate.subject
        assert delegate.certificate.ocsp_urls == ()
        serials.add(delegate.certificate.serial)
    assert len(serials) == len(CERTIFICATE_AUTHORITIES)


def test_addresses_stand_on_everything_but_roots():
    world = valid_world()
    for identity in world:
        if identity.issuer is None:
            assert identity.certificate.ocsp_urls == identity.certificate.crl_urls == ()
        else:
            key_id = identity.issuer.certificate.subject_key_id.hex()
            assert identity.certificate.ocsp_urls == (OCSP_URL,)
            assert identity.certificate.crl_urls == (f"http://crl.v2g.example/{key_id}.crl",)
    quiet = grow(seed=b"quiet", now=NOW)
    assert quiet[Role.CONTRACT].certificate.crl_urls == ()


def test_validity_begins_before_now_and_never_outlives_the_issuer():
    for identity in valid_world():
        assert identity.certificate.not_before == NOW - BACKDATED
        if identity.issuer is not None:
            assert identity.certificate.not_after <= identity.issuer.certificate.not_after


def test_a_late_leaf_ends_with_its_issuer():
    world = grow(seed=b"late", now=NOW)
    end = world[Role.CPS_SUB_2].certificate.not_after
    late = world.issue(Role.CPS, not_before=end - timedelta(days=30))
    assert late.certificate.not_after == end


def test_more_is_issued_as_asked():
    world = grow(seed=b"more", now=NOW)
    key = keys.derive(KeyKind.P256, b"from elsewhere")
    foreign = world.issue(Role.CONTRACT, key=key.public_key(), serial=1 << 70, country=None)
    assert foreign.private_key is None
    assert foreign.certificate.serial == 1 << 70
    assert foreign.certificate.spki == keys.spki(key.public_key())
    with pytest.raises(ValueError, match="no private key"):
        _ = foreign.signer
    own = world.issue(
        Role.SECC,
        key=key,
        variant="without-key-agreement",
        organization="Another CPO",
        not_before=NOW,
        not_after=NOW + timedelta(days=60),
    )
    assert own.private_key is key
    assert own.signer.public_key == key.public_key()
    delegate = world.issue(Role.OCSP_RESPONDER, issuer=world[Role.CPS_SUB_2])
    assert delegate.certificate.common_name == "OCSP Responder"


def test_a_second_root_and_its_own_sub_ca_can_be_issued():
    world = grow(seed=b"second", now=NOW)
    root = world.issue(Role.MO_ROOT, common_name="Other MO Root")
    sub = world.issue(Role.MO_SUB_1, common_name="Other Sub-CA 1", issuer=root)
    assert sub.root == root.certificate
    assert root.issuer is None


def test_what_breaks_its_profile_is_not_issued():
    world = grow(seed=b"refuse", now=NOW)
    with pytest.raises(Refused) as caught:
        world.issue(Role.CONTRACT, common_name="Mallory")
    assert codes(caught.value) == {"profile.common_name_wrong"}
    with pytest.raises(Refused) as caught:
        world.issue(Role.CONTRACT, issuer=world[Role.CPO_SUB_2])
    assert caught.value.code == "issuance.issuer_wrong"
    with pytest.raises(Refused) as caught:
        world.issue(Role.CONTRACT, serial=0)
    assert caught.value.code == "issuance.request_malformed"


def test_a_role_of_the_other_edition_is_not_there():
    world = valid_world()
    assert Role.VEHICLE not in world
    with pytest.raises(KeyError):
        world.issue(Role.VEHICLE)


def test_keys_of_the_other_edition_grow_no_world():
    with pytest.raises(Refused) as caught:
        grow(seed=b"x", now=NOW, edition=Edition.ISO_20, key_kind=KeyKind.P256)
    assert codes(caught.value) == {
        "profile.key_kind_wrong",
        "profile.signature_algorithm_wrong",
    }


def test_no_secret_is_in_what_is_printed():
    shown = repr(valid_world()[Role.CONTRACT])
    assert "private_key" not in shown
    assert "issuer" not in shown


def test_a_moment_with_fractions_grows_the_same_world():
    odd = grow(seed=b"again", now=NOW + SECOND / 3)
    assert odd[Role.V2G_ROOT].certificate == grow(seed=b"again", now=NOW)[Role.V2G_ROOT].certificate
