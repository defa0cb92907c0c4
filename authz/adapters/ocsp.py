"""Asking an OCSP responder about one certificate."""

from datetime import datetime

from authz.adapters.guarded import Fetches
from authz.adapters.outbound import Ask
from authz.errors import Unavailable
from authz.outbound_rule import OutboundRule, Target
from certs.certificate import Certificate
from certs.revocation.hash_data import HashAlgorithm
from certs.revocation.ocsp import OcspPolicy, judge_response
from certs.revocation.ocsp_request import encode_request, question_for
from certs.revocation.status import RevocationStatus, Unknown

POLICY = OcspPolicy()


class OcspClient:
    """OCSP over HTTP POST (RFC 6960 A.1), judged before it is believed."""

    def __init__(self, outbound: Fetches, *, hash_algorithm: HashAlgorithm) -> None:
        self._outbound = outbound
        self._hash_algorithm = hash_algorithm

    async def status(
        self,
        certificate: Certificate,
        issuer: Certificate,
        *,
        responder: tuple[Target, OutboundRule],
        now: datetime,
        deadline_seconds: float,
    ) -> RevocationStatus:
        """What the responder establishes; Unknown where it is silent or not believed."""
        question = question_for(certificate, issuer, hash_algorithm=self._hash_algorithm)
        ask = Ask(
            target=responder[0],
            rule=responder[1],
            body=encode_request(question),
            content_type="application/ocsp-request",
            accept="application/ocsp-response",
            bytes_max=POLICY.response_bytes_max,
        )
        try:
            response = await self._outbound.fetch(ask, deadline_seconds=deadline_seconds)
        except Unavailable as silent:
            return Unknown("revocation.source_unreachable", silent.detail)
        return judge_response(response, question=question, issuer=issuer, now=now, policy=POLICY)
