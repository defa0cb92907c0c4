"""The charger's OCSP response for stapling: fetched from its operator, kept, renewed in time."""

from datetime import datetime

from certs.certificate import Certificate
from certs.revocation.hash_data import HashAlgorithm
from certs.revocation.ocsp import OcspPolicy, judge_response
from certs.revocation.ocsp_request import question_for
from certs.revocation.status import Good, Revoked
from ev_emulator.errors import Unavailable
from ev_emulator.ports import Backend

RETRY_SECONDS = 30.0
_POLICY = OcspPolicy()
_HASHES = (HashAlgorithm.SHA256, HashAlgorithm.SHA1)


class StapleCache:
    """One certificate's OCSP response; mutable, renewed by refresh().

    ``current`` is never older than its nextUpdate: a stale staple is worse than none.
    """

    def __init__(self, certificate: Certificate, issuer: Certificate, backend: Backend) -> None:
        self._certificate = certificate
        self._issuer = issuer
        self._backend = backend
        self._response = b""
        self._until: datetime | None = None

    def current(self, now: datetime) -> bytes:
        """The response of the moment; no octets where there is none."""
        return self._response if self._until is not None and now <= self._until else b""

    async def refresh(self, now: datetime) -> float:
        """Fetch a response; the seconds after which to do it again (half of what is left).

        What cannot be read as a response about this certificate is not kept; that the certificate
        is revoked is no reason to hide it.
        """
        try:
            response = await self._backend.certificate_status(self._certificate, self._issuer)
        except Unavailable:
            return RETRY_SECONDS
        for algorithm in _HASHES:
            question = question_for(self._certificate, self._issuer, hash_algorithm=algorithm)
            status = judge_response(
                response, question=question, issuer=self._issuer, now=now, policy=_POLICY
            )
            if isinstance(status, Good | Revoked):
                until = status.proof.next_update
                self._response, self._until = response, until
                return max(RETRY_SECONDS, (until - now).total_seconds() / 2)
        return RETRY_SECONDS
