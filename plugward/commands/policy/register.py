"""``plugward policy register``."""

from typing import Annotated

import typer

from certs.edition import Edition
from certs.profiles.rules import Role
from plugward import inputs, options, terminal
from plugward.commands.policy.names import show
from plugward.desk import open_desk
from plugward.exit_codes import ExitCode


def run(
    common_names: Annotated[list[str], typer.Argument(metavar="NAME...", help="common names")],
    *,
    role: Annotated[Role, typer.Option(help="what the certificates will be for")],
    edition: Annotated[Edition, typer.Option(help="of ISO 15118")] = Edition.ISO_2,
    standing: Annotated[
        bool, typer.Option("--standing", help="permit any number of certificates, not just one")
    ] = False,
    expires: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="until when; else without end")
    ] = None,
    directory: options.Home = None,
    url: options.Url = None,
    api_key_file: options.ApiKeyFile = None,
    passphrase_file: options.PassphraseFile = None,
    as_json: options.Json = False,
) -> int:
    """Register common names before their certificates are asked for, all or none."""
    moment = None if expires is None else inputs.moment(expires).isoformat()
    names = [
        {
            "role": role.value,
            "edition": edition.value,
            "common_name": name,
            "standing": standing,
            "expires_at": moment,
        }
        for name in common_names
    ]
    with open_desk(
        directory=directory, url=url, api_key_file=api_key_file, passphrase_file=passphrase_file
    ) as desk:
        told = desk.ask("POST", "/v1/registered-names", {"names": names})
    if as_json:
        terminal.data_json(told["names"])
    else:
        show(told["names"])
    return ExitCode.YES
