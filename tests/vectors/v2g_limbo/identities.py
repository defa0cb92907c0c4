"""Cases about whose contract a valid chain proves: X10, X11, X26."""

from certs import der, names, to_be_signed
from certs.identifiers.emaid import EMAID
from certs.profiles.rules import Role
from tests.vectors.v2g_limbo.suite import GROUNDS, P256, Suite
from tests.world import CONTRACT_CN, crooked, crooked_der, name

_CHECK = EMAID.parse(CONTRACT_CN).with_check()
_MISSING = "identity.emaid_check_digit_missing"
_CITE = "X11; OCPP 2.0.1 C07.FR.17; ISO 15118-2 H.1"


def write(suite: Suite) -> None:
    """Every case of this module."""
    _presented(suite)
    _common_names(suite)
    _encodings(suite)
    _providers(suite)


def _case(suite: Suite, identifier, made, description, *, ok, findings, ground=P256, **more):
    add = {"chain": ground.chain(Role.CONTRACT, made), "anchors": ground.anchors(), **more}
    if ok:
        suite.accept(identifier, description, _CITE, findings=findings, **add)
    else:
        suite.refuse(identifier, description, _CITE, *findings, **add)


def _presented(suite: Suite) -> None:
    """The same contract in every spelling, and its neighbours."""
    right = _CHECK.check
    wrong = "A" if right != "A" else "B"
    for ground in GROUNDS:
        leaf = ground.world[Role.CONTRACT]
        for tag, text in (
            ("same", CONTRACT_CN),
            ("lower", CONTRACT_CN.lower()),
            ("hyphens", "DE-8AA-001234567"),
            ("hyphens-lower", "de-8aa-001234567"),
        ):
            _case(suite, f"X11-presented-{tag}-{ground.tag}", leaf, f"presented as {text}",
                  ok=True, findings=[_MISSING], ground=ground, expected_peer_name=text)  # fmt: skip
        _case(suite, f"X11-presented-check-{ground.tag}", leaf, "with its check character",
              ok=True, findings=[f"{_MISSING}@leaf"], ground=ground,
              expected_peer_name=CONTRACT_CN + right)  # fmt: skip
        _case(suite, f"X11-presented-wrong-check-{ground.tag}", leaf,
              "presented with a wrong check character, which warns",
              ok=True, findings=[_MISSING, "identity.emaid_check_digit@id_token"], ground=ground,
              expected_peer_name=CONTRACT_CN + wrong)  # fmt: skip
        _case(suite, f"X11-presented-wrong-check-enforced-{ground.tag}", leaf,
              "presented with a wrong check character, which the operator forbids",
              ok=False, findings=[_MISSING, "identity.emaid_check_digit@id_token"], ground=ground,
              expected_peer_name=CONTRACT_CN + wrong, check_digit="enforce")  # fmt: skip
        for tag, text in (
            ("next", "DE8AA001234568"),
            ("other-provider", "DE8AB001234567"),
            ("other-country", "FR8AA001234567"),
            ("zero-for-o", "DE8AAOO1234567"),
        ):
            _case(suite, f"X11-presented-{tag}-{ground.tag}", leaf,
                  f"presented as {text}, another contract", ok=False,
                  findings=["identity.emaid_mismatch@leaf", _MISSING], ground=ground,
                  expected_peer_name=text)  # fmt: skip


def _named(*common_names: bytes | str) -> bytes:
    """A subject of these common names, text or whole DER strings, and DC=MO."""
    content = b""
    for value in common_names:
        string = der.encode(0x0C, value.encode()) if isinstance(value, str) else value
        pair = der.encode(der.SEQUENCE, to_be_signed.oid(names.COMMON_NAME) + string)
        content += der.encode(der.SET, pair)
    content += to_be_signed.attribute(names.DOMAIN_COMPONENT, "MO")
    return der.encode(der.SEQUENCE, content)


def _common_names(suite: Suite) -> None:
    texts = {
        "nul": CONTRACT_CN + "\x00",
        "nul-inside": "DE8AA\x0001234567",
        "line-feed": CONTRACT_CN + "\n",
        "space": CONTRACT_CN + " ",
        "right-to-left": "\u202e" + CONTRACT_CN,
        "zero-width": "DE8AA\u200b001234567",
        "cyrillic": "D\u04158AA001234567",
        "fullwidth": "\uff24\uff258AA001234567",
        "arabic-digits": "DE8AA\u0660\u06601234567",
        "kelvin": "DE8A\u212a001234567",
        "short": "DE8AA00123456",
        "slash": "DE/8AA/001234567",
        "half-hyphens": "DE-8AA001234567",
        "dotless-i": "D\u0131" + CONTRACT_CN[2:],
        "url": "https://evil.example/",
        "oem-pcid": "WMIV1234567890ABCD",
        "over-long": "DE8AA" + "0" * 40,
    }
    for ground in GROUNDS:
        leaf = ground.world[Role.CONTRACT]
        for tag, text in texts.items():
            # ISO 15118-20 identifiers may be long
            if ground is not P256 and tag in {"over-long", "oem-pcid"}:
                continue
            _case(suite, f"X11-cn-{tag}-{ground.tag}", crooked(leaf, subject=_named(text)),
                  f"leaf: a common name that is no eMAID, {tag}", ok=False,
                  findings=["identity.emaid_malformed@leaf"], ground=ground,
                  expected_peer_name=CONTRACT_CN)  # fmt: skip
        _case(suite, f"X11-cn-none-{ground.tag}", crooked(leaf, subject=_named()),
              "leaf: no common name", ok=False,
              findings=["identity.common_name_missing@leaf"], ground=ground,
              expected_peer_name=CONTRACT_CN)  # fmt: skip
        for tag, pair in (
            ("right-first", (CONTRACT_CN, "DE8AA007654321")),
            ("right-last", ("DE8AA007654321", CONTRACT_CN)),
            ("same-twice", (CONTRACT_CN, CONTRACT_CN)),
        ):
            _case(suite, f"X11-cn-two-{tag}-{ground.tag}", crooked(leaf, subject=_named(*pair)),
                  f"leaf: two common names, {tag}", ok=False,
                  findings=["identity.common_name_repeated@leaf"], ground=ground,
                  expected_peer_name=CONTRACT_CN)  # fmt: skip


def _encodings(suite: Suite) -> None:
    leaf = P256.world[Role.CONTRACT]
    strings = {
        "utf8": der.encode(0x0C, CONTRACT_CN.encode()),
        "printable": der.encode(0x13, CONTRACT_CN.encode()),
        "ia5": der.encode(0x16, CONTRACT_CN.encode()),
        "teletex": der.encode(0x14, CONTRACT_CN.encode()),
        "bmp": der.encode(0x1E, CONTRACT_CN.encode("utf-16-be")),
        "universal": der.encode(0x1C, CONTRACT_CN.encode("utf-32-be")),
    }
    for tag, string in strings.items():
        _case(suite, f"X11-cn-as-{tag}", crooked(leaf, subject=_named(string)),
              f"leaf: the eMAID as {tag} string", ok=True, findings=[_MISSING],
              expected_peer_name=CONTRACT_CN)  # fmt: skip
    for tag, string in {
        "octets": der.encode(der.OCTET_STRING, CONTRACT_CN.encode()),
        "not-utf8": der.encode(0x0C, b"DE8AA00123456\xff"),
        "odd-bmp": der.encode(0x1E, b"D"),
    }.items():
        octets = crooked_der(leaf, subject=_named(string))
        suite.refuse(f"X11-cn-as-{tag}", f"leaf: a common name that is no string, {tag}", _CITE,
                     "malformed.certificate",
                     chain=(octets, *[c.der for c in P256.chain()[1:]]), anchors=P256.anchors(),
                     expected_peer_name=CONTRACT_CN)  # fmt: skip
    issuer = P256.world[Role.MO_SUB_2].certificate.subject
    pairs = names.attributes(issuer)
    folded = name(*((kind, value.upper() if kind != names.COUNTRY else value)
                    for kind, value in pairs))  # fmt: skip
    spaced = name(*((kind, value.replace(" ", "  ") if kind == names.COMMON_NAME else value)
                    for kind, value in pairs))  # fmt: skip
    turned = name(*reversed(pairs))
    for tag, octets in {"upper-case": folded, "spaces": spaced}.items():
        suite.accept(f"X26-{tag}", f"The leaf writes its issuer's name otherwise: {tag}",
                     "X26; RFC 5280 7.1",
                     chain=P256.chain(Role.CONTRACT, crooked(leaf, issuer=octets)),
                     anchors=P256.anchors())  # fmt: skip
    suite.refuse("X26-order", "The leaf writes its issuer's name in another order", "X26",
                 "chain.issuer_missing",
                 chain=P256.chain(Role.CONTRACT, crooked(leaf, issuer=turned)),
                 anchors=P256.anchors())  # fmt: skip


def _providers(suite: Suite) -> None:
    for ground in GROUNDS:
        leaf = ground.world[Role.CONTRACT]
        for tag, permitted, ok in (
            ("own", ["DE8AA"], True),
            ("among-others", ["DE8AB", "DE8AA"], True),
            ("another", ["DE8AB"], False),
            ("nobody", [], False),
        ):
            refused = [] if ok else ["identity.provider_not_permitted@leaf"]
            _case(suite, f"X10-{tag}-{ground.tag}", leaf, f"the sub-CA may name {permitted}",
                  ok=ok, findings=[_MISSING, *refused], ground=ground,
                  expected_peer_name=CONTRACT_CN, permitted_providers=permitted)  # fmt: skip
