"""What a believed OCSP response says of the certificate asked about, and when."""

import pytest

from certs import der
from certs.errors import MalformedOcsp
from certs.revocation import ocsp_response
from certs.revocation.hash_data import HashAlgorithm
from certs.revocation.ocsp import NonceRule, OcspPolicy, judge_response
from certs.revocation.ocsp_request import OcspQuestion, encode_nonce
from certs.revocation.status import Good, Reason, Revoked, Unknown
from tests import evidence
from tests.evidence import GOOD, HOUR, NOW, SECOND

NONCE = bytes(range(32))


@pytest.fixture(scope="module")
def scene():
    return evidence.scene()


@pytest.fixture(scope="module")
def with_nonce(scene):
    question = evidence.question_for(scene.leaf, scene.ca.certificate, nonce=NONCE)
    return evidence.Scene(ca=scene.ca, leaf=scene.leaf, question=question)


def judge(scene, response, **given):
    given.setdefault("now", NOW)
    given.setdefault("question", scene.question)
    return judge_response(response, issuer=scene.ca.certificate, **given)


def code(status):
    assert isinstance(status, Unknown), status
    return status.code


# Status


@pytest.mark.parametrize("reason", list(Reason))
def test_revocation_with_its_reason(scene, reason):
    status = judge(scene, scene.answer(evidence.revoked(reason=reason.value)))
    if reason is Reason.REMOVE_FROM_CRL:
        assert code(status) == "revocation.ocsp_reason_invalid"
    else:
        assert isinstance(status, Revoked)
        assert status.reason is reason


def test_revocation_without_a_reason_is_unspecified(scene):
    status = judge(scene, scene.answer(evidence.revoked(reason=None)))
    assert isinstance(status, Revoked)
    assert status.reason is Reason.UNSPECIFIED


@pytest.mark.parametrize("number", [7, 11, 0x80])
def test_c12_reason_that_is_none_is_never_good(scene, number):
    status = judge(scene, scene.answer(evidence.revoked(reason=number)))
    assert code(status) == "revocation.ocsp_reason_invalid"


def test_o16_unknown_is_never_good(scene):
    status = judge(scene, scene.answer(evidence.UNKNOWN))
    assert code(status) == "revocation.ocsp_status_unknown"


@pytest.mark.parametrize("number", [1, 2, 3, 5, 6])
def test_o13_responders_that_decline_are_not_good(scene, number):
    bare = evidence.sequence(bytes((0x0A, 1, number)))
    assert code(judge(scene, bare)) == "revocation.ocsp_not_successful"
    # Nor where a good answer hangs on the refusal.
    answer = bytearray(scene.answer())
    answer[answer.index(b"\x0a\x01\x00") + 2] = number
    assert code(judge(scene, bytes(answer))) == "revocation.ocsp_not_successful"


@pytest.mark.parametrize("number", [4, 7, 0xFF])
def test_o13_statuses_that_do_not_exist_are_malformed(scene, number):
    bare = evidence.sequence(bytes((0x0A, 1, number)))
    assert code(judge(scene, bare)) == "revocation.ocsp_malformed"


# Which certificate


def test_o11_certid_with_absent_parameters_is_the_same_certid(scene):
    with_null, without = scene.question.cert_ids
    assert with_null != without
    assert isinstance(judge(scene, scene.answer(cert_id=without)), Good)
    assert isinstance(judge(scene, scene.answer(cert_id=with_null)), Good)


@pytest.mark.parametrize("algorithm", list(HashAlgorithm))
def test_o11_every_hash_algorithm_is_matched(scene, algorithm):
    question = evidence.question_for(scene.leaf, scene.ca.certificate, hash_algorithm=algorithm)
    response = scene.answer(cert_id=question.cert_ids[0])
    assert isinstance(judge(scene, response, question=question), Good)
    other = HashAlgorithm.SHA256 if algorithm is HashAlgorithm.SHA1 else HashAlgorithm.SHA1
    question = evidence.question_for(scene.leaf, scene.ca.certificate, hash_algorithm=other)
    status = judge(scene, response, question=question)
    assert code(status) == "revocation.ocsp_other_certificate"


@pytest.mark.parametrize("field", ["issuer_name_hash", "issuer_key_hash", "serial"])
def test_o11_mismatch_in_any_part_is_refused(scene, field):
    asked = scene.question
    parts = {
        "issuer_name_hash": asked.issuer_name_hash,
        "issuer_key_hash": asked.issuer_key_hash,
        "serial": asked.serial,
    }
    parts[field] = parts[field] + 1 if field == "serial" else bytes(32)
    other = OcspQuestion(hash_algorithm=asked.hash_algorithm, **parts)
    response = scene.answer(cert_id=other.cert_ids[0])
    assert code(judge(scene, response)) == "revocation.ocsp_other_certificate"


def other_single(scene, status=GOOD):
    other = OcspQuestion(
        hash_algorithm=scene.question.hash_algorithm,
        issuer_name_hash=scene.question.issuer_name_hash,
        issuer_key_hash=scene.question.issuer_key_hash,
        serial=scene.question.serial + 1,
    )
    return evidence.single(other, status)


def test_o15_wanted_statement_may_stand_second(scene):
    wanted = evidence.single(scene.question, evidence.revoked())
    response = scene.answer(singles=(other_single(scene), wanted))
    assert isinstance(judge(scene, response), Revoked)


def test_o15_statements_about_others_only_are_refused(scene):
    response = scene.answer(singles=(other_single(scene),))
    assert code(judge(scene, response)) == "revocation.ocsp_other_certificate"
    assert code(judge(scene, scene.answer(singles=()))) == "revocation.ocsp_other_certificate"


@pytest.mark.parametrize("order", [1, -1], ids=["good_first", "revoked_first"])
def test_o15_contradiction_is_refused(scene, order):
    singles = (
        evidence.single(scene.question, GOOD),
        evidence.single(scene.question, evidence.revoked()),
    )[::order]
    assert code(judge(scene, scene.answer(singles=singles))) == "revocation.ocsp_contradictory"


def test_o15_contradiction_under_both_spellings_of_the_algorithm_is_refused(scene):
    with_null, without = scene.question.cert_ids
    singles = (
        evidence.single(scene.question, GOOD, cert_id=with_null),
        evidence.single(scene.question, evidence.revoked(), cert_id=without),
    )
    assert code(judge(scene, scene.answer(singles=singles))) == "revocation.ocsp_contradictory"


def test_o15_the_same_statement_twice_is_one(scene):
    statement = evidence.single(scene.question, GOOD)
    assert isinstance(judge(scene, scene.answer(singles=(statement, statement))), Good)


def test_o15_more_statements_than_the_cap_are_refused(scene):
    wanted = evidence.single(scene.question)
    others = (other_single(scene),) * 63
    assert isinstance(judge(scene, scene.answer(singles=(*others, wanted))), Good)
    response = scene.answer(singles=(*others, other_single(scene), wanted))
    assert code(judge(scene, response)) == "revocation.ocsp_too_large"


# When


def test_o06_this_update_may_be_ahead_by_the_clock_skew_and_no_more(scene):
    ahead = NOW + 300 * SECOND
    response = scene.answer(this_update=ahead, next_update=ahead + HOUR, produced_at=ahead)
    assert isinstance(judge(scene, response), Good)
    status = judge(scene, response, now=NOW - SECOND)
    assert code(status) == "revocation.ocsp_this_update_in_future"


def test_o07_response_is_fresh_up_to_next_update_and_stale_after(scene):
    response = scene.answer()
    assert isinstance(judge(scene, response, now=NOW + HOUR), Good)
    status = judge(scene, response, now=NOW + HOUR + SECOND)
    assert code(status) == "revocation.ocsp_stale"


def test_o07_grace_is_the_policys_and_shows(scene):
    policy = OcspPolicy(grace_seconds=60)
    response, revoked = scene.answer(), scene.answer(evidence.revoked())
    within, beyond = NOW + HOUR + 60 * SECOND, NOW + HOUR + 61 * SECOND
    fresh = judge(scene, response, policy=policy)
    assert isinstance(fresh, Good)
    assert not fresh.stale
    late = judge(scene, response, now=within, policy=policy)
    assert isinstance(late, Good)
    assert late.stale
    late = judge(scene, revoked, now=within, policy=policy)
    assert isinstance(late, Revoked)
    assert late.stale
    status = judge(scene, response, now=beyond, policy=policy)
    assert code(status) == "revocation.ocsp_stale"


def test_o08_response_without_next_update_is_refused(scene):
    response = scene.answer(next_update=None)
    assert code(judge(scene, response)) == "revocation.ocsp_next_update_missing"


@pytest.mark.parametrize(
    "odd",
    [
        {"produced_at": NOW - HOUR - SECOND},
        {"produced_at": NOW + 301 * SECOND},
        {"this_update": NOW, "next_update": NOW - SECOND, "produced_at": NOW},
    ],
    ids=["produced_before_this_update", "produced_in_future", "next_before_this_update"],
)
def test_o09_odd_times_are_refused(scene, odd):
    assert code(judge(scene, scene.answer(**odd))) == "revocation.ocsp_times_odd"


def test_o09_produced_at_may_be_ahead_by_the_clock_skew(scene):
    assert isinstance(judge(scene, scene.answer(produced_at=NOW + 300 * SECOND)), Good)


def test_o10_older_statement_than_one_already_seen_is_a_replay(scene):
    response = scene.answer()
    assert isinstance(judge(scene, response, not_before_update=NOW - HOUR), Good)
    status = judge(scene, response, not_before_update=NOW - HOUR + SECOND)
    assert code(status) == "revocation.ocsp_replayed"


# Nonce


def test_o12_nonce_comes_back(with_nonce):
    response = with_nonce.answer(nonce=NONCE)
    demanding = OcspPolicy(nonce=NonceRule.DEMAND)
    assert isinstance(judge(with_nonce, response), Good)
    assert isinstance(judge(with_nonce, response, policy=demanding), Good)


def test_o12_wrong_nonce_is_refused(with_nonce):
    response = with_nonce.answer(nonce=NONCE[:-1])
    assert code(judge(with_nonce, response)) == "revocation.ocsp_nonce_mismatch"


def test_o12_missing_nonce_is_refused_where_it_is_demanded(with_nonce):
    response = with_nonce.answer()
    assert isinstance(judge(with_nonce, response), Good)
    status = judge(with_nonce, response, policy=OcspPolicy(nonce=NonceRule.DEMAND))
    assert code(status) == "revocation.ocsp_nonce_missing"


def test_o12_nothing_is_demanded_where_no_nonce_was_sent(scene):
    policy = OcspPolicy(nonce=NonceRule.DEMAND)
    assert isinstance(judge(scene, scene.answer(), policy=policy), Good)
    assert isinstance(judge(scene, scene.answer(nonce=NONCE), policy=policy), Good)


@pytest.mark.parametrize("octets", [0, 129])
def test_o12_nonce_of_a_size_outside_rfc_9654_is_refused(scene, octets):
    response = scene.answer(nonce=bytes(octets))
    assert code(judge(scene, response)) == "revocation.ocsp_nonce_size"


@pytest.mark.parametrize("octets", [1, 128])
def test_o12_nonce_of_the_least_and_greatest_size_is_read(scene, octets):
    assert isinstance(judge(scene, scene.answer(nonce=bytes(octets))), Good)


def test_o12_nonce_that_is_no_octet_string_is_refused(scene):
    raw = evidence.extension("1.3.6.1.5.5.7.48.1.2", NONCE)
    response = scene.answer(response_extensions=raw)
    assert code(judge(scene, response)) == "revocation.ocsp_nonce_size"


# Extensions


def test_unknown_critical_extension_of_the_response_is_refused(scene):
    unknown = evidence.extension("1.3.6.1.4.1.55555.1", b"\5\0", critical=True)
    response = scene.answer(response_extensions=unknown)
    assert code(judge(scene, response)) == "revocation.ocsp_critical_extension"


def test_unknown_critical_extension_of_the_statement_is_refused(scene):
    unknown = evidence.extension("1.3.6.1.4.1.55555.1", b"\5\0", critical=True)
    response = scene.answer(extensions=unknown)
    assert code(judge(scene, response)) == "revocation.ocsp_critical_extension"


def test_extensions_that_are_understood_or_not_critical_are_no_objection(scene):
    unknown = evidence.extension("1.3.6.1.4.1.55555.1", b"\5\0")
    archive_cutoff = evidence.extension(
        "1.3.6.1.5.5.7.48.1.6", evidence.generalized(NOW), critical=True
    )
    extended_revoke = evidence.extension("1.3.6.1.5.5.7.48.1.9", b"\5\0", critical=True)
    response = scene.answer(
        extensions=unknown + archive_cutoff, response_extensions=unknown + extended_revoke
    )
    assert isinstance(judge(scene, response), Good)


# Octets


def test_o17_oversized_response_is_refused_before_it_is_read(scene):
    response = scene.answer()
    at_the_cap = OcspPolicy(response_bytes_max=len(response))
    assert isinstance(judge(scene, response, policy=at_the_cap), Good)
    below = OcspPolicy(response_bytes_max=len(response) - 1)
    assert code(judge(scene, response, policy=below)) == "revocation.ocsp_too_large"
    assert code(judge(scene, bytes(1_000_000))) == "revocation.ocsp_too_large"


def test_o17_html_is_no_response(scene):
    assert code(judge(scene, b"<html><body>404")) == "revocation.ocsp_malformed"


def test_explicit_version_1_is_read_as_written_by_some_responders(scene):
    response = scene.answer(version=der.encode(0xA0, b"\x02\x01\x00"))
    assert isinstance(judge(scene, response), Good)


def basic(scene, *, tbs=None, rest=b""):
    """A signed response around odd parts; what is odd is met before the signature is."""
    tbs = tbs or evidence.response_data(
        evidence.single(scene.question), responder=evidence.by_name(scene.ca.certificate)
    )
    return evidence.successful(
        evidence.sequence(tbs, bytes.fromhex("300a06082a8648ce3d040302"), b"\x03\x02\x00\x00", rest)
    )


def response_parts(scene):
    responder = evidence.by_name(scene.ca.certificate)
    produced = evidence.generalized(NOW)
    singles = evidence.sequence(evidence.single(scene.question))
    return responder, produced, singles


def malformed_responses(scene):
    responder, produced, singles = response_parts(scene)
    sequence = evidence.sequence
    answer = scene.answer()
    certificate = scene.ca.certificate.der
    oid = evidence.oid("1.3.6.1.5.5.7.48.1.1")
    nonce = encode_nonce(NONCE)
    return {
        "empty": b"",
        "no_sequence": b"\x31\x00",
        "status_missing": sequence(),
        "status_empty": sequence(b"\x0a\x00"),
        "no_response_bytes": sequence(b"\x0a\x01\x00"),
        "octets_after": answer + b"\x00",
        "third_field": sequence(b"\x0a\x01\x00", b"\xa0\x00", b"\x05\x00"),
        "other_type": sequence(
            b"\x0a\x01\x00",
            der.encode(0xA0, sequence(evidence.oid("1.3.6.1.5.5.7.48.1.99"), b"\x04\x00")),
        ),
        "octets_after_response_bytes": sequence(
            b"\x0a\x01\x00", der.encode(0xA0, sequence(oid, b"\x04\x00") + b"\x05\x00")
        ),
        "third_field_of_response_bytes": sequence(
            b"\x0a\x01\x00", der.encode(0xA0, sequence(oid, b"\x04\x00", b"\x05\x00"))
        ),
        "octets_after_basic": evidence.successful(sequence() + b"\x05\x00"),
        "bag_of_another_tag": basic(scene, rest=der.encode(0xA1, sequence(certificate))),
        "field_after_the_bag": basic(scene, rest=der.encode(0xA0, sequence()) + b"\x05\x00"),
        "octets_after_the_bag": basic(scene, rest=der.encode(0xA0, sequence() + b"\x05\x00")),
        "version_2": basic(
            scene,
            tbs=sequence(der.encode(0xA0, b"\x02\x01\x01"), responder, produced, singles),
        ),
        "no_responder": basic(scene, tbs=sequence(produced, singles)),
        "octets_after_the_key_hash": basic(
            scene, tbs=sequence(der.encode(0xA2, b"\x04\x00\x05\x00"), produced, singles)
        ),
        "fraction_of_a_second": basic(
            scene, tbs=sequence(responder, b"\x18\x1120260601120000.5Z", singles)
        ),
        "tenth_month_and_more": basic(
            scene, tbs=sequence(responder, b"\x18\x0f20261301120000Z", singles)
        ),
        "hour_24": basic(scene, tbs=sequence(responder, b"\x18\x0f20260601240000Z", singles)),
        "no_digits": basic(scene, tbs=sequence(responder, b"\x18\x0f2026060112000\xffZ", singles)),
        "local_time": basic(scene, tbs=sequence(responder, b"\x18\x0f20260601120000+", singles)),
        "utc_time": basic(scene, tbs=sequence(responder, b"\x17\x0d260601120000Z", singles)),
        "field_after_extensions": basic(
            scene,
            tbs=sequence(responder, produced, singles, der.encode(0xA1, sequence()), b"\x05\x00"),
        ),
        "octets_after_extensions": basic(
            scene,
            tbs=sequence(responder, produced, singles, der.encode(0xA1, sequence() + b"\x05\x00")),
        ),
        "extension_twice": basic(
            scene,
            tbs=sequence(responder, produced, singles, der.encode(0xA1, sequence(nonce, nonce))),
        ),
        "extension_with_a_url_that_is_not_ascii": basic(
            scene,
            tbs=sequence(
                responder,
                produced,
                singles,
                der.encode(
                    0xA1,
                    sequence(
                        evidence.extension(
                            "1.3.6.1.5.5.7.1.1",
                            sequence(sequence(evidence.oid("1.3.6.1.5.5.7.48.1"), b"\x86\x01\xff")),
                        )
                    ),
                ),
            ),
        ),
        "signature_with_unused_bits": evidence.successful(
            sequence(sequence(responder, produced, singles), sequence(), b"\x03\x02\x01\x00")
        ),
        "last_octet_missing": answer[:-1],
        **{f"cut_at_{at}": answer[:at] for at in (1, 2, 5, 20)},
    }


@pytest.mark.parametrize("case", sorted(malformed_responses(evidence.scene())))
def test_malformed_response_is_unknown(scene, case):
    response = malformed_responses(scene)[case]
    assert code(judge(scene, response)) == "revocation.ocsp_malformed"


def malformed_singles(question):
    sequence = evidence.sequence
    cert_id = question.cert_ids[0]
    moment = evidence.generalized(NOW)
    until = der.encode(0xA0, moment)
    return {
        "no_status": sequence(cert_id),
        "status_of_another_choice": sequence(cert_id, b"\x83\x00", moment, until),
        "good_with_content": sequence(cert_id, b"\x80\x01\x00", moment, until),
        "revoked_without_time": sequence(cert_id, b"\xa1\x00", moment, until),
        "revoked_with_a_third_field": sequence(
            cert_id,
            der.encode(0xA1, moment + b"\xa0\x03\x0a\x01\x01" + b"\x05\x00"),
            moment,
            until,
        ),
        "octets_after_the_reason": sequence(
            cert_id, der.encode(0xA1, moment + b"\xa0\x05\x0a\x01\x01\x05\x00"), moment, until
        ),
        "reason_without_content": sequence(
            cert_id, der.encode(0xA1, moment + b"\xa0\x02\x0a\x00"), moment, until
        ),
        "no_this_update": sequence(cert_id, GOOD, until),
        "octets_after_next_update": sequence(
            cert_id, GOOD, moment, der.encode(0xA0, moment + b"\x05\x00")
        ),
        "field_after_extensions": sequence(
            cert_id, GOOD, moment, until, der.encode(0xA1, sequence()), b"\x05\x00"
        ),
        "unknown_field": sequence(cert_id, GOOD, moment, until, b"\x05\x00"),
        "too_many_extensions": sequence(
            cert_id,
            GOOD,
            moment,
            until,
            der.encode(
                0xA1,
                sequence(*(evidence.extension(f"1.2.3.{n}", b"") for n in range(9))),
            ),
        ),
    }


@pytest.mark.parametrize("case", sorted(malformed_singles(evidence.scene().question)))
def test_malformed_statement_about_the_certificate_is_unknown(scene, case):
    malformed = malformed_singles(scene.question)[case]
    status = judge(scene, scene.answer(singles=(malformed,)))
    assert code(status) == "revocation.ocsp_malformed"
    with pytest.raises(MalformedOcsp):
        ocsp_response.read_single(malformed)


def test_statement_that_is_no_sequence_is_unknown(scene):
    status = judge(scene, scene.answer(singles=(b"\x05\x00",)))
    assert code(status) == "revocation.ocsp_malformed"
