"""Reading a revocation list back before it is shown, and holding it against the register."""

from collections.abc import Iterator
from itertools import starmap, zip_longest
from operator import eq

from certs import der
from certs.certificate import Certificate
from certs.errors import Malformed
from certs.keys import Signer
from certs.revocation import certificate_list, signatures
from certs.revocation.certificate_list import CertificateList, Scope
from pki.crl.encoding import Kind
from pki.errors import Unavailable

_LONG = 0x80  # from here on a length is written in more than one octet


def check(
    encoded: bytes,
    serials: Iterator[int],
    *,
    issuer: Certificate,
    signer: Signer,
    number: int,
    kind: Kind,
) -> None:
    """Unavailable where a list is not the one that was to be made (C11).

    Read as relying parties read it: its form, its signature under the issuer's certificate, its
    number and its kind; and that its entries are ``serials``, one for one, which are the
    register's at the moment of asking.
    """
    try:
        listed = certificate_list.read(encoded)
        base = certificate_list.base_number(listed)
    except Malformed as bad:
        raise Unavailable("the list does not read back", code="unavailable.crl") from bad
    start, stop = listed.tbs
    named = None if kind.scope_url is None else (kind.scope_url,)
    if (
        (listed.number, base, listed.scope) != (number, kind.base, Scope(distribution_point=named))
        or not signatures.same_name(listed.issuer, issuer.subject)
        or signer.public_key != issuer.public_key()
        or not signatures.signed_by(
            issuer,
            algorithm=listed.signature_algorithm,
            signature=listed.signature,
            data=encoded[start:stop],
        )
        or not all(starmap(eq, zip_longest(_serials(listed), serials)))
    ):
        raise Unavailable("the list does not say what it should", code="unavailable.crl")


def _serials(listed: CertificateList) -> Iterator[int]:
    """The serials of a list's entries, in their order. The reader has checked the entries' form."""
    data = listed.data
    at, stop = listed.entries
    while at < stop:
        length = data[at + 1]
        begin, end = at + 2, at + 2 + length
        if length >= _LONG:  # no entry of ours is, but then another serial is read than was listed
            _, begin, end = der.tlv(data, at, stop)
        first = begin + 2  # tag and length: a serial has at most 20 octets
        yield int.from_bytes(data[first : first + data[begin + 1]], "big", signed=True)
        at = end
