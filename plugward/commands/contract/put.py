"""``plugward contract put``."""

import json
from typing import Annotated, Any

import typer

from authz.contract import ContractState
from certs import pem
from plugward import inputs, options
from plugward.commands.contract import asking
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode


def run(
    emaid: asking.Emaid,
    *,
    url: asking.Url,
    body: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="the contract as PUT /v1/contracts takes it, JSON"),
    ] = None,
    state: Annotated[ContractState | None, typer.Option(help="its state; else Active")] = None,
    chain: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="its certificate, then the sub-CAs'; repeatable"),
    ] = None,
    group: Annotated[str | None, typer.Option(help="OCPP's groupIdToken")] = None,
    evse_id: Annotated[
        list[str] | None, typer.Option(help="an EVSE it is bound to; repeatable")
    ] = None,
    api_key_file: options.ApiKeyFile = None,
    as_json: options.Json = False,
) -> int:
    """Keep a contract; what is not given is unbounded or empty.

    The options win over what --body says.
    """
    wanted: dict[str, Any] = {} if body is None else _object(body)
    if state is not None:
        wanted["state"] = state.value
    if chain:
        certificates = inputs.chain(chain)
        rootless = tuple(one for one in certificates if not one.self_issued)
        wanted["certificateChain"] = pem.encode(rootless or certificates)
    if group is not None:
        wanted["groupId"] = group
    if evse_id:
        wanted["evseIds"] = evse_id
    told = asking.service(url, api_key_file).ask("PUT", asking.path_of(emaid), wanted)
    asking.show(told, as_json=as_json)
    return ExitCode.YES


def _object(name: str) -> dict[str, Any]:
    try:
        told = json.loads(inputs.read(name))
    except ValueError as bad:
        raise Complaint(f"{name} is not JSON", exit_code=ExitCode.MALFORMED) from bad
    if not isinstance(told, dict):
        raise Complaint(f"{name} is no JSON object", exit_code=ExitCode.MALFORMED)
    return told
