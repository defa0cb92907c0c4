"""Cases about which road leads to which root, and for whom: X09, X12-X15, X17, X18, X29-X31."""

from dataclasses import replace

from certs import keys, to_be_signed
from certs.chain.anchors import Anchor, AnchorSet
from certs.chain.roles import Purpose, Use
from certs.extensions import AUTHORITY_KEY_IDENTIFIER, SUBJECT_KEY_IDENTIFIER
from certs.profiles.rules import Role
from tests.vectors.v2g_limbo.suite import (
    GROUNDS,
    LEAVES,
    ONE_ROOT,
    PURPOSES,
    Ground,
    Suite,
    under,
)
from tests.world import (
    DAY,
    NOW,
    crooked,
    expired,
    ocsp_signing_on,
    subject,
    twin_ca,
    valid_world,
    with_domain_component,
    with_issuer,
)

_CONFUSED = "chain.role_confused"


def write(suite: Suite) -> None:
    """Every case of this module."""
    for ground in GROUNDS:
        _missing(suite, ground)
        _piles(suite, ground)
        _identifiers(suite, ground)
        _roads(suite, ground)
        _anchors(suite, ground)
        _words(suite, ground)
    for ground in (*GROUNDS, *ONE_ROOT):
        _matrix(suite, ground)


def _matrix(suite: Suite, ground: Ground) -> None:
    """Every leaf for every use but its own, and CAs and responders as leaves."""
    cite = "X09; [V2G2-875], [V2G2-925] as quoted in EVerest/EVerest#2119"
    shared = {
        "anchors": ground.anchors(),
        "edition": ground.world.edition,
    }
    for use in ground.uses:
        for other in ground.uses:
            if {use, other} in ({use}, {Use.OEM_PROVISIONING, Use.VEHICLE}):
                continue
            suite.refuse(
                f"X09-{other.value}-as-{use.value}-{ground.tag}",
                f"The {other.value} leaf presented as {use.value}",
                cite,
                _CONFUSED,
                chain=ground.chain(LEAVES[other]),
                use=use,
                **shared,
            )
    for role in (Role.MO_SUB_2, Role.CPO_SUB_2, Role.OEM_SUB_2, Role.CPS_SUB_2, Role.MO_SUB_1):
        confused = () if role in {Role.MO_SUB_2, Role.MO_SUB_1} else (_CONFUSED,)
        if role is Role.CPO_SUB_2:  # its word is V2G, which is no role's
            confused += ("chain.domain_component_missing@leaf",)
        if role is Role.MO_SUB_1 and ground in ONE_ROOT:  # no sub-CA above it says a role
            confused += ("chain.role_unknown@chain",)
        suite.refuse(
            f"X09-{role.value}-as-contract-{ground.tag}",
            "A CA presented as a contract",
            cite,
            "chain.leaf_is_ca@leaf",
            "chain.key_usage_wrong@leaf",
            *confused,
            chain=ground.chain(role),
            **shared,
        )


def _missing(suite: Suite, ground: Ground) -> None:
    leaf, sub_2, sub_1 = ground.chain()
    root = ground.world[Role.MO_ROOT].certificate
    shared = {"anchors": ground.anchors()}
    cite = "RFC 5280 6.1"
    for name, chain, code in (
        ("leaf-alone", (leaf,), "chain.issuer_missing"),
        ("without-sub-2", (leaf, sub_1), "chain.issuer_missing"),
        ("without-sub-1", (leaf, sub_2), "chain.anchor_unknown"),
        ("with-root-without-sub-1", (leaf, sub_2, root), "chain.anchor_unknown"),
    ):
        suite.refuse(f"{name}-{ground.tag}", f"The chain: {name}", cite, code,
                     chain=chain, **shared)  # fmt: skip
    for name, chain in (
        ("reversed", (leaf, sub_1, sub_2)),
        ("with-root", (leaf, sub_2, sub_1, root)),
        ("root-first", (leaf, root, sub_1, sub_2)),
    ):
        suite.accept(f"order-{name}-{ground.tag}", f"The rest in another order: {name}", cite,
                     chain=chain, **shared)  # fmt: skip


def _piles(suite: Suite, ground: Ground) -> None:
    leaf, sub_2, sub_1 = ground.chain()
    world, shared = ground.world, {"anchors": ground.anchors()}
    suite.accept(f"X14-ten-{ground.tag}", "Sub-CA 2 ten times is sub-CA 2", "X14",
                 chain=(leaf, *[sub_2] * 10, sub_1), **shared)  # fmt: skip
    suite.accept(f"X14-leaf-twice-{ground.tag}", "The leaf twice", "X14",
                 chain=(leaf, leaf, sub_2, sub_1), **shared)  # fmt: skip
    twins = [twin_ca(world[Role.MO_SUB_2], n).certificate for n in range(6)]
    suite.accept(f"X13-six-twins-{ground.tag}",
                 "Six CAs of sub-CA 2's name with other keys before it", "X13",
                 chain=(leaf, *twins, sub_2, sub_1), **shared)  # fmt: skip
    suite.refuse(f"X13-only-twins-{ground.tag}",
                 "Six CAs of sub-CA 2's name, none of them the issuer", "X13",
                 "chain.issuer_missing", chain=(leaf, *twins, sub_1), **shared)  # fmt: skip
    one, two = twin_ca(world[Role.MO_SUB_1], 1), twin_ca(world[Role.MO_SUB_2], 2)
    first = crooked(one, under=two)
    second = crooked(two, under=first)
    looped = under(world[Role.CONTRACT], second)
    again = crooked(first, under=second)
    suite.refuse(f"X12-two-{ground.tag}", "Two CAs that issued each other",
                 "X12; CVE-2024-0567", "chain.anchor_unknown",
                 chain=(looped.certificate, second.certificate, again.certificate),
                 **shared)  # fmt: skip
    identity, deep = world[Role.MO_SUB_1], []
    for n in range(5):
        key = keys.derive(world.key_kind, b"limbo deep %d" % n)
        named = subject(f"Deep Sub-CA {n}", "MO")
        identity = replace(crooked(identity, under=identity, key=key, subject=named),
                           issuer=identity)  # fmt: skip
        deep.insert(0, identity.certificate)
    bottom = under(world[Role.CONTRACT], identity)
    suite.refuse(f"X15-seven-{ground.tag}", "A path of more than six certificates",
                 "X15; ISO 15118-2 SubCertificates maxOccurs 4", "chain.too_long",
                 chain=(bottom.certificate, *deep, sub_1), **shared)  # fmt: skip
    if ground.tag != "p256":
        return
    suite.refuse("X15-seventeen-p256", "More certificates than are looked at", "X15",
                 "chain.too_long", chain=(leaf,) * 17, **shared)  # fmt: skip


def _identifiers(suite: Suite, ground: Ground) -> None:
    leaf, sub_2, sub_1 = ground.chain()
    world, shared = ground.world, {"anchors": ground.anchors()}
    cite = "X17; RFC 5280 4.2.1.1, 4.2.1.2"
    wrong = to_be_signed.authority_key_identifier(b"\x01" * 20)
    for role, place in ((Role.CONTRACT, "leaf"), (Role.MO_SUB_2, "sub_ca_2"),
                        (Role.MO_SUB_1, "sub_ca_1")):  # fmt: skip
        one = world[role]
        without = crooked(one, drop=[AUTHORITY_KEY_IDENTIFIER])
        suite.accept(f"X17-no-aki-{place}-{ground.tag}",
                     f"{place}: no authorityKeyIdentifier; the signature decides", cite,
                     chain=ground.chain(Role.CONTRACT, without), **shared)  # fmt: skip
        odd = crooked(one, extensions={AUTHORITY_KEY_IDENTIFIER: wrong})
        suite.accept(f"X17-wrong-aki-{place}-{ground.tag}",
                     f"{place}: authorityKeyIdentifier of nobody: named, an aid and no check",
                     cite, findings=[f"chain.key_identifier_mismatch@{place}"],
                     chain=ground.chain(Role.CONTRACT, odd), **shared)  # fmt: skip
        bare = crooked(one, drop=[SUBJECT_KEY_IDENTIFIER])
        suite.accept(f"X17-no-ski-{place}-{ground.tag}", f"{place}: no subjectKeyIdentifier",
                     cite, chain=ground.chain(Role.CONTRACT, bare), **shared)  # fmt: skip
    twin = twin_ca(world[Role.MO_SUB_2]).certificate
    suite.accept(f"X17-twin-beside-{ground.tag}",
                 "A CA of the same name with another key beside the issuer", cite,
                 chain=(leaf, twin, sub_2, sub_1), **shared)  # fmt: skip


def _roads(suite: Suite, ground: Ground) -> None:
    leaf, sub_2, sub_1 = ground.chain()
    world, shared = ground.world, {"anchors": ground.anchors()}
    kind = world.key_kind
    new = crooked(world[Role.MO_SUB_1], under=world[Role.MO_SUB_1],
                  key=keys.derive(kind, b"limbo rollover"))  # fmt: skip
    renewed = under(world[Role.MO_SUB_2], new)
    rolled = under(world[Role.CONTRACT], renewed)
    suite.accept(f"X18-{ground.tag}",
                 "Sub-CA 1 certified its new key under its own name: no step of the path length",
                 "X18; RFC 5280 6.1.4 (l)",
                 chain=(rolled.certificate, renewed.certificate, new.certificate, sub_1),
                 **shared)  # fmt: skip
    old = expired(world[Role.MO_SUB_2]).certificate
    suite.accept(f"X29-renewed-{ground.tag}", "Sub-CA 2's expired certificate beside its new one",
                 "X29", chain=(leaf, old, sub_2, sub_1), **shared)  # fmt: skip
    suite.refuse(f"X29-old-alone-{ground.tag}", "Only the expired one of the two", "X29",
                 "chain.expired@sub_ca_2", chain=(leaf, old, sub_1), **shared)  # fmt: skip
    cross = crooked(world[Role.MO_ROOT], under=world[Role.V2G_ROOT],
                    not_before=NOW - 400 * DAY, not_after=NOW - DAY).certificate  # fmt: skip
    suite.accept(f"X29-cross-{ground.tag}",
                 "The MO root's key, also certified below the V2G root, that road expired",
                 "X29; AddTrust, 30 May 2020", chain=(leaf, sub_2, sub_1, cross),
                 **shared)  # fmt: skip
    v2g = AnchorSet(a for a in ground.anchors().anchors if a.purpose is Purpose.V2G)
    suite.refuse(f"X29-cross-only-{ground.tag}", "Only the expired road", "X29",
                 "chain.expired@sub_ca_1",
                 chain=(leaf, sub_2, sub_1, cross), anchors=v2g)  # fmt: skip


def _anchors(suite: Suite, ground: Ground) -> None:
    world = ground.world
    foreign = valid_world(world.edition, world.key_kind, frozenset(), "limbo foreign")
    strange = foreign[Role.CONTRACT].chain
    root = foreign[Role.MO_ROOT].certificate
    shared = {"anchors": ground.anchors()}
    cite = "X31; RFC 5280 6.1.1 (d)"
    suite.accept(f"X31-stray-{ground.tag}", "A stranger's root in the chain: ignored", cite,
                 chain=(*ground.chain(), root), **shared)  # fmt: skip
    # one world's names are the other's: its sub-CA is found named by a trusted root
    suite.refuse(f"X31-foreign-{ground.tag}",
                 "A stranger's chain whose root bears a trusted root's name, sent along", cite,
                 "chain.anchor_unknown", chain=(*strange, root), **shared)  # fmt: skip
    suite.refuse(f"nobody-trusted-{ground.tag}", "No anchor at all", cite,
                 "chain.anchor_unknown", chain=ground.chain(), anchors=AnchorSet())  # fmt: skip
    for purpose, role in PURPOSES.items():
        if purpose is Purpose.MO:
            continue
        wrong = Anchor(certificate=world[Role.MO_ROOT].certificate, purpose=purpose)
        code = "chain.role_confused" if purpose is Purpose.OEM else ""
        if code:
            suite.refuse(f"purpose-{purpose.value}-{ground.tag}",
                         f"The MO root trusted as {role.value}'s purpose alone", "X30, X09", code,
                         chain=ground.chain(), anchors=AnchorSet([wrong]))  # fmt: skip
    odd = ocsp_signing_on(world[Role.MO_ROOT])
    suite.accept(f"X30-eku-{ground.tag}", "An anchor's extendedKeyUsage is not applied",
                 "X30; RFC 5280 6.1.1 (d)", chain=ground.chain(),
                 anchors=ground.anchors(odd))  # fmt: skip
    again = AnchorSet(
        Anchor(certificate=world[Role.MO_ROOT].certificate, purpose=p)
        for p in (Purpose.OEM, Purpose.MO)
    )
    suite.accept(f"two-purposes-{ground.tag}", "One root trusted for two purposes serves both",
                 "Roles come from anchor and sub-CA", chain=ground.chain(),
                 anchors=again)  # fmt: skip


def _words(suite: Suite, ground: Ground) -> None:
    """What a leaf's own domain components add, and what they cannot."""
    leaf = ground.world[Role.CONTRACT]
    cite = "X09; [V2G2-925] as quoted in EVerest/EVerest#2119"
    for name, words, code in (
        ("none", (), "chain.domain_component_missing@leaf"),
        ("foreign", ("V2G",), "chain.domain_component_missing@leaf"),
        ("two", ("MO", "OEM"), "chain.role_confused@leaf"),
        ("oem", ("OEM",), "chain.role_confused@leaf"),
        ("cpo", ("CPO",), "chain.role_confused@leaf"),
        ("cps", ("CPS",), "chain.role_confused@leaf"),
    ):
        suite.refuse(f"X09-dc-{name}-{ground.tag}", f"leaf: domain components {words}", cite, code,
                     chain=ground.chain(Role.CONTRACT, with_domain_component(leaf, *words)),
                     anchors=ground.anchors())  # fmt: skip
    lower = with_domain_component(leaf, "mo")
    suite.accept(f"X09-dc-lower-{ground.tag}", "leaf: DC=mo is DC=MO", cite,
                 chain=ground.chain(Role.CONTRACT, lower), anchors=ground.anchors())  # fmt: skip
    one = next(g for g in ONE_ROOT if g.tag.startswith(ground.tag))
    world = one.world
    oem_1 = with_domain_component(world[Role.OEM_SUB_1], "V2G")
    oem_2 = crooked(
        with_issuer(with_domain_component(world[Role.OEM_SUB_2], "V2G"), oem_1), under=oem_1
    )
    made = under(world[Role.CONTRACT], oem_2)
    root = Anchor(certificate=world[Role.V2G_ROOT].certificate, purpose=Purpose.V2G)
    chain = (made.certificate, oem_2.certificate, oem_1.certificate)
    record = oem_1.certificate.fingerprint
    suite.refuse(f"X09-unrecorded-{ground.tag}",
                 "A contract below sub-CAs that say DC=V2G and are on nobody's record", cite,
                 "chain.role_unknown", chain=chain, anchors=AnchorSet([root]))  # fmt: skip
    for use in (Use.OEM_PROVISIONING, Use.SECC, Use.CPS):
        recorded = replace(root, sub_ca_roles={record: use})
        suite.refuse(f"X09-recorded-{use.value}-{ground.tag}",
                     f"The same, recorded for {use.value}", cite, _CONFUSED,
                     chain=chain, anchors=AnchorSet([recorded]))  # fmt: skip
    recorded = replace(root, sub_ca_roles={record: Use.CONTRACT})
    suite.accept(f"X09-recorded-contract-{ground.tag}", "The same, recorded for contracts", cite,
                 chain=chain, anchors=AnchorSet([recorded]))  # fmt: skip
