"""Certificates whose inner elements claim more octets than are there, or no moment."""

import pytest

from certs import der
from certs.certificate import parse
from certs.errors import MalformedCertificate
from certs.profiles.rules import Role
from tests.world import crooked_der, valid_world

CONTRACT = valid_world()[Role.CONTRACT]


def cut(data, stop):
    """The same certificate with its TBSCertificate ending at ``stop``, all headers agreeing."""
    start, end = der.whole(data, der.SEQUENCE)
    at, tbs_stop = der.expect(data, start, end, der.SEQUENCE)
    tbs = der.encode(der.SEQUENCE, data[at:stop])
    return der.encode(der.SEQUENCE, tbs + data[tbs_stop:])


@pytest.mark.parametrize("octets", [20, 31, 32, 60, 64, 100, 150, 200, 210])
def test_a_tbs_certificate_that_ends_early_is_refused(octets):
    data = CONTRACT.certificate.der
    names_stop = data.index(CONTRACT.certificate.issuer) + len(CONTRACT.certificate.issuer)
    for stop in (octets, names_stop + octets % 34):
        with pytest.raises(MalformedCertificate):
            parse(cut(data, stop))


def test_a_key_cut_short_is_refused():
    data = CONTRACT.certificate.der
    with pytest.raises(MalformedCertificate):
        parse(cut(data, data.index(CONTRACT.certificate.spki) + 60))


@pytest.mark.parametrize(
    "text", ["20261301000000Z", "20260230000000Z", "20260101240000Z", "2026010100000ZZ"]
)
def test_x16_a_generalized_time_that_names_no_moment_is_refused(text):
    element = der.encode(der.GENERALIZED_TIME, text.encode())
    with pytest.raises(MalformedCertificate):
        parse(crooked_der(CONTRACT, not_after=element))
