"""Which CRLs are believed, and what they say of a certificate."""

import tracemalloc

import pytest
from cryptography import x509

from certs import der, keys
from certs.errors import MalformedCrl
from certs.keys import SIGNATURE_ALGORITHMS, KeyKind
from certs.revocation import certificate_list, crl
from certs.revocation.crl import CrlPolicy, VerifiedCrl
from certs.revocation.status import Good, Reason, Revoked, Source, Unknown
from tests import evidence
from tests.evidence import HOUR, NOW, SECOND, extension, sequence

SERIAL = 0x3041
URL = "http://crl.example/mo-sub-2.crl"


@pytest.fixture(scope="module")
def ca():
    return evidence.authority()


@pytest.fixture(scope="module")
def leaf(ca):
    return evidence.leaf(ca, SERIAL, crl_url=URL)


def judge(ca, leaf, octets, **given):
    given.setdefault("now", NOW)
    return crl.judge(octets, certificate=leaf, issuer=ca.certificate, **given)


def read(ca, octets, **given):
    given.setdefault("now", NOW)
    return crl.read(octets, issuer=ca.certificate, **given)


def code(status):
    assert isinstance(status, Unknown), status
    return status.code


# What it says


@pytest.mark.parametrize("kind", [KeyKind.P256, KeyKind.P521, KeyKind.ED448])
def test_certificate_that_is_not_listed_is_good(kind):
    ca = evidence.authority(kind=kind)
    leaf = evidence.leaf(ca, SERIAL)
    octets = evidence.crl(ca, evidence.crl_entry(SERIAL + 1))
    status = judge(ca, leaf, octets)
    assert isinstance(status, Good)
    proof = status.proof
    assert proof.source is Source.CRL
    assert (proof.this_update, proof.next_update) == (NOW - HOUR, NOW + HOUR)
    assert proof.produced_at is None
    assert proof.number == 7
    assert proof.signer_fingerprint == ca.certificate.fingerprint
    assert len(proof.digest) == 32
    assert isinstance(judge(ca, leaf, evidence.crl(ca)), Good)


@pytest.mark.parametrize("reason", [None, *Reason])
def test_listed_certificate_is_revoked_for_its_reason(ca, leaf, reason):
    number = None if reason is None else reason.value
    octets = evidence.crl(ca, evidence.crl_entry(SERIAL, reason=number))
    status = judge(ca, leaf, octets)
    if reason is Reason.REMOVE_FROM_CRL:
        assert code(status) == "revocation.crl_reason_invalid"
    else:
        assert isinstance(status, Revoked)
        assert status.reason is (reason or Reason.UNSPECIFIED)
        assert status.revoked_at == NOW - 24 * HOUR


@pytest.mark.parametrize("number", [7, 11])
def test_c12_reason_that_is_none_is_never_good(ca, leaf, number):
    octets = evidence.crl(ca, evidence.crl_entry(SERIAL, reason=number))
    assert code(judge(ca, leaf, octets)) == "revocation.crl_reason_invalid"


def test_c09_serial_revoked_under_another_issuer_is_not_this_one(ca, leaf):
    other = evidence.authority("MO Sub-CA of another operator")
    octets = evidence.crl(other, evidence.crl_entry(SERIAL))
    assert code(judge(ca, leaf, octets)) == "revocation.crl_other_issuer"
    verified = read(other, octets)
    assert isinstance(verified, VerifiedCrl)
    assert code(verified.status_of(leaf, now=NOW)) == "revocation.crl_other_issuer"


def test_serials_are_found_whole_and_at_their_place(ca):
    """Parts of other serials, of times and of extensions are not entries."""
    serials = [1, 2, 0x17, 0x0201, 0x020101, 0x02010117, 2**159 - 1, 0x3041]
    entries = [
        evidence.crl_entry(
            serial,
            reason=1,
            extensions=extension(
                "1.3.6.1.4.1.55555.2", b"\x02\x01\x05\x17\x02\x02\x30\x42\x18\x02\x01\x06\x05"
            ),
        )
        for serial in serials
    ]
    verified = read(ca, evidence.crl(ca, *entries))
    assert isinstance(verified, VerifiedCrl)
    for serial in serials:
        assert isinstance(verified.status_of_serial(serial, now=NOW), Revoked)
    for serial in (0, 3, 5, 6, 0x3042, 0x0101, 0x010117, 2**159, -1):
        assert isinstance(verified.status_of_serial(serial, now=NOW), Good)


def test_serials_among_many_are_found(ca):
    """More entries than one stride between remembered places, some of more than 127 octets."""
    long = extension("1.3.6.1.4.1.55555.2", bytes(200))
    entries = [
        evidence.crl_entry(1000 + n, extensions=long if n % 7 == 0 else b"") for n in range(3000)
    ]
    verified = read(ca, evidence.crl(ca, *entries))
    assert isinstance(verified, VerifiedCrl)
    for n in (0, 1, 7, 1022, 1023, 1024, 1025, 2047, 2048, 2999):
        assert isinstance(verified.status_of_serial(1000 + n, now=NOW), Revoked)
    for serial in (999, 4000):
        assert isinstance(verified.status_of_serial(serial, now=NOW), Good)


def test_verified_crl_tells_what_it_is(ca):
    verified = read(ca, evidence.crl(ca, number=12))
    assert isinstance(verified, VerifiedCrl)
    assert verified.number == 12
    assert verified.issuer == ca.certificate.subject
    assert verified.scope.complete
    assert verified.proof.number == 12


# Whose it is


def test_c04_crl_signed_by_another_key_is_refused(ca, leaf):
    impostor = evidence.authority()  # the same name
    octets = evidence.crl(impostor)
    assert code(judge(ca, leaf, octets)) == "revocation.crl_signature_invalid"


def test_c04_changed_crl_is_refused(ca, leaf):
    octets = evidence.crl(ca, evidence.crl_entry(SERIAL))
    changed = octets.replace(b"\x02\x02\x30\x41", b"\x02\x02\x30\x42")
    assert code(judge(ca, leaf, changed)) == "revocation.crl_signature_invalid"


@pytest.mark.parametrize(
    "usage", [evidence.key_usage(signs_certificates=True), evidence.key_usage(signs=True)]
)
def test_c07_issuer_without_crl_sign_is_refused(usage):
    """X05: cRLSign missing for a CRL."""
    ca = evidence.authority(usage=usage)
    leaf = evidence.leaf(ca)
    assert code(judge(ca, leaf, evidence.crl(ca))) == "revocation.crl_key_usage_wrong"


def test_c07_issuer_without_key_usage_is_refused():
    ca = evidence.certify("CA", (x509.BasicConstraints(ca=True, path_length=0), True))
    leaf = evidence.leaf(ca)
    assert code(judge(ca, leaf, evidence.crl(ca))) == "revocation.crl_key_usage_wrong"


def test_issuers_name_is_compared_by_rfc_5280_and_not_by_octets(ca, leaf):
    shouted = ca.certificate.subject.replace(b"MO Sub-CA 2", b"MO SUB-CA 2")
    assert isinstance(judge(ca, leaf, evidence.crl(ca, issuer_name=shouted)), Good)


def test_issuer_that_is_no_name_is_refused(ca, leaf):
    broken = sequence(b"\x31\x00")
    octets = evidence.crl(ca, issuer_name=broken)
    assert code(judge(ca, leaf, octets)) == "revocation.crl_other_issuer"


def test_x20_algorithms_of_another_edition_are_refused(ca, leaf):
    for algorithm in (SIGNATURE_ALGORITHMS[KeyKind.P521], SIGNATURE_ALGORITHMS[KeyKind.P384]):
        octets = evidence.crl(ca, algorithm=algorithm)
        assert code(judge(ca, leaf, octets)) == "revocation.crl_algorithm_not_allowed"


# When


def test_c01_crl_is_fresh_up_to_next_update_and_stale_after(ca, leaf):
    octets = evidence.crl(ca)
    assert isinstance(judge(ca, leaf, octets, now=NOW + HOUR), Good)
    late = NOW + HOUR + SECOND
    assert code(judge(ca, leaf, octets, now=late)) == "revocation.crl_stale"
    verified = read(ca, octets)
    assert isinstance(verified, VerifiedCrl)
    assert code(verified.status_of(leaf, now=late)) == "revocation.crl_stale"
    assert code(verified.status_of_serial(SERIAL, now=late)) == "revocation.crl_stale"


def test_c01_grace_is_the_policys_and_shows(ca, leaf):
    policy = CrlPolicy(grace_seconds=60)
    within, beyond = NOW + HOUR + 60 * SECOND, NOW + HOUR + 61 * SECOND
    good, listed = evidence.crl(ca), evidence.crl(ca, evidence.crl_entry(SERIAL))
    for octets in (good, listed):
        fresh = judge(ca, leaf, octets, policy=policy)
        late = judge(ca, leaf, octets, policy=policy, now=within)
        assert not isinstance(fresh, Unknown)
        assert not isinstance(late, Unknown)
        assert type(fresh) is type(late)
        assert not fresh.stale
        assert late.stale
        status = judge(ca, leaf, octets, policy=policy, now=beyond)
        assert code(status) == "revocation.crl_stale"


def test_policy_bounds_the_grace():
    for seconds in (-1, 86_401):
        with pytest.raises(ValueError, match="grace_seconds"):
            CrlPolicy(grace_seconds=seconds)


def test_c02_this_update_may_be_ahead_by_the_clock_skew_and_no_more(ca, leaf):
    ahead = NOW + 300 * SECOND
    octets = evidence.crl(ca, this_update=ahead)
    assert isinstance(judge(ca, leaf, octets), Good)
    status = judge(ca, leaf, octets, now=NOW - SECOND)
    assert code(status) == "revocation.crl_this_update_in_future"


def test_crl_without_next_update_is_refused(ca, leaf):
    octets = evidence.crl(ca, next_update=None)
    assert code(judge(ca, leaf, octets)) == "revocation.crl_next_update_missing"


def test_crl_whose_next_update_is_before_its_own_is_refused(ca, leaf):
    octets = evidence.crl(ca, this_update=NOW, next_update=NOW - SECOND)
    assert code(judge(ca, leaf, octets)) == "revocation.crl_times_odd"


def test_times_from_2050_are_generalized(ca, leaf):
    early = evidence.crl(ca, this_update=der.encode(der.UTC_TIME, b"500101000000Z"))
    assert isinstance(judge(ca, leaf, early), Good)  # 1950
    late = evidence.crl(ca, this_update=der.encode(der.GENERALIZED_TIME, b"20500101000000Z"))
    assert code(judge(ca, leaf, late)) == "revocation.crl_this_update_in_future"


def test_c03_number_never_regresses(ca, leaf):
    octets = evidence.crl(ca, number=7)
    assert isinstance(judge(ca, leaf, octets, number_seen=6), Good)
    assert isinstance(judge(ca, leaf, octets, number_seen=7), Good)
    assert code(judge(ca, leaf, octets, number_seen=8)) == "revocation.crl_number_regressed"


def test_c03_number_does_not_vanish(ca, leaf):
    octets = evidence.crl(ca, number=None)
    assert isinstance(judge(ca, leaf, octets), Good)
    assert code(judge(ca, leaf, octets, number_seen=1)) == "revocation.crl_number_missing"


# Of which certificates


IDP = "2.5.29.28"


def scoped(ca, *fields, entry=False):
    point = extension(IDP, sequence(*fields), critical=True)
    entries = (evidence.crl_entry(SERIAL),) if entry else ()
    return evidence.crl(ca, *entries, extensions=point)


def full_name(*names):
    return der.encode(0xA0, der.encode(0xA0, b"".join(names)))


def uri(text):
    return der.encode(0x86, text.encode())


TRUE = b"\xff"


def test_c05_scope_that_covers_the_certificate(ca, leaf):
    for fields in (
        (),
        (full_name(uri(URL)),),
        (full_name(uri("ldap://other/"), uri(URL)),),
        (full_name(uri(URL)), der.encode(0x81, TRUE)),
        (der.encode(0x81, TRUE),),
        (der.encode(0x82, b"\x00"),),  # a default written out
    ):
        assert isinstance(judge(ca, leaf, scoped(ca, *fields)), Good)
        assert isinstance(judge(ca, leaf, scoped(ca, *fields, entry=True)), Revoked)


@pytest.mark.parametrize(
    "fields",
    [
        (full_name(uri("http://crl.example/another.crl")),),
        (full_name(der.encode(0xA4, sequence())),),  # a directory name
        (der.encode(0xA0, der.encode(0xA1, b"")),),  # nameRelativeToCRLIssuer
        (full_name(),),
        (der.encode(0x82, TRUE),),  # CAs only
        (der.encode(0x85, TRUE),),  # attribute certificates only
    ],
)
def test_c05_scope_that_does_not_cover_the_certificate(ca, leaf, fields):
    assert code(judge(ca, leaf, scoped(ca, *fields))) == "revocation.crl_out_of_scope"


def test_c05_certificate_without_distribution_points_is_in_no_partition(ca):
    leaf = evidence.leaf(ca, SERIAL)
    octets = scoped(ca, full_name(uri(URL)))
    assert code(judge(ca, leaf, octets)) == "revocation.crl_out_of_scope"


def test_c05_sub_ca_is_in_scope_of_ca_crls_only():
    root = evidence.authority("MO Sub-CA 1")
    sub = evidence.authority("MO Sub-CA 2", issuer=root).certificate
    assert isinstance(judge(root, sub, scoped(root, der.encode(0x82, TRUE))), Good)
    octets = scoped(root, der.encode(0x81, TRUE))
    assert code(judge(root, sub, octets)) == "revocation.crl_out_of_scope"


def test_c05_leaf_without_basic_constraints_is_no_ca(ca):
    leaf = evidence.certify("DE8AAC12345678", issuer=ca).certificate
    assert isinstance(judge(ca, leaf, scoped(ca, der.encode(0x81, TRUE))), Good)
    octets = scoped(ca, der.encode(0x82, TRUE))
    assert code(judge(ca, leaf, octets)) == "revocation.crl_out_of_scope"


def test_c05_serial_alone_is_answered_by_complete_crls_only(ca):
    partition = read(ca, scoped(ca, full_name(uri(URL))))
    assert isinstance(partition, VerifiedCrl)
    assert not partition.scope.complete
    assert code(partition.status_of_serial(SERIAL, now=NOW)) == "revocation.crl_out_of_scope"


def test_c06_indirect_crl_is_refused(ca, leaf):
    octets = scoped(ca, der.encode(0x84, TRUE))
    assert code(judge(ca, leaf, octets)) == "revocation.crl_indirect"


@pytest.mark.parametrize("critical", [True, False])
def test_c06_delta_crl_is_refused(ca, leaf, critical):
    delta = extension("2.5.29.27", b"\x02\x01\x01", critical=critical)
    octets = evidence.crl(ca, extensions=delta)
    assert code(judge(ca, leaf, octets)) == "revocation.crl_delta"


def test_c06_nobody_is_good_where_fresher_deltas_are_named(ca, leaf):
    """A delta, which is not processed, may revoke what the complete CRL does not list."""
    freshest = extension("2.5.29.46", sequence(sequence(full_name(uri(URL)))))
    octets = evidence.crl(ca, evidence.crl_entry(SERIAL + 1), extensions=freshest)
    assert code(judge(ca, leaf, octets)) == "revocation.crl_delta"
    octets = evidence.crl(ca, evidence.crl_entry(SERIAL), extensions=freshest)
    assert isinstance(judge(ca, leaf, octets), Revoked)


def test_c06_certificate_that_names_fresher_deltas_is_not_good(ca):
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(URL)], None, None, None)
    leaf = evidence.certify(
        "DE8AAC12345678", (x509.FreshestCRL([point]), False), issuer=ca, serial=SERIAL
    ).certificate
    assert code(judge(ca, leaf, evidence.crl(ca))) == "revocation.crl_delta"
    assert isinstance(judge(ca, leaf, evidence.crl(ca, evidence.crl_entry(SERIAL))), Revoked)


def test_c06_unknown_critical_extension_is_refused(ca, leaf):
    unknown = extension("1.3.6.1.4.1.55555.1", b"\5\0", critical=True)
    octets = evidence.crl(ca, extensions=unknown)
    assert code(judge(ca, leaf, octets)) == "revocation.crl_critical_extension"
    known = extension("1.3.6.1.4.1.55555.1", b"\5\0")
    assert isinstance(judge(ca, leaf, evidence.crl(ca, extensions=known)), Good)


def test_c06_entry_that_makes_the_crl_indirect_is_refused(ca, leaf):
    certificate_issuer = extension(
        "2.5.29.29", sequence(der.encode(0xA4, ca.certificate.subject)), critical=True
    )
    octets = evidence.crl(ca, evidence.crl_entry(5, extensions=certificate_issuer))
    assert code(judge(ca, leaf, octets)) == "revocation.crl_critical_extension"


@pytest.mark.parametrize("bits", [b"", b"\x00", b"\x06\x40", b"\x07\x80"])
def test_c08_some_reasons_only_are_refused_whatever_bits_stand_there(ca, leaf, bits):
    octets = scoped(ca, der.encode(0x83, bits))
    assert code(judge(ca, leaf, octets)) == "revocation.crl_reasons_limited"


def test_unknown_critical_extension_in_any_entry_voids_the_whole_crl(ca, leaf):
    """RFC 5280 5.3: not even certificates without an entry are judged by it."""
    unknown = extension("1.3.6.1.4.1.55555.1", b"\5\0", critical=True)
    entries = [evidence.crl_entry(n) for n in range(1, 2000)]
    entries[1500] = evidence.crl_entry(1501, extensions=unknown)
    octets = evidence.crl(ca, *entries)
    assert code(judge(ca, leaf, octets)) == "revocation.crl_critical_extension"


def test_critical_extensions_that_are_understood_are_no_objection(ca, leaf):
    reason = extension("2.5.29.21", b"\x0a\x01\x04", critical=True)
    invalidity = extension("2.5.29.24", evidence.generalized(NOW), critical=True)
    octets = evidence.crl(ca, evidence.crl_entry(SERIAL, extensions=reason + invalidity))
    status = judge(ca, leaf, octets)
    assert isinstance(status, Revoked)
    assert status.reason is Reason.SUPERSEDED


def test_octets_that_look_critical_by_chance_are_no_objection(ca, leaf):
    entries = [evidence.crl_entry(0x50_0101FF_00 + n) for n in range(256)]
    assert isinstance(judge(ca, leaf, evidence.crl(ca, *entries)), Good)
    # By chance they do not stand in every entry.
    entries.append(evidence.crl_entry(0x51_0101FF_00))
    status = judge(ca, leaf, evidence.crl(ca, *entries))
    assert code(status) == "revocation.crl_critical_extension"


# Octets


def test_c10_oversized_crl_is_refused_before_it_is_read(ca, leaf):
    octets = evidence.crl(ca)
    at_the_cap = CrlPolicy(crl_bytes_max=len(octets))
    assert isinstance(judge(ca, leaf, octets, policy=at_the_cap), Good)
    below = CrlPolicy(crl_bytes_max=len(octets) - 1)
    assert code(judge(ca, leaf, octets, policy=below)) == "revocation.crl_too_large"


def test_c10_huge_crl_takes_the_memory_of_its_octets_and_no_object_for_an_entry(ca):
    count = 100_000
    entry = evidence.crl_entry(2**127, reason=1)
    at = entry.index(b"\x02\x11") + 2
    entries = b"".join(
        entry[:at] + (2**127 + n).to_bytes(17, "big") + entry[at + 17 :] for n in range(count)
    )
    octets = evidence.crl(ca, entries)
    del entries
    tracemalloc.start()
    try:
        verified = read(ca, octets)
        assert isinstance(verified, VerifiedCrl)
        assert isinstance(verified.status_of_serial(2**127 + count - 1, now=NOW), Revoked)
        assert isinstance(verified.status_of_serial(2**127 + count, now=NOW), Good)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 100_000  # one octet for an entry, at the very most
    assert peak < len(octets) + 200_000  # the signed part, while its signature is verified


def test_version_1_crl_is_read(ca, leaf):
    """What `openssl ca -gencrl` writes without crl_extensions."""
    octets = evidence.crl(ca, evidence.crl_entry(SERIAL), version=b"", number=None)
    assert isinstance(judge(ca, leaf, octets), Revoked)


def raw(ca, *fields, algorithm=SIGNATURE_ALGORITHMS[KeyKind.P256], rest=b""):
    tbs = sequence(*fields)
    signature = der.encode(der.BIT_STRING, b"\0" + keys.sign(ca.key, tbs))
    return sequence(tbs, algorithm, signature, rest)


def malformed(ca):
    algorithm = SIGNATURE_ALGORITHMS[KeyKind.P256]
    head = (evidence.CRL_VERSION_2, algorithm, ca.certificate.subject)
    times = (evidence.utc(NOW - HOUR), evidence.utc(NOW + HOUR))
    octets = evidence.crl(ca, evidence.crl_entry(SERIAL))
    idp = [
        (der.encode(0x84, TRUE), der.encode(0x81, TRUE)),  # out of order
        (der.encode(0x81, TRUE), der.encode(0x81, TRUE)),  # twice
        (der.encode(0x86, TRUE),),
        (der.encode(0x81, b"\x01"),),
        (der.encode(0xA0, b""),),
        (der.encode(0xA0, der.encode(0xA0, uri(URL)) + b"\x05\x00"),),
        (full_name(der.encode(0x86, b"\xff")),),
    ]
    return {
        "empty": b"",
        "no_sequence": b"\x31\x00",
        "octets_after": octets + b"\x00",
        "last_octet_missing": octets[:-1],
        "fourth_field": raw(ca, *head, *times, rest=b"\x05\x00"),
        "algorithms_differ": evidence.crl(ca, inner=SIGNATURE_ALGORITHMS[KeyKind.P521]),
        "no_time": raw(ca, *head),
        "time_is_a_number": raw(ca, *head, b"\x02\x01\x01"),
        "month_13": evidence.crl(ca, this_update=b"\x17\x0d261301000000Z"),
        "hour_24": evidence.crl(ca, this_update=b"\x17\x0d260101240000Z"),
        "local_time": evidence.crl(ca, this_update=b"\x17\x0d260101000000+"),
        "without_seconds": evidence.crl(ca, this_update=b"\x17\x0b2601010000Z"),
        "not_ascii": evidence.crl(ca, this_update=b"\x17\x0d26010100000\xffZ"),
        "extensions_in_version_1": evidence.crl(ca, version=b""),
        "unknown_field": raw(ca, *head, *times, b"\x05\x00"),
        "field_after_extensions": raw(ca, *head, *times, der.encode(0xA0, sequence()), b"\x05\x00"),
        "octets_after_extensions": raw(
            ca, *head, *times, der.encode(0xA0, sequence() + b"\x05\x00")
        ),
        "extension_twice": evidence.crl(ca, extensions=extension("2.5.29.20", b"\x02\x01\x01")),
        "number_negative": evidence.crl(
            ca, number=None, extensions=extension("2.5.29.20", b"\x02\x01\xff")
        ),
        "number_of_21_octets": evidence.crl(ca, number=2**160),
        "number_is_no_integer": evidence.crl(
            ca, number=None, extensions=extension("2.5.29.20", b"\x05\x00")
        ),
        "entry_is_no_sequence": evidence.crl(ca, b"\x05\x00"),
        "entry_without_time": evidence.crl(ca, sequence(b"\x02\x01\x01")),
        "entry_with_serial_not_minimal": evidence.crl(
            ca, sequence(b"\x02\x02\x00\x01", evidence.utc(NOW))
        ),
        **{f"idp_{n}": scoped(ca, *fields) for n, fields in enumerate(idp)},
    }


@pytest.mark.parametrize("case", sorted(malformed(evidence.authority())))
def test_malformed_crl_is_unknown(ca, leaf, case):
    octets = malformed(ca)[case]
    assert code(judge(ca, leaf, octets)) == "revocation.crl_malformed"
    with pytest.raises(MalformedCrl):
        certificate_list.read(octets)


def test_version_3_crl_is_malformed(ca, leaf):
    octets = evidence.crl(ca, version=b"\x02\x01\x02")
    assert code(judge(ca, leaf, octets)) == "revocation.crl_malformed"


@pytest.mark.parametrize(
    "extensions",
    [
        extension("2.5.29.21", b"\x0a\x00"),
        extension("2.5.29.21", b"\x02\x01\x01"),
        extension("1.3.6.1.4.1.55555.1", b"") * 2,
    ],
    ids=["reason_empty", "reason_is_no_enumerated", "extension_twice"],
)
def test_certificate_with_a_malformed_entry_is_unknown(ca, leaf, extensions):
    octets = evidence.crl(ca, evidence.crl_entry(SERIAL, extensions=extensions))
    assert code(judge(ca, leaf, octets)) == "revocation.crl_malformed"


def test_malformed_entry_with_a_critical_extension_voids_the_crl(ca, leaf):
    critical = extension("2.5.29.21", b"\x0a\x00", critical=True)
    octets = evidence.crl(ca, evidence.crl_entry(5, extensions=critical))
    assert code(judge(ca, leaf, octets)) == "revocation.crl_malformed"


@pytest.mark.parametrize(
    "entry",
    [
        sequence(b"\x02\x01\x01", evidence.utc(NOW), sequence(), b"\x05\x00"),
        sequence(b"\x02\x01\x01", b"\x17\x0d26010100000xZ"),
        sequence(
            b"\x02\x01\x01",
            evidence.utc(NOW),
            sequence(
                extension("2.5.29.31", sequence(sequence(full_name(der.encode(0x86, b"\xff")))))
            ),
        ),
    ],
    ids=["fourth_field", "no_time", "text_not_ascii"],
)
def test_entry_that_is_none_is_malformed(entry):
    with pytest.raises(MalformedCrl):
        certificate_list.read_entry(entry)
