"""A request that may be sent again: its key, what it asked, and who works on it.

After draft-ietf-httpapi-idempotency-key-header-07.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from authz.errors import MalformedIdempotencyKey

KEY_CHARACTERS_MAX = 255
KEPT = timedelta(hours=24)  # how long a request that comes again is answered as it was
# How long nobody else works on a request that was begun and has not been answered: its process
# may have ended. Whoever comes late settles nothing, so this may be shorter than the slowest.
RESERVED = timedelta(seconds=10)

# A String of RFC 8941 3.3.3, as the draft has it; and what most clients send, the text alone.
_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])+)"')
_PLAIN = re.compile(r"[!#-\[\]-~]+")
# The same for the OpenAPI document, with a key's length.
KEY_PATTERN = r'^("[ !#-\[\]-~]{1,255}"|[!#-\[\]-~]{1,255})$'


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A request under a key, taken up. ``token`` tells whoever works on it from others."""

    tenant: str
    key: str
    fingerprint: bytes
    token: bytes


def parse_key(header: str) -> str:
    """The key in an Idempotency-Key header; MalformedIdempotencyKey where it holds none."""
    text = header.strip()
    quoted = _QUOTED.fullmatch(text)
    if quoted is not None:
        key = re.sub(r"\\(.)", r"\1", quoted[1])
    elif _PLAIN.fullmatch(text):
        key = text
    else:
        raise MalformedIdempotencyKey("Idempotency-Key is text in quotes")
    if len(key) > KEY_CHARACTERS_MAX:
        raise MalformedIdempotencyKey(f"an Idempotency-Key over {KEY_CHARACTERS_MAX} characters")
    return key


def fingerprint(body: bytes) -> bytes:
    """What is compared of two requests with one key."""
    return sha256(body).digest()
