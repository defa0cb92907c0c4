"""The octets that are written are those the library's own builder writes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed448
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from certs import der, extensions, to_be_signed
from certs.edition import Edition
from certs.extensions import KeyUsage
from certs.issuing import Drafter, Request
from certs.keys import KeyKind, derive
from certs.profiles.catalogue import PROFILES, profile
from certs.profiles.rules import Role
from tests.world import DAY, NOW, valid_world

OCSP, CRL, ISSUERS = "http://ocsp.example/o", "http://crl.example/c.crl", "http://ca.example/c.cer"
CASES = [
    (found, kind, addresses)
    for found in PROFILES
    for kind in sorted(found.algorithms.keys, key=lambda k: k.value)
    for addresses in ((OCSP, None, None), (OCSP, CRL, ISSUERS))
]


def library_tbs(request, rules, issuer, drafted):
    """The same certificate by way of cryptography's CertificateBuilder."""
    loaded = drafted.x509()
    own = loaded.public_key()
    usage = rules.key_usage.issued_for(drafted.key_kind)
    ski = x509.SubjectKeyIdentifier.from_public_key(own)
    aki = x509.AuthorityKeyIdentifier(
        ski.digest if issuer is None else issuer.subject_key_id, None, None
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(loaded.subject)
        .issuer_name(loaded.issuer)
        .serial_number(request.serial)
        .not_valid_before(request.not_before)
        .not_valid_after(request.not_after)
        .public_key(request.public_key)
        .add_extension(ski, critical=False)
        .add_extension(aki, critical=False)
        .add_extension(
            x509.BasicConstraints(rules.basic_constraints.ca, rules.basic_constraints.path_length),
            critical=True,
        )
        .add_extension(x509.KeyUsage(*(bool(usage & bit) for bit in KeyUsage)), critical=True)
    )
    if rules.role is Role.OCSP_RESPONDER:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
        builder = builder.add_extension(purpose, critical=False)
        builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
    if rules.role is Role.CHARGING_STATION:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        builder = builder.add_extension(purpose, critical=False)
    described = [
        x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
        for method, url in (
            (AuthorityInformationAccessOID.OCSP, request.ocsp_url),
            (AuthorityInformationAccessOID.CA_ISSUERS, request.ca_issuers_url),
        )
        if url
    ]
    if described:
        builder = builder.add_extension(x509.AuthorityInformationAccess(described), critical=False)
    if request.crl_url:
        point = x509.DistributionPoint(
            [x509.UniformResourceIdentifier(request.crl_url)], None, None, None
        )
        builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
    key = derive(drafted.key_kind, b"whoever signs")
    algorithm = {"secp256r1": hashes.SHA256(), "secp521r1": hashes.SHA512()}
    chosen = None if isinstance(key, ed448.Ed448PrivateKey) else algorithm[key.curve.name]
    return builder.sign(key, chosen).tbs_certificate_bytes


@pytest.mark.parametrize(
    ("rules", "kind", "addresses"), CASES, ids=lambda v: getattr(v, "name", str(v)[:12])
)
def test_a_drafted_certificate_is_what_the_library_builds(rules, kind, addresses):
    world = valid_world(rules.edition, kind)
    issuer = None
    if not rules.is_root:
        role = min(rules.issuer.roles, key=lambda r: r.value)
        issuer = world[role].certificate
    ocsp_url, crl_url, ca_issuers_url = (None, None, None) if rules.is_root else addresses
    place = world[rules.role].certificate if rules.role in world else None
    request = Request(
        common_name=(place.common_name if place else None) or "OCSP",
        organization="Ürdingen",
        country="DE",
        public_key=derive(kind, b"asked for").public_key(),
        serial=(1 << 158) + 5,
        not_before=NOW,
        not_after=NOW + rules.validity.issued_days * DAY,
        ocsp_url=ocsp_url,
        crl_url=crl_url,
        ca_issuers_url=ca_issuers_url,
    )
    if issuer is not None:
        request = replace(request, not_after=min(request.not_after, issuer.not_after))
    made = Drafter(issuer).draft(request, rules)
    assert made.tbs == library_tbs(request, rules, issuer, made.certificate)


@given(st.integers(min_value=0, max_value=1 << 160))
def test_an_integer_is_written_minimally(value):
    start, stop = der.whole(to_be_signed.integer(value), der.INTEGER)
    assert der.integer(to_be_signed.integer(value)[start:stop]) == value


@given(
    st.lists(st.integers(min_value=0, max_value=1 << 40), min_size=1, max_size=8),
    st.integers(min_value=0, max_value=39),
)
def test_an_object_identifier_is_read_as_written(arcs, second):
    dotted = ".".join(map(str, (1, second, *arcs)))
    data = to_be_signed.oid(dotted)
    start, stop = der.whole(data, der.OID)
    assert der.oid(data[start:stop]) == dotted


@given(st.integers(min_value=1, max_value=511))
def test_key_usage_is_read_as_written(bits):
    data = to_be_signed.key_usage(KeyUsage(bits))
    read = extensions.read(data)
    assert (extensions.read_key_usage(read), read.critical) == (KeyUsage(bits), True)


@pytest.mark.parametrize(
    ("moment", "octets"),
    [
        (datetime(1950, 1, 1, tzinfo=UTC), b"\x17\x0d500101000000Z"),
        (datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), b"\x17\x0d491231235959Z"),
        (datetime(2050, 1, 1, tzinfo=UTC), b"\x18\x0f20500101000000Z"),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), b"\x18\x0f99991231235959Z"),
        (
            datetime(2050, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))),
            b"\x17\x0d491231230000Z",
        ),
    ],
)
def test_x16_utc_time_ends_with_2049(moment, octets):
    assert to_be_signed.time(moment) == octets


def test_the_year_2050_passes_through_a_certificate():
    world = valid_world()
    root = world[Role.V2G_ROOT].certificate
    assert root.not_after.year == 2066
    assert root.x509().not_valid_after_utc == root.not_after
    assert profile(Role.V2G_ROOT, Edition.ISO_2).validity.issued_days == 14_610
    assert world.key_kind is KeyKind.P256
