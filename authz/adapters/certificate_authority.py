"""Certificate authorities over HTTP: Plugward's own ``POST /v1/certificates``."""

from collections.abc import Mapping

import msgspec

from authz.adapters.outbound import Ask, Declined, Outbound
from authz.errors import Unavailable
from authz.remote_service import RemoteService
from authz.signing_request import Wish, read_csr
from certs.errors import Refused
from certs.profiles.rules import Role

PATH = "/v1/certificates"
ANSWER_OCTETS_MAX = 65_536
DEADLINE_SECONDS = 30.0  # nobody waits: the station was answered
CREATED = 201


class _Issued(msgspec.Struct):
    chain: str


_DECODER = msgspec.json.Decoder(_Issued)
_ENCODER = msgspec.json.Encoder()


class HttpCertificateAuthority:
    """authz.ports.CertificateAuthority over HTTP, at the service that is there for the role."""

    def __init__(self, outbound: Outbound, services: Mapping[Role, RemoteService]) -> None:
        self._outbound = outbound
        self._services = services

    async def sign(self, wish: Wish) -> str:
        role, edition = wish.kind.role, read_csr(wish.csr, wish.kind).edition
        service = self._services.get(role)
        if service is None:  # it was configured when the request was taken
            raise Unavailable("certificate_authority", "none is configured")
        ask = Ask(
            target=service.at(PATH),
            rule=service.rule,
            accept="application/json",
            bytes_max=ANSWER_OCTETS_MAX,
            body=_ENCODER.encode({"role": role.value, "edition": edition.value, "csr": wish.csr}),
            content_type="application/json",
            authorization=service.authorization,
            status=CREATED,
        )
        try:
            octets = await self._outbound.fetch(ask, deadline_seconds=DEADLINE_SECONDS)
            return _DECODER.decode(octets).chain
        except Declined as declined:
            raise Refused("certificate.refused", declined.detail) from declined
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as bad:
            raise Unavailable("certificate_authority", "an answer that is none") from bad
