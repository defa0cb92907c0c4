"""Distinguished Encoding Rules, as much as certificates need, refusing what is not DER."""

from certs.errors import MalformedDer

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
OID = 0x06
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18
SEQUENCE = 0x30
SET = 0x31

LENGTH_OCTETS_MAX = 4  # a longer length names more than any cap of ours admits
OID_OCTETS_MAX = 64  # X.509 arcs are short; CVE-2026-23490 lived on endless continuation octets


def tlv(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """The element at ``at``: its tag octet, and where its content starts and stops.

    Lengths are definite and minimal (X.690 10.1); the content ends at or before ``end``.
    """
    try:
        tag = data[at]
        length = data[at + 1]
    except IndexError:
        raise MalformedDer(f"element cut short at octet {at}") from None
    start = at + 2
    if length > 0x7F:
        octets = length & 0x7F
        if octets == 0 or octets > LENGTH_OCTETS_MAX:
            raise MalformedDer(f"indefinite or oversized length at octet {at}")
        start += octets
        if start > end:
            raise MalformedDer(f"length cut short at octet {at}")
        length = int.from_bytes(data[at + 2 : start], "big")
        if length < 0x80 or length >> (8 * (octets - 1)) == 0:
            raise MalformedDer(f"length not minimal at octet {at}")
    stop = start + length
    if stop > end:
        raise MalformedDer(f"element at octet {at} runs past its container")
    if tag & 0x1F == 0x1F:
        raise MalformedDer(f"multi-octet tag at octet {at}")
    return tag, start, stop


def expect(data: bytes, at: int, end: int, tag: int) -> tuple[int, int]:
    """Where the content of the element at ``at`` starts and stops; its tag must be ``tag``."""
    # The common case in place, everything else (long lengths, what is wrong) the long way.
    start = at + 2
    if start <= end and data[at] == tag:
        length = data[at + 1]
        if length < 0x80:
            stop = start + length
            if stop <= end:
                return start, stop
        elif length == 0x82 and at + 4 <= end and data[start]:
            stop = at + 4 + (data[start] << 8 | data[at + 3])
            if stop <= end:
                return at + 4, stop
    seen, start, stop = tlv(data, at, end)
    if seen != tag:
        raise MalformedDer(f"tag {seen:#04x} at octet {at} where {tag:#04x} belongs")
    return start, stop


def whole(data: bytes, tag: int) -> tuple[int, int]:
    """The content of the one element that ``data`` is, with nothing after it."""
    start, stop = expect(data, 0, len(data), tag)
    if stop != len(data):
        raise MalformedDer("octets after the end")
    return start, stop


def children(data: bytes, start: int, stop: int, limit: int) -> list[tuple[int, int, int, int]]:
    """The elements between ``start`` and ``stop`` as (tag, at, content start, content stop)."""
    found = []
    at = start
    while at < stop:
        tag, begin, end = tlv(data, at, stop)
        found.append((tag, at, begin, end))
        if len(found) > limit:
            raise MalformedDer(f"more than {limit} elements in one container")
        at = end
    return found


def integer(content: bytes) -> int:
    """The INTEGER with this content, minimally encoded (X.690 8.3.2)."""
    if not content:
        raise MalformedDer("INTEGER without content")
    if len(content) > 1 and (
        (content[0] == 0 and content[1] < 0x80) or (content[0] == 0xFF and content[1] >= 0x80)
    ):
        raise MalformedDer("INTEGER not minimal")
    return int.from_bytes(content, "big", signed=True)


def boolean(content: bytes) -> bool:
    """The BOOLEAN with this content: 00 or FF and nothing else (X.690 11.1)."""
    if content == b"\xff":
        return True
    if content == b"\x00":
        return False
    raise MalformedDer("BOOLEAN is neither 00 nor FF")


def bit_string(content: bytes) -> bytes:
    """The octets of a BIT STRING without unused bits, as keys and signatures have it."""
    if not content or content[0] != 0:
        raise MalformedDer("BIT STRING with unused bits where whole octets belong")
    return content[1:]


def named_bits(content: bytes) -> int:
    """A named bit list as an integer whose bit n is the list's bit n (X.690 11.2.2)."""
    if not content or content[0] > 7 or (len(content) == 1 and content[0]):
        raise MalformedDer("BIT STRING with an impossible count of unused bits")
    if len(content) > 1:
        unused = content[0]
        if content[-1] & ((1 << unused) - 1):
            raise MalformedDer("BIT STRING with padding bits set")
        if not content[-1] & (1 << unused):
            raise MalformedDer("named bit list with trailing zero bits")
    bits = 0
    for index, octet in enumerate(content[1:]):
        for bit in range(8):
            if octet & (0x80 >> bit):
                bits |= 1 << (8 * index + bit)
    return bits


def oid(content: bytes) -> str:
    """The OBJECT IDENTIFIER with this content, dotted."""
    if not content or len(content) > OID_OCTETS_MAX or content[-1] & 0x80:
        raise MalformedDer("OBJECT IDENTIFIER empty, oversized or cut short")
    arcs = []
    value = 0
    fresh = True
    for octet in content:
        if fresh and octet == 0x80:
            raise MalformedDer("OBJECT IDENTIFIER arc not minimal")
        value = value << 7 | octet & 0x7F
        fresh = not octet & 0x80
        if fresh:
            arcs.append(value)
            value = 0
    head = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (head, arcs[0] - 40 * head, *arcs[1:]))


def encode(tag: int, content: bytes) -> bytes:
    """One element with a minimal length."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | octets)) + length.to_bytes(octets, "big") + content
