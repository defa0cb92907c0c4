"""``plugward caller add``."""

from pathlib import Path
from typing import Annotated

import typer

from pki.callers import identity_of
from pki.house import assemble
from plugward import clock, home, inputs, options, terminal
from plugward.configuration import Places, pki_settings
from plugward.exit_codes import ExitCode


def run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="whose key it is, for people")],
    *,
    scope: Annotated[
        list[str], typer.Option(metavar="SCOPE", help="as approve or issue:contract; repeatable")
    ],
    tenant: Annotated[str, typer.Option(help="whom the caller belongs to")] = home.TENANT,
    expires: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="until when; else without end")
    ] = None,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="a new file for it, mode 0600, not stdout")
    ] = None,
    directory: options.Home = None,
    passphrase_file: options.PassphraseFile = None,
) -> int:
    """Make an API key of the PKI, for whoever holds the home directory.

    It is shown this once and kept as a digest. Its public part names the caller in the audit.
    """
    places = Places(home=home.directory(directory))
    house = assemble(pki_settings(places, passphrase_file), clock=clock.now_exactly)
    try:
        made = house.authority.new_api_key(
            tenant=tenant,
            name=name,
            scopes=scope,
            expires_at=None if expires is None else inputs.moment(expires),
        )
    finally:
        house.close()
    if out is None:
        terminal.data(made)
    else:
        home.write_secret(Path(out), f"{made}\n")
    terminal.say(f"caller {identity_of(made)}: {name}")
    return ExitCode.YES
