"""Bodies and OCPP's AuthorizeRequest: read whole, without leniency, within limits."""

import asyncio
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from authz import strict_json
from authz.api import bodies
from authz.authorize_request import read_question
from authz.errors import MalformedBody, MalformedQuestion, UnfinishedBody, UnsupportedBody
from authz.question import Question
from certs.errors import Malformed, TooLarge
from certs.revocation.hash_data import HashAlgorithm
from certs.revocation.hash_dialects import Dialect

TOKEN = {"idToken": "DE8AA001234567", "type": "eMAID"}
HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "ab" * 32,
    "issuerKeyHash": "cd" * 32,
    "serialNumber": "3041",
    "responderURL": "http://ocsp.example/",
}


def ask(**body) -> Question:
    return read_question(json.dumps({"idToken": TOKEN, **body}).encode())


def test_question_is_read():
    asked = ask(
        certificate="-----BEGIN", iso15118CertificateHashData=[HASHES], evseId="DE*PLW*E000001"
    )
    assert asked.emaid is not None
    assert asked.emaid.canonical == "DE8AA001234567"
    assert asked.chain_pem == "-----BEGIN"
    assert asked.evse_id is not None
    assert asked.evse_id.canonical == "DEPLWE000001"
    own, *dialects = asked.hashes[0]
    assert own.hash_data.hash_algorithm is HashAlgorithm.SHA256
    assert own.hash_data.serial == 0x3041
    assert not own.dialects
    assert {Dialect.DECIMAL_SERIAL} in [reading.dialects for reading in dialects]


def test_token_of_another_type_has_no_emaid():
    asked = ask(idToken={"idToken": "04A2B3", "type": "ISO14443"})
    assert asked.emaid is None
    assert asked.token_type == "ISO14443"


def test_letter_case_of_the_type_does_not_matter():
    assert ask(idToken={**TOKEN, "type": "EMAID"}).emaid is not None


def test_custom_data_and_additional_info_are_let_through():
    custom = {"vendorId": "x", "deep": {"a": [1, {"b": ":"}], "c": "\"'\\"}}
    info = {"additionalIdToken": "a:b", "type": "x", "customData": custom}
    token = {**TOKEN, "additionalInfo": [info, info], "customData": custom}
    hashes = {**HASHES, "customData": custom}
    asked = ask(idToken=token, customData=custom, iso15118CertificateHashData=[hashes])
    assert asked.emaid is not None


@pytest.mark.parametrize(
    "change",
    [
        {"tenant_id": "cpo-two"},
        {"idToken": {**TOKEN, "role": "admin"}},
        {"idToken": {"idToken": "DE8AA001234567"}},
        {"idToken": "DE8AA001234567"},
        {"idToken": {"idToken": 7, "type": "eMAID"}},
        {"idToken": {**TOKEN, "idToken": "x" * 256}},
        {"idToken": {**TOKEN, "type": "x" * 21}},
        {"idToken": {**TOKEN, "additionalInfo": [{"type": "x", "additionalIdToken": "y"}] * 17}},
        {"certificate": "x" * 10_001},
        {"certificate": None},
        {"iso15118CertificateHashData": []},
        {"iso15118CertificateHashData": [HASHES] * 5},
        {"iso15118CertificateHashData": [{**HASHES, "is_ca": True}]},
        {"iso15118CertificateHashData": HASHES},
        {"evseId": "x" * 40},
        {"evseId": 1},
    ],
    ids=lambda change: f"H03-{next(iter(change))}",
)
def test_h03_form_that_is_not_ocpps_is_refused(change):
    with pytest.raises(MalformedQuestion):
        ask(**change)


@pytest.mark.parametrize(
    "change",
    [
        {"idToken": {**TOKEN, "idToken": "not an eMAID"}},
        {"evseId": "socket 4"},
        {"iso15118CertificateHashData": [{**HASHES, "hashAlgorithm": "SHA1"}]},
        {"iso15118CertificateHashData": [{**HASHES, "issuerNameHash": "xyz"}]},
        {"iso15118CertificateHashData": [{**HASHES, "serialNumber": "0x3041"}]},
        {"iso15118CertificateHashData": [{**HASHES, "serialNumber": "1" * 41}]},
        {"iso15118CertificateHashData": [{**HASHES, "responderURL": "http://x/ y"}]},
        {"iso15118CertificateHashData": [{**HASHES, "responderURL": "h" * 2_001}]},
    ],
)
def test_field_that_is_not_what_it_claims_to_be_is_malformed(change):
    with pytest.raises(Malformed) as bad:
        ask(**change)
    assert not isinstance(bad.value, MalformedQuestion)


H05 = {
    "empty": b"",
    "no JSON": b"{",
    "text": b"hello",
    "deep": b'{"idToken":{"idToken":"a","type":"b"},"customData":' + b"[" * 10_000 + b"]" * 10_000,
    "deep customData": b'{"idToken":{"idToken":"DE8AA001234567","type":"eMAID"},"customData":'
    + b'{"a":' * 20_000
    + b"1"
    + b"}" * 20_000
    + b"}",
    "duplicate": b'{"idToken":{"idToken":"DE8AA001234567","type":"eMAID"},'
    b'"evseId":"DE*PLW*E1","evseId":"DE*PLW*E2"}',
    "duplicate token": b'{"idToken":{"idToken":"DE8AA001234567","idToken":"DE8AA009876543",'
    b'"type":"eMAID"}}',
    "duplicate spelled otherwise": b'{"idToken":{"idToken":"DE8AA001234567","idT\\u006fken":'
    b'"DE8AA009876543","type":"eMAID"}}',
    "duplicate beside a colon written as a number": b'{"idToken":{"idToken":"DE8AA001234567",'
    b'"type":"eMAID"},"certificate":"x","certificate":"a\\u003ab"}',
    "duplicate of the same chain": b'{"idToken":{"idToken":"DE8AA001234567","type":"eMAID"},'
    b'"certificate":"-----BEGIN a","certificate":"-----BEGIN a"}',
    "duplicate of another chain": b'{"idToken":{"idToken":"DE8AA001234567","type":"eMAID"},'
    b'"certificate":"-----BEGIN a:","certificate":"-----BEGIN a"}',
    "duplicate beside a chain with a colon": b'{"idToken":{"idToken":"DE8AA001234567",'
    b'"type":"eMAID"},"certificate":"x","certificate":"-----BEGIN \\u003a"}',
    "duplicate with colons": b'{"idToken":{"idToken":"DE8AA001234567","type":"eMAID"},'
    b'"certificate":"::::","certificate":"x"}',
    "duplicate customData": b'{"idToken":{"idToken":"DE8AA001234567","type":"eMAID"},'
    b'"customData":{"a":1},"customData":{"b":2}}',
    "NaN": b'{"idToken":{"idToken":"DE8AA001234567","type":"eMAID"},"customData":NaN}',
    "surrogate": b'{"idToken":{"idToken":"\\ud800","type":"eMAID"}}',
    "not UTF-8": b'{"idToken":{"idToken":"\xff","type":"eMAID"}}',
    "not UTF-8 in customData": b'{"idToken":{"idToken":"DE8AA001234567","type":"eMAID"},'
    b'"customData":{"a":"\xff"}}',
    "trailing": b'{"idToken":{"idToken":"DE8AA001234567","type":"eMAID"}} {}',
}


@pytest.mark.parametrize("body", H05.values(), ids=[f"H05-{name}" for name in H05])
def test_h05_json_that_readers_read_differently_is_refused(body):
    with pytest.raises(MalformedBody):
        read_question(body)


def test_h05_huge_numbers_are_refused_or_dropped_quickly():
    body = b'{"idToken":{"idToken":"DE8AA001234567","type":"eMAID"},"customData":{"a":%s}}'
    assert read_question(body % (b"1" * 60_000)).emaid is not None
    with pytest.raises(MalformedQuestion):
        read_question(b'{"idToken":' + b"1" * 60_000 + b"}")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@given(_JSON, st.booleans())
def test_members_are_counted_as_json_has_them(document, ascii_only):
    def count(value: object) -> int:
        if isinstance(value, dict):
            return len(value) + sum(map(count, value.values()))
        return sum(map(count, value)) if isinstance(value, list) else 0

    assert strict_json.members(json.dumps(document, ensure_ascii=ascii_only).encode()) == count(
        document
    )


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_octets_are_a_question_or_malformed(octets):
    try:
        read = read_question(octets)
    except Malformed as bad:
        read = bad.code
    assert isinstance(read, Question) or read.startswith("malformed.")


class Form(msgspec.Struct, forbid_unknown_fields=True):
    """A body of a cold route."""

    name: str


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"name":"a","name":"b"}', b'{"name":NaN}', b"\xff", b"[" * 100_000],
    ids=["H05-cut", "H05-duplicate", "H05-NaN", "H05-not UTF-8", "H05-deep"],
)
def test_h05_cold_routes_refuse_alike(body):
    with pytest.raises(MalformedBody):
        strict_json.decode(body, Form)


def test_cold_routes_take_their_form_and_nothing_more():
    assert strict_json.decode(b'{"name":"a"}', Form).name == "a"
    with pytest.raises(MalformedQuestion):
        strict_json.decode(b'{"name":"a","is_ca":true}', Form)
    with pytest.raises(MalformedQuestion) as bad:
        strict_json.decode(b'{"name":"a","%s":1}' % (b"x" * 5_000), Form)
    assert len(bad.value.detail) <= strict_json.DETAIL_CHARACTERS_MAX


# Reading -----------------------------------------------------------------------------------------


def receive(*parts: bytes | None):
    """An ASGI receive of these parts; None is a client that goes away."""
    left = list(parts)

    async def next_part():
        part = left.pop(0)
        if part is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": bool(left)}

    next_part.left = left
    return next_part


def read(parts, octets_max: int = 10, **headers: str) -> bytes:
    named = {"content_type": "application/json", **headers}
    scope = {"headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in named.items() if v]}
    return asyncio.run(bodies.read(scope, parts, octets_max=octets_max))


def test_body_is_read_in_one_part_or_many():
    assert read(receive(b"0123456789")) == b"0123456789"
    assert read(receive(b"01234", b"", b"56789")) == b"0123456789"
    assert read(receive(b"{}"), content_type="application/json; charset=utf-8") == b"{}"


@pytest.mark.parametrize(
    "parts",
    [[b"0123456789a"], [b"0123456789", b"a", b"never read"], [b"0123456789a", b"never read"]],
    ids=["H04-one part", "H04-chunked", "H04-first part"],
)
def test_h04_body_one_octet_over_its_cap_is_refused(parts):
    reader = receive(*parts)
    with pytest.raises(TooLarge):
        read(reader)
    assert b"never read" in reader.left or len(parts) == 1


def test_h04_declared_length_is_refused_before_anything_is_read():
    reader = receive(b"0123456789")
    with pytest.raises(TooLarge):
        read(reader, content_length="11")
    assert reader.left == [b"0123456789"]


def test_h04_lying_length_does_not_help():
    with pytest.raises(TooLarge):
        read(receive(b"0123456789", b"abc"), content_length="3")
    assert read(receive(b"01"), content_length="two") == b"01"


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "text/plain"},
        {"content_type": ""},
        {"content_encoding": "gzip"},
    ],
    ids=["form", "no form", "H04-gzip bomb"],
)
def test_body_in_another_form_is_refused(headers):
    with pytest.raises(UnsupportedBody):
        read(receive(b"{}"), **headers)


@pytest.mark.parametrize("parts", [[None], [b"{", None]], ids=["at once", "in the middle"])
def test_client_that_goes_away_leaves_no_question(parts):
    with pytest.raises(UnfinishedBody):
        read(receive(*parts))


def test_h07_dripping_client_is_let_go(monkeypatch):
    monkeypatch.setattr(bodies, "BODY_SECONDS_MAX", 0.05)
    parts = iter([{"type": "http.request", "body": b"{", "more_body": True}])

    async def drip():
        part = next(parts, None)
        if part is None:
            await asyncio.sleep(5)
        return part

    with pytest.raises(UnfinishedBody):
        read(drip)
