"""``plugward approval list``."""

from typing import Annotated

import typer

from plugward import options, terminal
from plugward.approvals import show
from plugward.desk import open_desk
from plugward.exit_codes import ExitCode


def run(
    number: Annotated[
        str | None, typer.Argument(metavar="NUMBER", help="one request; else the newest")
    ] = None,
    *,
    directory: options.Home = None,
    url: options.Url = None,
    api_key_file: options.ApiKeyFile = None,
    passphrase_file: options.PassphraseFile = None,
    as_json: options.Json = False,
) -> int:
    """List the requests for authorities and their ends, the newest first."""
    with open_desk(
        directory=directory, url=url, api_key_file=api_key_file, passphrase_file=passphrase_file
    ) as desk:
        if number is not None:
            told = [desk.ask("GET", f"/v1/approvals/{number}")]
        else:
            found = desk.ask("GET", "/v1/approvals")["approvals"]
            told = found if isinstance(found, list) else []
    if as_json:
        terminal.data_json(told)
    else:
        show(told)
    return ExitCode.YES
