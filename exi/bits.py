"""Bits as text: a message is unfolded once into '0' and '1' characters and folded back at the end.

EXI's fields start at any bit. In Python slicing a string of bits and looking the slice up in a dict
is faster than shifting and masking numbers, and it reads like the bit traces in the standards.
"""

from typing import Final

from exi.errors import Malformed

OCTET_BITS: Final = tuple(format(octet, "08b") for octet in range(256))
OCTETS: Final = {text: octet for octet, text in enumerate(OCTET_BITS)}


def unfold(data: bytes) -> str:
    """Eight characters an octet."""
    return format(int.from_bytes(data, "big"), f"0{8 * len(data)}b") if data else ""


def fold(bits: str) -> bytes:
    """Octets, the last one padded with zeros."""
    count = (len(bits) + 7) // 8
    return int(bits.ljust(8 * count, "0"), 2).to_bytes(count, "big") if bits else b""


def code_width(count: int) -> int:
    """Bits of an event code among ``count`` productions."""
    return (count - 1).bit_length() if count > 1 else 0


def truncated(bits: str, at: int, wanted: int) -> Malformed:
    """What is raised where ``wanted`` bits do not fit before the end."""
    return Malformed(
        "exi.truncated",
        f"{wanted} bits wanted, {max(0, len(bits) - at)} there",
        bit_offset=min(at, len(bits)),
    )


def write_number(value: int, width: int) -> str:
    """An unsigned number in ``width`` bits, most significant first."""
    return format(value, f"0{width}b") if width else ""


def read_number(bits: str, at: int, width: int) -> tuple[int, int]:
    """The number in ``width`` bits at ``at``, and where it ends."""
    end = at + width
    if end > len(bits):
        raise truncated(bits, at, width)
    return (int(bits[at:end], 2) if width else 0), end


def write_unsigned(value: int) -> str:
    """EXI 7.1.6: groups of seven bits, least significant first, high bit set while more follow."""
    if value < 128:
        return OCTET_BITS[value]
    groups = []
    while value > 127:
        groups.append(OCTET_BITS[value & 127 | 128])
        value >>= 7
    groups.append(OCTET_BITS[value])
    return "".join(groups)


def read_unsigned(bits: str, at: int, groups_max: int) -> tuple[int, int]:
    """The unsigned integer at ``at``, and where it ends.

    Raises Malformed for more than ``groups_max`` groups, and for a superfluous last one: then two
    byte strings would be one message.
    """
    group = OCTETS.get(bits[at : at + 8], 256)
    if group < 128:
        return group, at + 8
    value = 0
    start = at
    for shift in range(0, 7 * groups_max, 7):
        group = OCTETS.get(bits[at : at + 8], 256)
        if group == 256:
            raise truncated(bits, at, 8)
        at += 8
        value |= (group & 127) << shift
        if group < 128:
            if group == 0:
                raise Malformed(
                    "exi.integer_not_minimal", "its last group is zero", bit_offset=start
                )
            return value, at
    raise Malformed(
        "exi.integer_too_long", f"more than {groups_max} groups of 7 bits", bit_offset=start
    )
