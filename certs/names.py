"""Distinguished names: their attributes, their comparison (RFC 5280 7.1), their text for people."""

import unicodedata
from functools import lru_cache

from certs import der
from certs.errors import MalformedCertificate, MalformedDer

NAME_OCTETS_MAX = 2048  # a -2 certificate has 800 octets in all; real names stay under 200
RDNS_MAX = 32
ATTRIBUTES_MAX = 8  # in one RDN

COMMON_NAME = "2.5.4.3"
COUNTRY = "2.5.4.6"
ORGANIZATION = "2.5.4.10"
DOMAIN_COMPONENT = "0.9.2342.19200300.100.1.25"

_SHORT = {
    COMMON_NAME: "CN",
    COUNTRY: "C",
    ORGANIZATION: "O",
    DOMAIN_COMPONENT: "DC",
    "2.5.4.5": "serialNumber",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "street",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.1": "UID",
    "1.2.840.113549.1.9.1": "emailAddress",
}
# How the string types of RFC 5280 4.1.2.4 and its predecessors are written.
_CODECS = {
    0x0C: "utf-8",  # UTF8String
    0x13: "ascii",  # PrintableString: its own characters lack *, & and @, which real names have
    0x16: "ascii",  # IA5String
    0x12: "ascii",  # NumericString
    0x1E: "utf-16-be",  # BMPString
    0x1C: "utf-32-be",  # UniversalString
    0x14: "latin-1",  # TeletexString, as everyone reads it
}

Attribute = tuple[str, str]  # dotted OID, value


@lru_cache(maxsize=2048)
def _rdn(rdn: bytes) -> tuple[Attribute, ...]:
    """The attributes of one RelativeDistinguishedName. Names share most of theirs: kept."""
    start, stop = der.whole(rdn, der.SET)
    found: list[Attribute] = []
    for tag, _, begin, end in der.children(rdn, start, stop, ATTRIBUTES_MAX):
        if tag != der.SEQUENCE:
            raise MalformedDer("attribute is no SEQUENCE")
        kind, kind_stop = der.expect(rdn, begin, end, der.OID)
        value_tag, value, value_stop = der.tlv(rdn, kind_stop, end)
        if value_stop != end:
            raise MalformedDer("octets after an attribute's value")
        codec = _CODECS.get(value_tag)
        if codec is None:
            raise MalformedDer(f"attribute value of type {value_tag:#04x} is no string")
        found.append((der.oid(rdn[kind:kind_stop]), rdn[value:value_stop].decode(codec)))
    if not found:
        raise MalformedDer("empty RelativeDistinguishedName")
    return tuple(found)


def rdns(name: bytes) -> tuple[tuple[Attribute, ...], ...]:
    """The RelativeDistinguishedNames of a DER Name, in encoded order.

    Raises MalformedCertificate for what is no Name within the caps.
    """
    if len(name) > NAME_OCTETS_MAX:
        raise MalformedCertificate(f"name over {NAME_OCTETS_MAX} octets")
    try:
        at, stop = der.whole(name, der.SEQUENCE)
        found = []
        while at < stop:
            _, _, end = der.tlv(name, at, stop)
            found.append(_rdn(name[at:end]))
            if len(found) > RDNS_MAX:
                raise MalformedCertificate(f"name of more than {RDNS_MAX} parts")
            at = end
    except MalformedDer as bad:
        raise MalformedCertificate(f"name: {bad.detail}") from bad
    except UnicodeDecodeError as bad:
        raise MalformedCertificate("name: value does not fit its string type") from bad
    return tuple(found)


@lru_cache(maxsize=2048)
def _around(before: bytes, after: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Common names and domain components among the RDNs before and after the common name."""
    content = before + after
    found = attributes(der.encode(der.SEQUENCE, content))
    if before:  # both parts are whole by themselves
        rdns(der.encode(der.SEQUENCE, before))
    return (
        tuple([value for kind, value in found if kind == COMMON_NAME]),
        tuple([value for kind, value in found if kind == DOMAIN_COMPONENT]),
    )


_COMMON_NAME = bytes.fromhex("0603550403")


def identity(name: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A DER Name's common names and domain components, in encoded order.

    The common name is what certificates of one issuer do not share; what stands around it is
    read once for all of them. Raises MalformedCertificate for what is no Name within the caps.
    """
    at = name.find(_COMMON_NAME) - 4
    # SEQUENCE { ... SET { SEQUENCE { OID, string }} ... }, all lengths below 128 and agreeing
    if at >= 2 and name[1] == len(name) - 2 < 0x80 and name[at] == der.SET:
        length = name[at + 1]
        end = at + 2 + length
        # the nine octets up to the string's tag are within the SET, and the SET within the name
        codec = _CODECS.get(name[at + 9]) if length >= 9 and end <= len(name) else None
        if (
            codec is not None
            and name[at + 2] == der.SEQUENCE
            and name[at + 3] == length - 2
            and name[at + 10] == length - 9
        ):
            try:
                common, components = _around(name[2:at], name[end:])
                if not common:
                    return (name[at + 11 : end].decode(codec),), components
            except (MalformedCertificate, UnicodeDecodeError):
                pass  # the octets stood inside another value, or what is malformed is so below
    found = attributes(name)
    return (
        tuple([value for kind, value in found if kind == COMMON_NAME]),
        tuple([value for kind, value in found if kind == DOMAIN_COMPONENT]),
    )


def common_name_in(name: bytes) -> tuple[int, int, str] | None:
    """Where the value of a DER Name's one common name starts and stops, and its codec.

    None where it has none or several. The name was read before.
    """
    found = [
        (value, stop, _CODECS[tag])
        for _, _, begin, end in der.children(name, *der.whole(name, der.SEQUENCE), RDNS_MAX)
        for _, _, start, stop in der.children(name, begin, end, ATTRIBUTES_MAX)
        if name[start : start + len(_COMMON_NAME)] == _COMMON_NAME
        for tag, value, _ in (der.tlv(name, start + len(_COMMON_NAME), stop),)
    ]
    return found[0] if len(found) == 1 else None


def attributes(name: bytes) -> tuple[Attribute, ...]:
    """Every attribute of a DER Name as (dotted OID, value), in encoded order."""
    return tuple(attribute for rdn in rdns(name) for attribute in rdn)


def values(name: bytes, oid: str) -> tuple[str, ...]:
    """The values of one attribute type, in encoded order."""
    return tuple(value for kind, value in attributes(name) if kind == oid)


def _folded(value: str) -> str:
    # RFC 5280 7.1 with RFC 4518: one normalisation, no case, white space trimmed and collapsed.
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


@lru_cache(maxsize=1024)
def comparable(name: bytes) -> tuple[tuple[Attribute, ...], ...]:
    """A form in which two DER Names are equal exactly when RFC 5280 7.1 calls them so.

    String types do not matter, case and runs of white space do not, the order of attributes in
    one RDN does not; the order of RDNs does. The one rule for path building (X26); hashes are
    taken over names as encoded.
    """
    return tuple(tuple(sorted((kind, _folded(value)) for kind, value in rdn)) for rdn in rdns(name))


def same(one: bytes, other: bytes) -> bool:
    """Whether two DER Names are the same name (RFC 5280 7.1)."""
    return one == other or comparable(one) == comparable(other)


def _escaped(value: str) -> str:
    out = "".join(
        "\\" + char if char in ',+"\\<>;=' else char if char.isprintable() else f"\\{ord(char):02X}"
        for char in value
    )
    return "\\" + out if out[:1] in {"#", " "} else out


def text(name: bytes) -> str:
    """A Name for people: RFC 4514's escapes, encoded order, control characters never raw."""
    return ", ".join(
        "+".join(f"{_SHORT.get(kind, kind)}={_escaped(value)}" for kind, value in rdn)
        for rdn in rdns(name)
    )
