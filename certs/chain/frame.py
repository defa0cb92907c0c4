"""The octets that the leaves of one issuer share, so that the next leaf is read by comparison.

A mobility operator's contract certificates differ in serial number, validity, common name, key,
subjectKeyIdentifier and signature, and in nothing else. A frame is a leaf that was read in full
and found valid, with holes of a fixed width where those values stand. Octets of the same size that
equal it outside the holes are read by filling the holes.

Why this reads what certificate.parse() reads and judges what verification.leaf_findings() judges:

1. Every tag and every length lies outside the holes. A hole is the content of one primitive
   element, or of a BIT STRING all but the count of unused bits. The reader finds its way by tags
   and lengths alone, so it would find the same elements at the same places.
2. What is derived from octets outside the holes is what was derived from the first leaf: version,
   algorithms, issuer, domain components, kind of key, extensions, quirks; and with size, use,
   edition and anchor being the same, every finding but those on validity and on the key's point.
3. What is derived from a hole is derived from that hole alone, and fill() derives it as the reader
   does: the serial number's range, the two UTCTimes, the characters of the common name. Validity,
   the key's point and the signature are for the caller to check, as of every leaf.

What does not fit is not refused: fill() returns None, and the octets are read in full.
"""

from struct import Struct
from typing import NamedTuple

from certs import der, extensions, names
from certs.certificate import SERIAL_OCTETS_MAX, Certificate, utc_time


class _Layout(NamedTuple):
    """Where a leaf's values stand."""

    holes: tuple[tuple[int, int], ...]  # start and stop of what differs, in encoded order
    codec: str  # of the common name
    tbs: slice
    subject: slice
    spki: slice


def _layout(leaf: Certificate) -> _Layout | None:
    """None where a leaf does not have each of the values exactly once and in its usual form."""
    data = leaf.der
    size = len(data)
    common_name = names.common_name_in(leaf.subject)
    if leaf.version != 3 or common_name is None:
        return None
    tbs, _ = der.whole(data, der.SEQUENCE)
    at, tbs_stop = der.expect(data, tbs, size, der.SEQUENCE)
    _, _, at = der.tlv(data, at, tbs_stop)  # version
    serial = der.expect(data, at, tbs_stop, der.INTEGER)
    at = serial[1] + len(leaf.signature_algorithm) + len(leaf.issuer)
    at, subject = der.expect(data, at, tbs_stop, der.SEQUENCE)
    first, first_start, first_stop = der.tlv(data, at, subject)
    last, last_start, last_stop = der.tlv(data, first_stop, subject)
    spki = subject + len(leaf.subject)
    spki_stop = spki + len(leaf.spki)
    key_id = extensions.own_in(data, spki_stop, tbs_stop)
    if key_id is None or not first == last == der.UTC_TIME:
        return None
    start, stop, codec = common_name
    return _Layout(
        holes=(
            serial,
            (first_start, first_stop),
            (last_start, last_stop),
            (subject + start, subject + stop),
            (spki_stop - len(leaf.subject_public_key), spki_stop),
            key_id,
            (size - len(leaf.signature), size),
        ),
        codec=codec,
        tbs=slice(tbs, tbs_stop),
        subject=slice(subject, spki),
        spki=slice(spki, spki_stop),
    )


class Frame:
    """A leaf with holes, and what is known of every leaf that equals it outside them.

    A plain class and not a dataclass, for the same reason as Certificate.
    """

    __slots__ = (
        "_codec",
        "_inside",
        "_leaf",
        "_least",
        "_most",
        "_octets",
        "_outside",
        "_size",
        "_spki",
        "_subject",
        "_tbs",
        "holes",
    )

    holes: tuple[tuple[int, int], ...]  # start and stop of each in the DER octets, in order

    def __init__(self, leaf: Certificate, layout: _Layout) -> None:
        outside, inside, at = "", "", 0
        for start, stop in layout.holes:
            outside += f"{start - at}s{stop - start}x"
            inside += f"{start - at}x{stop - start}s"
            at = stop
        self._outside = Struct(outside).unpack
        self._inside = Struct(inside).unpack
        self._size = at  # the signature stands last
        self._octets = self._outside(leaf.der)
        # the positive integers whose minimal encoding has the serial number's octets (X.690
        # 8.3.2), none over 20 octets without the sign's (RFC 5280 4.1.2.2)
        start, stop = layout.holes[0]
        bits = 8 * (stop - start)
        self._least = 1 << bits - 9 if bits > 8 else 1
        self._most = (1 << min(bits - 1, 8 * SERIAL_OCTETS_MAX)) - 1
        self._codec, self._tbs = layout.codec, layout.tbs
        self._subject, self._spki = layout.subject, layout.spki
        self._leaf = leaf
        self.holes = layout.holes

    def fill(self, data: bytes) -> Certificate | None:
        """The certificate that these octets are, or None where they do not fit the frame."""
        if len(data) != self._size or self._outside(data) != self._octets:
            return None
        serial, not_before, not_after, name, key, key_id, signature = self._inside(data)
        number = int.from_bytes(serial, "big")
        if not self._least <= number <= self._most:
            return None
        made = Certificate()
        try:
            made.not_before = utc_time(not_before.decode("ascii"))
            made.not_after = utc_time(not_after.decode("ascii"))
            made.common_names = (name.decode(self._codec),)
        except ValueError:  # no moment, or text outside its character set
            return None
        leaf = self._leaf
        made.der = data
        made.tbs = data[self._tbs]
        made.version = 3
        made.serial = number
        made.signature_algorithm = leaf.signature_algorithm
        made.signature = signature
        made.issuer = leaf.issuer
        made.subject = data[self._subject]
        made.domain_components = leaf.domain_components
        made.spki = data[self._spki]
        made.key_kind = leaf.key_kind
        made.subject_public_key = key
        made.subject_key_id = key_id
        made.shape = leaf.shape
        made.quirks = leaf.quirks
        return made


def frame(leaf: Certificate) -> Frame | None:
    """The frame of a leaf that was read tolerantly; None where its values stand unusually."""
    layout = _layout(leaf)
    return None if layout is None else Frame(leaf, layout)
