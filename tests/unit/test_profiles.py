"""The profile tables hang together, and what is printed is what is enforced."""

from pathlib import Path

import pytest

from certs import extensions
from certs.edition import Edition
from certs.extensions import KeyUsage
from certs.findings import profile as family
from certs.findings.catalogue import ENTRIES
from certs.findings.finding import Severity
from certs.keys import KeyKind
from certs.profiles.catalogue import PROFILES, by_name, names, profile
from certs.profiles.ocsp_responder import CERTIFICATE_AUTHORITIES
from certs.profiles.printing import markdown
from certs.profiles.rules import CLIENT_AUTH, KeyUsageRule, NameForm, Presence, Role, bit_names

PAGE = Path(__file__).parents[2] / "docs" / "profiles.md"
ROOTS = {Role.V2G_ROOT, Role.MO_ROOT, Role.OEM_ROOT, Role.STATION_ROOT}
TOLERABLE = {Severity.WARNING, Severity.NOTICE}


def test_every_role_has_a_profile_in_each_edition_and_the_vehicle_in_20_alone():
    issued_by = {(p.role, p.edition) for p in PROFILES if not p.variant}
    missing = {(role, edition) for role in Role for edition in Edition} - issued_by
    assert missing == {(Role.VEHICLE, Edition.ISO_2)}


def test_a_profile_is_found_by_its_role_and_by_its_name():
    assert by_name("iso15118-2/contract") is profile(Role.CONTRACT, Edition.ISO_2)
    odd = by_name("iso15118-20/secc+without-key-agreement")
    assert odd is profile(Role.SECC, Edition.ISO_20, "without-key-agreement")
    assert len(set(names())) == len(PROFILES)
    for found in PROFILES:
        assert by_name(found.name) is found


def test_a_role_an_edition_lacks_is_a_key_error():
    with pytest.raises(KeyError):
        profile(Role.VEHICLE, Edition.ISO_2)
    with pytest.raises(KeyError):
        by_name("iso15118-2/vehicle")


def test_what_the_rules_declare_is_what_the_catalogue_lists():
    declared = frozenset().union(*(p.codes() for p in PROFILES))
    listed = {entry.code for entry in family.ENTRIES if entry.code.startswith("profile.")}
    assert declared == listed
    assert {entry.code for entry in family.ENTRIES} - listed == {
        "issuance.lint",
        "issuance.request_malformed",
        "issuance.issuer_wrong",
        "issuance.draft_used",
        "issuance.signer_mismatch",
        "issuance.signature_invalid",
        "issuance.bytes_changed",
    }


def test_an_error_of_the_profile_family_has_an_answer_and_a_remark_has_none():
    for entry in family.ENTRIES:
        assert entry.title
        assert entry.citation
        assert entry.action
        decides = entry.severity is Severity.ERROR and entry.code.startswith("profile.")
        assert bool(entry.certificate_status) is decides, entry.code
        assert bool(entry.iso_2) is decides
        assert ENTRIES[entry.code] is entry


def test_issuers_lead_to_a_root_within_three_steps():
    for found in PROFILES:
        roles, steps = {found.role}, 0
        while any(not profile(role, found.edition).is_root for role in roles):
            roles = frozenset().union(
                *(profile(role, found.edition).issuer.roles or {role} for role in roles)
            )
            steps += 1
            assert steps <= 4
        assert roles <= ROOTS


def test_roots_carry_no_purposes_no_depth_and_no_addresses():
    roots = [p for p in PROFILES if p.is_root]
    assert {p.role for p in roots} == ROOTS
    for root in roots:
        assert root.basic_constraints.ca
        assert root.basic_constraints.path_length is None
        assert not root.extended_key_usage.issued
        assert not root.extended_key_usage.optional
        assert root.addresses.ocsp is root.addresses.crl is Presence.FORBIDDEN


def test_depth_is_1_on_first_and_0_on_second_sub_cas():
    for found in PROFILES:
        if found.role.value.endswith("-sub-1"):
            assert found.basic_constraints.path_length == 1
        elif found.role.value.endswith("-sub-2") or found.role is Role.STATION_SUB:
            assert found.basic_constraints.path_length == 0
        else:
            assert found.basic_constraints.path_length is None


@pytest.mark.parametrize("found", PROFILES, ids=lambda p: p.name)
def test_o04_no_ca_profile_allows_ocsp_signing(found):
    purposes = {*found.extended_key_usage.issued, *found.extended_key_usage.optional}
    ca = found.basic_constraints.ca
    assert ca is (found.role in CERTIFICATE_AUTHORITIES)
    assert ca is bool(found.key_usage.required & KeyUsage.KEY_CERT_SIGN)
    assert (extensions.OCSP_SIGNING in purposes) is (found.role is Role.OCSP_RESPONDER)
    assert (found.ocsp_nocheck.presence is Presence.REQUIRED) is (found.role is Role.OCSP_RESPONDER)


@pytest.mark.parametrize("edition", Edition)
def test_a_charging_station_logs_in_and_serves_no_vehicle(edition):
    """OCPP's security profile 3: a client under a root that no V2G PKI has a part in."""
    for variant, components in (("", 1), ("no-dc", 0)):
        station = profile(Role.CHARGING_STATION, edition, variant)
        assert station.extended_key_usage.issued == (CLIENT_AUTH,)
        assert not station.extended_key_usage.optional
        assert station.subject.organization_expected
        assert (station.domain_component.issued is not None) is bool(components)
        above = profile(Role.STATION_SUB, edition)
        assert station.issuer.roles == {above.role}
        assert above.issuer.roles == {Role.STATION_ROOT}


@pytest.mark.parametrize(
    ("edition", "component", "octets", "kinds", "form"),
    [
        (Edition.ISO_2, "CPO", 800, {KeyKind.P256}, NameForm.CHARGER),
        (Edition.ISO_20, "CSO", 1600, {KeyKind.P521, KeyKind.ED448}, NameForm.SECCID),
    ],
)
def test_one_secc_needs_two_leaves(edition, component, octets, kinds, form):
    secc = profile(Role.SECC, edition)
    assert secc.domain_component.issued == component
    assert secc.encoding.octets_max == octets
    assert secc.algorithms.keys == kinds
    assert secc.subject.form is form


def test_what_is_issued_is_what_is_asked():
    for found in PROFILES:
        for kind in found.algorithms.keys:
            required, every = found.key_usage.bounds(kind)
            issued = found.key_usage.issued_for(kind)
            assert required & ~issued == 0
            assert issued & ~every == 0
        validity = found.validity
        assert (validity.shortest_days or 0) <= validity.issued_days
        assert validity.issued_days <= (validity.longest_days or validity.issued_days)


def test_the_dispute_about_key_agreement_is_data():
    agreed = KeyUsage.KEY_AGREEMENT
    either = profile(Role.SECC, Edition.ISO_2).key_usage
    assert agreed in either.issued
    assert agreed not in either.required
    assert agreed in either.optional
    assert agreed in profile(Role.SECC, Edition.ISO_2, "with-key-agreement").key_usage.required
    never = profile(Role.SECC, Edition.ISO_2, "without-key-agreement").key_usage
    assert agreed not in never.required | never.optional | never.issued


def test_the_dispute_about_the_components_of_sub_cas_is_data():
    issued = {
        variant: profile(Role.CPO_SUB_1, Edition.ISO_2, variant).domain_component.issued
        for variant in ("", "dc-cpo", "no-dc")
    }
    assert issued == {"": "V2G", "dc-cpo": "CPO", "no-dc": None}


def test_the_dispute_about_key_encipherment_on_contracts_is_data():
    bits = {
        variant: profile(Role.CONTRACT, Edition.ISO_2, variant).key_usage.issued
        for variant in ("", "without-key-encipherment")
    }
    assert bits[""] ^ bits["without-key-encipherment"] == KeyUsage.KEY_ENCIPHERMENT


def test_keys_that_only_sign_are_never_said_to_agree_or_encipher():
    rule = KeyUsageRule(
        citation="RFC 9295 3",
        issued=KeyUsage.DIGITAL_SIGNATURE | KeyUsage.KEY_AGREEMENT,
        required=KeyUsage.DIGITAL_SIGNATURE | KeyUsage.KEY_AGREEMENT,
        optional=KeyUsage.KEY_ENCIPHERMENT,
    )
    assert rule.issued_for(KeyKind.ED448) == KeyUsage.DIGITAL_SIGNATURE
    assert rule.bounds(KeyKind.ED448) == (KeyUsage.DIGITAL_SIGNATURE, KeyUsage.DIGITAL_SIGNATURE)
    assert rule.issued_for(KeyKind.P521) == rule.issued
    assert bit_names(KeyUsage(0)) == "none"


def test_every_rule_says_what_it_asks_and_where_from():
    for found in PROFILES:
        for rule in found.rules():
            assert rule.sentence()
            assert rule.citation
            assert rule.codes
        assert found.revision


def test_the_page_of_profiles_is_printed_from_the_data():
    assert PAGE.read_text(encoding="utf-8") == markdown(), (
        "docs/profiles.md drifted: print certs.profiles.printing.markdown() into it"
    )
