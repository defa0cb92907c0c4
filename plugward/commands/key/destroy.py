"""``plugward key destroy``."""

from typing import Annotated

import typer

from plugward import options, terminal
from plugward.custodian import ACTOR, custody, demand_consent
from plugward.exit_codes import ExitCode


def run(
    which: Annotated[str, typer.Argument(metavar="KEYID", help="40 hexadecimal digits")],
    *,
    reason: options.Reason,
    force: Annotated[
        bool, typer.Option("--force", help="although an authority or an OCSP signer needs it")
    ] = False,
    yes: options.Yes = False,
    directory: options.Home = None,
    pki_settings: options.PkiSettings = None,
    passphrase_file: options.PassphraseFile = None,
    as_json: options.Json = False,
) -> int:
    """End a private key for good, told on the audit before and after.

    Exit status 1 where something unexpired needs the key and --force is not given. Copies in
    backups are not reached.
    """
    key_id = which.lower()
    demand_consent(f"key {key_id} will be destroyed", yes=yes)
    with custody(directory, pki_settings, passphrase_file) as custodian:
        custodian.destroy(key_id, by=ACTOR, reason=reason, force=force)
    if as_json:
        terminal.data_json({"keyId": key_id, "destroyed": True})
    else:
        terminal.pairs([("destroyed", key_id)])
    return ExitCode.YES
