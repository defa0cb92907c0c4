"""CRLs as users hand them over: a file, standard input, or an address; DER or PEM."""

import binascii
from base64 import b64decode

from certs.errors import MalformedCrl
from plugward import http, inputs

_BEGIN, _END = b"-----BEGIN X509 CRL-----", b"-----END X509 CRL-----"


def octets(source: str) -> bytes:
    """A CRL from a file, standard input or an address, its PEM taken off."""
    addressed = source.startswith(("http://", "https://"))
    given = http.fetch("GET", source) if addressed else inputs.read(source)
    start = given.find(_BEGIN)
    if start < 0:
        return given
    body = given[start + len(_BEGIN) : given.find(_END, start)]
    try:
        return b64decode(b"".join(body.split()), validate=True)
    except binascii.Error as bad:
        raise MalformedCrl("PEM that is not base64") from bad
