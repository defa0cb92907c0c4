"""Each deviation from a profile is named by its code, and nothing else is."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from certs import der, extensions, names, to_be_signed
from certs.edition import Edition
from certs.extensions import (
    AUTHORITY_INFORMATION_ACCESS,
    AUTHORITY_KEY_IDENTIFIER,
    BASIC_CONSTRAINTS,
    CRL_DISTRIBUTION_POINTS,
    KEY_USAGE,
    NAME_CONSTRAINTS,
    OCSP_NO_CHECK,
    OCSP_SIGNING,
    SUBJECT_KEY_IDENTIFIER,
    KeyUsage,
)
from certs.findings.finding import Severity
from certs.keys import SIGNATURE_ALGORITHMS, KeyKind
from certs.linting import lint
from certs.profiles.catalogue import PROFILES, profile
from certs.profiles.rules import CLIENT_AUTH, SERVER_AUTH, Role
from tests import world
from tests.world import DAY, SECOND, codes, crooked, valid_world

WORLDS = [
    (Edition.ISO_2, KeyKind.P256),
    (Edition.ISO_20, KeyKind.P521),
    (Edition.ISO_20, KeyKind.ED448),
]


def linted(identity, variant="", edition=Edition.ISO_2, *, lone=False):
    issuer = None if lone or identity.issuer is None else identity.issuer.certificate
    return lint(identity.certificate, profile(identity.role, edition, variant), issuer=issuer)


def long_subject(identity):
    units = ((f"2.5.4.{11}", f"{'unit'} {n:055}") for n in range(8))
    return crooked(
        identity, subject=world.name(*units, *names.attributes(identity.certificate.subject))
    )


def utf8_subject(identity):
    kind = to_be_signed.oid(names.ORGANIZATION)
    text = der.encode(0x0C, b"Mobility Operator")
    rdn = der.encode(der.SET, der.encode(der.SEQUENCE, kind + text))
    rest = identity.certificate.subject
    start, _ = der.whole(rest, der.SEQUENCE)
    return crooked(identity, subject=der.encode(der.SEQUENCE, rdn + rest[start:]))


def with_extension(oid, value, *, critical=False):
    return lambda identity: crooked(
        identity, extensions={oid: to_be_signed.extension(oid, value, critical=critical)}
    )


def critical_extension(oid):
    def make(identity):
        value = identity.certificate.extensions[oid].value
        return with_extension(oid, value, critical=True)(identity)

    return make


def without(*oids):
    return lambda identity: crooked(identity, drop=oids)


AIA_LDAP = to_be_signed.authority_information_access(
    ocsp_url="ldap://pki.example/ocsp", ca_issuers_url=None
)
CRL = to_be_signed.crl_distribution_points("http://crl.example/1.crl")
AIA = to_be_signed.authority_information_access(ocsp_url="http://ocsp.example", ca_issuers_url=None)
DEFAULT_CRITICAL = der.encode(
    der.SEQUENCE,
    to_be_signed.oid(extensions.CERTIFICATE_POLICIES)
    + b"\x01\x01\x00"
    + der.encode(der.OCTET_STRING, bytes.fromhex("3006300406022a03")),
)
GENERALIZED_2026 = b"\x18\x0f20261101110000Z"
EVERY_CA_BIT = (
    KeyUsage.KEY_CERT_SIGN
    | KeyUsage.CRL_SIGN
    | KeyUsage.DIGITAL_SIGNATURE
    | KeyUsage.CONTENT_COMMITMENT
)

# id: (role, how it is made crooked, the codes that name it and no others)
DEVIATIONS = {
    "default_encoded": (
        Role.CONTRACT,
        lambda i: crooked(i, append=[DEFAULT_CRITICAL]),
        {"profile.default_encoded"},
    ),
    "NON_DER_BC": (
        Role.CONTRACT,
        world.not_der_basic_constraints,
        {"profile.basic_constraints_not_der"},
    ),
    "time": (
        Role.CONTRACT,
        lambda i: crooked(i, not_before=GENERALIZED_2026),
        {"profile.time_encoding"},
    ),
    "version_1": (
        Role.MO_ROOT,
        lambda i: crooked(i, version=b"", drop=i.certificate.extensions),
        {
            "profile.version_wrong",
            "profile.basic_constraints_absent",
            "profile.key_usage_absent",
            "profile.subject_key_id_absent",
        },
    ),
    "too_large": (
        Role.CONTRACT,
        long_subject,
        {"profile.too_large", "profile.name_attribute_unexpected"},
    ),
    "SERIAL_FIXED": (
        Role.CONTRACT,
        lambda i: crooked(i, serial=12345),
        {"profile.serial_predictable"},
    ),
    "X20-secp256k1": (
        Role.CONTRACT,
        lambda i: world.with_curve(i, ec.SECP256K1()),
        {"profile.key_kind_wrong"},
    ),
    "X20-P-384": (
        Role.CONTRACT,
        lambda i: world.with_curve(i, ec.SECP384R1()),
        {"profile.key_kind_wrong"},
    ),
    "X21-explicit-parameters": (
        Role.MO_ROOT,
        world.with_explicit_parameters,
        {"profile.key_kind_wrong"},
    ),
    "X22-off-curve": (Role.CONTRACT, world.off_curve, {"profile.key_malformed"}),
    "signature_algorithm": (
        Role.CONTRACT,
        lambda i: crooked(i, algorithm=SIGNATURE_ALGORITHMS[KeyKind.P521]),
        {"profile.signature_algorithm_wrong"},
    ),
    "NO_BC": (
        Role.CONTRACT,
        without(BASIC_CONSTRAINTS),
        {"profile.basic_constraints_absent"},
    ),
    "X04-basic-constraints-not-critical": (
        Role.MO_SUB_1,
        lambda i: world.not_critical(i, BASIC_CONSTRAINTS),
        {"profile.basic_constraints_not_critical"},
    ),
    "X03-ca-on-leaf": (
        Role.CONTRACT,
        lambda i: world.with_basic_constraints(i, ca=True),
        {"profile.basic_constraints_wrong"},
    ),
    "ca_false_on_ca": (
        Role.MO_ROOT,
        lambda i: world.with_basic_constraints(i, ca=False),
        {"profile.basic_constraints_wrong"},
    ),
    "path_length_on_root": (
        Role.V2G_ROOT,
        lambda i: world.with_basic_constraints(i, ca=True, path_length=2),
        {"profile.path_length_wrong"},
    ),
    "path_length_absent_on_sub": (
        Role.MO_SUB_2,
        lambda i: world.with_basic_constraints(i, ca=True),
        {"profile.path_length_wrong"},
    ),
    "NO_KU": (Role.CONTRACT, without(KEY_USAGE), {"profile.key_usage_absent"}),
    "key_usage_not_critical": (
        Role.SECC,
        lambda i: world.not_critical(i, KEY_USAGE),
        {"profile.key_usage_not_critical"},
    ),
    "X05-no-cert-sign": (
        Role.MO_SUB_1,
        lambda i: world.with_key_usage(i, KeyUsage.CRL_SIGN),
        {"profile.key_usage_wrong"},
    ),
    "SUBCA_EXTRA_KU": (
        Role.MO_SUB_1,
        lambda i: world.with_key_usage(i, EVERY_CA_BIT),
        {"profile.key_usage_extra"},
    ),
    "EKU_ON_ROOT": (
        Role.V2G_ROOT,
        lambda i: world.with_purposes(i, CLIENT_AUTH),
        {"profile.extended_key_usage_on_root"},
    ),
    "EKU_ON_ROOT-ocsp-signing": (
        Role.V2G_ROOT,
        world.ocsp_signing_on,
        {"profile.extended_key_usage_on_root", "profile.ocsp_signing_on_ca"},
    ),
    "O04-ocsp-signing-on-ca": (
        Role.MO_SUB_2,
        world.ocsp_signing_on,
        {"profile.ocsp_signing_on_ca"},
    ),
    "X08-purpose-on-ca": (
        Role.MO_SUB_2,
        lambda i: world.with_purposes(i, CLIENT_AUTH),
        {"profile.extended_key_usage_wrong"},
    ),
    "X08-purpose-on-contract": (
        Role.CONTRACT,
        lambda i: world.with_purposes(i, SERVER_AUTH),
        {"profile.extended_key_usage_wrong"},
    ),
    "server_auth_on_secc": (
        Role.SECC,
        lambda i: world.with_purposes(i, SERVER_AUTH),
        set(),
    ),
    "O02-delegate-without-purpose": (
        Role.OCSP_RESPONDER,
        without(extensions.EXTENDED_KEY_USAGE),
        {"profile.extended_key_usage_wrong"},
    ),
    "delegate-with-more-purposes": (
        Role.OCSP_RESPONDER,
        lambda i: world.with_purposes(i, OCSP_SIGNING, SERVER_AUTH),
        {"profile.extended_key_usage_wrong"},
    ),
    "SKI_SHORT": (
        Role.CONTRACT,
        lambda i: crooked(
            i,
            extensions={SUBJECT_KEY_IDENTIFIER: to_be_signed.subject_key_identifier(b"8 octets")},
        ),
        {"profile.subject_key_id_short"},
    ),
    "no_ski": (
        Role.CONTRACT,
        without(SUBJECT_KEY_IDENTIFIER),
        {"profile.subject_key_id_absent"},
    ),
    "X17-no-aki": (
        Role.CONTRACT,
        without(AUTHORITY_KEY_IDENTIFIER),
        {"profile.authority_key_id_absent"},
    ),
    "X17-aki-of-names-alone": (
        Role.CONTRACT,
        with_extension(AUTHORITY_KEY_IDENTIFIER, bytes.fromhex("3003820105")),
        {"profile.authority_key_id_absent"},
    ),
    "root-without-aki": (Role.MO_ROOT, without(AUTHORITY_KEY_IDENTIFIER), set()),
    "X17-aki-wrong": (
        Role.CONTRACT,
        lambda i: crooked(
            i,
            extensions={AUTHORITY_KEY_IDENTIFIER: to_be_signed.authority_key_identifier(b"x" * 20)},
        ),
        {"profile.authority_key_id_wrong"},
    ),
    "NO_OCSP_AIA": (
        Role.CONTRACT,
        without(AUTHORITY_INFORMATION_ACCESS, CRL_DISTRIBUTION_POINTS),
        {"profile.ocsp_url_absent"},
    ),
    "CRL_DP_ONLY": (
        Role.CONTRACT,
        without(AUTHORITY_INFORMATION_ACCESS),
        {"profile.ocsp_url_absent"},
    ),
    "addresses_on_root": (
        Role.OEM_ROOT,
        lambda i: crooked(i, append=[AIA, CRL]),
        {"profile.ocsp_url_forbidden", "profile.crl_url_forbidden"},
    ),
    "ldap": (
        Role.CONTRACT,
        lambda i: crooked(i, extensions={AUTHORITY_INFORMATION_ACCESS: AIA_LDAP}),
        {"profile.url_malformed"},
    ),
    "O05-delegate-without-nocheck": (
        Role.OCSP_RESPONDER,
        without(OCSP_NO_CHECK),
        {"profile.ocsp_nocheck_absent"},
    ),
    "nocheck_on_contract": (
        Role.CONTRACT,
        with_extension(OCSP_NO_CHECK, b"\x05\x00"),
        {"profile.ocsp_nocheck_misplaced"},
    ),
    "X06-unknown-critical-leaf": (
        Role.CONTRACT,
        world.with_unknown_critical,
        {"profile.extension_unknown_critical"},
    ),
    "X06-unknown-critical-sub": (
        Role.MO_SUB_2,
        world.with_unknown_critical,
        {"profile.extension_unknown_critical"},
    ),
    "X06-unknown-critical-root": (
        Role.MO_ROOT,
        world.with_unknown_critical,
        {"profile.extension_unknown_critical"},
    ),
    "unknown-not-critical": (Role.CONTRACT, with_extension(world.UNKNOWN_OID, b"\x05\x00"), set()),
    "X07-name-constraints": (
        Role.MO_SUB_1,
        with_extension(NAME_CONSTRAINTS, bytes.fromhex("3000"), critical=True),
        {"profile.extension_forbidden"},
    ),
    "critical-aia": (
        Role.CONTRACT,
        critical_extension(AUTHORITY_INFORMATION_ACCESS),
        {"profile.extension_criticality_wrong"},
    ),
    "critical-ski": (
        Role.CONTRACT,
        critical_extension(SUBJECT_KEY_IDENTIFIER),
        {"profile.extension_criticality_wrong"},
    ),
    "NO_DC_MO": (
        Role.CONTRACT,
        world.with_domain_component,
        {"profile.domain_component_absent"},
    ),
    "NO_DC_OEM": (
        Role.OEM_PROVISIONING,
        world.with_domain_component,
        {"profile.domain_component_absent"},
    ),
    "DC_FOREIGN-V2G-on-MO": (
        Role.MO_SUB_1,
        lambda i: world.with_domain_component(i, "V2G"),
        {"profile.domain_component_wrong"},
    ),
    "DC-several": (
        Role.CONTRACT,
        lambda i: world.with_domain_component(i, "MO", "V2G"),
        {"profile.domain_component_wrong"},
    ),
    "DC-on-delegate": (
        Role.OCSP_RESPONDER,
        lambda i: world.with_domain_component(i, "anything"),
        set(),
    ),
    "X11-no-common-name": (
        Role.CONTRACT,
        world.with_common_name,
        {"profile.common_name_absent"},
    ),
    "X11-two-common-names": (
        Role.CONTRACT,
        lambda i: world.with_common_name(i, "DE8AA001234567", "DE8AA001234568"),
        {"profile.common_name_absent"},
    ),
    "X11-no-emaid": (
        Role.CONTRACT,
        lambda i: world.with_common_name(i, "Mallory"),
        {"profile.common_name_wrong"},
    ),
    "station-named-by-address": (
        Role.CHARGING_STATION,
        lambda i: world.with_common_name(i, "192.0.2.7"),
        {"profile.common_name_wrong"},
    ),
    "station-named-by-address-6": (
        Role.CHARGING_STATION,
        lambda i: world.with_common_name(i, "[2001:db8::7]"),
        {"profile.common_name_wrong"},
    ),
    "station-named-by-url": (
        Role.CHARGING_STATION,
        lambda i: world.with_common_name(i, "wss://csms.example/1"),
        {"profile.common_name_wrong"},
    ),
    "station-without-a-name": (
        Role.CHARGING_STATION,
        lambda i: world.with_common_name(i, " "),
        {"profile.common_name_wrong"},
    ),
    "station-named-otherwise": (
        Role.CHARGING_STATION,
        lambda i: world.with_common_name(i, "DE*PLW*7.b@x"),
        set(),
    ),
    "station-of-nobody": (
        Role.CHARGING_STATION,
        lambda i: crooked(i, subject=world.subject("PLW-0001", "CPO")),
        {"profile.organization_absent"},
    ),
    "station-as-a-server": (
        Role.CHARGING_STATION,
        lambda i: world.with_purposes(i, CLIENT_AUTH, SERVER_AUTH),
        {"profile.extended_key_usage_wrong"},
    ),
    "X11-nul": (
        Role.MO_SUB_1,
        lambda i: world.with_common_name(i, "MO Sub-CA 1\x00"),
        {"profile.common_name_wrong"},
    ),
    "blank-name": (
        Role.MO_SUB_1,
        lambda i: world.with_common_name(i, "  "),
        {"profile.common_name_wrong"},
    ),
    "long-name": (
        Role.MO_SUB_1,
        lambda i: world.with_common_name(i, "x" * 65),
        {"profile.common_name_wrong"},
    ),
    "no-pcid": (
        Role.OEM_PROVISIONING,
        lambda i: world.with_common_name(i, "short"),
        {"profile.common_name_wrong"},
    ),
    "no-charger": (
        Role.SECC,
        lambda i: world.with_common_name(i, "Charger 1"),
        {"profile.common_name_wrong"},
    ),
    "evse-id-on-secc": (
        Role.SECC,
        lambda i: world.with_common_name(i, "DE*ICE*E45B*78C"),
        set(),
    ),
    "CHECK_CHAR": (
        Role.CONTRACT,
        lambda i: world.with_common_name(i, "DE8AA001234567X"),
        {"profile.common_name_check_digit"},
    ),
    "check-character-right": (
        Role.CONTRACT,
        lambda i: world.with_common_name(i, "DE8AA0012345670"),
        set(),
    ),
    "NO_C": (
        Role.CONTRACT,
        lambda i: crooked(i, subject=world.subject()),
        {"profile.country_absent"},
    ),
    "EMAIL_IN_DN": (
        Role.OEM_PROVISIONING,
        lambda i: crooked(
            i,
            subject=world.name(
                *names.attributes(i.certificate.subject), ("1.2.840.113549.1.9.1", "a(at)b")
            ),
        ),
        {"profile.name_attribute_unexpected"},
    ),
    "UTF8_DN": (Role.CONTRACT, utf8_subject, {"profile.name_utf8"}),
    "utf8-where-it-must": (
        Role.MO_SUB_1,
        lambda i: world.with_common_name(i, "Zürich CA"),
        set(),
    ),
    "inverted": (
        Role.CONTRACT,
        lambda i: crooked(i, not_after=i.certificate.not_before - SECOND),
        {"profile.validity_inverted"},
    ),
    "contract-over-two-years": (
        Role.CONTRACT,
        lambda i: crooked(i, not_after=i.certificate.not_before + 732 * DAY + SECOND),
        {"profile.validity_too_long"},
    ),
    "contract-of-two-years": (
        Role.CONTRACT,
        lambda i: crooked(i, not_after=i.certificate.not_before + 732 * DAY),
        set(),
    ),
    "contract-under-four-weeks": (
        Role.CONTRACT,
        lambda i: crooked(i, not_after=i.certificate.not_before + 28 * DAY - SECOND),
        {"profile.validity_too_short"},
    ),
    "contract-of-four-weeks": (
        Role.CONTRACT,
        lambda i: crooked(i, not_after=i.certificate.not_before + 28 * DAY),
        set(),
    ),
    "VALIDITY_ODD": (
        Role.OEM_ROOT,
        lambda i: crooked(
            i,
            not_before=datetime(1970, 1, 1, tzinfo=UTC),
            not_after=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
        ),
        {"profile.validity_odd"},
    ),
    "outlives": (
        Role.CPS,
        lambda i: crooked(i, not_after=i.issuer.certificate.not_after + SECOND),
        {"profile.outlives_issuer"},
    ),
    "issuer-name": (
        Role.CONTRACT,
        lambda i: crooked(i, issuer=world.subject("another CA")),
        {"profile.issuer_name_wrong"},
    ),
}


@pytest.mark.parametrize(("role", "bend", "expected"), DEVIATIONS.values(), ids=DEVIATIONS)
def test_a_deviation_is_named(role, bend, expected):
    world_ = valid_world()
    straight = world_.responder(Role.MO_SUB_2) if role is Role.OCSP_RESPONDER else world_[role]
    assert codes(linted(bend(straight))) == expected


def test_no_code_is_without_its_deviation():
    named = frozenset().union(*(expected for _, _, expected in DEVIATIONS.values()))
    assert named == frozenset().union(*(p.codes() for p in PROFILES))


@pytest.mark.parametrize(("edition", "kind"), WORLDS)
def test_what_we_grow_has_no_findings(edition, kind):
    world_ = valid_world(edition, kind)
    for identity in world_:
        assert linted(identity, edition=edition) == ()
        if identity.certificate.basic_constraints.ca:
            assert linted(world_.responder(identity.role), edition=edition) == ()


def test_p256_for_20_is_named():
    leaf = valid_world()[Role.CONTRACT]
    assert codes(linted(leaf, edition=Edition.ISO_20)) == {
        "profile.key_kind_wrong",
        "profile.signature_algorithm_wrong",
    }


def test_a_secc_leaf_of_one_edition_does_not_serve_the_other():
    leaf = valid_world(Edition.ISO_20)[Role.SECC]
    assert "profile.domain_component_wrong" in codes(linted(leaf, edition=Edition.ISO_2))


def test_a_seccid_is_asked_of_20_where_2_takes_an_evse_id():
    leaf = valid_world(Edition.ISO_20)[Role.SECC]
    renamed = world.with_common_name(leaf, "DE*ICE*E45B*78C")
    assert codes(linted(renamed, edition=Edition.ISO_20)) == {"profile.common_name_wrong"}


def test_disputed_key_agreement_is_judged_by_the_variant():
    secc = valid_world()[Role.SECC]
    bare = world.with_key_usage(secc, KeyUsage.DIGITAL_SIGNATURE)
    assert linted(secc) == linted(bare) == ()
    assert linted(secc, "with-key-agreement") == linted(bare, "without-key-agreement") == ()
    assert codes(linted(secc, "without-key-agreement")) == {"profile.key_usage_extra"}
    assert codes(linted(bare, "with-key-agreement")) == {"profile.key_usage_wrong"}


def test_disputed_component_of_sub_cas_is_judged_by_the_variant():
    sub = valid_world()[Role.CPO_SUB_1]
    bare = world.with_domain_component(sub)
    assert codes(linted(sub, "no-dc")) == {"profile.domain_component_wrong"}
    assert codes(linted(sub, "dc-cpo")) == {"profile.domain_component_wrong"}
    assert linted(bare, "no-dc") == ()


def test_without_its_issuer_a_certificate_is_judged_alone():
    contract = valid_world()[Role.CONTRACT]
    foreign = world.reissued(contract, valid_world()[Role.CPO_SUB_2])
    leaf = world.with_issuer(foreign, contract.issuer)
    assert linted(leaf, lone=True) == ()
    assert codes(linted(leaf)) == {"profile.authority_key_id_wrong", "profile.issuer_name_wrong"}


def test_names_are_compared_as_rfc_5280_compares_them():
    leaf = valid_world()[Role.CONTRACT]
    shouted = world.name(
        *((kind, value.upper()) for kind, value in names.attributes(leaf.certificate.issuer))
    )
    assert linted(crooked(leaf, issuer=shouted)) == ()


def test_an_error_names_the_place_and_a_remark_does_not_refuse():
    leaf = valid_world()[Role.CONTRACT]
    (finding,) = linted(world.not_critical(leaf, KEY_USAGE))
    assert (finding.severity, finding.where) == (Severity.ERROR, "extensions.keyUsage")
    (finding,) = linted(crooked(leaf, serial=1))
    assert finding.severity is Severity.NOTICE


def test_expired_is_no_matter_of_profiles():
    assert linted(world.expired(valid_world()[Role.CONTRACT])) == ()
