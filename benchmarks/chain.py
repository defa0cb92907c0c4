"""Chains of four: verified with the issuer known and without, beside the bare signatures."""

import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448

from benchmarks.figure import Figure
from benchmarks.timing import microseconds, microseconds_once
from certs import pem
from certs.certificate import Certificate
from certs.chain import verification
from certs.chain.anchors import AnchorSet
from certs.chain.roles import Use
from certs.chain.verifier import ChainVerifier
from certs.edition import Edition
from certs.hierarchy import Identity, World, grow
from certs.keys import KeyKind
from certs.profiles.rules import Role

NOW = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
LEAVES = {KeyKind.P256: 3000, KeyKind.P521: 200, KeyKind.ED448: 300}
WARM = 60  # leaves until every length of signature was seen
STRANGERS = 120  # mobility operators of whom nothing was ever seen
EDITIONS = {
    KeyKind.P256: Edition.ISO_2,
    KeyKind.P521: Edition.ISO_20,
    KeyKind.ED448: Edition.ISO_20,
}
CACHED_RATE_GOAL = 0.80  # of bare verifications a second
COLD_GOAL = 1.3  # times its three signatures
CACHED_TIME_GOAL = 1.15  # times its one signature
_ECDSA = {KeyKind.P256: ec.ECDSA(hashes.SHA256()), KeyKind.P521: ec.ECDSA(hashes.SHA512())}


class Chain(NamedTuple):
    """What is measured on: a leaf's bundle, and its signatures as the library takes them."""

    text: str
    links: tuple[tuple[Callable[..., Any], tuple[Any, ...]], ...]


def _link(child: Certificate, issuer: Certificate, kind: KeyKind) -> tuple[Any, tuple[Any, ...]]:
    key = issuer.public_key()
    signed = (child.signature, child.tbs)
    if isinstance(key, ed448.Ed448PublicKey):
        return key.verify, signed
    return key.verify, (*signed, _ECDSA[kind])


def chain_of(leaf: Identity, kind: KeyKind) -> Chain:
    path = (*leaf.chain, leaf.root)
    pairs = pairwise(path)
    return Chain(leaf.pem, tuple(_link(child, issuer, kind) for child, issuer in pairs))


def raw_one(chain: Chain) -> None:
    verify, signed = chain.links[0]
    verify(*signed)


def raw_all(chain: Chain) -> None:
    for verify, signed in chain.links:
        verify(*signed)


def leaves(world: World, count: int) -> list[Identity]:
    """Contract certificates of one issuer, each with its own key, name, serial and times."""
    return [
        world.issue(
            Role.CONTRACT,
            common_name=f"DE8AA{nth:09d}",
            not_before=world.now - timedelta(hours=2, seconds=nth),
        )
        for nth in range(count)
    ]


def _remembering(anchors: AnchorSet, chains: list[Chain], **limits: int) -> Callable[[Chain], Any]:
    verifier = ChainVerifier(anchors, **limits)
    for chain in chains[:WARM]:
        if not verifier.verify_pem(chain.text, use=Use.CONTRACT, now=NOW).valid:
            raise RuntimeError("the benchmark's own chain is not valid")
    return lambda chain: verifier.verify_pem(chain.text, use=Use.CONTRACT, now=NOW)


def _cold(anchors: AnchorSet, chain: Chain) -> None:
    ChainVerifier(anchors).verify_pem(chain.text, use=Use.CONTRACT, now=NOW)


def _functional(anchors: AnchorSet, chain: Chain) -> None:
    verification.verify(pem.parse_chain(chain.text), use=Use.CONTRACT, anchors=anchors, now=NOW)


def _library(chain: Chain) -> None:
    """What the library alone needs for the same: read, load two keys, verify three signatures."""
    leaf, sub_2, sub_1 = x509.load_pem_x509_certificates(chain.text.encode())
    for child, issuer, link in zip((leaf, sub_2), (sub_2, sub_1), chain.links, strict=False):
        key: Any = issuer.public_key()
        key.verify(child.signature, child.tbs_certificate_bytes, *link[1][2:])
    verify, signed = chain.links[2]
    verify(sub_1.signature, sub_1.tbs_certificate_bytes, *signed[2:])


def _known_issuer(kind: KeyKind) -> list[Figure]:
    world = grow(seed=b"benchmark", now=NOW, edition=EDITIONS[kind], key_kind=kind)
    chains = [chain_of(leaf, kind) for leaf in leaves(world, LEAVES[kind])]
    anchors = world.anchors()
    cached = _remembering(anchors, chains)
    if kind is not KeyKind.P256:
        spent = microseconds({"raw": raw_one, "cached": cached}, chains)
        return [
            Figure(
                name=f"chain of four, {kind.value}, issuer known",
                value=round(spent["cached"], 1),
                unit="us",
                reference=f"pyca verify of the leaf: {spent['raw']:.1f} us",
                ratio=round(spent["cached"] / spent["raw"], 3),
                goal=CACHED_TIME_GOAL,
            )
        ]
    work = {
        "raw": raw_one,
        "cached": cached,
        "in full": _remembering(anchors, chains, bundles_max=0),
    }
    spent = microseconds(work, chains)
    rates = {name: 1e6 / each for name, each in spent.items()}
    reference = f"pyca verify of the leaf: {rates['raw']:,.0f}/s"
    cold = microseconds(
        {
            "raw": raw_all,
            "cold": partial(_cold, anchors),
            "verify": partial(_functional, anchors),
            "library": _library,
        },
        chains[: LEAVES[kind] // 10],
    )
    three = f"pyca verify of its three signatures: {cold['raw']:.1f} us"
    return [
        Figure(
            name="chain of four, P-256, issuer known",
            value=round(rates["cached"]),
            unit="chains/s",
            reference=reference,
            ratio=round(rates["cached"] / rates["raw"], 3),
            goal=CACHED_RATE_GOAL,
            at_least=True,
        ),
        Figure(
            name="... leaf read in full (no bundles)",
            value=round(rates["in full"]),
            unit="chains/s",
            reference=reference,
            ratio=round(rates["in full"] / rates["raw"], 3),
        ),
        Figure(
            name="chain of four, P-256, fresh verifier",
            value=round(cold["cold"], 1),
            unit="us",
            reference=three,
            ratio=round(cold["cold"] / cold["raw"], 3),
            goal=COLD_GOAL,
        ),
        Figure(
            name="... verification.verify() from PEM",
            value=round(cold["verify"], 1),
            unit="us",
            reference=three,
            ratio=round(cold["verify"] / cold["raw"], 3),
            goal=COLD_GOAL,
        ),
        Figure(
            name="... beside pyca reading, loading keys",
            value=round(cold["cold"], 1),
            unit="us",
            reference=f"pyca read, two keys, three signatures, no check: {cold['library']:.1f} us",
            ratio=round(cold["cold"] / cold["library"], 3),
        ),
    ]


def _strangers() -> Figure:
    """Sub-CAs whose names, keys and addresses this process never read before."""
    world = grow(seed=b"strangers", now=NOW, crl_url="http://crl.v2g.example")
    chains = []
    for nth in range(STRANGERS):
        sub_1 = world.issue(
            Role.MO_SUB_1, common_name=f"MO {nth} Sub-CA 1", organization=f"MO {nth}"
        )
        sub_2 = world.issue(
            Role.MO_SUB_2, common_name=f"MO {nth} Sub-CA 2", organization=f"MO {nth}", issuer=sub_1
        )
        leaf = world.issue(Role.CONTRACT, issuer=sub_2, organization=f"MO {nth}")
        chains.append(chain_of(leaf, KeyKind.P256))
    # issuing read them all: forget what that left behind
    for module in (
        "certs.names",
        "certs.extensions",
        "certs.chain.checks",
        "certs.chain.verification",
    ):
        _forget(module)
    anchors = world.anchors()
    _cold(anchors, chains[0])
    spent = microseconds_once({"raw": raw_all, "cold": partial(_cold, anchors)}, chains[1:])
    return Figure(
        name="chain of four, P-256, operator never seen",
        value=round(spent["cold"], 1),
        unit="us",
        reference=f"pyca verify of its three signatures: {spent['raw']:.1f} us",
        ratio=round(spent["cold"] / spent["raw"], 3),
    )


def _forget(module: str) -> None:
    import importlib

    for known in vars(importlib.import_module(module)).values():
        if hasattr(known, "cache_clear"):
            known.cache_clear()


def _memory() -> list[Figure]:
    world = grow(seed=b"memory", now=NOW)
    anchors = world.anchors()
    texts = [leaf.pem for leaf in leaves(world, 2 * WARM)]
    sizes = []
    for limits in ({}, {"bundles_max": 0}):
        verifier = ChainVerifier(anchors, **limits)
        verifier.verify_pem(texts[0], use=Use.CONTRACT, now=NOW)  # fills the shared caches
        verifier = ChainVerifier(anchors, **limits)
        tracemalloc.start()
        for text in texts:
            verifier.verify_pem(text, use=Use.CONTRACT, now=NOW)
        sizes.append(tracemalloc.get_traced_memory()[0] / 1024)
        tracemalloc.stop()
    text = len(texts[0]) / 1024
    return [
        Figure(
            name="memory of an issuer with its bundles",
            value=round(sizes[0], 1),
            unit="KiB",
            reference=f"its PEM text: {text:.1f} KiB",
            ratio=round(sizes[0] / text, 1),
        ),
        Figure(
            name="... without bundles",
            value=round(sizes[1], 1),
            unit="KiB",
            reference=f"its PEM text: {text:.1f} KiB",
            ratio=round(sizes[1] / text, 1),
        ),
    ]


def measure() -> list[Figure]:
    """The figures of issue 2, and what they are made of."""
    return [
        *_known_issuer(KeyKind.P256),
        _strangers(),
        *_known_issuer(KeyKind.P521),
        *_known_issuer(KeyKind.ED448),
        *_memory(),
    ]
