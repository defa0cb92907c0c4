"""Any octets and any fields give a status, a value or Malformed; and agree with cryptography."""

from base64 import b64decode
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography import x509
from cryptography.x509 import ocsp as pyca_ocsp
from hypothesis import given
from hypothesis import strategies as st

from certs.errors import MalformedCrl, MalformedHashData, MalformedOcsp, TooLarge
from certs.revocation import certificate_list, crl, hash_data, ocsp_request, ocsp_response
from certs.revocation.hash_data import HashAlgorithm, HashData
from certs.revocation.hash_dialects import readings
from certs.revocation.ocsp import judge_response
from certs.revocation.ocsp_request import OcspQuestion, decode_request, encode_request
from certs.revocation.ocsp_response import ResponseStatus
from certs.revocation.status import Good, Revoked, Unknown
from tests import evidence
from tests.evidence import NOW

SCENE = evidence.scene()
DELEGATE = evidence.delegate(SCENE.ca)
RESPONSES = (
    SCENE.answer(nonce=b"nonce"),
    SCENE.answer(evidence.revoked(), signer=DELEGATE),
    SCENE.answer(singles=(evidence.single(SCENE.question),) * 3),
)
CRL = evidence.crl(
    SCENE.ca,
    *(evidence.crl_entry(SCENE.leaf.serial + n, reason=n % 7) for n in (-1, 1, 2)),
    extensions=evidence.extension("2.5.29.28", evidence.sequence(b"\x81\x01\xff"), critical=True),
)
REQUEST = encode_request(
    *(
        OcspQuestion(
            hash_algorithm=algorithm,
            issuer_name_hash=bytes(algorithm.octets),
            issuer_key_hash=bytes(algorithm.octets),
            serial=5,
            nonce=b"nonce",
        )
        for algorithm in HashAlgorithm
    )
)
VECTORS = Path(cryptography_vectors.__file__).parent / "x509"


@st.composite
def mutants(draw, originals):
    """Octets near good ones: some replaced, removed or repeated."""
    octets = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(octets)))
        match draw(st.sampled_from(["replace", "remove", "insert"])):
            case "replace":
                octets[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case "remove":
                del octets[at : at + draw(st.integers(1, 8))]
            case _:
                octets[at:at] = draw(st.binary(min_size=1, max_size=8))
    return bytes(octets)


def judged(response):
    return judge_response(response, question=SCENE.question, issuer=SCENE.ca.certificate, now=NOW)


@given(st.binary(max_size=400) | mutants(RESPONSES))
def test_any_octets_are_a_status(response):
    """Changed octets are never believed: a status comes of the signed part unchanged only."""
    status = judged(response)
    if not isinstance(status, Unknown):
        answer = ocsp_response.read(response)
        assert not isinstance(answer, ResponseStatus)
        assert any(answer.tbs in original for original in RESPONSES)


@given(st.data())
def test_any_octets_of_a_signed_response_are_a_status(data):
    """The reader behind the signature check: what a malicious CA may sign."""
    tbs = data.draw(
        mutants(
            [
                evidence.response_data(
                    evidence.single(
                        SCENE.question,
                        data.draw(
                            st.sampled_from([evidence.GOOD, evidence.UNKNOWN, evidence.revoked()])
                        ),
                    ),
                    responder=evidence.by_name(SCENE.ca.certificate),
                    nonce=b"nonce",
                )
            ]
        )
    )
    status = judged(evidence.signed(tbs, SCENE.ca))
    assert isinstance(status, Good | Revoked | Unknown)


@given(st.binary(max_size=400) | mutants((CRL,)))
def test_any_octets_are_a_crls_status(octets):
    status = crl.judge(octets, certificate=SCENE.leaf, issuer=SCENE.ca.certificate, now=NOW)
    if not isinstance(status, Unknown):
        listed = certificate_list.read(octets)
        assert octets[slice(*listed.tbs)] in CRL


@given(st.data())
def test_any_octets_of_a_signed_crl_are_a_status(data):
    entry = evidence.crl_entry(SCENE.leaf.serial, reason=1)
    entries = [data.draw(mutants([entry])), data.draw(st.sampled_from([entry, b""]))]
    point = data.draw(
        mutants([evidence.extension("2.5.29.28", evidence.sequence(b"\x81\x01\xff"))])
    )
    octets = evidence.crl(SCENE.ca, *entries, extensions=data.draw(st.sampled_from([b"", point])))
    status = crl.judge(octets, certificate=SCENE.leaf, issuer=SCENE.ca.certificate, now=NOW)
    # Wherever the reader follows, a certificate that stands there is not good.
    if entries[1]:
        assert not isinstance(status, Good)


@given(st.binary(max_size=400) | mutants((REQUEST,)))
def test_any_octets_are_a_request_or_malformed(octets):
    try:
        request = decode_request(octets)
    except (MalformedOcsp, TooLarge):
        return
    assert 1 <= len(request.questions) <= ocsp_request.QUESTIONS_MAX


@given(
    st.sets(st.integers(1, 2**159), min_size=1, max_size=30),
    st.integers(1, 2**159),
)
def test_serials_are_found_exactly_as_cryptography_finds_them(serials, other):
    octets = evidence.crl(SCENE.ca, *(evidence.crl_entry(serial) for serial in serials))
    verified = crl.read(octets, issuer=SCENE.ca.certificate, now=NOW)
    assert isinstance(verified, crl.VerifiedCrl)
    stranger = x509.load_der_x509_crl(octets)
    for serial in (*serials, other):
        listed = stranger.get_revoked_certificate_by_serial_number(serial) is not None
        status = verified.status_of_serial(serial, now=NOW)
        assert isinstance(status, Revoked if listed else Good)


texts = st.text(max_size=140) | st.text("0123456789abcdefABCDEF=-_", max_size=140)
fields = st.fixed_dictionaries(
    {
        "hashAlgorithm": st.sampled_from(["SHA256", "SHA384", "SHA512"]) | texts,
        "issuerNameHash": texts | st.just("0a" * 32),
        "issuerKeyHash": texts | st.just("0A" * 32) | st.integers(),
        "serialNumber": texts | st.text("0123456789", min_size=1, max_size=40),
        "responderURL": texts | st.just(""),
    }
) | st.dictionaries(st.text(max_size=20), st.none() | texts)


@given(fields)
def test_any_fields_are_hash_data_or_malformed(given_fields):
    try:
        texts_read = hash_data.parse_fields(given_fields)
    except MalformedHashData:
        return
    found = readings(texts_read)
    assert len(found) <= 4
    assert len(set(found)) == len(found)
    try:
        parsed = hash_data.parse(given_fields)
    except MalformedHashData:
        return
    assert found[0].hash_data == parsed


@given(
    st.sampled_from(sorted(hash_data.OCPP_ALGORITHMS)).map(HashAlgorithm),
    st.data(),
    st.integers(0, 2**160 - 1),
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=512),
)
def test_hash_data_survives_ocpp(algorithm, data, serial, url):
    digests = st.binary(min_size=algorithm.octets, max_size=algorithm.octets)
    original = HashData(
        hash_algorithm=algorithm,
        issuer_name_hash=data.draw(digests),
        issuer_key_hash=data.draw(digests),
        serial=serial,
        responder_url=url,
    )
    assert hash_data.parse(hash_data.to_ocpp(original)) == original
    asked = ocsp_request.question_from(original)
    assert decode_request(encode_request(asked)).questions == (asked,)


def files(folder, word):
    return sorted(path for path in (VECTORS / folder).iterdir() if word in path.name)


# What cryptography reads, and why we do not: X.509 forbids an extension to stand twice, and no
# responder of ours indexes by an unknown hash. (It reads one question a request, we read four.)
REFUSED_REQUESTS = {
    "req-duplicate-ext.der": "malformed.ocsp",
    "req-invalid-hash-alg.der": "malformed.ocsp_hash_algorithm",
    "req-invalid-version.der": "malformed.ocsp",
}


@pytest.mark.parametrize("path", files("ocsp", "req"), ids=lambda path: path.name)
def test_foreign_requests_are_read_as_cryptography_reads_them(path):
    octets = path.read_bytes()
    if path.name in REFUSED_REQUESTS:
        with pytest.raises(MalformedOcsp) as refused:
            decode_request(octets)
        assert refused.value.code == REFUSED_REQUESTS[path.name]
        return
    ours = decode_request(octets)
    if path.name == "req-multi-sha1.der":
        assert len(ours.questions) > 1
        return
    theirs = pyca_ocsp.load_der_ocsp_request(octets)
    (question,) = ours.questions
    assert question.serial == theirs.serial_number
    assert question.issuer_name_hash == theirs.issuer_name_hash
    assert question.issuer_key_hash == theirs.issuer_key_hash
    nonces = [e.value.nonce for e in theirs.extensions if isinstance(e.value, x509.OCSPNonce)]
    assert ([] if ours.nonce is None else [ours.nonce]) == nonces


@pytest.mark.parametrize("path", files("ocsp", "resp-"), ids=lambda path: path.name)
def test_foreign_responses_are_read_as_cryptography_reads_them(path):
    """cryptography's corpus: real responders' answers, and broken ones refused by both."""
    octets = path.read_bytes()
    assert isinstance(judged(octets), Unknown)
    try:
        theirs = pyca_ocsp.load_der_ocsp_response(octets)
    except ValueError:
        with pytest.raises(MalformedOcsp):
            ocsp_response.read(octets)
        return
    ours = ocsp_response.read(octets)
    if isinstance(ours, ResponseStatus):
        assert ours.name == theirs.response_status.name
        return
    assert ours.tbs == theirs.tbs_response_bytes
    assert ours.signature == theirs.signature
    assert ours.produced_at == theirs.produced_at_utc
    assert ours.responder_key_hash == theirs.responder_key_hash
    assert len(ours.certificates) == len(theirs.certificates)
    for (_, single), one in zip(ours.singles, theirs.responses, strict=True):
        read = ocsp_response.read_single(single)
        assert read.status.name == one.certificate_status.name
        assert read.this_update == one.this_update_utc
        assert read.next_update == one.next_update_utc
        assert read.revoked_at == one.revocation_time_utc


def crl_files():
    found = []
    for path in files("custom", "crl"):
        octets = path.read_bytes()
        if path.suffix == ".pem":
            _, label, after = octets.partition(b"-----BEGIN X509 CRL-----")
            if not label:
                continue  # a certificate that names a CRL
            octets = b64decode(after.partition(b"-----END")[0])
        found.append(pytest.param(octets, id=path.name))
    return found


@pytest.mark.parametrize("octets", crl_files())
def test_foreign_crls_are_read_as_cryptography_reads_them(octets):
    assert isinstance(crl.read(octets, issuer=SCENE.ca.certificate, now=NOW), Unknown)
    try:
        theirs = x509.load_der_x509_crl(octets)
    except (ValueError, x509.InvalidVersion):
        with pytest.raises(MalformedCrl):
            certificate_list.read(octets)
        return
    listed = certificate_list.read(octets)
    assert octets[slice(*listed.tbs)] == theirs.tbs_certlist_bytes
    assert listed.this_update == theirs.last_update_utc
    assert listed.next_update == theirs.next_update_utc
    assert listed.signature == theirs.signature
