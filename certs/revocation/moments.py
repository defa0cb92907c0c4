"""Moments as OCSP responses and CRLs write them (RFC 5280 4.1.2.5, RFC 6960 4.2.2.1)."""

from datetime import datetime

from certs import der
from certs.errors import MalformedDer


def read(content: bytes, tag: int) -> datetime:
    """The UTCTime or GeneralizedTime with this content: with seconds, no fractions, Zulu."""
    text = content.decode("ascii", "replace")
    if tag == der.UTC_TIME and len(text) == 13:
        text = ("19" if text[0] >= "5" else "20") + text  # YY of 50 and above is 19YY
    elif tag != der.GENERALIZED_TIME or len(text) != 15:
        raise MalformedDer("neither UTCTime nor GeneralizedTime with seconds and without fractions")
    if not text[:14].isdecimal() or not text.isascii() or text[14] != "Z" or text[8:10] == "24":
        raise MalformedDer("not a time in Zulu")
    try:
        return datetime.fromisoformat(f"{text[:8]}T{text[8:]}")
    except ValueError as bad:
        raise MalformedDer("names no moment") from bad
