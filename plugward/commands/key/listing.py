"""``plugward key list``."""

from certs.keys import kind_of
from pki.custody import Held
from plugward import options, terminal
from plugward.custodian import custody, facts
from plugward.exit_codes import ExitCode
from plugward.reading import instant


def _told(held: Held) -> dict[str, object]:
    until = None if held.until is None else instant(held.until)
    return {**facts(held.key), "neededFor": held.needed_for or None, "neededUntil": until}


def run(
    *,
    directory: options.Home = None,
    pki_settings: options.PkiSettings = None,
    passphrase_file: options.PassphraseFile = None,
    as_json: options.Json = False,
) -> int:
    """Show every private key of the store: its key id, kind, role, and what needs it.

    A key that nothing needs may be destroyed. No key is opened.
    """
    with custody(directory, pki_settings, passphrase_file) as custodian:
        every = custodian.listed()
    if as_json:
        terminal.data_json([_told(held) for held in every])
        return ExitCode.YES
    rows = [("KEY ID", "KIND", "ROLE", "UNTIL", "NEEDED FOR")]
    for held in every:
        until = "" if held.until is None else f"{held.until:%Y-%m-%d}"
        kind = kind_of(held.key.public_key).value
        rows.append((held.key.key_id, kind, held.key.role, until, held.needed_for or "nothing"))
    terminal.table(rows)
    return ExitCode.YES
