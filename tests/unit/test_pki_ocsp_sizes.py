"""Answers fit where OCPP carries them, for every kind of key, however many are asked about."""

import base64

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp

from certs import der
from certs.edition import Edition
from certs.keys import KeyKind
from certs.profiles.rules import Role
from pki.authority.entries import Reason
from pki.ocsp.request import CERT_IDS_MAX
from pki.ocsp.response import ResponseStatus
from tests.pki_house import Clock, MemoryKeys, empty_house, someone
from tests.pki_wire import question
from tests.world import valid_world

# GetCertificateStatusResponse.ocspResult of OCPP 2.0.1, base64 characters.
OCPP_CHARACTERS_MAX = 5_500
KINDS = [
    (Edition.ISO_2, KeyKind.P256),
    (Edition.ISO_20, KeyKind.P521),
    (Edition.ISO_20, KeyKind.ED448),
]
# So many certificates by SHA-512, all revoked, with a nonce of 32 octets, still fit.
FITTING = 8


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind[1].value)
def asked(request, tmp_path_factory):
    """A house of a kind of key, a revoked certificate of it, and its issuer's."""
    edition, kind = request.param
    world = valid_world(edition, key_kind=kind)
    url = f"sqlite:///{tmp_path_factory.mktemp('sizes')}/pki.db"
    with empty_house(url, clock=Clock(), keys=MemoryKeys()) as house:
        house.importing.world(world, tenant="default")
        house.authority.reload()
        leaf, ca = world[Role.SECC].certificate, world[Role.CPO_SUB_2].certificate
        issuer, serial = house.authority.directory.name_of(leaf)
        house.authority.revoke(issuer, serial, Reason.KEY_COMPROMISE, caller=someone(house))
        yield house, leaf, ca


def several(leaf, ca, count, nonce=b"n" * 32):
    """A request about one certificate as often as that, by SHA-512."""
    plain = question(leaf, ca, hashes.SHA512())
    single = plain
    for _ in range(3):  # OCSPRequest, TBSRequest, requestList
        start, stop = der.whole(single, der.SEQUENCE)
        single = single[start:stop]
    value = der.encode(der.OCTET_STRING, der.encode(der.OCTET_STRING, nonce))
    extension = der.encode(der.SEQUENCE, bytes.fromhex("06092b0601050507300102") + value)
    extensions = der.encode(0xA2, der.encode(der.SEQUENCE, extension))
    tbs = der.encode(der.SEQUENCE, single * count) + extensions
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, tbs))


def characters(answer):
    assert answer.status is ResponseStatus.SUCCESSFUL
    return len(base64.b64encode(answer.der))


def test_one_certificate_asked_about_by_any_hash_fits_with_its_signers_certificate(asked):
    house, leaf, ca = asked
    for algorithm in (hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()):
        for nonce in (None, b"n" * 32, b"n" * 128):
            answer = house.answer(question(leaf, ca, algorithm, nonce))
            assert characters(answer) < OCPP_CHARACTERS_MAX / 2
            told = ocsp.load_der_ocsp_response(answer.der)
            assert told.certificate_status is ocsp.OCSPCertStatus.REVOKED
            assert len(told.certificates) == 1


def test_eight_certificates_fit_too(asked):
    house, leaf, ca = asked
    answer = house.answer(several(leaf, ca, FITTING))
    assert characters(answer) <= OCPP_CHARACTERS_MAX
    assert len(list(ocsp.load_der_ocsp_response(answer.der).responses)) == FITTING


def test_o20_as_many_as_are_taken_are_answered_and_no_more(asked):
    house, leaf, ca = asked
    answer = house.answer(several(leaf, ca, CERT_IDS_MAX))
    assert len(list(ocsp.load_der_ocsp_response(answer.der).responses)) == CERT_IDS_MAX
    for count in (CERT_IDS_MAX + 1, 1_000):
        more = house.answer(several(leaf, ca, count))
        assert more.status is ResponseStatus.MALFORMED_REQUEST


def test_signers_are_appointed_for_this_kind_of_key_and_say_nocheck(asked):
    house, leaf, ca = asked
    house.clock._clock.forward(days=61)  # two thirds of the first ones' life
    appointed = house.authority.appoint_responders()
    assert appointed > 0
    issuer, _ = house.authority.directory.name_of(leaf)
    newest, *others = house.authority.directory.responders(issuer)
    assert others, "the old one is there until it ends: what it signed holds"
    assert newest.certificate.key_kind is ca.key_kind
    told = ocsp.load_der_ocsp_response(house.answer(question(leaf, ca)).der)
    assert told.certificates == [newest.certificate.x509()]
    oids = {each.oid.dotted_string for each in newest.certificate.x509().extensions}
    assert "1.3.6.1.5.5.7.48.1.5" in oids  # id-pkix-ocsp-nocheck
    told.certificates[0].verify_directly_issued_by(ca.x509())
