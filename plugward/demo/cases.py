"""The demo's cases: what is presented, and the only right answer to it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from authz.judgement import ACCEPTED
from certs.hierarchy import Identity
from certs.revocation.hash_data import HashAlgorithm, of_chain, to_ocpp


@dataclass(frozen=True, slots=True, kw_only=True)
class Actors:
    """Who appears: contracts of the world, and others that look like one."""

    driver: Identity
    expired: Identity
    revoked: Identity
    suspended: Identity
    stranger: Identity  # of another world's mobility operator
    charger: Identity  # the charge point operator's own leaf


Body = dict[str, object]


def _token(emaid: str) -> Body:
    return {"idToken": {"idToken": emaid, "type": "eMAID"}}


def by_chain(identity: Identity, *, emaid: str | None = None) -> Body:
    """An AuthorizeRequest with a certificate chain; the eMAID is the leaf's unless given."""
    return {
        **_token(emaid or identity.certificate.common_name or ""),
        "certificate": identity.pem,
    }


def by_hashes(identity: Identity) -> Body:
    """An AuthorizeRequest as stations send it when they have OCSP data: hashes, no chain."""
    path = (*identity.chain, identity.root)
    entries = [to_ocpp(entry) for entry in of_chain(path, HashAlgorithm.SHA256)]
    return {
        **_token(identity.certificate.common_name or ""),
        "iso15118CertificateHashData": entries,
    }


class Answer(NamedTuple):
    """OCPP's certificateStatus and idTokenInfo.status, and the finding that decided."""

    certificate_status: str
    id_token_status: str
    reason: str

    @property
    def granted(self) -> bool:
        """Whether the vehicle may charge."""
        return self.reason == ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question with the answer it must get (OCPP 2.0.1, C07)."""

    name: str
    body: Callable[[Actors], Body] = field(repr=False)
    answer: Answer


CASES = (
    Case(
        name="a valid contract",
        body=lambda actors: by_chain(actors.driver),
        answer=Answer("Accepted", "Accepted", ACCEPTED),
    ),
    Case(
        name="the same, by hashes alone",
        body=lambda actors: by_hashes(actors.driver),
        answer=Answer("Accepted", "Accepted", ACCEPTED),
    ),
    Case(
        name="an expired contract certificate",
        body=lambda actors: by_chain(actors.expired),
        answer=Answer("CertificateExpired", "Expired", "chain.expired"),
    ),
    Case(
        name="revoked a moment ago",
        body=lambda actors: by_chain(actors.revoked),
        answer=Answer("CertificateRevoked", "Invalid", "revocation.revoked"),
    ),
    Case(
        name="a suspended contract",
        body=lambda actors: by_chain(actors.suspended),
        answer=Answer("ContractCancelled", "Blocked", "contract.suspended"),
    ),
    Case(
        name="under a root nobody trusts",
        body=lambda actors: by_chain(actors.stranger),
        answer=Answer("CertChainError", "Invalid", "chain.anchor_unknown"),
    ),
    Case(
        name="with another contract's eMAID",
        body=lambda actors: by_chain(actors.driver, emaid=actors.suspended.certificate.common_name),
        answer=Answer("CertChainError", "Invalid", "identity.emaid_mismatch"),
    ),
    Case(
        name="a charger's certificate as contract",
        body=lambda actors: by_chain(actors.charger, emaid=actors.driver.certificate.common_name),
        answer=Answer("CertChainError", "Invalid", "chain.role_confused"),
    ),
)
