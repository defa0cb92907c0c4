"""Verification that remembers issuers, so that a known issuer's next leaf costs one signature."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from certs import keys, names, pem
from certs.certificate import Certificate, parse
from certs.chain import verification
from certs.chain.anchors import Anchor, AnchorSet
from certs.chain.bundle import Bundle, Clue, bundle, clue
from certs.chain.link import issued
from certs.chain.path import Path, errors
from certs.chain.roles import Use
from certs.chain.verification import ChainVerdict, edition_of, leaf_findings
from certs.edition import Edition
from certs.findings.finding import Finding

ISSUERS_MAX = 4096  # sub-CA chains of every mobility operator of the world, with room
# 8 KiB each; an issuer has one for each length of signature, serial number and common name
BUNDLES_MAX = 4096
CHAIN_CHARACTERS_MAX = 10_000  # AuthorizeRequest.certificate of OCPP 2.1; 2.0.1 has 5,500


@dataclass(slots=True)
class _Issuer:
    """The CAs of a chain that was valid as a whole; only ``remembered`` ever changes."""

    authorities: Path  # the leaf's issuer first, root last
    anchor: Anchor
    findings: tuple[Finding, ...]  # warnings about these CAs
    not_before: datetime  # the time in which all of them are valid: from this moment
    dies: datetime  # up to, and not at, this one
    remembered: bool = True


_Key = tuple[bytes, Use, Edition]
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class _Known:
    """A bundle that was valid, and what is the same for all that differ in the holes alone."""

    bundle: Bundle
    issuer: _Issuer
    verifies: Callable[[bytes, bytes], bool]  # with the key of the leaf's issuer
    findings: tuple[Finding, ...]


class ChainVerifier:
    """Verifies chains against one set of anchors and remembers the issuers of valid ones.

    An issuer is remembered only after a whole chain was found valid, so nobody can fill the
    memory without a valid chain; the oldest are forgotten beyond ``issuers_max``. A remembered
    issuer dies with the validity of its CAs, when the anchors change, and when a CA is revoked
    (``forget``). Remembered or not, every check on the leaf is made anew; where a leaf's octets
    are those of an earlier one but for its own values, what follows from them is not worked out
    again (certs.chain.frame; a ``bundles_max`` of 0 does without).

    The memory's key is what stands behind the leaf, octet for octet, with use and edition. One
    verifier belongs to one thread or event loop.
    """

    def __init__(
        self,
        anchors: AnchorSet,
        *,
        issuers_max: int = ISSUERS_MAX,
        bundles_max: int = BUNDLES_MAX,
    ) -> None:
        self._anchors = anchors
        self._issuers: OrderedDict[_Key, _Issuer] = OrderedDict()
        self._issuers_max = issuers_max
        self._bundles: OrderedDict[Clue, _Known] = OrderedDict()
        self._bundles_max = bundles_max
        self.hits = 0
        self.misses = 0

    @property
    def anchors(self) -> AnchorSet:
        return self._anchors

    def __len__(self) -> int:
        """How many issuers are remembered."""
        return len(self._issuers)

    def replace_anchors(self, anchors: AnchorSet) -> None:
        """Trust these from now on; other anchors than before forget every issuer."""
        if anchors.generation != self._anchors.generation:
            for key in list(self._issuers):
                self._drop(key)
        self._anchors = anchors

    def forget(self, fingerprint: bytes) -> None:
        """Forget every issuer above which the CA with this SHA-256 fingerprint stands, or is it."""
        for key in [
            key
            for key, issuer in self._issuers.items()
            if any(ca.fingerprint == fingerprint for ca in issuer.authorities)
        ]:
            self._drop(key)

    def _drop(self, key: _Key) -> None:
        """Forget an issuer, and with it every bundle that was learnt of it."""
        issuer = self._issuers.pop(key, None)
        if issuer is not None:
            issuer.remembered = False

    def verify(
        self,
        presented: Sequence[Certificate],
        *,
        use: Use,
        now: datetime,
        edition: Edition | None = None,
    ) -> ChainVerdict:
        """Judge a chain that was read already; as verification.verify()."""
        if not presented:
            return verification.verify((), use=use, anchors=self._anchors, now=now)
        leaf = presented[0]
        tail = b"".join([certificate.der for certificate in presented[1:]])
        key = (tail, use, edition or edition_of(leaf))
        verdict = self._known(key, leaf, now)
        return verdict or self._anew(key, presented, now)

    def verify_pem(
        self,
        text: str | bytes,
        *,
        use: Use,
        now: datetime,
        edition: Edition | None = None,
        characters_max: int = CHAIN_CHARACTERS_MAX,
    ) -> ChainVerdict:
        """Judge a PEM chain, leaf first.

        Raises MalformedPem, MalformedCertificate or TooLarge for text that is no chain; the size
        is checked before anything is decoded.
        """
        octets = pem.octets(text, characters_max=characters_max)
        found = clue(octets, use, edition)
        known = self._bundles.get(found)
        if known is not None:
            verdict = self._framed(known, octets, now)
            if verdict is not None:
                return verdict
        data, stop = pem.first(octets)
        leaf = parse(data)
        key = (octets[stop:], use, edition or edition_of(leaf))
        verdict = self._known(key, leaf, now)
        if verdict is None:
            others = [parse(each) for each in pem.following(octets, stop)]
            return self._anew(key, (leaf, *others), now)
        self._learn(found, octets, key, verdict)
        return verdict

    def _framed(self, known: _Known, octets: bytes, now: datetime) -> ChainVerdict | None:
        """The verdict where the text fits the bundle and its leaf is valid; None otherwise.

        Use and edition are those asked for when the bundle was learnt, and a key of the same kind
        is of the same edition, so the issuer is the one that would be found.
        """
        issuer = known.issuer
        if not issuer.remembered or not issuer.not_before <= now < issuer.dies:
            return None
        leaf = known.bundle.read(octets)
        if (
            leaf is None
            # the last second's fractions are part of it (checks.validity): read in full then
            or not leaf.not_before <= now <= leaf.not_after
            or not keys.plausible(leaf.key_kind, leaf.subject_public_key)
            or not known.verifies(leaf.signature, leaf.tbs)
        ):
            return None
        self.hits += 1
        # a dataclass's __init__ with keywords takes as long as reading the key's point does
        verdict = ChainVerdict.__new__(ChainVerdict)
        verdict.path = (leaf, *issuer.authorities)
        verdict.anchor = issuer.anchor
        verdict.findings = known.findings
        return verdict

    def _learn(self, found: Clue, octets: bytes, key: _Key, verdict: ChainVerdict) -> None:
        """Keep a bundle whose issuer was known and that was found valid; the oldest goes for it."""
        learnt = bundle(octets, key[0], verdict.path[0]) if self._bundles_max else None
        if learnt is None:
            return
        issuer = self._issuers[key]
        verifies = keys.verifier(issuer.authorities[0].public_key())
        self._bundles[found] = _Known(learnt, issuer, verifies, verdict.findings)
        if len(self._bundles) > self._bundles_max:
            self._bundles.popitem(last=False)

    def _known(self, key: _Key, leaf: Certificate, now: datetime) -> ChainVerdict | None:
        """The verdict where the issuer is remembered and the leaf is valid; None otherwise."""
        issuer = self._issuers.get(key)
        if issuer is None or not issuer.not_before <= now < issuer.dies:
            return None
        nearest = issuer.authorities[0]
        if not names.same(leaf.issuer, nearest.subject) or not issued(leaf, nearest):
            return None
        _, use, edition = key
        findings = leaf_findings(
            leaf, nearest, use=use, edition=edition, anchor=issuer.anchor, now=now
        )
        if errors(findings):
            return None
        self.hits += 1
        return ChainVerdict(
            path=(leaf, *issuer.authorities),
            anchor=issuer.anchor,
            findings=issuer.findings + findings,
        )

    def _anew(self, key: _Key, presented: Sequence[Certificate], now: datetime) -> ChainVerdict:
        self.misses += 1
        _, use, edition = key
        verdict = verification.verify(
            presented, use=use, anchors=self._anchors, now=now, edition=edition
        )
        if verdict.valid and verdict.anchor is not None:
            authorities = verdict.path[1:]
            # RFC 5280 4.1.2.5: the last second is part of the validity
            dies = min(ca.not_after for ca in authorities) + _SECOND
            self._drop(key)
            self._issuers[key] = _Issuer(
                authorities=authorities,
                anchor=verdict.anchor,
                findings=tuple(f for f in verdict.findings if f.where != "leaf"),
                not_before=max(ca.not_before for ca in authorities),
                dies=dies,
            )
            if len(self._issuers) > self._issuers_max:
                self._drop(next(iter(self._issuers)))
        return verdict
