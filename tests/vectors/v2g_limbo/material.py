"""Cases about keys, signatures and octets: X19-X25, X32."""

import base64
from hashlib import sha512

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from certs import der, keys, pem, to_be_signed
from certs.edition import Edition
from certs.extensions import SUBJECT_ALTERNATIVE_NAME
from certs.keys import KeyKind
from certs.profiles.rules import Role
from tests.vectors.v2g_limbo.suite import ED448, GROUNDS, P256, P521, Ground, Suite, under
from tests.world import (
    crooked,
    crooked_der,
    explicit_parameters,
    off_curve,
    tampered,
)

_BAD = "malformed.certificate"
_LARGE = {"p521": ("sub_ca_2", "sub_ca_1")}  # over the 800 octets of ISO 15118-2
_CODES = {
    "X19-algorithms-differ": "malformed.signature_algorithm",
    "X24-serial-zero": "malformed.serial_number",
    "X24-serial-negative": "malformed.serial_number",
    "X24-serial-21-octets": "malformed.serial_number",
}
_SUB_CAS = {Role.MO_SUB_2: "sub_ca_2", Role.MO_SUB_1: "sub_ca_1"}
_PLACES = {Role.CONTRACT: "leaf", **_SUB_CAS}
_ORDERS = {
    "p256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "p521": int(
        "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa"
        "51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
        16,
    ),
}
_ED448_ORDER = 2**446 - 0x8335DC163BB124B65129C96FDE933D8D723A70AADC873D6D54A7BB0D


def write(suite: Suite) -> None:
    """Every case of this module."""
    for ground in GROUNDS:
        _forgeries(suite, ground)
        _foreign_keys(suite, ground)
        _malformed(suite, ground)
    for ground in (P256, P521):
        _points(suite, ground)
        _ecdsa(suite, ground)
    _ed448(suite)
    _mixing(suite)
    _texts(suite)


def _refuse(  # noqa: PLR0917 - read in this order everywhere
    suite: Suite, ground: Ground, name, made, description, cite, *findings
):
    suite.refuse(
        f"{name}-{ground.tag}", description, cite, *findings,
        chain=ground.chain(Role.CONTRACT, made), anchors=ground.anchors(),
        edition=ground.world.edition,
    )  # fmt: skip


def _forgeries(suite: Suite, ground: Ground) -> None:
    for role, place in _PLACES.items():
        _refuse(suite, ground, f"forged-{place}", tampered(ground.world[role]),
                f"{place}: signed by another key of the same kind", "RFC 5280 6.1.3 (a)(1)",
                "chain.signature_invalid")  # fmt: skip
        flipped = crooked(ground.world[role], signature=lambda s: s[:-1] + bytes([s[-1] ^ 1]))
        _refuse(suite, ground, f"flipped-{place}", flipped,
                f"{place}: one bit of the signature flipped", "RFC 5280 6.1.3 (a)(1)",
                "chain.signature_invalid")  # fmt: skip


def _curve(curve: ec.EllipticCurve) -> bytes:
    return keys.spki(ec.derive_private_key(0xC0FFEE, curve).public_key())


def _rsa(bits: int) -> bytes:
    """The SPKI of an RSA key whose modulus is just a number: nobody signs with it here."""
    digits = b"".join(sha512(b"%d" % n).digest() for n in range(bits // 512))
    modulus = int.from_bytes(digits, "big") | 1 | 1 << bits - 1
    key = der.encode(der.SEQUENCE, to_be_signed.integer(modulus) + to_be_signed.integer(65537))
    algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
    return der.encode(der.SEQUENCE, algorithm + der.encode(der.BIT_STRING, b"\x00" + key))


def _foreign_keys(suite: Suite, ground: Ground) -> None:
    ed25519_key = ed25519.Ed25519PrivateKey.from_private_bytes(b"\x07" * 32).public_key()
    point = ed25519_key.public_bytes_raw()
    kinds = {
        "P-192": _curve(ec.SECP192R1()),
        "P-224": _curve(ec.SECP224R1()),
        "P-256": _curve(ec.SECP256R1()),
        "P-384": _curve(ec.SECP384R1()),
        "P-521": _curve(ec.SECP521R1()),
        "secp256k1": _curve(ec.SECP256K1()),
        "brainpoolP256r1": _curve(ec.BrainpoolP256R1()),
        "brainpoolP384r1": _curve(ec.BrainpoolP384R1()),
        "Ed25519": der.encode(
            der.SEQUENCE,
            bytes.fromhex("300506032b6570") + der.encode(der.BIT_STRING, b"\x00" + point),
        ),
        "Ed448": keys.spki(keys.derive(KeyKind.ED448, b"limbo").public_key()),
        "RSA-1024": _rsa(1024),
    }
    own = {"P-256"} if ground.world.edition is Edition.ISO_2 else {"P-521", "Ed448"}
    leaf = ground.world[Role.CONTRACT]
    for kind, spki in kinds.items():
        made = crooked(leaf, spki=spki)
        name, cite = f"X20-leaf-{kind}", "X20; [V2G2-007], [V2G20-2473]"
        if kind in own:
            suite.accept(
                f"{name}-{ground.tag}", f"leaf: {kind} is the edition's", cite,
                chain=ground.chain(Role.CONTRACT, made), anchors=ground.anchors(),
                edition=ground.world.edition,
            )  # fmt: skip
        else:
            _refuse(suite, ground, name, made, f"leaf: {kind} key", cite,
                    "chain.algorithm_not_allowed@leaf")  # fmt: skip
    nested = crooked(leaf, spki=explicit_parameters(P256.world[Role.CONTRACT]))
    more = ("chain.certificate_too_large@leaf",) if ground is P256 else ()
    _refuse(suite, ground, "X21-leaf", nested,
            "leaf: P-256 with its parameters spelled out instead of named",
            "X21; CVE-2020-0601, CVE-2022-0778", "chain.algorithm_not_allowed@leaf",
            *more)  # fmt: skip


def _points(suite: Suite, ground: Ground) -> None:
    leaf = ground.world[Role.CONTRACT]
    point = leaf.certificate.subject_public_key
    size = len(point) // 2
    head = leaf.certificate.spki[: -len(point) - 1]
    start, _ = der.whole(head + b"\x00" + point, der.SEQUENCE)
    algorithm_stop = der.tlv(head + b"\x00" + point, start, len(head) + 1 + len(point))[2]
    algorithm = leaf.certificate.spki[start:algorithm_stop]

    def spki(value: bytes) -> bytes:
        return der.encode(der.SEQUENCE, algorithm + der.encode(der.BIT_STRING, b"\x00" + value))

    x, y = point[1 : 1 + size], point[1 + size :]
    values = {
        "infinity": b"\x00",
        "compressed": bytes([2 + y[-1] % 2]) + x,
        "hybrid": bytes([6 + y[-1] % 2]) + x + y,
        "zero": b"\x04" + bytes(2 * size),
        "short": point[:-1],
        "long": point + b"\x00",
        "empty": b"",
        "coordinate-over-the-prime": b"\x04" + b"\xff" * size + y,
    }
    for name, value in values.items():
        _refuse(suite, ground, f"X22-{name}", crooked(leaf, spki=spki(value)),
                f"leaf: a public key that is {name}", "X22; SEC 1 3.2.2.1",
                "chain.key_malformed@leaf")  # fmt: skip
    _refuse(suite, ground, "X22-off-curve", off_curve(leaf), "leaf: a point not on its curve",
            "X22; SEC 1 3.2.2.1", "chain.key_malformed@leaf")  # fmt: skip
    for role, place in _SUB_CAS.items():
        _refuse(suite, ground, f"X22-off-curve-{place}", off_curve(ground.world[role]),
                f"{place}: an issuer whose point is not on its curve verifies nothing",
                "X22; SEC 1 3.2.2.1", "chain.signature_invalid")  # fmt: skip


def _ecdsa(suite: Suite, ground: Ground) -> None:
    order = _ORDERS[ground.tag]
    size = 1 + (order.bit_length() // 8)

    def split(signature):
        return decode_dss_signature(signature)

    def padded(signature: bytes) -> bytes:
        """r with a zero octet more than DER allows."""
        r, s = split(signature)
        content = b"\x00" + r.to_bytes(size, "big")
        return der.encode(der.SEQUENCE, der.encode(der.INTEGER, content) + to_be_signed.integer(s))

    changes = {
        "r-zero": lambda s: encode_dss_signature(0, split(s)[1]),
        "s-zero": lambda s: encode_dss_signature(split(s)[0], 0),
        "both-zero": lambda _: encode_dss_signature(0, 0),
        "r-plus-order": lambda s: encode_dss_signature(split(s)[0] + order, split(s)[1]),
        "s-plus-order": lambda s: encode_dss_signature(split(s)[0], split(s)[1] + order),
        "r-order": lambda s: encode_dss_signature(order, split(s)[1]),
        "s-order": lambda s: encode_dss_signature(split(s)[0], order),
        "trailing": lambda s: s + b"\x00",
        "r-padded": padded,
        "raw": lambda s: b"".join(v.to_bytes(size, "big") for v in split(s)),
        "empty": lambda _: b"",
        "swapped": lambda s: encode_dss_signature(*reversed(split(s))),
    }
    leaf = ground.world[Role.CONTRACT]
    for name, change in changes.items():
        _refuse(suite, ground, f"X23-{name}", crooked(leaf, signature=change),
                f"leaf: ECDSA signature, {name}", "X23; SEC 1 4.1.4; X.690 8.3.2",
                "chain.signature_invalid")  # fmt: skip
    high = crooked(leaf, signature=lambda s: encode_dss_signature(split(s)[0], order - split(s)[1]))
    low = crooked(leaf)
    for name, made in (("other-s", high), ("own-s", low)):
        suite.accept(
            f"X23-{name}-{ground.tag}",
            "leaf: of the two values of s, both verify; no standard here forbids the higher",
            "X23; SEC 1 4.1.4",
            chain=ground.chain(Role.CONTRACT, made),
            anchors=ground.anchors(),
        )


def _ed448(suite: Suite) -> None:
    def plus_order(signature: bytes) -> bytes:
        s = int.from_bytes(signature[57:113], "little") + _ED448_ORDER
        return signature[:57] + s.to_bytes(56, "little") + b"\x00"

    changes = {
        "s-plus-order": plus_order,
        "s-zero": lambda s: s[:57] + bytes(57),
        "r-zero": lambda s: bytes(57) + s[57:],
        "short": lambda s: s[:-1],
        "trailing": lambda s: s + b"\x00",
        "empty": lambda _: b"",
    }
    for name, change in changes.items():
        _refuse(suite, ED448, f"X23-{name}",
                crooked(ED448.world[Role.CONTRACT], signature=change),
                f"leaf: Ed448 signature, {name}", "X23; RFC 8032 5.2.7",
                "chain.signature_invalid")  # fmt: skip


def _mixing(suite: Suite) -> None:
    cite = "X20; one edition's keys never serve the other"
    for ground, other in ((P256, KeyKind.P521), (P521, KeyKind.P256), (ED448, KeyKind.P256)):
        key = keys.derive(other, b"limbo downgrade")
        sub_2 = crooked(ground.world[Role.MO_SUB_2], key=key)
        leaf = under(ground.world[Role.CONTRACT], sub_2)
        suite.refuse(
            f"X20-sub-2-{other.value}-{ground.tag}",
            f"sub-CA 2 has a {other.value} key, and issued the leaf with it",
            cite,
            "chain.algorithm_not_allowed@sub_ca_2",
            chain=(leaf.certificate, *ground.chain(Role.CONTRACT, sub_2)[1:]),
            anchors=ground.anchors(),
            edition=ground.world.edition,
        )
        asked = Edition.ISO_20 if ground is P256 else Edition.ISO_2
        suite.refuse(
            f"X20-other-edition-{ground.tag}",
            f"A whole chain of one edition, asked for {asked.value}",
            cite,
            *(f"chain.algorithm_not_allowed@{w}" for w in ("leaf", "sub_ca_2", "sub_ca_1", "root")),
            *(f"chain.certificate_too_large@{w}" for w in _LARGE.get(ground.tag, ())),
            chain=ground.chain(),
            anchors=ground.anchors(),
            edition=asked,
        )
    for ground, other in ((P521, KeyKind.ED448), (ED448, KeyKind.P521)):
        key = keys.derive(other, b"limbo mixed")
        sub_2 = crooked(ground.world[Role.MO_SUB_2], key=key)
        leaf = under(ground.world[Role.CONTRACT], sub_2)
        suite.accept(
            f"X20-sub-2-{other.value}-{ground.tag}",
            "Both kinds of the edition in one chain",
            cite,
            chain=(leaf.certificate, *ground.chain(Role.CONTRACT, sub_2)[1:]),
            anchors=ground.anchors(),
        )


def _long_form(data: bytes) -> bytes:
    """The outer length written with one octet more than needed."""
    octets = data[1] & 0x7F
    return data[:1] + bytes([0x80 | octets + 1, 0]) + data[2:]


def _indefinite(data: bytes) -> bytes:
    start, _ = der.whole(data, der.SEQUENCE)
    return data[:1] + b"\x80" + data[start:] + b"\x00\x00"


def _utc(text: str) -> bytes:
    return der.encode(0x17, text.encode())


def _generalized(text: str) -> bytes:
    return der.encode(0x18, text.encode())


def _malformed(suite: Suite, ground: Ground) -> None:
    for role, place in (("leaf", Role.CONTRACT), ("sub_ca_2", Role.MO_SUB_2)):
        made = crooked(ground.world[place], not_after=_generalized("20271101120000Z"))
        suite.accept(
            f"X16-generalized-before-2050-{role}-{ground.tag}",
            f"{role}: notAfter as GeneralizedTime before 2050: tolerated by default, recorded",
            "X16; RFC 5280 4.1.2.5",
            findings=[f"chain.encoding_not_der@{role}"],
            chain=ground.chain(Role.CONTRACT, made),
            anchors=ground.anchors(),
        )
    san = to_be_signed.extension(SUBJECT_ALTERNATIVE_NAME, b"\x30\x07\x82\x05a.exa")
    eku = to_be_signed.extended_key_usage(["2.5.29.37.0"])
    other = keys.SIGNATURE_ALGORITHMS[KeyKind.P521 if ground is not P521 else KeyKind.P256]
    for role, place in _PLACES.items():
        if role is Role.MO_SUB_1:
            continue
        one = ground.world[role]
        plain = one.certificate.der
        made = {
            "X19-algorithms-differ": crooked_der(one, outer_algorithm=other),
            "X24-serial-zero": crooked_der(one, serial=0),
            "X24-serial-negative": crooked_der(one, serial=-5),
            "X24-serial-21-octets": crooked_der(one, serial=1 << 164),
            "X24-serial-not-minimal": crooked_der(one, serial=b"\x00\x01"),
            "X24-serial-empty": crooked_der(one, serial=b""),
            "X24-extension-twice": crooked_der(one, append=[eku, eku]),
            "X24-alternative-name-twice": crooked_der(one, append=[san, san]),
            "X24-version-1": crooked_der(one, version=b""),
            "X24-version-2": crooked_der(one, version=bytes.fromhex("a003020101")),
            "X24-version-4": crooked_der(one, version=bytes.fromhex("a003020103")),
            "X24-issuer-empty": crooked_der(one, issuer=b"\x30\x00"),
            "X24-long-form": _long_form(plain),
            "X24-indefinite": _indefinite(plain),
            "X25-trailing": plain + b"\x00",
            "X25-truncated": plain[:-1],
            "X16-offset": crooked_der(one, not_after=_utc("271101120000+0000")),
            "X16-no-seconds": crooked_der(one, not_after=_utc("2711011200Z")),
            "X16-fraction": crooked_der(one, not_after=_generalized("20511101120000.5Z")),
            "X16-february-30": crooked_der(one, not_after=_utc("280230120000Z")),
            "X16-hour-24": crooked_der(one, not_after=_utc("281101240000Z")),
            "X16-letters": crooked_der(one, not_after=_utc("28110112000oZ")),
        }
        for name, octets in made.items():
            chain = [c.der for c in ground.chain()]
            chain[list(_PLACES).index(role)] = octets
            suite.refuse(
                f"{name}-{place}-{ground.tag}",
                f"{place}: {name[4:].replace('-', ' ')}",
                f"{name[:3]}; RFC 5280 4.1; X.690 10, 11",
                _CODES.get(name, _BAD),
                chain=chain,
                anchors=ground.anchors(),
            )


def _texts(suite: Suite) -> None:
    chain = P256.chain()
    text = pem.encode(chain)
    leaf = pem.encode(chain[:1])
    accepted = {
        "crlf": text.replace("\n", "\r\n"),
        "blank-lines": text.replace("-----END CERTIFICATE-----\n", "-----END CERTIFICATE-----\n\n"),
        "no-last-line-feed": text.rstrip("\n"),
    }
    cite = "X25, X32; RFC 7468"
    for name, said in accepted.items():
        suite.accept(f"X32-{name}", f"The valid chain's text: {name}", cite,
                     pem=said, anchors=P256.anchors())  # fmt: skip
    body = base64.b64encode(chain[0].der).decode()
    trailing = base64.b64encode(chain[0].der + b"\x00\x00").decode()
    refused = {
        "not-base64": (leaf.replace(body[8:12], "!@#$"), "malformed.pem"),
        "no-end": (leaf.split("-----END")[0], "malformed.pem"),
        "other-label": (leaf.replace("CERTIFICATE", "X509 CRL"), "malformed.pem"),
        "private-key": (leaf.replace("CERTIFICATE", "PRIVATE KEY"), "malformed.pem"),
        "empty": ("", "malformed.pem"),
        "too-long": (text + "\n" * 20_001, "malformed.too_large"),
        "trailing-in-der": (
            f"-----BEGIN CERTIFICATE-----\n{trailing}\n-----END CERTIFICATE-----\n",
            _BAD,
        ),
    }
    for name, (said, code) in refused.items():
        suite.refuse(f"X25-{name}", f"Text that is no chain: {name}", cite, code,
                     pem=said, anchors=P256.anchors())  # fmt: skip
