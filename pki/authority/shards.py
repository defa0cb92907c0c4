"""Which revocation list a certificate would stand on, and where that list is published.

An authority's lists are split by the serial number, so that the shard is fixed with the serial
and written into the certificate. Their number is fixed with the authority.
"""

from certs.certificate import Certificate
from pki.authority.entries import Issuer


def shard_of(serial: int, issuer: Issuer) -> int:
    """The shard of a certificate that this authority issues. Serials are drawn evenly."""
    return serial % issuer.crl_shards


def list_url(issuer: Issuer, shard: int, *, public_url: str) -> str:
    """Where a shard's list is published.

    Shard 0 has the address that the only list of an undivided authority has. An authority that is
    divided keeps the base it began with: its lists name their own address as their scope, and it
    has to be the one that stands in certificates (RFC 5280 6.3.3 b 2).
    """
    return f"{issuer.crl_base or public_url}/crl/{_name(issuer, shard)}.crl"


def delta_url(issuer: Issuer, shard: int, *, public_url: str) -> str:
    """Where the delta to a shard's earlier lists is published."""
    return f"{issuer.crl_base or public_url}/crl/{_name(issuer, shard)}.delta.crl"


def shard_named(certificate: Certificate, issuer: Issuer, *, public_url: str) -> int:
    """The shard whose list a certificate that came signed names; 0 where it names none of ours."""
    for shard in range(issuer.crl_shards):
        if list_url(issuer, shard, public_url=public_url) in certificate.crl_urls:
            return shard
    return 0


def _name(issuer: Issuer, shard: int) -> str:
    return f"{issuer.key_id}/{shard}" if shard else issuer.key_id
