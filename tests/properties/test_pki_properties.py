"""Any bytes at a door of pki are a value or Malformed; any list comes back from its encoding."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

from certs.errors import Malformed
from certs.profiles.rules import Role
from pki.api.bodies import decode
from pki.api.forms import IssueForm, RevokeForm
from pki.authority.entries import Listed, Reason
from pki.authority.request import CertificationRequest, parse_csr
from pki.crl.encoding import encode
from pki.errors import SignerUnavailable
from pki.ocsp import request
from pki.ocsp.request import OcspRequest, parse, parse_path
from pki.signing.envelope import Cost, unseal
from tests.pki_wire import armoured, csr, question
from tests.world import valid_world

MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)
ALGORITHMS = [hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()]


@st.composite
def mutants(draw, whole):
    """A good value with some octets changed, taken out or put in."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(data)


@given(st.one_of(st.binary(max_size=200), mutants(question(nonce=b"n" * 16))))
def test_any_octets_are_an_ocsp_request_or_malformed(octets):
    with suppress(Malformed):
        assert isinstance(parse(octets), OcspRequest)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda algorithm: algorithm.name)
@given(nonce=st.none() | st.binary(min_size=1, max_size=128), data=st.data())
def test_request_that_is_compared_reads_as_one_that_is_read(algorithm, nonce, data):
    whole = question(algorithm=algorithm, nonce=nonce)
    assert parse(whole) == request._request(whole)
    octets = data.draw(mutants(whole))
    compared = None
    with suppress(Malformed):
        compared = request._usual(octets)
    if compared is not None:
        assert compared == request._request(octets)


@given(st.text(max_size=300))
def test_any_path_is_octets_or_malformed(path):
    with suppress(Malformed):
        assert isinstance(parse_path(path), bytes)


@given(st.one_of(st.binary(max_size=200), mutants(csr()), mutants(armoured(csr()))))
def test_any_octets_are_a_certification_request_or_malformed(octets):
    with suppress(Malformed):
        assert isinstance(parse_csr(octets), CertificationRequest)


@given(st.text(max_size=200))
def test_any_text_is_a_certification_request_or_malformed(text):
    with pytest.raises(Malformed):
        parse_csr(text)


@pytest.mark.parametrize("form", [IssueForm, RevokeForm])
@given(
    octets=st.one_of(
        st.binary(max_size=100),
        mutants(b'{"role":"contract","edition":"iso15118-2","csr":"x","not_after":null}'),
        mutants(b'{"reason":"superseded"}'),
    )
)
def test_any_body_is_a_form_or_malformed(form, octets):
    with suppress(Malformed):
        assert isinstance(decode(octets, form), form)


@given(st.binary(max_size=300))
def test_any_key_file_opens_or_says_that_it_does_not(octets):
    with pytest.raises(SignerUnavailable):
        unseal(octets, key_id="00" * 20, cost_min=Cost(), derive=lambda _: bytes(32))


@given(
    entries=st.dictionaries(
        st.integers(1, 2**159 - 1), st.tuples(st.sampled_from(Reason), MOMENTS), max_size=20
    ),
    number=st.integers(1, 2**63),
    now=MOMENTS,
)
def test_any_list_comes_back_as_it_was_encoded(entries, number, now):
    ca = valid_world()[Role.MO_SUB_2]
    listed = [Listed(serial, moment, reason) for serial, (reason, moment) in entries.items()]
    der = encode(
        listed,
        issuer=ca.certificate,
        number=number,
        this_update=now,
        next_update=now + timedelta(days=1),
        signer=ca.signer,
    )
    told = x509.load_der_x509_crl(der)
    assert [entry.serial_number for entry in told] == list(entries)
    assert [entry.revocation_date_utc for entry in told] == [m for _, m in entries.values()]
    assert told.last_update_utc == now
    assert told.is_signature_valid(ca.certificate.x509().public_key())
