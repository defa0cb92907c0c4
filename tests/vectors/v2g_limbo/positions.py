"""Cases about what stands at which place of a chain: X01-X08, X16, X27, X30, in every key kind."""

from dataclasses import replace

from certs import to_be_signed
from certs.chain.anchors import AnchorSet
from certs.chain.roles import Use
from certs.extensions import (
    BASIC_CONSTRAINTS,
    EXTENDED_KEY_USAGE,
    INHIBIT_ANY_POLICY,
    KEY_USAGE,
    NAME_CONSTRAINTS,
    OCSP_SIGNING,
    POLICY_CONSTRAINTS,
    POLICY_MAPPINGS,
    KeyUsage,
)
from certs.findings.catalogue import ENTRIES
from certs.findings.finding import Severity
from certs.profiles.rules import Role
from tests.vectors.v2g_limbo.suite import GROUNDS, LEAVES, ONE_ROOT, Ground, Suite, under
from tests.world import (
    DAY,
    NOW,
    SECOND,
    crooked,
    crooked_der,
    not_critical,
    not_der_basic_constraints,
    with_basic_constraints,
    with_key_usage,
    with_purposes,
    with_unknown_critical,
)

PLACES = {Role.CONTRACT: "leaf", Role.MO_SUB_2: "sub_ca_2", Role.MO_SUB_1: "sub_ca_1"}
SUB_CAS = (Role.MO_SUB_2, Role.MO_SUB_1)


def write(suite: Suite) -> None:
    """Every case of this module."""
    for ground in (*GROUNDS, *ONE_ROOT):
        _valid(suite, ground)
    for ground in GROUNDS:
        _validity(suite, ground)
        _authorities(suite, ground)
        _restrictions(suite, ground)
        _leaves(suite, ground)


def _valid(suite: Suite, ground: Ground) -> None:
    for use in ground.uses:
        chain = ground.chain(LEAVES[use])
        suite.accept(
            f"valid-{use.value}-{ground.tag}",
            f"A {use.value} chain as the profiles have it",
            "ISO 15118 certificate profiles",
            chain=chain,
            anchors=ground.anchors(),
            use=use,
            edition=ground.world.edition,
        )


def _validity(suite: Suite, ground: Ground) -> None:
    cite = "X16; RFC 5280 4.1.2.5, 6.1.3 (a)(2)"
    for role, place in (*PLACES.items(), (Role.MO_ROOT, "root")):
        identity = ground.world[role]

        def add(name, description, *findings, now=NOW, identity=identity, place=place, **changes):
            made = crooked(identity, **changes)
            root = (made,) if place == "root" else ()
            chain = ground.chain(Role.CONTRACT, made)
            more = {"chain": chain, "anchors": ground.anchors(*root), "now": now}
            full = f"X16-{name}-{place}-{ground.tag}"
            if findings:
                suite.refuse(full, description, cite, *findings, **more)
            else:
                suite.accept(full, description, cite, **more)

        old = {"not_before": NOW - 400 * DAY}
        add("last-second", f"{place}: notAfter is now", **old, not_after=NOW)
        add(
            "last-second-fraction",
            f"{place}: a microsecond before notAfter's second is over",
            now=NOW.replace(microsecond=999_999),
            **old,
            not_after=NOW,
        )
        expired = f"chain.expired@{place}"
        add(
            "over-by-one",
            f"{place}: notAfter was a second ago",
            expired,
            **old,
            not_after=NOW - SECOND,
        )
        add("first-second", f"{place}: notBefore is now", not_before=NOW)
        add(
            "early-by-one",
            f"{place}: notBefore is in a second",
            f"chain.not_yet_valid@{place}",
            not_before=NOW + SECOND,
        )
    later = crooked(ground.world[Role.CONTRACT], not_after=NOW.replace(year=2050, month=1))
    suite.accept(
        f"X16-generalized-time-2050-leaf-{ground.tag}",
        "leaf: notAfter in 2050 is a GeneralizedTime",
        cite,
        chain=ground.chain(Role.CONTRACT, later),
        anchors=ground.anchors(),
    )


def _at(  # noqa: PLR0917 - read in this order everywhere
    suite: Suite, ground: Ground, name: str, made, description, cite, *findings, use=None
):
    """A case in which one member of a chain was exchanged."""
    use = use or Use.CONTRACT
    full = f"{name}-{ground.tag}"
    more = {
        "chain": ground.chain(LEAVES[use], made),
        "anchors": ground.anchors(),
        "use": use,
        "edition": ground.world.edition,
    }
    if any(ENTRIES[finding.split("@")[0]].severity is Severity.ERROR for finding in findings):
        suite.refuse(full, description, cite, *findings, **more)
    else:
        suite.accept(full, description, cite, findings=findings, **more)


def _authorities(suite: Suite, ground: Ground) -> None:
    world = ground.world
    for role in SUB_CAS:
        ca, place = world[role], PLACES[role]

        def add(name, made, description, cite, *findings, place=place):
            _at(suite, ground, f"{name}-{place}", made, f"{place}: {description}", cite, *findings)

        not_ca, usage = f"chain.not_a_ca@{place}", f"chain.key_usage_wrong@{place}"
        add("X02", crooked(ca, drop=[BASIC_CONSTRAINTS]), "no basicConstraints",
            "X02; RFC 5280 6.1.4 (k)", not_ca)  # fmt: skip
        add("X03", with_basic_constraints(ca, ca=False), "cA FALSE",
            "X03; RFC 5280 6.1.4 (k)", not_ca)  # fmt: skip
        add("X04", not_critical(ca, BASIC_CONSTRAINTS),
            "basicConstraints not critical: an issuer's fault that is named, not a forgery",
            "X04; RFC 5280 4.2.1.9",
            f"chain.basic_constraints_not_critical@{place}")  # fmt: skip
        add("X05-crl-sign-only", with_key_usage(ca, KeyUsage.CRL_SIGN), "keyUsage cRLSign alone",
            "X05; RFC 5280 6.1.4 (n)", usage)  # fmt: skip
        add("X05-digital-signature", with_key_usage(ca, KeyUsage.DIGITAL_SIGNATURE),
            "keyUsage of a leaf", "X05; RFC 5280 6.1.4 (n)", usage)  # fmt: skip
        add("X05-absent", crooked(ca, drop=[KEY_USAGE]), "no keyUsage",
            "X05; ISO 15118-2 certificate profiles", usage)  # fmt: skip
        add("X02-X05", crooked(ca, drop=[BASIC_CONSTRAINTS, KEY_USAGE]),
            "neither basicConstraints nor keyUsage", "X02, X05; RFC 5280 6.1.4 (k), (n)",
            not_ca, usage)  # fmt: skip
        add("X08-ocsp-signing", with_purposes(ca, OCSP_SIGNING), "extendedKeyUsage OCSPSigning",
            "X08, O04; RFC 5280 4.2.1.12", f"chain.extended_key_usage_wrong@{place}")  # fmt: skip
        add("X08-any", with_purposes(ca, "2.5.29.37.0"), "anyExtendedKeyUsage",
            "X08; RFC 5280 4.2.1.12")  # fmt: skip
    first = with_basic_constraints(world[Role.MO_SUB_1], ca=True, path_length=0)
    _at(suite, ground, "X01-sub-1-zero", first, "pathLenConstraint 0 on sub-CA 1",
        "X01; RFC 5280 6.1.4 (l)", "chain.path_length_exceeded@sub_ca_1")  # fmt: skip
    wide = with_basic_constraints(world[Role.MO_SUB_1], ca=True)
    _at(suite, ground, "X01-sub-1-unlimited", wide, "no pathLenConstraint on sub-CA 1",
        "X01; RFC 5280 4.2.1.9")  # fmt: skip
    root = with_basic_constraints(world[Role.MO_ROOT], ca=True, path_length=1)
    suite.refuse(
        f"X01-root-one-{ground.tag}",
        "pathLenConstraint 1 on the root, two sub-CAs below it",
        "X01; RFC 5280 6.1.4 (l)",
        "chain.path_length_exceeded@root",
        chain=ground.chain(),
        anchors=ground.anchors(root),
    )
    other = world.issue(Role.CONTRACT, common_name="DE8AA007654321")
    by_leaf = under(other, world[Role.CONTRACT])
    suite.refuse(
        f"X03-leaf-signs-leaf-{ground.tag}",
        "A contract's key issued another contract",
        "X03; RFC 5280 6.1.4 (k), (n)",
        "chain.not_a_ca",
        "chain.key_usage_wrong",
        "chain.path_length_exceeded",
        chain=(by_leaf.certificate, *ground.chain()),
        anchors=ground.anchors(),
    )


def _restrictions(suite: Suite, ground: Ground) -> None:
    for role, place in PLACES.items():
        identity = ground.world[role]
        _at(suite, ground, f"X06-{place}", with_unknown_critical(identity),
            f"{place}: a critical extension nobody knows", "X06; RFC 5280 4.2",
            f"chain.unknown_critical_extension@{place}")  # fmt: skip
        harmless = to_be_signed.extension("1.3.6.1.4.1.99999.1", b"\x05\x00")
        _at(suite, ground, f"X06-not-critical-{place}", crooked(identity, append=[harmless]),
            f"{place}: an extension nobody knows, not critical", "X06; RFC 5280 4.2")  # fmt: skip
        kinds = {
            "X07-name": (NAME_CONSTRAINTS, b"\x30\x00", "chain.name_constraints_unsupported"),
            "X27-policy": (
                POLICY_CONSTRAINTS,
                b"\x30\x03\x80\x01\x00",
                "chain.policy_constraints_unsupported",
            ),
            "X27-mappings": (POLICY_MAPPINGS, b"\x30\x00", "chain.policy_constraints_unsupported"),
            "X27-any-policy": (
                INHIBIT_ANY_POLICY,
                b"\x02\x01\x00",
                "chain.policy_constraints_unsupported",
            ),
        }
        for name, (oid, value, code) in kinds.items():
            for critical in (True, False):
                block = to_be_signed.extension(oid, value, critical=critical)
                said = "critical" if critical else "not-critical"
                _at(suite, ground, f"{name}-{said}-{place}", crooked(identity, append=[block]),
                    f"{place}: {oid}, {said}, which restricts and is not processed",
                    f"{name[:3]}; RFC 5280 4.2.1.10, 4.2.1.11", f"{code}@{place}")  # fmt: skip


def _leaves(suite: Suite, ground: Ground) -> None:
    leaf = ground.world[Role.CONTRACT]

    def add(name, made, description, cite, *findings):
        _at(suite, ground, name, made, f"leaf: {description}", cite, *findings)

    add("X08-server-leaf", with_purposes(leaf, "1.3.6.1.5.5.7.3.1"), "serverAuth on a contract",
        "X08; RFC 5280 4.2.1.12", "chain.extended_key_usage_wrong@leaf")  # fmt: skip
    add("X08-ocsp-signing-leaf", with_purposes(leaf, OCSP_SIGNING), "OCSPSigning on a contract",
        "X08; RFC 5280 4.2.1.12", "chain.extended_key_usage_wrong@leaf")  # fmt: skip
    add("X08-any-leaf", with_purposes(leaf, "2.5.29.37.0"), "anyExtendedKeyUsage",
        "X08; RFC 5280 4.2.1.12")  # fmt: skip
    empty = to_be_signed.extension(EXTENDED_KEY_USAGE, b"\x30\x00")
    add("leaf-is-ca", with_basic_constraints(leaf, ca=True, path_length=0), "cA TRUE",
        "ISO 15118-2 certificate profiles", "chain.leaf_is_ca@leaf")  # fmt: skip
    add("leaf-agrees-only", with_key_usage(leaf, KeyUsage.KEY_AGREEMENT), "keyAgreement alone",
        "RFC 5280 4.2.1.3", "chain.key_usage_wrong@leaf")  # fmt: skip
    both = KeyUsage.DIGITAL_SIGNATURE | KeyUsage.KEY_CERT_SIGN
    add("leaf-certifies", with_key_usage(leaf, both), "keyCertSign on an end entity",
        "RFC 5280 4.2.1.3", "chain.key_usage_wrong@leaf")  # fmt: skip
    suite.refuse(
        f"X08-empty-leaf-{ground.tag}",
        "leaf: extendedKeyUsage that is an empty SEQUENCE",
        "X08; RFC 5280 4.2.1.12 (SIZE 1..MAX); CVE-2026-40097",
        "malformed.certificate",
        chain=(
            crooked_der(leaf, extensions={EXTENDED_KEY_USAGE: empty}),
            *ground.chain()[1:],
        ),
        anchors=ground.anchors(),
    )
    for name, made, code in (
        ("no-constraints", crooked(leaf, drop=[BASIC_CONSTRAINTS]),
         "chain.leaf_without_basic_constraints"),
        ("no-key-usage", crooked(leaf, drop=[KEY_USAGE]), "chain.leaf_without_key_usage"),
        ("not-der", not_der_basic_constraints(leaf), "chain.encoding_not_der"),
    ):  # fmt: skip
        more = {"chain": ground.chain(Role.CONTRACT, made), "anchors": ground.anchors()}
        suite.accept(
            f"tolerated-{name}-{ground.tag}",
            f"leaf: {code}, as real operators issue, tolerated by default and recorded",
            "Certificates of public PKIs",
            findings=[code],
            **more,
        )
        suite.refuse(
            f"strict-{name}-{ground.tag}",
            f"leaf: {code} below an anchor that tolerates nothing",
            "ISO 15118-2 certificate profiles",
            code,
            chain=more["chain"],
            anchors=strict(ground),
        )


def strict(ground: Ground):
    """The ground's anchors, tolerating nothing."""
    return AnchorSet(replace(a, tolerances=frozenset()) for a in ground.anchors().anchors)
