"""Whatever can be read can be linted, and what is issued has nothing to be named."""

from datetime import timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from certs import to_be_signed
from certs.certificate import Reading, parse
from certs.edition import Edition
from certs.errors import Malformed, Refused
from certs.extensions import KeyUsage
from certs.findings.catalogue import ENTRIES
from certs.findings.finding import Severity
from certs.issuing import Drafter, Request, sign
from certs.keys import KeyKind, derive
from certs.linting import lint
from certs.profiles.catalogue import PROFILES, profile
from certs.profiles.rules import Role
from tests.world import NOW, crooked_der, valid_world

WORLD = valid_world()
IDENTITIES = st.sampled_from(list(WORLD))
CONTRACT = profile(Role.CONTRACT, Edition.ISO_2)
OIDS = st.sampled_from(
    (
        *(f"2.5.29.{arc}" for arc in (14, 15, 17, 19, 30, 31, 32, 35, 37)),
        "1.3.6.1.5.5.7.1.1",
        "1.3.6.1.5.5.7.48.1.5",
        "1.2.3.4",
    )
)


def lints(data: bytes) -> None:
    try:
        certificate = parse(data)
    except Malformed:
        return
    for rules in PROFILES:
        found = lint(certificate, rules, issuer=WORLD[Role.MO_SUB_2].certificate)
        assert {finding.code for finding in found} <= rules.codes() <= ENTRIES.keys()


@given(st.binary(max_size=300))
def test_any_octets_are_linted_or_malformed(data):
    lints(data)


@given(IDENTITIES, st.data())
def test_any_changed_octet_is_linted_or_malformed(identity, data):
    octets = bytearray(identity.certificate.der)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(octets) - 1))
        octets[at] = data.draw(st.integers(0, 255))
    lints(bytes(octets))


@given(IDENTITIES, OIDS, st.booleans(), st.binary(max_size=40), st.sets(OIDS))
def test_any_extension_is_linted_or_malformed(identity, oid, critical, value, drop):
    odd = to_be_signed.extension(oid, value, critical=critical)
    lints(crooked_der(identity, extensions={oid: odd}, drop=drop - {oid}))


@given(IDENTITIES, st.integers(1, 511).map(KeyUsage))
def test_key_usage_is_judged_bit_by_bit(identity, usage):
    rules = profile(identity.role, Edition.ISO_2)
    required, every = rules.key_usage.bounds(KeyKind.P256)
    odd = crooked_der(identity, extensions={"2.5.29.15": to_be_signed.key_usage(usage)})
    found = {finding.code for finding in lint(parse(odd), rules)}
    assert ("profile.key_usage_wrong" in found) is bool(required & ~usage)
    assert ("profile.key_usage_extra" in found) is bool(usage & ~every)


REQUESTS = st.builds(
    Request,
    common_name=st.sampled_from(["DE8AA001234567", "DE8AA0012345670", "FRXYZ123456789"])
    | st.text(max_size=70),
    organization=st.none() | st.text(max_size=70),
    country=st.none() | st.sampled_from(["DE", "FR", "de", "DEU", ""]),
    public_key=st.just(derive(KeyKind.P256, b"any").public_key()),
    serial=st.integers(-(1 << 161), 1 << 161) | st.integers(1 << 64, 1 << 159),
    not_before=st.just(NOW),
    not_after=st.integers(-3, 800).map(lambda days: NOW + timedelta(days=days)),
    ocsp_url=st.none() | st.sampled_from(["http://o.example", "ftp://o.example", "http://\x00"]),
    subject_key_id=st.none() | st.binary(max_size=22),
)
BORING = Request(
    common_name="DE8AA001234567",
    country="DE",
    public_key=derive(KeyKind.P256, b"any").public_key(),
    serial=1 << 100,
    not_before=NOW,
    not_after=NOW + timedelta(days=365),
    ocsp_url="http://o.example",
)


@given(REQUESTS)
@example(BORING)
def test_what_is_issued_has_no_errors_and_what_is_not_is_refused(request):
    issuer = WORLD[Role.MO_SUB_2]
    refused = ""
    try:
        draft = Drafter(issuer.certificate).draft(request, CONTRACT)
    except Refused as refusal:
        refused = refusal.code
    if refused:
        assert refused in {"issuance.lint", "issuance.request_malformed"}
        return
    certificate = sign(draft, issuer.signer)
    assert parse(certificate.der, Reading.STRICT).serial == request.serial
    assert certificate.common_name == request.common_name
    found = lint(certificate, CONTRACT, issuer=issuer.certificate)
    assert found == draft.findings
    assert all(finding.severity is not Severity.ERROR for finding in found)
