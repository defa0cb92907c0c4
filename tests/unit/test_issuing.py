"""A draft is linted before anything is signed, and signed once, as it was linted."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from threading import Barrier, Thread

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from certs import der, keys, names, to_be_signed
from certs.certificate import Certificate, Reading, parse, signed_anew
from certs.edition import Edition
from certs.errors import MalformedCertificate, Refused
from certs.extensions import AUTHORITY_INFORMATION_ACCESS, SUBJECT_KEY_IDENTIFIER, KeyUsage
from certs.findings.finding import Severity
from certs.issuing import Drafter, Request, draft, sign
from certs.keys import KeyKind, SoftwareSigner
from certs.profiles.catalogue import profile
from certs.profiles.rules import Role
from tests import world
from tests.world import DAY, NOW, SECOND, codes, crooked, valid_world

CONTRACT = profile(Role.CONTRACT, Edition.ISO_2)
KEY = keys.derive(KeyKind.P256, b"requested")


def request(**odd) -> Request:
    boring = {
        "common_name": "DE8AA001234567",
        "organization": "Mobility Operator",
        "country": "DE",
        "public_key": KEY.public_key(),
        "serial": 1 << 100,
        "not_before": NOW,
        "not_after": NOW + 365 * DAY,
        "ocsp_url": "http://ocsp.example",
    }
    return Request(**(boring | odd))


@pytest.fixture
def sub_ca():
    return valid_world()[Role.MO_SUB_2]


def refusal(call, *args, **named) -> Refused:
    with pytest.raises(Refused) as caught:
        call(*args, **named)
    return caught.value


def test_a_certificate_is_what_was_drafted_and_verifies(sub_ca):
    made = draft(request(), CONTRACT, issuer=sub_ca.certificate)
    certificate = sign(made, sub_ca.signer)
    assert certificate.tbs == made.tbs == made.certificate.tbs
    assert parse(certificate.der, Reading.STRICT) == certificate
    assert keys.verifies(sub_ca.certificate.public_key(), certificate.signature, certificate.tbs)
    assert certificate.common_name == "DE8AA001234567"
    assert certificate.domain_components == ("MO",)
    assert certificate.issuer == sub_ca.certificate.subject
    assert certificate.not_after == NOW + 365 * DAY
    assert certificate.spki == keys.spki(KEY.public_key())
    assert certificate.subject_key_id == keys.key_identifier(certificate.subject_public_key)
    assert made.findings == ()


def test_the_draft_is_signed_by_a_throwaway_key_and_not_by_the_issuer(sub_ca):
    made = draft(request(), CONTRACT, issuer=sub_ca.certificate)
    issuer_key = sub_ca.certificate.public_key()
    assert not keys.verifies(issuer_key, made.certificate.signature, made.tbs)


def test_a_draft_cannot_be_signed_twice(sub_ca):
    made = draft(request(), CONTRACT, issuer=sub_ca.certificate)
    sign(made, sub_ca.signer)
    assert refusal(sign, made, sub_ca.signer).code == "issuance.draft_used"


def test_of_eight_threads_one_signs(sub_ca):
    made = draft(request(), CONTRACT, issuer=sub_ca.certificate)
    start = Barrier(8)
    outcomes = []

    def try_it():
        start.wait()
        try:
            outcomes.append(sign(made, sub_ca.signer))
        except Refused as refused:
            outcomes.append(refused.code)

    threads = [Thread(target=try_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("issuance.draft_used") == 7


def test_the_wrong_signer_is_refused_and_the_draft_stays_good(sub_ca):
    made = draft(request(), CONTRACT, issuer=sub_ca.certificate)
    assert refusal(sign, made, SoftwareSigner(KEY)).code == "issuance.signer_mismatch"
    other_kind = SoftwareSigner(keys.derive(KeyKind.ED448, b"other"))
    assert refusal(sign, made, other_kind).code == "issuance.signer_mismatch"
    assert sign(made, sub_ca.signer)


class LyingSigner:
    """Answers with a signature over something else."""

    def __init__(self, honest):
        self.public_key = honest.public_key
        self._honest = honest

    def sign(self, data):
        return self._honest.sign(data + b"\x00")


def test_a_signature_over_other_octets_is_refused_and_the_draft_is_spent(sub_ca):
    made = draft(request(), CONTRACT, issuer=sub_ca.certificate)
    assert refusal(sign, made, LyingSigner(sub_ca.signer)).code == "issuance.signature_invalid"
    assert refusal(sign, made, sub_ca.signer).code == "issuance.draft_used"


class BrokenSigner(LyingSigner):
    """An HSM that went away."""

    def sign(self, data):
        raise ConnectionError(len(data))


def test_a_signer_that_fails_spends_the_draft(sub_ca):
    made = draft(request(), CONTRACT, issuer=sub_ca.certificate)
    with pytest.raises(ConnectionError):
        sign(made, BrokenSigner(sub_ca.signer))
    assert refusal(sign, made, sub_ca.signer).code == "issuance.draft_used"


def test_octets_exchanged_after_the_lint_are_refused(sub_ca):
    made = draft(request(), CONTRACT, issuer=sub_ca.certificate)
    made.tbs = draft(request(serial=2 << 100), CONTRACT, issuer=sub_ca.certificate).tbs
    assert refusal(sign, made, sub_ca.signer).code == "issuance.bytes_changed"


def test_octets_that_are_no_certificate_are_refused(sub_ca):
    made = draft(request(), CONTRACT, issuer=sub_ca.certificate)
    made.tbs = b"\x30\x00"
    assert refusal(sign, made, sub_ca.signer).code == "issuance.bytes_changed"


def test_a_root_is_its_own_issuer():
    rules = profile(Role.MO_ROOT, Edition.ISO_2)
    made = draft(
        request(common_name="MO Root CA", ocsp_url=None, not_after=NOW + 7300 * DAY),
        rules,
        issuer=None,
    )
    root = sign(made, SoftwareSigner(KEY))
    assert root.self_issued
    assert root.authority_key_id == root.subject_key_id
    assert keys.verifies(root.public_key(), root.signature, root.tbs)


@pytest.mark.parametrize(
    ("odd", "expected"),
    [
        ({"common_name": "Mallory"}, {"profile.common_name_wrong"}),
        ({"ocsp_url": None}, {"profile.ocsp_url_absent"}),
        ({"not_after": NOW + 27 * DAY}, {"profile.validity_too_short"}),
        ({"not_after": NOW + 733 * DAY}, {"profile.validity_too_long"}),
        ({"not_after": NOW - DAY}, {"profile.validity_inverted"}),
        (
            {"public_key": keys.derive(KeyKind.P521, b"-20").public_key()},
            {"profile.key_kind_wrong"},
        ),
        (
            {"public_key": ec.generate_private_key(ec.SECP256K1()).public_key()},
            {"profile.key_kind_wrong"},
        ),
    ],
)
def test_an_error_of_the_lint_refuses_before_anything_is_signed(sub_ca, odd, expected):
    refused = refusal(draft, request(**odd), CONTRACT, issuer=sub_ca.certificate)
    assert refused.code == "issuance.lint"
    assert codes(refused) == expected
    assert {finding.severity for finding in refused.findings} == {Severity.ERROR}


def test_a_leaf_does_not_outlive_its_issuer():
    world_ = valid_world()
    issuer = world_[Role.CPS_SUB_2]
    rules = profile(Role.CPS, Edition.ISO_2)
    end = issuer.certificate.not_after
    exact = request(common_name="CPS", not_after=end)
    assert draft(exact, rules, issuer=issuer.certificate).certificate.not_after == end
    late = replace(exact, not_after=end + SECOND)
    refused = refusal(draft, late, rules, issuer=issuer.certificate)
    assert codes(refused) == {"profile.outlives_issuer"}


def test_warnings_and_notices_are_kept_and_do_not_refuse(sub_ca):
    odd = request(common_name="DE8AA001234567X", country=None, serial=7)
    made = draft(odd, CONTRACT, issuer=sub_ca.certificate)
    assert codes(made) == {
        "profile.common_name_check_digit",
        "profile.country_absent",
        "profile.serial_predictable",
    }


@pytest.mark.parametrize(
    "odd",
    [
        {"serial": 0},
        {"serial": -1},
        {"serial": 1 << 159},
        {"not_before": datetime(2026, 11, 1)},
        {"not_after": datetime(2027, 11, 1)},
        {"not_before": NOW.replace(year=1949)},
        {"common_name": ""},
        {"common_name": "x" * 65},
        {"common_name": "DE8AA00\x001234"},
        {"common_name": " DE8AA001234567"},
        {"organization": ""},
        {"organization": "right to \u202e left"},
        {"country": "de"},
        {"country": "DEU"},
        {"country": "D1"},
        {"country": "ÄÖ"},
        {"ocsp_url": "ldap://ocsp.example"},
        {"ocsp_url": "http://ocsp.example/ a"},
        {"ocsp_url": "http://öcsp.example"},
        {"crl_url": "http://" + "x" * 200},
        {"ca_issuers_url": "http://ca.example/\n"},
        {"subject_key_id": b""},
        {"subject_key_id": b"x" * 21},
    ],
    ids=lambda odd: repr(odd)[:60],
)
def test_values_that_fit_no_certificate_are_refused(sub_ca, odd):
    refused = refusal(draft, request(**odd), CONTRACT, issuer=sub_ca.certificate)
    assert refused.code == "issuance.request_malformed"


@pytest.mark.parametrize("serial", [1 << 64, (1 << 159) - 1])
def test_the_largest_serial_has_20_octets(sub_ca, serial):
    certificate = sign(
        draft(request(serial=serial), CONTRACT, issuer=sub_ca.certificate), sub_ca.signer
    )
    assert certificate.serial == serial


def test_fractions_of_a_second_are_cut_off(sub_ca):
    odd = request(not_before=NOW + timedelta(microseconds=999_999))
    assert draft(odd, CONTRACT, issuer=sub_ca.certificate).certificate.not_before == NOW


def test_every_address_and_key_identifier_asked_for_is_there(sub_ca):
    made = draft(
        request(
            crl_url="http://crl.example/1.crl",
            ca_issuers_url="http://ca.example/1.cer",
            subject_key_id=b"8 octets",
        ),
        CONTRACT,
        issuer=sub_ca.certificate,
    )
    certificate = made.certificate
    assert certificate.ocsp_urls == ("http://ocsp.example",)
    assert certificate.crl_urls == ("http://crl.example/1.crl",)
    assert b"http://ca.example/1.cer" in certificate.extensions[AUTHORITY_INFORMATION_ACCESS].value
    assert certificate.subject_key_id == b"8 octets"
    assert codes(made) == {"profile.subject_key_id_short"}


def test_ca_issuers_stands_without_ocsp():
    rules = profile(Role.OCSP_RESPONDER, Edition.ISO_2)
    issuer = valid_world()[Role.MO_SUB_2].certificate
    odd = request(
        common_name="OCSP",
        ocsp_url=None,
        ca_issuers_url="http://ca.example/1.cer",
        not_after=NOW + 90 * DAY,
    )
    assert draft(odd, rules, issuer=issuer).certificate.ocsp_urls == ()


def grown_to(octets, sub_ca):
    """A request whose certificate under the longest signature has this many octets."""
    rules = replace(CONTRACT, encoding=replace(CONTRACT.encoding, octets_max=10_000))
    # Lengths of the extensions around a URL grow by themselves on the way: two knobs meet any size.
    for characters, organization in product(range(150, 180), ("O", "OO", "OOO", "OOOO")):
        grown = request(
            organization=organization,
            crl_url="http://crl.example/" + "c" * characters,
            ca_issuers_url="http://ca.example/1.cer",
        )
        certificate = draft(grown, rules, issuer=sub_ca.certificate).certificate
        if len(certificate.der) - len(certificate.signature) + 72 == octets:
            return grown
    raise AssertionError("no such size")


def test_the_size_is_checked_for_the_longest_signature(sub_ca):
    fits, over = grown_to(800, sub_ca), grown_to(801, sub_ca)
    drafter = Drafter(sub_ca.certificate)
    for _ in range(24):
        assert drafter.draft(fits, CONTRACT)
        assert codes(refusal(drafter.draft, over, CONTRACT)) == {"profile.too_large"}


@pytest.mark.parametrize("edition", list(Edition))
def test_a_draft_is_as_large_as_a_certificate_can_become(edition):
    """The throwaway signature has the greatest length of its kind, and is of no other's key."""
    ca = valid_world(edition)[Role.MO_SUB_2]
    kind = {Edition.ISO_2: KeyKind.P256, Edition.ISO_20: KeyKind.P521}[edition]
    asked = request(public_key=keys.derive(kind, b"requested").public_key())
    made = Drafter(ca.certificate).draft(asked, profile(Role.CONTRACT, edition))
    longest = {Edition.ISO_2: 72, Edition.ISO_20: 139}[edition]
    assert len(made.certificate.signature) == longest


def test_signing_tells_what_reading_the_signed_octets_tells(sub_ca):
    made = sign(draft(request(), CONTRACT, issuer=sub_ca.certificate), sub_ca.signer)
    read = parse(made.der, Reading.STRICT)
    for name in Certificate.__slots__:
        if not name.startswith("_"):
            assert getattr(made, name) == getattr(read, name), name
    assert list(made.extensions) == list(read.extensions)
    assert made.fingerprint == read.fingerprint


def test_octets_that_are_signed_anew_are_the_same_and_der(sub_ca):
    certificate = sign(draft(request(), CONTRACT, issuer=sub_ca.certificate), sub_ca.signer)
    tbs, algorithm = certificate.tbs, certificate.signature_algorithm
    bits = der.encode(der.BIT_STRING, b"\x00other")
    anew = signed_anew(certificate, der.encode(der.SEQUENCE, tbs + algorithm + bits))
    assert (anew.signature, anew.tbs, anew.serial) == (b"other", tbs, certificate.serial)
    assert anew.fingerprint != certificate.fingerprint
    for body in (
        tbs + algorithm + bits + b"\x05\x00",
        tbs + algorithm + der.encode(der.BIT_STRING, b"\x01other"),
        tbs + algorithm,
        tbs[:-1] + bytes([tbs[-1] ^ 1]) + algorithm + bits,
        tbs + algorithm[:-1] + bytes([algorithm[-1] ^ 1]) + bits,
    ):
        with pytest.raises(MalformedCertificate):
            signed_anew(certificate, der.encode(der.SEQUENCE, body))


@pytest.mark.parametrize(
    ("bend", "case"),
    [
        (lambda ca: world.with_basic_constraints(ca, ca=False), "no CA"),
        (lambda ca: crooked(ca, drop=["2.5.29.19"]), "no basicConstraints"),
        (lambda ca: crooked(ca, drop=["2.5.29.15"]), "no keyUsage"),
        (lambda ca: world.with_key_usage(ca, KeyUsage.CRL_SIGN), "no keyCertSign"),
        (lambda ca: crooked(ca, drop=[SUBJECT_KEY_IDENTIFIER]), "no key identifier"),
    ],
)
def test_who_is_no_ca_issues_nothing(sub_ca, bend, case):
    refused = refusal(Drafter, bend(sub_ca).certificate)
    assert (refused.code, case != "") == ("issuance.issuer_wrong", True)


def test_a_leaf_issues_nothing():
    refused = refusal(Drafter, valid_world()[Role.CONTRACT].certificate)
    assert refused.code == "issuance.issuer_wrong"


def test_roots_have_no_issuer_and_others_have_one(sub_ca):
    root = profile(Role.MO_ROOT, Edition.ISO_2)
    refused = refusal(draft, request(), root, issuer=sub_ca.certificate)
    assert refused.code == "issuance.issuer_wrong"
    assert refusal(draft, request(), CONTRACT, issuer=None).code == "issuance.issuer_wrong"


def test_a_known_role_issues_its_own_kind_alone():
    cpo = valid_world()[Role.CPO_SUB_2]
    drafter = Drafter(cpo.certificate, issuer_role=Role.CPO_SUB_2)
    assert refusal(drafter.draft, request(), CONTRACT).code == "issuance.issuer_wrong"


def test_x01_no_ca_is_issued_below_path_length_0(sub_ca):
    below = profile(Role.MO_SUB_2, Edition.ISO_2)
    odd = request(common_name="Sub-CA 3", not_after=NOW + 3000 * DAY)
    refused = refusal(draft, odd, below, issuer=sub_ca.certificate)
    assert refused.code == "issuance.issuer_wrong"
    parent = valid_world()[Role.MO_SUB_1].certificate
    assert draft(odd, below, issuer=parent)
    first = profile(Role.MO_SUB_1, Edition.ISO_2)
    assert refusal(draft, odd, first, issuer=parent).code == "issuance.issuer_wrong"


def test_an_issuer_whose_keys_do_not_sign_here_is_refused(sub_ca):
    odd = crooked(sub_ca, spki=keys.spki(ec.generate_private_key(ec.SECP256K1()).public_key()))
    refused = refusal(draft, request(), CONTRACT, issuer=odd.certificate)
    assert refused.code == "issuance.issuer_wrong"
    key = ec.generate_private_key(ec.SECP256K1()).public_key()
    root = profile(Role.MO_ROOT, Edition.ISO_2)
    refused = refusal(draft, request(public_key=key), root, issuer=None)
    assert refused.code == "issuance.issuer_wrong"


def test_an_issuer_of_the_other_edition_is_refused():
    issuer = valid_world(Edition.ISO_20)[Role.MO_SUB_2]
    refused = refusal(draft, request(), CONTRACT, issuer=issuer.certificate)
    assert codes(refused) == {"profile.signature_algorithm_wrong"}


def test_an_issuer_without_a_name_is_refused(sub_ca):
    nameless = crooked(sub_ca, subject=b"\x30\x00")
    refused = refusal(draft, request(), CONTRACT, issuer=nameless.certificate)
    assert refused.code == "issuance.lint"


def test_names_are_printable_strings_where_they_can_be(sub_ca):
    certificate = draft(
        request(organization="Zürich Mobilität"), CONTRACT, issuer=sub_ca.certificate
    ).certificate
    parts = (
        (names.COMMON_NAME, "DE8AA001234567"),
        (names.ORGANIZATION, "Zürich Mobilität"),
        (names.COUNTRY, "DE"),
        (names.DOMAIN_COMPONENT, "MO"),
    )
    assert names.attributes(certificate.subject) == parts
    assert b"\x13\x0eDE8AA001234567" in certificate.subject
    assert b"\x0c\x12Z" in certificate.subject
    assert to_be_signed.is_printable("a-z (1)")
    assert not to_be_signed.is_printable("a*b")
