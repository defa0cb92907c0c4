"""Revocation statuses as facts for programs and lines for people."""

from typing import assert_never

from certs.revocation.status import Good, Proof, RevocationStatus, Revoked, Unknown
from plugward.exit_codes import ExitCode
from plugward.reading import instant


def facts(status: RevocationStatus) -> dict[str, object]:
    """A status for programs."""
    match status:
        case Good(proof=proof):
            return {"status": "good", **_proof(proof)}
        case Revoked(revoked_at=moment, reason=reason, proof=proof):
            said: dict[str, object] = {"revokedAt": instant(moment), "reason": reason.word}
            return {"status": "revoked", **said, **_proof(proof)}
        case Unknown(code=code, detail=detail):
            return {"status": "unknown", "code": code, "detail": detail}
        case _:
            assert_never(status)


def lines(status: RevocationStatus) -> list[tuple[str, str]]:
    """The same for people."""
    return [(_WORDS.get(name, name), str(value)) for name, value in facts(status).items() if value]


def exit_code(status: RevocationStatus) -> ExitCode:
    """0 for good alone."""
    return ExitCode.YES if isinstance(status, Good) else ExitCode.NO


_WORDS = {
    "revokedAt": "revoked at",
    "thisUpdate": "this update",
    "nextUpdate": "next update",
    "producedAt": "produced at",
    "crlNumber": "CRL number",
    "signerFingerprint": "signed by",
}


def _proof(proof: Proof) -> dict[str, object]:
    return {
        "thisUpdate": instant(proof.this_update),
        "nextUpdate": instant(proof.next_update),
        "producedAt": None if proof.produced_at is None else instant(proof.produced_at),
        "crlNumber": proof.number,
        "signerFingerprint": proof.signer_fingerprint.hex(),
    }
