"""Who may answer for a CA's certificates, and who may not."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs import der, keys
from certs.certificate import parse
from certs.errors import MalformedCertificate
from certs.keys import SIGNATURE_ALGORITHMS, KeyKind
from certs.revocation import ocsp
from certs.revocation.ocsp import judge_response
from certs.revocation.status import Good, Reason, Revoked, Source, Unknown
from tests import evidence
from tests.evidence import HOUR, NOW, SECOND

KINDS = (KeyKind.P256, KeyKind.P521, KeyKind.ED448)


@pytest.fixture(scope="module")
def scene():
    return evidence.scene()


def judge(scene, response, **given):
    given.setdefault("now", NOW)
    given.setdefault("issuer", scene.ca.certificate)
    given.setdefault("question", scene.question)
    return judge_response(response, **given)


def code(status):
    assert isinstance(status, Unknown), status
    return status.code


@pytest.mark.parametrize("kind", KINDS)
def test_issuer_answers_good_for_its_own_certificate(kind):
    scene = evidence.scene(kind)
    response = scene.answer()
    status = judge(scene, response)
    assert isinstance(status, Good)
    assert not status.stale
    proof = status.proof
    assert proof.source is Source.OCSP
    assert (proof.this_update, proof.next_update) == (NOW - HOUR, NOW + HOUR)
    assert proof.produced_at == NOW - HOUR
    assert proof.number is None
    assert proof.signer_fingerprint == scene.ca.certificate.fingerprint
    digest = hashes.Hash(hashes.SHA256())
    digest.update(response)
    assert proof.digest == digest.finalize()


@pytest.mark.parametrize("kind", KINDS)
def test_delegate_answers_for_its_ca(kind):
    scene = evidence.scene(kind)
    signer = evidence.delegate(scene.ca, kind=kind)
    status = judge(scene, scene.answer(signer=signer))
    assert isinstance(status, Good)
    assert status.proof.signer_fingerprint == signer.certificate.fingerprint


def test_ed448_delegate_answers_for_a_p521_ca_of_the_same_edition():
    scene = evidence.scene(KeyKind.P521)
    signer = evidence.delegate(scene.ca, kind=KeyKind.ED448)
    assert isinstance(judge(scene, scene.answer(signer=signer)), Good)


def test_revocation_is_read_from_a_delegate(scene):
    signer = evidence.delegate(scene.ca)
    status = judge(scene, scene.answer(evidence.revoked(), signer=signer))
    assert isinstance(status, Revoked)
    assert status.reason is Reason.KEY_COMPROMISE
    assert status.revoked_at == NOW - 24 * HOUR


def test_responder_may_be_named_by_its_key(scene):
    signer = evidence.delegate(scene.ca)
    by_delegate = scene.answer(signer=signer, responder=evidence.by_key(signer.certificate))
    by_issuer = scene.answer(responder=evidence.by_key(scene.ca.certificate))
    assert isinstance(judge(scene, by_delegate), Good)
    assert isinstance(judge(scene, by_issuer), Good)


def test_responders_name_is_compared_by_rfc_5280_and_not_by_octets(scene):
    shouted = parse_name_in_capitals(scene.ca.certificate.subject)
    assert shouted != scene.ca.certificate.subject
    response = scene.answer(responder=der.encode(0xA1, shouted))
    assert isinstance(judge(scene, response), Good)


def parse_name_in_capitals(name):
    return name.replace(b"MO Sub-CA 2", b"MO SUB-CA 2")


def test_responders_name_that_is_no_name_is_nobodys(scene):
    response = scene.answer(responder=der.encode(0xA1, evidence.sequence(b"\x31\x00")))
    assert code(judge(scene, response)) == "revocation.ocsp_signer_unknown"


def test_ca_with_ocsp_signing_answers_for_itself():
    """O04: never issued by us; that a CA answers for itself needs no purpose (RFC 6960 4.2.2.2)."""
    ca = evidence.certify(
        "CA with OCSPSigning",
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (evidence.CA_KEY_USAGE, True),
        (evidence.OCSP_SIGNING, False),
    )
    leaf = evidence.leaf(ca)
    scene = evidence.Scene(ca=ca, leaf=leaf, question=evidence.question_for(leaf, ca.certificate))
    assert isinstance(judge(scene, scene.answer()), Good)


def test_o01_responder_of_another_trusted_ca_is_refused(scene):
    other = evidence.authority("CPO Sub-CA 2")
    signer = evidence.delegate(other)
    assert code(judge(scene, scene.answer(signer=signer))) == "revocation.ocsp_delegate_not_issued"


def test_o01_self_signed_responder_is_refused(scene):
    signer = evidence.certify(
        "OCSP responder", (evidence.OCSP_SIGNING, False), (evidence.key_usage(signs=True), True)
    )
    assert code(judge(scene, scene.answer(signer=signer))) == "revocation.ocsp_delegate_not_issued"


def test_o01_signer_that_is_not_sent_along_is_unknown(scene):
    signer = evidence.delegate(scene.ca)
    response = scene.answer(signer=signer, certificates=())
    assert code(judge(scene, response)) == "revocation.ocsp_signer_unknown"


def test_o01_responder_id_must_name_the_signer(scene):
    signer = evidence.delegate(scene.ca)
    named = evidence.delegate(scene.ca, common_name="another responder")
    wrong_name = scene.answer(signer=signer, responder=evidence.by_name(named.certificate))
    wrong_key = scene.answer(signer=signer, responder=evidence.by_key(named.certificate))
    assert code(judge(scene, wrong_name)) == "revocation.ocsp_signer_unknown"
    assert code(judge(scene, wrong_key)) == "revocation.ocsp_signer_unknown"


def test_o01_name_of_the_issuer_without_its_key_is_refused(scene):
    impostor = evidence.authority()  # the same name
    response = scene.answer(signer=impostor, certificates=())
    assert code(judge(scene, response)) == "revocation.ocsp_signature_invalid"


@pytest.mark.parametrize(
    "purpose", [None, ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]
)
def test_o02_delegate_without_ocsp_signing_is_refused(scene, purpose):
    more = () if purpose is None else ((x509.ExtendedKeyUsage([purpose]), False),)
    signer = evidence.delegate(scene.ca, *more, without={x509.ExtendedKeyUsage})
    assert code(judge(scene, scene.answer(signer=signer))) == "revocation.ocsp_delegate_eku_missing"


def test_o02_delegate_with_ocsp_signing_among_other_purposes_is_believed(scene):
    purposes = x509.ExtendedKeyUsage(
        [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.OCSP_SIGNING]
    )
    signer = evidence.delegate(scene.ca, (purposes, False), without={x509.ExtendedKeyUsage})
    assert isinstance(judge(scene, scene.answer(signer=signer)), Good)


def test_o03_delegate_of_the_grandparent_is_refused():
    grandparent = evidence.authority("MO Sub-CA 1")
    parent = evidence.authority(issuer=grandparent)
    leaf = evidence.leaf(parent)
    scene = evidence.Scene(
        ca=parent, leaf=leaf, question=evidence.question_for(leaf, parent.certificate)
    )
    signer = evidence.delegate(grandparent)
    assert code(judge(scene, scene.answer(signer=signer))) == "revocation.ocsp_delegate_not_issued"


def test_o03_delegate_of_another_key_with_the_issuers_name_is_refused(scene):
    signer = evidence.delegate(evidence.authority())
    assert code(judge(scene, scene.answer(signer=signer))) == "revocation.ocsp_delegate_not_issued"


def test_o03_delegate_of_a_delegate_is_refused(scene):
    first = evidence.delegate(scene.ca, common_name="first")
    second = evidence.delegate(first, common_name="second")
    response = scene.answer(
        signer=second, certificates=(second.certificate.der, first.certificate.der)
    )
    assert code(judge(scene, response)) == "revocation.ocsp_delegate_not_issued"


def test_delegate_whose_issuer_is_no_name_is_nobodys(scene):
    signer = evidence.delegate(scene.ca)
    # The issuer's CommonName in a type that no string has; the subject stands unharmed.
    at = signer.certificate.der.index(scene.ca.certificate.subject)
    broken = bytearray(signer.certificate.der)
    broken[broken.index(b"\x0c", at)] = 0x01
    response = scene.answer(signer=signer, certificates=(bytes(broken),))
    assert code(judge(scene, response)) == "revocation.ocsp_signer_unknown"


def test_o04_delegate_that_is_a_ca_is_refused(scene):
    signer = evidence.delegate(
        scene.ca,
        (x509.BasicConstraints(ca=True, path_length=None), True),
        without={x509.BasicConstraints},
    )
    assert code(judge(scene, scene.answer(signer=signer))) == "revocation.ocsp_delegate_is_ca"


def test_delegate_without_basic_constraints_is_no_ca(scene):
    signer = evidence.delegate(scene.ca, without={x509.BasicConstraints})
    assert isinstance(judge(scene, scene.answer(signer=signer)), Good)


@pytest.mark.parametrize("usage", [None, evidence.key_usage(signs_crls=True)])
def test_delegate_not_for_digital_signatures_is_refused(scene, usage):
    more = () if usage is None else ((usage, True),)
    signer = evidence.delegate(scene.ca, *more, without={x509.KeyUsage})
    expected = "revocation.ocsp_delegate_key_usage_wrong"
    assert code(judge(scene, scene.answer(signer=signer))) == expected


def test_delegate_with_unknown_critical_extension_is_refused(scene):
    signer = evidence.delegate(scene.ca, (evidence.UNKNOWN_CRITICAL, True))
    expected = "revocation.ocsp_delegate_critical_extension"
    assert code(judge(scene, scene.answer(signer=signer))) == expected


def test_delegate_with_unknown_extension_that_is_not_critical_is_believed(scene):
    signer = evidence.delegate(scene.ca, (evidence.UNKNOWN_CRITICAL, False))
    assert isinstance(judge(scene, scene.answer(signer=signer)), Good)


def test_o05_delegate_is_valid_to_its_last_second_and_not_beyond(scene):
    signer = evidence.delegate(scene.ca, not_before=NOW - HOUR, not_after=NOW + HOUR)
    response = scene.answer(signer=signer, this_update=NOW - 3 * HOUR, next_update=NOW + 3 * HOUR)
    for moment in (NOW - HOUR, NOW + HOUR):
        assert isinstance(judge(scene, response, now=moment), Good)
    for moment in (NOW - HOUR - SECOND, NOW + HOUR + SECOND):
        status = judge(scene, response, now=moment)
        assert code(status) == "revocation.ocsp_delegate_expired"


def test_o05_delegate_without_nocheck_needs_a_status_of_its_own(scene):
    signer = evidence.delegate(scene.ca, without={x509.OCSPNoCheck})
    fingerprint = signer.certificate.fingerprint
    response = scene.answer(signer=signer)
    good = judge(scene, scene.answer())
    revoked = judge(scene, scene.answer(evidence.revoked()))
    unknown = Unknown("revocation.source_unreachable")

    assert code(judge(scene, response)) == "revocation.ocsp_delegate_unchecked"
    status = judge(scene, response, delegate_statuses={fingerprint: unknown})
    assert code(status) == "revocation.ocsp_delegate_unchecked"
    status = judge(scene, response, delegate_statuses={fingerprint: revoked})
    assert code(status) == "revocation.ocsp_delegate_revoked"
    assert isinstance(judge(scene, response, delegate_statuses={fingerprint: good}), Good)
    status = judge(scene, response, delegate_statuses={b"another": good})
    assert code(status) == "revocation.ocsp_delegate_unchecked"


def test_o05_revoked_delegate_is_refused_though_it_says_nocheck(scene):
    signer = evidence.delegate(scene.ca)
    revoked = judge(scene, scene.answer(evidence.revoked()))
    statuses = {signer.certificate.fingerprint: revoked}
    status = judge(scene, scene.answer(signer=signer), delegate_statuses=statuses)
    assert code(status) == "revocation.ocsp_delegate_revoked"


def test_signature_over_other_octets_is_refused(scene):
    response = scene.answer()
    # One bit of producedAt's last digit: still a time, no longer what was signed.
    at = response.index(evidence.generalized(NOW - HOUR)) + 2 + 13
    changed = response[:at] + bytes((response[at] ^ 1,)) + response[at + 1 :]
    assert code(judge(scene, changed)) == "revocation.ocsp_signature_invalid"
    empty = scene.answer(signature=b"")
    assert code(judge(scene, empty)) == "revocation.ocsp_signature_invalid"


def test_o18_nothing_of_an_unbelieved_response_is_handed_on(scene):
    """What fails to verify leaves a code behind and no part of the response to use by mistake."""
    revoked = scene.answer(evidence.revoked(), signature=keys.sign(scene.ca.key, b"other"))
    assert judge(scene, revoked) == Unknown("revocation.ocsp_signature_invalid", "")


def test_x20_algorithms_of_another_edition_are_refused(scene):
    for kind in (KeyKind.P384, KeyKind.P521, KeyKind.ED448):
        response = scene.answer(algorithm=SIGNATURE_ALGORITHMS[kind])
        assert code(judge(scene, response)) == "revocation.ocsp_algorithm_not_allowed"
    weak = bytes.fromhex("300906072a8648ce3d0401")  # ecdsa-with-SHA1
    rsa = bytes.fromhex("300d06092a864886f70d01010b0500")
    for algorithm in (weak, rsa):
        response = scene.answer(algorithm=algorithm)
        assert code(judge(scene, response)) == "revocation.ocsp_algorithm_not_allowed"


def test_x20_p256_delegate_does_not_speak_for_a_p521_ca():
    scene = evidence.scene(KeyKind.P521)
    signer = evidence.delegate(scene.ca, kind=KeyKind.P256)
    status = judge(scene, scene.answer(signer=signer))
    assert code(status) == "revocation.ocsp_algorithm_not_allowed"


def test_x20_p384_ca_is_believed_by_nobody():
    scene = evidence.scene(KeyKind.P384)
    assert code(judge(scene, scene.answer())) == "revocation.ocsp_algorithm_not_allowed"


def test_algorithm_that_is_not_the_signers_own_is_refused():
    scene = evidence.scene(KeyKind.P521)
    response = scene.answer(algorithm=SIGNATURE_ALGORITHMS[KeyKind.ED448])
    assert code(judge(scene, response)) == "revocation.ocsp_signature_invalid"


def test_x22_signer_whose_key_is_no_point_is_refused(scene):
    signer = evidence.delegate(scene.ca)
    key = signer.certificate.subject_public_key
    off_curve = signer.certificate.der.replace(key, key[:-1] + bytes((key[-1] ^ 1,)))
    with pytest.raises(MalformedCertificate):
        parse(off_curve).public_key()
    response = scene.answer(signer=signer, certificates=(off_curve,))
    assert code(judge(scene, response)) == "revocation.ocsp_signature_invalid"


def test_unreadable_certificates_beside_the_signer_are_passed_over(scene):
    signer = evidence.delegate(scene.ca)
    response = scene.answer(
        signer=signer, certificates=(b"\x30\x00", scene.ca.certificate.der, signer.certificate.der)
    )
    assert isinstance(judge(scene, response), Good)


def test_issuer_sent_along_with_its_own_answer_is_still_the_issuer(scene):
    response = scene.answer(certificates=(scene.ca.certificate.der,))
    assert isinstance(judge(scene, response), Good)


def test_too_many_certificates_are_not_tried(scene):
    signer = evidence.delegate(scene.ca)
    response = scene.answer(signer=signer, certificates=(signer.certificate.der,) * 5)
    assert code(judge(scene, response)) == "revocation.ocsp_too_large"


def test_question_about_another_ca_is_not_judged(scene):
    other = evidence.scene()
    status = judge(scene, other.answer(), question=other.question)
    assert code(status) == "revocation.ocsp_other_issuer"


def test_policy_bounds_the_grace():
    with pytest.raises(ValueError, match="grace_seconds"):
        ocsp.OcspPolicy(grace_seconds=86_401)
    with pytest.raises(ValueError, match="grace_seconds"):
        ocsp.OcspPolicy(grace_seconds=-1)


def test_wrong_key_of_the_right_kind_verifies_nothing(scene):
    response = scene.answer(signature=keys.sign(keys.generate(KeyKind.P256), b"tbs"))
    assert code(judge(scene, response)) == "revocation.ocsp_signature_invalid"
