"""Which authorities are ours, found by key id, by role, or by the hashes an OCSP client sends."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from certs.certificate import Certificate
from certs.edition import Edition
from certs.profiles.rules import Role
from pki.authority.entries import Issuer, Responder

CERT_ID_HASHES = ("sha1", "sha256", "sha384", "sha512")
_HASHES_MAX = 4_096  # four an authority


@dataclass(frozen=True, slots=True)
class Directory:
    """A snapshot of our authorities and their OCSP responders."""

    by_key_id: dict[str, Issuer]
    _by_hashes: dict[tuple[str, bytes, bytes], Issuer]
    _responders: dict[str, tuple[Responder, ...]]
    # Worked out when first asked for: every certificate asks for the same.
    _chains: dict[Certificate, tuple[Certificate, ...]] = field(default_factory=dict)
    _candidates: dict[tuple[frozenset[Role], Edition, str], tuple[Issuer, ...]] = field(
        default_factory=dict
    )

    @classmethod
    def of(cls, issuers: Iterable[Issuer], responders: Iterable[Responder]) -> "Directory":
        by_key_id = {issuer.key_id: issuer for issuer in issuers}
        by_hashes = {
            (name, *issuer_hashes(issuer.certificate, name)): issuer
            for issuer in by_key_id.values()
            for name in CERT_ID_HASHES
        }
        grouped: dict[str, tuple[Responder, ...]] = {}
        for responder in sorted(responders, key=_ending, reverse=True):
            grouped[responder.issuer] = (*grouped.get(responder.issuer, ()), responder)
        return cls(by_key_id, by_hashes, grouped)

    def by_hashes(self, algorithm: str, *, name: bytes, key: bytes) -> Issuer | None:
        """The authority with these hashes of its name and key; None where it is not ours."""
        return self._by_hashes.get((algorithm, name, key))

    def parent(self, certificate: Certificate) -> Issuer | None:
        """The authority of ours that issued a certificate; None where none did."""
        for issuer in self.by_key_id.values():
            if issuer_is(issuer.certificate, of=certificate):
                return issuer
        return None

    def name_of(self, certificate: Certificate) -> tuple[str, int] | None:
        """A certificate's (issuer, serial) in the register; None where its issuer is not ours."""
        parent = self.parent(certificate)
        return None if parent is None else (parent.key_id, certificate.serial)

    def line_of(self, issuer: Issuer) -> tuple[Certificate, ...]:
        """The authority's certificate and those of ours above it, the root the last."""
        line: list[Certificate] = []
        at: Issuer | None = issuer
        while at is not None and at.certificate not in line:
            line.append(at.certificate)
            at = self.parent(at.certificate)
        return tuple(line)

    def chain_of(self, issuer: Issuer) -> tuple[Certificate, ...]:
        """The authority's certificate and those of ours above it, roots excluded."""
        kept = self._chains.get(issuer.certificate)
        if kept is None:
            kept = tuple(each for each in self.line_of(issuer) if not each.self_issued)
            self._chains[issuer.certificate] = kept
        return kept

    def issuing(
        self, roles: Iterable[Role], *, edition: Edition, tenant: str, now: datetime
    ) -> Issuer | None:
        """The tenant's active authority of one of these roles; the longest-lived of several."""
        for issuer in self._active(frozenset(roles), edition, tenant):
            certificate = issuer.certificate
            if certificate.not_before <= now <= certificate.not_after:
                return issuer
        return None

    def _active(self, roles: frozenset[Role], edition: Edition, tenant: str) -> tuple[Issuer, ...]:
        """A tenant's active authorities of these roles, the longest-lived first."""
        kept = self._candidates.get((roles, edition, tenant))
        if kept is None:
            fit = [
                issuer
                for issuer in self.by_key_id.values()
                if issuer.role in roles
                and issuer.edition is edition
                and issuer.tenant == tenant
                and issuer.active
            ]
            kept = tuple(sorted(fit, key=_living, reverse=True))
            self._candidates[roles, edition, tenant] = kept
        return kept

    def responder(self, issuer: str, *, now: datetime) -> Responder | None:
        """The OCSP signer of an authority that is valid now; the longest-lived of several."""
        for responder in self._responders.get(issuer, ()):
            certificate = responder.certificate
            if certificate.not_before <= now <= certificate.not_after:
                return responder
        return None

    @property
    def responder_key_ids(self) -> frozenset[str]:
        """The keys of all OCSP signers that stand."""
        return frozenset(each.key_id for found in self._responders.values() for each in found)

    @property
    def serials(self) -> frozenset[int]:
        """The serials of all our authorities and OCSP signers, whoever issued them."""
        issuers = {issuer.certificate.serial for issuer in self.by_key_id.values()}
        return frozenset(issuers).union(
            each.certificate.serial for found in self._responders.values() for each in found
        )

    def responders(self, issuer: str) -> tuple[Responder, ...]:
        """All OCSP signers of an authority, the longest-lived first."""
        return self._responders.get(issuer, ())


def _living(issuer: Issuer) -> datetime:
    return issuer.certificate.not_after


def _ending(responder: Responder) -> datetime:
    return responder.certificate.not_after


@lru_cache(maxsize=_HASHES_MAX)
def issuer_hashes(certificate: Certificate, algorithm: str) -> tuple[bytes, bytes]:
    """The hashes of an authority's name and of its key, by hashlib's name of the algorithm."""
    return (
        hashlib.new(algorithm, certificate.subject, usedforsecurity=False).digest(),
        hashlib.new(algorithm, certificate.subject_public_key, usedforsecurity=False).digest(),
    )


def issuer_is(authority: Certificate, *, of: Certificate) -> bool:
    """Whether an authority, by its name and key id, is the issuer of a certificate."""
    return authority.subject == of.issuer and authority.subject_key_id == of.authority_key_id
