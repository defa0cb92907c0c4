"""The guard before every private key: what is signed, and all that is not."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509 import load_der_x509_csr, ocsp
from hypothesis import given
from hypothesis import strategies as st

from certs import der, issuing, keys
from certs.edition import Edition
from certs.errors import Refused
from certs.keys import KeyKind, SoftwareSigner
from certs.profiles import catalogue
from certs.profiles.rules import Role
from pki.authority.issuance import draw_serial
from pki.errors import SignerUnavailable, SigningRateExceeded, SigningRefused
from pki.signing.guard import Guard
from pki.signing.guarded import GuardedKeys
from pki.signing.purposes import (
    SignCertificate,
    SignCertificationRequest,
    SignCrl,
    SignOcspResponse,
)
from pki.signing.store import name_of
from tests.pki_house import Clock, MemoryKeys, furnished_house, issuer_id
from tests.pki_wire import csr, question
from tests.world import NOW, valid_world

CONTRACT = catalogue.profile(Role.CONTRACT, Edition.ISO_2)


def tbs_of(role, issuer, *, kind=KeyKind.P256, edition=Edition.ISO_2, **odd):
    """A to-be-signed certificate that passed its profile's lint."""
    profile = catalogue.profile(role, edition)
    names = {Role.CONTRACT: "DE8AA000000001", Role.OEM_PROVISIONING: "WP0ZZZ00000000001"}
    request = issuing.Request(
        **{
            "common_name": names.get(role, "Somebody"),
            "country": "DE",
            "public_key": keys.derive(kind, b"subject").public_key(),
            "serial": draw_serial(bytes),
            "not_before": NOW,
            "not_after": NOW + timedelta(days=profile.validity.issued_days, seconds=-1),
            "ocsp_url": None if role is Role.OCSP_RESPONDER else "http://pki.example/ocsp",
            **odd,
        }
    )
    return issuing.draft(request, profile, issuer=issuer).tbs


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """One of everything that is signed, by the keys of one authority and of its delegate."""
    directory = tmp_path_factory.mktemp("guard")
    world = valid_world()
    ca, delegate = world[Role.MO_SUB_2], world.responder(Role.MO_SUB_2)
    with furnished_house(f"sqlite:///{directory}/pki.db", clock=Clock()) as house:
        answer = ocsp.load_der_ocsp_response(house.answer(question()).der)
        issuer = house.authority.authority(issuer_id())
        crl = house.publisher.current(issuer, now=NOW)
    return {
        "certificate": tbs_of(Role.CONTRACT, ca.certificate),
        "ocsp": answer.tbs_response_bytes,
        "crl": x509.load_der_x509_crl(crl.der).tbs_certlist_bytes,
        "csr": load_der_x509_csr(csr(ca.private_key)).tbs_certrequest_bytes,
        "authority": guard(ca.private_key, "mo-sub-2"),
        "delegate": guard(delegate.private_key, "ocsp-responder"),
        "ca": ca.certificate,
    }


def guard(key, role):
    return Guard(key_id=name_of(key.public_key()), role=role, public_key=key.public_key())


def purposes(scene):
    return {
        "certificate": SignCertificate(profile=CONTRACT, issuer=scene["ca"]),
        "ocsp": SignOcspResponse(),
        "crl": SignCrl(issuer=scene["ca"]),
        "csr": SignCertificationRequest(),
    }


KINDS = ("certificate", "ocsp", "crl", "csr")


@pytest.mark.parametrize("asked", KINDS)
@pytest.mark.parametrize("given_", KINDS)
def test_key_signs_what_it_was_asked_for_and_nothing_that_is_something_else(scene, asked, given_):
    """Octets of one kind are never signed under another's name, in either role."""
    signed = set()
    for who in ("authority", "delegate"):
        try:
            scene[who].check(scene[given_], purposes(scene)[asked])
        except SigningRefused:
            continue
        signed.add(who)
    if asked != given_:
        assert signed == set()
    else:
        assert signed == ({"delegate"} if asked == "ocsp" else {"authority"})


@pytest.mark.parametrize("asked", KINDS)
@given(data=st.binary(max_size=80))
def test_arbitrary_octets_are_signed_for_nobody(scene, asked, data):
    for who in ("authority", "delegate"):
        with pytest.raises(SigningRefused):
            scene[who].check(data, purposes(scene)[asked])


@pytest.mark.parametrize("kind", KINDS)
def test_structure_cut_short_or_followed_by_more_is_not_signed(scene, kind):
    who = scene["delegate" if kind == "ocsp" else "authority"]
    data = scene[kind]
    for cut in range(0, len(data), 3):
        with pytest.raises(SigningRefused):
            who.check(data[:cut], purposes(scene)[kind])
    with pytest.raises(SigningRefused):
        who.check(data + b"\x05\x00", purposes(scene)[kind])


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_changed_octets_are_refused_or_still_are_that_profile(scene, at, bit):
    """A changed name may still be a name; what no longer lints is never signed."""
    data = bytearray(scene["certificate"])
    data[at % len(data)] ^= 1 << bit
    changed = bytes(data)
    try:
        scene["authority"].check(changed, purposes(scene)["certificate"])
    except SigningRefused:
        return
    from certs.certificate import Reading, parse
    from certs.findings.finding import Severity
    from certs.linting import lint
    from certs.to_be_signed import signed

    read = parse(
        signed(changed, keys.SIGNATURE_ALGORITHMS[KeyKind.P256], bytes(72)), Reading.STRICT
    )
    assert read.tbs == changed
    assert not [f for f in lint(read, CONTRACT, issuer=scene["ca"]) if f.severity is Severity.ERROR]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.CONTRACT])
def test_contract_is_signed_as_no_other_profile(scene, role):
    for edition in Edition:
        for variant in catalogue.names():
            profile = catalogue.by_name(variant)
            if profile.role is not role or profile.edition is not edition:
                continue
            purpose = SignCertificate(profile=profile, issuer=scene["ca"])
            with pytest.raises(SigningRefused):
                scene["authority"].check(scene["certificate"], purpose)


def test_contract_is_not_signed_for_an_authority_of_another_line(scene):
    """The key of a sub-CA signs what its role may issue, whoever says he is the issuer."""
    oem = valid_world()[Role.OEM_SUB_2]
    purpose = SignCertificate(profile=CONTRACT, issuer=oem.certificate)
    with pytest.raises(SigningRefused, match="oem-sub-2 does not sign"):
        guard(oem.private_key, "oem-sub-2").check(scene["certificate"], purpose)
    with pytest.raises(SigningRefused, match="not of this key"):
        scene["authority"].check(scene["certificate"], purpose)
    with pytest.raises(SigningRefused, match="not of this key"):
        scene["authority"].check(scene["crl"], SignCrl(issuer=oem.certificate))


def test_sub_ca_is_not_signed_as_a_contract(scene):
    ca = tbs_of(Role.MO_SUB_2, valid_world()[Role.MO_SUB_1].certificate)
    with pytest.raises(SigningRefused, match="profile\\."):
        scene["authority"].check(ca, purposes(scene)["certificate"])


def test_certificate_that_outlives_its_issuer_is_not_signed(scene):
    longer = tbs_of(Role.CONTRACT, valid_world(name="other")[Role.MO_SUB_2].certificate)
    with pytest.raises(SigningRefused):
        scene["authority"].check(longer, purposes(scene)["certificate"])


def test_root_signs_itself_with_its_own_key_and_no_other():
    key = keys.derive(KeyKind.P256, b"a root")
    tbs = tbs_of(Role.V2G_ROOT, None, public_key=key.public_key(), ocsp_url=None)
    purpose = SignCertificate(profile=catalogue.profile(Role.V2G_ROOT, Edition.ISO_2), issuer=None)
    guard(key, "v2g-root").check(tbs, purpose)
    with pytest.raises(SigningRefused, match="own key"):
        guard(keys.derive(KeyKind.P256, b"another"), "v2g-root").check(tbs, purpose)
    with pytest.raises(SigningRefused, match="does not sign"):
        guard(key, "mo-root").check(tbs, purpose)
    under = SignCertificate(
        profile=purpose.profile, issuer=valid_world()[Role.V2G_ROOT].certificate
    )
    with pytest.raises(SigningRefused, match="own issuers"):
        guard(key, "v2g-root").check(tbs, under)


def test_answer_that_names_another_responder_is_not_signed(scene):
    other = valid_world().responder(Role.OEM_SUB_2)
    with pytest.raises(SigningRefused, match="not named by this key"):
        guard(other.private_key, "ocsp-responder").check(scene["ocsp"], SignOcspResponse())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"\x80\x00", b"\x85\x00", id="status"),
        pytest.param(b"\x18\x0f", b"\x17\x0f", id="producedAt"),
    ],
)
def test_answer_with_an_odd_part_is_not_signed(scene, old, new):
    assert old in scene["ocsp"]
    with pytest.raises(SigningRefused):
        scene["delegate"].check(scene["ocsp"].replace(old, new, 1), SignOcspResponse())


def test_list_that_does_not_name_this_key_is_not_signed(scene):
    own = bytes.fromhex(issuer_id())
    with pytest.raises(SigningRefused, match="does not name this key"):
        scene["authority"].check(scene["crl"].replace(own, bytes(20)), purposes(scene)["crl"])
    with pytest.raises(SigningRefused):
        scene["authority"].check(
            scene["crl"].replace(b"\x17\x0d", b"\x16\x0d", 1), purposes(scene)["crl"]
        )


def test_request_for_another_key_is_not_signed(scene):
    foreign = load_der_x509_csr(csr()).tbs_certrequest_bytes
    with pytest.raises(SigningRefused, match="not for this key"):
        scene["authority"].check(foreign, SignCertificationRequest())


class Seconds:
    def __init__(self):
        self.passed = 0.0

    def __call__(self):
        return self.passed


@pytest.fixture
def seconds():
    return Seconds()


@pytest.fixture
def guarded(seconds):
    place = MemoryKeys()
    ca, delegate = valid_world()[Role.MO_SUB_2], valid_world().responder(Role.MO_SUB_2)
    place.store(ca.private_key, role="mo-sub-2")
    place.store(delegate.private_key, role="ocsp-responder")
    return GuardedKeys(place, signatures_per_minute_max=3, seconds=seconds)


def test_key_signs_so_often_a_minute_and_again_in_the_next(scene, guarded, seconds):
    door = guarded.signer(issuer_id(), purposes(scene)["certificate"])
    for second in (0.0, 10.0, 20.0):
        seconds.passed = second
        assert keys.verifies(door.public_key, door.sign(scene["certificate"]), scene["certificate"])
    seconds.passed = 59.5
    with pytest.raises(SigningRateExceeded) as caught:
        door.sign(scene["certificate"])
    assert caught.value.retry_after_seconds == 1
    # every purpose of a key counts together, every key for itself
    with pytest.raises(SigningRateExceeded):
        guarded.signer(issuer_id(), purposes(scene)["crl"]).sign(scene["crl"])
    delegate = name_of(valid_world().responder(Role.MO_SUB_2).private_key.public_key())
    guarded.signer(delegate, SignOcspResponse()).sign(scene["ocsp"])
    seconds.passed = 60.0
    door.sign(scene["certificate"])


def test_failures_are_counted_by_key(scene, guarded):
    door = guarded.signer(issuer_id(), purposes(scene)["certificate"])
    for _ in range(2):
        with pytest.raises(SigningRefused):
            door.sign(b"anything")
    with pytest.raises(SignerUnavailable):
        guarded.signer("00" * 20, SignOcspResponse())
    assert guarded.failures() == {issuer_id(): 2, "00" * 20: 1}


def test_refused_octets_do_not_use_the_ceiling_up(scene, guarded):
    door = guarded.signer(issuer_id(), purposes(scene)["certificate"])
    for _ in range(5):
        with pytest.raises(SigningRefused):
            door.sign(b"anything")
    door.sign(scene["certificate"])


def test_nothing_is_said_of_keys_in_words(guarded):
    assert "MemoryKeys" in repr(guarded)


def test_key_replaced_in_its_place_is_guarded_anew(scene):
    """The guard is kept for speed and not for trust: another key or role has another guard."""
    place = MemoryKeys()
    ca = valid_world()[Role.MO_SUB_2]
    place.store(ca.private_key, role="mo-sub-2")
    guarded = GuardedKeys(place, signatures_per_minute_max=9, seconds=Seconds())
    guarded.signer(issuer_id(), purposes(scene)["certificate"]).sign(scene["certificate"])
    place.roles[issuer_id()] = "ocsp-responder"
    with pytest.raises(SigningRefused):
        guarded.signer(issuer_id(), purposes(scene)["certificate"]).sign(scene["certificate"])
    place.kept[issuer_id()] = SoftwareSigner(keys.derive(KeyKind.P256, b"another"))
    assert guarded.signer(issuer_id(), purposes(scene)["crl"]).public_key != ca.private_key


def test_draft_of_a_profile_the_key_may_not_sign_never_reaches_it():
    with pytest.raises(Refused):
        tbs_of(Role.CONTRACT, valid_world()[Role.CONTRACT].certificate)


def element(tag, content):
    return der.encode(tag, content)


def response_data(scene, responses, behind=b""):
    """A ResponseData of the delegate around these octets."""
    head = scene["ocsp"][der.whole(scene["ocsp"], der.SEQUENCE)[0] :]
    head = head[: 24 + 17]  # byKey and producedAt
    return element(der.SEQUENCE, head + element(der.SEQUENCE, responses) + behind)


@pytest.mark.parametrize(
    ("responses", "behind", "said"),
    [
        pytest.param(b"", b"", "not a ResponseData", id="no-answer"),
        pytest.param(b"\x31\x00", b"", "not a SingleResponse", id="a-set"),
        pytest.param(b"\x30\x00", b"", "not what was asked", id="empty"),
        pytest.param(b"", b"\x30\x00", "not what was asked", id="more-behind"),
    ],
)
def test_odd_answers_of_the_right_responder_are_not_signed(scene, responses, behind, said):
    with pytest.raises(SigningRefused, match=said):
        scene["delegate"].check(response_data(scene, responses, behind), SignOcspResponse())


def tbs_cert_list(*parts):
    head = b"\x02\x01\x01" + keys.SIGNATURE_ALGORITHMS[KeyKind.P256]
    ca = valid_world()[Role.MO_SUB_2].certificate
    return element(der.SEQUENCE, head + ca.subject + b"".join(parts))


MOMENT = element(der.UTC_TIME, b"261121120000Z")


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        pytest.param((MOMENT, element(0x04, b"")), "two moments", id="one-moment"),
        pytest.param((MOMENT, MOMENT, element(der.SET, b"")), "with extensions", id="a-set"),
        pytest.param(
            (MOMENT, MOMENT, element(0xA0, element(der.SEQUENCE, b"")), MOMENT),
            "with extensions",
            id="more-behind",
        ),
        pytest.param(
            (MOMENT, MOMENT, element(0xA0, element(der.SEQUENCE, b""))),
            "does not name this key",
            id="no-key-id",
        ),
    ],
)
def test_odd_lists_of_the_right_authority_are_not_signed(scene, parts, said):
    with pytest.raises(SigningRefused, match=said):
        scene["authority"].check(tbs_cert_list(*parts), purposes(scene)["crl"])


def test_request_with_more_behind_is_not_signed(scene):
    start, _ = der.whole(scene["csr"], der.SEQUENCE)
    longer = element(der.SEQUENCE, scene["csr"][start:] + b"\x05\x00")
    with pytest.raises(SigningRefused, match="CertificationRequestInfo"):
        scene["authority"].check(longer, SignCertificationRequest())
