"""The CRL adapter before issuers that split their revocations into several lists."""

import asyncio

import pytest

from authz.adapters.crl import CrlClient
from authz.outbound_rule import OutboundRule, target
from certs.keys import SoftwareSigner
from certs.revocation.status import Good, Revoked, Unknown
from pki.authority.entries import Listed, Reason
from pki.crl.encoding import Kind, encode
from tests import evidence
from tests.evidence import HOUR, NOW

ONE, OTHER = "http://pki.example/crl/a.crl", "http://pki.example/crl/a/1.crl"


class Publisher:
    """The memory twin of what fetches: lists at addresses, and which of them were asked for."""

    def __init__(self):
        self.ca = evidence.authority()
        self.published = {}
        self.asked = []

    def leaf(self, serial, url):
        return evidence.leaf(self.ca, serial, crl_url=url)

    def publish(self, url, *serials, number=1, scope=None, until=NOW + HOUR):
        self.published[url] = encode(
            [Listed(serial, NOW - HOUR, Reason.SUPERSEDED) for serial in serials],
            issuer=self.ca.certificate,
            number=number,
            this_update=NOW - HOUR,
            next_update=until,
            signer=SoftwareSigner(self.ca.key),
            kind=Kind(scope_url=scope or url),
        )

    async def fetch(self, ask, *, deadline_seconds):
        url = f"http://{ask.target.host}{ask.target.path}"
        assert deadline_seconds == 1.0
        self.asked.append(url)
        return self.published[url]


class NoTable:
    """The memory twin of a table of lists that holds none."""

    async def find(self, _issuer, _at):
        return None

    async def keep(self, _issuer, _at, _octets, _proof):
        """Not kept."""


@pytest.fixture
def publisher():
    return Publisher()


@pytest.fixture
def client(publisher):
    return CrlClient(
        publisher, bytes_max=65_536, lists=NoTable(), random=lambda: 0.0, tampered=pytest.fail
    )


def status(client, publisher, leaf, url=None, *, now=NOW):
    place = (target(url or leaf.crl_urls[0]), OutboundRule(prefix=target("http://pki.example/")))
    issuer = publisher.ca.certificate
    asked = client.status(leaf, issuer, place=place, now=now, deadline_seconds=1.0)
    return asyncio.run(asked)


def test_c05_each_certificate_is_judged_by_the_list_it_names(client, publisher):
    publisher.publish(ONE, 100)
    publisher.publish(OTHER, 201)
    for serial, url, found in [
        (100, ONE, Revoked),
        (200, OTHER, Good),
        (101, ONE, Good),
        (201, OTHER, Revoked),
    ]:
        told = status(client, publisher, publisher.leaf(serial, url))
        assert isinstance(told, found), told
    assert publisher.asked == [ONE, OTHER]  # each fetched once


def test_c05_list_of_another_shard_says_nothing(client, publisher):
    """Put at a certificate's address by whoever, or configured for the whole issuer."""
    publisher.publish(OTHER, scope=ONE)
    publisher.publish(ONE)
    leaf = publisher.leaf(200, OTHER)
    for url in (OTHER, ONE):
        told = status(client, publisher, leaf, url)
        assert isinstance(told, Unknown)
        assert told.code == "revocation.crl_out_of_scope"


def test_c03_numbers_are_remembered_by_place(client, publisher):
    publisher.publish(ONE, number=9)
    publisher.publish(OTHER, number=3)
    assert isinstance(status(client, publisher, publisher.leaf(100, ONE)), Good)
    assert isinstance(status(client, publisher, publisher.leaf(200, OTHER)), Good)
    publisher.publish(ONE, number=8, until=NOW + 9 * HOUR)
    told = status(client, publisher, publisher.leaf(100, ONE), now=NOW + 2 * HOUR)
    assert isinstance(told, Unknown)
    assert told.code == "revocation.crl_number_regressed"
