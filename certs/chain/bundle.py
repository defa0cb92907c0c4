"""PEM bundles that say what an earlier one said but for the leaf's own values.

Base64 writes three octets in four characters, whatever stands around them. Where two leaves differ
in the holes of a frame alone, their texts differ in the groups of four that cover these holes and
nowhere else: the rest of the text, line ends included, is compared, and those groups are decoded.

Why this reads what pem.first() and certificate.parse() read from the same text: both texts have
one length and the same characters outside those groups, and what is inside them was decoded
strictly to the same number of octets, so it is base64 without line ends. The first block then ends
at the same place, holds the same groups of four, and what is behind it is the same. The octets put
together are the block's, and the frame compares them with the earlier leaf's.
"""

import binascii
from collections.abc import Iterable
from itertools import groupby
from struct import Struct

from certs.certificate import Certificate
from certs.chain.frame import Frame, frame
from certs.pem import BEGIN

Clue = tuple[bytes, bytes]
_BODY = 28  # where a bundle's first block has its base64, behind BEGIN CERTIFICATE and a line feed
_NEXT = 74  # how far behind it the next block's serial number is: END, BEGIN and 15 octets


def clue(octets: bytes) -> Clue:
    """What to look a bundle's earlier one up by.

    The leaf's first 15 octets, which are its lengths up to the serial number's, and a piece of the
    next certificate's, its serial number most of it. A key for finding, and no proof.
    """
    at = octets.find(b"-", _BODY) + _NEXT
    return octets[_BODY : _BODY + 20], octets[at : at + 32]


def _layouts(inside: Iterable[bool]) -> tuple[Struct, Struct]:
    """What takes out the runs of octets that are outside, and those that are inside."""
    runs = [(kind, sum(1 for _ in run)) for kind, run in groupby(inside)]
    return (
        Struct("".join([f"{count}{'x' if kind else 's'}" for kind, count in runs])),
        Struct("".join([f"{count}{'s' if kind else 'x'}" for kind, count in runs])),
    )


class Bundle:
    """A bundle's text and its leaf's frame, with holes in the text where the frame has them.

    A plain class and not a dataclass, for the same reason as Certificate.
    """

    __slots__ = (
        "_decoded",
        "_frame",
        "_inside",
        "_outside",
        "_parts",
        "_pieces",
        "_rest",
        "_size",
        "_text",
    )

    def __init__(self, octets: bytes, rest: bytes, data: bytes, frame: Frame) -> None:
        """Of the text ``octets``, whose first block is ``data`` and is followed by ``rest``."""
        covered = {
            group for start, stop in frame.holes for group in range(start // 3, (stop + 2) // 3)
        }
        stop = octets.find(b"-", len(BEGIN))
        inside = []
        characters = 0
        for at in range(len(octets) - len(rest)):
            counts = len(BEGIN) <= at < stop and octets[at] not in b"\r\n"
            inside.append(counts and characters // 4 in covered)
            characters += counts
        outside, within = _layouts(inside)
        self._outside, self._inside = outside.unpack_from, within.unpack_from
        self._text = self._outside(octets)
        self._rest = rest
        self._size = len(octets)
        around, parts = _layouts([at // 3 in covered for at in range(len(data))])
        # a certificate begins outside the holes and ends inside: constant, part, constant, part
        self._pieces = [
            piece
            for pair in zip(around.unpack(data), parts.unpack(data), strict=True)
            for piece in pair
        ]
        self._decoded = sum(map(len, self._pieces[1::2]))
        self._parts = Struct("".join([f"{len(part)}s" for part in self._pieces[1::2]])).unpack
        self._frame = frame

    def read(self, octets: bytes) -> Certificate | None:
        """The leaf of a bundle that differs in the holes alone; None where more may differ."""
        if len(octets) != self._size or not octets.endswith(self._rest):
            return None
        if self._outside(octets) != self._text:
            return None
        try:
            decoded = binascii.a2b_base64(b"".join(self._inside(octets)), strict_mode=True)
        except binascii.Error:
            return None
        if len(decoded) != self._decoded:  # other padding
            return None
        pieces = self._pieces.copy()
        pieces[1::2] = self._parts(decoded)
        return self._frame.fill(b"".join(pieces))


def bundle(octets: bytes, rest: bytes, leaf: Certificate) -> Bundle | None:
    """What to read the next bundle of this leaf's issuer by.

    ``octets`` are the text that ``leaf`` is the first certificate of, ``rest`` those behind its
    block. None where text or leaf begin or stand unusually.
    """
    if not octets.startswith(BEGIN):
        return None
    known = frame(leaf)
    return None if known is None else Bundle(octets, rest, leaf.der, known)
