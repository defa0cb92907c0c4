"""A certificate authority over HTTP: Plugward's own ``POST /v1/certificates``."""

import msgspec

from authz.adapters.outbound import Ask, Declined, Outbound
from authz.errors import Unavailable
from authz.remote_service import RemoteService
from authz.signing_request import Wish
from certs.errors import Refused

PATH = "/v1/certificates"
ANSWER_OCTETS_MAX = 65_536
DEADLINE_SECONDS = 30.0  # nobody waits: the station was answered
CREATED = 201


class _Issued(msgspec.Struct):
    chain: str


_DECODER = msgspec.json.Decoder(_Issued)
_ENCODER = msgspec.json.Encoder()


class HttpCertificateAuthority:
    """authz.ports.CertificateAuthority over HTTP."""

    def __init__(self, outbound: Outbound, service: RemoteService) -> None:
        self._outbound = outbound
        self._service = service

    async def sign(self, wish: Wish) -> str:
        kind = wish.kind
        ask = Ask(
            target=self._service.at(PATH),
            rule=self._service.rule,
            accept="application/json",
            bytes_max=ANSWER_OCTETS_MAX,
            body=_ENCODER.encode(
                {"role": kind.role.value, "edition": kind.edition.value, "csr": wish.csr}
            ),
            content_type="application/json",
            authorization=self._service.authorization,
            status=CREATED,
        )
        try:
            octets = await self._outbound.fetch(ask, deadline_seconds=DEADLINE_SECONDS)
            return _DECODER.decode(octets).chain
        except Declined as declined:
            raise Refused("certificate.refused", declined.detail) from declined
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as bad:
            raise Unavailable("certificate_authority", "an answer that is none") from bad
