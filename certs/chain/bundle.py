"""PEM bundles that say what an earlier one said but for the leaf's own values.

Base64 writes three octets in four characters, whatever stands around them. Where two leaves differ
in the holes of a frame alone, their texts differ in the groups of four that cover these holes and
nowhere else: the rest of the text, line ends included, is compared, and those groups are decoded.

Why this reads what pem.first() and certificate.parse() read from the same text: both texts have
one length and the same characters outside those groups, and what is inside them was decoded
strictly to the same number of octets, so it is base64 without line ends. The first block then ends
at the same place, holds the same groups of four, and what is behind it is the same. The octets put
together are the block's; outside the holes they are the earlier leaf's, those in the same groups
as values being compared once they are decoded.
"""

from binascii import Error, a2b_base64
from collections.abc import Iterable
from struct import Struct

from certs.certificate import Certificate, utc_time
from certs.chain.frame import Frame, frame
from certs.chain.roles import Use
from certs.edition import Edition
from certs.pem import BEGIN

Clue = tuple[bytes, bytes, Use, Edition | None]
_BODY = 28  # where a bundle's first block has its base64, behind BEGIN CERTIFICATE and a line feed
_BODY_STOP = _BODY + 20  # 15 octets on
_NEXT = 74  # how far behind it the next block's serial number is: END, BEGIN and 15 octets
_NEXT_STOP = _NEXT + 32


def clue(octets: bytes, use: Use, edition: Edition | None) -> Clue:
    """What to look a bundle's earlier one up by, for one use and the edition asked for.

    The leaf's first 15 octets, which are its lengths up to the serial number's, and a piece of the
    next certificate's, its serial number most of it. A key for finding, and no proof.
    """
    at = octets.find(b"-", _BODY)
    return octets[_BODY:_BODY_STOP], octets[at + _NEXT : at + _NEXT_STOP], use, edition


def _layouts(holes: Iterable[tuple[int, int]], size: int) -> tuple[Struct, Struct]:
    """What takes out of ``size`` octets those around the holes, and those inside."""
    around, inside, at = "", "", 0
    for start, stop in holes:
        around += f"{start - at}s{stop - start}x"
        inside += f"{start - at}x{stop - start}s"
        at = stop
    return Struct(f"{around}{size - at}s"), Struct(f"{inside}{size - at}x")


def _runs(positions: Iterable[int]) -> list[tuple[int, int]]:
    """Ascending positions as the start and stop of each run."""
    found: list[tuple[int, int]] = []
    for at in positions:
        if found and found[-1][1] == at:
            found[-1] = (found[-1][0], at + 1)
        else:
            found.append((at, at + 1))
    return found


class Bundle:
    """A bundle's text and its leaf's frame, with holes in the text where the frame has them.

    A plain class and not a dataclass, for the same reason as Certificate.
    """

    __slots__ = (
        "_data",
        "_decoded",
        "_edges",
        "_edges_of",
        "_frame",
        "_groups_of",
        "_rest",
        "_size",
        "_text",
        "_text_of",
        "_values_of",
    )

    def __init__(self, octets: bytes, rest: bytes, like: Frame) -> None:
        """Of the text ``octets``, whose first block is the frame's leaf, with ``rest`` behind."""
        data = like.leaf.der
        covered = {
            group for start, stop in like.holes for group in range(start // 3, (stop + 2) // 3)
        }
        self._frame, self._rest, self._size = like, rest, len(octets)

        # the text up to there: what is compared, and the groups of four that are decoded
        stop = octets.index(b"-", len(BEGIN))
        characters = [at for at in range(len(BEGIN), stop) if octets[at] not in b"\r\n"]
        grouped = [at for nth, at in enumerate(characters) if nth // 4 in covered]
        text, groups = _layouts(_runs(grouped), len(octets) - len(rest))
        self._text_of, self._groups_of = text.unpack_from, groups.unpack_from
        self._text = self._text_of(octets)

        # what these decode to: the values, and the octets at their edges, which are compared
        positions = [at for at in range(len(data)) if at // 3 in covered]
        decoded = bytes([data[at] for at in positions])
        place = {at: nth for nth, at in enumerate(positions)}
        holes = [(place[start], place[stop - 1] + 1) for start, stop in like.holes]
        edges, values = _layouts(holes, len(decoded))
        self._edges_of, self._values_of = edges.unpack, values.unpack
        self._edges = self._edges_of(decoded)
        self._decoded = len(decoded)

        # the certificate, to put the values into
        around, _ = _layouts(like.holes, len(data))
        self._data = b"%b".join([piece.replace(b"%", b"%%") for piece in around.unpack(data)])

    def read(self, octets: bytes) -> Certificate | None:
        """The leaf of a bundle that differs in the holes alone.

        None where more may differ, and where the reader would refuse a value.
        """
        if (
            len(octets) != self._size
            or not octets.endswith(self._rest)
            or self._text_of(octets) != self._text
        ):
            return None
        try:
            decoded = a2b_base64(b"".join(self._groups_of(octets)), strict_mode=True)
        except Error:
            return None
        if len(decoded) != self._decoded or self._edges_of(decoded) != self._edges:
            return None  # other padding, or other octets beside the values
        values = self._values_of(decoded)
        data = self._data % values
        leaf, _, codec, serial_min, serial_max, tbs, subject, spki = self._frame
        serial, not_before, not_after, common_name, key, key_id, signature = values
        number = int.from_bytes(serial)
        if not serial_min <= number <= serial_max:
            return None
        made = Certificate()
        try:
            made.not_before = utc_time(not_before)
            made.not_after = utc_time(not_after)
            made.common_names = (common_name.decode(codec),)
        except ValueError:  # no moment, or text outside its character set
            return None
        made.der = data
        made.tbs = data[tbs]
        made.version = 3
        made.serial = number
        made.signature_algorithm = leaf.signature_algorithm
        made.signature = signature
        made.issuer = leaf.issuer
        made.subject = data[subject]
        made.domain_components = leaf.domain_components
        made.spki = data[spki]
        made.key_kind = leaf.key_kind
        made.subject_public_key = key
        made.subject_key_id = key_id
        made.shape = leaf.shape
        made.quirks = leaf.quirks
        return made


def bundle(octets: bytes, rest: bytes, leaf: Certificate) -> Bundle | None:
    """What to read the next bundle of this leaf's issuer by.

    ``octets`` are the text that ``leaf`` is the first certificate of, ``rest`` those behind its
    block. None where text or leaf begin or stand unusually.
    """
    if not octets.startswith(BEGIN):
        return None
    known = frame(leaf)
    return None if known is None else Bundle(octets, rest, known)
