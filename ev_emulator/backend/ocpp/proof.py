"""What a station sends to prove a contract: hash data, the chain, or nothing (C07.FR.01-06)."""

from dataclasses import dataclass
from itertools import pairwise

from certs import pem
from certs.certificate import Certificate
from certs.findings.catalogue import found
from certs.findings.finding import Finding
from certs.revocation.hash_data import ENTRIES_MAX, OCPP_2_0_1, HashAlgorithm, of, to_ocpp
from ev_emulator.backend.ocpp.variables import Variables
from ev_emulator.ports import ContractQuestion

CHAIN_CHARACTERS_MAX = 5_500  # AuthorizeRequest.certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashes:
    """iso15118CertificateHashData."""

    entries: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """certificate: PEM, leaf first, up to and without the root."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """The station may not ask, and refuses for this reason."""

    finding: Finding


Proof = Hashes | Chain | Nothing


def proof(question: ContractQuestion, variables: Variables) -> Proof:
    """Hash data where the station has the root and the leaf names a responder (C07.FR.01, FR.02);
    else the chain, where CentralContractValidationAllowed (FR.06).
    """
    if question.path:
        entries = _entries(question.path)
        if entries and question.path[0].ocsp_urls:
            return Hashes(entries=entries)
        reason = found("revocation.source_missing", where="leaf", detail="no responder is named")
    else:
        reason = found("chain.anchor_unknown")
    if not variables.central_contract_validation_allowed:
        return Nothing(finding=reason)
    text = pem.encode(question.chain)
    if len(text) > CHAIN_CHARACTERS_MAX:
        return Nothing(
            finding=found("chain.certificate_too_large", detail=f"{len(text)} characters")
        )
    return Chain(text=text)


def _entries(path: tuple[Certificate, ...]) -> tuple[dict[str, str], ...]:
    """Hash data of every certificate that names a responder OCPP has room for; root excluded."""
    entries = [to_ocpp(of(each, issuer, HashAlgorithm.SHA256)) for each, issuer in pairwise(path)]
    kept = [
        entry
        for entry in entries
        if 0 < len(entry["responderURL"]) <= OCPP_2_0_1.url_characters_max
    ]
    return tuple(kept[:ENTRIES_MAX])
