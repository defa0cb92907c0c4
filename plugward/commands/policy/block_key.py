"""``plugward policy block-key``."""

from typing import Annotated

import typer

from plugward import options, terminal
from plugward.desk import open_desk
from plugward.exit_codes import ExitCode


def run(
    identifier: Annotated[
        str, typer.Argument(metavar="KEYID", help="SHA-1 of the public key, hexadecimal")
    ],
    *,
    why: Annotated[str, typer.Option(help="told to whoever asks for its certificate")],
    directory: options.Home = None,
    url: options.Url = None,
    api_key_file: options.ApiKeyFile = None,
    passphrase_file: options.PassphraseFile = None,
) -> int:
    """Never certify a key again, whoever asks. For good.

    Keys of certificates that are revoked as compromised are blocked without this.
    """
    with open_desk(
        directory=directory, url=url, api_key_file=api_key_file, passphrase_file=passphrase_file
    ) as desk:
        desk.ask("PUT", f"/v1/blocked-keys/{identifier.lower()}", {"why": why})
    terminal.say(f"blocked {identifier.lower()}")
    return ExitCode.YES
