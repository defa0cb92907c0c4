"""Certificates as text: PEM bundles (RFC 7468) within size caps."""

import binascii
from base64 import b64encode
from collections.abc import Iterable

from certs.certificate import Certificate, Reading, parse
from certs.errors import MalformedPem, TooLarge

PEM_CHARACTERS_MAX = 64 * 1024  # a file of anchors; OCPP's 5,500 and 10,000 are its doors' to apply
CERTIFICATES_MAX = 64

BEGIN = b"-----BEGIN CERTIFICATE-----"
END = b"-----END CERTIFICATE-----"


def octets(text: str | bytes, *, characters_max: int = PEM_CHARACTERS_MAX) -> bytes:
    """PEM text as ASCII octets, measured before it is looked at."""
    if len(text) > characters_max:
        raise TooLarge(f"PEM over {characters_max} characters")
    if isinstance(text, bytes):
        return text.removeprefix(b"\xef\xbb\xbf")
    try:
        return text.removeprefix("\ufeff").encode("ascii")
    except UnicodeEncodeError as bad:
        raise MalformedPem("PEM holds characters outside ASCII") from bad


def block(text: bytes, at: int) -> tuple[bytes, int]:
    """The DER octets of the certificate block that begins at ``at``, and where it ends."""
    start = at + len(BEGIN)
    if not text.startswith(BEGIN, at):
        raise MalformedPem("a block that is no certificate")
    stop = text.find(b"-", start)  # base64 has none
    if not text.startswith(END, stop):
        raise MalformedPem("certificate block without its end, or with other than base64")
    body = text[start:stop].replace(b"\n", b"").replace(b"\r", b"")
    try:
        data = binascii.a2b_base64(body, strict_mode=True)
    except binascii.Error as bad:
        raise MalformedPem("certificate block that is not base64") from bad
    return data, stop + len(END)


def first(text: bytes) -> tuple[bytes, int]:
    """The DER octets of a bundle's first certificate, and where its block ends."""
    at = text.find(b"-----BEGIN ")
    if at < 0:
        raise MalformedPem("no certificate in the text")
    return block(text, at)


def following(text: bytes, stop: int) -> tuple[bytes, ...]:
    """The DER octets of the certificates behind a bundle's first, whose block ends at ``stop``."""
    found: list[bytes] = []
    at = text.find(b"-----BEGIN ", stop)
    while at >= 0:
        if len(found) + 1 == CERTIFICATES_MAX:
            raise TooLarge(f"more than {CERTIFICATES_MAX} certificates in one bundle")
        data, stop = block(text, at)
        found.append(data)
        at = text.find(b"-----BEGIN ", stop)
    if text.rfind(b"-----END ") > stop:
        raise MalformedPem("a block ends that never began")
    return tuple(found)


def certificates(
    text: str | bytes, *, characters_max: int = PEM_CHARACTERS_MAX
) -> tuple[bytes, ...]:
    """The DER octets of every certificate in a bundle, in order.

    The rule for what stands between blocks (RFC 7468 5.2, X25): explanatory lines are passed over,
    any other kind of block is refused, CRLF and a byte order mark are accepted, an empty bundle is
    refused. Raises MalformedPem, or TooLarge before anything is decoded.
    """
    rest = octets(text, characters_max=characters_max)
    data, stop = first(rest)
    return (data, *following(rest, stop))


def parse_chain(
    text: str | bytes,
    *,
    characters_max: int = PEM_CHARACTERS_MAX,
    reading: Reading = Reading.TOLERANT,
) -> tuple[Certificate, ...]:
    """Every certificate of a bundle, read; in the order given."""
    return tuple(parse(data, reading) for data in certificates(text, characters_max=characters_max))


def encode(chain: Iterable[Certificate]) -> str:
    """A PEM bundle of these certificates: lines of 64, LF."""
    lines = []
    for certificate in chain:
        body = b64encode(certificate.der).decode("ascii")
        lines.append(BEGIN.decode())
        lines += [body[i : i + 64] for i in range(0, len(body), 64)]
        lines.append(END.decode())
    return "\n".join(lines) + "\n"
