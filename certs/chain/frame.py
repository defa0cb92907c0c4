"""The octets that the leaves of one issuer share, so that the next leaf is read by comparison.

A mobility operator's contract certificates differ in serial number, validity, common name, key,
subjectKeyIdentifier and signature, and in nothing else. A frame is a leaf that was read in full
and found valid, with holes of a fixed width where those values stand. Octets of the same size that
equal it outside the holes are read by filling the holes.

Why this reads what certificate.parse() reads and judges what verification.leaf_findings() judges:

1. Every tag and every length lies outside the holes. A hole is the content of one primitive
   element, save for the count of unused bits and the Z of a time. The reader finds its way by
   tags and lengths alone, so it would find the same elements at the same places.
2. What is derived from octets outside the holes is what was derived from the first leaf: version,
   algorithms, issuer, domain components, kind of key, extensions, quirks; and with size, use,
   edition and anchor being the same, every finding but those on validity and on the key's point.
3. What is derived from a hole is derived from that hole alone, as the reader does it: the serial
   number's range, the two UTCTimes, the characters of the common name. Validity, the key's point
   and the signature are checked of every leaf.

certs.chain.bundle compares and fills. What does not fit is not refused, but read in full.
"""

from typing import NamedTuple

from certs import der, extensions, names
from certs.certificate import SERIAL_OCTETS_MAX, Certificate


class Frame(NamedTuple):
    """Where a leaf's own values stand in its DER octets, and the leaf."""

    leaf: Certificate
    holes: tuple[tuple[int, int], ...]  # start and stop of what differs, in encoded order
    codec: str  # of the common name
    serial_min: int  # of those whose encoding has the serial number's octets
    serial_max: int
    tbs: slice
    subject: slice
    spki: slice


def frame(leaf: Certificate) -> Frame | None:
    """The frame of a leaf that was read tolerantly.

    None where a leaf does not have each of the values exactly once and in its usual form.
    """
    data = leaf.der
    size = len(data)
    common_name = names.common_name_in(leaf.subject)
    if leaf.version != 3 or common_name is None:
        return None
    tbs, _ = der.whole(data, der.SEQUENCE)
    at, tbs_stop = der.expect(data, tbs, size, der.SEQUENCE)
    _, _, at = der.tlv(data, at, tbs_stop)  # version
    serial, serial_stop = der.expect(data, at, tbs_stop, der.INTEGER)
    at = serial_stop + len(leaf.signature_algorithm) + len(leaf.issuer)
    at, subject = der.expect(data, at, tbs_stop, der.SEQUENCE)
    first, first_start, first_stop = der.tlv(data, at, subject)
    last, last_start, last_stop = der.tlv(data, first_stop, subject)
    spki = subject + len(leaf.subject)
    spki_stop = spki + len(leaf.spki)
    key_id = extensions.own_in(data, spki_stop, tbs_stop)
    start, stop, codec = common_name
    if key_id is None or start == stop or not first == last == der.UTC_TIME:
        return None
    # the positive integers whose minimal encoding has this many octets (X.690 8.3.2), none over
    # 20 octets without the sign's (RFC 5280 4.1.2.2)
    bits = 8 * (serial_stop - serial)
    return Frame(
        leaf=leaf,
        holes=(
            (serial, serial_stop),
            (first_start, first_stop - 1),  # without the Z
            (last_start, last_stop - 1),
            (subject + start, subject + stop),
            (spki_stop - len(leaf.subject_public_key), spki_stop),
            key_id,
            (size - len(leaf.signature), size),
        ),
        codec=codec,
        serial_min=1 << bits - 9 if bits > 8 else 1,
        serial_max=(1 << min(bits - 1, 8 * SERIAL_OCTETS_MAX)) - 1,
        tbs=slice(tbs, tbs_stop),
        subject=slice(subject, spki),
        spki=slice(spki, spki_stop),
    )
