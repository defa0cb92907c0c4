"""OCSP requests as we send them, and as a responder reads them."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import OCSPNonce, load_der_x509_certificate, ocsp

from certs import der
from certs.errors import MalformedOcsp, TooLarge
from certs.revocation import hash_data
from certs.revocation.hash_data import HashAlgorithm
from certs.revocation.ocsp_request import (
    OcspQuestion,
    decode_request,
    encode_integer,
    encode_nonce,
    encode_request,
    question_for,
    question_from,
)
from tests import evidence
from tests.evidence import sequence

PYCA = {
    HashAlgorithm.SHA1: hashes.SHA1,
    HashAlgorithm.SHA256: hashes.SHA256,
    HashAlgorithm.SHA384: hashes.SHA384,
    HashAlgorithm.SHA512: hashes.SHA512,
}


@pytest.fixture(scope="module")
def scene():
    return evidence.scene()


def question(serial, algorithm=HashAlgorithm.SHA256, nonce=None):
    return OcspQuestion(
        hash_algorithm=algorithm,
        issuer_name_hash=bytes(algorithm.octets),
        issuer_key_hash=bytes(algorithm.octets),
        serial=serial,
        nonce=nonce,
    )


@pytest.mark.parametrize("algorithm", list(HashAlgorithm))
@pytest.mark.parametrize("nonce", [None, b"n", bytes(128)], ids=["bare", "short", "long"])
def test_request_is_octet_for_octet_what_cryptography_builds(scene, algorithm, nonce):
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        load_der_x509_certificate(scene.leaf.der),
        load_der_x509_certificate(scene.ca.certificate.der),
        PYCA[algorithm](),
    )
    if nonce is not None:
        builder = builder.add_extension(OCSPNonce(nonce), critical=False)
    asked = question_for(scene.leaf, scene.ca.certificate, hash_algorithm=algorithm, nonce=nonce)
    assert encode_request(asked) == builder.build().public_bytes(Encoding.DER)


def test_request_from_ocpps_fields_alone_is_the_same(scene):
    data = hash_data.of(scene.leaf, scene.ca.certificate, HashAlgorithm.SHA384)
    fields = hash_data.to_ocpp(data)
    asked = question_from(hash_data.parse(fields), nonce=b"n")
    with_certificates = question_for(
        scene.leaf, scene.ca.certificate, hash_algorithm=HashAlgorithm.SHA384, nonce=b"n"
    )
    assert asked == with_certificates
    assert encode_request(asked) == encode_request(with_certificates)


def test_four_questions_travel_in_one_request_and_five_do_not():
    asked = [question(serial, nonce=b"one nonce") for serial in range(1, 6)]
    read = decode_request(encode_request(*asked[:4]))
    assert [one.serial for one in read.questions] == [1, 2, 3, 4]
    assert read.nonce == b"one nonce"
    with pytest.raises(ValueError, match="1 to 4"):
        encode_request(*asked)
    with pytest.raises(ValueError, match="1 to 4"):
        encode_request()


def test_questions_of_one_request_share_their_nonce():
    with pytest.raises(ValueError, match="nonce"):
        encode_request(question(1, nonce=b"a"), question(2, nonce=b"b"))


@pytest.mark.parametrize("octets", [0, 129])
def test_o12_nonce_outside_rfc_9654_is_not_sent(octets):
    with pytest.raises(ValueError, match="nonce"):
        question(1, nonce=bytes(octets))


@pytest.mark.parametrize("field", ["issuer_name_hash", "issuer_key_hash"])
def test_question_with_a_digest_of_another_algorithm_is_a_mistake(field):
    parts = {"issuer_name_hash": bytes(32), "issuer_key_hash": bytes(32), field: bytes(20)}
    with pytest.raises(ValueError, match="32 octets"):
        OcspQuestion(hash_algorithm=HashAlgorithm.SHA256, serial=1, **parts)


@pytest.mark.parametrize("algorithm", list(HashAlgorithm))
def test_request_is_read_back(algorithm):
    asked = question(0x3041, algorithm)
    read = decode_request(encode_request(asked))
    assert read.questions == (asked,)
    assert read.nonce is None


@pytest.mark.parametrize("value", [0, 1, 127, 128, 255, 256, -1, -128, -129, 2**159])
def test_integers_are_encoded_minimally(value):
    encoded = encode_integer(value)
    assert der.integer(encoded[2:]) == value


# What a responder meets


def request(*requests, extensions=b"", before=b"", after=b""):
    more = der.encode(0xA2, sequence(extensions)) if extensions else b""
    return sequence(sequence(before, sequence(*requests), more), after)


def one(serial=1, *, more=b""):
    return sequence(question(serial).cert_ids[0], more)


def test_o11_parameters_may_be_absent():
    asked = question(5)
    assert decode_request(request(sequence(asked.cert_ids[1]))).questions == (asked,)


def test_version_requestor_and_signature_are_passed_over():
    version = der.encode(0xA0, b"\x02\x01\x00")
    requestor = der.encode(0xA1, b"\x82\x00")
    read = decode_request(request(one(), before=version + requestor, after=b"\xa0\x00"))
    assert read.questions == (question(1),)


def test_extensions_that_ask_for_more_are_passed_over():
    wishes = evidence.extension("1.3.6.1.5.5.7.48.1.4", sequence(), critical=True)
    wishes += evidence.extension("1.3.6.1.4.1.55555.1", b"")
    wishes += encode_nonce(b"nonce")
    assert decode_request(request(one(), extensions=wishes)).nonce == b"nonce"
    locator = der.encode(0xA0, sequence(evidence.extension("1.3.6.1.5.5.7.48.1.7", sequence())))
    assert decode_request(request(one(more=locator))).questions == (question(1),)


def test_o20_thousand_questions_are_refused():
    with pytest.raises(TooLarge):
        decode_request(request(*(one(n) for n in range(1000))))
    with pytest.raises(MalformedOcsp):
        decode_request(request(*(one(n) for n in range(5))))
    read = decode_request(request(*(one(n) for n in range(5))), questions_max=5)
    assert len(read.questions) == 5


def test_o20_hundred_kilobytes_are_not_read():
    with pytest.raises(TooLarge):
        decode_request(bytes(100_000))


@pytest.mark.parametrize("octets", [0, 129])
def test_o12_nonce_outside_rfc_9654_is_refused_by_its_code(octets):
    with pytest.raises(MalformedOcsp) as refused:
        decode_request(request(one(), extensions=encode_nonce(bytes(octets))))
    assert refused.value.code == "malformed.ocsp_nonce"


def test_nonce_that_is_no_octet_string_is_refused_by_its_code():
    raw = evidence.extension("1.3.6.1.5.5.7.48.1.2", b"nonce")
    with pytest.raises(MalformedOcsp) as refused:
        decode_request(request(one(), extensions=raw))
    assert refused.value.code == "malformed.ocsp_nonce"


def test_unknown_critical_extension_is_refused_by_its_code():
    unknown = evidence.extension("1.3.6.1.4.1.55555.1", b"", critical=True)
    for octets in (
        request(one(), extensions=unknown),
        request(one(more=der.encode(0xA0, sequence(unknown)))),
    ):
        with pytest.raises(MalformedOcsp) as refused:
            decode_request(octets)
        assert refused.value.code == "malformed.ocsp_critical_extension"


def test_hash_that_is_not_served_is_refused_by_its_code():
    sha224 = sequence(evidence.oid("2.16.840.1.101.3.4.2.4"), b"\x05\x00")
    digest = der.encode(der.OCTET_STRING, bytes(28))
    octets = request(sequence(sequence(sha224, digest, digest, b"\x02\x01\x01")))
    with pytest.raises(MalformedOcsp) as refused:
        decode_request(octets)
    assert refused.value.code == "malformed.ocsp_hash_algorithm"


def cert_id(*, name=32, key=32, serial=b"\x02\x01\x01", more=b""):
    sha256 = bytes.fromhex("300d06096086480165030402010500")
    return sequence(
        sha256,
        der.encode(der.OCTET_STRING, bytes(name)),
        der.encode(der.OCTET_STRING, bytes(key)),
        serial,
        more,
    )


_NONCE = encode_nonce(b"nonce")
_URL = sequence(sequence(evidence.oid("1.3.6.1.5.5.7.48.1"), b"\x86\x01\xff"))
MALFORMED = {
    "empty": b"",
    "no_sequence": b"\x31\x00",
    "no_field": sequence(),
    "first_field_is_no_sequence": sequence(b"\x05\x00"),
    "second_field_is_no_signature": request(one(), after=b"\x05\x00"),
    "no_request_list": sequence(sequence()),
    "version_2": request(one(), before=der.encode(0xA0, b"\x02\x01\x01")),
    "no_request": request(),
    "request_is_no_sequence": request(b"\x05\x00"),
    "unknown_field": sequence(sequence(sequence(one()), b"\xa3\x00")),
    "octets_after_extensions": sequence(
        sequence(sequence(one()), der.encode(0xA2, sequence() + b"\x05\x00"))
    ),
    "extension_twice": request(one(), extensions=_NONCE + _NONCE),
    "extension_is_no_extension": request(one(), extensions=b"\x05\x00"),
    "url_that_is_not_ascii": request(
        one(), extensions=evidence.extension("1.3.6.1.5.5.7.1.1", _URL)
    ),
    "single_extensions_of_another_tag": request(one(more=b"\xa1\x00")),
    "field_after_single_extensions": request(one(more=der.encode(0xA0, sequence()) + b"\x05\x00")),
    "cert_id_without_serial": request(sequence(cert_id(serial=b""))),
    "cert_id_with_a_fifth_field": request(sequence(cert_id(more=b"\x02\x01\x01"))),
    "short_name_hash": request(sequence(cert_id(name=31))),
    "short_key_hash": request(sequence(cert_id(key=20))),
    "serial_of_22_octets": request(sequence(cert_id(serial=b"\x02\x16" + b"\x01" * 22))),
    "serial_not_minimal": request(sequence(cert_id(serial=b"\x02\x02\x00\x01"))),
}


@pytest.mark.parametrize("case", sorted(MALFORMED))
def test_malformed_request_is_refused(case):
    with pytest.raises(MalformedOcsp):
        decode_request(MALFORMED[case])
