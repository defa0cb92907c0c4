"""The boring valid world every test starts from, and the crooked certificates that stray from it.

``valid_world()`` is grown from a fixed seed at ``NOW``; a test says only what is odd:
``crooked(world[Role.CONTRACT], drop=[KEY_USAGE])``. Crooked certificates are really signed, by the
issuer's key, so that a test fails for the reason it names.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certs import der, keys, names, to_be_signed
from certs.certificate import Reading, parse
from certs.chain.roles import Purpose
from certs.edition import Edition
from certs.extensions import (
    AUTHORITY_KEY_IDENTIFIER,
    BASIC_CONSTRAINTS,
    EXTENDED_KEY_USAGE,
    KEY_USAGE,
    OCSP_SIGNING,
    SUBJECT_KEY_IDENTIFIER,
    KeyUsage,
)
from certs.hierarchy import Identity, World, grow
from certs.keys import KeyKind, PrivateKey
from certs.profiles.rules import Role

NOW = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
SEED = b"plugward tests: one boring world"
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)

UNKNOWN_OID = "1.3.6.1.4.1.99999.1"
CONTRACT_CN = "DE8AA001234567"


@cache
def valid_world(
    edition: Edition = Edition.ISO_2,
    key_kind: KeyKind | None = None,
    under_v2g: frozenset[Purpose] = frozenset(),
    name: str = "",
) -> World:
    """The shared world of an edition; another ``name`` is another world of other keys."""
    return grow(
        seed=SEED + name.encode(),
        now=NOW,
        edition=edition,
        key_kind=key_kind,
        crl_url="http://crl.v2g.example",
        under_v2g=under_v2g,
    )


def codes(found) -> set[str]:
    """The codes of some findings, of a verdict or of a refusal that carries findings."""
    findings = getattr(found, "findings", found)
    return {finding.code for finding in findings}


def name(*attributes: tuple[str, str]) -> bytes:
    """A DER Name of (dotted OID, value) pairs."""
    return der.encode(
        der.SEQUENCE, b"".join(to_be_signed.attribute(kind, value) for kind, value in attributes)
    )


def subject(
    common_name: str | Sequence[str] = CONTRACT_CN, dc: str | Sequence[str] | None = "MO"
) -> bytes:
    """A DER Name of common names and domain components alone."""
    common_names = [common_name] if isinstance(common_name, str) else common_name
    components = [dc] if isinstance(dc, str) else dc or []
    return name(
        *((names.COMMON_NAME, value) for value in common_names),
        *((names.DOMAIN_COMPONENT, value) for value in components),
    )


def _fields(identity: Identity) -> dict[str, bytes]:
    """The DER parts of an identity's TBSCertificate."""
    tbs = identity.certificate.tbs
    start, stop = der.whole(tbs, der.SEQUENCE)
    parts = [tbs[at:end] for _, at, _, end in der.children(tbs, start, stop, 10)]
    keyed = (
        "version",
        "serial",
        "algorithm",
        "issuer",
        "validity",
        "subject",
        "spki",
        "extensions",
    )
    return dict(zip(keyed, parts, strict=True))


def _extensions_of(identity: Identity) -> dict[str, bytes]:
    """The DER Extensions of a certificate by OID, in encoded order."""
    block = _fields(identity)["extensions"]
    start, stop = der.expect(block, *der.whole(block, 0xA3), der.SEQUENCE)
    found = {}
    for _, at, begin, end in der.children(block, start, stop, 40):
        kind, kind_stop = der.expect(block, begin, end, der.OID)
        found[der.oid(block[kind:kind_stop])] = block[at:end]
    return found


def _time(moment: datetime | bytes) -> bytes:
    return moment if isinstance(moment, bytes) else to_be_signed.time(moment)


def crooked_der(
    identity: Identity,
    *,
    signed_by: Identity | None = None,
    under: Identity | None = None,
    key: PrivateKey | None = None,
    version: bytes | None = None,
    serial: int | bytes | None = None,
    subject: bytes | None = None,
    issuer: bytes | None = None,
    not_before: datetime | bytes | None = None,
    not_after: datetime | bytes | None = None,
    spki: bytes | None = None,
    drop: Collection[str] = (),
    extensions: Mapping[str, bytes] | None = None,
    append: Sequence[bytes] = (),
    algorithm: bytes | None = None,
    outer_algorithm: bytes | None = None,
    signature: Callable[[bytes], bytes] | None = None,
) -> bytes:
    """The identity's certificate with some parts replaced, signed anew by its issuer.

    ``under`` puts it below another CA (name, authority key identifier, signature); ``signed_by``
    changes the signature alone. ``key`` makes it for another key. ``serial``, ``not_before`` and
    ``not_after`` as bytes are content (serial) or whole elements (times). ``extensions`` replaces
    or adds whole DER Extensions by OID, ``drop`` removes, ``append`` adds whatever is given.
    ``signature`` changes the signature's octets after the fact.
    """
    parts = _fields(identity)
    certificate = identity.certificate
    ext = _extensions_of(identity)
    signer = signed_by or under or identity.issuer or identity
    if version is not None:
        parts["version"] = version
    if serial is not None:
        content = serial if isinstance(serial, bytes) else _signed_content(serial)
        parts["serial"] = der.encode(der.INTEGER, content)
    if subject is not None:
        parts["subject"] = subject
        if identity.issuer is None and issuer is None:
            parts["issuer"] = subject
    if issuer is not None:
        parts["issuer"] = issuer
    elif under is not None:
        parts["issuer"] = under.certificate.subject
    if under is not None:
        ext[AUTHORITY_KEY_IDENTIFIER] = to_be_signed.authority_key_identifier(
            under.certificate.subject_key_id or b""
        )
    if not_before is not None or not_after is not None:
        parts["validity"] = der.encode(
            der.SEQUENCE,
            _time(not_before or certificate.not_before) + _time(not_after or certificate.not_after),
        )
    if key is not None:
        parts["spki"] = keys.spki(key.public_key())
        key_id = keys.key_identifier(keys.kind_of_spki(parts["spki"])[1])
        ext[SUBJECT_KEY_IDENTIFIER] = to_be_signed.subject_key_identifier(key_id)
        if identity.issuer is None and under is None:
            ext[AUTHORITY_KEY_IDENTIFIER] = to_be_signed.authority_key_identifier(key_id)
            signer = signed_by or replace(identity, private_key=key)
    if spki is not None:
        parts["spki"] = spki
    ext.update(extensions or {})
    kept = [value for oid, value in ext.items() if oid not in drop] + list(append)
    parts["extensions"] = (
        der.encode(0xA3, der.encode(der.SEQUENCE, b"".join(kept))) if kept else b""
    )
    natural = keys.SIGNATURE_ALGORITHMS[keys.kind_of(signer.signer.public_key)]
    parts["algorithm"] = algorithm or natural
    tbs = der.encode(der.SEQUENCE, b"".join(parts.values()))
    made = signer.signer.sign(tbs)
    return to_be_signed.signed(
        tbs, outer_algorithm or algorithm or natural, signature(made) if signature else made
    )


def _signed_content(value: int) -> bytes:
    octets = value.bit_length() // 8 + 1
    return value.to_bytes(octets, "big", signed=True)


def crooked(identity: Identity, **changes: object) -> Identity:
    """As crooked_der, read tolerantly, with the key and the issuer that its chain then has.

    Only for what the reader lets pass; what it refuses is made by crooked_der.
    """
    data = crooked_der(identity, **changes)
    key = changes.get("key") or identity.private_key
    return replace(
        identity,
        certificate=parse(data, Reading.TOLERANT),
        private_key=key,
        issuer=changes.get("under") or identity.issuer,
    )


def with_issuer(identity: Identity, issuer: Identity) -> Identity:
    """The same certificate with another issuer at its back: the chain follows, nothing else."""
    return replace(identity, issuer=issuer)


# Validity ----------------------------------------------------------------------------------------


def expired(identity: Identity, *, by: timedelta = SECOND) -> Identity:
    """A certificate whose last second lies ``by`` before NOW."""
    return crooked(identity, not_before=NOW - 400 * DAY, not_after=NOW - by)


def not_yet_valid(identity: Identity, *, by: timedelta = SECOND) -> Identity:
    """A certificate whose first second lies ``by`` after NOW."""
    return crooked(identity, not_before=NOW + by)


# Extensions --------------------------------------------------------------------------------------


def not_der_basic_constraints(identity: Identity) -> Identity:
    """cA FALSE written out, as four real leaves have it (NON_DER_BC)."""
    wrong = to_be_signed.extension(BASIC_CONSTRAINTS, bytes.fromhex("3003010100"), critical=True)
    return crooked(identity, extensions={BASIC_CONSTRAINTS: wrong})


def not_critical(identity: Identity, oid: str) -> Identity:
    """An extension of the same value that is not critical."""
    value = identity.certificate.extensions[oid].value
    return crooked(identity, extensions={oid: to_be_signed.extension(oid, value)})


def with_unknown_critical(identity: Identity) -> Identity:
    """A critical extension nobody knows (X06)."""
    return crooked(
        identity, append=[to_be_signed.extension(UNKNOWN_OID, b"\x05\x00", critical=True)]
    )


def with_key_usage(identity: Identity, usage: KeyUsage) -> Identity:
    """Other keyUsage bits."""
    return crooked(identity, extensions={KEY_USAGE: to_be_signed.key_usage(usage)})


def with_basic_constraints(
    identity: Identity, *, ca: bool, path_length: int | None = None
) -> Identity:
    """Other basicConstraints."""
    value = to_be_signed.basic_constraints(ca=ca, path_length=path_length)
    return crooked(identity, extensions={BASIC_CONSTRAINTS: value})


def with_purposes(identity: Identity, *purposes: str) -> Identity:
    """Another extendedKeyUsage."""
    value = to_be_signed.extended_key_usage(purposes)
    return crooked(identity, extensions={EXTENDED_KEY_USAGE: value})


def ocsp_signing_on(identity: Identity) -> Identity:
    """OCSPSigning where it must not stand: EKU_ON_ROOT on a root, O04 on any CA."""
    return with_purposes(identity, OCSP_SIGNING)


# Names -------------------------------------------------------------------------------------------


def with_domain_component(identity: Identity, *components: str) -> Identity:
    """The subject with other domain components, or with none."""
    kept = [
        pair
        for pair in names.attributes(identity.certificate.subject)
        if pair[0] != names.DOMAIN_COMPONENT
    ]
    return crooked(
        identity,
        subject=name(*kept, *((names.DOMAIN_COMPONENT, value) for value in components)),
    )


def with_common_name(identity: Identity, *common_names: str) -> Identity:
    """The subject with other common names, or with none, or several."""
    kept = [
        pair
        for pair in names.attributes(identity.certificate.subject)
        if pair[0] != names.COMMON_NAME
    ]
    return crooked(
        identity, subject=name(*((names.COMMON_NAME, value) for value in common_names), *kept)
    )


# Keys and signatures -----------------------------------------------------------------------------


def explicit_parameters(identity: Identity) -> bytes:
    """The identity's SPKI with its P-256 curve spelled out instead of named (X21)."""
    public_key = identity.certificate.public_key()
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    point = public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    prime = 2**256 - 2**224 + 2**192 + 2**96 - 1
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    generator = bytes.fromhex(
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    )
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    octets = [(prime - 3).to_bytes(32, "big"), b.to_bytes(32, "big")]
    parameters = der.encode(
        der.SEQUENCE,
        to_be_signed.integer(1)
        + der.encode(
            der.SEQUENCE, to_be_signed.oid("1.2.840.10045.1.1") + to_be_signed.integer(prime)
        )
        + der.encode(der.SEQUENCE, b"".join(der.encode(der.OCTET_STRING, o) for o in octets))
        + der.encode(der.OCTET_STRING, generator)
        + to_be_signed.integer(order)
        + to_be_signed.integer(1),
    )
    algorithm = der.encode(der.SEQUENCE, to_be_signed.oid("1.2.840.10045.2.1") + parameters)
    return der.encode(der.SEQUENCE, algorithm + der.encode(der.BIT_STRING, b"\x00" + point))


def with_explicit_parameters(identity: Identity) -> Identity:
    """A certificate whose key has explicit curve parameters (X21)."""
    return crooked(identity, spki=explicit_parameters(identity))


def with_curve(identity: Identity, curve: ec.EllipticCurve) -> Identity:
    """A certificate for a fresh key on another curve (X20)."""
    spki = keys.spki(ec.generate_private_key(curve).public_key())
    return crooked(identity, spki=spki)


def off_curve(identity: Identity) -> Identity:
    """A certificate whose public point is not on its curve (X22)."""
    spki = bytearray(identity.certificate.spki)
    spki[-1] ^= 1
    return crooked(identity, spki=bytes(spki))


def tampered(identity: Identity) -> Identity:
    """A certificate whose signature was made over other octets."""
    foreign = valid_world(Edition.ISO_2, None, frozenset(), "tampering")[Role.CONTRACT]
    kind = keys.kind_of((identity.issuer or identity).signer.public_key)
    forger = replace(foreign, private_key=keys.derive(kind, b"forger"))
    return crooked(identity, signed_by=forger)


# Whole branches ----------------------------------------------------------------------------------


def twin_ca(identity: Identity, number: int = 1) -> Identity:
    """A CA of the same name and issuer with another key (X13, X17)."""
    kind = keys.kind_of(identity.signer.public_key)
    return crooked(identity, key=keys.derive(kind, b"twin %d" % number))


def reissued(identity: Identity, issuer: Identity) -> Identity:
    """An identity of the same names and extensions, made anew below another CA."""
    return crooked(identity, under=issuer)
