"""POST /v1/contracts: many contracts at once, one a line, all of them or none."""

from collections.abc import Iterator

import msgspec
from fastapi import FastAPI, Request, Response

from authz.api import bodies
from authz.api.answers import json_answer
from authz.api.callers import Doorkeeper
from authz.api.contracts import ContractBody, contract_of
from authz.callers import Scope
from authz.contract import Contract
from authz.errors import MalformedQuestion
from authz.registration import Registrar
from authz.strict_json import decode
from certs.edition import Edition
from certs.errors import Malformed, Refused, TooLarge
from certs.identifiers.emaid import EMAID

PATH = "/v1/contracts"
# No media type of lines of JSON is registered; what sends plain text means the same.
MEDIA_TYPES = ("application/x-ndjson", "text/plain")
LINES_MAX = 1_000
BODY_OCTETS_MAX = 8 * 1024 * 1024  # a thousand contracts, each with a chain of three


class ContractLine(ContractBody, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """One contract, as PUT /v1/contracts/{emaid} takes it, and its eMAID."""

    emaid: str


class Imported(msgspec.Struct, kw_only=True, rename="camel"):
    """How many contracts were kept, and how many of them are new."""

    kept: int
    created: int


def install(app: FastAPI, doorkeeper: Doorkeeper, registrar: Registrar) -> None:
    """Opens the door."""

    async def take(request: Request) -> Response:
        caller = await doorkeeper.admit(request.scope, Scope.MANAGE)
        body = await bodies.read(
            request.scope, request.receive, octets_max=BODY_OCTETS_MAX, media_types=MEDIA_TYPES
        )
        wanted = list(_contracts(body))
        created = await registrar.put_all(caller, wanted)
        return json_answer(Imported(kept=len(wanted), created=created))

    app.add_api_route(PATH, take, methods=["POST"], operation_id="importContracts")


def _contracts(body: bytes) -> Iterator[tuple[Contract, str | None]]:
    """The contract of each line and its chain; what is wrong is told with its line's number."""
    lines = body.removesuffix(b"\n").split(b"\n")
    if len(lines) > LINES_MAX:
        raise TooLarge(f"more than {LINES_MAX} lines")
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        try:
            told = decode(line, ContractLine)
            contract = contract_of(EMAID.parse(told.emaid, edition=Edition.ISO_20), told)
        except (Malformed, Refused) as bad:
            raise MalformedQuestion(f"line {number}: {bad.detail}") from bad
        before = seen.setdefault(contract.emaid.canonical, number)
        if before != number:
            raise MalformedQuestion(f"line {number}: the eMAID of line {before} again")
        yield contract, told.certificate_chain
