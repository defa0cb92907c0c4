"""``plugward contract suspend``."""

from typing import Annotated

import typer

from authz.contract import ContractState
from plugward import options
from plugward.commands.contract import asking
from plugward.exit_codes import ExitCode


def run(
    emaid: asking.Emaid,
    *,
    url: asking.Url,
    lift: Annotated[bool, typer.Option("--lift", help="let it charge again")] = False,
    api_key_file: options.ApiKeyFile = None,
    as_json: options.Json = False,
) -> int:
    """Refuse a contract from the next question on, until it is lifted."""
    state = ContractState.ACTIVE if lift else ContractState.SUSPENDED
    told = asking.service(url, api_key_file).ask(
        "PATCH", asking.path_of(emaid), {"state": state.value}
    )
    asking.show(told, as_json=as_json)
    return ExitCode.YES
