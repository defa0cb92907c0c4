"""A contract certificate pool by OPCP 1.0 (CCP): signed contract data for a vehicle's request."""

from typing import Annotated

import msgspec
from msgspec import Meta

from authz.adapters.outbound import Ask, Outbound
from authz.contract_request import ContractAnswer, ContractRequest
from authz.errors import Unavailable
from authz.remote_service import RemoteService

PATH = "/v1/ccp/signedContractData"
ANSWER_OCTETS_MAX = 262_144  # some ten contracts of 17,000 characters
ANSWERS_MAX = 16
DEADLINE_SECONDS = 3.5  # the whole way to the vehicle and back has less than four


class _MessageDef(msgspec.Struct, rename="camel"):
    certificate_installation_res: str
    emaid: str = ""


class _Content(msgspec.Struct, rename="camel"):
    message_def: _MessageDef


class _Response(msgspec.Struct, rename="camel"):
    emaid_content: Annotated[list[_Content], Meta(max_length=ANSWERS_MAX)]


class _Body(msgspec.Struct):
    response: _Response = msgspec.field(name="CCPResponse")


_DECODER = msgspec.json.Decoder(_Body)
_ENCODER = msgspec.json.Encoder()


class OpcpContractService:
    """authz.ports.ContractService over OPCP's ``POST /v1/ccp/signedContractData``."""

    def __init__(self, outbound: Outbound, service: RemoteService) -> None:
        self._outbound = outbound
        self._service = service

    async def provide(self, request: ContractRequest) -> tuple[ContractAnswer, ...]:
        body = {
            "certificateInstallationReq": request.exi,
            "xsdMsgDefNamespace": request.namespace,
        }
        ask = Ask(
            target=self._service.at(PATH),
            rule=self._service.rule,
            accept="application/json",
            bytes_max=ANSWER_OCTETS_MAX,
            body=_ENCODER.encode(body),
            content_type="application/json",
            authorization=self._service.authorization,
        )
        octets = await self._outbound.fetch(ask, deadline_seconds=DEADLINE_SECONDS)
        try:
            told = _DECODER.decode(octets)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as bad:
            raise Unavailable("contract_service", "an answer that is not OPCP's") from bad
        return tuple(
            ContractAnswer(
                exi=content.message_def.certificate_installation_res,
                emaid=content.message_def.emaid,
            )
            for content in told.response.emaid_content
        )
