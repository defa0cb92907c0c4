"""``plugward policy set``."""

import json
from typing import Annotated

import typer

from plugward import home, inputs, options, terminal
from plugward.commands.policy.show import Tenant, show
from plugward.desk import open_desk
from plugward.errors import Complaint
from plugward.exit_codes import ExitCode


def run(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="the grants as JSON; - reads standard input")
    ],
    *,
    after: Annotated[
        int, typer.Option(min=0, help="the version that this one follows; 0 for the first")
    ],
    tenant: Tenant = home.TENANT,
    directory: options.Home = None,
    url: options.Url = None,
    api_key_file: options.ApiKeyFile = None,
    passphrase_file: options.PassphraseFile = None,
    as_json: options.Json = False,
) -> int:
    """Set what a tenant may have. Whatever no grant covers is refused from then on.

    FILE holds the list of grants, or what `plugward policy show --json` printed. Earlier versions
    stay; the operation is in the audit.
    """
    grants = _grants(inputs.read(file), file)
    with open_desk(
        directory=directory, url=url, api_key_file=api_key_file, passphrase_file=passphrase_file
    ) as desk:
        told = desk.ask("PUT", f"/v1/policies/{tenant}", {"after": after, "grants": grants})
    if as_json:
        terminal.data_json(told)
    else:
        show(told)
    return ExitCode.YES


def _grants(octets: bytes, name: str) -> object:
    try:
        told = json.loads(octets)
    except ValueError as bad:
        raise Complaint(f"{name}: not JSON", exit_code=ExitCode.MALFORMED) from bad
    if isinstance(told, dict):
        told = told.get("current", told)
        told = told.get("grants") if isinstance(told, dict) else None
    if not isinstance(told, list):
        raise Complaint(f"{name}: no list of grants", hint="plugward policy show --json")
    return told
